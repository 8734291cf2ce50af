/* tls_cert - what a certificate says, taken out of OpenSSL's objects within bounds. */
#include "scanner/net/tls_internal.h"

#include "lib/name.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- names ---------------------------------------------------------------------------------- */

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.len > 0;
}

static struct slice asn1_slice(const ASN1_STRING *s)
{
    int len = ASN1_STRING_length(s);
    return (struct slice){(const char *)ASN1_STRING_get0_data(s), len < 0 ? 0 : (size_t)len};
}

/* A DNS-ID that could match anything: printable ASCII, so without NUL, and not over-long. Others
 * are left out: none of them can be compared with a host name. */
static char *copy_name(struct slice raw, struct arena *arena)
{
    char *copy = arena_dup(arena, raw);
    if (copy != NULL)
        name_lower(copy);
    return copy;
}

static void read_san(X509 *cert, struct arena *arena, struct cert_names *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int total = names == NULL ? 0 : sk_GENERAL_NAME_num(names);
    size_t room = total < CERT_NAMES_MAX ? (size_t)total : CERT_NAMES_MAX;
    if (total > 0)
        out->dns = arena_array(arena, room, sizeof *out->dns);
    size_t looked_at = 0;
    for (int i = 0; out->dns != NULL && i < total; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        if (looked_at++ == CERT_NAMES_MAX) {
            out->truncated = true;
            break;
        }
        struct slice raw = asn1_slice(name->d.dNSName);
        if (raw.len > NAME_MAX_BYTES || !is_printable(raw))
            continue;
        out->dns[out->n] = copy_name(raw, arena);
        if (out->dns[out->n] != NULL)
            out->n++;
        else
            out->truncated = true;
    }
    GENERAL_NAMES_free(names);
}

/* The most specific CN that could be a host name: the characters of one and a dot. */
static const char *read_cn(X509 *cert, struct arena *arena)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    const ASN1_STRING *last = NULL;
    for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
        last = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));
    if (last == NULL)
        return NULL;
    struct slice raw = asn1_slice(last);
    bool dot = false;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.p[i];
        dot |= c == '.';
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.' || c == '*'))
            return NULL;
    }
    return dot && raw.len <= NAME_MAX_BYTES ? copy_name(raw, arena) : NULL;
}

void cert_read_names(X509 *cert, struct arena *arena, struct cert_names *out)
{
    *out = (struct cert_names){.dns = NULL};
    read_san(cert, arena, out);
    out->cn = read_cn(cert, arena);
}

/* ---- other fields --------------------------------------------------------------------------- */

static int64_t asn1_seconds(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

void cert_read_validity(const X509 *cert, int64_t *not_before_s, int64_t *not_after_s)
{
    *not_before_s = asn1_seconds(X509_get0_notBefore(cert));
    *not_after_s = asn1_seconds(X509_get0_notAfter(cert));
}

const char *cert_aia_url(X509 *cert, struct arena *arena)
{
    const char *url = NULL;
    AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
    int n = list == NULL ? 0 : sk_ACCESS_DESCRIPTION_num(list);
    for (int i = 0; url == NULL && i < n; i++) {
        const ACCESS_DESCRIPTION *ad = sk_ACCESS_DESCRIPTION_value(list, i);
        if (OBJ_obj2nid(ad->method) != NID_ad_ca_issuers || ad->location->type != GEN_URI)
            continue;
        struct slice uri = asn1_slice(ad->location->d.uniformResourceIdentifier);
        struct slice scheme = {uri.p, uri.len < 7 ? uri.len : 7};
        if (slice_eq_nocase(scheme, SLICE_LIT("http://")) && uri.len <= AIA_URL_MAX_BYTES &&
            is_printable(uri))
            url = arena_dup(arena, uri);
    }
    AUTHORITY_INFO_ACCESS_free(list);
    return url;
}

/* ---- weaknesses ----------------------------------------------------------------------------- */

static bool has_weak_key(const X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    if (key == NULL)
        return false;
    int type = EVP_PKEY_get_base_id(key);
    return (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS || type == EVP_PKEY_DSA) &&
           EVP_PKEY_get_bits(key) < TLS_RSA_MIN_BITS;
}

static bool has_weak_signature(X509 *cert)
{
    int digest = NID_undef;
    if (X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1)
        return false;
    return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
           digest == NID_md5_sha1;
}

uint32_t cert_weaknesses(const STACK_OF(X509) * path)
{
    uint32_t found = 0;
    for (int i = 0; i < sk_X509_num(path); i++) {
        X509 *cert = sk_X509_value(path, i);
        bool root = (X509_get_extension_flags(cert) & EXFLAG_SS) != 0;
        if ((!root || i == 0) && has_weak_key(cert))
            found |= CERT_WEAK_KEY;
        /* Nobody relies on the signature of a certificate on itself. */
        if (!root && has_weak_signature(cert))
            found |= CERT_WEAK_SIGNATURE;
    }
    return found;
}

/* ---- the served chain ----------------------------------------------------------------------- */

struct cert_chain *cert_chain_new(const EVP_MD *sha256, const STACK_OF(X509) * served)
{
    size_t len[TLS_CHAIN_MAX_CERTS], n = 0, bytes = 0;
    int total = sk_X509_num(served);
    while (n < TLS_CHAIN_MAX_CERTS && (int)n < total) {
        int der = i2d_X509(sk_X509_value(served, (int)n), NULL);
        if (der <= 0 || (n > 0 && bytes + (size_t)der > TLS_CHAIN_MAX_BYTES))
            break;
        len[n++] = (size_t)der;
        bytes += (size_t)der;
    }
    /* One block: the struct, its table, the bytes. */
    struct cert_chain *c = malloc(sizeof *c + n * sizeof *c->cert + bytes);
    if (c == NULL)
        return NULL;
    atomic_init(&c->refs, 1);
    c->n = n;
    c->truncated = (int)n < total;
    c->leaf = n > 0 ? sk_X509_value(served, 0) : NULL;
    if (c->leaf != NULL)
        X509_up_ref(c->leaf);
    c->cert = (struct cert_der *)(c + 1);
    uint8_t *p = (uint8_t *)(c->cert + n);
    for (size_t i = 0; i < n; i++) {
        c->cert[i] = (struct cert_der){.der = p, .len = len[i]};
        i2d_X509(sk_X509_value(served, (int)i), &p);
        EVP_Digest(c->cert[i].der, len[i], c->cert[i].sha256, NULL, sha256, NULL);
    }
    return c;
}

struct cert_chain *cert_chain_ref(struct cert_chain *c)
{
    if (c != NULL)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void cert_chain_unref(struct cert_chain *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(c->leaf);
    free(c);
}

enum status tls_pem_names(const char *pem, struct arena *arena, struct cert_names *out)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (cert)
        cert_read_names(cert, arena, out);
    enum status st = cert ? ST_OK : ST_INVALID;
    X509_free(cert);
    BIO_free(bio);
    ERR_clear_error();
    return st;
}
