#include "tests/simnet/ca.h"
#include "tests/simnet/conn.h"
#include "tests/simnet/http1.h"
#include "tests/simnet/http2.h"

#include <string.h>
#include <strings.h>

#define TLS_HANDSHAKE_RECORD 0x16 /* RFC 8446 section 5.1: content type 22 */
#define FIRST_READ_BYTES 4096     /* a ClientHello mostly has 300 to 2,000 */

struct https_conn {
    struct conn conn;
    struct http1 *http1; /* at most one of the two */
    struct http2 *http2;
};

static struct https_conn *https_of(struct conn *conn)
{
    return (struct https_conn *)(void *)conn;
}

/* --- Answers --- */

/* RFC 6585 section 4. */
static struct http_reply *answer_limited(uint32_t retry_after_s)
{
    static const char text[] = "too many requests\n";
    struct http_reply *reply = http_reply_of_bytes(429, "text/plain", text, sizeof text - 1);
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", retry_after_s);
    if (reply && retry_after_s > 0)
        http_reply_add_header(reply, "retry-after", seconds);
    return reply;
}

static struct http_reply *answer_policy(void *owner, const char *method, const char *host,
                                        const char *path)
{
    static const char refused[] = "method not allowed\n", misdirected[] = "not here\n";
    const struct conn *conn = owner;
    struct worker *worker = conn->worker;
    struct sim_http http;
    counter_add(&worker->counters.requests);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return http_reply_of_bytes(405, "text/plain", refused, sizeof refused - 1);
    sim_world_https(worker->world, conn->addr, host, path, &http);
    if (conn_is_limited(conn))
        return answer_limited(worker->retry_after_s);
    const char *made_for = tls_end_server_name(&conn->tls);
    if (http.own_connection && (!made_for || strcasecmp(made_for, host) != 0))
        return http_reply_of_bytes(421, "text/plain", misdirected, sizeof misdirected - 1);
    http.delay_ms += worker->delay_ms;
    return http_reply_create(&http);
}

/* Plain HTTP: only what AIA points to (RFC 5280 section 4.2.2.1: certificates by http). */
static struct http_reply *answer_plain(void *owner, const char *method, const char *host,
                                       const char *path)
{
    static const char refused[] = "this port speaks HTTPS\n";
    const struct conn *conn = owner;
    (void)host;
    counter_add(&conn->worker->counters.requests);
    if (strcmp(method, "GET") != 0 || strcmp(path, SIM_AIA_PATH) != 0)
        return http_reply_of_bytes(400, "text/plain", refused, sizeof refused - 1);
    const uint8_t *der;
    size_t len;
    ca_borrow_intermediate(conn->worker->ca, &der, &len);
    return http_reply_of_bytes(200, "application/pkix-cert", der, len);
}

static void ask_tls(void *owner, const char *sni, struct sim_tls *tls, bool *h2)
{
    struct conn *conn = owner;
    polite_hello(&conn->manners, sni);
    sim_world_https_tls(conn->worker->world, conn->addr, sni, tls, h2);
    if (conn->manners.ordinal <= conn->worker->break_first)
        tls->mode = SIM_TLS_SILENT;
}

/* --- The protocol --- */

static void opened(struct conn *conn)
{
    (void)conn; /* the client speaks first */
}

static void secured(struct conn *conn)
{
    struct https_conn *https = https_of(conn);
    if (tls_end_chose_h2(&conn->tls))
        https->http2 = http2_create(conn, answer_policy);
    else
        https->http1 = http1_create(conn, answer_policy);
    if (!https->http2 && !https->http1)
        conn_close(conn);
}

static void begin_plain(struct conn *conn)
{
    struct https_conn *https = https_of(conn);
    https->http1 = http1_create(conn, answer_plain);
    if (https->http1)
        http1_ready(https->http1);
    else
        conn_close(conn);
}

/* The first byte tells whether the client speaks TLS. What was read with it is read on at once:
 * OpenSSL takes up to 16 KiB at a time, HTTP all that there is. */
static void begin(struct conn *conn)
{
    uint8_t first[FIRST_READ_BYTES];
    size_t len;
    switch (conn_recv(conn, first, sizeof first, &len)) {
    case CONN_WAIT:
        return;
    case CONN_GONE:
        conn_close(conn);
        return;
    case CONN_GOT:
        break;
    }
    conn_unread(conn, first, len);
    if (first[0] == TLS_HANDSHAKE_RECORD)
        conn_start_tls(conn);
    else
        begin_plain(conn);
    conn_unread(conn, NULL, 0);
}

static void ready(struct conn *conn)
{
    struct https_conn *https = https_of(conn);
    if (https->http2)
        http2_ready(https->http2);
    else if (https->http1)
        http1_ready(https->http1);
    else
        begin(conn);
}

static void alarm_due(struct conn *conn)
{
    struct https_conn *https = https_of(conn);
    if (https->http2)
        http2_alarm(https->http2);
    else if (https->http1)
        http1_alarm(https->http1);
}

static void release(struct conn *conn)
{
    http1_free(https_of(conn)->http1);
    http2_free(https_of(conn)->http2);
}

static const struct protocol https_protocol = {
    .name = "https",
    .not_tls_answer = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n"
                      "content-length: 13\r\nconnection: close\r\n\r\nno TLS here.\n",
    .service = SIM_SERVICE_HTTPS,
    .alpn = true,
    .conn_bytes = sizeof(struct https_conn),
    .ask_tls = ask_tls,
    .opened = opened,
    .secured = secured,
    .ready = ready,
    .alarm = alarm_due,
    .release = release,
};

bool sim_https_server_start(const struct sim_server_options *options, struct sim_server **out)
{
    return engine_start(options, &https_protocol, out);
}
