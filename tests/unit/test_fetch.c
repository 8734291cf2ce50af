/* Units of scanner/net/fetch.c, against servers on loopback. */
#include "scanner/net/fetch_response.h"
#include "tests/unit/fetch_rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_body(const struct fetch_facts *f, const char *want)
{
    assert_int_equal(f->http.body.len, strlen(want));
    assert_memory_equal(f->http.body.p, want, strlen(want));
}

/* ---- good answers --------------------------------------------------------------------------- */

static void test_h1(void **state)
{
    struct net_world *w = *state;
    struct net_https s = fetch_answering(w, ANSWER);
    struct fetch_facts f = fetch_from(w, &s);
    assert_int_equal(f.conn, CONN_OK);
    assert_int_equal(f.tls.end, TLS_END_OK);
    assert_true(tls_facts_valid(&f.tls));
    assert_int_equal(f.tls.name, NAME_MATCH_OK);
    assert_int_equal(f.tls.version, TLS1_3_VERSION);
    assert_non_null(f.tls.cipher);
    assert_int_equal(f.http.end, HTTP_END_OK);
    assert_int_equal(f.http.status, 200);
    assert_string_equal(f.http.version, "1.1");
    assert_string_equal(f.http.content_type, "text/plain; charset=utf-8");
    assert_string_equal(f.http.last_modified, "Sat, 21 Nov 2026 22:00:00 GMT");
    assert_string_equal(f.http.server, "test\\xff");
    assert_null(f.http.location);
    assert_null(f.http.challenge);
    assert_body(&f, POLICY);
    assert_int_equal(f.http.body_total, strlen(POLICY));
    assert_non_null(strstr(s.request, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
    assert_non_null(strstr(s.request, "Host: " NET_HOST "\r\n"));
    assert_non_null(strstr(s.request, "User-Agent: test/1\r\n"));
    assert_null(strstr(s.request, "Accept-Encoding"));
}

static void test_h2(void **state)
{
    struct net_world *w = *state;
    struct net_h2 s = {
        .tls = net_world_tls(w), .status = "200", .type = "text/plain", .body = POLICY};
    s.tls.h2 = true;
    struct fetch_facts f = fetch_with(w, net_h2_speak, &s, NULL);
    assert_int_equal(f.http.end, HTTP_END_OK);
    assert_string_equal(f.http.version, "2");
    assert_string_equal(f.http.content_type, "text/plain");
    assert_body(&f, POLICY);
    assert_string_equal(s.authority, NET_HOST);
}

static void test_v6_and_chain(void **state)
{
    struct net_world *w = *state;
    struct net_https https = fetch_answering(w, ANSWER);
    struct net_server s;
    net_server_start(&s, "::1", net_https_speak, &https);
    struct fetch_request req = fetch_request_to(&s.at);
    struct fetched r = fetch_once(w, &req);
    net_server_stop(&s);
    assert_int_equal(r.facts.http.end, HTTP_END_OK);
    assert_int_equal(r.chain->n, 2);
    cert_chain_unref(r.chain);
}

static void test_plain(void **state)
{
    struct net_world *w = *state;
    struct net_https s = fetch_answering(w, ANSWER);
    s.plain = true;
    struct fetch_facts f =
        fetch_with(w, net_https_speak, &s, &(struct fetch_request){.plain = true});
    assert_int_equal(f.tls.end, TLS_END_NONE);
    assert_int_equal(f.http.end, HTTP_END_OK);
    assert_body(&f, POLICY);
}

/* Statuses, and that nothing but the one connection is made. */
static void test_statuses(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *answer;
        int status;
        const char *location, *retry_after, *challenge;
    } c[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, NULL, NULL, NULL},
        {"HTTP/1.1 301 Moved\r\nLocation: https://www.good.example/x\r\nContent-Length: 0\r\n\r\n",
         301, "https://www.good.example/x", NULL, NULL},
        {"HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", 429, NULL, "60",
         NULL},
        {"HTTP/1.1 403 No\r\nServer: cloudflare\r\nContent-Length: 0\r\n\r\n", 403, NULL, NULL,
         "cloudflare"},
        {"HTTP/1.1 404 No\r\nServer: cloudflare\r\nContent-Length: 0\r\n\r\n", 404, NULL, NULL,
         NULL},
        {"HTTP/1.1 503 No\r\nCF-Mitigated: challenge\r\nContent-Length: 0\r\n\r\n", 503, NULL, NULL,
         "cloudflare"},
        {"HTTP/1.1 503 No\r\nContent-Length: 35\r\n\r\n<title>Just a moment...</title>    ", 503,
         NULL, NULL, "cloudflare"},
        {"HTTP/1.1 200 OK\r\nServer: cloudflare\r\nContent-Length: 0\r\n\r\n", 200, NULL, NULL,
         NULL},
        {"HTTP/1.1 100 Continue\r\nServer: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 204, NULL, NULL,
         NULL},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct net_https s = fetch_answering(w, c[i].answer);
        struct fetch_facts f = fetch_from(w, &s);
        assert_int_equal(f.http.end, HTTP_END_OK);
        assert_int_equal(f.http.status, c[i].status);
        const char *got[] = {f.http.location, f.http.retry_after, f.http.challenge};
        const char *want[] = {c[i].location, c[i].retry_after, c[i].challenge};
        for (size_t k = 0; k < 3; k++)
            if ((got[k] == NULL) != (want[k] == NULL) ||
                (got[k] != NULL && strcmp(got[k], want[k]) != 0))
                fail_msg("%zu.%zu: %s", i, k, got[k] == NULL ? "null" : got[k]);
        if (i == 8)
            assert_null(f.http.server);
    }
}

