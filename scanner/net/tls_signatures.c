#include "scanner/net/tls_signatures.h"

#include "scanner/net/tls_crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint8_t sha256[32]; /* all zero: none */
};

/* A hash says by itself in which set it belongs: sets of SIGNATURES_WAYS, the last used first. */
struct signatures {
    struct entry *entries;
    size_t n_sets; /* power of two */
    EVP_MD *sha256;
    struct signatures_counts counts;
    uint8_t input[SIGNATURES_INPUT_MAX_BYTES]; /* what is hashed */
};

enum status signatures_new(size_t max, signatures **out)
{
    *out = NULL;
    signatures *s = malloc(sizeof *s);
    if (s == NULL)
        return ST_NOMEM;
    s->counts = (struct signatures_counts){.hits = 0};
    s->n_sets = 1;
    while (s->n_sets * SIGNATURES_WAYS < max)
        s->n_sets *= 2;
    s->entries = calloc(s->n_sets * SIGNATURES_WAYS, sizeof *s->entries);
    s->sha256 = EVP_MD_fetch(tls_crypto(), "SHA256", NULL);
    if (s->entries == NULL || s->sha256 == NULL) {
        signatures_free(s);
        return ST_NOMEM;
    }
    *out = s;
    return ST_OK;
}

void signatures_free(signatures *s)
{
    if (s == NULL)
        return;
    free(s->entries);
    EVP_MD_free(s->sha256);
    free(s);
}

struct signatures_counts signatures_counts(const signatures *s)
{
    return s->counts;
}

/* ---- what is known -------------------------------------------------------------------------- */

static struct entry *set_of(const signatures *s, const struct entry *e)
{
    uint64_t n;
    memcpy(&n, e->sha256, sizeof n);
    return s->entries + (n & (s->n_sets - 1)) * SIGNATURES_WAYS;
}

/* Puts e at the head of its set, those before position `at` one further. */
static void move_to_head(struct entry *set, size_t at, const struct entry *e)
{
    memmove(set + 1, set, at * sizeof *set);
    set[0] = *e;
}

static bool is_known(const signatures *s, const struct entry *e)
{
    struct entry *set = set_of(s, e);
    for (size_t i = 0; i < SIGNATURES_WAYS; i++) {
        if (memcmp(&set[i], e, sizeof *e) == 0) {
            move_to_head(set, i, e);
            return true;
        }
    }
    return false;
}

static void remember(signatures *s, const struct entry *e)
{
    static const struct entry none;
    struct entry *set = set_of(s, e);
    if (memcmp(&set[SIGNATURES_WAYS - 1], &none, sizeof none) != 0)
        s->counts.evictions++;
    move_to_head(set, SIGNATURES_WAYS - 1, e);
}

/* Whether the bytes of the SubjectPublicKeyInfo are all there is to a key. One for DSA may lack its
 * parameters, which are then those of the next issuer in the path (X509_get_pubkey_parameters). */
static bool is_whole(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return true;
    default:
        return false;
    }
}

/* Key and certificate in DER one behind the other: each says where it ends. False: too long. */
static bool hash(signatures *s, X509 *cert, X509 *issuer, struct entry *out)
{
    X509_PUBKEY *key = X509_get_X509_PUBKEY(issuer);
    int key_len = i2d_X509_PUBKEY(key, NULL), cert_len = i2d_X509(cert, NULL);
    if (key_len <= 0 || cert_len <= 0 || key_len > SIGNATURES_INPUT_MAX_BYTES ||
        cert_len > SIGNATURES_INPUT_MAX_BYTES - key_len)
        return false;
    uint8_t *p = s->input;
    return i2d_X509_PUBKEY(key, &p) == key_len && i2d_X509(cert, &p) == cert_len &&
           EVP_Digest(s->input, (size_t)(p - s->input), out->sha256, NULL, s->sha256, NULL) == 1;
}

