/* A modulus of such primes is computed with by the methods of an RSA key, which OpenSSL 3.0
 * deprecates without having another way. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/simnet/fast_rsa.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { PRIME_BITS = 32, PRIMES_MAX = 2048 / PRIME_BITS, EXPONENT = 65537 };

/* Seven bits set at the top, so that the product of 64 of them has no bit less than all together.
 */
#define PRIME_TOP 0xfe000000u

struct part {
    uint32_t prime, exponent; /* of the private half, modulo prime - 1 */
    BIGNUM *whole;            /* 1 modulo this prime, 0 modulo all others (Chinese remainders) */
};

struct parts {
    size_t count;
    struct part part[PRIMES_MAX];
};

/* OpenSSL calls a method with nothing of ours but the key: these are had once and never change. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static RSA_METHOD *method; /* NULL: could not be had */
static int parts_index;    /* of a key's struct parts */

/* ---- the private half ----------------------------------------------------------------------- */

static uint64_t power(uint64_t base, uint32_t exponent, uint32_t modulus)
{
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

static int raise(BIGNUM *out, const BIGNUM *in, RSA *rsa, BN_CTX *ctx)
{
    const struct parts *parts = RSA_get_ex_data(rsa, parts_index);
    BN_CTX_start(ctx);
    BIGNUM *sum = BN_CTX_get(ctx), *term = BN_CTX_get(ctx);
    bool ok = term != NULL;
    if (ok)
        BN_zero(sum);
    for (size_t i = 0; ok && i < parts->count; i++) {
        const struct part *part = &parts->part[i];
        uint64_t rest = power(BN_mod_word(in, part->prime), part->exponent, part->prime);
        ok = BN_copy(term, part->whole) && BN_mul_word(term, rest) && BN_add(sum, sum, term);
    }
    ok = ok && BN_mod(out, sum, RSA_get0_n(rsa), ctx);
    BN_CTX_end(ctx);
    return ok;
}

static void free_parts(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long number,
                       void *arg)
{
    struct parts *parts = ptr;
    (void)parent;
    (void)data;
    (void)index;
    (void)number;
    (void)arg;
    for (size_t i = 0; parts && i < parts->count; i++)
        BN_free(parts->part[i].whole);
    free(parts);
}

static void make_method(void)
{
    RSA_METHOD *made = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    parts_index = RSA_get_ex_new_index(0, NULL, NULL, NULL, free_parts);
    if (made && parts_index >= 0 && RSA_meth_set_mod_exp(made, raise))
        method = made;
    else
        RSA_meth_free(made);
}

/* ---- a key ---------------------------------------------------------------------------------- */

/* One that none of the others is, and with which the exponent has an inverse. */
static bool draw_prime(const struct parts *others, uint32_t *out, BN_CTX *ctx)
{
    BIGNUM *number = BN_CTX_get(ctx); /* of the caller's frame */
    for (;;) {
        uint32_t word;
        if (RAND_bytes((unsigned char *)&word, sizeof word) != 1)
            return false;
        word |= PRIME_TOP | 1;
        bool known = (word - 1) % EXPONENT == 0;
        for (size_t i = 0; i < others->count; i++)
            known = known || others->part[i].prime == word;
        if (known)
            continue;
        if (!number || BN_set_word(number, word) != 1)
            return false;
        int is_prime = BN_check_prime(number, ctx, NULL);
        if (is_prime < 0)
            return false;
        *out = word;
        if (is_prime)
            return true;
    }
}

/* The inverse of the public exponent modulo prime - 1: EXPONENT is prime, so that one of the first
 * multiples of prime - 1, and 1, can be divided by it. */
static uint32_t private_exponent(uint32_t prime)
{
    uint64_t sum = 1;
    do
        sum += prime - 1;
    while (sum % EXPONENT != 0);
    return (uint32_t)(sum / EXPONENT);
}

static bool draw_primes(struct parts *parts, size_t count, BIGNUM *modulus, BN_CTX *ctx)
{
    bool ok = BN_one(modulus) == 1;
    for (; ok && parts->count < count; parts->count++) {
        struct part *part = &parts->part[parts->count];
        ok = draw_prime(parts, &part->prime, ctx) && BN_mul_word(modulus, part->prime) == 1;
        part->exponent = private_exponent(part->prime);
    }
    return ok;
}

static bool put_together(struct parts *parts, const BIGNUM *modulus)
{
    for (size_t i = 0; i < parts->count; i++) {
        struct part *part = &parts->part[i];
        part->whole = BN_dup(modulus);
        if (!part->whole || BN_div_word(part->whole, part->prime) != 0)
            return false;
        uint64_t rest = BN_mod_word(part->whole, part->prime);
        if (BN_mul_word(part->whole, power(rest, part->prime - 2, part->prime)) != 1)
            return false;
    }
    return true;
}

/* There is no d: mod_exp is all that is asked, and the time that it takes gives nothing away. */
static bool make_key(RSA *rsa, size_t count, BN_CTX *ctx)
{
    struct parts *parts = calloc(1, sizeof *parts);
    if (!parts || RSA_set_method(rsa, method) != 1 ||
        RSA_set_ex_data(rsa, parts_index, parts) != 1) {
        free(parts);
        return false;
    }
    RSA_set_flags(rsa, RSA_FLAG_EXT_PKEY | RSA_FLAG_NO_BLINDING);
    BIGNUM *modulus = BN_new(), *exponent = BN_new();
    if (modulus && exponent && BN_set_word(exponent, EXPONENT) == 1 &&
        draw_primes(parts, count, modulus, ctx) && put_together(parts, modulus) &&
        RSA_set0_key(rsa, modulus, exponent, NULL) == 1)
        return true;
    BN_free(modulus);
    BN_free(exponent);
    return false;
}

EVP_PKEY *fast_rsa_create(int bits)
{
    if (CRYPTO_THREAD_run_once(&once, make_method) != 1 || !method || bits < PRIME_BITS ||
        bits > PRIMES_MAX * PRIME_BITS || bits % PRIME_BITS != 0)
        return NULL;
    RSA *rsa = RSA_new();
    BN_CTX *ctx = BN_CTX_new();
    EVP_PKEY *key = EVP_PKEY_new();
    bool ok = false;
    if (rsa && ctx && key) {
        BN_CTX_start(ctx);
        ok = make_key(rsa, (size_t)(bits / PRIME_BITS), ctx) &&
             EVP_PKEY_assign_RSA(key, rsa) == 1; /* takes it */
        BN_CTX_end(ctx);
    }
    BN_CTX_free(ctx);
    if (ok)
        return key;
    RSA_free(rsa);
    EVP_PKEY_free(key);
    return NULL;
}
