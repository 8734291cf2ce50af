/* Units of scanner/descriptors.c. */
#include "scanner/descriptors.h"
#include "scanner/worker/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

static const struct descriptor_plan usual = {.in_flight = 10000, .connections = 2000};

static void test_enough(void **state)
{
    struct descriptor_plan plan = usual;
    (void)state;
    assert_true(descriptors_fit(1048576, 16, 2, &plan));
    assert_int_equal(plan.in_flight, usual.in_flight);
    assert_int_equal(plan.connections, usual.connections);
}

/* Connections go first; domains under way, which share sockets, only when that is not enough. */
static void test_fewer(void **state)
{
    struct descriptor_plan plan = usual;
    (void)state;
    assert_false(descriptors_fit(1024, 2, 1, &plan));
    assert_int_equal(plan.in_flight, usual.in_flight);
    assert_in_range(plan.connections, 300, 480);
    plan = usual;
    assert_false(descriptors_fit(256, 2, 2, &plan));
    assert_in_range(plan.in_flight, 32, usual.in_flight / 2);
    assert_in_range(plan.connections, 16, 96);
}

/* More workers hold no more connections than one does. */
static void test_connections_are_shared_out(void **state)
{
    (void)state;
    assert_int_equal(descriptors_connections(1), LIMIT_CONNECTIONS);
    for (uint32_t n = 2; n * LIMIT_CONNECTIONS_LEAST <= LIMIT_CONNECTIONS; n++)
        assert_in_range(n * descriptors_connections(n), LIMIT_CONNECTIONS - n, LIMIT_CONNECTIONS);
    assert_int_equal(descriptors_connections(1024), LIMIT_CONNECTIONS_LEAST);
}

/* What remains always goes on, and never grows. */
static void test_edges(void **state)
{
    (void)state;
    for (uint64_t limit = 0; limit < 6000; limit += 7) {
        for (uint32_t workers = 1; workers <= 8; workers++) {
            struct descriptor_plan plan = {.in_flight = 500, .connections = 100};
            descriptors_fit(limit, workers, 3, &plan);
            assert_in_range(plan.connections, 16, 100);
            assert_in_range(plan.in_flight, workers, 500);
        }
    }
}

static void test_raise(void **state)
{
    struct rlimit old, low;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(descriptors_raise(), old.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enough),
        cmocka_unit_test(test_fewer),
        cmocka_unit_test(test_connections_are_shared_out),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_raise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
