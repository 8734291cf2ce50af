/* Units of scanner/worker/uplink.c, with made-up time: when nobody is heard any more, whose fault
 * is it? */
#include "scanner/worker/uplink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
enum { DEADLINE_MS = 60000, ENOUGH = UPLINK_MISSED_MILLI / 1000 };

struct rig {
    uplink *l;
    uint64_t now;
};

static int setup(void **state)
{
    static struct rig r;
    r = (struct rig){.now = 5000 * SECOND};
    *state = &r;
    return uplink_new(DEADLINE_MS, DEADLINE_MS, &r.l) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    uplink_free(r->l);
    return 0;
}

/* The host at the end of network n. */
static struct net_addr host(unsigned n)
{
    return (struct net_addr){.family = 4, .b = {198, (uint8_t)(n >> 8), (uint8_t)n, 7}};
}

static void try(struct rig *r, unsigned n, enum uplink_service service)
{
    struct net_addr ip = host(n);
    uplink_tried(r->l, &ip, service, r->now);
}

static void hear(struct rig *r, unsigned n, enum uplink_service service)
{
    struct net_addr ip = host(n);
    uplink_heard(r->l, &ip, service, ++r->now);
}

static void believe(struct rig *r, unsigned n, enum uplink_service service)
{
    struct net_addr ip = host(n);
    uplink_in_vain(r->l, &ip, service);
    uplink_believed(r->l, &ip, service);
}

static void pass(struct rig *r, uint64_t us)
{
    r->now += us;
}

static void expect(struct rig *r, enum uplink_state state)
{
    assert_int_equal(uplink_look(r->l, r->now), state);
    assert_int_equal(uplink_state_of(r->l), state);
}

/* Connections to n networks from `first` on, and the time after which nobody is waited for. */
static void try_many(struct rig *r, unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        try(r, first + i, UPLINK_HTTPS);
    pass(r, UPLINK_TRY_MS * MS);
}

/* A scan under way: n networks answered. */
static void hear_many(struct rig *r, unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        hear(r, first + i, UPLINK_HTTPS);
    pass(r, 100 * MS);
}

/* ---- when it is suspected ------------------------------------------------------------------- */

static void test_enough_networks(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    try_many(r, 100, ENOUGH - 1);
    expect(r, UPLINK_UP);
    pass(r, 3600 * SECOND);
    expect(r, UPLINK_UP); /* too few, however long */
    try(r, 200, UPLINK_HTTPS);
    pass(r, UPLINK_TRY_MS * MS - 1);
    expect(r, UPLINK_UP);
    pass(r, 1);
    expect(r, UPLINK_SUSPECTED);
}

/* Many hosts of one /24, or one host many times, are one witness. */
static void test_networks_not_hosts(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    try_many(r, 100, ENOUGH - 1);
    for (unsigned i = 0; i < 50; i++) {
        struct net_addr ip = host(100);
        ip.b[3] = (uint8_t)i;
        uplink_tried(r->l, &ip, UPLINK_HTTPS, r->now);
    }
    pass(r, UPLINK_TRY_MS * MS);
    expect(r, UPLINK_UP);
}

/* One answer, also of a network that was not asked since, and all that were silent were dead. */
static void test_one_answer_is_enough(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    try_many(r, 100, 50);
    hear(r, 0, UPLINK_SMTP);
    expect(r, UPLINK_UP);
    try_many(r, 200, ENOUGH - 1);
    expect(r, UPLINK_UP); /* those before the answer count no more */
}

/* Another worker's answer counts from its own time on. */
static void test_heard_elsewhere(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    uint64_t before = r->now - SECOND;
    try_many(r, 100, ENOUGH);
    uplink_heard_at(r->l, UPLINK_HTTPS, before); /* no news */
    expect(r, UPLINK_SUSPECTED);
    uplink_heard_at(r->l, UPLINK_SMTP, r->now);
    expect(r, UPLINK_UP);
}

/* Another worker's suspicion is ours, unless somebody was heard since; and whom it misses, is
 * missed. */
