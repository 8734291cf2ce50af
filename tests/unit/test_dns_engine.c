/* The engine against resolvers that answer, drop and lie. */
#include "tests/unit/dns_rig.h"

#include "scanner/worker/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
    assert_string_equal(found->resolver, rig_resolver(r, 0));
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
    assert_string_equal(result->resolver, rig_resolver(r, (size_t)(g_held_by - r->fakes)));
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
        cmocka_unit_test(test_lies),
    };
    return cmocka_run_group_tests_name("dns_engine", tests, NULL, NULL);
}
