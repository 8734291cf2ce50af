/* Questions to a named server (dns_query_at): few pools, and those that wait for a place. */
#include "scanner/net/dns_engine.h"
#include "tests/unit/dns_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void never(void *arg, const struct dns_answer *answer)
{
    (void)arg, (void)answer;
    fail();
}

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
        cmocka_unit_test(test_query_at),
        cmocka_unit_test(test_many_named),
        cmocka_unit_test(test_named_at_cap),
        cmocka_unit_test(test_named_over_cap),
        cmocka_unit_test(test_named_waiting_is_freed),
    };
    return cmocka_run_group_tests_name("dns_named", tests, NULL, NULL);
}
