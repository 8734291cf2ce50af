#include "tests/simnet/tls_host.h"

#include "tests/simnet/crypto.h"

#include <ctype.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* SHA-256 first: with SHA-384 the key schedule costs a tenth of the handshake more. */
#define CIPHERS_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
/* Level 0: weak keys, SHA-1 and TLS 1.0 are among the faults that a host may have. */
#define CIPHERS_1_2                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
    "ALL:!COMPLEMENTOFDEFAULT:!eNULL:@SECLEVEL=0"

struct tls_host {
    SSL_CTX *ctx;
    BIO_METHOD *bios;
    const struct sim_ca *ca;
    struct leaf_cache *leaves;
    tls_ask_fn *ask;
};

/* --- What the ClientHello says --- */

/* The host_name of server_name (RFC 6066 section 3), lower case. False: none, or malformed. */
static bool read_sni(SSL *ssl, char *name, size_t size)
{
    const unsigned char *ext;
    size_t len;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &ext, &len) || len < 5)
        return false;
    size_t list_len = (size_t)ext[0] << 8 | ext[1];
    size_t name_len = (size_t)ext[3] << 8 | ext[4];
    if (list_len != len - 2 || ext[2] != TLSEXT_NAMETYPE_host_name || name_len > len - 5 ||
        name_len == 0 || name_len >= size)
        return false;
    for (size_t i = 0; i < name_len; i++) {
        if (ext[5 + i] == '\0')
            return false;
        name[i] = (char)tolower(ext[5 + i]);
    }
    name[name_len] = '\0';
    return true;
}

/* --- What the host does about it --- */

static bool use_leaf(SSL *ssl, struct tls_end *end, const struct sim_cert *cert)
{
    leaf_cache_release(end->leaf); /* of the hello before a HelloRetryRequest */
    ERR_set_mark();
    end->leaf = leaf_cache_take(end->host->leaves, cert);
    bool ok = end->leaf &&
              SSL_use_cert_and_key(ssl, end->leaf->cert, end->leaf->key, end->leaf->chain, 1) == 1;
    ERR_pop_to_mark(); /* what happened in here is not the handshake's error */
    return ok;
}

static bool limit_version(SSL *ssl, int max_version)
{
    return SSL_set_min_proto_version(ssl, TLS1_VERSION) == 1 &&
           SSL_set_max_proto_version(ssl, max_version) == 1;
}

