/*
 * crypto - OpenSSL's algorithms as simnet's servers use them
 *
 * A library context with the default provider and one of simnet's own, which has what a server pays
 * for most without need: the key derivation of TLS 1.3 (kdf13.h) and X25519 (x25519.h), since
 * nothing in the box has to stay secret. What is offered, negotiated and seen by clients is the
 * same.
 *
 * Made once, for the life of the process, and shared by all threads.
 */
#ifndef SIMNET_CRYPTO_H
#define SIMNET_CRYPTO_H

#include <openssl/types.h>

/* Prefers simnet's own algorithms: for what takes a property query beside the context. */
#define SIM_CRYPTO_QUERY "?provider=simnet"

/* NULL, which is OpenSSL's default context, when it cannot be made; a query for simnet's algorithms
 * finds the usual ones there. */
OSSL_LIB_CTX *sim_crypto(void);

#endif
