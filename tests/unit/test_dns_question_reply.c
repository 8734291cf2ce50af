/* Units of scanner/net/dns_question_reply.c, in the engine: what is believed of resolvers that
 * fail, and of those that know no EDNS. */
#include "tests/unit/dns_rig.h"

#include "scanner/worker/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- failures -------------------------------------------------------------------------------- */

static void servfail_unless_cd(struct fake *f, const struct fake_query *q)
{
    if (q->h.cd)
        fake_answer(f, q);
    else
        fake_rcode(f, q, DNS_SERVFAIL);
}

static void test_servfail_cd_is_bogus(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, servfail_unless_cd);
    r->config.retry_ms = 300;
    rig_engine(r);
    struct rig_result *result = rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(result->status, LOOKUP_BOGUS);
    assert_int_equal(result->rcode, DNS_SERVFAIL);
    assert_int_equal(result->n, 0);
    assert_string_equal(result->resolver, rig_resolver(r, 0));
    assert_int_equal(r->fakes[0].udp, LIMIT_DNS_SERVFAIL_TRIES + 1);
    rig_free(r);
}

static void servfail(struct fake *f, const struct fake_query *q)
{
    fake_rcode(f, q, DNS_SERVFAIL);
}

static void refused(struct fake *f, const struct fake_query *q)
{
    fake_rcode(f, q, DNS_REFUSED);
}

static void servfail_is_reported_after(fake_fn on_query, size_t queries, enum lookup status)
{
    struct rig *r = rig_new(1, on_query);
    r->config.retry_ms = 300;
    rig_engine(r);
    struct rig_result *result = rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(result->status, status);
    assert_int_equal(r->fakes[0].udp, queries);
    rig_free(r);
}

static void servfail_ede(struct fake *f, const struct fake_query *q)
{
    fake_begin(f, q, DNS_SERVFAIL);
    msg_opt(&f->reply, 0, 7);
    fake_send(f, q);
}

static void servfail_twice(struct fake *f, const struct fake_query *q)
{
    if (f->udp <= 2)
        fake_rcode(f, q, DNS_SERVFAIL);
    else
        fake_answer(f, q);
}

static void unreadable(struct fake *f, const struct fake_query *q)
{
    fake_begin(f, q, 0);
    msg_rr(&f->reply, MSG_AN, NULL, DNS_TXT, 1);
    msg_pointer(&f->reply, f->reply.len);
    fake_send(f, q);
}

static void unreadable_once(struct fake *f, const struct fake_query *q)
{
    if (f->udp == 1)
        unreadable(f, q);
    else
        fake_answer(f, q);
}

static void formerr_always(struct fake *f, const struct fake_query *q)
{
    fake_rcode(f, q, DNS_FORMERR);
}

static void test_failures(void **state)
{
    (void)state;
    servfail_is_reported_after(servfail, LIMIT_DNS_SERVFAIL_TRIES + 1, LOOKUP_SERVFAIL);
    servfail_is_reported_after(refused, LIMIT_DNS_SERVFAIL_TRIES, LOOKUP_REFUSED);
    servfail_is_reported_after(servfail_ede, 1, LOOKUP_BOGUS);
    servfail_is_reported_after(servfail_twice, 3, LOOKUP_FOUND);
    servfail_is_reported_after(unreadable, LIMIT_DNS_SERVFAIL_TRIES, LOOKUP_MALFORMED);
    servfail_is_reported_after(unreadable_once, 2, LOOKUP_FOUND);
    servfail_is_reported_after(formerr_always, 1 + LIMIT_DNS_SERVFAIL_TRIES, LOOKUP_MALFORMED);
}

/* Whatever fails at the first server is asked at the second at once. */
static void first_fails(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (f == &r->fakes[0])
        fake_rcode(f, q, q->qname[0] == 's' ? DNS_SERVFAIL : DNS_REFUSED);
    else
        fake_answer(f, q);
}

static void test_failure_asks_other_server(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, first_fails);
    r->config.retry_ms = 2900; /* the interval would not end in time */
    rig_engine(r);
    for (size_t i = 0; i < 4; i++)
        rig_ask(r, i % 2 == 0 ? "s.example" : "r.example");
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 4);
    assert_string_equal(r->results[0].resolver, rig_resolver(r, 1));
    rig_free(r);
}

