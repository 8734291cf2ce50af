/* tls_verify - one trust store, and the recording verifier that fetcher and prober share.
 *
 * The handshake goes on past a bad certificate: verdict and evidence come from one connection. It
 * negotiates from TLS 1.0 at security level 0 and judges version, key and signature itself.
 * The trust store is made once and shared read-only; everything else belongs to one thread. */
#ifndef SCANNER_NET_TLS_VERIFY_H
#define SCANNER_NET_TLS_VERIFY_H

#include "lib/evidence.h"
#include "lib/match.h"
#include "scanner/net/tls_signatures.h"
#include "scanner/net/wall.h"
#include <openssl/ssl.h>
#include <stdatomic.h>

enum {
    TLS_CHAIN_MAX_CERTS = 16,             /* certificates kept of one served chain */
    TLS_CHAIN_MAX_BYTES = 64 * 1024,      /* of them together; the leaf is kept whatever its size */
    TLS_CERT_LIST_MAX_BYTES = 100 * 1024, /* a longer Certificate message fails the handshake, as it
                                             does in senders built on OpenSSL */
    TLS_VERIFY_DEPTH_MAX = 16,            /* intermediates in a path */
    TLS_RSA_MIN_BITS = 2048,              /* below is CERT_WEAK_KEY (CA/B BR 6.1.5) */
    /* Of a group for finite-field DH of the server's choice: OpenSSL's own bound is 10,000 bits,
     * with which a handshake takes this thread a second and more. */
    TLS_DH_MAX_BITS = 8192,
    /* Read from one connection: handshake, and what comes after it beside the answer proper. */
    TLS_RECEIVED_MAX_BYTES = 512 * 1024,
    AIA_URL_MAX_BYTES = 1024,
    AIA_CERTS_MAX = 16, /* certificates taken from one AIA response */
};

typedef struct tls_trust tls_trust;
/* ca_file NULL: the system bundle. ST_NOT_FOUND when it holds no certificate. */
enum status tls_trust_new(const char *ca_file, tls_trust **out);
void tls_trust_free(tls_trust *t);
/* The clock by which it judges certificates, started by tls_trust_new. */
const struct wall *tls_trust_wall(const tls_trust *t);

/* A chain as it was served, immutable, shared between threads by reference count. Short-lived: the
 * leaf is large, kept so that nobody has to read its key again, which costs OpenSSL 3.0 most of all
 * that there is to reading a certificate. */
struct cert_chain {
    atomic_uint refs;
    size_t n;
    bool truncated; /* more was served than the caps allow */
    X509 *leaf;     /* cert[0] as the handshake read it, only looked at; NULL: nobody could */
    struct cert_der {
        uint8_t *der;
        size_t len;
        uint8_t sha256[32];
    } * cert; /* leaf first */
};
struct cert_chain *cert_chain_ref(struct cert_chain *c);
void cert_chain_unref(struct cert_chain *c); /* NULL is fine */

/* What one handshake showed; filled in by the verifier and by tls_record_end. */
struct tls_record {
    struct tls_facts facts;   /* strings in arena */
    struct cert_names names;  /* in arena */
    struct cert_chain *chain; /* one reference, or NULL */
    const char *aia_url; /* caIssuers of the last certificate when the issuer is missing; NULL */
    struct arena *arena;
    const tls_trust *trust;
    signatures *signatures;  /* known to the thread; set after the init, NULL: none are kept */
    bool verified;           /* the verify callback ran */
    bool established;        /* the handshake was completed */
    size_t received;         /* bytes of the records that were read, */
    size_t received_max;     /* at which the stream ends; more by what the reader wants itself */
    unsigned long ssl_error; /* OpenSSL's error that ended the handshake, 0 none */
};

/* Prepares ctx (a client context): trust, verify callback, info callback for alerts, versions,
 * security level, no buffers while it waits. `trust` must outlive ctx. */
enum status tls_verify_setup(SSL_CTX *ctx, const tls_trust *trust);
/* After the setup of its context: ties a connection to its record, which must outlive the SSL or be
 * taken off with NULL. */
enum status tls_verify_attach(SSL *ssl, struct tls_record *rec);
/* The same for every connection of ctx, where somebody else makes the one SSL (libcurl). */
enum status tls_verify_attach_ctx(SSL_CTX *ctx, struct tls_record *rec);
void tls_record_init(struct tls_record *rec, struct arena *arena, const tls_trust *trust);
/* How a handshake ended that was not completed, told from alert and error seen. */
enum tls_end tls_record_failure(const struct tls_record *rec);
/* After the handshake ended: end, alert or failure, name verdict for `host` (NULL: no verdict). */
void tls_record_end(struct tls_record *rec, enum tls_end end, const char *host);
void tls_record_release(struct tls_record *rec); /* drops the chain reference */

/* Verifies a captured chain again with more intermediates (a certificate in DER as fetched from an
 * AIA URL; a PKCS#7 bundle is understood too). *mended: an anchor is reached now and nothing but
 * time can still be wrong, which has faults of its own. ST_INVALID when `extra` holds no
 * certificate. */
enum status tls_verify_with(const tls_trust *trust, const struct cert_chain *chain,
                            const uint8_t *extra, size_t len, int64_t now_s, bool *mended);

/* SAN dNSNames and CN of the first certificate of a text in PEM. ST_INVALID when there is none. */
enum status tls_pem_names(const char *pem, struct arena *arena, struct cert_names *out);

#endif
