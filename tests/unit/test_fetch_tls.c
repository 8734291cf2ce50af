/* Units of scanner/net/fetch.c: handshakes that fail, and weak or bad ones that are seen. */
#include "tests/unit/fetch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void speak_text(int fd, void *arg)
{
    assert_true(send(fd, arg, strlen(arg), MSG_NOSIGNAL) > 0);
    net_drain(fd);
}

/* A ServerHello that chooses SSL 3.0. */
static void speak_ssl3(int fd, void *arg)
{
    uint8_t hello[47] = {0x16, 3, 0, 0, 42, 2, 0, 0, 38, 3, 0};
    (void)arg;
    hello[45] = 0x2f; /* TLS_RSA_WITH_AES_128_CBC_SHA; session id length 0 at 43 */
    assert_true(send(fd, hello, sizeof hello, MSG_NOSIGNAL) > 0);
    net_drain(fd);
}

static void test_handshake_failures(void **state)
{
    struct net_world *w = *state;
    static char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n", ssh[] = "SSH-2.0-OpenSSH_9.2\r\n",
                html[] = "<html><body>hello</body></html>\n", yes[] = "reset";
    const struct {
        void (*speak)(int, void *);
        void *arg;
        uint32_t deadline_ms;
        enum tls_end end;
    } c[] = {
        {fetch_speak_silence, NULL, SHORT_MS, TLS_END_TIMEOUT},
        {fetch_speak_close, NULL, PATIENT_MS, TLS_END_CLOSED},
        {fetch_speak_close, yes, PATIENT_MS, TLS_END_CLOSED},
        {speak_text, http, PATIENT_MS, TLS_END_NOT_TLS},
        {speak_text, ssh, PATIENT_MS, TLS_END_NOT_TLS},
        {speak_text, html, PATIENT_MS, TLS_END_NOT_TLS},
        {speak_ssl3, NULL, PATIENT_MS, TLS_END_FAILED},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct fetch_facts f = fetch_with(w, c[i].speak, c[i].arg,
                                          &(struct fetch_request){.deadline_ms = c[i].deadline_ms});
        assert_int_equal(f.conn, CONN_OK);
        if (f.tls.end != c[i].end)
            fail_msg("%zu: %s %s", i, tls_end_name(f.tls.end), f.tls.error);
        assert_int_equal(f.http.end, HTTP_END_NONE);
        assert_int_equal(f.tls.version, c[i].speak == speak_ssl3 ? SSL3_VERSION : 0);
    }
}

static void test_alerts(void **state)
{
    struct net_world *w = *state;
    struct net_https s = fetch_answering(w, ANSWER);
    s.tls.refuse_sni = true;
    struct fetch_facts f = fetch_from(w, &s);
    assert_int_equal(f.tls.end, TLS_END_ALERT);
    assert_int_equal(f.tls.alert, SSL_AD_UNRECOGNIZED_NAME);
    assert_null(f.tls.cert_sha256);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        s = fetch_answering(w, ANSWER);
        s.tls.want_client_cert = true;
        s.tls.max_version = version;
        f = fetch_from(w, &s);
        assert_int_equal(f.tls.end, TLS_END_ALERT);
        assert_int_equal(f.tls.alert, version == TLS1_3_VERSION ? SSL_AD_CERTIFICATE_REQUIRED
                                                                : SSL_AD_HANDSHAKE_FAILURE);
    }
}

/* Everything weak is negotiated and seen. */
static void test_weak_tls(void **state)
{
    struct net_world *w = *state;
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION};
    for (size_t i = 0; i < 3; i++) {
        struct net_https s = fetch_answering(w, ANSWER);
        s.tls.max_version = versions[i];
        struct fetch_facts f = fetch_from(w, &s);
        assert_int_equal(f.tls.end, TLS_END_OK);
        assert_int_equal(f.tls.version, versions[i]);
        assert_int_equal(tls_facts_valid(&f.tls), versions[i] == TLS1_2_VERSION);
        assert_int_equal(f.http.status, 200);
    }
}

/* Groups that take seconds to compute with are not. */
static void test_huge_groups(void **state)
{
    struct net_world *w = *state;
    struct pki_cert leaf = pki_make(
        &(struct pki_spec){.san = "DNS:" NET_HOST, .issuer = &w->intermediate, .rsa_bits = 2048});
    for (int huge = 0; huge < 2; huge++) {
        struct net_https s = fetch_answering(w, ANSWER);
        s.tls.leaf = &leaf;
        s.tls.max_version = TLS1_2_VERSION;
        s.tls.ciphers = "DHE-RSA-AES128-GCM-SHA256";
        s.tls.dh_bits = huge == 1 ? TLS_DH_MAX_BITS + 256 : 2048;
        struct fetch_facts f = fetch_from(w, &s);
        assert_int_equal(f.tls.end, huge == 1 ? TLS_END_FAILED : TLS_END_OK);
        assert_int_equal(f.http.status, huge == 1 ? 0 : 200);
    }
    pki_free(&leaf);
}

/* The handshake goes on past a bad certificate, and one fetch leaves no trace in the next. */
static void test_bad_certificates(void **state)
{
    struct net_world *w = *state;
    struct fetch_config config = fetch_config_of(w);
    struct pki_spec spec = {.cn = "x", .san = "DNS:" NET_HOST, .issuer = &w->other_root};
    struct pki_cert untrusted = pki_make(&spec);
    spec.issuer = &w->intermediate;
    spec.from_s = -200;
    spec.until_s = -100;
    struct pki_cert expired = pki_make(&spec);
    const struct {
        const struct pki_cert *leaf;
        uint32_t errors;
    } c[] = {{&w->leaf, 0},
             {&untrusted, CERT_UNTRUSTED},
             {&w->leaf, 0},
             {&expired, CERT_EXPIRED},
             {&w->leaf, 0}};
    fetcher *f;
    assert_int_equal(fetcher_new(w->base, &config, &f), ST_OK);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct net_https https = fetch_answering(w, ANSWER);
        struct net_server s;
        struct fetched r = {.w = w};
        https.tls.leaf = c[i].leaf;
        net_server_start(&s, "127.0.0.1", net_https_speak, &https);
        struct fetch_request req = fetch_request_to(&s.at);
        assert_int_equal(fetch_start(f, &req, fetch_take, &r, NULL), ST_OK);
        while (!r.called)
            event_base_dispatch(w->base);
        net_server_stop(&s);
        assert_int_equal(r.facts.tls.cert_errors, c[i].errors);
        assert_int_equal(tls_facts_valid(&r.facts.tls), c[i].errors == 0);
        assert_int_equal(r.facts.http.end, HTTP_END_OK);
        assert_int_equal(r.chain->n, 2);
        cert_chain_unref(r.chain);
    }
    fetcher_free(f);
    pki_free(&untrusted);
    pki_free(&expired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_failures), cmocka_unit_test(test_alerts),
        cmocka_unit_test(test_weak_tls),           cmocka_unit_test(test_huge_groups),
        cmocka_unit_test(test_bad_certificates),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
