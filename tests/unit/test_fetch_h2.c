/* fetch against HTTP/2 servers that do not play by the rules: what an endless stream of frames that
 * are no answer costs. The servers write raw frames (RFC 9113 section 4.1). */
#include "tests/unit/fetch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES_MAX_BYTES = 80 * 1024 };
enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
enum { CONTINUATION = 9, END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

struct frames {
    uint8_t p[FRAMES_MAX_BYTES];
    size_t len;
};

struct flood {
    struct net_tls tls;
    struct frames once, again; /* sent first; then again and again until the client has enough */
    bool deaf;                 /* never reads, so that what the client answers piles up */
    uint64_t sent;
};

static void add_frame(struct frames *f, uint8_t type, uint8_t flags, uint32_t stream, const void *p,
                      size_t len)
{
    const uint8_t head[9] = {(uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             type,
                             flags,
                             (uint8_t)(stream >> 24),
                             (uint8_t)(stream >> 16),
                             (uint8_t)(stream >> 8),
                             (uint8_t)stream};
    assert_true(f->len + sizeof head + len <= sizeof f->p);
    memcpy(f->p + f->len, head, sizeof head);
    if (len > 0)
        memcpy(f->p + f->len + sizeof head, p, len);
    f->len += sizeof head + len;
}

/* Whether the client's frames, behind its preface of 24 bytes, hold a HEADERS frame. */
static bool has_request(const uint8_t *p, size_t len)
{
    for (size_t at = 24; at + 9 <= len;) {
        if (p[at + 3] == HEADERS)
            return true;
        at += 9 + ((size_t)p[at] << 16 | (size_t)p[at + 1] << 8 | p[at + 2]);
    }
    return false;
}

static bool await_request(SSL *ssl)
{
    uint8_t got[4096];
    size_t len = 0;
    while (!has_request(got, len)) {
        int n = len == sizeof got ? 0 : SSL_read(ssl, got + len, (int)(sizeof got - len));
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    return true;
}

/* Reads what is there without waiting for more: the client's own frames are of no interest. */
static void read_some(SSL *ssl)
{
    char buffer[4096];
    SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
    while (SSL_has_pending(ssl) && SSL_read(ssl, buffer, sizeof buffer) > 0)
        ;
}

static void speak_flood(int fd, void *arg)
{
    struct flood *s = arg;
    SSL_CTX *ctx = net_tls_ctx(&s->tls);
    SSL *ssl = net_tls_accept(ctx, fd);
    if (ssl != NULL) {
        bool open = await_request(ssl) && SSL_write(ssl, s->once.p, (int)s->once.len) > 0;
        while (open && s->again.len > 0) {
            open = SSL_write(ssl, s->again.p, (int)s->again.len) > 0;
            s->sent += s->again.len;
            if (!s->deaf)
                read_some(ssl);
        }
        if (open)
            net_drain(fd);
        SSL_free(ssl);
    }
    SSL_CTX_free(ctx);
}

static struct flood *flood_new(const struct net_world *w)
{
    struct flood *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->tls = net_world_tls(w);
    s->tls.h2 = true;
    add_frame(&s->once, SETTINGS, 0, 0, NULL, 0);
    return s;
}

/* Fills the part that is repeated with copies of one frame. */
static void repeat(struct flood *s, uint8_t type, uint8_t flags, uint32_t stream, const void *p,
                   size_t len)
{
    while (s->again.len + 9 + len <= 16384)
        add_frame(&s->again, type, flags, stream, p, len);
}

/* Fetches from the server and frees it. */
static struct fetch_facts fetch(struct net_world *w, struct flood *s)
{
    struct fetch_facts facts =
        fetch_with(w, speak_flood, s, &(struct fetch_request){.deadline_ms = 2 * PATIENT_MS});
    assert_int_equal(facts.tls.end, TLS_END_OK);
    /* What lies in buffers on the way, of both kernels, is no longer ours to stop. */
    assert_true(s->sent < 32 * 1024 * 1024);
    free(s);
    return facts;
}

static void assert_given_up(struct net_world *w, struct flood *s)
{
    struct fetch_facts f = fetch(w, s);
    assert_int_equal(f.http.end, HTTP_END_TRUNCATED);
}

static void test_ping(void **state)
{
    for (int deaf = 0; deaf < 2; deaf++) {
        struct flood *s = flood_new(*state);
        s->deaf = deaf == 1;
        repeat(s, PING, 0, 0, "01234567", 8);
        assert_given_up(*state, s);
    }
}

static void test_settings(void **state)
{
    static const uint8_t window[6] = {0, 4, 0, 1, 0, 0};
    for (int deaf = 0; deaf < 2; deaf++) {
        struct flood *s = flood_new(*state);
        s->deaf = deaf == 1;
        repeat(s, SETTINGS, 0, 0, window, sizeof window);
        assert_given_up(*state, s);
    }
}

/* What costs the receiver nothing but time: ACKs that nobody asked for, window updates, PRIORITY
 * frames, frames of unknown types. */
static void test_idle_frames(void **state)
{
    static const uint8_t one[4] = {0, 0, 0, 1}, priority[5] = {0, 0, 0, 3, 16};
    struct flood *s = flood_new(*state);
    repeat(s, PING, ACK, 0, "01234567", 8);
    assert_given_up(*state, s);
    s = flood_new(*state);
    repeat(s, WINDOW_UPDATE, 0, 0, one, sizeof one);
    assert_given_up(*state, s);
    s = flood_new(*state);
    repeat(s, PRIORITY, 0, 5, priority, sizeof priority);
    assert_given_up(*state, s);
    s = flood_new(*state);
    repeat(s, 0xfa, 0, 0, "x", 1);
    assert_given_up(*state, s);
}

/* Streams promised and reset again, and the only stream reset at once. */
static void test_resets(void **state)
{
    static const uint8_t no_error[4] = {0, 0, 0, 0}, promised[5] = {0, 0, 0, 2, 0x82};
    struct flood *s = flood_new(*state);
    for (int i = 0; i < 500; i++) {
        add_frame(&s->again, PUSH_PROMISE, END_HEADERS, 1, promised, sizeof promised);
        add_frame(&s->again, RST_STREAM, 0, 2, no_error, sizeof no_error);
    }
    assert_given_up(*state, s);
    s = flood_new(*state);
    add_frame(&s->once, RST_STREAM, 0, 1, no_error, sizeof no_error);
    repeat(s, RST_STREAM, 0, 1, no_error, sizeof no_error);
    assert_given_up(*state, s);
    s = flood_new(*state);
    add_frame(&s->once, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    repeat(s, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    assert_given_up(*state, s);
}

/* Who takes a request back (REFUSED_STREAM, HTTP_1_1_REQUIRED) may be asked again (RFC 9113 section
 * 8.7), but no limiter knows of a connection that is made here: the caller is told. */
static void test_refused_stream(void **state)
{
    static const struct {
        uint8_t code;
        bool taken_back;
    } c[] = {{2 /* INTERNAL_ERROR */, false}, {7, true}, {13, true}};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        const uint8_t code[4] = {0, 0, 0, c[i].code};
        struct flood *s = flood_new(*state);
        struct net_server server;
        add_frame(&s->once, RST_STREAM, 0, 1, code, sizeof code);
        net_server_start(&server, "127.0.0.1", speak_flood, s);
        struct fetch_request req = fetch_request_to(&server.at);
        struct fetched r = fetch_once(*state, &req);
        net_server_stop(&server);
        assert_int_equal(atomic_load(&server.connections), 1);
        assert_int_equal(r.taken_back, c[i].taken_back);
        assert_int_equal(r.facts.tls.end, TLS_END_OK);
        assert_int_equal(r.facts.http.end, HTTP_END_TRUNCATED);
        cert_chain_unref(r.chain);
        free(s);
    }
}

/* An answer that never gets on: empty DATA frames (CVE-2019-9518), empty CONTINUATIONs. */
static void test_empty_frames(void **state)
{
    struct flood *s = flood_new(*state);
    add_frame(&s->once, HEADERS, END_HEADERS, 1, "\x88", 1); /* :status 200 */
    repeat(s, DATA, 0, 1, NULL, 0);
    assert_given_up(*state, s);
    s = flood_new(*state);
    add_frame(&s->once, HEADERS, 0, 1, "\x88", 1);
    repeat(s, CONTINUATION, 0, 1, NULL, 0);
    assert_given_up(*state, s);
    s = flood_new(*state);
    add_frame(&s->once, HEADERS, 0, 1, "\x88", 1);
    repeat(s, CONTINUATION, 0, 1, "\x0f\x10\x01x", 4); /* content-type of one byte, not indexed */
    assert_given_up(*state, s);
}

/* HPACK bomb: a field of 3 KiB goes into the table once and is then named by one byte each. */
static void test_header_bomb(void **state)
{
    static uint8_t block[3 * 1024 + 64];
    size_t len = 0;
    struct flood *s = flood_new(*state);
    block[len++] = 0x88;
    memcpy(block + len, "\x40\x01x\x7f\x81\x17", 6); /* new name "x"; length 127 + 1 + 23 * 128 */
    len += 6;
    memset(block + len, 'a', 3072);
    len += 3072;
    add_frame(&s->once, HEADERS, 0, 1, block, len);
    memset(block, 0xbe, 3072); /* 62: the newest entry of the table */
    for (int i = 0; i < 3; i++)
        add_frame(&s->once, CONTINUATION, i == 2 ? END_HEADERS : 0, 1, block, 3072);
    add_frame(&s->once, DATA, END_STREAM, 1, "x", 1);
    assert_given_up(*state, s);
}

/* Fifteen fields of 1,000 bytes, of which the last fourteen cost a byte each: an answer like any.
 * From 16 KiB on libcurl 7.88 keeps the rest to itself, and the fetch ends with its deadline. */
static void test_large_header(void **state)
{
    enum { VALUE = 1000, FIELDS = 15 };
    uint8_t block[VALUE + FIELDS + 8];
    size_t len = 0;
    struct flood *s = flood_new(*state);
    block[len++] = 0x88;
    memcpy(block + len, "\x40\x01x\x7f\xe9\x06", 6); /* 127 + 105 + 6 * 128 */
    len += 6;
    memset(block + len, 'a', VALUE);
    len += VALUE;
    memset(block + len, 0xbe, FIELDS - 1);
    len += FIELDS - 1;
    add_frame(&s->once, HEADERS, END_HEADERS, 1, block, len);
    add_frame(&s->once, DATA, END_STREAM, 1, "x", 1);
    struct fetch_facts f = fetch(*state, s);
    assert_int_equal(f.http.end, HTTP_END_OK);
    assert_int_equal(f.http.body.len, 1);
}

/* A body at the cap and one byte over it, all in one go. */
static void test_body_cap(void **state)
{
    enum { PIECE = 8192 };
    static uint8_t piece[PIECE];
    memset(piece, 'x', sizeof piece);
    for (size_t extra = 0; extra < 2; extra++) {
        struct flood *s = flood_new(*state);
        add_frame(&s->once, HEADERS, END_HEADERS, 1, "\x88", 1);
        for (size_t i = 0; i < POLICY_BODY_MAX_BYTES / PIECE; i++)
            add_frame(&s->once, DATA, 0, 1, piece, PIECE);
        add_frame(&s->once, DATA, END_STREAM, 1, "x", extra);
        struct fetch_facts f = fetch(*state, s);
        assert_int_equal(f.http.end, extra == 0 ? HTTP_END_OK : HTTP_END_TOO_LARGE);
        assert_int_equal(f.http.body.len, POLICY_BODY_MAX_BYTES);
    }
}

/* Frames that break the protocol end the connection, whatever they are. */
static void test_broken_frames(void **state)
{
    static const struct {
        uint8_t type, flags;
        uint32_t stream;
        const char *p;
        size_t len;
    } c[] = {
        {DATA, 0, 0, "x", 1},                 /* on stream 0 */
        {HEADERS, END_HEADERS, 1, "\xff", 1}, /* an index cut short */
        {HEADERS, END_HEADERS, 1, "\xbe", 1}, /* an index into an empty table */
        {HEADERS, END_HEADERS, 1, "\x00", 1}, /* a literal cut short */
        {HEADERS, END_HEADERS, 2, "\x88", 1}, /* a stream that nobody opened */
        {SETTINGS, 0, 0, "12345", 5},         /* no multiple of six */
        {SETTINGS, 0, 1, "\0\4\0\0\0\0", 6},  /* not on stream 0 */
        {PING, 0, 0, "1234567", 7},           /* too short */
        {WINDOW_UPDATE, 0, 0, "\0\0\0\0", 4}, /* by nothing */
        {WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4},
        {CONTINUATION, END_HEADERS, 1, "\x88", 1}, /* of nothing */
        {RST_STREAM, 0, 1, "123", 3},
        {GOAWAY, 0, 0, "1", 1},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct flood *s = flood_new(*state);
        add_frame(&s->once, c[i].type, c[i].flags, c[i].stream, c[i].p, c[i].len);
        struct fetch_facts f = fetch(*state, s);
        if (f.http.end != HTTP_END_TRUNCATED)
            fail_msg("%zu: %s", i, http_end_name(f.http.end));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),           cmocka_unit_test(test_settings),
        cmocka_unit_test(test_idle_frames),    cmocka_unit_test(test_resets),
        cmocka_unit_test(test_refused_stream), cmocka_unit_test(test_empty_frames),
        cmocka_unit_test(test_header_bomb),    cmocka_unit_test(test_large_header),
        cmocka_unit_test(test_body_cap),       cmocka_unit_test(test_broken_frames),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
