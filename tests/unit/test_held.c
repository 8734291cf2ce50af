/* What a fetch costs in memory while its host holds it (scanner/net/fetch_memory.h): two thousand
 * may be held at once. */
#include "scanner/net/fetch.h"
#include "tests/unit/net_world.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    FIRST = 10, /* fetches before anything is counted: what all share is made */
    HELD = 100,
    /* A handshake that was begun: OpenSSL's 56 KiB, libcurl's 11, ours. Its buffer for reading, 16
     * KiB, is mapped, and a page of it in use. */
    HEAP_MAX_BYTES = 74 << 10,
    RESIDENT_MAX_BYTES = HEAP_MAX_BYTES + (6 << 10),
};

/* Takes connections, reads nothing and says nothing. */
struct silent {
    struct event_base *base;
    struct endpoint at;
    int fd;
    struct event *listen;
    size_t n, n_greeted, wanted;
    struct event *client[FIRST + HELD];
};

static void on_hello(evutil_socket_t fd, short what, void *arg)
{
    struct silent *s = arg;
    (void)fd;
    (void)what;
    if (++s->n_greeted == s->wanted)
        event_base_loopbreak(s->base);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
    struct silent *s = arg;
    int client = accept(fd, NULL, NULL);
    (void)what;
    assert_true(client >= 0 && s->n < FIRST + HELD);
    s->client[s->n] = event_new(s->base, client, EV_READ, on_hello, s);
    event_add(s->client[s->n++], NULL);
}

static void silent_start(struct silent *s, struct event_base *base)
{
    struct sockaddr_storage ss;
    *s = (struct silent){.base = base, .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    assert_int_equal(net_addr_parse(SLICE_LIT("127.0.0.1"), &s->at.ip), ST_OK);
    socklen_t len = endpoint_sockaddr(&s->at, &ss);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(listen(s->fd, FIRST + HELD), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&ss, &len), 0);
    s->at.port = ntohs(((struct sockaddr_in *)(void *)&ss)->sin_port);
    s->listen = event_new(base, s->fd, EV_READ | EV_PERSIST, on_client, s);
    event_add(s->listen, NULL);
}

static void silent_stop(struct silent *s)
{
    for (size_t i = 0; i < s->n; i++) {
        close(event_get_fd(s->client[i]));
        event_free(s->client[i]);
    }
    event_free(s->listen);
    close(s->fd);
}

static size_t resident_bytes(void)
{
    char line[128], *end;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    strtoul(line, &end, 10);
    return strtoul(end, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void on_done(void *arg, const struct fetch_outcome *out)
{
    size_t *ended = arg;
    assert_int_equal(out->facts.conn, CONN_ABANDONED);
    ++*ended;
}

/* So many more fetches, until their hosts have the ClientHello. */
static void hold(struct silent *s, fetcher *f, size_t n, size_t *ended)
{
    struct fetch_request req = {.host = NET_HOST,
                                .ip = s->at.ip,
                                .port = s->at.port,
                                .path = "/.well-known/mta-sts.txt",
                                .body_max_bytes = POLICY_BODY_MAX_BYTES,
                                .deadline_ms = 600000};
    s->wanted += n;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(fetch_start(f, &req, on_done, ended, NULL), ST_OK);
    event_base_dispatch(s->base);
    assert_int_equal(s->n_greeted, s->wanted);
}

static void test_a_silent_host_costs_little(void **state)
{
    struct net_world *w = *state;
    struct silent s;
    size_t ended = 0;
    fetcher *f;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its heap is not the C library's */
#endif
    struct fetch_config c = {.trust = w->trust, .guard = w->guard, .user_agent = "test/1"};
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    silent_start(&s, w->base);
    hold(&s, f, FIRST, &ended);
    struct mallinfo2 before = mallinfo2();
    size_t resident = resident_bytes();
    hold(&s, f, HELD, &ended);
    struct mallinfo2 held = mallinfo2();
    resident = (resident_bytes() - resident) / HELD;
    size_t heap = (held.uordblks + held.hblkhd - before.uordblks - before.hblkhd) / HELD;
    print_message("held: %zu bytes of the heap each, %zu resident\n", heap, resident);
    assert_in_range(heap, 1, HEAP_MAX_BYTES);
    assert_in_range(resident, 1, RESIDENT_MAX_BYTES);
    fetcher_free(f);
    assert_int_equal(ended, FIRST + HELD);
    silent_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_silent_host_costs_little, net_world_setup,
                                        net_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
