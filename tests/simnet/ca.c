#include "tests/simnet/ca.h"

#include "tests/simnet/crypto.h"
#include "tests/simnet/fast_key.h"
#include "tests/simnet/fast_rsa.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CA_ROOT_FILE "ca.pem"
#define COMMON_EXTENSIONS 2
#define HOUR_SECONDS 3600L
#define AUTHORITY_BEFORE_SECONDS (365 * 24 * HOUR_SECONDS)
#define AUTHORITY_AFTER_SECONDS (3650 * 24 * HOUR_SECONDS)
#define CN_MAX_BYTES 64 /* RFC 5280 appendix A: ub-common-name */

/* An issuer: its certificate, its key, and the chain that its leaves are sent with. */
struct issuer {
    X509 *root;
    X509 *cert;
    X509 *sent; /* the same */
    EVP_PKEY *key;
    STACK_OF(X509) * chain;
};

struct sim_ca {
    struct issuer trusted;
    struct issuer unknown;
    EVP_PKEY *leaf_key[3]; /* by enum sim_key */
    X509_EXTENSION *aia;   /* NULL: none */
    X509_EXTENSION *usage;
    X509_EXTENSION *not_a_ca;
    uint8_t *intermediate_der;
    size_t intermediate_der_len;
    time_t born;
};

static bool set_name(X509_NAME *name, const char *common_name)
{
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1;
}

/* Empties the subject first. X.509 caps a CN at 64 bytes: what is longer has its name in the SAN
 * alone. */
static bool set_leaf_subject(X509 *cert, const char *common_name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    while (X509_NAME_entry_count(subject) > 0)
        X509_NAME_ENTRY_free(X509_NAME_delete_entry(subject, 0));
    if (common_name[0] == '\0' || strlen(common_name) > CN_MAX_BYTES)
        return true;
    return set_name(subject, common_name);
}

static bool set_serial(X509 *cert, const struct ca_serial *serial)
{
    return ASN1_STRING_set(X509_get_serialNumber(cert), serial->bytes, sizeof serial->bytes) == 1;
}

bool ca_serial_draw(struct ca_serial *serial)
{
    if (RAND_bytes(serial->bytes, sizeof serial->bytes) != 1)
        return false;
    serial->bytes[0] = (serial->bytes[0] & 0x3f) | 0x40; /* positive, and always of that length */
    return true;
}

void ca_serial_next(struct ca_serial *serial)
{
    size_t at = sizeof serial->bytes - 1;
    while (++serial->bytes[at] == 0 && at > 1)
        at--;
}

static bool set_times(X509 *cert, time_t from, time_t until)
{
    return ASN1_TIME_set(X509_getm_notBefore(cert), from) &&
           ASN1_TIME_set(X509_getm_notAfter(cert), until);
}

static bool add_extension(X509 *cert, X509_EXTENSION *take_extension)
{
    bool ok = take_extension && X509_add_ext(cert, take_extension, -1) == 1;
    X509_EXTENSION_free(take_extension);
    return ok;
}

static X509_EXTENSION *make_extension(int nid, const char *value)
{
    return X509V3_EXT_conf_nid(NULL, NULL, nid, value);
}

/* A root or an intermediate. issuer NULL: signs itself. */
static X509 *make_authority(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                            time_t now)
{
    X509 *cert = X509_new_ex(sim_crypto(), NULL);
    struct ca_serial serial;
    const char *constraint = issuer ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE";
    bool ok = cert && X509_set_version(cert, X509_VERSION_3) && ca_serial_draw(&serial) &&
              set_serial(cert, &serial) &&
              set_times(cert, now - AUTHORITY_BEFORE_SECONDS, now + AUTHORITY_AFTER_SECONDS) &&
              set_name(X509_get_subject_name(cert), name) &&
              X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert)) &&
              X509_set_pubkey(cert, key) &&
              add_extension(cert, make_extension(NID_basic_constraints, constraint)) &&
              add_extension(cert, make_extension(NID_key_usage, "critical,keyCertSign,cRLSign")) &&
              X509_sign(cert, issuer ? issuer_key : key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

/* A copy that keeps its bytes, as certificates that were read do: one that was made is encoded anew
 * for each client. */
static X509 *read_back(const X509 *cert)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    const uint8_t *at = der;
    X509 *copy = len > 0 ? X509_new_ex(sim_crypto(), NULL) : NULL;
    if (copy)
        d2i_X509(&copy, &at, len); /* NULL when it fails */
    OPENSSL_free(der);
    return copy;
}

static void issuer_clear(struct issuer *issuer)
{
    sk_X509_free(issuer->chain);
    X509_free(issuer->sent);
    X509_free(issuer->cert);
    X509_free(issuer->root);
    EVP_PKEY_free(issuer->key);
}

