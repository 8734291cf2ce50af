/*
 * ca - the certificate authority of the simulated internet
 *
 * A root and an intermediate (P-256) that the scan trusts by DIR/ca.pem, a second pair that nobody
 * trusts, and one shared key per kind for all leaves, so that issuing a leaf costs one signature.
 * Keys are made at start. Names, dates and flaws of a leaf come from its struct sim_cert.
 *
 * sim_ca_new() and sim_ca_free() are declared in servers.h. A struct sim_ca changes no more once
 * sim_ca_set_aia() has been called: any number of threads may issue from it at once.
 */
#ifndef SIMNET_CA_H
#define SIMNET_CA_H

#include "tests/simnet/servers.h"

#include <openssl/ssl.h>

#define CA_SERIAL_BYTES 16

/* Serial numbers: the first is drawn, others follow it (RFC 5280 section 4.1.2.2: unique). */
struct ca_serial {
    uint8_t bytes[CA_SERIAL_BYTES];
};

struct ca_leaf {
    X509 *cert;
    EVP_PKEY *key;          /* the authority's: not referenced */
    STACK_OF(X509) * chain; /* the authority's: not referenced; NULL when the leaf is sent alone */
};

X509 *ca_borrow_root(const struct sim_ca *ca);

/* DER of the trusted intermediate, as an AIA server sends it; lives as long as the ca. */
void ca_borrow_intermediate(const struct sim_ca *ca, const uint8_t **der, size_t *der_len);

/* DER of an OCSP response (RFC 6960) by which the issuer of a trusted leaf says that it is revoked;
 * *der is freed by OPENSSL_free(). False: OpenSSL failed. */
bool ca_revoke(const struct sim_ca *ca, X509 *leaf, uint8_t **der, size_t *der_len);

/* Issues a leaf. leaf->cert is NULL, or a certificate issued before that becomes this one, which is
 * faster: whoever else holds a reference to it must have done with
 * it. The caller frees leaf->cert by X509_free(), also after a failure. False: OpenSSL failed. */
bool ca_issue(const struct sim_ca *ca, const struct sim_cert *cert, const struct ca_serial *serial,
              struct ca_leaf *leaf);

bool ca_serial_draw(struct ca_serial *serial);
void ca_serial_next(struct ca_serial *serial);

#endif
