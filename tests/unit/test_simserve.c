/*
 * Units of simnet's HTTPS and SMTP servers, over loopback.
 *
 * The servers ask the world how to behave. Here the world is a double: the functions of world.h are
 * defined below and hand out what the test has put in place. Each test takes an address of its own.
 */
#include "tests/simnet/ca.h"
#include "tests/unit/simserve_client.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "mta-sts.example.com"
#define PATH "/.well-known/mta-sts.txt"
#define REFUSED_NET 4
#define BLACKHOLE_NET 5
#define BODY "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n"

#define BODY_LEN (sizeof BODY - 1) /* 68, 0x44 */

struct sim_world {
    pthread_mutex_t lock;
    struct sim_tls tls; /* of both services */
    struct sim_http http;
    struct sim_smtp smtp;
    char asked[SIM_NAME_MAX]; /* the name that SMTP's TLS was asked for */
    bool asked_by_sni;
};

static struct fixture {
    struct sim_world world;
    struct sim_ca *ca;
    struct sim_https_server *https;
    struct sim_smtp_server *smtp;
    SSL_CTX *ctx;
    uint32_t next_addr;
    char dir[64];
} fix;

/* --- The double --- */

bool sim_address_plan(uint32_t addr, enum sim_service service, enum sim_reach *reach)
{
    (void)service;
    uint32_t net = addr >> 16 & 255;
    *reach = net == REFUSED_NET     ? SIM_REACH_REFUSED
             : net == BLACKHOLE_NET ? SIM_REACH_BLACKHOLE
                                    : SIM_REACH_LISTEN;
    return true;
}

static struct sim_world *locked(const struct sim_world *world)
{
    (void)world;
    pthread_mutex_lock(&fix.world.lock);
    return &fix.world;
}

static void unlock(void)
{
    pthread_mutex_unlock(&fix.world.lock);
}

void sim_world_https_tls(const struct sim_world *world, uint32_t addr, const char *sni,
                         struct sim_tls *out)
{
    (void)addr;
    (void)sni;
    *out = locked(world)->tls;
    unlock();
}

void sim_world_https(const struct sim_world *world, uint32_t addr, const char *host,
                     const char *path, struct sim_http *out)
{
    (void)addr;
    *out = locked(world)->http;
    if (strcmp(path, PATH) != 0 || strcmp(host, NAME) != 0)
        out->status = 404;
    unlock();
}

void sim_world_smtp(const struct sim_world *world, uint32_t addr, struct sim_smtp *out)
{
    (void)addr;
    *out = locked(world)->smtp;
    unlock();
}

void sim_world_smtp_tls(const struct sim_world *world, uint32_t addr, const char *name,
                        bool has_sni, struct sim_tls *out)
{
    (void)addr;
    struct sim_world *w = locked(world);
    *out = w->tls;
    w->asked_by_sni = has_sni;
    snprintf(w->asked, sizeof w->asked, "%s", name ? name : "");
    unlock();
}

/* --- Fixture --- */

/* Back to a world where everything is in order. */
static int reset_world(void **state)
{
    (void)state;
    struct sim_world *w = locked(NULL);
    memset(&w->tls, 0, sizeof w->tls);
    memset(&w->http, 0, sizeof w->http);
    memset(&w->smtp, 0, sizeof w->smtp);
    memcpy(w->tls.cert.cn, NAME, sizeof NAME);
    memcpy(w->tls.cert.san[0], NAME, sizeof NAME);
    w->tls.cert.san_count = 1;
    w->tls.cert.not_before_h = -24;
    w->tls.cert.not_after_h = 24 * 60;
    w->http.status = 200;
    w->http.content_type = "text/plain";
    w->http.body_len = sizeof BODY - 1;
    memcpy(w->http.body, BODY, sizeof BODY - 1);
    w->http.h2 = true;
    w->smtp.banner_code = 220;
    snprintf(w->smtp.banner_text, sizeof w->smtp.banner_text, "mx.example.com ESMTP");
    w->smtp.ehlo_code = 250;
    w->smtp.helo_code = 250;
    w->smtp.starttls = true;
    w->smtp.starttls_code = 220;
    unlock();
    return 0;
}

