/* How questions travel: source ports, TCP where UDP is too short, and what becomes of those that
 * are dropped on the way. */
#include "scanner/net/dns_engine.h"
#include "tests/unit/dns_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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
    fake_fn behaviours[] = {rig_hold, truncate_udp};
    for (size_t b = 0; b < 2; b++) {
        struct rig *r = rig_new(1, behaviours[b]);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_grow),          cmocka_unit_test(test_ports_rotate),
        cmocka_unit_test(test_source_address),        cmocka_unit_test(test_tcp_after_tc),
        cmocka_unit_test(test_oversize_datagram),     cmocka_unit_test(test_tcp_lies),
        cmocka_unit_test(test_tcp_servfail_is_bogus), cmocka_unit_test(test_tcp_refused_then_back),
        cmocka_unit_test(test_tcp_deadline),          cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_from_callback),  cmocka_unit_test(test_free_abandons),
    };
    return cmocka_run_group_tests_name("dns_transport", tests, NULL, NULL);
}
