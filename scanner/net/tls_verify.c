#include "scanner/net/tls_internal.h"
#include "scanner/net/tls_memory.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

/* ---- which record a connection belongs to --------------------------------------------------- */

/* Slots of our own: libcurl uses the application data of its SSL itself. OpenSSL hands out slots
 * for the life of the process, so these are had once and never change. */
static CRYPTO_ONCE slots_once = CRYPTO_ONCE_STATIC_INIT;
static int ssl_slot = -1, ctx_slot = -1;

static void get_slots(void)
{
    ssl_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    ctx_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

enum status tls_verify_attach(SSL *ssl, struct tls_record *rec)
{
    return SSL_set_ex_data(ssl, ssl_slot, rec) == 1 ? ST_OK : ST_NOMEM;
}

enum status tls_verify_attach_ctx(SSL_CTX *ctx, struct tls_record *rec)
{
    return SSL_CTX_set_ex_data(ctx, ctx_slot, rec) == 1 ? ST_OK : ST_NOMEM;
}

static struct tls_record *record_of(const SSL *ssl)
{
    struct tls_record *rec = SSL_get_ex_data(ssl, ssl_slot);
    return rec != NULL ? rec : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_slot);
}

/* ---- callbacks of OpenSSL ------------------------------------------------------------------- */

static const char *hex(const uint8_t sha256[32], struct arena *arena)
{
    char *text = arena_alloc(arena, 65);
    if (text != NULL)
        hex_put(text, sha256, 32);
    return text;
}

/* Takes the place of OpenSSL's verification and always lets the handshake go on. */
static int verify_cert(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_record *rec = ssl == NULL ? NULL : record_of(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
    if (rec == NULL || leaf == NULL || rec->verified)
        return 1;

    struct cert_faults faults;
    X509_STORE_CTX_set_time(ctx, 0, (time_t)(wall_ms(&rec->trust->wall) / 1000));
    cert_verify(ctx, rec->signatures, &faults);
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    rec->facts.cert_errors = faults.errors | cert_weaknesses(path);
    rec->facts.verify_code = faults.first;
    cert_read_validity(leaf, &rec->facts.not_before_s, &rec->facts.not_after_s);
    cert_read_names(leaf, rec->arena, &rec->names);
    if ((faults.errors & CERT_UNTRUSTED) != 0 && sk_X509_num(path) > 0)
        rec->aia_url = cert_aia_url(sk_X509_value(path, sk_X509_num(path) - 1), rec->arena);

    rec->chain = cert_chain_new(rec->trust->sha256, X509_STORE_CTX_get0_untrusted(ctx));
    if (rec->chain != NULL && rec->chain->n > 0)
        rec->facts.cert_sha256 = hex(rec->chain->cert[0].sha256, rec->arena);
    rec->verified = true;
    return 1;
}

/* Alerts received, the version and cipher agreed on, and the error that ended the handshake. */
static void on_info(const SSL *ssl, int where, int ret)
{
    struct tls_record *rec = record_of(ssl);
    if (rec == NULL)
        return;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
        if (ret >> 8 == SSL3_AL_FATAL && rec->facts.alert < 0)
            rec->facts.alert = ret & 0xff;
    } else if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        rec->established = true;
        rec->facts.version = (uint16_t)SSL_version(ssl);
        rec->facts.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
    } else if ((where & SSL_CB_CONNECT_EXIT) == SSL_CB_CONNECT_EXIT && ret <= 0) {
        rec->ssl_error = ERR_peek_error();
    }
}

/* Bounds what is read by records. Whoever reads loops for as long as there is something to read,
 * and beneath what it gets to see a peer can send without end: HTTP/2 frames, key updates, tickets.
 * So the connection is at its end here, whatever may still come. */
