/* Units of scanner/net/wall.c. What a clock that is set does to a scan is in
 * tests/e2e/test_clock.sh. */
#include "scanner/net/wall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define DAY_MS INT64_C(86400000)
#define MINUTE_MS INT64_C(60000)

static void test_goes_on(void **state)
{
    struct wall w;
    struct timespec ts;
    (void)state;
    wall_start(&w);
    clock_gettime(CLOCK_REALTIME, &ts);
    int64_t first = wall_ms(&w), real = (int64_t)ts.tv_sec * 1000;
    assert_true(first - real < MINUTE_MS && real - first < MINUTE_MS);
    assert_true(wall_ms(&w) >= first);
    assert_true(llabs(wall_set_by_ms(&w)) < MINUTE_MS);
}

/* Started by a clock that was a day behind: as if the machine's had been set since. */
static void test_was_set(void **state)
{
    struct wall w;
    (void)state;
    wall_start(&w);
    int64_t before = wall_ms(&w);
    w.boot_ms -= DAY_MS;
    assert_true(before - wall_ms(&w) > DAY_MS - MINUTE_MS);
    assert_true(llabs(wall_set_by_ms(&w) - DAY_MS) < MINUTE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_was_set),
    };
    return cmocka_run_group_tests_name("wall", tests, NULL, NULL);
}
