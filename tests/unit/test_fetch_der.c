/* fetch against servers whose certificates cannot be what they say: bytes changed, lists that are
 * empty, too long or cut short. The server writes the plaintext part of a TLS 1.2 handshake itself,
 * since no library would serve such things. */
#include "tests/unit/fetch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum {
    RECORD_MAX_BYTES = 16384,
    HANDSHAKE = 22,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
};

struct flight {
    uint8_t *p;
    size_t len;
};

static void put(struct flight *f, const void *p, size_t len)
{
    f->p = realloc(f->p, f->len + len);
    assert_non_null(f->p);
    memcpy(f->p + f->len, p, len);
    f->len += len;
}

static void put24(struct flight *f, size_t n)
{
    const uint8_t b[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    put(f, b, sizeof b);
}

/* A handshake message, in as many records as it takes. */
static void put_message(struct flight *out, uint8_t type, const struct flight *body)
{
    struct flight message = {.p = NULL};
    put(&message, &type, 1);
    put24(&message, body->len);
    put(&message, body->p, body->len);
    for (size_t at = 0; at < message.len; at += RECORD_MAX_BYTES) {
        size_t len = message.len - at < RECORD_MAX_BYTES ? message.len - at : RECORD_MAX_BYTES;
        const uint8_t head[5] = {HANDSHAKE, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
        put(out, head, sizeof head);
        put(out, message.p + at, len);
    }
    free(message.p);
}

static void put_hello(struct flight *out)
{
    uint8_t hello[46] = {3, 3};
    struct flight body = {.p = NULL};
    memset(hello + 2, 0x5a, 32);
    hello[35] = 0xc0; /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, after an empty session id */
    hello[36] = 0x2b;
    hello[39] = 5; /* renegotiation_info, empty (RFC 5746) */
    hello[40] = 0xff;
    hello[41] = 1;
    hello[43] = 1;
    put(&body, hello, 45);
    put_message(out, SERVER_HELLO, &body);
    free(body.p);
}

/* A list of one certificate; list_len and cert_len may lie. */
static void put_certificate(struct flight *out, const uint8_t *der, size_t len, size_t list_len,
                            size_t cert_len)
{
    struct flight body = {.p = NULL};
    put24(&body, list_len);
    put24(&body, cert_len);
    if (len > 0)
        put(&body, der, len);
    put_message(out, CERTIFICATE, &body);
    free(body.p);
}

static void speak_flight(int fd, void *arg)
{
    const struct flight *f = arg;
    char hello[4096];
    if (recv(fd, hello, sizeof hello, 0) <= 0)
        return;
    for (size_t at = 0; at < f->len;) {
        ssize_t n = send(fd, f->p + at, f->len - at, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
    shutdown(fd, SHUT_WR);
    net_drain(fd);
}

/* How a handshake with this flight ends; frees it. */
static enum tls_end end_of(struct net_world *w, struct flight *f)
{
    struct fetch_facts facts = fetch_with(w, speak_flight, f, NULL);
    free(f->p);
    *f = (struct flight){.p = NULL};
    return facts.tls.end;
}

/* Each byte of a certificate in turn is another: what still parses is judged, the rest refused. */
static void test_changed_bytes(void **state)
{
    struct net_world *w = *state;
    uint8_t *der = NULL;
    int len = i2d_X509(w->leaf.x509, &der);
    size_t refused = 0, judged = 0;
    assert_true(len > 0);
    for (int i = 0; i < len; i += 5) {
        struct flight f = {.p = NULL};
        der[i] ^= (uint8_t)(0x81 + i % 7);
        put_hello(&f);
        put_certificate(&f, der, (size_t)len, (size_t)len + 3, (size_t)len);
        der[i] ^= (uint8_t)(0x81 + i % 7);
        enum tls_end end = end_of(w, &f);
        if (end != TLS_END_FAILED && end != TLS_END_CLOSED)
            fail_msg("byte %d: %s", i, tls_end_name(end));
        refused += end == TLS_END_FAILED;
        judged += end == TLS_END_CLOSED;
    }
    assert_true(refused > 10); /* what does not parse, */
    assert_true(judged > 10);  /* and what does: then the server has no more to say */
    OPENSSL_free(der);
}

/* Lengths that lie, an empty list, one of a megabyte. */
static void test_lists(void **state)
{
    struct net_world *w = *state;
    enum { HUGE_BYTES = 1 << 20 };
    uint8_t *huge = calloc(1, HUGE_BYTES), *der = NULL;
    int n = i2d_X509(w->leaf.x509, &der);
    size_t len = (size_t)n;
    assert_non_null(huge);
    const struct {
        const uint8_t *p;
        size_t len, list_len, cert_len;
    } c[] = {
        {NULL, 0, 3, 0},                                /* a certificate of no bytes */
        {der, len, len + 3, len + 1},                   /* longer than the list */
        {der, len, len + 4, len},                       /* a list longer than the message */
        {der, len, len + 2, len},                       /* a list shorter than what it holds */
        {der, len, 0, len},                             /* an empty list, and more behind it */
        {der, len, len + 3, 0xffffff},                  /* the longest there can be */
        {der, len - 1, len + 2, len - 1},               /* DER cut short */
        {huge, HUGE_BYTES, HUGE_BYTES + 3, HUGE_BYTES}, /* 1 MiB: over TLS_CERT_LIST_MAX_BYTES */
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct flight f = {.p = NULL};
        put_hello(&f);
        put_certificate(&f, c[i].p, c[i].len, c[i].list_len, c[i].cert_len);
        enum tls_end end = end_of(w, &f);
        if (end != TLS_END_FAILED)
            fail_msg("%zu: %s", i, tls_end_name(end));
    }
    free(huge);
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
