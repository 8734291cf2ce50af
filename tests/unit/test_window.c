/* Units of simnet's count of arrivals in a second. */
#include "tests/simnet/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_a_second_is_half_open(void **state)
{
    struct window window = {0};
    (void)state;
    assert_int_equal(window_add(&window, 5000), 1);
    assert_int_equal(window_add(&window, 5000), 2);
    assert_int_equal(window_add(&window, 5999), 3);
    assert_int_equal(window_add(&window, 6000), 2); /* the two at 5000 are a second ago */
    assert_int_equal(window_add(&window, 6998), 3);
    assert_int_equal(window_add(&window, 6999), 3);
    assert_int_equal(window_add(&window, 100000), 1);
    window_free(&window);
}

/* A steady stream makes the ring turn and grow while it is turned. */
static void test_steady_stream(void **state)
{
    struct window window = {0};
    uint64_t at_ms = 1;
    (void)state;
    for (uint32_t i = 1; i <= 1000; i++, at_ms += 100)
        assert_int_equal(window_add(&window, at_ms), i < 10 ? i : 10);
    for (uint32_t i = 1; i <= 5000; i++, at_ms += 10)
        assert_true(window_add(&window, at_ms) <= 109);
    assert_int_equal(window_add(&window, at_ms), 100);
    window_free(&window);
}

static void test_the_count_stands_still(void **state)
{
    struct window window = {0};
    (void)state;
    for (uint32_t i = 1; i <= WINDOW_MAX_ARRIVALS; i++)
        assert_int_equal(window_add(&window, 7), i);
    assert_int_equal(window_add(&window, 7), WINDOW_MAX_ARRIVALS);
    assert_int_equal(window_add(&window, 8), WINDOW_MAX_ARRIVALS);
    assert_int_equal(window_add(&window, 8 + WINDOW_MS), 1);
    window_free(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_is_half_open),
        cmocka_unit_test(test_steady_stream),
        cmocka_unit_test(test_the_count_stands_still),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
