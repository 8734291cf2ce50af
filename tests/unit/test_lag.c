/* Units of scanner/worker/lag.c, with made-up time. */
#include "scanner/worker/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, START = 5000 * MS };

static void test_in_time_is_not_late(void **state)
{
    (void)state;
    struct lag l;
    uint64_t now = START;
    lag_init(&l, now);
    struct lag_mark from = lag_mark(&l, now);
    for (int i = 0; i < 100; i++) {
        now += (LAG_TICK_MS + LAG_NOTED_MS) * MS;
        assert_false(lag_tick(&l, now));
    }
    assert_int_equal(lag_late_ms(&l, from, now), 0);
    assert_false(lag_spoils(&l, from, 1, now));
}

/* A loop that is busy for long: all of it is lateness, none of it a stall. */
static void test_short_pieces_add_up(void **state)
{
    (void)state;
    struct lag l;
    uint64_t now = START;
    lag_init(&l, now);
    struct lag_mark from = lag_mark(&l, now);
    for (int i = 0; i < 10; i++) {
        now += (LAG_TICK_MS + LAG_STALL_MS) * MS;
        assert_false(lag_tick(&l, now));
    }
    assert_int_equal(lag_late_ms(&l, from, now), 10 * LAG_STALL_MS);
    assert_false(lag_spoils(&l, from, 1000, now));
}

/* A stall counts before its tick has come: what it made late may be handled first. */
static void test_a_stall_counts_at_once(void **state)
{
    (void)state;
    struct lag l;
    uint64_t now = START;
    lag_init(&l, now);
    struct lag_mark from = lag_mark(&l, now);
    now += (LAG_TICK_MS + 1000) * MS;
    assert_int_equal(lag_late_ms(&l, from, now), 1000);
    assert_true(lag_spoils(&l, from, 10000, now));
    assert_false(lag_spoils(&l, from, 10001, now));
    assert_true(lag_tick(&l, now));
    assert_int_equal(lag_late_ms(&l, from, now), 1000);
    assert_true(lag_spoils(&l, from, 10000, now));
    assert_false(lag_tick(&l, now + LAG_TICK_MS * MS));
    /* What began after it has nothing to do with it. */
    from = lag_mark(&l, now);
    assert_int_equal(lag_late_ms(&l, from, now), 0);
    assert_false(lag_spoils(&l, from, 1, now));
}

static void test_longest_piece(void **state)
{
    (void)state;
    struct lag l;
    uint64_t now = START, then;
    lag_init(&l, now);
    assert_int_equal(lag_longest_ms(&l, now, now), 200); /* what is under way unnoted */
    now += (LAG_TICK_MS + 700) * MS;
    assert_int_equal(lag_longest_ms(&l, START, now), 800); /* before its tick has come */
    lag_tick(&l, now);
    then = now + 1;
    now += (LAG_TICK_MS + 300) * MS;
    lag_tick(&l, now);
    assert_int_equal(lag_longest_ms(&l, START, now), 800);
    assert_int_equal(lag_longest_ms(&l, then, now), 400);
    assert_int_equal(lag_longest_ms(&l, now + 1, now + 1), 200);
    now += 3600000 * (uint64_t)MS;
    lag_tick(&l, now);
    assert_int_equal(lag_longest_ms(&l, then, now), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_time_is_not_late),
        cmocka_unit_test(test_short_pieces_add_up),
        cmocka_unit_test(test_a_stall_counts_at_once),
        cmocka_unit_test(test_longest_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