static int set_up(void **state)
{
    char ca_file[96];
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&fix.world.lock, NULL);
    snprintf(fix.dir, sizeof fix.dir, "/tmp/test_simserve.XXXXXX");
    fix.next_addr = 0x7f280001;
    if (!mkdtemp(fix.dir) || !sim_ca_new(fix.dir, &fix.ca))
        return -1;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 2};
    if (!sim_https_server_start(&options, &fix.https) ||
        !sim_smtp_server_start(&options, &fix.smtp) ||
        !sim_ca_set_aia(fix.ca, "http://aia.example" SIM_AIA_PATH))
        return -1;
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", fix.dir);
    fix.ctx = client_context(ca_file);
    unlink(ca_file);
    rmdir(fix.dir);
    return fix.ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(fix.ctx);
    sim_https_server_stop(fix.https);
    sim_smtp_server_stop(fix.smtp);
    sim_ca_free(fix.ca);
    return 0;
}

static uint32_t https_addr(void)
{
    uint32_t addr = fix.next_addr;
    fix.next_addr += 256; /* a /24 each: both workers get their share */
    assert_true(sim_https_server_listen(fix.https, addr, "first." NAME));
    return addr;
}

static int https_connect(void)
{
    int fd = client_connect(https_addr(), sim_https_server_port(fix.https));
    assert_true(fd >= 0);
    return fd;
}

static int smtp_connect(void)
{
    uint32_t addr = fix.next_addr;
    fix.next_addr += 256;
    assert_true(sim_smtp_server_listen(fix.smtp, addr, "mx.example.com"));
    int fd = client_connect(addr, sim_smtp_server_port(fix.smtp));
    assert_true(fd >= 0);
    return fd;
}

/* --- Certificates --- */

static long verify_now(X509 **leaf)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_non_null(tls.ssl);
    long verify = tls.verify;
    if (leaf)
        *leaf = SSL_get1_peer_certificate(tls.ssl);
    client_tls_free(&tls);
    close(fd);
    return verify;
}

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

static struct client_text text;

static void test_leaf_is_issued_once(void **state)
{
    struct sim_https_server *server;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 1};
    struct sim_server_stats stats;
    (void)state;
    assert_true(sim_https_server_start(&options, &server));
    assert_true(sim_https_server_listen(server, fix.next_addr, NAME));
    for (int i = 0; i < 3; i++) {
        struct client_tls tls;
        int fd = client_connect(fix.next_addr, sim_https_server_port(server));
        client_handshake(&tls, fix.ctx, fd, NAME, NULL);
        assert_non_null(tls.ssl);
        assert_true(client_write(fd, tls.ssl, "GET / HTTP/1.0\r\n\r\n"));
        text.len = 0; /* the answer comes after the counters were written */
        assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
        client_tls_free(&tls);
        close(fd);
    }
    sim_https_server_stats(server, &stats);
    assert_int_equal(stats.listeners, 1);
    assert_int_equal(stats.connections, 3);
    assert_int_equal(stats.certs, 1);
    assert_int_equal(stats.handshakes, 3);
    assert_int_equal(stats.requests, 3);
    sim_https_server_stop(server);
}

/* --- TLS faults --- */

static void set_tls_mode(enum sim_tls_mode mode)
{
    locked(NULL)->tls.mode = mode;
    unlock();
}

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

/* --- HTTP --- */

/* The answer is left in text. */
static enum client_end get_h1(const char *head)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "http/1.1");
    assert_true(client_write(fd, tls.ssl, head));
    text.len = 0;
    enum client_end end = client_read(fd, tls.ssl, NULL, &text);
    client_tls_free(&tls);
    close(fd);
    return end;
}

#define GET_CLOSE \
    "GET " PATH " HTTP/1.1\r\nHost: MTA-STS.example.com:443\r\nConnection: close\r\n\r\n"

static void get_h2(const char *path, struct client_h2 *out)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x02h2\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "h2");
    client_get_h2(tls.ssl, NAME, path, out);
    client_tls_free(&tls);
    close(fd);
}

static struct client_h2 h2;

