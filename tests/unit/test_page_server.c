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

#define CLOSE "Connection: close\r\n\r\n"

static void expect(struct rig *r, const char *request, const char *status, const char *body)
{
    char got[ANSWER_MAX_BYTES];
    int fd = visit(r);
    say(fd, request, strlen(request));
    hear(r, fd, got);
    const char *code = strchr(got, ' '), *end = strstr(got, "\r\n\r\n");
    if (!code || strncmp(code + 1, status, 3) != 0 || !end)
        fail_msg("%s is answered: %s", request, got);
    else if (body)
        assert_string_equal(end + 4, body);
}

static void test_answers(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    expect(r, "GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE, "200", "page 1\n");
    expect(r, "GET /metrics HTTP/1.0\r\n\r\n", "200", "page 2\n");
    expect(r, "GET http://a:80/metrics?x=/y HTTP/1.1\r\nHost: a\r\n" CLOSE, "200", "page 3\n");
    expect(r, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE, "200", "");
    expect(r, "GET /metricsx HTTP/1.1\r\nHost: a\r\n" CLOSE, "404", NULL);
    expect(r, "POST /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE, "501", NULL);
    expect(r, "GET\r\n\r\n", "400", NULL);
    r->fails = true;
    expect(r, "GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE, "500", NULL);
    rig_free(r);
}

/* In pieces, and over the cap. */
static void test_sizes(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE;
    static const char large[] = "GET /metrics HTTP/1.1\r\nHost: ";
    char got[ANSWER_MAX_BYTES], x[PAGE_REQUEST_MAX_BYTES];
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

    fd = visit(r);
    memset(x, 'x', sizeof x);
    say(fd, large, sizeof large - 1);
    say(fd, x, sizeof x);
    hear(r, fd, got);
    assert_non_null(strstr(got, " 400 "));
    assert_int_equal(r->pages, 1);
    rig_free(r);
}

/* Whoever comes when all places are taken waits until one goes, and is served then. */
static void test_no_more_at_once(void **state)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE;
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
