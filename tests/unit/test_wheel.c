/* The timer wheel against a plain list of deadlines. */
#include "scanner/net/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct item {
    struct wheel_timer timer; /* first: fire casts */
    uint64_t fired_ms;        /* 0: not yet */
    struct item *clears;      /* cleared when this one fires */
    uint64_t again_ms;        /* set anew when this one fires */
};

static uint64_t g_now_ms; /* the clock of the test that runs */
static struct wheel g_wheel;

static void on_fire(struct wheel_timer *t)
{
    struct item *it = (struct item *)t;
    assert_false(wheel_is_set(t));
    it->fired_ms = g_now_ms;
    if (it->clears != NULL)
        wheel_clear(&it->clears->timer);
    if (it->again_ms != 0) {
        wheel_set(&g_wheel, t, it->again_ms);
        it->again_ms = 0;
    }
}

static void start(uint64_t now_ms)
{
    g_now_ms = now_ms;
    wheel_init(&g_wheel, now_ms);
}

static void set(struct item *it, uint64_t at_ms)
{
    it->timer.fire = on_fire;
    wheel_set(&g_wheel, &it->timer, at_ms);
}

/* Goes on to end_ms, waking only when the wheel asks for it. */
static void run_until(uint64_t end_ms)
{
    uint64_t next;
    while ((next = wheel_next(&g_wheel)) <= end_ms) {
        assert_true(next > g_now_ms);
        g_now_ms = next;
        wheel_run(&g_wheel, g_now_ms);
    }
    g_now_ms = end_ms;
    wheel_run(&g_wheel, g_now_ms);
}

/* Delays around every digit's edge, from starts around every digit's edge. */
static void test_never_early_one_tick_late(void **state)
{
    (void)state;
    static const uint64_t starts[] = {0, 1, 63, 64, 511, 512, 4095 * 8, 4096 * 8 - 1, 262143 * 8};
    static const uint64_t delays[] = {0,      1,       7,          8,          9,         500,
                                      504,    511,     512,        513,        520,       1000,
                                      32767,  32768,   32769,      40000,      2097151,   2097152,
                                      300000, 5000000, 134217727u, 134217729u, 200000000u};
    enum { N = sizeof delays / sizeof *delays };
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        struct item items[N];
        memset(items, 0, sizeof items);
        start(starts[s]);
        for (size_t i = 0; i < N; i++)
            set(&items[i], starts[s] + delays[i]);
        run_until(starts[s] + 300000000u);
        for (size_t i = 0; i < N; i++) {
            uint64_t at = starts[s] + delays[i];
            assert_true(items[i].fired_ms >= at);
            assert_true(items[i].fired_ms <= at + 2 * WHEEL_TICK_MS);
        }
        assert_true(wheel_next(&g_wheel) == WHEEL_NEVER);
    }
}

static void test_late_run_fires_all(void **state)
{
    (void)state;
    struct item items[300];
    memset(items, 0, sizeof items);
    start(12345);
    for (size_t i = 0; i < 300; i++)
        set(&items[i], 12345 + i * i);
    g_now_ms = 12345 + 1000000;
    wheel_run(&g_wheel, g_now_ms);
    for (size_t i = 0; i < 300; i++)
        assert_true(items[i].fired_ms != 0);
}

static void test_clear_and_move(void **state)
{
    (void)state;
    struct item a = {.fired_ms = 0}, b = {.fired_ms = 0}, c = {.fired_ms = 0};
    start(1000);
    set(&a, 2000);
    set(&b, 2000);
    set(&c, 2000);
    wheel_clear(&a.timer);
    wheel_clear(&a.timer);
    set(&b, 90000);
    run_until(5000);
    assert_int_equal(a.fired_ms, 0);
    assert_int_equal(b.fired_ms, 0);
    assert_int_equal(c.fired_ms, 2000);
    run_until(100000);
    assert_int_equal(b.fired_ms, 90000);
    assert_true(wheel_next(&g_wheel) == WHEEL_NEVER);
}

/* Whichever of the two fires first, the other one of the same slot must not. */
static void test_clear_while_firing(void **state)
{
    (void)state;
    struct item a = {.fired_ms = 0}, b = {.clears = &a};
    a.clears = &b;
    start(0);
    set(&a, 80);
    set(&b, 80);
    run_until(1000);
    assert_true((a.fired_ms != 0) != (b.fired_ms != 0));
}

static void test_set_while_firing(void **state)
{
    (void)state;
    struct item a = {.again_ms = 10};
    start(0);
    set(&a, 80);
    g_now_ms = 80;
    wheel_run(&g_wheel, 80);
    assert_int_equal(a.fired_ms, 80);
    assert_true(wheel_is_set(&a.timer));
    run_until(200);
    assert_int_equal(a.fired_ms, 88);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_early_one_tick_late),
        cmocka_unit_test(test_late_run_fires_all),
        cmocka_unit_test(test_clear_and_move),
        cmocka_unit_test(test_clear_while_firing),
        cmocka_unit_test(test_set_while_firing),
    };
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