static const char *body_of(const struct client_text *t)
{
    const char *end = strstr(t->p, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void test_h1(void **state)
{
    (void)state;
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_memory_equal(text.p, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(text.p, "\r\ncontent-type: text/plain\r\n"));
    assert_non_null(strstr(text.p, "\r\ncontent-length: 68\r\n"));
    assert_string_equal(body_of(&text), BODY);

    struct sim_http *http = &locked(NULL)->http;
    http->status = 301;
    http->content_type = NULL;
    http->extra_header = "Retry-After: 120";
    snprintf(http->location, sizeof http->location, "https://www.example.com/");
    http->body_len = 0;
    unlock();
    get_h1(GET_CLOSE);
    assert_memory_equal(text.p, "HTTP/1.1 301 ", 13);
    assert_null(strstr(text.p, "content-type"));
    assert_non_null(strstr(text.p, "\r\nlocation: https://www.example.com/\r\n"));
    assert_non_null(strstr(text.p, "\r\nretry-after: 120\r\n"));
    assert_string_equal(body_of(&text), "");

    get_h1("nonsense\r\n\r\n");
    assert_memory_equal(text.p, "HTTP/1.1 400 ", 13);
    get_h1("GET / HTTP/1.0\r\nHost: " NAME "\r\n\r\n");
    assert_memory_equal(text.p, "HTTP/1.1 404 ", 13);
}

static void test_h1_keeps_alive(void **state)
{
    static const char get[] = "GET " PATH " HTTP/1.1\r\nHost: " NAME "\r\n\r\n";
    struct client_tls tls;
    (void)state;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    for (int i = 0; i < 2; i++) {
        text.len = 0;
        assert_true(client_write(fd, tls.ssl, get));
        assert_int_equal(client_read(fd, tls.ssl, BODY, &text), CLIENT_FOUND);
    }
    text.len = 0; /* pipelined: the second asks to close */
    assert_true(client_write(fd, tls.ssl, "GET / HTTP/1.1\r\nHost: x\r\n\r\n" GET_CLOSE));
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
    assert_memory_equal(text.p, "HTTP/1.1 404 ", 13);
    assert_non_null(strstr(text.p, "HTTP/1.1 200 "));
    client_tls_free(&tls);
    close(fd);
}

static void test_h1_deliveries(void **state)
{
    (void)state;
    locked(NULL)->http.delivery = SIM_HTTP_TRUNCATE;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_non_null(strstr(text.p, "content-length: 68\r\n"));
    assert_int_equal(strlen(body_of(&text)), BODY_LEN / 2);
    assert_memory_equal(body_of(&text), BODY, BODY_LEN / 2);

    locked(NULL)->http.delivery = SIM_HTTP_CHUNKED;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_null(strstr(text.p, "content-length"));
    assert_string_equal(body_of(&text), "44\r\n" BODY "\r\n0\r\n\r\n");

    struct sim_http *http = &locked(NULL)->http;
    http->delivery = SIM_HTTP_WHOLE;
    http->body_pad = 100000;
    http->delay_ms = 5;
    unlock();
    assert_int_equal(get_h1(GET_CLOSE), CLIENT_EOF);
    assert_int_equal(text.len - (size_t)(body_of(&text) - text.p), 100000 + BODY_LEN);
}

/* Half of the body comes and no more, but the connection stays. */
static void test_h1_stall(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.delivery = SIM_HTTP_STALL_BODY;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_true(client_write(fd, tls.ssl, GET_CLOSE));
    text.len = 0;
    assert_int_equal(client_read(fd, tls.ssl, "mode: enfor", &text), CLIENT_FOUND);
    struct timeval soon = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    assert_int_equal(client_read(fd, tls.ssl, BODY, &text), CLIENT_ERROR);
    assert_int_equal(strlen(body_of(&text)), BODY_LEN / 2);
    client_tls_free(&tls);
    close(fd);
}

static void test_endless_body(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.body_pad = SIM_HTTP_PAD_ENDLESS;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_true(client_write(fd, tls.ssl, GET_CLOSE));
    text.len = 0;
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_ERROR); /* our buffer is full */
    assert_int_equal(text.len, CLIENT_TEXT_MAX - 1);
    client_tls_free(&tls);
    close(fd);
}

static void test_h2(void **state)
{
    (void)state;
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.status, 200);
    assert_string_equal(h2.content_type, "text/plain");
    assert_string_equal(h2.body.p, BODY);
    get_h2("/other", &h2);
    assert_int_equal(h2.status, 404);

    locked(NULL)->http.body_pad = 100000;
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.body.len, 100000 + BODY_LEN);

    struct sim_http *http = &locked(NULL)->http;
    http->body_pad = 0;
    http->delay_ms = 5;
    http->content_encoding = "gzip";
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_memory_equal(h2.body.p, "\x1f\x8b", 2);

    http = &locked(NULL)->http;
    http->content_encoding = NULL;
    http->delivery = SIM_HTTP_TRUNCATE;
    unlock();
    get_h2(PATH, &h2);
    assert_false(h2.complete);
    assert_int_equal(h2.status, 200);
    assert_int_equal(h2.body.len, BODY_LEN / 2);
}