static void test_suspected_elsewhere(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    uint64_t at = r->now;
    assert_int_equal(uplink_suspected_since_us(r->l), 0);
    hear(r, 0, UPLINK_HTTPS);
    uplink_suspected_elsewhere(r->l, at, r->now);
    uplink_suspected_elsewhere(r->l, 0, r->now);
    expect(r, UPLINK_UP);
    struct uplink_mark from = uplink_mark(r->l, r->now);
    pass(r, SECOND);
    uplink_suspected_elsewhere(r->l, r->now, r->now);
    expect(r, UPLINK_SUSPECTED);
    assert_int_equal(uplink_suspected_since_us(r->l), r->now);
    assert_true(uplink_canary_due(r->l, r->now));
    assert_int_equal(uplink_down_ms(r->l, from, r->now), 1000);
    uplink_lost_elsewhere(r->l, UPLINK_LOST - 1);
    try(r, 3, UPLINK_HTTPS);
    assert_int_equal(uplink_lost(r->l), 1);
    pass(r, UPLINK_DOUBT_DEADLINES * DEADLINE_MS * MS);
    expect(r, UPLINK_SUSPECTED);
    uplink_lost_elsewhere(r->l, UPLINK_LOST - 2);
    expect(r, UPLINK_BELIEVED);
    assert_int_equal(uplink_suspected_since_us(r->l), 0);
}

/* With nobody heard and nothing tried here, the outage is as long as the suspicion. */
static void test_suspected_elsewhere_from_the_start(void **state)
{
    struct rig *r = *state;
    struct uplink_mark from = uplink_mark(r->l, r->now);
    pass(r, SECOND);
    uplink_suspected_elsewhere(r->l, r->now, r->now);
    pass(r, SECOND);
    expect(r, UPLINK_SUSPECTED);
    assert_int_equal(uplink_down_ms(r->l, from, r->now), 1000);
}

/* What ends at once without a word of the host is waited for no longer. */
static void test_in_vain_at_once(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    for (unsigned i = 0; i < ENOUGH; i++) {
        struct net_addr ip = host(100 + i);
        expect(r, UPLINK_UP);
        try(r, 100 + i, UPLINK_HTTPS);
        uplink_in_vain(r->l, &ip, UPLINK_HTTPS);
        uplink_in_vain(r->l, &ip, UPLINK_HTTPS); /* no second witness */
    }
    expect(r, UPLINK_SUSPECTED);
}

/* With short deadlines, none is over before it can be told. */
static void test_short_deadlines(void **state)
{
    struct rig *r = *state;
    uplink_free(r->l);
    assert_int_equal(uplink_new(2000, DEADLINE_MS, &r->l), ST_OK);
    hear_many(r, 0, 20);
    for (unsigned i = 0; i < ENOUGH; i++)
        try(r, 100 + i, UPLINK_HTTPS);
    pass(r, 1000 * MS - 1);
    expect(r, UPLINK_UP);
    pass(r, 1);
    expect(r, UPLINK_SUSPECTED);
}

/* Our own loop stood still: nobody had the time to answer. */
static void test_our_own_lateness(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    try_many(r, 100, ENOUGH);
    pass(r, 3600 * SECOND);
    uplink_excuse(r->l, 3600 * SECOND, r->now);
    expect(r, UPLINK_UP);
    pass(r, UPLINK_TRY_MS * MS);
    expect(r, UPLINK_SUSPECTED);
    pass(r, 3600 * SECOND);
    uplink_excuse(r->l, 3600 * SECOND, r->now);
    expect(r, UPLINK_SUSPECTED); /* nor is that long */
}

/* ---- what a scan has learnt ----------------------------------------------------------------- */

/* Whose silence was believed when others answered is missed by nobody: the second pass. */
static void test_known_dead_hosts(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 100; i++) {
        hear(r, 1000 + i, UPLINK_HTTPS);
        try(r, i, UPLINK_HTTPS);
        believe(r, i, UPLINK_HTTPS);
    }
    hear(r, 1000, UPLINK_HTTPS);
    try_many(r, 0, 100);
    expect(r, UPLINK_UP);
    hear(r, 7, UPLINK_HTTPS); /* it is back, and missed when it goes again */
    try(r, 7, UPLINK_HTTPS);
    try_many(r, 2000, 2 * ENOUGH - 3); /* each worth a half, and a little */
    expect(r, UPLINK_UP);
    try_many(r, 3000, 2);
    expect(r, UPLINK_SUSPECTED);
}

/* Where nine in ten are dead, it takes ten times as many. */
static void test_a_list_of_the_dead(void **state)
{
    struct rig *r = *state;
    for (unsigned i = 0; i < 1000; i++) {
        try(r, i, UPLINK_HTTPS);
        if (i % 10 == 0)
            hear(r, i, UPLINK_HTTPS);
        else
            believe(r, i, UPLINK_HTTPS);
    }
    try_many(r, 2000, 70);
    expect(r, UPLINK_UP);
    try_many(r, 3000, 20);
    expect(r, UPLINK_SUSPECTED);
}

