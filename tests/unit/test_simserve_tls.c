/* Units of the TLS of simnet's servers: certificates, faults, versions, AIA. */
#include "tests/unit/simserve_fixture.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

/* --- Certificates --- */

static void test_chains(void **state)
{
    static const struct {
        enum sim_issuer issuer;
        int32_t from_h, until_h;
        long verify;
    } cases[] = {
        {SIM_ISSUER_GOOD, -24, 24, X509_V_OK},
        {SIM_ISSUER_MISSING, -24, 24, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {SIM_ISSUER_MISSING_AIA, -24, 24, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {SIM_ISSUER_UNKNOWN_ROOT, -24, 24, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {SIM_ISSUER_SELF_SIGNED, -24, 24, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {SIM_ISSUER_GOOD, -48, -24, X509_V_ERR_CERT_HAS_EXPIRED},
        {SIM_ISSUER_GOOD, 24, 48, X509_V_ERR_CERT_NOT_YET_VALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_cert *cert = &locked(NULL)->tls.cert;
        cert->issuer = cases[i].issuer;
        cert->not_before_h = cases[i].from_h;
        cert->not_after_h = cases[i].until_h;
        unlock();
        long verify = verify_now(NULL);
        /* A leaf that stands alone is reported by either of two codes. */
        if (verify == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
            verify = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
        assert_int_equal(verify, cases[i].verify);
    }
}

static bool names(X509 *leaf, const char *name, unsigned flags)
{
    return X509_check_host(leaf, name, 0, flags, NULL) == 1;
}

static void test_names_and_strength(void **state)
{
    const unsigned strict = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    X509 *leaf;
    (void)state;
    assert_int_equal(verify_now(&leaf), X509_V_OK);
    assert_true(names(leaf, NAME, strict));
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), 256);
    X509_free(leaf);

    locked(NULL)->tls.cert.san_count = 0; /* CN alone */
    unlock();
    verify_now(&leaf);
    assert_false(names(leaf, NAME, strict));
    assert_true(names(leaf, NAME, 0));
    assert_int_equal(X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1), -1);
    X509_free(leaf);

    struct sim_cert *cert = &locked(NULL)->tls.cert;
    cert->cn[0] = '\0';
    cert->san_count = 2;
    snprintf(cert->san[0], SIM_NAME_MAX, "m*.example.com");
    snprintf(cert->san[1], SIM_NAME_MAX, "example.com");
    cert->key = SIM_KEY_RSA1024;
    cert->sha1_signature = true;
    unlock();
    assert_int_equal(verify_now(&leaf), X509_V_OK); /* the client's level is 0 */
    assert_true(names(leaf, NAME, strict));
    assert_false(names(leaf, NAME, strict | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS));
    assert_true(names(leaf, "example.com", strict));
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(leaf)), 1024);
    assert_int_equal(X509_get_signature_nid(leaf), NID_ecdsa_with_SHA1);
    assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(leaf)), 0);
    X509_free(leaf);
}

static void test_leaf_is_issued_once(void **state)
{
    struct sim_server *server;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 1};
    struct sim_server_stats stats;
    (void)state;
    assert_true(sim_https_server_start(&options, &server));
    assert_true(sim_server_listen(server, fix.next_addr, NAME));
    for (int i = 0; i < 3; i++) {
        struct client_tls tls;
        int fd = client_connect(fix.next_addr, sim_server_port(server));
        client_handshake(&tls, fix.ctx, fd, NAME, NULL);
        assert_non_null(tls.ssl);
        assert_true(client_write(fd, tls.ssl, "GET / HTTP/1.0\r\n\r\n"));
        text.len = 0; /* the answer comes after the counters were written */
        assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
        client_tls_free(&tls);
        close(fd);
    }
    sim_server_stats(server, &stats);
    assert_int_equal(stats.listeners, 1);
    assert_int_equal(stats.connections, 3);
    assert_int_equal(stats.certs, 1);
    assert_int_equal(stats.handshakes, 3);
    assert_int_equal(stats.requests, 3);
    sim_server_stop(server);
}

/* --- TLS faults --- */

static void fail_handshake(enum sim_tls_mode mode, struct client_tls *tls)
{
    set_tls_mode(mode);
    int fd = https_connect();
    client_handshake(tls, fix.ctx, fd, NAME, NULL);
    assert_null(tls->ssl);
    close(fd);
}

static void test_alerts(void **state)
{
    struct client_tls tls;
    (void)state;
    fail_handshake(SIM_TLS_ALERT_UNRECOGNIZED_NAME, &tls);
    assert_int_equal(tls.alert, SSL_AD_UNRECOGNIZED_NAME);
    fail_handshake(SIM_TLS_ALERT_INTERNAL_ERROR, &tls);
    assert_int_equal(tls.alert, SSL_AD_INTERNAL_ERROR);
    fail_handshake(SIM_TLS_ALERT_HANDSHAKE_FAILURE, &tls);
    assert_int_equal(tls.alert, SSL_AD_HANDSHAKE_FAILURE);
}