bool signatures_verify(signatures *s, X509 *cert, X509 *issuer)
{
    struct entry e;
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    if (key == NULL)
        return false;
    bool kept = is_whole(key) && hash(s, cert, issuer, &e);
    if (kept && is_known(s, &e)) {
        s->counts.hits++;
        return true;
    }
    s->counts.misses++;
    ERR_set_mark();
    bool good = X509_verify(cert, key) == 1;
    ERR_pop_to_mark();
    if (good && kept)
        remember(s, &e);
    return good;
}

/* ---- in the place of OpenSSL's own walk ----------------------------------------------------- */

/* What X509_verify_cert runs on behalf of a context. */
struct walk {
    signatures *known;
    X509_STORE_CTX_verify_fn openssl; /* checks signatures, key usage and times of the path */
};

/* OpenSSL hands out slots for the life of the process. */
static CRYPTO_ONCE slot_once = CRYPTO_ONCE_STATIC_INIT;
static int walk_slot = -1;

static void get_slot(void)
{
    walk_slot = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* X509_cmp_time says 0 of what is no time. */
static bool is_in_time(const X509 *cert, time_t at)
{
    return X509_cmp_time(X509_get0_notBefore(cert), &at) < 0 &&
           X509_cmp_time(X509_get0_notAfter(cert), &at) > 0;
}

/* Whether each certificate of a built path is in its time, and issued by the next one with a key
 * that may do so, the last by itself. True only if OpenSSL's own walk would find no fault: what is
 * asked here is the same or more. Its other flags are about what is not this plain. */
static bool is_faultless(signatures *s, X509_STORE_CTX *ctx)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    const X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    unsigned long flags = X509_VERIFY_PARAM_get_flags(param);
    time_t at = X509_VERIFY_PARAM_get_time(param);
    int n = sk_X509_num(path);
    if (n <= 0 || (flags & X509_V_FLAG_USE_CHECK_TIME) == 0 ||
        (flags & X509_V_FLAG_CHECK_SS_SIGNATURE) != 0)
        return false;
    for (int i = 0; i < n; i++) {
        X509 *cert = sk_X509_value(path, i), *issuer = sk_X509_value(path, i + 1 < n ? i + 1 : i);
        if (!is_in_time(cert, at) || X509_check_issued(issuer, cert) != X509_V_OK)
            return false;
    }
    /* That the last one signed itself is nothing to go by: it is an anchor, or it is not. */
    for (int i = n - 2; i >= 0; i--)
        if (!signatures_verify(s, sk_X509_value(path, i), sk_X509_value(path, i + 1)))
            return false;
    return true;
}

/* Tells the callback of each certificate that it is good, the last one first. */
static int tell_good(X509_STORE_CTX *ctx)
{
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    X509_STORE_CTX_verify_cb tell = X509_STORE_CTX_get_verify_cb(ctx);
    for (int i = sk_X509_num(path) - 1; i >= 0; i--) {
        X509_STORE_CTX_set_error_depth(ctx, i);
        X509_STORE_CTX_set_current_cert(ctx, sk_X509_value(path, i));
        if (tell(1, ctx) == 0)
            return 0;
    }
    return 1;
}

static int walk_path(X509_STORE_CTX *ctx)
{
    const struct walk *w = X509_STORE_CTX_get_ex_data(ctx, walk_slot);
    return is_faultless(w->known, ctx) ? tell_good(ctx) : w->openssl(ctx);
}

int signatures_verify_path(signatures *s, X509_STORE_CTX *ctx)
{
    struct walk w = {.known = s, .openssl = X509_STORE_CTX_get_verify(ctx)};
    if (s == NULL || w.openssl == NULL || CRYPTO_THREAD_run_once(&slot_once, get_slot) != 1 ||
        walk_slot < 0 || X509_STORE_CTX_set_ex_data(ctx, walk_slot, &w) != 1)
        return X509_verify_cert(ctx);
    X509_STORE_CTX_set_verify(ctx, walk_path);
    int rc = X509_verify_cert(ctx);
    X509_STORE_CTX_set_verify(ctx, w.openssl);
    X509_STORE_CTX_set_ex_data(ctx, walk_slot, NULL);
    return rc;
}
