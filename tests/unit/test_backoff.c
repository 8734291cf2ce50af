/* Units of scanner/worker/backoff.c. */
#include "scanner/worker/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000)

/* An address, and the clock of whoever goes there as soon as may be. */
struct peer {
    struct backoff b;
    uint64_t now_us, due_us;
};

/* Goes when it is due and is limited. */
static bool limited(struct peer *p, uint64_t asked_ms)
{
    uint64_t went_us = p->now_us = p->due_us > p->now_us ? p->due_us : p->now_us + 1;
    p->now_us += MS;
    return backoff_limited(&p->b, went_us, asked_ms * MS, p->now_us, &p->due_us);
}

static uint64_t gap_ms(const struct peer *p)
{
    return (p->due_us - p->now_us) / MS;
}

static void test_doubles_and_gives_up(void **state)
{
    static const uint64_t gaps_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000};
    struct peer p = {.now_us = 1};
    (void)state;
    for (size_t i = 0; i < sizeof gaps_ms / sizeof *gaps_ms; i++) {
        assert_false(limited(&p, 0));
        assert_int_equal(gap_ms(&p), gaps_ms[i]);
    }
    assert_true(limited(&p, 0)); /* the eighth in a row */
    assert_int_equal(gap_ms(&p), BACKOFF_REMEMBER_MS);
}

/* One that is served in between makes the row begin anew. */
static void test_welcome(void **state)
{
    struct peer p = {.now_us = 1};
    (void)state;
    for (int row = 0; row < 2; row++) {
        for (int i = 1; i < BACKOFF_GIVE_UP_AFTER; i++)
            assert_false(limited(&p, 0));
        backoff_welcome(&p.b, p.due_us);
    }
    assert_false(limited(&p, 0));
    assert_int_equal(gap_ms(&p), BACKOFF_FIRST_MS);
}

/* So does a long time after the end of the gap. */
static void test_forgets(void **state)
{
    struct peer p = {.now_us = 1};
    (void)state;
    for (int i = 1; i < BACKOFF_GIVE_UP_AFTER; i++)
        assert_false(limited(&p, 0));
    p.now_us = p.due_us + BACKOFF_REMEMBER_GAP_MS * MS;
    for (int i = 1; i < BACKOFF_GIVE_UP_AFTER; i++)
        assert_false(limited(&p, 0));
    assert_true(limited(&p, 0));
}

/* What went before the last limiting answer came neither doubles the gap nor ends it. */
static void test_same_event(void **state)
{
    struct peer p = {.now_us = 1};
    (void)state;
    assert_false(limited(&p, 0));
    uint64_t due_us = p.due_us, came_us = p.now_us;
    for (int i = 0; i < 2 * BACKOFF_GIVE_UP_AFTER; i++)
        assert_false(backoff_limited(&p.b, came_us, 0, came_us + MS, &p.due_us));
    backoff_welcome(&p.b, came_us);
    assert_int_equal(p.due_us, due_us);
    assert_false(limited(&p, 0));
    assert_int_equal(gap_ms(&p), 2 * BACKOFF_FIRST_MS);
}

/* A time that the peer names: never less than our own gap, and none waits for more than the longest
 * of ours. */
static void test_asked(void **state)
{
    struct peer p = {.now_us = 1};
    (void)state;
    assert_false(limited(&p, 500));
    assert_int_equal(gap_ms(&p), BACKOFF_FIRST_MS);
    assert_false(limited(&p, BACKOFF_MAX_MS));
    assert_int_equal(gap_ms(&p), BACKOFF_MAX_MS);
    assert_true(limited(&p, BACKOFF_MAX_MS + 1));
    assert_int_equal(gap_ms(&p), BACKOFF_MAX_MS + 1);
    assert_true(limited(&p, 86400000));
    assert_int_equal(gap_ms(&p), BACKOFF_REMEMBER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_and_gives_up),
        cmocka_unit_test(test_welcome),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_same_event),
        cmocka_unit_test(test_asked),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
