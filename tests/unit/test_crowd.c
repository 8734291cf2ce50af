/* Units of scanner/worker/crowd.c. */
#include "scanner/worker/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, SECOND = 1000000 };

static void test_counts_the_young(void **state)
{
    (void)state;
    struct crowd c;
    struct crowd_member m[10];
    crowd_init(&c, 3, 100);
    c.usual_us = CROWD_UNCROWDED_US;
    for (int i = 0; i < 3; i++) {
        assert_true(crowd_has_room(&c, 0));
        crowd_enter(&c, &m[i], 0);
    }
    assert_false(crowd_has_room(&c, 0));
    crowd_leave(&c, &m[1], false, 10 * MS);
    assert_true(crowd_has_room(&c, 10 * MS));
    crowd_enter(&c, &m[1], 200 * MS);
    assert_false(crowd_has_room(&c, 200 * MS));
    /* Two have grown old, and another one came through meanwhile. */
    crowd_leave(&c, &m[1], false, 300 * MS);
    crowd_enter(&c, &m[1], 300 * MS);
    assert_true(crowd_has_room(&c, SECOND));
    assert_int_equal(c.young, 1);
    assert_int_equal(c.all, 3);
    for (int i = 0; i < 3; i++)
        crowd_leave(&c, &m[i], true, 2 * SECOND);
    assert_int_equal(c.young, 0);
    assert_int_equal(c.all, 0);
    assert_null(c.first);
}

static void test_tarpits_keep_nobody_out_but_are_bounded(void **state)
{
    (void)state;
    struct crowd c;
    static struct crowd_member m[50];
    crowd_init(&c, 10, 50);
    c.usual_us = CROWD_UNCROWDED_US;
    for (int i = 0; i < 50; i++) {
        uint64_t now = (uint64_t)i * SECOND;
        assert_true(crowd_has_room(&c, now));
        crowd_enter(&c, &m[i], now);
    }
    assert_false(crowd_has_room(&c, 100ULL * SECOND));
    for (int i = 0; i < 50; i++)
        crowd_leave(&c, &m[i], true, 160ULL * SECOND);
    assert_int_equal(c.usual_us, CROWD_UNCROWDED_US);
    assert_true(crowd_has_room(&c, 160ULL * SECOND));
}

static uint32_t room_at(struct crowd *c, uint64_t now)
{
    static struct crowd_member m[500];
    uint32_t n = 0;
    while (crowd_has_room(c, now))
        crowd_enter(c, &m[n++], now);
    for (uint32_t i = 0; i < n; i++)
        crowd_leave(c, &m[i], true, now);
    return n;
}

static void test_slowness_makes_it_smaller_and_passes(void **state)
{
    (void)state;
    struct crowd c;
    struct crowd_member m;
    uint64_t now = 0;
    crowd_init(&c, 200, 1000);
    assert_int_equal(room_at(&c, now), 50); /* nothing is known yet */
    c.usual_us = CROWD_UNCROWDED_US;
    assert_int_equal(room_at(&c, now), 200);
    for (int i = 0; i < 200; i++) {
        crowd_enter(&c, &m, now);
        crowd_leave(&c, &m, false, now += 2 * SECOND);
    }
    assert_in_range(room_at(&c, now), 20, 30); /* an eighth */
    for (int i = 0; i < 500; i++) {
        crowd_enter(&c, &m, now);
        crowd_leave(&c, &m, false, now += 3600ULL * SECOND);
    }
    assert_in_range(room_at(&c, now), CROWD_YOUNG_AT_LEAST, 9);
    for (int i = 0; i < 200; i++) {
        crowd_enter(&c, &m, now);
        crowd_leave(&c, &m, false, now += 50 * MS);
    }
    assert_int_equal(room_at(&c, now), 200);
}

static void make_crowded(struct crowd *c, uint64_t *now)
{
    struct crowd_member m;
    for (int i = 0; i < 500; i++) {
        crowd_enter(c, &m, *now);
        crowd_leave(c, &m, false, *now += 60ULL * SECOND);
    }
    assert_in_range(c->usual_us, CROWD_LASTED_MAX_US - SECOND, CROWD_LASTED_MAX_US);
}

/* Those that wait hold a slot of the young for no longer than their connections need to begin,
 * however long connections lasted before them. */
static void test_who_waits_soon_holds_no_slot(void **state)
{
    (void)state;
    struct crowd c;
    static struct crowd_member m[300];
    uint64_t now = 0;
    crowd_init(&c, 200, 300);
    c.usual_us = 20 * MS;
    for (int i = 0; i < 199; i++)
        crowd_enter(&c, &m[i], now);
    crowd_enter(&c, &m[199], now + 1);
    crowd_leave(&c, &m[199], false, now + 20 * MS);
    crowd_enter(&c, &m[199], now + 20 * MS);
    assert_false(crowd_has_room(&c, now + CROWD_YOUNG_MIN_US - 1));
    assert_true(crowd_has_room(&c, now + CROWD_YOUNG_MIN_US));
    assert_int_equal(c.young, 1);
    for (int i = 0; i < 200; i++)
        crowd_leave(&c, &m[i], true, now + SECOND);

    make_crowded(&c, &now);
    for (int i = 0; i < CROWD_YOUNG_AT_LEAST; i++)
        crowd_enter(&c, &m[i], now);
    assert_false(crowd_has_room(&c, now + CROWD_YOUNG_MAX_US - 1));
    assert_true(crowd_has_room(&c, now + CROWD_YOUNG_MAX_US));
    assert_int_equal(c.young, 0);
}

