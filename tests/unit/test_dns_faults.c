/* The engine when resolvers restart, limits hold it back, replies are too long for UDP, and its
 * owner changes his mind. */
#include "scanner/net/dns_engine.h"
#include "tests/unit/dns_rig.h"

#include <event2/listener.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct fake_query g_held[RIG_RESULTS_MAX];
static size_t g_n_held, g_most_held;

/* Answers what it holds when no more comes for a while. */
static void answer_held(struct rig *r)
{
    size_t n = g_n_held;
    g_n_held = 0;
    for (size_t i = 0; i < n; i++)
        fake_answer(&r->fakes[0], &g_held[i]);
}

static void hold(struct fake *f, const struct fake_query *q)
{
    if (g_n_held == 0)
        rig_after(f->arg, 50, answer_held);
    g_held[g_n_held++] = *q;
    if (g_n_held > g_most_held)
        g_most_held = g_n_held;
}

static void test_in_flight_max(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, hold);
    r->config.in_flight_max = 25;
    r->config.retry_ms = 2500;
    g_n_held = g_most_held = 0;
    rig_engine(r);
    rig_ask_many(r, 200);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 200);
    assert_int_equal(g_most_held, 25);
    rig_free(r);
}

/* A resolver with room for 300 questions and an answer to 100 of them every 10 ms. */
static void answer_some(struct rig *r)
{
    size_t n = g_n_held < 100 ? g_n_held : 100;
    for (size_t i = 0; i < n; i++)
        fake_answer(&r->fakes[0], &g_held[i]);
    g_n_held -= n;
    memmove(g_held, g_held + n, g_n_held * sizeof *g_held);
    if (r->ended < r->asked)
        rig_after(r, 10, answer_some);
}

static void little_room(struct fake *f, const struct fake_query *q)
{
    (void)f;
    if (g_n_held < 300)
        g_held[g_n_held++] = *q;
}

static void test_overload(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, little_room);
    r->config.deadline_ms = 20000;
    g_n_held = 0;
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

/* ---- sockets --------------------------------------------------------------------------------- */

static size_t g_ports[65536];

/* So many on the wire at once that the sockets that are there from the start do not hold them. */
static void test_sockets_grow(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_ignore);
    size_t outstanding = 0;
    r->config.deadline_ms = r->config.retry_ms = 60000;
    rig_engine(r);
    rig_ask_many(r, RIG_RESULTS_MAX);
    while (rig_stats(r).sent < RIG_RESULTS_MAX)
        event_base_loop(r->base, EVLOOP_ONCE);
    const struct dns_server *s = &r->engine->resolvers->servers[0];
    assert_true(s->n_sockets > DNS_SOCKETS_MIN);
    for (size_t i = 0; i < s->n_sockets; i++) {
        assert_true(s->sockets[i]->outstanding <= s->sockets[i]->room);
        outstanding += s->sockets[i]->outstanding;
    }
    assert_int_equal(outstanding, RIG_RESULTS_MAX);
    rig_free(r);
}

/* A port is given up after so many questions, while its answers still count. */
static void note_port(struct fake *f, const struct fake_query *q)
{
    g_ports[ntohs(q->from.sin_port)]++;
    fake_answer(f, q);
}

static size_t g_more;

static void ask_more(struct rig_result *result)
{
    if (g_more > 0) {
        g_more--;
        rig_ask_again(result, "next.example");
    }
}

static void test_ports_rotate(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, note_port);
    size_t ports = 0;
    memset(g_ports, 0, sizeof g_ports);
    g_more = 80000;
    r->on_result = ask_more;
    r->config.retry_ms = 1000;
    rig_engine(r);
    rig_ask_many(r, 1000);
    rig_run(r);
    for (size_t i = 0; i < 65536; i++) {
        ports += g_ports[i] > 0;
        /* What was under way when it was given up may be asked there again. */
        assert_true(g_ports[i] <= DNS_SOCKET_QUESTIONS + rig_stats(r).retries);
    }
    assert_true(ports > 4);
    rig_free(r);
}

static void check_source(struct fake *f, const struct fake_query *q)
{
    assert_int_equal(ntohl(q->from.sin_addr.s_addr), 0x7f000009);
    fake_answer(f, q);
}

