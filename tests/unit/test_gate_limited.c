/* Units of scanner/worker/backoff.c behind a gate: answers that limit us, with made-up time. */
#include "scanner/worker/backoff.h"
#include "tests/unit/gate_rig.h"

static void test_back_off_grows_and_gives_up(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item i[BACKOFF_GIVE_UP_AFTER + 2];
    uint64_t next, now = SECOND, gap = 0;
    for (int k = 0; k < BACKOFF_GIVE_UP_AFTER + 2; k++)
        push(g, &i[k], ip(2, 1), 0);
    for (int k = 0; k < BACKOFF_GIVE_UP_AFTER; k++) {
        struct gate_item *item = gate_pop(g, now, &next);
        assert_ptr_equal(item, &i[k]);
        assert_false(item->refused);
        gate_release(g, item, limited, now);
        if (k + 1 == BACKOFF_GIVE_UP_AFTER)
            break;
        assert_null(gate_pop(g, now, &next));
        assert_true(next - now >= gap && next - now <= BACKOFF_MAX_MS * 1000ULL);
        gap = next - now;
        now = next;
    }
    assert_int_equal(gap, BACKOFF_MAX_MS * 1000ULL);
    for (int k = 0; k < 2; k++) {
        struct gate_item *item = gate_pop(g, now, &next);
        assert_non_null(item);
        assert_true(item->refused);
    }
    struct gate_item late;
    push(g, &late, ip(2, 1), now + SECOND);
    assert_ptr_equal(gate_pop(g, now + SECOND, &next), &late);
    assert_true(late.refused);
    assert_int_equal(gate_waiting(g), 0);
    assert_int_equal(gate_active(g), 0);
    gate_free(g);
}

static void test_success_ends_the_back_off(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item i[4];
    uint64_t next, now = 0;
    for (int k = 0; k < 4; k++)
        push(g, &i[k], ip(2, 1), 0);
    gate_release(g, gate_pop(g, now, &next), limited, now);
    assert_null(gate_pop(g, now, &next));
    now = next;
    gate_release(g, gate_pop(g, now, &next), fine, now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[2]);
    gate_release(g, &i[2], limited, now);
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next - now, BACKOFF_FIRST_MS * 1000ULL);
    now = next;
    /* A connection that failed says nothing: the gap goes on growing. */
    assert_ptr_equal(gate_pop(g, now, &next), &i[3]);
    gate_release(g, &i[3], (struct gate_end){.welcome = false}, now);
    push(g, &i[0], ip(2, 1), now);
    push(g, &i[1], ip(2, 1), now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[0]);
    gate_release(g, &i[0], limited, ++now);
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next - now, 2 * BACKOFF_FIRST_MS * 1000ULL);
    assert_ptr_equal(gate_take_any(g), &i[1]);
    assert_null(gate_take_any(g));
    gate_free(g);
}

/* The gap goes on growing when nothing waited for a while, as between two passes of a scan; after
 * a longer while the address is as new. */
static void test_gap_is_remembered(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item i[3], more;
    uint64_t next, now = SECOND;
    for (int k = 0; k < 2; k++) {
        push(g, &i[k], ip(2, 1), now);
        assert_ptr_equal(gate_pop(g, now, &next), &i[k]);
        gate_release(g, &i[k], limited, now);
        assert_null(gate_pop(g, now + 30 * SECOND, &next));
        now += 30 * SECOND;
    }
    push(g, &i[2], ip(2, 1), now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[2]);
    gate_release(g, &i[2], limited, now);
    push(g, &more, ip(2, 1), now);
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next - now, 4 * BACKOFF_FIRST_MS * 1000ULL);
    now = next;
    assert_ptr_equal(gate_pop(g, now, &next), &more);
    gate_release(g, &more, limited, now);
    now += (8 * BACKOFF_FIRST_MS + BACKOFF_REMEMBER_GAP_MS) * 1000ULL;
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next, UINT64_MAX);
    gate_free(g);
}

/* Four go at once and all are limited: one event, one step; a fifth that went before it and was
 * welcome does not end the gap. */
static void test_a_burst_is_one_event(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 5});
    struct gate_item i[6];
    uint64_t next, now = SECOND;
    for (int k = 0; k < 6; k++)
        push(g, &i[k], ip(2, 1), now);
    for (int k = 0; k < 5; k++)
        assert_ptr_equal(gate_pop(g, now, &next), &i[k]);
    now += SECOND / 10;
    for (int k = 0; k < 5; k++)
        gate_release(g, &i[k], k < 4 ? limited : fine, now);
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next - now, BACKOFF_FIRST_MS * 1000ULL);
    assert_ptr_equal(gate_pop(g, next, &next), &i[5]);
    gate_release(g, &i[5], fine, next);
    gate_free(g);
}

/* Retry-After: nobody comes before; when it is longer than we wait, nobody waits. */
static void test_asked_to_stay_away(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item i[4];
    uint64_t next, now = SECOND;
    for (int k = 0; k < 3; k++)
        push(g, &i[k], ip(2, 1), now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[0]);
    gate_release(g, &i[0], (struct gate_end){.limited = true, .asked_ms = 7000}, now);
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next - now, 7 * SECOND);
    now = next;
    assert_ptr_equal(gate_pop(g, now, &next), &i[1]);
    gate_release(g, &i[1], (struct gate_end){.limited = true, .asked_ms = 120000}, now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[2]);
    assert_true(i[2].refused);
    push(g, &i[3], ip(2, 1), now + 119 * (uint64_t)SECOND);
    assert_ptr_equal(gate_pop(g, now + 119 * (uint64_t)SECOND, &next), &i[3]);
    assert_true(i[3].refused);
    now += 120 * (uint64_t)SECOND;
    push(g, &i[3], ip(2, 1), now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[3]);
    assert_false(i[3].refused);
    gate_release(g, &i[3], fine, now);
    push(g, &i[3], ip(2, 1), now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[3]);
    assert_false(i[3].refused);
    gate_release(g, &i[3], fine, now);
    gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back_off_grows_and_gives_up),
        cmocka_unit_test(test_success_ends_the_back_off),
        cmocka_unit_test(test_gap_is_remembered),
        cmocka_unit_test(test_a_burst_is_one_event),
        cmocka_unit_test(test_asked_to_stay_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