static bool issuer_make(struct issuer *issuer, const char *root_name, const char *name, time_t now)
{
    EVP_PKEY *root_key = fast_key_create();
    issuer->key = fast_key_create();
    issuer->chain = sk_X509_new_null();
    if (root_key && issuer->key && issuer->chain)
        issuer->root = make_authority(root_name, root_key, NULL, NULL, now);
    if (issuer->root)
        issuer->cert = make_authority(name, issuer->key, issuer->root, root_key, now);
    EVP_PKEY_free(root_key);
    issuer->sent = issuer->cert ? read_back(issuer->cert) : NULL;
    return issuer->sent && sk_X509_push(issuer->chain, issuer->sent) > 0;
}

bool sim_ca_set_aia(struct sim_ca *ca, const char *url)
{
    static const char prefix[] = "caIssuers;URI:";
    size_t size = sizeof prefix + strlen(url);
    char *value = malloc(size);
    if (!value)
        return false;
    snprintf(value, size, "%s%s", prefix, url);
    X509_EXTENSION_free(ca->aia);
    ca->aia = make_extension(NID_info_access, value);
    free(value);
    return ca->aia != NULL;
}

static bool write_root(const struct sim_ca *ca, const char *dir)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/" CA_ROOT_FILE, dir);
    if (len < 0 || (size_t)len >= sizeof path) {
        fprintf(stderr, "simnet: the name of the folder for " CA_ROOT_FILE " is too long\n");
        return false;
    }
    FILE *file = fopen(path, "w");
    bool ok = file && PEM_write_X509(file, ca->trusted.root) == 1;
    if (file && fclose(file) != 0)
        ok = false;
    if (!ok)
        fprintf(stderr, "simnet: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

static bool make_keys(struct sim_ca *ca)
{
    ca->leaf_key[SIM_KEY_P256] = fast_key_create();
    ca->leaf_key[SIM_KEY_RSA2048] = fast_rsa_create(2048);
    ca->leaf_key[SIM_KEY_RSA1024] = fast_rsa_create(1024);
    return ca->leaf_key[SIM_KEY_P256] && ca->leaf_key[SIM_KEY_RSA2048] &&
           ca->leaf_key[SIM_KEY_RSA1024];
}

static bool make_authorities(struct sim_ca *ca)
{
    ca->not_a_ca = make_extension(NID_basic_constraints, "critical,CA:FALSE");
    ca->usage = make_extension(NID_ext_key_usage, "serverAuth");
    if (!ca->not_a_ca || !ca->usage ||
        !issuer_make(&ca->trusted, "Simnet Root", "Simnet Intermediate", ca->born) ||
        !issuer_make(&ca->unknown, "Simnet Unknown Root", "Simnet Unknown Intermediate", ca->born))
        return false;
    int der_len = i2d_X509(ca->trusted.cert, &ca->intermediate_der);
    if (der_len <= 0)
        return false;
    ca->intermediate_der_len = (size_t)der_len;
    return true;
}

bool sim_ca_new(const char *dir, struct sim_ca **out)
{
    struct sim_ca *ca = calloc(1, sizeof *ca);
    if (!ca) {
        fprintf(stderr, "simnet: out of memory\n");
        return false;
    }
    ca->born = time(NULL);
    if (!make_keys(ca) || !make_authorities(ca)) {
        fprintf(stderr, "simnet: cannot make the certificate authority\n");
        ERR_print_errors_fp(stderr);
        goto failed;
    }
    if (dir && !write_root(ca, dir))
        goto failed;
    *out = ca;
    return true;
failed:
    sim_ca_free(ca);
    return false;
}

void sim_ca_free(struct sim_ca *ca)
{
    if (!ca)
        return;
    issuer_clear(&ca->trusted);
    issuer_clear(&ca->unknown);
    for (size_t i = 0; i < sizeof ca->leaf_key / sizeof ca->leaf_key[0]; i++)
        EVP_PKEY_free(ca->leaf_key[i]);
    X509_EXTENSION_free(ca->aia);
    X509_EXTENSION_free(ca->usage);
    X509_EXTENSION_free(ca->not_a_ca);
    OPENSSL_free(ca->intermediate_der);
    free(ca);
}

X509 *ca_borrow_root(const struct sim_ca *ca)
{
    return ca->trusted.root;
}

void ca_borrow_intermediate(const struct sim_ca *ca, const uint8_t **der, size_t *der_len)
{
    *der = ca->intermediate_der;
    *der_len = ca->intermediate_der_len;
}

/* --- Leaves --- */

static bool push_dns_name(GENERAL_NAMES *names, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    if (!name || !string || !ASN1_STRING_set(string, text, -1)) {
        ASN1_IA5STRING_free(string);
        GENERAL_NAME_free(name);
        return false;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, string);
    if (sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool add_alt_names(X509 *x509, const struct sim_cert *cert)
{
    if (cert->san_count == 0)
        return true;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool ok = names != NULL;
    for (unsigned i = 0; ok && i < cert->san_count; i++)
        ok = push_dns_name(names, cert->san[i]);
    for (uint32_t i = 1; ok && i < cert->series; i++) {
        char name[SIM_NAME_MAX];
        ok = sim_cert_series_name(cert, i, name) && push_dns_name(names, name);
    }
    ok = ok && X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

/* The first two are the same in all leaves, and stay where they are. */
static bool set_extensions(const struct sim_ca *ca, X509 *x509, bool is_new,
                           const struct sim_cert *cert)
{
    while (X509_get_ext_count(x509) > COMMON_EXTENSIONS)
        X509_EXTENSION_free(X509_delete_ext(x509, COMMON_EXTENSIONS));
    return (!is_new ||
            (X509_add_ext(x509, ca->not_a_ca, -1) && X509_add_ext(x509, ca->usage, -1))) &&
           (cert->issuer != SIM_ISSUER_MISSING_AIA || !ca->aia ||
            X509_add_ext(x509, ca->aia, -1)) &&
           add_alt_names(x509, cert);
}

/* The issuer that a certificate had is mostly the one that it gets. */
static bool set_issuer(X509 *x509, const X509 *issuer)
{
    const X509_NAME *name = X509_get_subject_name(issuer);
    return X509_NAME_cmp(X509_get_issuer_name(x509), name) == 0 ||
           X509_set_issuer_name(x509, name) == 1;
}

/* A new certificate is not asked for its key: OpenSSL would call that an error, and a handshake
 * that goes on around us would take the error for its own. */
static bool set_leaf_key(X509 *x509, bool is_new, EVP_PKEY *key)
{
    return (!is_new && X509_get0_pubkey(x509) == key) || X509_set_pubkey(x509, key);
}

bool ca_issue(const struct sim_ca *ca, const struct sim_cert *cert, const struct ca_serial *serial,
              struct ca_leaf *leaf)
{
    const struct issuer *issuer =
        cert->issuer == SIM_ISSUER_UNKNOWN_ROOT ? &ca->unknown : &ca->trusted;
    bool self = cert->issuer == SIM_ISSUER_SELF_SIGNED;
    bool alone =
        self || cert->issuer == SIM_ISSUER_MISSING || cert->issuer == SIM_ISSUER_MISSING_AIA;

    bool is_new = !leaf->cert;
    X509 *x509 = is_new ? X509_new_ex(sim_crypto(), NULL) : leaf->cert;
    leaf->cert = x509;
    leaf->key = ca->leaf_key[cert->key];
    leaf->chain = alone ? NULL : issuer->chain;
    return x509 && X509_set_version(x509, X509_VERSION_3) && set_serial(x509, serial) &&
           set_times(x509, ca->born + cert->not_before_h * HOUR_SECONDS,
                     ca->born + cert->not_after_h * HOUR_SECONDS) &&
           set_leaf_subject(x509, cert->cn) && set_issuer(x509, self ? x509 : issuer->cert) &&
           set_leaf_key(x509, is_new, leaf->key) && set_extensions(ca, x509, is_new, cert) &&
           X509_sign(x509, self ? leaf->key : issuer->key,
                     cert->sha1_signature ? EVP_sha1() : EVP_sha256()) > 0;
}

/* --- Revocation --- */

static bool add_revoked(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer, time_t now)
{
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer); /* as responders commonly do */
    ASN1_TIME *since = ASN1_TIME_set(NULL, now - 24 * HOUR_SECONDS);
    ASN1_TIME *until = ASN1_TIME_set(NULL, now + 24 * HOUR_SECONDS);
    bool ok = id && since && until &&
              OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_REVOKED,
                                     OCSP_REVOKED_STATUS_KEYCOMPROMISE, since, since, until);
    ASN1_TIME_free(until);
    ASN1_TIME_free(since);
    OCSP_CERTID_free(id);
    return ok;
}

bool ca_revoke(const struct sim_ca *ca, X509 *leaf, uint8_t **der, size_t *der_len)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_RESPONSE *response = NULL;
    int len = -1;
    if (basic && add_revoked(basic, leaf, ca->trusted.cert, ca->born) &&
        OCSP_basic_sign(basic, ca->trusted.cert, ca->trusted.key, EVP_sha256(), NULL,
                        OCSP_NOCERTS) == 1)
        response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    *der = NULL;
    if (response)
        len = i2d_OCSP_RESPONSE(response, der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    *der_len = len > 0 ? (size_t)len : 0;
    return len > 0;
}
