#include "tests/unit/silent_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void on_hello(evutil_socket_t fd, short what, void *arg)
{
    struct silent_host *s = arg;
    (void)fd;
    (void)what;
    if (++s->n_greeted == s->wanted)
        event_base_loopbreak(s->base);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
    struct silent_host *s = arg;
    int client = accept(fd, NULL, NULL);
    (void)what;
    assert_true(client >= 0 && s->n < SILENT_HOST_CLIENTS_MAX);
    s->client[s->n] = event_new(s->base, client, EV_READ, on_hello, s);
    event_add(s->client[s->n++], NULL);
}

void silent_host_start(struct silent_host *s, struct event_base *base)
{
    struct sockaddr_storage ss;
    *s = (struct silent_host){.base = base, .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    assert_int_equal(net_addr_parse(SLICE_LIT("127.0.0.1"), &s->at.ip), ST_OK);
    socklen_t len = endpoint_sockaddr(&s->at, &ss);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(listen(s->fd, SILENT_HOST_CLIENTS_MAX), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&ss, &len), 0);
    s->at.port = ntohs(((struct sockaddr_in *)(void *)&ss)->sin_port);
    s->listen = event_new(base, s->fd, EV_READ | EV_PERSIST, on_client, s);
    event_add(s->listen, NULL);
}

void silent_host_stop(struct silent_host *s)
{
    for (size_t i = 0; i < s->n; i++) {
        close(event_get_fd(s->client[i]));
        event_free(s->client[i]);
    }
    event_free(s->listen);
    close(s->fd);
}
