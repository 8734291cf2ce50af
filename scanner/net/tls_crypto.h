/* tls_crypto - OpenSSL's algorithms without those that a certificate and a handshake never need.
 *
 * OpenSSL 3.0 gathers all of its decoders, forty, each time it reads the public key of a
 * certificate, and pairs each with each: a quarter of what a handshake costs (3.2 keeps the list).
 * Here is a library context whose decoders are only those for public keys as certificates hold them
 * (SubjectPublicKeyInfo in DER, of every kind of key there is), and whose groups for key exchange
 * are those that are offered; all else is that of the default provider. What can be read,
 * negotiated and verified is the same.
 *
 * Made once, for the life of the process, and shared by all threads. */
#ifndef SCANNER_NET_TLS_CRYPTO_H
#define SCANNER_NET_TLS_CRYPTO_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

/* The context; NULL, which is OpenSSL's default one, when it cannot be made. */
OSSL_LIB_CTX *tls_crypto(void);

/* The certificate that `der` begins with, made in that context; NULL when it is none. X509_free. */
X509 *tls_crypto_certificate(const uint8_t *der, size_t len);

/* For a library that makes its objects in the default context (libcurl): what it does between
 * the two calls, on this thread, happens in ours. */
OSSL_LIB_CTX *tls_crypto_enter(void);
void tls_crypto_leave(OSSL_LIB_CTX *entered);

#endif
