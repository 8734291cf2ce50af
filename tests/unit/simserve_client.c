#include "tests/unit/simserve_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int client_connect(uint32_t addr, uint16_t port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
    struct timeval wait = {.tv_sec = CLIENT_WAIT_MS / 1000};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&name, sizeof name) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* --- TLS --- */

SSL_CTX *client_context(const char *ca_file)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx || SSL_CTX_load_verify_file(ctx, ca_file) != 1 ||
        SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    return ctx;
}

static void note_alert(const SSL *ssl, int where, int what)
{
    struct client_tls *tls = SSL_get_app_data(ssl);
    if ((where & SSL_CB_ALERT) && (where & SSL_CB_READ) && what >> 8 == SSL3_AL_FATAL)
        tls->alert = what & 255;
}

void client_handshake(struct client_tls *tls, SSL_CTX *ctx, int fd, const char *sni,
                      const char *alpn)
{
    const unsigned char *chosen;
    unsigned len;
    memset(tls, 0, sizeof *tls);
    tls->alert = -1;
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    SSL_set_app_data(ssl, tls);
    SSL_set_info_callback(ssl, note_alert);
    if (sni)
        SSL_set_tlsext_host_name(ssl, sni);
    if (alpn)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    ERR_clear_error();
    int result = SSL_connect(ssl);
    if (result != 1) {
        tls->ssl_error = SSL_get_error(ssl, result);
        tls->reason = ERR_GET_REASON(ERR_peek_error());
        SSL_free(ssl);
        return;
    }
    tls->ssl = ssl;
    tls->verify = SSL_get_verify_result(ssl);
    SSL_get0_alpn_selected(ssl, &chosen, &len);
    if (len > 0 && len < sizeof tls->alpn)
        memcpy(tls->alpn, chosen, len);
}

void client_tls_free(struct client_tls *tls)
{
    SSL_free(tls->ssl);
    tls->ssl = NULL;
}

/* --- Bytes --- */

static enum client_end end_of(SSL *ssl, int got)
{
    if (!ssl)
        return got == 0 ? CLIENT_EOF : errno == ECONNRESET ? CLIENT_RESET : CLIENT_ERROR;
    switch (SSL_get_error(ssl, got)) {
    case SSL_ERROR_ZERO_RETURN:
        return CLIENT_EOF;
    case SSL_ERROR_SYSCALL:
        return errno == ECONNRESET ? CLIENT_RESET : CLIENT_ERROR;
    default:
        return CLIENT_ERROR;
    }
}

enum client_end client_read(int fd, SSL *ssl, const char *until, struct client_text *text)
{
    for (;;) {
        text->p[text->len] = '\0';
        if (until && memmem(text->p, text->len, until, strlen(until)))
            return CLIENT_FOUND;
        size_t room = sizeof text->p - 1 - text->len;
        if (room == 0)
            return CLIENT_ERROR;
        ERR_clear_error();
        int size = room > 16384 ? 16384 : (int)room;
        int got = ssl ? SSL_read(ssl, text->p + text->len, size)
                      : (int)recv(fd, text->p + text->len, (size_t)size, 0);
        if (got <= 0)
            return end_of(ssl, got);
        text->len += (size_t)got;
    }
}

bool client_write(int fd, SSL *ssl, const char *text)
{
    size_t len = strlen(text);
    if (ssl)
        return SSL_write(ssl, text, (int)len) == (int)len;
    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* --- HTTP/2 --- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user_data)
{
    struct client_h2 *out = user_data;
    (void)session;
    (void)frame;
    (void)flags;
    (void)name_len;
    if (strcmp((const char *)name, ":status") == 0)
        out->status = (unsigned)strtoul((const char *)value, NULL, 10);
    else if (strcmp((const char *)name, "content-type") == 0 &&
             value_len < sizeof out->content_type)
        memcpy(out->content_type, value, value_len + 1);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user_data)
{
    struct client_h2 *out = user_data;
    (void)session;
    (void)flags;
    (void)stream_id;
    if (len >= sizeof out->body.p - out->body.len)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(out->body.p + out->body.len, data, len);
    out->body.len += len;
    out->body.p[out->body.len] = '\0';
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream_id, uint32_t error, void *user_data)
{
    struct client_h2 *out = user_data;
    (void)stream_id;
    out->complete = error == NGHTTP2_NO_ERROR;
    return nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR);
}

static bool send_all(SSL *ssl, nghttp2_session *session)
{
    const uint8_t *p;
    ssize_t len;
    while ((len = nghttp2_session_mem_send(session, &p)) > 0)
        if (SSL_write(ssl, p, (int)len) != (int)len)
            return false;
    return len == 0;
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

void client_get_h2(SSL *ssl, const char *host, const char *path, struct client_h2 *out)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    uint8_t buf[16384];
    nghttp2_nv request[] = {pair(":method", "GET"), pair(":scheme", "https"),
                            pair(":authority", host), pair(":path", path)};
    memset(out, 0, sizeof *out);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session, callbacks, out);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    nghttp2_submit_request(session, NULL, request, 4, NULL, NULL);
    while (send_all(ssl, session) && nghttp2_session_want_read(session)) {
        ERR_clear_error();
        int got = SSL_read(ssl, buf, sizeof buf);
        if (got <= 0)
            out->end = end_of(ssl, got);
        if (got <= 0 || nghttp2_session_mem_recv(session, buf, (size_t)got) < 0)
            break;
    }
    nghttp2_session_del(session);
}