static void test_source_address(void **state)
{
    (void)state;
    struct net_addr sources[2] = {{.family = 6, .b = {[15] = 1}},
                                  {.family = 4, .b = {127, 0, 0, 9}}};
    struct rig *r = rig_new(1, check_source);
    r->config.sources = sources;
    r->config.n_sources = 2;
    rig_engine(r);
    rig_ask_many(r, 10);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 10);
    rig_free(r);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

enum { BIG_TXT_BYTES = 4000 };

static void big_answer(struct fake *f, const struct fake_query *q)
{
    char fill[250];
    memset(fill, 'x', sizeof fill);
    fake_begin(f, q, 0);
    msg_rr(&f->reply, MSG_AN, NULL, DNS_TXT, 60);
    for (size_t i = 0; i < BIG_TXT_BYTES / sizeof fill; i++) {
        msg_u8(&f->reply, sizeof fill);
        msg_bytes(&f->reply, fill, sizeof fill);
    }
    msg_rr_end(&f->reply);
    fake_send(f, q);
}

static void truncate_udp(struct fake *f, const struct fake_query *q)
{
    if (q->tcp != NULL)
        big_answer(f, q);
    else
        fake_rcode(f, q, MSG_TC);
}

static void test_tcp_after_tc(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, truncate_udp);
    rig_engine(r);
    rig_ask_many(r, 200); /* more than the channels take at once */
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 200);
    assert_int_equal(r->results[0].txt_len, BIG_TXT_BYTES);
    assert_string_not_equal(r->results[0].resolver, "");
    assert_true(rig_stats(r).tcp >= 200);
    rig_free(r);
}

/* Over UDP, longer than our buffer. */
static void oversize_udp(struct fake *f, const struct fake_query *q)
{
    if (q->tcp != NULL) {
        big_answer(f, q);
        return;
    }
    fake_begin(f, q, 0);
    while (f->reply.len < 5000)
        msg_txt(&f->reply, NULL, 1, "over the buffer");
    fake_send(f, q);
}

static void test_oversize_datagram(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, oversize_udp);
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_FOUND);
    assert_int_equal(r->results[0].n, 1);
    rig_free(r);
}

/* The first connections are closed, or answer something else, before one answers. */
static void tcp_stumbles(struct fake *f, const struct fake_query *q)
{
    struct fake_query other = *q;
    if (q->tcp == NULL) {
        fake_rcode(f, q, MSG_TC);
    } else if (f->tcp == 1) {
        other.h.id ^= 1;
        fake_begin(f, &other, 0);
        fake_send(f, q);
        other = *q;
        other.qname[0] ^= 1;
        fake_begin(f, &other, 0);
        fake_send(f, q);
        big_answer(f, q);
    } else {
        big_answer(f, q);
    }
}

static void test_tcp_lies(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, tcp_stumbles);
    rig_engine(r);
    rig_ask_many(r, 5);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 5);
    rig_free(r);
}

static void tcp_servfail(struct fake *f, const struct fake_query *q)
{
    if (q->tcp == NULL)
        fake_rcode(f, q, MSG_TC);
    else if (q->h.cd)
        big_answer(f, q);
    else
        fake_rcode(f, q, DNS_SERVFAIL);
}

static void test_tcp_servfail_is_bogus(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, tcp_servfail);
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_BOGUS);
    rig_free(r);
}

/* No TCP until it was tried twice: refused connections cost time. However often the engine asks by
 * UDP meanwhile, which depends on the machine. */
static void udp_only(struct fake *f, const struct fake_query *q)
{
    if (q->tcp == NULL && rig_stats(f->arg).tcp >= 2)
        fake_listen(f);
    truncate_udp(f, q);
}

static void test_tcp_refused_then_back(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, udp_only);
    r->config.deadline_ms = 25000;
    rig_engine(r);
    fake_refuse(&r->fakes[0]);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_FOUND);
    assert_true(rig_stats(r).tcp >= 3);
    rig_free(r);
}

static void tcp_silent(struct fake *f, const struct fake_query *q)
{
    if (q->tcp == NULL)
        fake_rcode(f, q, MSG_TC);
}

static void test_tcp_deadline(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, tcp_silent);
    r->config.deadline_ms = 400;
    rig_engine(r);
    rig_ask_many(r, 40);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_TIMEOUT), 40);
    rig_free(r);
}

/* ---- cancel and free ------------------------------------------------------------------------- */

static void never(void *arg, const struct dns_answer *answer)
{
    (void)arg, (void)answer;
    fail();
}

