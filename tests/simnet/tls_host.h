/*
 * tls_host - the TLS that a simulated host speaks
 *
 * A tls_host is one thread's context and leaf certificates. A tls_end is the TLS of one connection:
 * it reads the ClientHello, asks the server how the host behaves for this SNI, and then does what
 * the struct sim_tls says: a handshake with that certificate, a fatal alert, an old version; or it
 * reports the faults that are no TLS (reset, close, silence, clear text) for its caller to play.
 *
 * All of it belongs to one thread. Sockets are the caller's.
 */
#ifndef SIMNET_TLS_HOST_H
#define SIMNET_TLS_HOST_H

#include "tests/simnet/leaf_cache.h"
#include "tests/simnet/wire.h"

#include <openssl/ssl.h>
#include <stdbool.h>

struct tls_host;

/* How the host behaves for this SNI (lower case; NULL: none was sent). *h2: offer HTTP/2 by ALPN;
 * it is false when called. */
typedef void tls_ask_fn(void *owner, const char *sni, struct sim_tls *tls, bool *h2);

/* alpn: answer ALPN at all (http/1.1, and h2 when asked for). NULL: OpenSSL failed. */
struct tls_host *tls_host_create(const struct sim_ca *ca, tls_ask_fn *ask, bool alpn);
void tls_host_free(struct tls_host *host);
uint64_t tls_host_issued(const struct tls_host *host);

struct tls_end {
    SSL *ssl; /* NULL: no TLS yet */
    struct tls_host *host;
    const struct wire *wire;
    void *owner;
    const struct ca_leaf *leaf; /* held while the handshake lasts */
    enum sim_tls_mode mode;     /* known from TLS_STEP_DONE or TLS_STEP_FAULT on */
    bool offer_h2;
    bool revoked; /* the stapled OCSP response says so */
};

enum tls_step {
    TLS_STEP_DONE,   /* handshake complete, or bytes moved */
    TLS_STEP_READ,   /* call again when the descriptor can be read */
    TLS_STEP_WRITE,  /* call again when it can be written */
    TLS_STEP_FAULT,  /* handshake only: end->mode is one of the faults that the caller plays */
    TLS_STEP_EOF,    /* the client closed, with close_notify or without */
    TLS_STEP_FAILED, /* the handshake or the connection failed; an alert was sent if one is due */
};

/* False: out of memory. end is zeroed memory; wire outlives it; owner is handed to the tls_ask_fn.
 */
bool tls_end_start(struct tls_end *end, struct tls_host *host, struct wire *wire, void *owner);
enum tls_step tls_end_handshake(struct tls_end *end);
enum tls_step tls_end_read(struct tls_end *end, void *buf, size_t size, size_t *len);
enum tls_step tls_end_write(struct tls_end *end, const void *buf, size_t size, size_t *len);
bool tls_end_chose_h2(const struct tls_end *end);
/* The name in the ClientHello, as it stood; NULL: there was none. */
const char *tls_end_server_name(const struct tls_end *end);
/* Sends close_notify as far as the socket takes it. */
void tls_end_shutdown(struct tls_end *end);
/* Frees the TLS of the connection, not the descriptor. Fine when never started. */
void tls_end_clear(struct tls_end *end);

#endif
