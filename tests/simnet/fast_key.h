/*
 * fast_key - P-256 keys whose signatures cost two multiplications
 *
 * Of an ECDSA signature nearly all is the point of a nonce that is drawn for it (SEC 1
 * section 4.1.3). These keys keep one nonce for ever. Who sees two signatures of such a key can
 * compute the key, so that it is for servers that have nothing to protect; the signatures are as
 * good as any to verify.
 */
#ifndef SIMNET_FAST_KEY_H
#define SIMNET_FAST_KEY_H

#include <openssl/types.h>

/* NULL: OpenSSL failed. EVP_PKEY_free(). Any number of threads may sign with it at once. */
EVP_PKEY *fast_key_create(void);

#endif
