/* tls_signatures - which certificate is known to be signed by which key.
 *
 * A few hundred intermediates stand behind the certificates of millions of servers, and that their
 * own signatures are good need be found out but once. Kept is the SHA-256 of issuer's key
 * (SubjectPublicKeyInfo) and certificate, both in DER, of signatures that were verified and are
 * good; what is not good is verified, and fails, each time. So nothing can be read out of the
 * cache that OpenSSL would not say itself, short of a collision of SHA-256.
 *
 * One thread owns it. Its memory is bounded: `max` entries of 32 bytes, and a buffer. */
#ifndef SCANNER_NET_TLS_SIGNATURES_H
#define SCANNER_NET_TLS_SIGNATURES_H

#include "lib/status.h"
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIGNATURES_WAYS = 8, /* entries among which the least recently used is replaced */
    /* Key and certificate together; what is longer is verified each time. */
    SIGNATURES_INPUT_MAX_BYTES = 64 * 1024,
};

struct signatures_counts {
    uint64_t hits;      /* signatures that were known to be good */
    uint64_t misses;    /* verified, good or not */
    uint64_t evictions; /* forgotten for others */
};

typedef struct signatures signatures;
/* `max` is rounded up to a power of two, SIGNATURES_WAYS at least. ST_NOMEM. */
enum status signatures_new(size_t max, signatures **out);
void signatures_free(signatures *s); /* NULL is fine */

/* Whether the key of `issuer` signed `cert`: what X509_verify says. Nothing else of the two is
 * looked at, neither names nor times nor what the key may be used for. */
bool signatures_verify(signatures *s, X509 *cert, X509 *issuer);

/* X509_verify_cert, with signatures verified as above. The verify callback of ctx is called as by
 * X509_verify_cert, of the same certificates with the same errors in the same order (but that of a
 * good one it cannot ask X509_STORE_CTX_get0_current_issuer): where anything may be wrong with
 * times, key usage or signatures, OpenSSL's own code goes over them, and verifies all. Something
 * is saved only where ctx was given a time (X509_STORE_CTX_set_time). Not for DANE contexts.
 * s NULL: X509_verify_cert itself. */
int signatures_verify_path(signatures *s, X509_STORE_CTX *ctx);

struct signatures_counts signatures_counts(const signatures *s);

#endif