/* Port 25 is closed by the provider: nobody ever answers there, and that tells nothing. */
static void test_a_service_that_is_closed(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 1);
    for (unsigned i = 0; i < 500; i++)
        try(r, i, UPLINK_SMTP);
    pass(r, UPLINK_TRY_MS * MS);
    expect(r, UPLINK_UP);
    hear(r, 3, UPLINK_SMTP); /* it is open after all */
    for (unsigned i = 0; i < ENOUGH; i++)
        try(r, 500 + i, UPLINK_SMTP);
    pass(r, UPLINK_TRY_MS * MS);
    expect(r, UPLINK_SUSPECTED);
}

/* IPv6 leads nowhere, IPv4 does. */
static void test_a_family_that_leads_nowhere(void **state)
{
    struct rig *r = *state;
    uplink_heard_other_family(r->l);
    try_many(r, 0, 100);
    expect(r, UPLINK_UP);
    hear(r, 0, UPLINK_HTTPS);
    try_many(r, 200, ENOUGH);
    expect(r, UPLINK_SUSPECTED);
}

/* ---- how it ends ---------------------------------------------------------------------------- */

/* Nobody who ever answered is missed: after a while silence is taken for what it looks like. */
static void test_nothing_but_dead_hosts(void **state)
{
    struct rig *r = *state;
    struct uplink_mark from = uplink_mark(r->l, r->now);
    try_many(r, 0, 100);
    expect(r, UPLINK_SUSPECTED);
    assert_false(uplink_was_heard(r->l));
    pass(r, UPLINK_DOUBT_DEADLINES * DEADLINE_MS * MS - 1);
    expect(r, UPLINK_SUSPECTED);
    assert_true(uplink_spoils(r->l, from, DEADLINE_MS, r->now));
    pass(r, 1);
    expect(r, UPLINK_BELIEVED);
    assert_false(uplink_spoils(r->l, from, DEADLINE_MS, r->now));
    try_many(r, 300, 1000);
    expect(r, UPLINK_BELIEVED); /* for good, as long as nobody answers */
    hear(r, 0, UPLINK_HTTPS);
    expect(r, UPLINK_UP);
    assert_false(uplink_spoils(r->l, from, DEADLINE_MS, r->now));
}

/* Networks that answered before are missed: that is no chance, and nobody is called dead. */
static void outage(struct rig *r, unsigned lost)
{
    hear_many(r, 0, 20);
    for (unsigned i = 0; i < lost; i++)
        try(r, i, UPLINK_HTTPS);
    try_many(r, 100, ENOUGH);
    expect(r, UPLINK_SUSPECTED);
    pass(r, UPLINK_DOUBT_DEADLINES * DEADLINE_MS * MS);
}

static void test_a_long_outage(void **state)
{
    struct rig *r = *state;
    struct uplink_mark from = uplink_mark(r->l, r->now);
    outage(r, UPLINK_LOST);
    expect(r, UPLINK_SUSPECTED);
    pass(r, (UPLINK_OUTAGE_DEADLINES - UPLINK_DOUBT_DEADLINES) * DEADLINE_MS * MS - 1);
    expect(r, UPLINK_SUSPECTED);
    pass(r, 1);
    expect(r, UPLINK_GIVEN_UP);
    assert_true(uplink_spoils(r->l, from, DEADLINE_MS, r->now));
    from = uplink_mark(r->l, r->now); /* what begins now is nobody's either */
    pass(r, DEADLINE_MS * MS);
    assert_true(uplink_spoils(r->l, from, DEADLINE_MS, r->now));
    hear(r, 0, UPLINK_HTTPS);
    expect(r, UPLINK_UP);
}

static void test_too_few_are_missed(void **state)
{
    struct rig *r = *state;
    outage(r, UPLINK_LOST - 1);
    expect(r, UPLINK_BELIEVED);
}

/* A canary to a network that answered before, or one that an earlier run knew, is one more. */
static void test_canaries_are_missed_too(void **state)
{
    struct rig *r = *state;
    struct net_addr known = host(900);
    uplink_knew(r->l, &known, UPLINK_HTTPS);
    assert_true(uplink_is_known(r->l, &known, UPLINK_HTTPS));
    assert_false(uplink_is_known(r->l, &known, UPLINK_SMTP));
    outage(r, UPLINK_LOST - 1);
    r->now -= SECOND;
    try(r, 900, UPLINK_HTTPS);
    pass(r, SECOND);
    expect(r, UPLINK_SUSPECTED);
}

