/* Units of scanner/net/tls_signatures.c: beside OpenSSL's own verification on chains of every kind,
 * and what must never pass for known. */
#include "scanner/net/tls_crypto.h"
#include "scanner/net/tls_signatures.h"
#include "tests/unit/net_pki.h"
#include "tests/unit/random_chains.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TOLD_MAX = 256, WORLDS = 250, CASES_PER_WORLD = 6, SMALL_CACHE = 8, LARGE_CACHE = 1 << 16 };

/* CHAIN_WORLDS=N in the environment compares more chains. */

/* ---- beside OpenSSL ------------------------------------------------------------------------- */

/* What a verification told its callback, and how it ended. */
struct told {
    struct call {
        int ok, error, depth;
        uint8_t cert[20]; /* zero: none */
    } call[TOLD_MAX];
    int n, stop_at;
    int rc, error, depth, path_len;
    uint8_t path[CHAIN_CERTS_MAX][20], current[20];
    unsigned long last_error; /* in OpenSSL's queue */
};

static void name_cert(X509 *x, uint8_t out[20])
{
    if (x != NULL)
        assert_int_equal(X509_digest(x, EVP_sha1(), out, NULL), 1);
}

static int note(int ok, X509_STORE_CTX *ctx)
{
    struct told *t = X509_STORE_CTX_get_app_data(ctx);
    assert_true(t->n < TOLD_MAX);
    struct call *c = &t->call[t->n];
    c->ok = ok;
    c->error = X509_STORE_CTX_get_error(ctx);
    c->depth = X509_STORE_CTX_get_error_depth(ctx);
    name_cert(X509_STORE_CTX_get_current_cert(ctx), c->cert);
    return t->n++ != t->stop_at;
}

/* known NULL: as OpenSSL does. */
static void verify(const struct chain_case *c, signatures *known, struct told *t)
{
    struct chain_ctx x = chain_ctx_new(c);
    memset(t, 0, sizeof *t);
    t->stop_at = c->stop_at;
    ERR_clear_error();
    X509_STORE_CTX_set_app_data(x.ctx, t);
    X509_STORE_CTX_set_verify_cb(x.ctx, note);
    t->rc = signatures_verify_path(known, x.ctx);
    t->error = X509_STORE_CTX_get_error(x.ctx);
    t->depth = X509_STORE_CTX_get_error_depth(x.ctx);
    t->last_error = ERR_peek_last_error();
    name_cert(X509_STORE_CTX_get_current_cert(x.ctx), t->current);
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(x.ctx);
    t->path_len = sk_X509_num(path);
    for (int i = 0; i < t->path_len; i++)
        name_cert(sk_X509_value(path, i), t->path[i]);
    ERR_clear_error();
    chain_ctx_free(&x);
}

static void print_told(const char *who, const struct told *t)
{
    print_error("%s: rc %d error %d depth %d path %d\n", who, t->rc, t->error, t->depth,
                t->path_len);
    for (int i = 0; i < t->n; i++)
        print_error("  ok %d error %d depth %d cert %02x%02x\n", t->call[i].ok, t->call[i].error,
                    t->call[i].depth, t->call[i].cert[0], t->call[i].cert[1]);
}

/* One cache for all cases, one that forgets most of them, and one that is new. */
struct caches {
    signatures *large, *small;
};

static void compare(const struct chain_case *c, const struct caches *caches, size_t number,
                    struct told *want)
{
    static struct told got;
    signatures *own;
    assert_int_equal(signatures_new(64, &own), ST_OK);
    const struct {
        const char *name;
        signatures *known;
    } runs[] = {{"new", own},
                {"warm", own},
                {"large", caches->large},
                {"small", caches->small},
                {"small again", caches->small}};
    verify(c, NULL, want);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        verify(c, runs[i].known, &got);
        if (memcmp(want, &got, sizeof got) != 0) {
            print_told("OpenSSL", want);
            print_told(runs[i].name, &got);
            fail_msg("case %zu, cache %s", number, runs[i].name);
        }
    }
    signatures_free(own);
}

