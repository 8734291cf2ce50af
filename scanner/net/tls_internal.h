/* tls_internal - what the files of tls_verify share and nobody else needs. */
#ifndef SCANNER_NET_TLS_INTERNAL_H
#define SCANNER_NET_TLS_INTERNAL_H

#include "scanner/net/tls_signatures.h"
#include "scanner/net/tls_verify.h"
#include <openssl/x509.h>

struct tls_trust {
    X509_STORE *store;
    struct wall wall;
    EVP_MD *sha256; /* fetched once: the implicit fetch costs more than the hash */
};

/* Faults that a verification met. */
struct cert_faults {
    uint32_t errors; /* set of enum cert_error */
    int first;       /* X509_V_ERR_*, 0 none */
};
/* Runs X509_verify_cert to its end whatever is wrong, noting every fault. known: NULL is fine. */
void cert_verify(X509_STORE_CTX *ctx, signatures *known, struct cert_faults *out);

/* Weak keys and signatures of a built path, leaf first; roots are not looked at. */
uint32_t cert_weaknesses(const STACK_OF(X509) * path);
/* SAN dNSNames and CN. */
void cert_read_names(X509 *cert, struct arena *arena, struct cert_names *out);
void cert_read_validity(const X509 *cert, int64_t *not_before_s, int64_t *not_after_s);
/* First http caIssuers URL, NULL when there is none. */
const char *cert_aia_url(X509 *cert, struct arena *arena);
/* The served chain; NULL when out of memory. */
struct cert_chain *cert_chain_new(const EVP_MD *sha256, const STACK_OF(X509) * served);

#endif