static int refuse(int *alert, int which)
{
    *alert = which;
    return SSL_CLIENT_HELLO_ERROR;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    struct tls_end *end = SSL_get_app_data(ssl);
    char name[SIM_NAME_MAX];
    struct sim_tls tls;
    bool has_sni = read_sni(ssl, name, sizeof name);
    end->offer_h2 = false;
    end->host->ask(end->owner, has_sni ? name : NULL, &tls, &end->offer_h2);
    end->mode = tls.mode;
    end->revoked = tls.cert.revoked;
    switch (tls.mode) {
    case SIM_TLS_ALERT_UNRECOGNIZED_NAME:
        return refuse(alert, SSL_AD_UNRECOGNIZED_NAME);
    case SIM_TLS_ALERT_INTERNAL_ERROR:
        return refuse(alert, SSL_AD_INTERNAL_ERROR);
    case SIM_TLS_ALERT_HANDSHAKE_FAILURE:
        return refuse(alert, SSL_AD_HANDSHAKE_FAILURE);
    case SIM_TLS_NOT_SPOKEN:
    case SIM_TLS_RESET:
    case SIM_TLS_CLOSE:
    case SIM_TLS_SILENT:
    case SIM_TLS_DRIP:
        return SSL_CLIENT_HELLO_RETRY; /* nothing is sent: the caller plays the fault */
    case SIM_TLS_MAX_1_1:
        if (!limit_version(ssl, TLS1_1_VERSION))
            return refuse(alert, SSL_AD_INTERNAL_ERROR);
        break;
    case SIM_TLS_MAX_1_0:
        if (!limit_version(ssl, TLS1_VERSION))
            return refuse(alert, SSL_AD_INTERNAL_ERROR);
        break;
    case SIM_TLS_NORMAL:
        break;
    }
    if (!use_leaf(ssl, end, &tls.cert))
        return refuse(alert, SSL_AD_INTERNAL_ERROR);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* The client asks for the status of the certificate (RFC 6066 section 8). */
static int on_status(SSL *ssl, void *arg)
{
    const struct tls_end *end = SSL_get_app_data(ssl);
    uint8_t *der;
    size_t len;
    (void)arg;
    if (!end->revoked)
        return SSL_TLSEXT_ERR_NOACK;
    ERR_set_mark();
    bool ok = ca_revoke(end->host->ca, SSL_get_certificate(ssl), &der, &len);
    ERR_pop_to_mark();
    if (!ok)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    SSL_set_tlsext_status_ocsp_resp(ssl, der, (long)len); /* takes der */
    return SSL_TLSEXT_ERR_OK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char offers[] = "\x02h2\x08http/1.1";
    const struct tls_end *end = SSL_get_app_data(ssl);
    (void)arg;
    const unsigned char *ours = end->offer_h2 ? offers : offers + 3;
    unsigned ours_len = (unsigned)(offers + sizeof offers - 1 - ours);
    if (SSL_select_next_proto((unsigned char **)out, out_len, ours, ours_len, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    return SSL_TLSEXT_ERR_OK;
}

/* --- Context --- */

static SSL_CTX *make_context(bool alpn)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(sim_crypto(), SIM_CRYPTO_QUERY, TLS_server_method());
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, CIPHERS_1_3) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS_1_2) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    /* No auto chain: where the intermediate is missing OpenSSL shall not look for it. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    SSL_CTX_set_tlsext_status_cb(ctx, on_status);
    if (alpn)
        SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    return ctx;
}

struct tls_host *tls_host_create(const struct sim_ca *ca, tls_ask_fn *ask, bool alpn)
{
    struct tls_host *host = calloc(1, sizeof *host);
    if (!host)
        return NULL;
    host->ask = ask;
    host->ca = ca;
    host->ctx = make_context(alpn);
    host->bios = wire_bio_method();
    host->leaves = leaf_cache_create(ca, LEAF_CACHE_MAX);
    if (!host->ctx || !host->bios || !host->leaves) {
        tls_host_free(host);
        return NULL;
    }
    return host;
}

void tls_host_free(struct tls_host *host)
{
    if (!host)
        return;
    SSL_CTX_free(host->ctx);
    BIO_meth_free(host->bios);
    leaf_cache_free(host->leaves);
    free(host);
}

uint64_t tls_host_issued(const struct tls_host *host)
{
    return leaf_cache_issued(host->leaves);
}

/* --- Connections --- */

bool tls_end_start(struct tls_end *end, struct tls_host *host, struct wire *wire, void *owner)
{
    end->host = host;
    end->wire = wire;
    end->owner = owner;
    end->ssl = SSL_new(host->ctx);
    BIO *bio = wire_bio(host->bios, wire);
    if (!end->ssl || !bio || SSL_set_app_data(end->ssl, end) != 1) {
        BIO_free(bio);
        tls_end_clear(end);
        return false;
    }
    SSL_set_bio(end->ssl, bio, bio); /* takes it */
    SSL_set_accept_state(end->ssl);
    return true;
}

static enum tls_step step_of(const struct tls_end *end, int result)
{
    switch (SSL_get_error(end->ssl, result)) {
    case SSL_ERROR_NONE:
        return TLS_STEP_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_STEP_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_STEP_WRITE;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return TLS_STEP_FAULT;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_STEP_EOF;
    default:
        return TLS_STEP_FAILED;
    }
}

enum tls_step tls_end_handshake(struct tls_end *end)
{
    ERR_clear_error();
    enum tls_step step = step_of(end, SSL_do_handshake(end->ssl));
    if (step != TLS_STEP_READ && step != TLS_STEP_WRITE) {
        leaf_cache_release(end->leaf);
        end->leaf = NULL;
    }
    return step;
}

enum tls_step tls_end_read(struct tls_end *end, void *buf, size_t size, size_t *len)
{
    if (end->wire->drained && !SSL_has_pending(end->ssl))
        return TLS_STEP_READ; /* as OpenSSL would say, which gets itself a buffer first */
    ERR_clear_error();
    return step_of(end, SSL_read_ex(end->ssl, buf, size, len));
}

enum tls_step tls_end_write(struct tls_end *end, const void *buf, size_t size, size_t *len)
{
    ERR_clear_error();
    return step_of(end, SSL_write_ex(end->ssl, buf, size, len));
}

bool tls_end_chose_h2(const struct tls_end *end)
{
    const unsigned char *name;
    unsigned len;
    SSL_get0_alpn_selected(end->ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

const char *tls_end_server_name(const struct tls_end *end)
{
    return SSL_get_servername(end->ssl, TLSEXT_NAMETYPE_host_name);
}

void tls_end_shutdown(struct tls_end *end)
{
    ERR_clear_error();
    if (end->ssl && SSL_is_init_finished(end->ssl))
        SSL_shutdown(end->ssl);
}

void tls_end_clear(struct tls_end *end)
{
    SSL_free(end->ssl);
    end->ssl = NULL;
    leaf_cache_release(end->leaf);
    end->leaf = NULL;
}
