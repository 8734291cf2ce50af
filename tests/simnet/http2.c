#include "tests/simnet/http2.h"

#include "tests/simnet/pool.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#define METHOD_MAX 16
#define PATH_MAX_BYTES 2048
/* Frames are taken from nghttp2 only while less than this waits for the socket. */
#define OUT_HIGH_BYTES (64 * 1024)
#define NEVER_MS UINT64_MAX

struct stream {
    struct stream *next;
    struct stream *prev;
    int32_t id;
    char method[METHOD_MAX];
    char path[PATH_MAX_BYTES];
    char host[SIM_NAME_MAX];
    struct http_reply *reply; /* NULL: the request is not complete */
    bool submitted;
    size_t offset;
    uint64_t due_ms; /* when the reply, or its next byte, may go out */
};

struct http2 {
    struct conn *conn;
    http_answer_fn *answer;
    nghttp2_session *session;
    struct stream *streams;
    bool heard; /* the client has said something: our SETTINGS go with the answer to it */
    bool cut;   /* a reply was cut short: close when what is queued is out */
};

/* --- Streams --- */

static struct stream *stream_create(struct http2 *http2, int32_t id)
{
    struct stream *stream = pool_zalloc(sizeof *stream);
    if (!stream)
        return NULL;
    stream->id = id;
    stream->due_ms = NEVER_MS;
    stream->next = http2->streams;
    if (stream->next)
        stream->next->prev = stream;
    http2->streams = stream;
    return stream;
}

static void stream_free(struct http2 *http2, struct stream *stream)
{
    *(stream->prev ? &stream->prev->next : &http2->streams) = stream->next;
    if (stream->next)
        stream->next->prev = stream->prev;
    http_reply_free(stream->reply);
    pool_free(stream);
}

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t size,
                         uint32_t *flags, nghttp2_data_source *source, void *user_data)
{
    struct stream *stream = source->ptr;
    struct http2 *http2 = user_data;
    const struct http_reply *reply = stream->reply;
    (void)session;
    (void)stream_id;
    if (reply->delivery == SIM_HTTP_DRIP && stream->offset < reply->send_len) {
        uint64_t now_ms = loop_now_ms(http2->conn->worker->loop);
        if (stream->due_ms != NEVER_MS && stream->due_ms > now_ms)
            return NGHTTP2_ERR_DEFERRED;
        stream->due_ms = now_ms + SIM_DRIP_MS;
        size = 1;
    }
    size_t len = http_reply_read(reply, stream->offset, buf, size);
    stream->offset += len;
    if (stream->offset < reply->send_len)
        return (ssize_t)len;
    if (reply->delivery == SIM_HTTP_TRUNCATE)
        http2->cut = true;
    if (reply->delivery != SIM_HTTP_STALL_BODY && reply->delivery != SIM_HTTP_TRUNCATE)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (len == 0)
        return NGHTTP2_ERR_DEFERRED; /* for ever: the stream never ends */
    stream->due_ms = NEVER_MS;
    return (ssize_t)len;
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

static void submit(struct http2 *http2, struct stream *stream)
{
    const struct http_reply *reply = stream->reply;
    nghttp2_nv pairs[HTTP_REPLY_HEADERS_MAX + 2];
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_body};
    char status[8], length[24];
    size_t n = 0;
    snprintf(status, sizeof status, "%03u", reply->status % 1000);
    snprintf(length, sizeof length, "%zu", reply->total_len);
    pairs[n++] = pair(":status", status);
    for (size_t i = 0; i < reply->header_count; i++)
        pairs[n++] = pair(reply->headers[i].name, reply->headers[i].value);
    if (reply->length_known)
        pairs[n++] = pair("content-length", length);
    bool bodyless = strcmp(stream->method, "HEAD") == 0 || reply->total_len == 0;
    stream->submitted = true;
    stream->due_ms = NEVER_MS;
    if (nghttp2_submit_response(http2->session, stream->id, pairs, n, bodyless ? NULL : &body) != 0)
        conn_close(http2->conn);
}

static void answer(struct http2 *http2, struct stream *stream)
{
    stream->reply = http2->answer(http2->conn, stream->method, stream->host, stream->path);
    if (!stream->reply)
        conn_close(http2->conn);
    else if (stream->reply->delivery == SIM_HTTP_STALL_HEADERS)
        return;
    else if (stream->reply->delay_ms > 0)
        stream->due_ms = loop_now_ms(http2->conn->worker->loop) + stream->reply->delay_ms;
    else
        submit(http2, stream);
}