static void test_no_tls(void **state)
{
    struct client_tls tls;
    (void)state;
    fail_handshake(SIM_TLS_NOT_SPOKEN, &tls);
    assert_int_equal(tls.alert, -1);
    assert_int_equal(tls.ssl_error, SSL_ERROR_SSL);
    assert_int_equal(tls.reason, SSL_R_WRONG_VERSION_NUMBER);
    fail_handshake(SIM_TLS_CLOSE, &tls);
    assert_int_equal(tls.alert, -1);
    assert_int_equal(tls.reason, SSL_R_UNEXPECTED_EOF_WHILE_READING);
    errno = 0;
    fail_handshake(SIM_TLS_RESET, &tls);
    assert_int_equal(tls.ssl_error, SSL_ERROR_SYSCALL);
}

static void test_tls_silent(void **state)
{
    struct client_tls tls;
    (void)state;
    set_tls_mode(SIM_TLS_SILENT);
    int fd = https_connect();
    struct timeval soon = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_null(tls.ssl);
    assert_int_equal(tls.ssl_error, SSL_ERROR_WANT_READ); /* not a byte, and not closed */
    close(fd);
}

/* A ServerHello byte by byte: no client can tell it from one that will be whole soon. */
static void test_tls_drip(void **state)
{
    struct client_tls tls;
    (void)state;
    set_tls_mode(SIM_TLS_DRIP);
    int fd = https_connect();
    struct timeval soon = {.tv_usec = 100000}, later = {.tv_sec = CLIENT_WAIT_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    client_handshake(&tls, fix.ctx, fd, NAME, NULL); /* takes the first byte, and waits */
    assert_null(tls.ssl);
    assert_int_equal(tls.ssl_error, SSL_ERROR_WANT_READ);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &later, sizeof later);
    uint8_t next[16];
    assert_int_equal(recv(fd, next, sizeof next, 0), 1);
    assert_int_equal(next[0], 3); /* of the record's version 0x0303 */
    close(fd);
}

static void test_old_versions(void **state)
{
    static const struct {
        enum sim_tls_mode mode;
        int version;
    } cases[] = {{SIM_TLS_MAX_1_1, TLS1_1_VERSION}, {SIM_TLS_MAX_1_0, TLS1_VERSION}};
    struct client_tls tls;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        set_tls_mode(cases[i].mode);
        int fd = https_connect();
        client_handshake(&tls, fix.ctx, fd, NAME, NULL);
        assert_non_null(tls.ssl);
        assert_int_equal(SSL_version(tls.ssl), cases[i].version);
        client_tls_free(&tls);
        close(fd);
    }
    SSL_CTX_set_min_proto_version(fix.ctx, TLS1_2_VERSION);
    fail_handshake(SIM_TLS_MAX_1_1, &tls);
    SSL_CTX_set_min_proto_version(fix.ctx, TLS1_VERSION);
    assert_int_equal(tls.alert, SSL_AD_PROTOCOL_VERSION);
}

/* --- AIA --- */

static const char *body_of(const struct client_text *t)
{
    const char *end = strstr(t->p, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void test_aia(void **state)
{
    X509 *intermediate = NULL;
    (void)state;
    int fd = https_connect();
    assert_true(client_write(fd, NULL, "GET " SIM_AIA_PATH " HTTP/1.0\r\n\r\n"));
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    const unsigned char *der = (const unsigned char *)body_of(&text);
    long len = (long)(text.len - (size_t)((const char *)der - text.p));
    intermediate = d2i_X509(NULL, &der, len);
    assert_non_null(intermediate);
    assert_int_equal(X509_verify(intermediate, X509_get0_pubkey(ca_borrow_root(fix.ca))), 1);
    close(fd);

    locked(NULL)->tls.cert.issuer = SIM_ISSUER_MISSING_AIA;
    unlock();
    X509 *leaf;
    verify_now(&leaf);
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(leaf);
    assert_null(urls);
    assert_true(X509_get_ext_by_NID(leaf, NID_info_access, -1) >= 0);
    assert_int_equal(X509_verify(leaf, X509_get0_pubkey(intermediate)), 1);
    X509_free(leaf);
    X509_free(intermediate);

    fd = https_connect();
    assert_true(client_write(fd, NULL, "GET " PATH " HTTP/1.0\r\n\r\n"));
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_memory_equal(text.p, "HTTP/1.1 400 ", 13);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_chains, reset_world),
        cmocka_unit_test_setup(test_names_and_strength, reset_world),
        cmocka_unit_test_setup(test_leaf_is_issued_once, reset_world),
        cmocka_unit_test_setup(test_alerts, reset_world),
        cmocka_unit_test_setup(test_no_tls, reset_world),
        cmocka_unit_test_setup(test_tls_silent, reset_world),
        cmocka_unit_test_setup(test_tls_drip, reset_world),
        cmocka_unit_test_setup(test_old_versions, reset_world),
        cmocka_unit_test_setup(test_aia, reset_world),
    };
    return cmocka_run_group_tests_name("simserve_tls", tests, set_up, tear_down);
}