/* ---- broken answers ------------------------------------------------------------------------- */

static void test_truncated(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *answer;
        int status; /* -1: a reset may overtake what was sent */
        bool reset;
    } c[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nversion", 200, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nversion", -1, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nversi", 200, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nversi", 200, false},
        {"", 0, false},
        {"", 0, true},
        {"SSH-2.0-nonsense\r\n", 0, false},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct net_https s = fetch_answering(w, c[i].answer);
        s.reset = c[i].reset;
        struct fetch_facts f = fetch_from(w, &s);
        if (f.http.end != HTTP_END_TRUNCATED || (c[i].status >= 0 && f.http.status != c[i].status))
            fail_msg("%zu: %s %d", i, http_end_name(f.http.end), f.http.status);
        assert_int_equal(f.tls.end, TLS_END_OK);
    }
}

/* A length or the end of the connection delimits the body; close_notify is not insisted on. */
static void test_no_close_notify(void **state)
{
    struct net_world *w = *state;
    struct net_https s = fetch_answering(w, "HTTP/1.1 200 OK\r\n\r\n" POLICY);
    for (int i = 0; i < 2; i++) {
        s.no_bye = i == 1;
        struct fetch_facts f = fetch_from(w, &s);
        assert_int_equal(f.http.end, HTTP_END_OK);
        assert_body(&f, POLICY);
    }
}