/* --- What nghttp2 tells --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct stream *stream = stream_create(user_data, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    return 0;
}

static bool is_name(const uint8_t *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

static bool copy_text(char *out, size_t size, const uint8_t *p, size_t len)
{
    if (len >= size)
        return false;
    memcpy(out, p, len);
    out[len] = '\0';
    return true;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user_data)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool ok = true;
    (void)flags;
    (void)user_data;
    if (!stream)
        return 0;
    if (is_name(name, name_len, ":method"))
        ok = copy_text(stream->method, sizeof stream->method, value, value_len);
    else if (is_name(name, name_len, ":path"))
        ok = copy_text(stream->path, sizeof stream->path, value, value_len);
    else if (is_name(name, name_len, ":authority") ||
             (stream->host[0] == '\0' && is_name(name, name_len, "host")))
        http_host_copy(stream->host, (const char *)value, value_len);
    return ok ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct http2 *http2 = user_data;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream && !stream->reply && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        answer(http2, stream);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user_data)
{
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    (void)error;
    if (stream)
        stream_free(user_data, stream);
    return 0;
}

/* --- Memory --- */

static void *mem_malloc(size_t len, void *user_data)
{
    (void)user_data;
    return pool_malloc(len);
}

static void *mem_calloc(size_t count, size_t size, void *user_data)
{
    (void)user_data;
    return pool_calloc(count, size);
}

static void *mem_realloc(void *p, size_t len, void *user_data)
{
    (void)user_data;
    return pool_realloc(p, len);
}

static void mem_free(void *p, void *user_data)
{
    (void)user_data;
    pool_free(p);
}

/* --- The session --- */

static bool start_session(struct http2 *http2)
{
    nghttp2_mem mem = {NULL, mem_malloc, mem_free, mem_calloc, mem_realloc}; /* is copied */
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry limit = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX};
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    int failed = nghttp2_session_server_new3(&http2->session, callbacks, http2, NULL, &mem);
    nghttp2_session_callbacks_del(callbacks);
    return failed == 0 &&
           nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, &limit, 1) == 0;
}

struct http2 *http2_create(struct conn *conn, http_answer_fn *answer_fn)
{
    struct http2 *http2 = pool_zalloc(sizeof *http2);
    if (!http2)
        return NULL;
    http2->conn = conn;
    http2->answer = answer_fn;
    if (!start_session(http2)) {
        http2_free(http2);
        return NULL;
    }
    return http2;
}

void http2_free(struct http2 *http2)
{
    if (!http2)
        return;
    while (http2->streams)
        stream_free(http2, http2->streams);
    nghttp2_session_del(http2->session);
    pool_free(http2);
}

/* Moves frames from nghttp2 to the socket until one of them has no more. */
static void send_frames(struct http2 *http2)
{
    do {
        while (http2->conn->out.len < OUT_HIGH_BYTES) {
            const uint8_t *frames;
            ssize_t len = nghttp2_session_mem_send(http2->session, &frames);
            if (len < 0)
                conn_close(http2->conn);
            if (len <= 0)
                break;
            conn_send(http2->conn, frames, (size_t)len);
        }
        if (http2->conn->out.len == 0)
            break;
    } while (conn_flush(http2->conn));
}

/* After any input or timer: send, end, and set the clock for the stream that is due first. */
static void settle(struct http2 *http2)
{
    struct conn *conn = http2->conn;
    uint64_t now_ms = loop_now_ms(conn->worker->loop);
    uint64_t due_ms = NEVER_MS;
    if (conn->phase != CONN_SECURE)
        return;
    send_frames(http2);
    if (conn->phase != CONN_SECURE)
        return;
    bool over =
        !nghttp2_session_want_read(http2->session) && !nghttp2_session_want_write(http2->session);
    if (http2->cut || over) {
        conn_finish(conn);
        return;
    }
    for (const struct stream *s = http2->streams; s; s = s->next)
        if (s->due_ms < due_ms)
            due_ms = s->due_ms;
    if (due_ms != NEVER_MS)
        conn_alarm(conn, due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0);
}

void http2_ready(struct http2 *http2)
{
    uint8_t buf[16384];
    size_t len;
    enum conn_got got;
    while ((got = conn_recv(http2->conn, buf, sizeof buf, &len)) == CONN_GOT) {
        http2->heard = true;
        if (nghttp2_session_mem_recv(http2->session, buf, len) < 0) {
            conn_close(http2->conn);
            return;
        }
        if (http2->conn->phase != CONN_SECURE)
            return;
    }
    if (got == CONN_GONE)
        conn_close(http2->conn);
    else if (http2->heard)
        settle(http2);
}

void http2_alarm(struct http2 *http2)
{
    uint64_t now_ms = loop_now_ms(http2->conn->worker->loop);
    for (struct stream *s = http2->streams; s; s = s->next) {
        if (s->due_ms > now_ms)
            continue;
        if (!s->submitted)
            submit(http2, s);
        else
            nghttp2_session_resume_data(http2->session, s->id);
    }
    settle(http2);
}
