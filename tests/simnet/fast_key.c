/* A nonce of one's own is given through the methods of an EC_KEY, which OpenSSL 3.0 deprecates
 * without having another way. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/simnet/fast_key.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>
#include <stddef.h>

typedef int sign_fn(int type, const unsigned char *digest, int digest_len, unsigned char *signature,
                    unsigned int *len, const BIGNUM *inverse, const BIGNUM *r, EC_KEY *key);

/* OpenSSL calls a method with nothing of ours but the key: these are had once and never change. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static EC_KEY_METHOD *method; /* NULL: could not be had */
static sign_fn *usual_sign;
static BIGNUM *nonce_inverse, *nonce_r; /* what signatures need of it; the same for all keys */

static int sign(int type, const unsigned char *digest, int digest_len, unsigned char *signature,
                unsigned int *len, const BIGNUM *inverse, const BIGNUM *r, EC_KEY *key)
{
    (void)inverse;
    (void)r;
    return usual_sign(type, digest, digest_len, signature, len, nonce_inverse, nonce_r, key);
}

static void make_method(void)
{
    int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **);
    ECDSA_SIG *(*sign_sig)(const unsigned char *, int, const BIGNUM *, const BIGNUM *, EC_KEY *);
    EC_KEY *any = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EC_KEY_METHOD *made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (any && made && EC_KEY_generate_key(any) == 1 &&
        ECDSA_sign_setup(any, NULL, &nonce_inverse, &nonce_r) == 1) {
        EC_KEY_METHOD_get_sign(made, &usual_sign, &setup, &sign_sig);
        EC_KEY_METHOD_set_sign(made, sign, setup, sign_sig);
        method = made;
    } else {
        EC_KEY_METHOD_free(made);
    }
    EC_KEY_free(any);
}

EVP_PKEY *fast_key_create(void)
{
    if (CRYPTO_THREAD_run_once(&once, make_method) != 1 || !method)
        return NULL;
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EVP_PKEY *key = EVP_PKEY_new();
    if (ec && key && EC_KEY_generate_key(ec) == 1 && EC_KEY_set_method(ec, method) == 1 &&
        EVP_PKEY_assign_EC_KEY(key, ec) == 1)
        return key;
    EC_KEY_free(ec);
    EVP_PKEY_free(key);
    return NULL;
}