static void test_body_cap(void **state)
{
    struct net_world *w = *state;
    enum { CAP = POLICY_BODY_MAX_BYTES };
    static char answer[256 + CAP + 1];
    for (size_t extra = 0; extra < 2; extra++) {
        int head =
            snprintf(answer, 256, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", CAP + extra);
        memset(answer + head, 'x', CAP + extra);
        struct net_https s = fetch_answering(w, answer);
        s.answer_len = (size_t)head + CAP + extra;
        struct fetch_facts f = fetch_from(w, &s);
        assert_int_equal(f.http.end, extra == 0 ? HTTP_END_OK : HTTP_END_TOO_LARGE);
        assert_int_equal(f.http.body.len, CAP);
        assert_true(f.http.body_total >= CAP + extra);
        assert_int_equal(f.http.status, 200);
    }
}

static void test_endless_body(void **state)
{
    struct net_world *w = *state;
    static char chunk[4096];
    memset(chunk, 'x', sizeof chunk - 1);
    memcpy(chunk, "HTTP/1.1 200 OK\r\n\r\n", 19);
    struct net_https s = fetch_answering(w, chunk);
    s.answer_times = 1000;
    struct fetch_facts f = fetch_from(w, &s);
    assert_int_equal(f.http.end, HTTP_END_TOO_LARGE);
}

static void test_header_flood(void **state)
{
    struct net_world *w = *state;
    static char text[2 * HTTP_HEADERS_MAX_BYTES];
    size_t len = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
    while (len < sizeof text - 64)
        len += (size_t)snprintf(text + len, sizeof text - len, "X-Flood: yes\r\n");
    struct net_https s = fetch_answering(w, text);
    assert_int_equal(fetch_from(w, &s).http.end, HTTP_END_TRUNCATED);
    /* One line without an end. */
    len = (size_t)snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-Flood: ");
    memset(text + len, 'x', sizeof text - len - 1);
    s = fetch_answering(w, text);
    s.answer_times = 4;
    struct fetch_facts f = fetch_from(w, &s);
    assert_int_equal(f.conn, CONN_OK);
    assert_int_equal(f.http.end, HTTP_END_TRUNCATED);
    s = fetch_answering(w, "HTTP/1.1 100 Continue\r\n\r\n");
    s.answer_times = 10000;
    assert_int_equal(fetch_from(w, &s).http.end, HTTP_END_TRUNCATED);
}

/* The extension of a chunk's size (RFC 9112 section 7.1.1) that does not end, of which libcurl
 * tells nobody; over plain HTTP no layer below counts it either. */
static void speak_extension(int fd, void *arg)
{
    static const char begin[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    static char extension[16384];
    size_t *sent = arg;
    ssize_t n = send(fd, begin, sizeof begin - 1, MSG_NOSIGNAL);
    memset(extension, 'x', sizeof extension);
    for (; n > 0; n = send(fd, extension, sizeof extension, MSG_NOSIGNAL))
        *sent += (size_t)n;
}

static void test_endless_extension(void **state)
{
    size_t sent = 0;
    struct fetch_facts f =
        fetch_with(*state, speak_extension, &sent, &(struct fetch_request){.plain = true});
    assert_int_equal(f.http.end, HTTP_END_TRUNCATED);
    assert_int_equal(f.http.status, 200);
    assert_true(sent < 32 * 1024 * 1024); /* buffers of both kernels are on the way */
}

static void test_timeouts(void **state)
{
    struct net_world *w = *state;
    const struct fetch_request soon = {.deadline_ms = SHORT_MS};
    struct net_https s = fetch_answering(w, "");
    s.hang = true;
    struct fetch_facts f = fetch_with(w, net_https_speak, &s, &soon);
    assert_int_equal(f.tls.end, TLS_END_OK);
    assert_int_equal(f.http.end, HTTP_END_TIMEOUT);
    assert_int_equal(f.http.status, 0);
    s = fetch_answering(w, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nversion");
    s.hang = true;
    f = fetch_with(w, net_https_speak, &s, &soon);
    assert_int_equal(f.http.end, HTTP_END_TIMEOUT);
    assert_int_equal(f.http.status, 200);
    assert_body(&f, "version");
}

/* Libcurl would decode a transfer coding five deep, each a thousand times as long as the one
 * before, and tell nobody meanwhile. What is no gzip at all shows that it does not. */
static void test_transfer_coding(void **state)
{
    static const char body[] = "\x1f\x8b no gzip";
    struct net_https s = fetch_answering(*state, "HTTP/1.1 200 OK\r\n"
                                                 "Transfer-Encoding: gzip, gzip, chunked\r\n\r\n"
                                                 "a\r\n\x1f\x8b no gzip\r\n0\r\n\r\n");
    struct fetch_facts f = fetch_from(*state, &s);
    assert_int_equal(f.http.end, HTTP_END_OK);
    assert_body(&f, body);
}

/* Memory for events, as long as there is some. */
static bool no_events;

static void *event_memory(size_t size)
{
    return no_events ? NULL : malloc(size);
}

/* No event for libcurl's socket: a matter of ours, of which the peer is not told, and of this fetch
 * alone. The first server says nothing, so that there is something to wait for however late this
 * thread comes to it. */
static void test_no_memory_for_events(void **state)
{
    struct net_world *w = *state;
    struct net_server silent_server, server;
    struct net_https silent = fetch_answering(w, ""), https = fetch_answering(w, ANSWER);
    struct fetch_config c = fetch_config_of(w);
    struct fetched poor = {.w = w}, fine = {.w = w};
    fetcher *f;
    silent.hang = true;
    net_server_start(&silent_server, "127.0.0.1", net_https_speak, &silent);
    net_server_start(&server, "127.0.0.1", net_https_speak, &https);
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    struct fetch_request req = fetch_request_to(&silent_server.at);
    assert_int_equal(fetch_start(f, &req, fetch_take, &poor, NULL), ST_OK);
    no_events = true;
    while (!poor.called)
        assert_int_equal(event_base_dispatch(w->base), 0);
    no_events = false;
    assert_int_equal(poor.facts.conn, CONN_ABANDONED);
    req = fetch_request_to(&server.at);
    assert_int_equal(fetch_start(f, &req, fetch_take, &fine, NULL), ST_OK);
    while (!fine.called)
        assert_int_equal(event_base_dispatch(w->base), 0);
    assert_int_equal(fine.facts.http.end, HTTP_END_OK);
    cert_chain_unref(poor.chain);
    cert_chain_unref(fine.chain);
    fetcher_free(f);
    net_server_stop(&silent_server);
    net_server_stop(&server);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void test_connections(void **state)
{
    struct net_world *w = *state;
    struct endpoint at = {.ip = {.family = 4, .b = {127, 0, 0, 1}}};
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(&at, &ss);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening */
    uint16_t port;
    assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
    memcpy(&port, (const char *)&ss + 2, sizeof port);
    at.port = (uint16_t)(port >> 8 | port << 8);
    struct fetch_request req = fetch_request_to(&at);
    struct fetch_facts f = fetch_once(w, &req).facts;
    assert_int_equal(f.conn, CONN_REFUSED);
    assert_int_equal(f.tls.end, TLS_END_NONE);
    assert_int_equal(f.http.end, HTTP_END_NONE);
    close(fd);
}

static void test_guard(void **state)
{
    struct net_world *w = *state;
    struct net_https https = fetch_answering(w, ANSWER);
    struct net_server s;
    net_server_start(&s, "127.1.0.1", net_https_speak, &https); /* 127.0.0.0/16 is allowed */
    struct fetch_request req = fetch_request_to(&s.at);
    assert_int_equal(fetch_once(w, &req).facts.conn, CONN_BLOCKED);
    req.plain = true;
    assert_int_equal(fetch_once(w, &req).facts.conn, CONN_BLOCKED);
    assert_int_equal(atomic_load(&s.connections), 0);
    net_server_stop(&s);
}

/* Proxies of the environment would lead round the guard. */
static void test_proxies_ignored(void **state)
{
    struct net_world *w = *state;
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                        "ALL_PROXY"};
    struct net_server proxy;
    char url[64], at[ENDPOINT_TEXT_MAX_BYTES];
    net_server_start(&proxy, "127.0.0.1", fetch_speak_close, NULL);
    endpoint_text(&proxy.at, at);
    snprintf(url, sizeof url, "http://%s", at);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], url, 1);
    struct net_https s = fetch_answering(w, ANSWER);
    assert_int_equal(fetch_from(w, &s).http.end, HTTP_END_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    assert_int_equal(atomic_load(&proxy.connections), 0);
    net_server_stop(&proxy);
}

static void test_bad_requests(void **state)
{
    struct net_world *w = *state;
    struct fetch_config c = fetch_config_of(w);
    struct endpoint at = {.ip = {.family = 4, .b = {127, 0, 0, 1}}, .port = 1};
    struct fetch_request req = fetch_request_to(&at);
    fetcher *f;
    static const char *const hosts[] = {"", "a b", "user@host", "host/x", "host:1", "[::1]"};
    static const char *const paths[] = {"", "x", "/a b", "/a\r\nb", "/#x"};
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        req.host = hosts[i];
        assert_int_equal(fetch_start(f, &req, fetch_take, NULL, NULL), ST_INVALID);
    }
    req.host = NET_HOST;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        req.path = paths[i];
        assert_int_equal(fetch_start(f, &req, fetch_take, NULL, NULL), ST_INVALID);
    }
    fetcher_free(f);
}

