/* net_pki - certificates made at run time, for tests. Failures end the test (cmocka). */
#ifndef TESTS_UNIT_NET_PKI_H
#define TESTS_UNIT_NET_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>

struct pki_cert {
    X509 *x509;
    EVP_PKEY *key;
};

/* All zero is a P-256 leaf without names, self-signed, SHA-256, valid from an hour ago for 90 days.
 */
struct pki_spec {
    const struct pki_cert *issuer; /* NULL: self-signed */
    const char *cn;                /* NULL: none */
    const char *san;               /* as in openssl.cnf: "DNS:a.example,DNS:*.b.example"; NULL */
    bool ca;
    int rsa_bits;             /* 0: */
    const char *key;          /* a curve or "ED25519"; NULL: "P-256" */
    const char *digest;       /* NULL: "SHA256"; of no meaning under an Ed25519 issuer */
    long from_s, until_s;     /* from now; both 0: the default */
    const char *aia;          /* caIssuers URL, NULL none */
    size_t many_names;        /* so many SAN dNSNames h<i>.many.example instead of san */
    const char *raw_dns_name; /* one SAN dNSName of raw_dns_len bytes, NULs included */
    int raw_dns_len;
};
struct pki_cert pki_make(const struct pki_spec *spec);
/* As in openssl.cnf; of a certificate that is still to be signed. */
void pki_add_extension(X509 *x, int nid, const char *value);
void pki_free(struct pki_cert *c);
/* Writes certificates as PEM to a new file; the path is static text of the caller's size. */
void pki_write_pem(char path[64], const struct pki_cert *const *certs, size_t n);

#endif
