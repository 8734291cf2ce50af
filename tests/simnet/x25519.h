/*
 * x25519 - key exchange (RFC 7748) as a server has it for nothing
 *
 * The server's scalar is one. So its public key is the base point, and what it shares with a client
 * is the client's public key: the client, which multiplies the base point once more, comes to the
 * same. A client's part is what it always is, and nobody else is to be kept from reading along.
 *
 * For simnet's provider (crypto.h): keys are those of OpenSSL, but that a generated pair is always
 * this one; the exchange is ours, and takes no other pair for its own.
 */
#ifndef SIMNET_X25519_H
#define SIMNET_X25519_H

#include <openssl/core.h>
#include <stdbool.h>

/* Once, before any use: OpenSSL's keys and what belongs to their provider, both of which must stay.
 * False: they lack something. */
bool x25519_init(const OSSL_DISPATCH *keys, void *provctx);

/* What a provider offers under OSSL_OP_KEYMGMT and OSSL_OP_KEYEXCH, for its lifetime; of keys NULL
 * before x25519_init(). */
const OSSL_DISPATCH *x25519_keys(void);
extern const OSSL_DISPATCH x25519_exchange[];

#endif
