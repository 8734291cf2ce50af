/*
 * kdf13 - the key derivation of TLS 1.3 (RFC 8446 section 7.1) for a provider of OpenSSL
 *
 * OpenSSL's own TLS13-KDF copies each of its parameters, looks the digest up and makes two contexts
 * of HMAC for each of the 25 keys and secrets of a handshake, which costs ten times what is
 * computed. This one computes, with the digests of another provider. Its contexts hold nothing: all
 * parameters must come with EVP_KDF_derive(), as those of OpenSSL's TLS do. Hashes are SHA-256 and
 * SHA-384, those of the cipher suites of TLS 1.3.
 */
#ifndef SIMNET_KDF13_H
#define SIMNET_KDF13_H

#include <openssl/core.h>
#include <stdbool.h>

/* For OSSL_OP_KDF. Its functions can be called once kdf13_init() was. */
extern const OSSL_DISPATCH kdf13_functions[];

/* Takes the digests from what a provider gives for OSSL_OP_DIGEST; provctx: that provider's. Once,
 * and before any thread derives. False: they are not among them. */
bool kdf13_init(const OSSL_ALGORITHM *digests, void *provctx);

#endif
