/* tls_trust - the anchors, and verification against them that notes every fault. */
#include "scanner/net/tls_crypto.h"
#include "scanner/net/tls_internal.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>

static const char SYSTEM_BUNDLE[] = "/etc/ssl/certs/ca-certificates.crt";

enum status tls_trust_new(const char *ca_file, tls_trust **out)
{
    *out = NULL;
    tls_trust *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ST_NOMEM;
    enum status st = ST_OK;
    wall_start(&t->wall);
    t->store = X509_STORE_new();
    t->sha256 = EVP_MD_fetch(tls_crypto(), "SHA256", NULL);
    if (t->store == NULL || t->sha256 == NULL)
        st = ST_NOMEM;
    else if (X509_STORE_load_file_ex(t->store, ca_file != NULL ? ca_file : SYSTEM_BUNDLE,
                                     tls_crypto(), NULL) != 1 ||
             sk_X509_OBJECT_num(X509_STORE_get0_objects(t->store)) == 0)
        st = ST_NOT_FOUND;
    if (st == ST_OK) /* for OCSP_basic_verify, which takes no other time */
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(t->store),
                                   (time_t)(wall_ms(&t->wall) / 1000));
    ERR_clear_error();
    if (st != ST_OK) {
        tls_trust_free(t);
        return st;
    }
    *out = t;
    return ST_OK;
}

void tls_trust_free(tls_trust *t)
{
    if (t == NULL)
        return;
    X509_STORE_free(t->store);
    EVP_MD_free(t->sha256);
    free(t);
}

const struct wall *tls_trust_wall(const tls_trust *t)
{
    return &t->wall;
}

static uint32_t error_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return CERT_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CERT_NOT_YET_VALID;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return CERT_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        return CERT_UNTRUSTED;
    default:
        return CERT_INVALID_OTHER;
    }
}

/* Called by X509_verify_cert for each fault (ok 0) and each good certificate (ok 1); 1 goes on. */
static int note_fault(int ok, X509_STORE_CTX *ctx)
{
    struct cert_faults *faults = X509_STORE_CTX_get_app_data(ctx);
    int code = X509_STORE_CTX_get_error(ctx);
    if (!ok && code != X509_V_OK) {
        /* A lone self-signed leaf is also one whose signature no issuer verifies. */
        if (code != X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
            (faults->errors & CERT_SELF_SIGNED) == 0)
            faults->errors |= error_of(code);
        if (faults->first == 0)
            faults->first = code;
    }
    return 1;
}

void cert_verify(X509_STORE_CTX *ctx, signatures *known, struct cert_faults *out)
{
    *out = (struct cert_faults){.errors = 0};
    X509_STORE_CTX_set_app_data(ctx, out);
    X509_STORE_CTX_set_verify_cb(ctx, note_fault);
    if (signatures_verify_path(known, ctx) != 1 && out->errors == 0) {
        out->errors = CERT_INVALID_OTHER; /* it gave up without asking the callback */
        out->first = X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_set_app_data(ctx, NULL);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    ERR_clear_error();
}

/* ---- a chain again, with what AIA gave ------------------------------------------------------- */

static bool push_cert(STACK_OF(X509) * list, X509 *cert)
{
    if (cert == NULL)
        return false;
    if (sk_X509_push(list, cert) > 0)
        return true;
    X509_free(cert);
    return false;
}

/* Certificates of an AIA response (RFC 5280 4.2.2.1): one in DER, or a certs-only CMS message. */
static size_t push_extra(STACK_OF(X509) * list, const uint8_t *extra, size_t len)
{
    size_t n = 0;
    const uint8_t *p = extra;
    if (push_cert(list, tls_crypto_certificate(extra, len)))
        return 1;
    PKCS7 *bundle = d2i_PKCS7(NULL, &p, (long)len);
    if (bundle != NULL && PKCS7_type_is_signed(bundle) && bundle->d.sign != NULL) {
        STACK_OF(X509) *certs = bundle->d.sign->cert;
        for (int i = 0; n < AIA_CERTS_MAX && i < sk_X509_num(certs); i++) {
            X509 *cert = sk_X509_value(certs, i);
            if (X509_up_ref(cert) == 1 && push_cert(list, cert))
                n++;
        }
    }
    PKCS7_free(bundle);
    return n;
}

enum status tls_verify_with(const tls_trust *trust, const struct cert_chain *chain,
                            const uint8_t *extra, size_t len, int64_t now_s, bool *mended)
{
    enum status st = ST_OK;
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    *mended = false;
    if (untrusted == NULL || ctx == NULL)
        st = ST_NOMEM;
    for (size_t i = 0; st == ST_OK && i < chain->n; i++)
        if (!push_cert(untrusted, tls_crypto_certificate(chain->cert[i].der, chain->cert[i].len)))
            st = ST_INVALID;
    if (st == ST_OK && (chain->n == 0 || push_extra(untrusted, extra, len) == 0))
        st = ST_INVALID;
    if (st == ST_OK &&
        X509_STORE_CTX_init(ctx, trust->store, sk_X509_value(untrusted, 0), untrusted) != 1)
        st = ST_NOMEM;
    if (st == ST_OK) {
        struct cert_faults faults;
        X509_STORE_CTX_set_default(ctx, "ssl_server");
        X509_STORE_CTX_set_depth(ctx, TLS_VERIFY_DEPTH_MAX);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 0);
        X509_STORE_CTX_set_time(ctx, 0, (time_t)now_s);
        cert_verify(ctx, NULL, &faults);
        *mended = (faults.errors & ~(uint32_t)(CERT_EXPIRED | CERT_NOT_YET_VALID)) == 0;
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(untrusted, X509_free);
    ERR_clear_error();
    return st;
}