static void test_h2_is_offered_where_it_is_spoken(void **state)
{
    struct client_tls tls;
    (void)state;
    locked(NULL)->http.h2 = false;
    unlock();
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, "\x02h2\x08http/1.1");
    assert_non_null(tls.ssl);
    assert_string_equal(tls.alpn, "http/1.1");
    client_tls_free(&tls);
    close(fd);
}

static void test_drip(void **state)
{
    (void)state;
    struct sim_http *http = &locked(NULL)->http;
    http->delivery = SIM_HTTP_DRIP;
    http->body_len = 2;
    unlock();
    get_h2(PATH, &h2);
    assert_true(h2.complete);
    assert_int_equal(h2.body.len, 2);
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

/* --- SMTP --- */

/* Sends a line and waits for text that must come. */
static void dialogue(int fd, SSL *ssl, const char *line, const char *until)
{
    text.len = 0;
    if (line)
        assert_true(client_write(fd, ssl, line));
    assert_int_equal(client_read(fd, ssl, until, &text), CLIENT_FOUND);
}

static void test_smtp(void **state)
{
    struct client_tls tls;
    (void)state;
    int fd = smtp_connect();
    dialogue(fd, NULL, NULL, "220 mx.example.com ESMTP\r\n");
    dialogue(fd, NULL, "EHLO scan.example\r\n", "250 8BITMIME\r\n");
    assert_non_null(strstr(text.p, "250-STARTTLS\r\n"));
    dialogue(fd, NULL, "noop\r\nRSET\r\n", "250 2.0.0 OK\r\n250 2.0.0 OK\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "220 2.0.0 ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, "mx.example.com", NULL);
    assert_non_null(tls.ssl);
    assert_int_equal(tls.verify, X509_V_OK);
    dialogue(fd, tls.ssl, "EHLO scan.example\r\n", "250 8BITMIME\r\n");
    assert_null(strstr(text.p, "STARTTLS"));
    dialogue(fd, tls.ssl, "MAIL FROM:<>\r\n", "550 ");
    dialogue(fd, tls.ssl, "QUIT\r\n", "221 ");
    assert_int_equal(client_read(fd, tls.ssl, NULL, &text), CLIENT_EOF);
    client_tls_free(&tls);
    close(fd);
    struct sim_world *w = locked(NULL);
    assert_string_equal(w->asked, "mx.example.com");
    assert_true(w->asked_by_sni);
    unlock();
}

static void test_smtp_without_sni(void **state)
{
    struct client_tls tls;
    (void)state;
    int fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, NULL, NULL);
    assert_non_null(tls.ssl);
    struct sim_world *w = locked(NULL);
    assert_string_equal(w->asked, "mx.example.com"); /* the name that DNS gave it to */
    assert_false(w->asked_by_sni);
    unlock();
    client_tls_free(&tls);
    close(fd);
}