/* Errors that have to come up, or the chains drawn prove little. */
static const int wanted_errors[] = {
    X509_V_ERR_CERT_HAS_EXPIRED,
    X509_V_ERR_CERT_NOT_YET_VALID,
    X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
    X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
    X509_V_ERR_CERT_SIGNATURE_FAILURE,
    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
    X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
    X509_V_ERR_CERT_CHAIN_TOO_LONG,
    X509_V_ERR_KEYUSAGE_NO_CERTSIGN,
    X509_V_ERR_INVALID_CA,
    X509_V_ERR_INVALID_PURPOSE,
    X509_V_ERR_PATH_LENGTH_EXCEEDED,
    X509_V_ERR_PERMITTED_VIOLATION,
    X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
    X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED,
    X509_V_ERR_HOSTNAME_MISMATCH,
    X509_V_ERR_CA_KEY_TOO_SMALL,
    X509_V_ERR_CA_MD_TOO_WEAK,
};

static void test_same_as_openssl(void **state)
{
    static struct told told;
    static size_t seen[256];
    const char *text = getenv("CHAIN_WORLDS");
    unsigned long worlds = text != NULL ? strtoul(text, NULL, 10) : WORLDS;
    struct chain_keys keys;
    struct caches caches;
    size_t good = 0;
    (void)state;
    chain_keys_make(&keys);
    assert_int_equal(signatures_new(LARGE_CACHE, &caches.large), ST_OK);
    assert_int_equal(signatures_new(SMALL_CACHE, &caches.small), ST_OK);
    for (size_t i = 0; i < worlds; i++) {
        struct sim_draw d = sim_draw_new(i, "chains", "");
        struct chain_world w;
        chain_world_make(&w, &keys, &d);
        for (size_t k = 0; k < CASES_PER_WORLD; k++) {
            struct chain_case c;
            chain_case_draw(&c, &w, &d);
            compare(&c, &caches, i * CASES_PER_WORLD + k, &told);
            good += told.error == X509_V_OK && told.rc == 1 && told.path_len > 1;
            for (int n = 0; n < told.n; n++)
                seen[told.call[n].error & 255]++;
        }
        chain_world_free(&w);
    }
    for (size_t i = 0; worlds >= WORLDS && i < sizeof wanted_errors / sizeof *wanted_errors; i++)
        if (seen[wanted_errors[i]] == 0)
            fail_msg("error %d never came up", wanted_errors[i]);
    struct signatures_counts large = signatures_counts(caches.large);
    struct signatures_counts small = signatures_counts(caches.small);
    print_message("%zu good paths; hits %llu, misses %llu; small: hits %llu, evictions %llu\n",
                  good, (unsigned long long)large.hits, (unsigned long long)large.misses,
                  (unsigned long long)small.hits, (unsigned long long)small.evictions);
    assert_true(good > worlds / 2 && large.hits > worlds && large.evictions == 0);
    assert_true(small.hits > worlds && small.evictions > worlds / 2);
    signatures_free(caches.large);
    signatures_free(caches.small);
    chain_keys_free(&keys);
}

/* ---- what must not pass for known ----------------------------------------------------------- */

/* One authority twice under one name, and a leaf of the first. */
struct forgery {
    struct pki_cert root, issuer, twin, leaf;
    signatures *known;
};

static int forgery_setup(void **state)
{
    static struct forgery f;
    const struct pki_spec ca = {.cn = "Issuer", .ca = true, .issuer = &f.root};
    f.root = pki_make(&(struct pki_spec){.cn = "Root", .ca = true});
    f.issuer = pki_make(&ca);
    f.twin = pki_make(&ca);
    f.leaf = pki_make(&(struct pki_spec){.san = "DNS:a.example", .issuer = &f.issuer});
    *state = &f;
    return signatures_new(64, &f.known) == ST_OK ? 0 : -1;
}

static int forgery_teardown(void **state)
{
    struct forgery *f = *state;
    signatures_free(f->known);
    pki_free(&f->root);
    pki_free(&f->issuer);
    pki_free(&f->twin);
    pki_free(&f->leaf);
    return 0;
}

