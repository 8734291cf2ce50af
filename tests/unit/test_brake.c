/* Units of scanner/worker/brake.c. */
#include "scanner/worker/brake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_trips_when_the_window_fails(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    for (int i = 0; i < 99; i++)
        assert_false(brake_add(&b, 100, 0));
    assert_true(brake_add(&b, 100, 0));
}

static void test_looks_back_on_the_window_only(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    for (int i = 0; i < 5000; i++)
        assert_false(brake_add(&b, 100, 100));
    int more = 0;
    while (!brake_add(&b, 100, 0))
        more++;
    /* Under 5 % of 10,000: the first report that leaves fewer than 500 answers in the window. */
    assert_in_range(more, 94, 97);
}

/* What leaves the window is what came first, not what came last. */
static void test_forgets_the_oldest(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    for (int i = 0; i < 300; i++)
        assert_false(brake_add(&b, 100, (uint32_t)(i < 50 ? 20 : i < 150 ? 70 : 100)));
    assert_true(brake_success_pct(&b) == 100.0);
}

static void test_just_enough(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    for (int i = 0; i < 1000; i++)
        assert_false(brake_add(&b, 100, 5));
    assert_false(brake_at_end(&b));
}

static void test_small_reports(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    bool tripped = false;
    int n = 0;
    for (; n < 20000 && !tripped; n++)
        tripped = brake_add(&b, 1, 0);
    assert_int_equal(n, 10000);
    for (n = 0; n < 20000; n++)
        brake_add(&b, 1, 1);
    assert_true(brake_success_pct(&b) > 99 && brake_success_pct(&b) <= 100);
    assert_true(b.tried >= 10000);
}

static void test_fewer_than_a_window(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 5, 10000);
    assert_false(brake_at_end(&b)); /* an empty list is no failure */
    assert_false(brake_add(&b, 50, 0));
    assert_true(brake_at_end(&b));
    assert_false(brake_add(&b, 50, 20));
    assert_false(brake_at_end(&b));
}

/* A resumed scan may have nothing left but names that never answer: they do not stop it. That
 * nobody answers any more does. */
static void test_earlier_runs(void **state)
{
    (void)state;
    struct brake b;
    for (uint64_t done = 1000; done <= 100000000000; done *= 10) {
        brake_init(&b, 5, 10000);
        brake_go_on(&b, done, done - done / 100);
        assert_true(brake_success_pct(&b) > 98.9 && brake_success_pct(&b) < 99.1);
        assert_false(brake_add(&b, 100, 0));
        assert_false(brake_at_end(&b));
        int more = 0;
        while (!brake_add(&b, 100, 0))
            more++;
        assert_in_range(more, 93, 250);
    }
    brake_init(&b, 5, 10000);
    brake_go_on(&b, 0, 0);
    brake_go_on(&b, 30, 1);
    assert_true(brake_at_end(&b));
}

static void test_off(void **state)
{
    (void)state;
    struct brake b;
    brake_init(&b, 0, 10000);
    for (int i = 0; i < 200; i++)
        assert_false(brake_add(&b, 100, 0));
    assert_false(brake_at_end(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trips_when_the_window_fails),
        cmocka_unit_test(test_looks_back_on_the_window_only),
        cmocka_unit_test(test_forgets_the_oldest),
        cmocka_unit_test(test_just_enough),
        cmocka_unit_test(test_small_reports),
        cmocka_unit_test(test_fewer_than_a_window),
        cmocka_unit_test(test_earlier_runs),
        cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
