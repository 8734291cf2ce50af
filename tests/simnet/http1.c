#include "tests/simnet/http1.h"

#include "tests/simnet/pool.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PIECE_BYTES 16384
#define METHOD_MAX 16
#define PATH_MAX_BYTES 2048

enum state {
    READING, /* a request head */
    WAITING, /* until the reply's delay, or the next byte of a drip, is due */
    SENDING, /* the reply's body */
};

struct http1 {
    struct conn *conn;
    http_answer_fn *answer;
    struct strbuf in;
    enum state state;
    struct http_reply *reply;
    bool head_sent;
    bool head_only; /* HEAD */
    bool keep_alive;
    size_t offset; /* body bytes sent */
};

struct request {
    char method[METHOD_MAX];
    char path[PATH_MAX_BYTES];
    char host[SIM_NAME_MAX];
    bool keep_alive;
};

struct http1 *http1_create(struct conn *conn, http_answer_fn *answer)
{
    struct http1 *http1 = pool_zalloc(sizeof *http1);
    if (!http1)
        return NULL;
    http1->conn = conn;
    http1->answer = answer;
    strbuf_init(&http1->in, HTTP1_HEAD_MAX_BYTES);
    return http1;
}

void http1_free(struct http1 *http1)
{
    if (!http1)
        return;
    http_reply_free(http1->reply);
    strbuf_free(&http1->in);
    pool_free(http1);
}

/* --- The request --- */

static bool copy_word(char *out, size_t size, const char **p, const char *end, char stop)
{
    const char *at = memchr(*p, stop, (size_t)(end - *p));
    size_t len = at ? (size_t)(at - *p) : 0;
    if (len == 0 || len >= size)
        return false;
    memcpy(out, *p, len);
    out[len] = '\0';
    *p = at + 1;
    return true;
}

static void read_header(struct request *request, const char *p, size_t len)
{
    static const char host[] = "host:";
    static const char connection[] = "connection:";
    if (len >= sizeof host - 1 && strncasecmp(p, host, sizeof host - 1) == 0) {
        p += sizeof host - 1;
        len -= sizeof host - 1;
        while (len > 0 && (*p == ' ' || *p == '\t'))
            p++, len--;
        while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
            len--;
        http_host_copy(request->host, p, len);
    } else if (len >= sizeof connection - 1 &&
               strncasecmp(p, connection, sizeof connection - 1) == 0 &&
               memmem(p, len, "close", 5)) {
        request->keep_alive = false;
    }
}

/* Reads the head at p up to its blank line, which is there. */
static bool read_request(struct request *request, const char *p, const char *end)
{
    request->host[0] = '\0';
    request->keep_alive = true;
    if (!copy_word(request->method, sizeof request->method, &p, end, ' ') ||
        !copy_word(request->path, sizeof request->path, &p, end, ' ') || end - p < 10 ||
        memcmp(p, "HTTP/1.", 7) != 0)
        return false;
    if (p[7] == '0')
        request->keep_alive = false;
    while (p < end) {
        const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        if (!eol)
            return false;
        read_header(request, p, (size_t)(eol - p));
        p = eol + 2;
    }
    return true;
}

/* --- The reply --- */

static const char *reason_of(unsigned status)
{
    return status < 300 ? "OK" : status < 400 ? "Elsewhere" : "Not so";
}