struct crowd {
    struct net_world *w;
    fetcher *f;
    struct fetch_request req;
    size_t left, good;
};

static void on_one_of_crowd(void *arg, const struct fetch_outcome *out)
{
    struct crowd *c = arg;
    c->good += out->facts.http.end == HTTP_END_OK && out->facts.http.body.len == strlen(POLICY);
    if (c->left > 0) {
        c->left--;
        assert_int_equal(fetch_start(c->f, &c->req, on_one_of_crowd, c, NULL), ST_OK);
    } else {
        event_base_loopbreak(c->w->base);
    }
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* Fetches begun in callbacks, easy handles used again, one connection each. */
static void test_many(void **state)
{
    struct net_world *w = *state;
    struct fetch_config config = fetch_config_of(w);
    struct net_https https = fetch_answering(w, ANSWER);
    struct net_server s;
    size_t before = open_descriptors();
    net_server_start(&s, "127.0.0.1", net_https_speak, &https);
    struct crowd c = {.w = w, .req = fetch_request_to(&s.at), .left = 40};
    assert_int_equal(fetcher_new(w->base, &config, &c.f), ST_OK);
    assert_int_equal(fetch_start(c.f, &c.req, on_one_of_crowd, &c, NULL), ST_OK);
    event_base_dispatch(w->base);
    fetcher_free(c.f);
    net_server_stop(&s);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(c.good, 41);
    assert_int_equal(atomic_load(&s.connections), 41);
}

static void test_cancel_and_free(void **state)
{
    struct net_world *w = *state;
    struct fetch_config c = fetch_config_of(w);
    struct net_server s;
    struct fetched cancelled = {.w = w}, abandoned = {.w = w}, late = {.w = w};
    fetch_handle *handle;
    fetcher *f;
    net_server_start(&s, "127.0.0.1", fetch_speak_silence, NULL);
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    struct fetch_request req = fetch_request_to(&s.at);
    assert_int_equal(fetch_start(f, &req, fetch_take, &cancelled, &handle), ST_OK);
    assert_int_equal(fetch_start(f, &req, fetch_take, &abandoned, NULL), ST_OK);
    req.deadline_ms = SHORT_MS; /* lets the others get into their handshakes */
    assert_int_equal(fetch_start(f, &req, fetch_take, &late, NULL), ST_OK);
    while (!late.called)
        event_base_dispatch(w->base);
    fetch_cancel(f, handle);
    fetcher_free(f);
    assert_false(cancelled.called);
    assert_true(abandoned.called);
    assert_int_equal(abandoned.facts.conn, CONN_ABANDONED);
    net_server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h1),
        cmocka_unit_test(test_h2),
        cmocka_unit_test(test_v6_and_chain),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_no_close_notify),
        cmocka_unit_test(test_body_cap),
        cmocka_unit_test(test_endless_body),
        cmocka_unit_test(test_header_flood),
        cmocka_unit_test(test_endless_extension),
        cmocka_unit_test(test_transfer_coding),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_no_memory_for_events),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_proxies_ignored),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_cancel_and_free),
    };
    event_set_mem_functions(event_memory, realloc, free);
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
