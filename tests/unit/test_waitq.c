/* Units of scanner/worker/waitq.c: single flight, expiry, eviction. */
#include "scanner/worker/waitq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int released;

static void release(void *value)
{
    (void)value;
    released++;
}

static waitq *make(size_t max)
{
    waitq *q;
    released = 0;
    assert_int_equal(waitq_new(max, SIZE_MAX, release, &q), 0);
    return q;
}

static enum waitq_joined join(waitq *q, const char *key, uint64_t now, struct waiter *w, void **v)
{
    return waitq_join(q, key, strlen(key), now, w, v);
}

static void test_single_flight(void **state)
{
    (void)state;
    waitq *q = make(10);
    struct waiter w[3];
    void *v = NULL;
    int answer;
    assert_false(waitq_is_pending(q, "a", 1));
    assert_int_equal(join(q, "a", 0, &w[0], &v), WAITQ_LEAD);
    assert_true(waitq_is_pending(q, "a", 1));
    assert_int_equal(join(q, "a", 0, &w[1], &v), WAITQ_WAIT);
    assert_int_equal(join(q, "a", 0, &w[2], &v), WAITQ_WAIT);
    assert_null(waitq_peek(q, "a", 1, 0));
    struct waiter *first = waitq_settle(q, "a", 1, &answer, 0, 100);
    assert_false(waitq_is_pending(q, "a", 1));
    assert_ptr_equal(first, &w[0]);
    assert_ptr_equal(first->next, &w[1]);
    assert_ptr_equal(first->next->next, &w[2]);
    assert_null(first->next->next->next);
    assert_int_equal(join(q, "a", 99, &w[0], &v), WAITQ_HIT);
    assert_ptr_equal(v, &answer);
    assert_int_equal(released, 0);
    waitq_free(q);
    assert_int_equal(released, 1);
}

static void test_expiry_and_forget(void **state)
{
    (void)state;
    waitq *q = make(10);
    struct waiter w;
    void *v;
    int answer;
    join(q, "a", 0, &w, &v);
    waitq_settle(q, "a", 1, &answer, 0, 100);
    assert_int_equal(join(q, "a", 100, &w, &v), WAITQ_LEAD);
    assert_int_equal(released, 1);
    waitq_settle(q, "a", 1, &answer, 0, 200);
    waitq_forget(q, "a", 1);
    assert_int_equal(released, 2);
    assert_int_equal(join(q, "a", 150, &w, &v), WAITQ_LEAD);
    /* A flight cannot be forgotten: somebody waits. */
    waitq_forget(q, "a", 1);
    assert_ptr_equal(waitq_settle(q, "a", 1, NULL, 0, 0), &w);
    assert_int_equal(waitq_entries(q), 0);
    assert_null(waitq_settle(q, "a", 1, &answer, 0, 0));
    waitq_free(q);
}

static void test_keys_are_bytes(void **state)
{
    (void)state;
    waitq *q = make(10);
    struct waiter w;
    void *v;
    assert_int_equal(waitq_join(q, "a\0b", 3, 0, &w, &v), WAITQ_LEAD);
    assert_int_equal(waitq_join(q, "a\0c", 3, 0, &w, &v), WAITQ_LEAD);
    assert_int_equal(waitq_join(q, "a", 1, 0, &w, &v), WAITQ_LEAD);
    waitq_free(q);
}

static void test_eviction_spares_what_is_used_and_what_is_waited_for(void **state)
{
    (void)state;
    waitq *q = make(4);
    struct waiter w, waits;
    void *v;
    static int answers[64];
    assert_int_equal(join(q, "flight", 0, &waits, &v), WAITQ_LEAD);
    for (int i = 0; i < 50; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "k%d", i);
        join(q, key, 0, &w, &v);
        waitq_settle(q, key, (size_t)len, &answers[i], 0, 1000);
        assert_true(waitq_entries(q) <= 4);
        /* k0 is used all the time, so it stays. */
        assert_ptr_equal(waitq_peek(q, "k0", 2, 0), &answers[0]);
    }
    assert_int_equal(waitq_evictions(q), 46);
    assert_int_equal(released, 46);
    assert_null(waitq_peek(q, "k1", 2, 0));
    assert_ptr_equal(waitq_settle(q, "flight", 6, NULL, 0, 0), &waits);
    waitq_free(q);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    enum { VALUE_BYTES = 1000, BYTES_MAX = 10 * VALUE_BYTES };
    waitq *q;
    struct waiter w;
    void *v;
    static int answers[64];
    released = 0;
    assert_int_equal(waitq_new(SIZE_MAX, BYTES_MAX, release, &q), ST_OK);
    for (int i = 0; i < 50; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "k%d", i);
        join(q, key, 0, &w, &v);
        waitq_settle(q, key, (size_t)len, &answers[i], VALUE_BYTES, 1000);
        assert_true(waitq_bytes(q) <= BYTES_MAX);
        assert_true(waitq_bytes(q) > waitq_entries(q) * VALUE_BYTES); /* entries count, too */
    }
    assert_in_range(waitq_entries(q), 7, 9);
    assert_int_equal(waitq_entries(q) + waitq_evictions(q), 50);
    /* One that is larger than all is kept until the next one comes. */
    join(q, "huge", 0, &w, &v);
    waitq_settle(q, "huge", 4, &answers[0], 2 * BYTES_MAX, 1000);
    assert_int_equal(waitq_entries(q), 1);
    join(q, "next", 0, &w, &v);
    waitq_settle(q, "next", 4, &answers[1], VALUE_BYTES, 1000);
    assert_int_equal(waitq_entries(q), 1);
    assert_ptr_equal(waitq_peek(q, "next", 4, 0), &answers[1]);
    waitq_forget(q, "next", 4);
    assert_int_equal(waitq_bytes(q), 0);
    waitq_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_flight),
        cmocka_unit_test(test_expiry_and_forget),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_eviction_spares_what_is_used_and_what_is_waited_for),
        cmocka_unit_test(test_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
