/* The engine against resolvers that answer, drop, fail and lie. */
#include "tests/unit/dns_rig.h"

#include "scanner/worker/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *resolver_of(const struct rig *r, size_t fake)
{
    static char text[ENDPOINT_TEXT_MAX_BYTES];
    endpoint_text(&r->fakes[fake].at, text);
    return text;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void check_query_then_answer(struct fake *f, const struct fake_query *q)
{
    assert_true(q->h.rd && q->h.ad && !q->h.cd && !q->h.qr);
    assert_true(q->edns);
    assert_int_equal(q->qtype, DNS_TXT);
    if (strcmp(q->qname, "found.example") == 0)
        fake_answer(f, q);
    else if (strcmp(q->qname, "a\\.b\\000\\255.example") == 0)
        fake_answer(f, q);
    else
        fake_rcode(f, q, strcmp(q->qname, "nodata.example") == 0 ? 0 : DNS_NXDOMAIN);
}

static void test_answers(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, check_query_then_answer);
    r->config.retry_ms = 2000;
    rig_engine(r);
    struct rig_result *found = rig_ask(r, "Found.Example");
    struct rig_result *nodata = rig_ask(r, "nodata.example");
    struct rig_result *nx = rig_ask(r, "nx.example");
    struct rig_result *odd = rig_ask(r, "a\\.b\\000\\255.example");
    rig_run(r);
    assert_int_equal(found->status, LOOKUP_FOUND);
    assert_int_equal(found->n, 1);
    assert_string_equal(found->resolver, resolver_of(r, 0));
    assert_int_equal(nodata->status, LOOKUP_NODATA);
    assert_int_equal(nx->status, LOOKUP_NXDOMAIN);
    assert_int_equal(nx->rcode, 3);
    assert_int_equal(odd->status, LOOKUP_FOUND);
    struct dns_stats stats = rig_stats(r);
    assert_int_equal(stats.questions, 4);
    assert_int_equal(stats.sent, 4);
    assert_int_equal(stats.answers, 4);
    assert_int_equal(stats.by_lookup[LOOKUP_FOUND], 2);
    assert_int_equal(stats.retries + stats.timeouts + stats.dropped + stats.tcp, 0);
    rig_free(r);
}

static void never(void *arg, const struct dns_answer *answer)
{
    (void)arg, (void)answer;
    fail();
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_ignore);
    dns_engine *e;
    char long_name[256];
    rig_engine(r);
    memset(long_name, 'a', 64);
    long_name[64] = '\0';
    assert_int_equal(dns_query(r->engine, "", DNS_A, never, NULL, NULL), ST_INVALID);
    assert_int_equal(dns_query(r->engine, "a..b", DNS_A, never, NULL, NULL), ST_INVALID);
    assert_int_equal(dns_query(r->engine, long_name, DNS_A, never, NULL, NULL), ST_INVALID);
    struct endpoint nowhere = {.port = 53};
    assert_int_equal(dns_query_at(r->engine, &nowhere, "a", DNS_A, never, NULL, NULL), ST_INVALID);

    struct dns_config good = r->config, bad = good;
    good.servers = &r->fakes[0].at;
    bad = good;
    bad.n_servers = 0;
    assert_int_equal(dns_new(r->base, &bad, &e), ST_INVALID);
    bad = good;
    bad.deadline_ms = 0;
    assert_int_equal(dns_new(r->base, &bad, &e), ST_INVALID);
    bad = good;
    bad.in_flight_max = 0;
    assert_int_equal(dns_new(r->base, &bad, &e), ST_INVALID);
    bad = good;
    bad.servers = &nowhere;
    assert_int_equal(dns_new(r->base, &bad, &e), ST_INVALID);
    rig_free(r);
}

/* ---- silence --------------------------------------------------------------------------------- */

static void answer_third(struct fake *f, const struct fake_query *q)
{
    if (f->udp == 3)
        fake_answer(f, q);
}

static void test_retry(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, answer_third);
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_FOUND);
    assert_true(rig_stats(r).retries >= 2);
    assert_true(rig_stats(r).timeouts >= 2);
    rig_free(r);
}

static void test_timeout(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, fake_ignore);
    r->config.deadline_ms = 200;
    rig_engine(r);
    rig_ask_many(r, 50);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_TIMEOUT), 50);
    assert_int_equal(r->results[0].rcode, -1);
    assert_string_equal(r->results[0].resolver, "");
    rig_free(r);
}