/* Cancelled before they are sent, and on the wire (UDP; TCP that never answers). */
static void test_cancel(void **state)
{
    (void)state;
    fake_fn behaviours[] = {fake_ignore, tcp_silent};
    for (size_t b = 0; b < 2; b++) {
        struct rig *r = rig_new(1, behaviours[b]);
        dns_query_handle *h[50];
        r->config.deadline_ms = 300;
        rig_engine(r);
        for (size_t i = 0; i < 50; i++) {
            assert_int_equal(dns_query(r->engine, "v.example", DNS_TXT, never, NULL, &h[i]), ST_OK);
            if (i % 2 == 0)
                dns_cancel(r->engine, h[i]);
        }
        rig_after(r, 100, rig_stop);
        rig_run_until_stopped(r);
        assert_true(r->fakes[0].udp >= 25);
        for (size_t i = 1; i < 50; i += 2)
            dns_cancel(r->engine, h[i]);
        rig_ask(r, "last.example"); /* lives past the others' deadline */
        rig_run(r);
        assert_int_equal(rig_stats(r).by_lookup[LOOKUP_TIMEOUT], 1);
        rig_free(r);
    }
}

/* The first answer cancels all others, whose answers stand in the same batch; and itself, which
 * does nothing. */
static void cancel_all(struct rig_result *result)
{
    struct rig *r = result->rig;
    for (size_t i = 0; i < r->asked; i++)
        if (&r->results[i] == result || !r->results[i].done)
            dns_cancel(r->engine, r->results[i].handle);
    r->ended = r->asked;
}

static void test_cancel_from_callback(void **state)
{
    (void)state;
    fake_fn behaviours[] = {hold, truncate_udp};
    for (size_t b = 0; b < 2; b++) {
        struct rig *r = rig_new(1, behaviours[b]);
        g_n_held = 0;
        rig_engine(r);
        rig_ask_many(r, 40);
        r->on_result = cancel_all;
        rig_run(r);
        assert_int_equal(rig_count(r, LOOKUP_FOUND), 1);
        r->on_result = NULL;
        rig_ask(r, "last.example");
        rig_run(r);
        assert_int_equal(rig_count(r, LOOKUP_FOUND), 2);
        rig_free(r);
    }
}

static void ask_while_freed(struct rig_result *result)
{
    assert_int_equal(dns_query(result->rig->engine, "late.example", DNS_TXT, never, NULL, NULL),
                     ST_BLOCKED);
}

static void test_free_abandons(void **state)
{
    (void)state;
    fake_fn behaviours[] = {fake_ignore, tcp_silent};
    for (size_t b = 0; b < 2; b++) {
        struct rig *r = rig_new(1, behaviours[b]);
        r->config.in_flight_max = 50; /* some wait, some are on the wire */
        rig_engine(r);
        rig_ask_many(r, 100);
        rig_after(r, 50, rig_stop);
        rig_run_until_stopped(r);
        r->on_result = ask_while_freed;
        dns_free(r->engine);
        r->engine = NULL;
        assert_int_equal(rig_count(r, LOOKUP_ABANDONED), 100);
        rig_free(r);
    }
}

/* ---- named servers --------------------------------------------------------------------------- */

static void check_no_recursion(struct fake *f, const struct fake_query *q)
{
    assert_false(q->h.rd);
    fake_answer(f, q);
}

struct named {
    struct rig *rig;
    size_t ended;
    enum lookup last;
};

static void on_named(void *arg, const struct dns_answer *answer)
{
    struct named *n = arg;
    n->last = answer->facts.status;
    assert_non_null(answer->facts.resolver);
    if (++n->ended == 3)
        rig_stop(n->rig);
}

static void test_query_at(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, check_no_recursion);
    struct named n = {.rig = r};
    r->config.retry_ms = 1000;
    rig_engine(r);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            dns_query_at(r->engine, &r->fakes[1].at, "a.example", DNS_TXT, on_named, &n, NULL),
            ST_OK);
    rig_run_until_stopped(r);
    assert_int_equal(n.last, LOOKUP_FOUND);
    assert_int_equal(r->fakes[0].udp, 0);
    assert_int_equal(r->fakes[1].udp, 3);
    rig_free(r);
}

/* Idle servers make room for others: no cap is reached by asking many one after the other. */
static void on_each(void *arg, const struct dns_answer *answer)
{
    (void)answer;
    rig_stop(arg);
}

