/* The engine when resolvers restart or lose what they are sent, and when limits hold it back. */
#include "scanner/net/dns_engine.h"
#include "tests/unit/dns_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- restarts -------------------------------------------------------------------------------- */

static uint64_t g_sent_before;

static void start_first_again(struct rig *r)
{
    g_sent_before = rig_stats(r).sent;
    fake_start_again(&r->fakes[0]);
}

/* The only resolver is gone when 3,000 names are asked, and comes back. */
static void test_restart_costs_no_answers(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    r->config.deadline_ms = 20000;
    rig_engine(r);
    fake_stop(&r->fakes[0]);
    rig_ask_many(r, 3000);
    rig_after(r, 400, start_first_again);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 3000);
    /* It was not hammered while it was away. */
    assert_true(g_sent_before < 500);
    rig_free(r);
}

/* It goes down in the middle, with questions on the wire. */
static void stop_at_500(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (f->udp == 500) {
        fake_stop(f);
        rig_after(r, 300, start_first_again);
        return;
    }
    fake_answer(f, q);
}

static void test_restart_in_the_middle(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, stop_at_500);
    r->config.deadline_ms = 20000;
    rig_engine(r);
    rig_ask_many(r, 3000);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 3000);
    rig_free(r);
}

static void test_failover(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, fake_answer);
    rig_engine(r);
    fake_stop(&r->fakes[0]);
    rig_ask_many(r, 2000);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 2000);
    assert_true(r->fakes[1].udp >= 2000);
    rig_free(r);
}

static void test_never_back_is_timeout(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    r->config.deadline_ms = 300;
    rig_engine(r);
    fake_stop(&r->fakes[0]);
    rig_ask_many(r, 100);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_TIMEOUT), 100);
    rig_free(r);
}

/* One datagram alone: only the socket's error, read when nothing is sent, tells of it. */
static void test_refusal_is_seen_while_idle(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    r->config.deadline_ms = 300;
    r->config.retry_ms = 10000;
    rig_engine(r);
    fake_stop(&r->fakes[0]);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_TIMEOUT);
    assert_int_equal(r->engine->resolvers->servers[0].health, SERVER_DOWN);
    rig_free(r);
}

/* An address that cannot be reached from where we send: the other server has all the work. */
static void test_unreachable_server(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, fake_answer);
    struct fake real = r->fakes[0];
    r->fakes[0].at.ip = (struct net_addr){.family = 6, .b = {0xfe, 0x80, [15] = 1}}; /* no scope */
    r->config.retry_ms = 1000;
    rig_engine(r);
    r->fakes[0].at = real.at;
    rig_ask_many(r, 200);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 200);
    assert_int_equal(r->fakes[1].udp, 200);
    rig_free(r);
}

/* Not one descriptor more is to be had, and there is but one socket yet: it goes on. */
static void test_no_more_descriptors(void **state)
{
    struct rlimit usual, least;
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    int next = dup(STDIN_FILENO);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    least = usual;
    least.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
    rig_ask_many(r, 2000);
    rig_run(r);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 2001);
    rig_free(r);
}

/* Every fifth query gets lost: nobody does. */
static void lossy(struct fake *f, const struct fake_query *q)
{
    if (f->udp % 5 != 0)
        fake_answer(f, q);
}

static void test_loss(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, lossy);
    r->config.deadline_ms = 20000;
    rig_engine(r);
    rig_ask_many(r, 4000);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 4000);
    rig_free(r);
}

/* ---- our own limits -------------------------------------------------------------------------- */

static bool g_seen[60];

/* The first try of each name is lost: so it lives on for an interval after its waiting. */
static void lose_first(struct fake *f, const struct fake_query *q)
{
    size_t n = strtoul(q->qname + 1, NULL, 10);
    assert_true(n < 60);
    if (g_seen[n])
        fake_answer(f, q);
    g_seen[n] = true;
}