static void send_head(struct http1 *http1)
{
    const struct http_reply *reply = http1->reply;
    struct strbuf head;
    strbuf_init(&head, CONN_OUT_MAX_BYTES);
    strbuf_printf(&head, "HTTP/1.1 %u %s\r\n", reply->status, reason_of(reply->status));
    for (size_t i = 0; i < reply->header_count; i++)
        strbuf_printf(&head, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
    if (reply->length_known)
        strbuf_printf(&head, "content-length: %zu\r\n", reply->total_len);
    else
        strbuf_adds(&head, "transfer-encoding: chunked\r\n");
    strbuf_adds(&head, http1->keep_alive ? "\r\n" : "connection: close\r\n\r\n");
    if (head.error == ST_OK)
        conn_send(http1->conn, head.p, head.len);
    else
        conn_close(http1->conn);
    strbuf_free(&head);
    http1->head_sent = true;
}

static void send_piece(struct http1 *http1, size_t max)
{
    char piece[PIECE_BYTES];
    char chunk[24];
    size_t len = http_reply_read(http1->reply, http1->offset, piece, max);
    http1->offset += len;
    if (!http1->reply->length_known) {
        int n = snprintf(chunk, sizeof chunk, "%zx\r\n", len);
        conn_send(http1->conn, chunk, (size_t)n);
    }
    conn_send(http1->conn, piece, len);
    if (!http1->reply->length_known)
        conn_send(http1->conn, "\r\n", 2);
}

static bool body_is_sent(const struct http1 *http1)
{
    return http1->head_only || http1->offset == http1->reply->send_len;
}

/* All that is to be sent of the reply is out. */
static void end_reply(struct http1 *http1)
{
    enum sim_http_delivery delivery = http1->reply->delivery;
    bool chunked = !http1->reply->length_known && !http1->head_only;
    http_reply_free(http1->reply);
    http1->reply = NULL;
    http1->state = READING;
    if (delivery == SIM_HTTP_STALL_BODY)
        conn_sink(http1->conn);
    else if (delivery == SIM_HTTP_TRUNCATE)
        conn_finish(http1->conn);
    else {
        if (chunked)
            conn_send(http1->conn, "0\r\n\r\n", 5);
        if (http1->keep_alive)
            conn_flush(http1->conn);
        else
            conn_finish(http1->conn);
    }
}

/* Sends as much of the reply as the socket takes. True: the next request may be read. */
static bool send_reply(struct http1 *http1)
{
    bool drip = http1->reply->delivery == SIM_HTTP_DRIP;
    if (!http1->head_sent) {
        send_head(http1);
        if (!drip && !body_is_sent(http1))
            send_piece(http1, PIECE_BYTES); /* with the head in one write, as servers do */
    }
    while (conn_flush(http1->conn)) {
        if (body_is_sent(http1)) {
            end_reply(http1);
            return http1->state == READING;
        }
        send_piece(http1, drip ? 1 : PIECE_BYTES);
        if (drip && !body_is_sent(http1)) {
            http1->state = WAITING;
            conn_flush(http1->conn);
            conn_alarm(http1->conn, SIM_DRIP_MS);
            return false;
        }
    }
    return false;
}

static void start_reply(struct http1 *http1, struct http_reply *take_reply)
{
    http1->reply = take_reply;
    http1->head_sent = false;
    http1->offset = 0;
    if (!take_reply) {
        conn_close(http1->conn);
    } else if (take_reply->delivery == SIM_HTTP_STALL_HEADERS) {
        conn_sink(http1->conn);
    } else if (take_reply->delay_ms > 0) {
        http1->state = WAITING;
        conn_alarm(http1->conn, take_reply->delay_ms);
    } else {
        http1->state = SENDING;
    }
}

static void answer(struct http1 *http1, const char *head, size_t len)
{
    static const char bad[] = "bad request\n";
    struct request request;
    if (read_request(&request, head, head + len)) {
        http1->keep_alive = request.keep_alive;
        http1->head_only = strcmp(request.method, "HEAD") == 0;
        start_reply(http1, http1->answer(http1->conn, request.method, request.host, request.path));
        return;
    }
    http1->keep_alive = false;
    http1->head_only = false;
    start_reply(http1, http_reply_of_bytes(400, "text/plain", bad, sizeof bad - 1));
}

/* Takes one request head off the input. False: none is complete. */
static bool take_request(struct http1 *http1)
{
    struct strbuf *in = &http1->in;
    const char *end = in->len > 0 ? memmem(in->p, in->len, "\r\n\r\n", 4) : NULL;
    if (!end)
        return false;
    size_t used = (size_t)(end - in->p) + 4;
    answer(http1, in->p, used - 2);
    memmove(in->p, in->p + used, in->len - used);
    in->len -= used;
    return true;
}

static bool alive(const struct http1 *http1)
{
    return http1->conn->phase == CONN_CLEAR || http1->conn->phase == CONN_SECURE;
}

static void go_on(struct http1 *http1)
{
    while (alive(http1)) {
        if (http1->state == SENDING && !send_reply(http1))
            return;
        if (!alive(http1) || http1->state == WAITING)
            return;
        if (http1->state == READING && !take_request(http1))
            return;
    }
}

void http1_ready(struct http1 *http1)
{
    char buf[4096];
    size_t len;
    enum conn_got got;
    while ((got = conn_recv(http1->conn, buf, sizeof buf, &len)) == CONN_GOT) {
        if (strbuf_add(&http1->in, buf, len) != ST_OK) {
            conn_close(http1->conn);
            return;
        }
    }
    if (got == CONN_GONE)
        conn_close(http1->conn);
    else
        go_on(http1);
}

void http1_alarm(struct http1 *http1)
{
    http1->state = SENDING;
    go_on(http1);
}