/* The first server answers only when the second one has been asked too. */
static struct fake_query g_held;
static struct fake *g_held_by;

static void hold_first(struct fake *f, const struct fake_query *q)
{
    if (g_held_by == NULL) {
        g_held = *q;
        g_held_by = f;
    } else if (f != g_held_by) {
        fake_answer(g_held_by, &g_held);
    }
}

static void test_late_answer_counts(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, hold_first);
    g_held_by = NULL;
    rig_engine(r);
    struct rig_result *result = rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(result->status, LOOKUP_FOUND);
    assert_string_equal(result->resolver, resolver_of(r, (size_t)(g_held_by - r->fakes)));
    assert_int_equal(rig_stats(r).dropped, 0);
    rig_free(r);
}

/* One of two servers never answers: soon nearly all go to the other one at once. */
static void first_is_silent(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (f != &r->fakes[0])
        fake_answer(f, q);
}

static void ask_next(struct rig_result *result)
{
    if (result->rig->asked < 400)
        rig_ask(result->rig, "next.example");
}

static void test_silent_server_is_left(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, first_is_silent);
    r->on_result = ask_next;
    rig_engine(r);
    rig_ask_many(r, 40);
    rig_run(r);
    assert_int_equal(rig_count(r, LOOKUP_FOUND), 400);
    assert_true(r->fakes[0].udp < 200);
    rig_free(r);
}

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
    assert_string_equal(result->resolver, resolver_of(r, 0));
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
    assert_string_equal(r->results[0].resolver, resolver_of(r, 1));
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

/* ---- lies ------------------------------------------------------------------------------------ */

static void lie_then_answer(struct fake *f, const struct fake_query *q)
{
    struct fake_query lie = *q;
    fake_send_raw(f, q, "", 0);
    fake_send_raw(f, q, q->msg, 11);
    fake_send_raw(f, q, q->msg, q->len); /* the query itself: no reply */
    lie.h.id ^= 1;
    fake_begin(f, &lie, 0);
    msg_txt(&f->reply, NULL, 1, "wrong id");
    fake_send(f, q);
    lie.h.id = q->h.id ^ 0x8000; /* the same place in a table by its low bits */
    fake_begin(f, &lie, 0);
    msg_txt(&f->reply, NULL, 1, "wrong id");
    fake_send(f, q);
    lie = *q;
    lie.qname[0] ^= 1;
    fake_begin(f, &lie, 0);
    msg_txt(&f->reply, NULL, 1, "wrong name");
    fake_send(f, q);
    lie = *q;
    lie.qtype = DNS_A;
    fake_begin(f, &lie, 0);
    fake_send(f, q);
    fake_begin(f, q, 0x2800); /* another opcode */
    fake_send(f, q);
    fake_begin(f, q, DNS_NXDOMAIN);
    msg_set_u16(&f->reply, 4, 2);
    fake_send(f, q);
    fake_begin(f, q, DNS_NXDOMAIN);
    fake_send_elsewhere(f, q);
    fake_answer(f, q);
    fake_answer(f, q); /* once more: nobody waits for it */
}

static void test_lies(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, lie_then_answer);
    rig_engine(r);
    rig_ask(r, "a.example");
    rig_run(r);
    assert_int_equal(r->results[0].status, LOOKUP_FOUND);
    assert_int_equal(r->results[0].txt_len, 2);
    rig_ask(r, "b.example"); /* gives the loop a turn for the double */
    rig_run(r);
    /* Nine lies a question; the one from elsewhere never passes the kernel. The double came with
     * the same batch or the next. */
    assert_true(rig_stats(r).dropped >= 18);
    assert_int_equal(rig_stats(r).answers, 2);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_late_answer_counts),
        cmocka_unit_test(test_silent_server_is_left),
        cmocka_unit_test(test_servfail_cd_is_bogus),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_failure_asks_other_server),
        cmocka_unit_test(test_failure_before_silence_is_reported),
        cmocka_unit_test(test_late_answer_beside_cd),
        cmocka_unit_test(test_cd_answer_is_never_taken_for_one_without),
        cmocka_unit_test(test_no_edns),
        cmocka_unit_test(test_formerr_of_one_name),
        cmocka_unit_test(test_lies),
    };
    return cmocka_run_group_tests_name("dns_engine", tests, NULL, NULL);
}
