#include "tests/unit/net_pki.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void pki_add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static void push_dns(GENERAL_NAMES *names, const char *p, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_int_equal(ASN1_STRING_set(text, p, len), 1);
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void add_names(X509 *x, const struct pki_spec *spec)
{
    char text[64];
    if (spec->san != NULL) {
        pki_add_extension(x, NID_subject_alt_name, spec->san);
        return;
    }
    if (spec->many_names == 0 && spec->raw_dns_name == NULL)
        return;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (size_t i = 0; i < spec->many_names; i++)
        push_dns(names, text, snprintf(text, sizeof text, "h%zu.many.example", i));
    if (spec->raw_dns_name != NULL)
        push_dns(names, spec->raw_dns_name, spec->raw_dns_len);
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
}

static EVP_PKEY *make_key(const struct pki_spec *spec)
{
    const char *key = spec->key != NULL ? spec->key : "P-256";
    if (spec->rsa_bits > 0)
        return EVP_RSA_gen((unsigned)spec->rsa_bits);
    return strcmp(key, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, key) : EVP_EC_gen(key);
}

struct pki_cert pki_make(const struct pki_spec *spec)
{
    static long serial = 1000;
    struct pki_cert c = {.x509 = X509_new()};
    c.key = make_key(spec);
    assert_non_null(c.x509);
    assert_non_null(c.key);
    bool dated = spec->from_s != 0 || spec->until_s != 0;
    X509_set_version(c.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c.x509), dated ? spec->from_s : -3600);
    X509_gmtime_adj(X509_getm_notAfter(c.x509), dated ? spec->until_s : 90L * 86400);
    X509_set_pubkey(c.x509, c.key);
    X509_NAME *subject = X509_get_subject_name(c.x509);
    if (spec->cn != NULL)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)spec->cn, -1, -1,
                                   0);
    const struct pki_cert *issuer = spec->issuer != NULL ? spec->issuer : &c;
    X509_set_issuer_name(c.x509, X509_get_subject_name(issuer->x509));
    pki_add_extension(c.x509, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (spec->ca)
        pki_add_extension(c.x509, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    add_names(c.x509, spec);
    if (spec->aia != NULL)
        pki_add_extension(c.x509, NID_info_access, spec->aia);
    const EVP_MD *digest = EVP_get_digestbyname(spec->digest != NULL ? spec->digest : "SHA256");
    if (EVP_PKEY_is_a(issuer->key, "ED25519"))
        digest = NULL; /* it has its own */
    assert_true(X509_sign(c.x509, issuer->key, digest) > 0);
    return c;
}

void pki_free(struct pki_cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct pki_cert){.x509 = NULL};
}

void pki_write_pem(char path[64], const struct pki_cert *const *certs, size_t n)
{
    snprintf(path, 64, "/tmp/stscan-pki-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(PEM_write_X509(f, certs[i]->x509), 1);
    assert_int_equal(fclose(f), 0);
}