static void test_smtp_refusals(void **state)
{
    (void)state;
    struct sim_smtp *smtp = &locked(NULL)->smtp;
    smtp->starttls = false;
    smtp->ehlo_code = 500;
    unlock();
    int fd = smtp_connect();
    dialogue(fd, NULL, "EHLO x\r\n", "500 ");
    dialogue(fd, NULL, "HELO x\r\n", "250 mx.example.com\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "502 ");
    close(fd);

    smtp = &locked(NULL)->smtp;
    smtp->starttls = true;
    smtp->starttls_code = 454;
    smtp->ehlo_code = 250;
    unlock();
    fd = smtp_connect();
    dialogue(fd, NULL, "EHLO x\r\n", "250 8BITMIME\r\n");
    dialogue(fd, NULL, "STARTTLS\r\n", "454 ");
    close(fd);

    smtp = &locked(NULL)->smtp;
    smtp->banner_code = 554;
    unlock();
    fd = smtp_connect();
    dialogue(fd, NULL, NULL, "554 ");
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    close(fd);
}

static void set_smtp_mode(enum sim_smtp_mode mode)
{
    locked(NULL)->smtp.mode = mode;
    unlock();
}

static void test_smtp_drops(void **state)
{
    (void)state;
    text.len = 0;
    set_smtp_mode(SIM_SMTP_DROP_AT_CONNECT);
    int fd = smtp_connect();
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_int_equal(text.len, 0);
    close(fd);

    set_smtp_mode(SIM_SMTP_DROP_AFTER_BANNER);
    fd = smtp_connect();
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_string_equal(text.p, "220 mx.example.com ESMTP\r\n");
    close(fd);

    set_smtp_mode(SIM_SMTP_DROP_AT_STARTTLS);
    fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ESMTP\r\n");
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    assert_int_equal(text.len, 0);
    close(fd);
}

static void test_smtp_injection_and_tls_fault(void **state)
{
    (void)state;
    set_smtp_mode(SIM_SMTP_INJECT);
    int fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n250 2.0.0 sent in clear");
    close(fd);

    struct client_tls tls;
    set_smtp_mode(SIM_SMTP_NORMAL);
    set_tls_mode(SIM_TLS_NOT_SPOKEN);
    fd = smtp_connect();
    dialogue(fd, NULL, "STARTTLS\r\n", "ready to start TLS\r\n");
    client_handshake(&tls, fix.ctx, fd, "mx.example.com", NULL);
    assert_null(tls.ssl);
    assert_int_equal(tls.reason, SSL_R_WRONG_VERSION_NUMBER);
    close(fd);
}

static void test_smtp_banners(void **state)
{
    (void)state;
    set_smtp_mode(SIM_SMTP_BANNER_ENDLESS);
    int fd = smtp_connect();
    text.len = 0;
    for (int lines = 0; lines < 50; lines++) { /* more than one period's worth */
        assert_int_equal(client_read(fd, NULL, "begin\r\n", &text), CLIENT_FOUND);
        text.len = 0;
    }
    close(fd);

    set_smtp_mode(SIM_SMTP_BANNER_DRIP);
    fd = smtp_connect();
    text.len = 0;
    assert_int_equal(client_read(fd, NULL, "22", &text), CLIENT_FOUND);
    close(fd);
}

static void test_smtp_line_too_long(void **state)
{
    char line[4097];
    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    int fd = smtp_connect();
    dialogue(fd, NULL, NULL, "ESMTP\r\n");
    dialogue(fd, NULL, line, "500 5.5.2 line too long\r\n");
    assert_int_equal(client_read(fd, NULL, NULL, &text), CLIENT_EOF);
    close(fd);
}

/* --- Addresses --- */

static void test_refused(void **state)
{
    uint32_t addr = 127u << 24 | REFUSED_NET << 16 | 1 << 8 | 1;
    (void)state;
    assert_true(sim_https_server_listen(fix.https, addr, NAME));
    assert_int_equal(client_connect(addr, sim_https_server_port(fix.https)), -1);
    assert_int_equal(errno, ECONNREFUSED);
}

/* Over loopback a SYN is handled before connect() returns: who is still in SYN_SENT then got
 * neither SYN-ACK nor RST. */
static void test_blackhole(void **state)
{
    uint32_t addr = 127u << 24 | BLACKHOLE_NET << 16 | 1 << 8 | 1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr)};
    struct tcp_info info;
    socklen_t len = sizeof info;
    (void)state;
    assert_true(sim_https_server_listen(fix.https, addr, NAME));
    name.sin_port = htons(sim_https_server_port(fix.https));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof name), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    assert_int_equal(info.tcpi_state, TCP_SYN_SENT);
    close(fd);
}

/* --- The record --- */

static json_t *record_line(FILE *file, const char *scope, const char *key)
{
    char line[512];
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        const char *found_key = json_string_value(json_object_get(object, "key"));
        if (strcmp(json_string_value(json_object_get(object, "scope")), scope) == 0 &&
            (!key || strcmp(found_key, key) == 0))
            return object;
        json_decref(object);
    }
    fail_msg("no line for %s %s", scope, key ? key : "");
    return NULL;
}

