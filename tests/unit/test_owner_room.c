/* Units of scanner/worker/owner.c: connections give way to what is remembered. */
#include "scanner/worker/limits.h"
#include "tests/unit/worker_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void rig_start(struct worker_rig *r)
{
    const char *const args[] = {"-o", "-", "--resolver", "127.0.0.1:9", NULL};
    worker_rig_options(r, args);
    worker_rig_start(r, NULL, NULL);
}

static uint32_t room_beside(struct worker *w, size_t remembered_bytes)
{
    /* Withheld domains are what a long scan remembers most of; their number is not looked at. */
    size_t before = w->withheld.bytes;
    w->withheld.bytes += remembered_bytes;
    owner_pump(&w->owner);
    w->withheld.bytes = before;
    return w->owner.crowd.all_max;
}

static void test_connections_give_way(void **state)
{
    (void)state;
    struct worker_rig r;
    rig_start(&r);
    uint32_t most = r.shared.connections_per_worker;
    size_t all = LIMIT_HELD_BYTES, each = LIMIT_CONNECTION_BYTES;
    assert_int_equal(room_beside(r.worker, 0), most);
    assert_int_equal(room_beside(r.worker, all - most * each), most);
    assert_int_equal(room_beside(r.worker, all - most / 2 * each), most / 2);
    /* However much it is, the scan goes on. */
    assert_int_equal(room_beside(r.worker, all), most / 4);
    assert_int_equal(room_beside(r.worker, 2 * all), most / 4);
    assert_int_equal(room_beside(r.worker, 0), most);
    worker_end(r.worker); /* it was never started */
    worker_rig_free(&r);
}

static void test_workers_share_the_bound(void **state)
{
    (void)state;
    struct worker_rig r;
    rig_start(&r);
    uint32_t most = r.shared.connections_per_worker;
    r.shared.n_workers = 2;
    assert_int_equal(room_beside(r.worker, LIMIT_HELD_BYTES / 2), most / 4);
    r.shared.n_workers = 1;
    assert_int_equal(room_beside(r.worker, LIMIT_HELD_BYTES / 2), most);
    worker_end(r.worker); /* it was never started */
    worker_rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_give_way),
        cmocka_unit_test(test_workers_share_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