static void test_canaries(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    assert_false(uplink_canary_due(r->l, r->now));
    try_many(r, 100, ENOUGH);
    expect(r, UPLINK_SUSPECTED);
    assert_true(uplink_canary_due(r->l, r->now));
    uplink_canary_went(r->l);
    pass(r, 60 * SECOND);
    assert_false(uplink_canary_due(r->l, r->now)); /* one at a time, */
    uplink_canary_over(r->l, r->now);
    pass(r, UPLINK_CANARY_GAP_MS * MS - 1);
    assert_false(uplink_canary_due(r->l, r->now)); /* with a gap */
    pass(r, 1);
    assert_true(uplink_canary_due(r->l, r->now));
    hear(r, 0, UPLINK_HTTPS);
    assert_false(uplink_canary_due(r->l, r->now));
}

/* ---- whose wait it was ---------------------------------------------------------------------- */

/* An outage counts from the last answer to the next one, for waits that it took a tenth of. */
static void test_spoilt_waits(void **state)
{
    struct rig *r = *state;
    struct uplink_mark long_ago = uplink_mark(r->l, r->now);
    pass(r, 60 * SECOND);
    hear(r, 0, UPLINK_HTTPS);
    struct uplink_mark before = uplink_mark(r->l, r->now);
    pass(r, SECOND);
    for (unsigned i = 0; i < ENOUGH; i++)
        try(r, 100 + i, UPLINK_HTTPS);
    pass(r, UPLINK_TRY_MS * MS);
    assert_false(uplink_spoils(r->l, before, 1, r->now)); /* nothing is known yet */
    expect(r, UPLINK_SUSPECTED);
    assert_int_equal(uplink_silent_ms(r->l, r->now), 1000 + UPLINK_TRY_MS);
    struct uplink_mark within = uplink_mark(r->l, r->now);
    pass(r, 2 * SECOND);
    hear(r, 1, UPLINK_HTTPS);
    struct uplink_mark after = uplink_mark(r->l, r->now);
    assert_int_equal(uplink_last_silence_ms(r->l), 7000);
    assert_int_equal(uplink_down_ms(r->l, long_ago, r->now), 7000);
    assert_int_equal(uplink_down_ms(r->l, before, r->now), 7000);
    assert_int_equal(uplink_down_ms(r->l, within, r->now), 2000);
    pass(r, 100 * SECOND);
    assert_true(uplink_spoils(r->l, before, 70000, r->now));
    assert_false(uplink_spoils(r->l, before, 70001, r->now));
    assert_true(uplink_spoils(r->l, within, 20000, r->now));
    assert_false(uplink_spoils(r->l, within, 20001, r->now));
    assert_false(uplink_spoils(r->l, after, 1, r->now));
    assert_int_equal(uplink_down_ms(r->l, after, r->now), 0);
}

/* A wait that began in the silence, before it was known for what it is. */
static void test_no_more_than_the_wait(void **state)
{
    struct rig *r = *state;
    hear_many(r, 0, 20);
    pass(r, 10 * SECOND);
    struct uplink_mark from = uplink_mark(r->l, r->now);
    try_many(r, 100, ENOUGH);
    expect(r, UPLINK_SUSPECTED);
    assert_int_equal(uplink_down_ms(r->l, from, r->now), UPLINK_TRY_MS);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_enough_networks),
        TEST(test_networks_not_hosts),
        TEST(test_one_answer_is_enough),
        TEST(test_heard_elsewhere),
        TEST(test_suspected_elsewhere),
        TEST(test_suspected_elsewhere_from_the_start),
        TEST(test_in_vain_at_once),
        TEST(test_short_deadlines),
        TEST(test_our_own_lateness),
        TEST(test_known_dead_hosts),
        TEST(test_a_list_of_the_dead),
        TEST(test_a_service_that_is_closed),
        TEST(test_a_family_that_leads_nowhere),
        TEST(test_nothing_but_dead_hosts),
        TEST(test_a_long_outage),
        TEST(test_too_few_are_missed),
        TEST(test_canaries_are_missed_too),
        TEST(test_canaries),
        TEST(test_spoilt_waits),
        TEST(test_no_more_than_the_wait),
    };
    return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
