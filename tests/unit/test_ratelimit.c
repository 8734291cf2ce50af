/* Units of scanner/worker/ratelimit.c: time is made up. */
#include "scanner/worker/ratelimit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_steady_rate(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 10, 1000000, 1);
    uint64_t now = 5000000;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ratelimit_wait_us(&r, now), 0);
        ratelimit_take(&r, now);
        assert_int_equal(ratelimit_wait_us(&r, now), 100000);
        assert_int_equal(ratelimit_wait_us(&r, now + 99999), 1);
        now += 100000;
    }
    /* A pause saves up nothing beyond the burst of one. */
    now += 10000000;
    assert_int_equal(ratelimit_wait_us(&r, now), 0);
    ratelimit_take(&r, now);
    assert_int_equal(ratelimit_wait_us(&r, now), 100000);
}

static void test_burst(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 100, 1000000, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ratelimit_wait_us(&r, 1000000), 0);
        ratelimit_take(&r, 1000000);
    }
    assert_int_equal(ratelimit_wait_us(&r, 1000000), 10000);
}

static void test_any_second_holds_rate_plus_burst(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 95, 1000000, 5);
    uint64_t start[300], now = 0;
    for (int i = 0; i < 300; i++) {
        now += ratelimit_wait_us(&r, now);
        ratelimit_take(&r, now);
        start[i] = now;
    }
    for (int i = 0; i + 100 < 300; i++)
        assert_true(start[i + 100] - start[i] >= 1000000);
}

static void test_no_limit(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 0, 1000000, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ratelimit_wait_us(&r, 7), 0);
        ratelimit_take(&r, 7);
    }
}

static void test_share_of_a_slow_rate(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 1, 4000000, 0); /* one per second for four workers together */
    ratelimit_take(&r, 0);
    assert_int_equal(ratelimit_wait_us(&r, 0), 4000000);
}

static void test_overflow(void **state)
{
    (void)state;
    struct ratelimit r;
    ratelimit_init(&r, 1, UINT64_MAX, UINT64_MAX);
    ratelimit_take(&r, UINT64_MAX - 1);
    assert_int_equal(ratelimit_wait_us(&r, UINT64_MAX), 0);
    ratelimit_init(&r, 1, UINT64_MAX / 2, 1);
    ratelimit_take(&r, UINT64_MAX - 10);
    ratelimit_take(&r, UINT64_MAX - 10);
    assert_true(ratelimit_wait_us(&r, UINT64_MAX - 10) <= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady_rate),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_any_second_holds_rate_plus_burst),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_share_of_a_slow_rate),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
