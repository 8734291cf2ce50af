/* Units of scanner/worker/budget.c. */
#include "scanner/worker/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct net_addr address(uint32_t n)
{
    return (struct net_addr){
        .family = 4, .b = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static budget *make(uint32_t connections, uint32_t misdirected)
{
    struct budget_limits limits = {connections, misdirected};
    budget *b;
    assert_int_equal(budget_new(&limits, 4711, &b), ST_OK);
    return b;
}

static void test_connections(void **state)
{
    budget *b = make(5, 100);
    struct net_addr ip = address(0x08080808), other = address(0x08080809);
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(budget_spend(b, &ip));
    assert_false(budget_spend(b, &ip));
    assert_true(budget_spend(b, &other));
    budget_free(b);
}

static void test_misdirected(void **state)
{
    budget *b = make(100, 3);
    struct net_addr ip = address(0x08080808);
    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_true(budget_spend(b, &ip));
        budget_welcome(b, &ip);
    }
    for (int i = 0; i < 3; i++)
        assert_true(budget_spend(b, &ip));
    assert_false(budget_spend(b, &ip));
    budget_welcome(b, &ip); /* one that was under way meanwhile */
    assert_true(budget_spend(b, &ip));
    assert_false(budget_spend(b, &ip));
    budget_free(b);
}

/* One victim, however its address is written. */
static void test_embedded(void **state)
{
    static const char *const forms[] = {"8.8.8.8", "2002:808:808::1", "64:ff9b::8.8.8.8"};
    budget *b = make(3, 3);
    struct net_addr ip;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(net_addr_parse(slice_of(forms[i]), &ip), ST_OK);
        assert_true(budget_spend(b, &ip));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(net_addr_parse(slice_of(forms[i]), &ip), ST_OK);
        assert_false(budget_spend(b, &ip));
    }
    budget_free(b);
}

/* A crowd of addresses neither hides one that is asked too often nor uses up the budget of one that
 * is not. */
static void test_crowd(void **state)
{
    enum { CROWD = 200000, LIMIT = 1000 };
    budget *b = make(LIMIT, LIMIT);
    struct net_addr victim = address(0x01020304), quiet = address(0x01020305);
    (void)state;
    for (uint32_t i = 0; i < CROWD; i++) {
        struct net_addr ip = address(0x0a000000 + i);
        assert_true(budget_spend(b, &ip));
        if (i % (CROWD / LIMIT) == 0)
            budget_spend(b, &victim);
    }
    assert_false(budget_spend(b, &victim));
    assert_true(budget_spend(b, &quiet));
    budget_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_misdirected),
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
