/* The HTTP/2 half of net_server: nghttp2 over blocking TLS. */
#include "tests/unit/net_server.h"

#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

struct h2_conn {
    struct net_h2 *server;
    SSL *ssl;
    char authority[256]; /* of the request that is read */
};

static ssize_t on_send(nghttp2_session *session, const uint8_t *p, size_t len, int flags, void *arg)
{
    struct h2_conn *c = arg;
    (void)session;
    (void)flags;
    int n = SSL_write(c->ssl, p, (int)len);
    return n > 0 ? n : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct h2_conn *c = arg;
    (void)session;
    (void)frame;
    (void)flags;
    if (name_len == 10 && memcmp(name, ":authority", 10) == 0)
        snprintf(c->authority, sizeof c->authority, "%.*s", (int)value_len, (const char *)value);
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *p, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_conn *c = arg;
    const char *body = c->server->body;
    int *sent = &source->fd; /* of this stream's body */
    size_t left = strlen(body) - (size_t)*sent;
    (void)session;
    (void)stream;
    if (left > size)
        left = size;
    else
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    memcpy(p, body + *sent, left);
    *sent += (int)left;
    return (ssize_t)left;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
                        .value = (uint8_t *)(uintptr_t)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct h2_conn *c = arg;
    if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    struct net_h2 *server = c->server;
    if (server->refuse != 0)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                         server->refuse);
    bool refuse = server->misdirected != NULL && strcmp(server->misdirected, c->authority) == 0;
    nghttp2_nv fields[] = {field(":status", refuse ? "421" : server->status),
                           field("content-type", server->type)};
    nghttp2_data_provider body = {.source = {.fd = 0}, .read_callback = read_body};
    memcpy(server->authority, c->authority, sizeof server->authority);
    if (++server->requests == server->leave_after)
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR,
                              NULL, 0);
    return nghttp2_submit_response(session, frame->hd.stream_id, fields, 2, &body);
}

void net_h2_speak(int fd, void *arg)
{
    struct h2_conn c = {.server = arg};
    SSL_CTX *ctx = net_tls_ctx(&c.server->tls);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;
    uint8_t buffer[4096];
    int n;

    c.ssl = net_tls_accept(ctx, fd);
    if (c.ssl == NULL) {
        SSL_CTX_free(ctx);
        return;
    }
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_server_new(&session, callbacks, &c);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, NULL, 0);
    while (nghttp2_session_send(session) == 0 && (n = SSL_read(c.ssl, buffer, sizeof buffer)) > 0 &&
           nghttp2_session_mem_recv(session, buffer, (size_t)n) >= 0)
        ;
    nghttp2_session_del(session);
    nghttp2_session_callbacks_del(callbacks);
    net_tls_close(c.ssl);
    SSL_CTX_free(ctx);
}