/* 60 names at 100 a second wait longer than their deadline, which does not count that. */
static void test_rate_wait_is_not_the_resolvers(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, lose_first);
    memset(g_seen, 0, sizeof g_seen);
    r->config.rate_qps = 100;
    r->config.deadline_ms = 800;
    rig_engine(r);
    rig_ask_many(r, 60);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 60);
    assert_true(r->results[59].waited_ms > 800);
    assert_true(r->results[0].waited_ms < r->results[59].waited_ms);
    rig_free(r);
}

/* Waiting for a server that is away is the resolver's time, also under a rate limit. */
static void test_rate_does_not_hide_outage(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    r->config.rate_qps = 1000;
    r->config.deadline_ms = 300;
    rig_engine(r);
    fake_stop(&r->fakes[0]);
    rig_ask_many(r, 50);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_TIMEOUT), 50);
    assert_true(r->results[49].waited_ms < 300);
    rig_free(r);
}

static char g_order[64];

static void note_order(struct fake *f, const struct fake_query *q)
{
    size_t len = strlen(g_order);
    assert_true(len + 1 < sizeof g_order);
    g_order[len] = q->qname[0];
    g_order[len + 1] = '\0';
    fake_answer(f, q);
}

/* What only begins waits for our limits behind what is under way, in the order of asking. */
static void test_later_ones_wait(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, note_order);
    g_order[0] = '\0';
    r->config.in_flight_max = 1;
    rig_engine(r);
    rig_ask_later(r, "a.example");
    rig_ask_later(r, "b.example");
    rig_ask(r, "c.example");
    rig_ask_later(r, "d.example");
    rig_ask(r, "e.example");
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 5);
    assert_string_equal(g_order, "ceabd");
    rig_free(r);
}

static void test_in_flight_max(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, rig_hold);
    r->config.in_flight_max = 25;
    r->config.retry_ms = 2500;
    rig_engine(r);
    rig_ask_many(r, 200);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 200);
    assert_int_equal(r->most_kept, 25);
    rig_free(r);
}

/* A resolver with room for 300 questions and an answer to 100 of them every 10 ms. */
static void answer_some(struct rig *r)
{
    rig_answer_kept(r, 100);
    if (r->ended < r->asked)
        rig_after(r, 10, answer_some);
}

static void little_room(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (r->n_kept < 300)
        rig_keep(r, q);
}

static void test_overload(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, little_room);
    r->config.deadline_ms = 20000;
    rig_engine(r);
    rig_ask_many(r, 10000);
    rig_after(r, 10, answer_some);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 10000);
    rig_free(r);
}

static void test_window(void **state)
{
    (void)state;
    dns_engine e = {.window = 10000, .in_flight = 20000, .config = {.in_flight_max = 10000}};
    for (unsigned i = 0; i < DNS_WINDOW_ANSWERS; i++)
        window_note(&e, i % 3 != 0);
    assert_int_equal(e.window, 5000);
    for (unsigned i = 0; i < DNS_WINDOW_ANSWERS; i++)
        window_note(&e, i % 3 == 0); /* neither overload nor ease */
    assert_int_equal(e.window, 5000);
    for (unsigned i = 0; i < 10 * DNS_WINDOW_ANSWERS; i++)
        window_note(&e, true);
    assert_int_equal(e.window, DNS_WINDOW_MIN);
    for (unsigned i = 0; i < 40 * DNS_WINDOW_ANSWERS; i++)
        window_note(&e, i % 10 == 0);
    assert_int_equal(e.window, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart_costs_no_answers),
        cmocka_unit_test(test_restart_in_the_middle),
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_never_back_is_timeout),
        cmocka_unit_test(test_refusal_is_seen_while_idle),
        cmocka_unit_test(test_unreachable_server),
        cmocka_unit_test(test_no_more_descriptors),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_rate_wait_is_not_the_resolvers),
        cmocka_unit_test(test_rate_does_not_hide_outage),
        cmocka_unit_test(test_later_ones_wait),
        cmocka_unit_test(test_in_flight_max),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests_name("dns_faults", tests, NULL, NULL);
}
