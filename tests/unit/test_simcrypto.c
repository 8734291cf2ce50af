/* Units of tests/simnet/crypto.c, kdf13.c, x25519.c and fast_rsa.c: what they give is the same as
 * OpenSSL's own algorithms give, or good for them. */
#include "tests/simnet/crypto.h"
#include "tests/simnet/fast_rsa.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct derivation {
    int mode;
    const char *digest, *label;
    bool salt, key;
    size_t data_bytes; /* SIZE_MAX: none is given */
    size_t bytes;
};

static const uint8_t secret[64] = "sixty-four bytes that nobody else has, or forty-eight of these.";

/* Whose algorithm it was goes to *provider. */
static bool derive(OSSL_LIB_CTX *library, const char *query, const struct derivation *d,
                   uint8_t *out, const char **provider)
{
    OSSL_PARAM params[8], *p = params;
    int mode = d->mode;
    size_t hash_bytes = strstr(d->digest, "256") != NULL ? 32 : 48;
    EVP_KDF *kdf = EVP_KDF_fetch(library, OSSL_KDF_NAME_TLS1_3_KDF, query);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)d->digest, 0);
    if (d->key)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret,
                                                 hash_bytes);
    if (d->salt)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
                                                 (void *)(uintptr_t)(secret + 8), hash_bytes);
    *p++ =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)(uintptr_t) "tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)(uintptr_t)d->label,
                                             strlen(d->label));
    if (d->data_bytes != SIZE_MAX)
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA,
                                                 (void *)(uintptr_t)(secret + 16), d->data_bytes);
    *p = OSSL_PARAM_construct_end();
    *provider = OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf));
    bool ok = EVP_KDF_derive(ctx, out, d->bytes, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

static void test_derives_as_openssl_does(void **state)
{
    static const struct derivation cases[] = {
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", false, true, SIZE_MAX, 16},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", "iv", false, true, 0, 12},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "c hs traffic", false, true, 32, 32},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", "s ap traffic", false, true, 48, 48},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA384", "key", false, true, SIZE_MAX, 32},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "longer than a hash", false, true, 5, 77},
        {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", false, false, SIZE_MAX, 32},
        {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", true, true, SIZE_MAX, 32},
        {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", true, false, SIZE_MAX, 32},
        {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-384", "derived", true, true, SIZE_MAX, 48},
    };
    const char *provider;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t usual[128] = {0}, ours[128] = {0};
        assert_true(derive(NULL, NULL, &cases[i], usual, &provider));
        assert_true(derive(sim_crypto(), SIM_CRYPTO_QUERY, &cases[i], ours, &provider));
        assert_string_equal(provider, "simnet");
        assert_memory_equal(ours, usual, sizeof ours);
    }
}

static void test_derives_nothing_of_what_it_cannot(void **state)
{
    static const struct derivation cases[] = {
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-512", "key", false, true, SIZE_MAX, 16},
        {EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", "key", false, true, SIZE_MAX, 16},
        {EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", "derived", true, true, SIZE_MAX, 31},
        {EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "key", false, true, SIZE_MAX, 255 * 32 + 1},
    };
    const char *provider;
    static uint8_t out[255 * 32 + 1];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(derive(sim_crypto(), SIM_CRYPTO_QUERY, &cases[i], out, &provider));
}

static void agree(EVP_PKEY *mine, OSSL_LIB_CTX *library, const char *query, EVP_PKEY *peer,
                  uint8_t out[32])
{
    uint8_t point[32];
    size_t len = 32, point_len;
    EVP_PKEY *theirs = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(library, mine, query);
    assert_int_equal(EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     point, sizeof point, &point_len),
                     1);
    assert_int_equal(EVP_PKEY_copy_parameters(theirs, mine), 1); /* as libssl does */
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(theirs, point, point_len), 1);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, out, &len), 1);
    assert_int_equal(len, 32);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
}

static void test_agrees_with_a_client(void **state)
{
    uint8_t ours[32], theirs[32];
    (void)state;
    EVP_PKEY *server = EVP_PKEY_Q_keygen(sim_crypto(), SIM_CRYPTO_QUERY, "X25519");
    EVP_PKEY *again = EVP_PKEY_Q_keygen(sim_crypto(), SIM_CRYPTO_QUERY, "X25519");
    EVP_PKEY *client = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_true(server && again && client);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(server)), "simnet");
    assert_int_equal(EVP_PKEY_eq(server, again), 1);
    EVP_PKEY_free(again); /* the first one stays whole */
    agree(server, sim_crypto(), SIM_CRYPTO_QUERY, client, ours);
    agree(client, NULL, NULL, server, theirs);
    assert_memory_equal(ours, theirs, sizeof ours);
    EVP_PKEY_free(client);
    EVP_PKEY_free(server);
}

static void test_takes_no_other_pair_for_its_own(void **state)
{
    (void)state;
    EVP_PKEY *other =
        EVP_PKEY_new_raw_private_key_ex(sim_crypto(), "X25519", SIM_CRYPTO_QUERY, secret, 32);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(sim_crypto(), other, SIM_CRYPTO_QUERY);
    assert_non_null(ctx);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(other)), "simnet");
    assert_int_not_equal(EVP_PKEY_derive_init(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
}

/* The public half alone, as a client has it. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const uint8_t *at = der;
    assert_true(len > 0);
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, len);
    OPENSSL_free(der);
    assert_non_null(half);
    return half;
}

static void sign_and_verify(EVP_PKEY *key, EVP_PKEY *half, int padding)
{
    uint8_t signature[256];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how;
    assert_int_equal(EVP_DigestSignInit(ctx, &how, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, padding), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, secret, sizeof secret), 1);
    EVP_MD_CTX_reset(ctx);
    assert_int_equal(EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, half), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, padding), 1);
    assert_int_equal(EVP_DigestVerify(ctx, signature, len, secret, sizeof secret), 1);
    assert_int_not_equal(EVP_DigestVerify(ctx, signature, len, secret, 10), 1);
    EVP_MD_CTX_free(ctx);
}

static void test_rsa_keys_sign(void **state)
{
    static const int bits[] = {1024, 2048};
    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        EVP_PKEY *key = fast_rsa_create(bits[i]);
        assert_non_null(key);
        EVP_PKEY *half = public_half(key);
        assert_int_equal(EVP_PKEY_get_bits(half), bits[i]);
        for (int n = 0; n < 20; n++) {
            sign_and_verify(key, half, RSA_PKCS1_PADDING);
            sign_and_verify(key, half, RSA_PKCS1_PSS_PADDING);
        }
        EVP_PKEY_free(half);
        EVP_PKEY_free(key);
    }
    assert_null(fast_rsa_create(2049));
    assert_null(fast_rsa_create(4096));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derives_as_openssl_does),
        cmocka_unit_test(test_derives_nothing_of_what_it_cannot),
        cmocka_unit_test(test_agrees_with_a_client),
        cmocka_unit_test(test_takes_no_other_pair_for_its_own),
        cmocka_unit_test(test_rsa_keys_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
