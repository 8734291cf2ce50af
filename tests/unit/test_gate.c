/* Units of scanner/worker/gate.c: every limit, with made-up time. */
#include "scanner/worker/backoff.h"
#include "tests/unit/gate_rig.h"

#include <stdlib.h>

static void test_at_once_to_an_address(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 2});
    struct gate_item i[4], other;
    uint64_t next;
    for (int k = 0; k < 4; k++)
        push(g, &i[k], ip(2, 1), 0);
    push(g, &other, ip(2, 2), 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[0]);
    /* Another address does not wait behind this one, nor does the second of two allowed. */
    struct gate_item *a = gate_pop(g, 0, &next), *b = gate_pop(g, 0, &next);
    assert_true((a == &other && b == &i[1]) || (a == &i[1] && b == &other));
    assert_null(gate_pop(g, 0, &next));
    assert_int_equal(next, UINT64_MAX);
    gate_release(g, &i[1], fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[2]);
    assert_null(gate_pop(g, 0, &next));
    gate_release(g, &i[0], fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[3]);
    assert_int_equal(gate_active(g), 3);
    assert_int_equal(gate_waiting(g), 0);
    gate_release(g, &i[2], fine, 0);
    gate_release(g, &i[3], fine, 0);
    gate_release(g, &other, fine, 0);
    gate_free(g);
}

static void test_at_once_to_a_prefix(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_prefix = 2});
    struct gate_item i[5];
    uint64_t next;
    for (unsigned k = 0; k < 4; k++)
        push(g, &i[k], ip(2, k + 1), 0);
    push(g, &i[4], ip(3, 1), 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[0]);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[1]);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[4]);
    assert_null(gate_pop(g, 0, &next));
    gate_release(g, &i[0], fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[2]);
    assert_null(gate_pop(g, 0, &next));
    gate_release(g, &i[1], fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[3]);
    gate_free(g);
}

static void test_embedded_addresses_are_one(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item plain, mapped;
    struct net_addr m = {.family = 6, .b = {[10] = 0xff, 0xff, 192, 0, 2, 1}};
    uint64_t next;
    push(g, &plain, ip(2, 1), 0);
    push(g, &mapped, m, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &plain);
    assert_null(gate_pop(g, 0, &next));
    gate_release(g, &plain, fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &mapped);
    gate_free(g);
}

static void test_gap_between_two(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.address_rate = 1});
    struct gate_item i[3];
    uint64_t next, now = 10 * SECOND;
    for (int k = 0; k < 3; k++)
        push(g, &i[k], ip(2, 1), now);
    for (int k = 0; k < 3; k++) {
        assert_ptr_equal(gate_pop(g, now, &next), &i[k]);
        gate_release(g, &i[k], fine, now);
        assert_null(gate_pop(g, now, &next));
        assert_true(next >= now + SECOND);
        assert_null(gate_pop(g, next - 1, &next));
        now = next;
    }
    /* Forgotten after its gap, and as new then. */
    assert_null(gate_pop(g, now, &next));
    assert_int_equal(next, UINT64_MAX);
    gate_free(g);
}

static void test_total_rate_in_any_second(void **state)
{
    (void)state;
    enum { N = 500, RATE = 100 };
    gate *g = make((struct gate_limits){.total_rate = RATE, .shares = 1});
    static struct gate_item i[N];
    uint64_t at[N], next, now = 0;
    for (unsigned k = 0; k < N; k++)
        push(g, &i[k], ip(k / 250, k % 250 + 1), 0);
    for (int k = 0; k < N; k++) {
        while (!gate_pop(g, now, &next)) {
            assert_true(next > now && next != UINT64_MAX);
            now = next;
        }
        at[k] = now;
    }
    for (int k = 0; k + RATE < N; k++)
        assert_true(at[k + RATE] - at[k] >= SECOND);
    assert_true(now < 6 * SECOND); /* and not much slower than allowed */
    gate_free(g);
}

/* A /48 is one prefix. */
static void test_at_once_to_a_48(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_prefix = 2});
    struct gate_item i[4];
    uint64_t next;
    for (unsigned k = 0; k < 4; k++) {
        struct net_addr a = {.family = 6, .b = {0x20, 0x01, 0x0d, 0xb8, 0, 1, (uint8_t)k, 9}};
        a.b[5] = k == 3 ? 2 : 1; /* the last one is in the next /48 */
        push(g, &i[k], a, 0);
    }
    assert_ptr_equal(gate_pop(g, 0, &next), &i[0]);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[1]);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[3]);
    assert_null(gate_pop(g, 0, &next));
    gate_release(g, &i[1], fine, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[2]);
    gate_free(g);
}

