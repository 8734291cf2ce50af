/* Units of scanner/recent.c. */
#include "scanner/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Well mixed, as the keys of the callers are. */
static uint64_t key(uint64_t i)
{
    return (i + 1) * 0x9e3779b97f4a7c15u;
}

static bool add(struct recent *r, uint64_t i)
{
    bool fresh;
    assert_int_equal(recent_add(r, key(i), &fresh), ST_OK);
    return fresh;
}

static void test_once(void **state)
{
    (void)state;
    struct recent r;
    bool fresh;
    recent_init(&r, 100000);
    for (uint64_t i = 0; i < 50000; i++)
        assert_true(add(&r, i));
    for (uint64_t i = 0; i < 50000; i++)
        assert_false(add(&r, i));
    assert_int_equal(r.now.n, 50000);
    assert_int_equal(recent_add(&r, 0, &fresh), ST_OK); /* 0 is a key like any other */
    assert_true(fresh);
    assert_int_equal(recent_add(&r, 0, &fresh), ST_OK);
    assert_false(fresh);
    recent_free(&r);
}

/* At least the last `cap` keys are known, and memory stays bounded. */
static void test_forgets(void **state)
{
    (void)state;
    enum { CAP = 1000, MANY = 20000 };
    struct recent r;
    recent_init(&r, CAP);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_true(add(&r, i));
        if (i >= CAP - 1)
            assert_false(add(&r, i - (CAP - 1)));
        assert_true(r.now.size <= 4 * CAP && r.before.size <= 4 * CAP);
    }
    assert_true(add(&r, 0));
    recent_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
