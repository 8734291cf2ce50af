/* Rate and health of one server, on a clock of the test's own. */
#include "scanner/net/dns_engine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { START_MS = 1000000 };

struct world {
    dns_engine engine;
    struct dns_pool *pool;
};

static void world_start(struct world *w, size_t n_servers, uint32_t rate_qps)
{
    struct endpoint at[2] = {{.ip = {.family = 4, .b = {127, 0, 0, 1}}, .port = 1}};
    at[1] = at[0];
    /* Never flushed: the tests look at the decisions alone. */
    w->engine = (dns_engine){.now_ms = START_MS, .closing = true};
    w->engine.config.retry_ms = 1000;
    wheel_init(&w->engine.wheel, START_MS);
    assert_int_equal(pool_new(&w->engine, at, n_servers, true, rate_qps, &w->pool), ST_OK);
}

/* Queries that may be sent within the next ms, looked at every 4 ms. */
static unsigned sent_within(struct world *w, unsigned ms)
{
    struct dns_server *s = &w->pool->servers[0];
    unsigned n = 0;
    for (uint64_t end = w->engine.now_ms + ms; w->engine.now_ms < end; w->engine.now_ms += 4) {
        for (; server_has_credit(s); n++)
            server_charge(s);
    }
    return n;
}

static void assert_between(unsigned value, unsigned low, unsigned high)
{
    assert_in_range(value, low, high);
}

static void test_rate_ramps_up(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1, 1000);
    assert_between(sent_within(&w, 100), 10, 20);
    w.engine.now_ms = START_MS + DNS_RAMP_MS / 2;
    sent_within(&w, 100); /* what gathered meanwhile */
    assert_between(sent_within(&w, 100), 45, 70);
    w.engine.now_ms = START_MS + DNS_RAMP_MS;
    sent_within(&w, 100);
    assert_between(sent_within(&w, 1000), 990, 1010);
    /* Idle time gathers a burst, not a backlog. */
    w.engine.now_ms += 3600000;
    assert_between(sent_within(&w, 4), 1, 1000 * DNS_BURST_MS / 1000);
    pool_free(w.pool);
}

static void test_low_and_no_rate(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1, 1);
    w.engine.now_ms += DNS_RAMP_MS;
    sent_within(&w, 100);
    assert_between(sent_within(&w, 10000), 9, 11);
    server_set_rate(&w.pool->servers[0], 0);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(server_has_credit(&w.pool->servers[0]));
        server_charge(&w.pool->servers[0]);
    }
    pool_free(w.pool);
}

static void test_ready_time(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1, 100);
    struct dns_server *s = &w.pool->servers[0];
    w.engine.now_ms += DNS_RAMP_MS;
    while (server_has_credit(s))
        server_charge(s);
    uint64_t ready_ms = server_ready_ms(s);
    assert_true(ready_ms > w.engine.now_ms && ready_ms <= w.engine.now_ms + 11);
    w.engine.now_ms = ready_ms;
    assert_true(server_has_credit(s));
    pool_free(w.pool);
}

static void test_back_off(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 2, 0);
    struct dns_server *s = &w.pool->servers[0];
    uint64_t gap_ms = 0;
    for (unsigned i = 0; i < 12; i++) {
        server_failed(s);
        server_failed(s); /* the same burst of errors */
        assert_false(server_usable(s));
        assert_true(server_usable(&w.pool->servers[1]));
        uint64_t next_gap_ms = server_ready_ms(s) - w.engine.now_ms;
        assert_true(next_gap_ms >= DNS_BACKOFF_MIN_MS * 3 / 4);
        assert_true(next_gap_ms <= DNS_BACKOFF_MAX_MS * 5 / 4);
        assert_true(next_gap_ms > gap_ms || gap_ms >= DNS_BACKOFF_MAX_MS * 3 / 4);
        gap_ms = next_gap_ms;
        w.engine.now_ms += gap_ms;
        assert_true(server_usable(s)); /* for one try: */
        server_tried(s);
        assert_false(server_usable(s));
        w.engine.now_ms = server_ready_ms(s);
    }
    server_answered(s, DNS_NOERROR);
    assert_true(server_usable(s));
    server_failed(s);
    assert_true(server_ready_ms(s) - w.engine.now_ms <= DNS_BACKOFF_MIN_MS * 5 / 4);
    pool_free(w.pool);
}

static void test_silence(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 2, 0);
    struct dns_server *a = &w.pool->servers[0], *b = &w.pool->servers[1];
    for (unsigned i = 0; i < 3 * DNS_SILENT_TRIES; i++)
        server_silent(a); /* all at once: not yet a silence */
    assert_int_equal(a->health, SERVER_UP);
    w.engine.now_ms += 5000;
    server_silent(a);
    assert_int_equal(a->health, SERVER_SILENT);
    assert_false(server_usable(a));
    /* With no other server up, it is used as if it were. */
    server_failed(b);
    assert_true(server_usable(a));
    server_answered(b, DNS_NXDOMAIN);
    assert_false(server_usable(a));
    w.engine.now_ms = server_ready_ms(a);
    assert_true(server_usable(a));
    server_answered(a, DNS_SERVFAIL); /* it speaks */
    assert_int_equal(a->health, SERVER_UP);
    pool_free(w.pool);
}

static void test_refuses_all(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 2, 0);
    struct dns_server *a = &w.pool->servers[0];
    for (unsigned i = 0; i + 1 < DNS_REFUSED_TRIES; i++)
        server_answered(a, DNS_REFUSED);
    server_answered(a, DNS_NOERROR);
    for (unsigned i = 0; i < DNS_REFUSED_TRIES; i++) {
        assert_int_equal(a->health, SERVER_UP);
        server_answered(a, DNS_REFUSED);
    }
    assert_int_equal(a->health, SERVER_SILENT);
    pool_free(w.pool);
}

static void test_retries_follow_round_trips(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, 1, 0);
    struct dns_server *s = &w.pool->servers[0];
    assert_int_equal(server_retry_ms(s, 0), 1000);

    for (int i = 0; i < 100; i++)
        server_took(s, 20); /* steady: the least there is */
    assert_int_equal(server_retry_ms(s, 0), 200);
    assert_int_equal(server_retry_ms(s, DNS_QUICK_TRIES - 1), 200);
    assert_int_equal(server_retry_ms(s, DNS_QUICK_TRIES), 1000);

    for (int i = 0; i < 200; i++)
        server_took(s, i % 2 == 0 ? 50 : 250); /* 150 ms, give or take 100 */
    assert_between(server_retry_ms(s, 0), 500, 600);

    for (int i = 0; i < 100; i++)
        server_took(s, 1500); /* a queue at the resolver: asking twice would make it longer */
    assert_between(server_retry_ms(s, 0), 1500, 1600);
    assert_between(server_retry_ms(s, DNS_QUICK_TRIES), 1500, 1600);

    for (int i = 0; i < 100; i++)
        server_took(s, UINT64_MAX);
    assert_int_equal(server_retry_ms(s, 0), 4000);
    pool_free(w.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_ramps_up),
        cmocka_unit_test(test_low_and_no_rate),
        cmocka_unit_test(test_ready_time),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_refuses_all),
        cmocka_unit_test(test_retries_follow_round_trips),
    };
    return cmocka_run_group_tests_name("dns_server", tests, NULL, NULL);
}
