/* Units of scanner/net/page_server.c: what is answered, and that nobody takes all of it. */
#include "scanner/net/page_server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_MAX_BYTES = 4096, TURNS_WITHOUT_NEWS = 100 };

struct rig {
    struct event_base *base;
    page_server *server;
    bool fails;
    unsigned pages;
};

static enum status page(void *arg, struct strbuf *out)
{
    struct rig *r = arg;
    r->pages++;
    if (r->fails)
        return ST_IO;
    strbuf_printf(out, "page %u\n", r->pages);
    return ST_OK;
}

static struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    struct endpoint at;
    assert_non_null(r);
    r->base = event_base_new();
    assert_int_equal(endpoint_parse("127.0.0.1:0", 0, &at), ST_OK);
    assert_int_equal(page_server_new(r->base, &at, "/metrics", page, r, &r->server), ST_OK);
    assert_true(page_server_endpoint(r->server).port > 0);
    return r;
}

static void rig_free(struct rig *r)
{
    page_server_free(r->server);
    event_base_free(r->base);
    free(r);
}

/* A connection that the kernel makes, whether or not the server takes it. */
static int visit(const struct rig *r)
{
    struct sockaddr_storage ss;
    struct endpoint at = page_server_endpoint(r->server);
    socklen_t len = endpoint_sockaddr(&at, &ss);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
    return fd;
}

static void say(int fd, const char *text, size_t len)
{
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* The server has done all that it can do now. */
static void settle(struct rig *r)
{
    for (int i = 0; i < TURNS_WITHOUT_NEWS; i++)
        event_base_loop(r->base, EVLOOP_NONBLOCK);
}

static bool is_answered(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* What comes until the server closes the connection. */
static void hear(struct rig *r, int fd, char out[ANSWER_MAX_BYTES])
{
    size_t n = 0;
    ssize_t got;
    for (;;) {
        while (!is_answered(fd))
            event_base_loop(r->base, EVLOOP_ONCE);
        if ((got = recv(fd, out + n, ANSWER_MAX_BYTES - 1 - n, 0)) <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = '\0';
    close(fd);
}

static void expect(struct rig *r, const char *request, const char *status, const char *body)
{
    char got[ANSWER_MAX_BYTES], want[128];
    int fd = visit(r);
    say(fd, request, strlen(request));
    hear(r, fd, got);
    snprintf(want, sizeof want, "HTTP/1.1 %s\r\n", status);
    if (strncmp(got, want, strlen(want)) != 0)
        fail_msg("%s is answered: %s", request, got);
    const char *end = strstr(got, "\r\n\r\n");
    assert_non_null(end);
    assert_string_equal(end + 4, body);
}

static void test_answers(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    expect(r, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", "page 1\n");
    expect(r, "GET /metrics HTTP/1.0\n\n", "200 OK", "page 2\n");
    expect(r, "GET http://a:80/metrics?x=/y HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", "page 3\n");
    expect(r, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", "");
    expect(r, "GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found", "404 Not Found\n");
    expect(r, "GET http://a HTTP/1.1\r\n\r\n", "404 Not Found", "404 Not Found\n");
    expect(r, "POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed",
           "405 Method Not Allowed\n");
    static const char *const bad[] = {"GET\r\n\r\n", "GET /metrics\r\n\r\n",
                                      "GET  HTTP/1.1\r\n\r\n", " \r\n\r\n",
                                      "GET /metrics HTTP/2\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(r, bad[i], "400 Bad Request", "400 Bad Request\n");
    r->fails = true;
    expect(r, "GET /metrics HTTP/1.1\r\n\r\n", "500 Internal Server Error",
           "500 Internal Server Error\n");
    rig_free(r);
}

/* In pieces, and over the cap: as one line, as many, and as blank lines before the first. */
static void test_sizes(void **state)
{
    static const char too_large[] = "431 Request Header Fields Too Large";
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    char got[ANSWER_MAX_BYTES], *large = malloc(PAGE_REQUEST_MAX_BYTES + 2);
    (void)state;
    struct rig *r = rig_new();
    int fd = visit(r);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        assert_false(is_answered(fd));
        say(fd, request + i, 1);
        settle(r);
    }
    hear(r, fd, got);
    assert_non_null(strstr(got, "page 1\n"));

    assert_non_null(large);
    static const char *const units[] = {"x", "X: y\r\n", "\r\n"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(units[i]);
        for (size_t at = 0; at <= PAGE_REQUEST_MAX_BYTES; at++)
            large[at] = units[i][at % len];
        fd = visit(r);
        say(fd, large, PAGE_REQUEST_MAX_BYTES + 1);
        hear(r, fd, got);
        if (strstr(got, too_large) == NULL)
            fail_msg("%zu: %s", i, got);
    }
    assert_int_equal(r->pages, 1);
    free(large);
    rig_free(r);
}

/* Whoever comes when all places are taken waits until one goes, and is served then. */
static void test_no_more_at_once(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd[PAGE_CONNECTIONS_MAX], more[4];
    char got[ANSWER_MAX_BYTES];
    (void)state;
    struct rig *r = rig_new();
    for (size_t i = 0; i < PAGE_CONNECTIONS_MAX; i++)
        fd[i] = visit(r);
    settle(r);
    for (size_t i = 0; i < 4; i++) {
        more[i] = visit(r);
        say(more[i], request, sizeof request - 1);
    }
    settle(r);
    assert_int_equal(r->pages, 0);
    say(fd[0], "GET", 3); /* still there */
    close(fd[1]);
    hear(r, more[0], got);
    assert_non_null(strstr(got, "page 1\n"));
    /* One place goes round. */
    for (size_t i = 1; i < 4; i++)
        hear(r, more[i], got);
    assert_int_equal(r->pages, 4);
    say(fd[0], request + 3, sizeof request - 1 - 3);
    hear(r, fd[0], got);
    assert_non_null(strstr(got, "page 5\n"));
    for (size_t i = 2; i < PAGE_CONNECTIONS_MAX; i++)
        close(fd[i]);
    rig_free(r);
}

static void test_taken(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    page_server *second = NULL;
    struct endpoint at = page_server_endpoint(r->server);
    assert_int_equal(page_server_new(r->base, &at, "/", page, r, &second), ST_IO);
    assert_null(second);
    int fd = visit(r);
    settle(r);
    rig_free(r); /* with somebody there */
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_no_more_at_once),
        cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