static void on_message(int sent, int version, int type, const void *p, size_t len, SSL *ssl,
                       void *arg)
{
    struct tls_record *rec = record_of(ssl);
    const uint8_t *header = p;
    (void)version;
    (void)arg;
    if (sent && type == SSL3_RT_HANDSHAKE && len > 0 && header[0] == SSL3_MT_CLIENT_HELLO)
        tls_memory_hello_sent(p, len);
    if (rec == NULL || sent || type != SSL3_RT_HEADER || len != SSL3_RT_HEADER_LENGTH)
        return;
    rec->received += SSL3_RT_HEADER_LENGTH + ((size_t)header[3] << 8 | header[4]);
    if (rec->received > rec->received_max)
        SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

/* The status of `cert` in a basic response, whose hash algorithms are the responder's choice. */
static bool says_revoked(OCSP_BASICRESP *basic, X509 *cert, X509 *issuer)
{
    static const char *const digests[] = {"SHA1", "SHA256"};
    int status = -1, reason;
    for (size_t i = 0; status < 0 && i < sizeof digests / sizeof *digests; i++) {
        OCSP_CERTID *id = OCSP_cert_to_id(EVP_get_digestbyname(digests[i]), cert, issuer);
        if (id == NULL || OCSP_resp_find_status(basic, id, &status, &reason, NULL, NULL, NULL) != 1)
            status = -1;
        OCSP_CERTID_free(id);
    }
    return status == V_OCSP_CERTSTATUS_REVOKED;
}

/* The stapled OCSP response (RFC 6066 8). Its signature is judged only when it says that the leaf
 * is revoked: nothing else of it is evidence. */
static int on_status(SSL *ssl, void *arg)
{
    (void)arg;
    struct tls_record *rec = record_of(ssl);
    const uint8_t *der = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
    STACK_OF(X509) *path = SSL_get0_verified_chain(ssl);
    if (rec == NULL || der == NULL || len <= 0 || sk_X509_num(path) < 2)
        return 1;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &der, len);
    OCSP_BASICRESP *basic = response == NULL ? NULL : OCSP_response_get1_basic(response);
    if (basic != NULL && says_revoked(basic, sk_X509_value(path, 0), sk_X509_value(path, 1)) &&
        OCSP_basic_verify(basic, path, rec->trust->store, 0) == 1)
        rec->facts.cert_errors |= CERT_REVOKED;
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return 1;
}

/* What security level 0 lets pass, which is all but groups for DH under 1,024 bits (80 bits of
 * security), and those that cost too much. */
static int is_allowed(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other,
                      void *arg)
{
    const EVP_PKEY *key = other;
    (void)ssl, (void)ctx, (void)nid, (void)arg;
    if (op != SSL_SECOP_TMP_DH)
        return 1;
    return bits >= 80 && (key == NULL || EVP_PKEY_get_bits(key) <= TLS_DH_MAX_BITS);
}

/* ---- contexts and records ------------------------------------------------------------------- */

enum status tls_verify_setup(SSL_CTX *ctx, const tls_trust *trust)
{
    if (CRYPTO_THREAD_run_once(&slots_once, get_slots) != 1 || ssl_slot < 0 || ctx_slot < 0)
        return ST_NOMEM;
    /* Everything that can be negotiated is, so that what is weak is seen and judged instead of
     * failing like a broken handshake. */
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_security_callback(ctx, is_allowed);
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS); /* 34 KB of a connection that only waits */
    SSL_CTX_set_max_cert_list(ctx, TLS_CERT_LIST_MAX_BYTES);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_verify_depth(ctx, TLS_VERIFY_DEPTH_MAX);
    SSL_CTX_set_cert_verify_callback(ctx, verify_cert, NULL);
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_msg_callback(ctx, on_message);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, 0) != 1 ||
        SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp) != 1 ||
        SSL_CTX_set_tlsext_status_cb(ctx, on_status) != 1)
        return ST_INTERNAL;
    SSL_CTX_set1_cert_store(ctx, trust->store);
    return ST_OK;
}

void tls_record_init(struct tls_record *rec, struct arena *arena, const tls_trust *trust)
{
    *rec =
        (struct tls_record){.arena = arena, .trust = trust, .received_max = TLS_RECEIVED_MAX_BYTES};
    tls_facts_init(&rec->facts);
}

enum tls_end tls_record_failure(const struct tls_record *rec)
{
    if (rec->facts.alert >= 0)
        return TLS_END_ALERT;
    if (rec->ssl_error == 0)
        return TLS_END_CLOSED;
    if (ERR_GET_LIB(rec->ssl_error) != ERR_LIB_SSL)
        return TLS_END_FAILED;
    switch (ERR_GET_REASON(rec->ssl_error)) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return TLS_END_CLOSED;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
        return TLS_END_NOT_TLS;
    default:
        return TLS_END_FAILED;
    }
}

/* A peer that answers with SSL 3.0 or less, which is not negotiated, not even to look at it. */
static bool is_version_refused(unsigned long error)
{
    int reason = ERR_GET_REASON(error);
    return error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL &&
           (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_VERSION_TOO_LOW ||
            reason == SSL_R_WRONG_SSL_VERSION);
}

void tls_record_end(struct tls_record *rec, enum tls_end end, const char *host)
{
    rec->facts.end = end;
    if (end != TLS_END_OK && rec->ssl_error != 0) {
        const char *text = ERR_reason_error_string(rec->ssl_error);
        rec->facts.error = text == NULL ? NULL : arena_dup(rec->arena, slice_of(text));
        if (is_version_refused(rec->ssl_error))
            rec->facts.version = SSL3_VERSION;
    }
    if (rec->verified && host != NULL)
        rec->facts.name = cert_names_match(&rec->names, slice_of(host));
}

void tls_record_release(struct tls_record *rec)
{
    cert_chain_unref(rec->chain);
    rec->chain = NULL;
}
