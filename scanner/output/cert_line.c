/* cert_line: what a certificate says, as JSON. Everything in it is a stranger's text: names go out
 * as network bytes do. */
#include "scanner/output/certs.h"

#include "lib/record_json.h"
#include "lib/record_words.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static void add_key(struct strbuf *out, const char *key)
{
    strbuf_printf(out, "%s\"%s\":", out->len > 1 && out->p[out->len - 1] != '{' ? "," : "", key);
}

static void add_hex(struct strbuf *out, const uint8_t *p, size_t len)
{
    strbuf_addc(out, '"');
    char *to = strbuf_room(out, 2 * len);
    if (to) {
        hex_put(to, p, len);
        strbuf_grew(out, 2 * len);
    }
    strbuf_addc(out, '"');
}

static struct slice bio_bytes(BIO *bio)
{
    char *p = NULL;
    long len = BIO_get_mem_data(bio, &p);
    return (struct slice){p, len > 0 ? (size_t)len : 0};
}

/* RFC 2253 order; characters over 0x7F as UTF-8. */
static void add_name(struct strbuf *out, const char *key, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    add_key(out, key);
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        json_add_bytes(out, bio_bytes(bio));
    else
        strbuf_adds(out, "null");
    BIO_free(bio);
}

static void add_time(struct strbuf *out, const char *key, const ASN1_TIME *t)
{
    struct tm tm;
    char text[TIME_TEXT_BYTES + 1];
    add_key(out, key);
    if (!t || ASN1_TIME_to_tm(t, &tm) != 1) {
        strbuf_adds(out, "null");
        return;
    }
    time_text((int64_t)timegm(&tm) * 1000, text);
    strbuf_printf(out, "\"%s\"", text);
}

/* SAN dNSNames and addresses, at most CERT_NAMES_MAX. */
static void add_names(struct strbuf *out, X509 *cert)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int n = sk_GENERAL_NAME_num(san), written = 0;
    bool cut = false;
    add_key(out, "names");
    strbuf_addc(out, '[');
    for (int i = 0; i < n && !cut; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);
        if (name->type != GEN_DNS)
            continue;
        cut = written == CERT_NAMES_MAX;
        if (cut)
            break;
        int len = ASN1_STRING_length(name->d.dNSName);
        if (written++ > 0)
            strbuf_addc(out, ',');
        json_add_bytes(out, (struct slice){(const char *)ASN1_STRING_get0_data(name->d.dNSName),
                                           len > 0 ? (size_t)len : 0});
    }
    strbuf_addc(out, ']');
    if (cut) {
        add_key(out, "names_cut");
        strbuf_adds(out, "true");
    }
    GENERAL_NAMES_free(san);
}

static void add_key_facts(struct strbuf *out, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    char curve[64];
    size_t len = 0;
    add_key(out, "key");
    if (!key) {
        strbuf_adds(out, "null");
        return;
    }
    const char *type = EVP_PKEY_get0_type_name(key);
    strbuf_adds(out, "{\"type\":");
    json_add_string(out, slice_of(type ? type : "unknown"));
    strbuf_printf(out, ",\"bits\":%d", EVP_PKEY_get_bits(key));
    if (EVP_PKEY_get_group_name(key, curve, sizeof curve, &len) == 1) {
        strbuf_adds(out, ",\"group\":");
        json_add_bytes(out, slice_of(curve));
    }
    strbuf_addc(out, '}');
}

static void add_leaf(struct strbuf *out, X509 *cert)
{
    add_name(out, "subject", X509_get_subject_name(cert));
    add_name(out, "issuer", X509_get_issuer_name(cert));
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    int len = ASN1_STRING_length(serial);
    add_key(out, "serial");
    add_hex(out, ASN1_STRING_get0_data(serial), len > 0 && len <= 64 ? (size_t)len : 0);
    add_names(out, cert);
    add_time(out, "not_before", X509_get0_notBefore(cert));
    add_time(out, "not_after", X509_get0_notAfter(cert));
    add_key_facts(out, cert);
    int nid = X509_get_signature_nid(cert);
    add_key(out, "signature");
    json_add_string(out, slice_of(nid == NID_undef ? "unknown" : OBJ_nid2sn(nid)));
}

/* The chain as it was served, leaf first. PEM is written from the bytes themselves, so that what
 * OpenSSL would write differently stays as it came. */
static enum status add_pem(struct strbuf *out, const struct cert_chain *chain)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL;
    for (size_t i = 0; ok && i < chain->n; i++)
        ok = PEM_write_bio(bio, PEM_STRING_X509, "", chain->cert[i].der, (long)chain->cert[i].len) >
             0;
    add_key(out, "chain");
    if (ok)
        json_add_string(out, bio_bytes(bio));
    BIO_free(bio);
    return ok ? ST_OK : ST_NOMEM;
}

enum status cert_line(const struct cert_chain *chain, struct strbuf *out)
{
    const struct cert_der *leaf = &chain->cert[0];
    strbuf_addc(out, '{');
    add_key(out, "sha256");
    add_hex(out, leaf->sha256, sizeof leaf->sha256);
    if (chain->leaf)
        add_leaf(out, chain->leaf);
    enum status st = add_pem(out, chain);
    strbuf_adds(out, "}\n");
    ERR_clear_error();
    return st != ST_OK ? st : out->error;
}