static void expect_counts(const signatures *s, uint64_t hits, uint64_t misses, uint64_t evictions)
{
    struct signatures_counts c = signatures_counts(s);
    assert_int_equal(c.hits, hits);
    assert_int_equal(c.misses, misses);
    assert_int_equal(c.evictions, evictions);
}

/* The leaf's path through `issuer`, or what stands for it, to the root: 0 or the first fault. */
static int path_fault(struct forgery *f, X509 *leaf, X509 *issuer)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *served = sk_X509_new_null();
    assert_true(sk_X509_push(served, leaf) > 0 && sk_X509_push(served, issuer) > 0);
    assert_int_equal(X509_STORE_add_cert(store, f->root.x509), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, served), 1);
    X509_STORE_CTX_set_time(ctx, 0, time(NULL));
    int rc = signatures_verify_path(f->known, ctx);
    int fault = X509_STORE_CTX_get_error(ctx);
    assert_int_equal(rc == 1, fault == X509_V_OK);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(served);
    ERR_clear_error();
    return fault;
}

/* A copy whose encoding is another one from byte `at` on, counted from its end. */
static X509 *with_byte_changed(X509 *x, int at)
{
    uint8_t *der = NULL;
    int len = i2d_X509(x, &der);
    der[len - 1 - at] ^= 1;
    X509 *out = tls_crypto_certificate(der, (size_t)len);
    assert_non_null(out);
    OPENSSL_free(der);
    return out;
}

static void test_known_once_verified(void **state)
{
    struct forgery *f = *state;
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(path_fault(f, f->leaf.x509, f->issuer.x509), X509_V_OK);
        expect_counts(f->known, 2 * i, 2, 0);
    }
    /* Another leaf: its issuer need not be verified again. */
    struct pki_cert other =
        pki_make(&(struct pki_spec){.san = "DNS:b.example", .issuer = &f->issuer});
    assert_int_equal(path_fault(f, other.x509, f->issuer.x509), X509_V_OK);
    expect_counts(f->known, 5, 3, 0);
    pki_free(&other);
}

static void test_same_name_other_key(void **state)
{
    struct forgery *f = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(path_fault(f, f->leaf.x509, f->issuer.x509), X509_V_OK);
        assert_int_equal(path_fault(f, f->leaf.x509, f->twin.x509),
                         X509_V_ERR_CERT_SIGNATURE_FAILURE);
        assert_true(signatures_verify(f->known, f->leaf.x509, f->issuer.x509));
        assert_false(signatures_verify(f->known, f->leaf.x509, f->twin.x509));
        assert_false(signatures_verify(f->known, f->leaf.x509, f->root.x509));
    }
}

