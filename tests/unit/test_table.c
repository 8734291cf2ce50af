/* Units of scanner/worker/table.c: what is put in is found, and a table is emptied in one walk. */
#include "scanner/worker/table.h"

#include "lib/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODES = 100000 };

static bool is_in(const struct table *t, const struct table_node *node)
{
    const struct table_node *n = table_chain(t, node->hash);
    while (n && n != node)
        n = n->next;
    return n != NULL;
}

static void test_grows(void **state)
{
    (void)state;
    struct table t;
    struct table_node *node = calloc(NODES, sizeof *node);
    assert_non_null(node);
    assert_int_equal(table_init(&t, 1), ST_OK);
    for (size_t i = 0; i < NODES; i++) {
        node[i].hash = hash_u64(i);
        table_put(&t, &node[i]);
    }
    assert_int_equal(t.n, NODES);
    assert_true(t.n_buckets >= NODES);
    for (size_t i = 0; i < NODES; i += 2)
        table_remove(&t, &node[i]);
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(is_in(&t, &node[i]), i % 2);
    table_free(&t);
    free(node);
}

/* Each node once. Where the walk is never goes back, so that it is one walk; but for what is put in
 * meanwhile. */
static void test_emptied(void **state)
{
    (void)state;
    struct table t;
    struct table_node *node = calloc(NODES, sizeof *node), *n;
    assert_non_null(node);
    assert_int_equal(table_init(&t, NODES), ST_OK);
    assert_null(table_any(&t));
    for (size_t i = 0; i < NODES; i++) {
        node[i].hash = hash_u64(i);
        table_put(&t, &node[i]);
    }
    size_t taken = 0, at = 0;
    for (; (n = table_any(&t)); taken++) {
        assert_true(t.first >= at);
        at = t.first;
        table_remove(&t, n);
        assert_false(is_in(&t, n));
    }
    assert_int_equal(taken, NODES);
    assert_int_equal(t.n, 0);
    assert_true(at > t.n_buckets / 2);
    for (size_t i = 0; i < 10; i++) {
        table_put(&t, &node[i]);
        assert_ptr_equal(table_any(&t), &node[i]);
        table_remove(&t, &node[i]);
    }
    table_free(&t);
    free(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
