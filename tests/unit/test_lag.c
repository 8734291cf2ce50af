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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_time_is_not_late),
        cmocka_unit_test(test_short_pieces_add_up),
        cmocka_unit_test(test_a_stall_counts_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
