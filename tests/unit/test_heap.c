/* Units of scanner/worker/heap.c. */
#include "scanner/worker/heap.h"

#include "lib/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

static void test_first_of_none(void **state)
{
    (void)state;
    struct heap h = {.n = 0};
    assert_null(heap_first(&h));
    assert_int_equal(heap_reserve(&h, 0), ST_OK);
    heap_free(&h);
    heap_free(&h);
}

/* Added and removed at random; the first is always the least of those that are in it. */
static void test_random(void **state)
{
    (void)state;
    enum { N = 700, STEPS = 20000 };
    static struct heap_node node[N];
    bool in[N] = {false};
    struct heap h = {.n = 0};
    uint64_t draw = 0;
    size_t n = 0;
    assert_int_equal(heap_reserve(&h, N), ST_OK);
    for (int step = 0; step < STEPS; step++) {
        size_t k = hash_u64(draw++) % N;
        if (in[k])
            heap_remove(&h, &node[k]);
        else
            heap_add(&h, &node[k], hash_u64(draw++) % 1000);
        in[k] = !in[k];
        n = in[k] ? n + 1 : n - 1;
        assert_int_equal(h.n, n);
        uint64_t least = UINT64_MAX;
        for (size_t i = 0; i < N; i++)
            if (in[i] && node[i].at_us < least)
                least = node[i].at_us;
        assert_int_equal(heap_first(&h) ? heap_first(&h)->at_us : UINT64_MAX, least);
    }
    for (uint64_t last = 0; heap_first(&h); heap_remove(&h, heap_first(&h))) {
        assert_true(heap_first(&h)->at_us >= last);
        last = heap_first(&h)->at_us;
    }
    heap_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_of_none),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