static void silent_after_servfail(struct fake *f, const struct fake_query *q)
{
    if (f->udp == 1)
        fake_rcode(f, q, DNS_SERVFAIL);
}

static void test_failure_before_silence_is_reported(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, silent_after_servfail);
    r->config.deadline_ms = 300;
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_SERVFAIL);
    rig_free(r);
}

/* The first server is asked, and says nothing until the other one's failure has been believed and
 * CD=1 is being asked: its answer, to a query without CD, is the answer. */
static struct fake_query g_held;
static struct fake *g_held_by;

static void late_beside_cd(struct fake *f, const struct fake_query *q)
{
    if (g_held_by == NULL) {
        g_held = *q;
        g_held_by = f;
    } else if (q->h.cd) {
        fake_answer(g_held_by, &g_held);
    } else if (f != g_held_by) {
        fake_rcode(f, q, DNS_SERVFAIL);
    }
}

static void test_late_answer_beside_cd(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, late_beside_cd);
    g_held_by = NULL;
    r->config.deadline_ms = 20000;
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_FOUND);
    rig_free(r);
}

/* The first server answers nothing but CD=1, the other one fails. So ids for both kinds of query
 * are listened to at the first, and an answer with CD=1 is no answer. */
static void cd_or_silent(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (q->h.cd)
        fake_answer(f, q);
    else if (f != &r->fakes[0])
        fake_rcode(f, q, DNS_SERVFAIL);
}

static void test_cd_answer_is_never_taken_for_one_without(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, cd_or_silent);
    r->config.deadline_ms = 20000;
    rig_engine(r);
    rig_ask_many(r, 20);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_BOGUS), 20);
    rig_free(r);
}

/* ---- EDNS ------------------------------------------------------------------------------------ */

static bool g_bare_header;
static size_t g_with_edns;

static void no_edns_here(struct fake *f, const struct fake_query *q)
{
    g_with_edns += q->edns;
    if (!q->edns) {
        fake_answer(f, q);
        return;
    }
    fake_begin(f, q, DNS_FORMERR);
    if (g_bare_header) {
        f->reply.len = DNS_HEADER_BYTES;
        msg_set_u16(&f->reply, 4, 0);
    }
    fake_send(f, q);
}

static void test_no_edns(void **state)
{
    (void)state;
    for (int bare = 0; bare <= 1; bare++) {
        struct rig *r = rig_new(1, no_edns_here);
        g_bare_header = bare;
        g_with_edns = 0;
        r->config.retry_ms = 1000;
        rig_engine(r);
        rig_ask(r, "a.example");
        rig_run(r);
        rig_ask(r, "b.example"); /* the server is known by now */
        rig_run(r);
        assert_int_equal(rig_count(r, LOOKUP_FOUND), 2);
        assert_int_equal(g_with_edns, 1);
        assert_int_equal(rig_stats(r).dropped, 0);
        rig_free(r);
    }
}

/* One FORMERR for one name does not switch EDNS off for the others. */
static void formerr_for_one(struct fake *f, const struct fake_query *q)
{
    g_with_edns += q->edns;
    if (q->qname[0] == 'a')
        fake_rcode(f, q, DNS_FORMERR);
    else
        fake_answer(f, q);
}

static void test_formerr_of_one_name(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, formerr_for_one);
    g_with_edns = 0;
    r->config.retry_ms = 300;
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    rig_ask(r, "b.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_MALFORMED);
    assert_int_equal(r->results[0].rcode, DNS_FORMERR);
    assert_int_equal(r->results[1].status, LOOKUP_FOUND);
    assert_int_equal(g_with_edns, 2);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servfail_cd_is_bogus),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_failure_asks_other_server),
        cmocka_unit_test(test_failure_before_silence_is_reported),
        cmocka_unit_test(test_late_answer_beside_cd),
        cmocka_unit_test(test_cd_answer_is_never_taken_for_one_without),
        cmocka_unit_test(test_no_edns),
        cmocka_unit_test(test_formerr_of_one_name),
    };
    return cmocka_run_group_tests_name("dns_question_reply", tests, NULL, NULL);
}