static void test_many_named(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_answer);
    rig_engine(r);
    for (unsigned i = 0; i < 300; i++) {
        struct endpoint at = r->fakes[0].at;
        if (i < 299)
            at.port = (uint16_t)(1 + i); /* idle at once: cancelled */
        dns_query_handle *h;
        assert_int_equal(
            dns_query_at(r->engine, &at, "a.example", DNS_TXT, i < 299 ? never : on_each, r, &h),
            ST_OK);
        if (i < 299)
            dns_cancel(r->engine, h);
    }
    rig_run_until_stopped(r);
    rig_free(r);
}

/* DNS_NAMED_MAX servers have a place at once; who comes then waits for one, however long it takes,
 * and is answered. `silent` servers that refuse hold theirs until their questions' deadline. */
struct crowded {
    struct rig *rig;
    size_t timeouts, found, waited, timeouts_before_found;
    size_t wanted;
};

static void on_crowded(void *arg, const struct dns_answer *answer)
{
    struct crowded *c = arg;
    c->timeouts += answer->facts.status == LOOKUP_TIMEOUT;
    if (answer->facts.status == LOOKUP_FOUND) {
        c->found++;
        c->waited += answer->waited_ms > 0;
        c->timeouts_before_found = c->timeouts;
    }
    if (c->timeouts + c->found == c->wanted)
        rig_stop(c->rig);
}

static struct crowded ask_crowd(size_t silent, size_t answering)
{
    struct rig *r = rig_new(1, check_no_recursion);
    struct crowded c = {.rig = r, .wanted = silent + answering};
    r->config.deadline_ms = 200;
    rig_engine(r);
    for (size_t i = 0; i < c.wanted; i++) {
        struct endpoint at = r->fakes[0].at;
        if (i < silent)
            at.port = (uint16_t)(1 + i);
        assert_int_equal(dns_query_at(r->engine, &at, "a.example", DNS_TXT, on_crowded, &c, NULL),
                         ST_OK);
    }
    rig_run_until_stopped(r);
    assert_int_equal(r->fakes[0].udp, answering);
    rig_free(r);
    return c;
}

static void test_named_at_cap(void **state)
{
    (void)state;
    struct crowded c = ask_crowd(DNS_NAMED_MAX - 1, 2);
    assert_int_equal(c.found, 2);
    assert_int_equal(c.timeouts_before_found, 0);
}

static void test_named_over_cap(void **state)
{
    (void)state;
    struct crowded c = ask_crowd(DNS_NAMED_MAX, 3);
    assert_int_equal(c.found, 3);
    assert_int_equal(c.waited, 3);
    assert_true(c.timeouts_before_found > 0);
    assert_int_equal(c.timeouts, DNS_NAMED_MAX);
}

static void test_named_waiting_is_freed(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_ignore);
    struct crowded c = {.rig = r};
    rig_engine(r);
    for (size_t i = 0; i < DNS_NAMED_MAX + 5; i++) {
        struct endpoint at = {.ip = r->fakes[0].at.ip, .port = (uint16_t)(1 + i)};
        dns_query_handle *h;
        assert_int_equal(dns_query_at(r->engine, &at, "a.example", DNS_TXT, on_crowded, &c, &h),
                         ST_OK);
        if (i == DNS_NAMED_MAX)
            dns_cancel(r->engine, h);
    }
    rig_free(r); /* the others are abandoned */
    assert_int_equal(c.found + c.timeouts, 0);
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
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_rate_wait_is_not_the_resolvers),
        cmocka_unit_test(test_rate_does_not_hide_outage),
        cmocka_unit_test(test_in_flight_max),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_sockets_grow),
        cmocka_unit_test(test_ports_rotate),
        cmocka_unit_test(test_source_address),
        cmocka_unit_test(test_tcp_after_tc),
        cmocka_unit_test(test_oversize_datagram),
        cmocka_unit_test(test_tcp_lies),
        cmocka_unit_test(test_tcp_servfail_is_bogus),
        cmocka_unit_test(test_tcp_refused_then_back),
        cmocka_unit_test(test_tcp_deadline),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_from_callback),
        cmocka_unit_test(test_free_abandons),
        cmocka_unit_test(test_query_at),
        cmocka_unit_test(test_many_named),
        cmocka_unit_test(test_named_at_cap),
        cmocka_unit_test(test_named_over_cap),
        cmocka_unit_test(test_named_waiting_is_freed),
    };
    return cmocka_run_group_tests_name("dns_faults", tests, NULL, NULL);
}
