/*
 * fast_rsa - RSA keys whose signatures cost an eighth
 *
 * A modulus of many primes of 32 bits each (RFC 8017 section 3: there may be more than two): the
 * power is taken modulo each of them in a register, and the results are put together. Whoever tries
 * finds those primes; nothing in the box has to stay secret. What clients see and verify is a
 * modulus of the usual length with the usual exponent.
 *
 * Such a key is also cheap to put into a certificate, which takes ten times longer than all else of
 * a leaf for one of OpenSSL's providers.
 */
#ifndef SIMNET_FAST_RSA_H
#define SIMNET_FAST_RSA_H

#include <openssl/types.h>

/* bits: a multiple of 32, at most 2048. NULL: OpenSSL failed. EVP_PKEY_free(). Any number of
 * threads may sign with it at once. */
EVP_PKEY *fast_rsa_create(int bits);

#endif
