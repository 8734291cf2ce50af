/* The fetcher on a loop of which each turn begins another fetch (scanner/net/fetch_curl.c): those
 * that have begun go on all the same. */
#include "tests/unit/fetch_rig.h"
#include "tests/unit/silent_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A hello is due two or three turns after its connection. */
enum { TURNS_MAX = 200 };

struct busy {
    struct event_base *base;
    fetcher *fetcher;
    struct fetch_request request;
    struct event *turn;
    size_t turns, ended;
};

static void on_done(void *arg, const struct fetch_outcome *out)
{
    struct busy *b = arg;
    assert_int_equal(out->facts.conn, CONN_ABANDONED);
    b->ended++;
}

static const struct timeval at_once = {0, 0};

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct busy *b = arg;
    (void)fd;
    (void)what;
    if (b->turns == TURNS_MAX) {
        event_base_loopbreak(b->base);
        return;
    }
    b->turns++;
    assert_int_equal(fetch_start(b->fetcher, &b->request, on_done, b, NULL), ST_OK);
    event_add(b->turn, &at_once);
}

static void test_fetches_go_on_while_others_begin(void **state)
{
    struct net_world *w = *state;
    struct silent_host s;
    struct busy b = {.base = w->base};
    struct fetch_config c = fetch_config_of(w);
    assert_int_equal(fetcher_new(w->base, &c, &b.fetcher), ST_OK);
    silent_host_start(&s, w->base);
    s.wanted = 1;
    b.request = fetch_request_to(&s.at);
    b.turn = evtimer_new(w->base, on_turn, &b);
    event_add(b.turn, &at_once);
    event_base_dispatch(w->base);
    print_message("a hello after %zu turns\n", b.turns);
    assert_int_equal(s.n_greeted, 1);
    assert_in_range(b.turns, 1, TURNS_MAX - 1);
    event_free(b.turn);
    fetcher_free(b.fetcher);
    assert_int_equal(b.ended, b.turns);
    silent_host_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fetches_go_on_while_others_begin, net_world_setup,
                                        net_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
