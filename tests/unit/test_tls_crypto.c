/* Units of scanner/net/tls_crypto.c: what can be read and negotiated is as in the default context.
 */
#include "scanner/net/tls_crypto.h"
#include "tests/unit/net_world.h"

#include <openssl/decoder.h>
#include <openssl/dsa.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void count_one(OSSL_DECODER *decoder, void *n)
{
    (void)decoder;
    ++*(size_t *)n;
}

static void test_is_thinned_out(void **state)
{
    (void)state;
    OSSL_LIB_CTX *ours = tls_crypto();
    assert_non_null(ours);
    assert_ptr_equal(tls_crypto(), ours);
    size_t all = 0, kept = 0;
    OSSL_DECODER_do_all_provided(NULL, count_one, &all);
    OSSL_DECODER_do_all_provided(ours, count_one, &kept);
    assert_true(kept > 5 && kept < all / 2);
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(ours, "AES-128-GCM", NULL);
    assert_non_null(gcm);
    EVP_CIPHER_free(gcm);
    assert_null(EVP_CIPHER_fetch(ours, "AES-128-XTS", NULL));
    ERR_clear_error();
}

static int count_group(const OSSL_PARAM params[], void *n)
{
    (void)params;
    ++*(size_t *)n;
    return 1;
}

static int count_groups(OSSL_PROVIDER *provider, void *n)
{
    return OSSL_PROVIDER_get_capabilities(provider, "TLS-GROUP", count_group, n);
}

/* Each context for connections copies them all. */
static void test_knows_the_groups_that_are_offered(void **state)
{
    (void)state;
    size_t all = 0, kept = 0;
    assert_int_equal(OSSL_PROVIDER_do_all(NULL, count_groups, &all), 1);
    assert_int_equal(OSSL_PROVIDER_do_all(tls_crypto(), count_groups, &kept), 1);
    assert_true(all > 40);
    assert_in_range(kept, 10, all / 2);
}

/* Within enter and leave, and only there, what is made without a context is made in ours. */
static void test_enter(void **state)
{
    (void)state;
    OSSL_LIB_CTX *before = tls_crypto_enter();
    assert_null(EVP_CIPHER_fetch(NULL, "AES-128-XTS", NULL));
    tls_crypto_leave(before);
    EVP_CIPHER *xts = EVP_CIPHER_fetch(NULL, "AES-128-XTS", NULL);
    assert_non_null(xts);
    EVP_CIPHER_free(xts);
    ERR_clear_error();
}

/* ---- public keys ---------------------------------------------------------------------------- */

/* A key by its name, or by parameters that were made before. */
static EVP_PKEY *generate(const char *kind, EVP_PKEY *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = params != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL)
                                       : EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    assert_true(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static EVP_PKEY *dsa_params(void)
{
    EVP_PKEY *params = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    assert_true(EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024));
    assert_int_equal(EVP_PKEY_paramgen(ctx, &params), 1);
    EVP_PKEY_CTX_free(ctx);
    return params;
}

static EVP_PKEY *make_key(const char *kind, const char *curve)
{
    if (curve != NULL)
        return EVP_PKEY_Q_keygen(NULL, NULL, kind, curve);
    return generate(kind, strcmp(kind, "DSA") == 0 ? dsa_params() : NULL);
}

static void test_every_kind_of_key(void **state)
{
    static const struct {
        const char *kind, *curve;
    } keys[] = {
        {"RSA", NULL},       {"RSA-PSS", NULL}, {"DSA", NULL},
        {"EC", "P-256"},     {"EC", "P-384"},   {"EC", "P-521"},
        {"EC", "secp256k1"}, {"EC", "P-224"},   {"EC", "brainpoolP256r1"},
        {"ED25519", NULL},   {"ED448", NULL},   {"X25519", NULL},
        {"X448", NULL},      {"SM2", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        EVP_PKEY *key = make_key(keys[i].kind, keys[i].curve);
        assert_non_null(key);
        uint8_t *der = NULL;
        int len = i2d_PUBKEY(key, &der);
        assert_true(len > 0);
        const uint8_t *p = der;
        EVP_PKEY *read = d2i_PUBKEY_ex(NULL, &p, len, tls_crypto(), NULL);
        assert_non_null(read);
        assert_int_equal(EVP_PKEY_eq(read, key), 1);
        assert_int_equal(EVP_PKEY_get_bits(read), EVP_PKEY_get_bits(key));
        assert_string_equal(EVP_PKEY_get0_type_name(read), EVP_PKEY_get0_type_name(key));
        EVP_PKEY_free(read);
        /* Of a damaged one neither is read. */
        der[1] ^= 1;
        p = der;
        assert_null(d2i_PUBKEY_ex(NULL, &p, len, tls_crypto(), NULL));
        EVP_PKEY_free(key);
        OPENSSL_free(der);
    }
    ERR_clear_error();
}

/* ---- the handshake -------------------------------------------------------------------------- */

struct hello {
    uint8_t bytes[4096];
    size_t len;
};

static size_t u16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* Zeroes what is random: random, session id, the keys shared. */
static void blank(struct hello *h)
{
    enum { RECORD = 5, HEAD = 4, VERSION = 2, RANDOM = 32, KEY_SHARE = 51 };
    uint8_t *p = h->bytes + RECORD + HEAD + VERSION, *end = h->bytes + h->len;
    memset(p, 0, RANDOM);
    p += RANDOM;
    memset(p + 1, 0, *p);
    p += 1 + *p;
    p += 2 + u16(p); /* cipher suites */
    p += 1 + *p;     /* compression */
    p += 2;          /* length of the extensions */
    while (p < end) {
        if (u16(p) == KEY_SHARE) /* type, length, length of the list, group, length, key */
            memset(p + 10, 0, u16(p + 8));
        p += 4 + u16(p + 2);
    }
    assert_ptr_equal(p, end);
}

static void say_hello(struct net_world *w, OSSL_LIB_CTX *lib, struct hello *out)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(lib, NULL, TLS_client_method());
    assert_int_equal(tls_verify_setup(ctx, w->trust), ST_OK);
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *sent = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, sent);
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, NET_HOST);
    assert_int_equal(SSL_do_handshake(ssl), -1);
    int len = BIO_read(sent, out->bytes, sizeof out->bytes);
    assert_true(len > 100 && len < (int)sizeof out->bytes);
    out->len = (size_t)len;
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    blank(out);
}

static void test_same_hello(void **state)
{
    struct hello theirs, ours;
    say_hello(*state, NULL, &theirs);
    say_hello(*state, tls_crypto(), &ours);
    assert_int_equal(ours.len, theirs.len);
    assert_memory_equal(ours.bytes, theirs.bytes, theirs.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_thinned_out),
        cmocka_unit_test(test_knows_the_groups_that_are_offered),
        cmocka_unit_test(test_enter),
        cmocka_unit_test(test_every_kind_of_key),
        cmocka_unit_test(test_same_hello),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