/* A random crowd: no limit is ever broken, and everybody gets through. */
static void test_crowd(void **state)
{
    (void)state;
    enum { N = 3000, ADDRESSES = 40 };
    gate *g = make((struct gate_limits){
        .per_address = 2, .per_prefix = 3, .address_rate = 50, .total_rate = 400, .shares = 2});
    static struct gate_item items[N];
    struct gate_item *running[64];
    unsigned n_running = 0, done = 0, pushed = 0, by_address[ADDRESSES] = {0};
    uint64_t now = 0, next, seed = 1;
    while (done < N) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned draw = (unsigned)(seed >> 33);
        if (pushed < N && draw % 3 == 0) {
            unsigned a = draw / 3 % ADDRESSES;
            push(g, &items[pushed++], ip(a / 4, a % 4), now);
        }
        struct gate_item *item = n_running < 64 ? gate_pop(g, now, &next) : NULL;
        if (item && item->refused) {
            done++;
        } else if (item) {
            unsigned a = (unsigned)item->ip.b[2] * 4 + item->ip.b[3];
            assert_true(++by_address[a] <= 2);
            unsigned prefix = 0;
            for (unsigned k = a / 4 * 4; k < a / 4 * 4 + 4; k++)
                prefix += by_address[k];
            assert_true(prefix <= 3);
            running[n_running++] = item;
        } else if (n_running > 0 && (draw % 2 || next == UINT64_MAX)) {
            unsigned k = draw / 2 % n_running;
            struct gate_item *over = running[k];
            running[k] = running[--n_running];
            by_address[(unsigned)over->ip.b[2] * 4 + over->ip.b[3]]--;
            gate_release(g, over, draw % 50 == 0 ? limited : fine, now);
            done++;
        } else {
            now += 1000;
        }
        assert_true(now < 3600ULL * SECOND);
    }
    assert_int_equal(gate_waiting(g), 0);
    assert_int_equal(gate_active(g), 0);
    gate_free(g);
}

/* Other limits hold from the next connection on: more room is used, less is kept to. */
static void test_other_limits(void **state)
{
    (void)state;
    struct gate_limits limits = {.per_address = 1, .per_prefix = 1, .address_rate = 1};
    gate *g = make(limits);
    struct gate_item i[6];
    uint64_t next, now = 0;
    for (unsigned k = 0; k < 6; k++)
        push(g, &i[k], ip(2, 1 + k), 0);
    assert_ptr_equal(gate_pop(g, now, &next), &i[0]);
    assert_null(gate_pop(g, now, &next));
    limits.per_prefix = 3;
    gate_set_limits(g, &limits);
    gate_release(g, &i[0], fine, now);
    for (unsigned k = 1; k < 4; k++)
        assert_ptr_equal(gate_pop(g, now, &next), &i[k]);
    assert_null(gate_pop(g, now, &next));
    limits.per_prefix = 1;
    gate_set_limits(g, &limits);
    gate_release(g, &i[1], fine, now);
    gate_release(g, &i[2], fine, now);
    assert_null(gate_pop(g, now, &next));
    gate_release(g, &i[3], fine, now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[4]);
    assert_null(gate_pop(g, now, &next));
    gate_release(g, &i[4], fine, now);
    assert_ptr_equal(gate_pop(g, now, &next), &i[5]);
    gate_release(g, &i[5], fine, now);
    /* No limit at all: the gap goes too, but for what was scheduled by the old one. */
    now = 10 * (uint64_t)SECOND;
    limits = (struct gate_limits){.per_address = 0};
    gate_set_limits(g, &limits);
    for (unsigned k = 0; k < 6; k++)
        push(g, &i[k], ip(2, 1), now);
    for (unsigned k = 0; k < 6; k++)
        assert_ptr_equal(gate_pop(g, now, &next), &i[k]);
    gate_free(g);
}

static bool is_last(void *arg, const struct net_addr *a)
{
    return net_addr_eq(a, arg);
}

/* A family that is held lets only those out that are asked for one by one; the other one goes on.
 */