/* A pause of all (processor, uplink) is nobody's tarpit: for as long as nobody comes through, a
 * second round is let in only when the first one's time is over. */
static void test_a_pause_of_all_lets_few_in(void **state)
{
    (void)state;
    struct crowd c;
    static struct crowd_member m[1000];
    int n = 0;
    crowd_init(&c, 200, 1000);
    c.usual_us = 20 * MS;
    for (uint64_t now = 0; now < CROWD_YOUNG_MAX_US; now += MS)
        while (crowd_has_room(&c, now))
            crowd_enter(&c, &m[n++], now);
    assert_int_equal(n, 200);
    /* That some time out, or began before all others, opens it for nobody else. */
    crowd_leave(&c, &m[n - 1], true, SECOND);
    crowd_leave(&c, &m[0], false, SECOND);
    assert_true(crowd_has_room(&c, SECOND));
    assert_int_equal(c.young, 198);
    assert_true(crowd_has_room(&c, CROWD_YOUNG_MAX_US));
    assert_int_equal(c.young, 0);
    for (int i = 1; i < n - 1; i++)
        crowd_leave(&c, &m[i], true, 3ULL * SECOND);
}

static void test_the_bound_of_all_may_change(void **state)
{
    (void)state;
    struct crowd c;
    static struct crowd_member m[10];
    crowd_init(&c, 200, 10);
    c.usual_us = 20 * MS;
    for (int i = 0; i < 10; i++) {
        assert_true(crowd_has_room(&c, 0));
        crowd_enter(&c, &m[i], 0);
    }
    assert_false(crowd_has_room(&c, 0));
    crowd_set_all_max(&c, 5); /* who is there stays */
    for (int i = 0; i < 5; i++) {
        assert_false(crowd_has_room(&c, 0));
        crowd_leave(&c, &m[i], true, 0);
    }
    assert_false(crowd_has_room(&c, 0));
    crowd_leave(&c, &m[5], true, 0);
    assert_true(crowd_has_room(&c, 0));
    crowd_set_all_max(&c, 3);
    assert_false(crowd_has_room(&c, 0));
    for (int i = 6; i < 10; i++)
        crowd_leave(&c, &m[i], true, 0);
}

/* Once only tarpits are left, what connections lasted before them keeps them out no longer. */
static void test_forgets_a_crowd_that_nobody_comes_through(void **state)
{
    (void)state;
    struct crowd c;
    struct crowd_member stuck, m;
    uint64_t now = 0;
    crowd_init(&c, 200, 2000);
    make_crowded(&c, &now);
    uint64_t usual = c.usual_us;
    assert_true(crowd_has_room(&c, now += 3600ULL * SECOND)); /* nobody was there to end */
    assert_int_equal(c.usual_us, usual);
    crowd_enter(&c, &stuck, now);
    crowd_has_room(&c, now + CROWD_FORGET_US - 1);
    assert_int_equal(c.usual_us, usual);
    /* One that ends is heard, one that times out says nothing. */
    crowd_enter(&c, &m, now + SECOND);
    crowd_leave(&c, &m, true, now + SECOND);
    crowd_enter(&c, &m, now + SECOND);
    crowd_leave(&c, &m, false, now += 2 * SECOND);
    usual = c.usual_us;
    crowd_has_room(&c, now + CROWD_FORGET_US - 1);
    assert_int_equal(c.usual_us, usual);
    crowd_has_room(&c, now += 60ULL * SECOND); /* late, but it is one look */
    assert_in_range(c.usual_us, usual / 2, usual / 2 + CROWD_UNCROWDED_US);
    for (int i = 0; i < 30; i++)
        crowd_has_room(&c, now += CROWD_FORGET_US);
    assert_int_equal(c.usual_us, CROWD_UNCROWDED_US);
    assert_int_equal(room_at(&c, now), 200);
    crowd_leave(&c, &stuck, true, now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_the_young),
        cmocka_unit_test(test_tarpits_keep_nobody_out_but_are_bounded),
        cmocka_unit_test(test_slowness_makes_it_smaller_and_passes),
        cmocka_unit_test(test_who_waits_soon_holds_no_slot),
        cmocka_unit_test(test_a_pause_of_all_lets_few_in),
        cmocka_unit_test(test_the_bound_of_all_may_change),
        cmocka_unit_test(test_forgets_a_crowd_that_nobody_comes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