static void test_other_signature(void **state)
{
    struct forgery *f = *state;
    X509 *forged = with_byte_changed(f->leaf.x509, 0);
    assert_int_equal(path_fault(f, f->leaf.x509, f->issuer.x509), X509_V_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(path_fault(f, forged, f->issuer.x509), X509_V_ERR_CERT_SIGNATURE_FAILURE);
        assert_false(signatures_verify(f->known, forged, f->issuer.x509));
        assert_int_equal(ERR_peek_error(), 0);
    }
    X509_free(forged);
    /* An intermediate of which the leaf's signature is good, but not its own. */
    forged = with_byte_changed(f->issuer.x509, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(path_fault(f, f->leaf.x509, forged), X509_V_ERR_CERT_SIGNATURE_FAILURE);
    X509_free(forged);
}

/* Every byte of a known certificate in turn, as far as it remains one. */
static void test_every_byte(void **state)
{
    struct forgery *f = *state;
    uint8_t *der = NULL;
    int len = i2d_X509(f->leaf.x509, &der), parsed = 0;
    assert_true(signatures_verify(f->known, f->leaf.x509, f->issuer.x509));
    for (int i = 0; i < len; i++) {
        der[i] ^= 4;
        X509 *x = tls_crypto_certificate(der, (size_t)len);
        der[i] ^= 4;
        if (x == NULL)
            continue;
        parsed++;
        assert_int_equal(signatures_verify(f->known, x, f->issuer.x509),
                         X509_verify(x, f->issuer.key) == 1);
        assert_false(signatures_verify(f->known, x, f->issuer.x509));
        X509_free(x);
    }
    assert_true(parsed > len / 2);
    assert_int_equal(signatures_counts(f->known).hits, 0);
    OPENSSL_free(der);
    ERR_clear_error();
}

/* Times pass while signatures stay good. */
static void test_expires_while_known(void **state)
{
    struct forgery *f = *state;
    struct pki_cert old = pki_make(&(struct pki_spec){
        .san = "DNS:a.example", .issuer = &f->issuer, .from_s = -1000, .until_s = -500});
    assert_true(signatures_verify(f->known, old.x509, f->issuer.x509));
    assert_true(signatures_verify(f->known, f->issuer.x509, f->root.x509));
    assert_int_equal(path_fault(f, old.x509, f->issuer.x509), X509_V_ERR_CERT_HAS_EXPIRED);
    pki_free(&old);
}

/* A key that cannot be read verifies nothing; what lacks its parameters is not remembered by its
 * bytes, nor is what is too long. */
static void test_not_kept(void **state)
{
    struct forgery *f = *state;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *parameters = NULL;
    struct pki_cert dsa = {.x509 = X509_dup(f->issuer.x509)}, child = {.x509 = NULL};
    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &parameters), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &dsa.key), 1);
    assert_int_equal(X509_set_pubkey(dsa.x509, dsa.key), 1);
    child = pki_make(&(struct pki_spec){.san = "DNS:a.example", .issuer = &dsa});
    struct pki_cert large = pki_make(&(struct pki_spec){.many_names = 3500, .issuer = &f->issuer});
    assert_true(i2d_X509(large.x509, NULL) > SIGNATURES_INPUT_MAX_BYTES);
    for (int i = 0; i < 2; i++) {
        assert_true(signatures_verify(f->known, child.x509, dsa.x509));
        assert_true(signatures_verify(f->known, large.x509, f->issuer.x509));
        assert_false(signatures_verify(f->known, large.x509, f->twin.x509));
    }
    expect_counts(f->known, 0, 6, 0);
    EVP_PKEY_free(parameters);
    EVP_PKEY_CTX_free(ctx);
    pki_free(&dsa);
    pki_free(&child);
    pki_free(&large);
}

/* The set that is all there is: what was used last stays. */
static void test_least_recently_used_goes(void **state)
{
    struct forgery *f = *state;
    struct pki_cert c[SIGNATURES_WAYS + 1];
    signatures *s;
    assert_int_equal(signatures_new(1, &s), ST_OK);
    for (size_t i = 0; i < SIGNATURES_WAYS + 1; i++)
        c[i] = pki_make(&(struct pki_spec){.issuer = &f->issuer});
    for (size_t i = 0; i < SIGNATURES_WAYS; i++)
        assert_true(signatures_verify(s, c[i].x509, f->issuer.x509));
    expect_counts(s, 0, SIGNATURES_WAYS, 0);
    assert_true(signatures_verify(s, c[0].x509, f->issuer.x509));
    assert_true(signatures_verify(s, c[SIGNATURES_WAYS].x509, f->issuer.x509)); /* for c[1] */
    expect_counts(s, 1, SIGNATURES_WAYS + 1, 1);
    assert_true(signatures_verify(s, c[0].x509, f->issuer.x509));
    expect_counts(s, 2, SIGNATURES_WAYS + 1, 1);
    assert_true(signatures_verify(s, c[1].x509, f->issuer.x509)); /* for c[2] */
    expect_counts(s, 2, SIGNATURES_WAYS + 2, 2);
    for (size_t i = 0; i < SIGNATURES_WAYS + 1; i++)
        pki_free(&c[i]);
    signatures_free(s);
    signatures_free(NULL);
}

int main(void)
{
#define FORGERY(f) cmocka_unit_test_setup_teardown(f, forgery_setup, forgery_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_openssl),
        FORGERY(test_known_once_verified),
        FORGERY(test_same_name_other_key),
        FORGERY(test_other_signature),
        FORGERY(test_every_byte),
        FORGERY(test_expires_while_known),
        FORGERY(test_not_kept),
        FORGERY(test_least_recently_used_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