static void test_a_held_family(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item i[4], six;
    struct net_addr v6 = {.family = 6, .b = {0x20, 1, 0xd, 0xb8}}, last = ip(5, 1);
    uint64_t next;
    gate_hold(g, 4, true);
    for (unsigned k = 0; k < 4; k++)
        push(g, &i[k], ip(2 + k, 1), 0);
    push(g, &six, v6, 0);
    assert_ptr_equal(gate_pop(g, 0, &next), &six);
    assert_null(gate_pop(g, 0, &next));
    assert_int_equal(next, UINT64_MAX);
    assert_null(gate_pop_held(g, 6, NULL, NULL, 0));
    assert_ptr_equal(gate_pop_held(g, 4, is_last, &last, 0), &i[3]);
    assert_ptr_equal(gate_pop_held(g, 4, is_last, &last, 0), &i[0]); /* none that is preferred */
    assert_int_equal(gate_waiting(g), 2);
    assert_int_equal(gate_active(g), 3);
    gate_hold(g, 4, false);
    assert_null(gate_pop_held(g, 4, NULL, NULL, 0));
    assert_ptr_equal(gate_pop(g, 0, &next), &i[1]);
    assert_ptr_equal(gate_pop(g, 0, &next), &i[2]);
    assert_null(gate_pop(g, 0, &next));
    gate_free(g);
}

/* Who is let out so keeps all limits. */
static void test_held_and_limited(void **state)
{
    (void)state;
    gate *g = make((struct gate_limits){.per_prefix = 1, .address_rate = 1, .total_rate = 20});
    struct gate_item i[3];
    uint64_t next, now = 10 * SECOND;
    gate_hold(g, 4, true);
    push(g, &i[0], ip(2, 1), now);
    push(g, &i[1], ip(2, 2), now);
    push(g, &i[2], ip(3, 1), now);
    assert_null(gate_pop(g, now, &next));
    struct net_addr second = ip(2, 2);
    assert_ptr_equal(gate_pop_held(g, 4, is_last, &second, now), &i[1]);
    assert_null(gate_pop_held(g, 4, NULL, NULL, now)); /* the total rate */
    now += SECOND / 10;
    assert_ptr_equal(gate_pop_held(g, 4, NULL, NULL, now),
                     &i[2]); /* the first one's prefix is full */
    now += SECOND / 10;
    assert_null(gate_pop_held(g, 4, NULL, NULL, now));
    gate_release(g, &i[1], fine, now);
    push(g, &i[1], ip(2, 2), now); /* comes again, before its gap is over */
    assert_ptr_equal(gate_pop_held(g, 4, is_last, &second, now), &i[0]);
    gate_release(g, &i[0], fine, now);
    gate_release(g, &i[2], fine, now);
    assert_null(gate_pop_held(g, 4, NULL, NULL, now));
    now += 2 * SECOND;
    assert_ptr_equal(gate_pop_held(g, 4, NULL, NULL, now), &i[1]);
    /* An address that is given up says so, whatever is held. */
    for (int k = 0; k < BACKOFF_GIVE_UP_AFTER; k++) {
        gate_release(g, &i[1], limited, now);
        now += BACKOFF_MAX_MS * UINT64_C(1000);
        push(g, &i[1], ip(2, 2), now);
        if (k < BACKOFF_GIVE_UP_AFTER - 1)
            assert_ptr_equal(gate_pop_held(g, 4, NULL, NULL, now), &i[1]);
    }
    assert_ptr_equal(gate_pop(g, now, &next), &i[1]);
    assert_true(i[1].refused);
    gate_free(g);
}

/* All that waits comes out, also what was queued meanwhile. */
static void test_emptied(void **state)
{
    (void)state;
    enum { ITEMS = 3000 };
    gate *g = make((struct gate_limits){.per_address = 1});
    struct gate_item *i = calloc(ITEMS, sizeof *i);
    assert_non_null(i);
    for (unsigned k = 0; k < ITEMS; k++)
        push(g, &i[k], ip(k % 1000 / 250, k % 250), 0);
    for (unsigned k = 0; k < ITEMS / 2; k++)
        assert_non_null(gate_take_any(g));
    assert_int_equal(gate_waiting(g), ITEMS / 2);
    struct gate_item more[100];
    for (unsigned k = 0; k < 100; k++)
        push(g, &more[k], ip(5, k), 0);
    for (unsigned k = 0; k < ITEMS / 2 + 100; k++)
        assert_non_null(gate_take_any(g));
    assert_null(gate_take_any(g));
    assert_int_equal(gate_waiting(g), 0);
    free(i);
    gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_emptied),
        cmocka_unit_test(test_at_once_to_an_address),
        cmocka_unit_test(test_at_once_to_a_prefix),
        cmocka_unit_test(test_embedded_addresses_are_one),
        cmocka_unit_test(test_gap_between_two),
        cmocka_unit_test(test_total_rate_in_any_second),
        cmocka_unit_test(test_at_once_to_a_48),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_other_limits),
        cmocka_unit_test(test_a_held_family),
        cmocka_unit_test(test_held_and_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
