/* Units of scanner/worker/budget.c. */
#include "scanner/worker/budget.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* Each address of a network of IPv6 has its own. */
static void test_ipv6(void **state)
{
    static const char *const hosts[] = {"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"};
    budget *b = make(3, 100);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct net_addr ip;
        assert_int_equal(net_addr_parse(slice_of(hosts[i]), &ip), ST_OK);
        for (int n = 0; n < 3; n++)
            assert_true(budget_spend(b, &ip));
        assert_false(budget_spend(b, &ip));
    }
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

/* ---- over several runs ---------------------------------------------------------------------- */

static char path[] = "/tmp/stscan-budget-XXXXXX";

static budget *make_kept(uint64_t key, bool go_on, enum status want)
{
    struct budget_limits limits = {8, 5};
    budget *b;
    assert_int_equal(budget_new(&limits, key, &b), ST_OK);
    assert_int_equal(budget_keep(b, path, go_on), want);
    return b;
}

static unsigned spend_all(budget *b, const struct net_addr *ip)
{
    unsigned n = 0;
    while (budget_spend(b, ip))
        n++;
    return n;
}

/* A run that is killed leaves its file as it is at that moment; the next ones spend the rest. */
static void test_kept(void **state)
{
    struct net_addr ip = address(0x08080808), other = address(0x08080809);
    (void)state;
    budget *killed = make_kept(1, false, ST_OK);
    assert_true(budget_spend(killed, &ip));
    assert_true(budget_spend(killed, &ip));
    assert_true(budget_spend(killed, &other));
    budget_welcome(killed, &other);
    budget *second = make_kept(2, true, ST_OK); /* another key: that of the file holds */
    assert_true(budget_spend(second, &ip));
    assert_true(budget_spend(second, &other));
    budget_welcome(second, &other);
    budget *third = make_kept(3, true, ST_OK);
    assert_int_equal(spend_all(third, &ip), 5 - 3);
    for (int i = 0; i < 8 - 2; i++) {
        assert_true(budget_spend(third, &other));
        budget_welcome(third, &other);
    }
    assert_false(budget_spend(third, &other));
    budget *anew = make_kept(4, false, ST_OK);
    assert_int_equal(spend_all(anew, &ip), 5);
    budget_free(killed);
    budget_free(second);
    budget_free(third);
    budget_free(anew);
}

static void test_not_ours(void **state)
{
    struct net_addr ip = address(0x08080808);
    (void)state;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("something else that is long enough", f);
    fclose(f);
    budget *b = make_kept(1, true, ST_NOT_FOUND); /* begun anew, and kept */
    assert_int_equal(spend_all(b, &ip), 5);
    budget_free(b);
    b = make_kept(1, true, ST_OK);
    assert_false(budget_spend(b, &ip));
    budget_free(b);
    assert_int_equal(unlink(path), 0);
    budget_free(make_kept(1, true, ST_NOT_FOUND));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    budget_free(make_kept(1, false, ST_IO));
    assert_int_equal(unlink(path), 0);
}

static void on_failed(void *arg, int err)
{
    (void)arg;
    function_called();
    assert_int_equal(err, EFBIG);
}

/* What cannot be counted is not spent. */
static void test_full_disk(void **state)
{
    struct net_addr ip = address(0x08080808);
    struct rlimit before, little = {.rlim_cur = 64};
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    budget *b = make_kept(1, false, ST_OK);
    budget_on_failure(b, on_failed, NULL);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    expect_function_call(on_failed);
    bool first = budget_spend(b, &ip), second = budget_spend(b, &ip);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(first);
    assert_false(second);
    budget_free(b);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections), cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_misdirected), cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_crowd),       cmocka_unit_test(test_kept),
        cmocka_unit_test(test_not_ours),    cmocka_unit_test(test_full_disk),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