static long number(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return (long)json_integer_value(json_object_get(object, key));
}

static void expect(FILE *file, const char *scope, const char *key, long connections, long at_once)
{
    json_t *object = record_line(file, scope, key);
    assert_int_equal(number(object, "connections"), connections);
    assert_int_equal(number(object, "max_concurrent"), at_once);
    assert_true(number(object, "max_per_second") >= 1);
    assert_true(number(object, "max_per_second") <= connections);
    json_decref(object);
}

static int greeted(struct sim_smtp_server *server, uint32_t addr)
{
    assert_true(sim_smtp_server_listen(server, addr, "mx.example.com"));
    int fd = client_connect(addr, sim_smtp_server_port(server));
    assert_true(fd >= 0);
    dialogue(fd, NULL, NULL, "ESMTP\r\n");
    return fd;
}

static void test_record(void **state)
{
    struct sim_smtp_server *server;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 2};
    (void)state;
    assert_true(sim_smtp_server_start(&options, &server));
    /* One after the other: never two at once, however late the server notices each end. */
    for (int i = 0; i < 20; i++)
        close(greeted(server, 0x7f300101));
    /* Two at one address and one beside them in the /24. */
    int fds[3] = {greeted(server, 0x7f300201), greeted(server, 0x7f300201),
                  greeted(server, 0x7f300202)};
    dialogue(fds[2], NULL, "MAIL FROM:<>\r\n", "550 ");
    dialogue(fds[2], NULL, "QUIT\r\n", "221 ");
    for (int i = 0; i < 3; i++)
        close(fds[i]);

    FILE *file = tmpfile();
    assert_true(sim_smtp_server_write_record(server, file));
    sim_smtp_server_stop(server);
    expect(file, "address", "127.48.1.1", 20, 1);
    expect(file, "prefix", "127.48.1.0", 20, 1);
    expect(file, "address", "127.48.2.1", 2, 2);
    expect(file, "address", "127.48.2.2", 1, 1);
    expect(file, "prefix", "127.48.2.0", 3, 3);
    json_t *single = record_line(file, "address", "127.48.2.2");
    assert_true(json_is_null(json_object_get(single, "min_gap_ms")));
    json_decref(single);
    json_t *totals = record_line(file, "server", NULL);
    assert_int_equal(number(totals, "connections"), 23);
    assert_int_equal(number(totals, "listeners"), 3);
    assert_int_equal(number(totals, "quits"), 1);
    assert_int_equal(number(totals, "mails"), 1);
    assert_int_equal(number(totals, "requests"), 2);
    json_decref(totals);
    fclose(file);
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
        cmocka_unit_test_setup(test_old_versions, reset_world),
        cmocka_unit_test_setup(test_h1, reset_world),
        cmocka_unit_test_setup(test_h1_keeps_alive, reset_world),
        cmocka_unit_test_setup(test_h1_deliveries, reset_world),
        cmocka_unit_test_setup(test_h1_stall, reset_world),
        cmocka_unit_test_setup(test_endless_body, reset_world),
        cmocka_unit_test_setup(test_h2, reset_world),
        cmocka_unit_test_setup(test_h2_is_offered_where_it_is_spoken, reset_world),
        cmocka_unit_test_setup(test_drip, reset_world),
        cmocka_unit_test_setup(test_aia, reset_world),
        cmocka_unit_test_setup(test_smtp, reset_world),
        cmocka_unit_test_setup(test_smtp_without_sni, reset_world),
        cmocka_unit_test_setup(test_smtp_refusals, reset_world),
        cmocka_unit_test_setup(test_smtp_drops, reset_world),
        cmocka_unit_test_setup(test_smtp_injection_and_tls_fault, reset_world),
        cmocka_unit_test_setup(test_smtp_banners, reset_world),
        cmocka_unit_test_setup(test_smtp_line_too_long, reset_world),
        cmocka_unit_test_setup(test_refused, reset_world),
        cmocka_unit_test_setup(test_blackhole, reset_world),
        cmocka_unit_test_setup(test_record, reset_world),
    };
    return cmocka_run_group_tests_name("simserve", tests, set_up, tear_down);
}
