/* zone_cut: from a name up to the zone that holds it. */
#include "scanner/worker/zone_cut.h"

#include "lib/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char asked[] = "_mta-sts.post.example.co.uk", top[] = "example.co.uk";

static struct dns_facts nodata(const char *soa)
{
    struct dns_facts f;
    dns_facts_init(&f);
    f.status = LOOKUP_NODATA;
    f.soa = soa;
    return f;
}

static void alias(struct dns_facts *f)
{
    static const char *const target[] = {"_mta-sts.hoster.example"};
    f->cname = (struct strlist){.v = (void *)target, .n = 1};
}

static void test_found_is_here(void **state)
{
    (void)state;
    struct dns_facts f = nodata(NULL);
    assert_false(zone_cut_here(&f));
    f.status = LOOKUP_FOUND;
    assert_true(zone_cut_here(&f));
    alias(&f);
    assert_false(zone_cut_here(&f));
    assert_string_equal(zone_cut_next(asked, &f, top), "post.example.co.uk");
}

static void test_the_soa_shows_the_way(void **state)
{
    (void)state;
    struct dns_facts f = nodata("example.co.uk");
    assert_string_equal(zone_cut_next(asked, &f, top), "example.co.uk");
    f.status = LOOKUP_NXDOMAIN;
    assert_string_equal(zone_cut_next(asked, &f, top), "example.co.uk");
    f = nodata("Example.CO.uk");
    assert_string_equal(zone_cut_next(asked, &f, top), "example.co.uk");
}

static void test_label_by_label_without(void **state)
{
    (void)state;
    static const char *const soas[] = {NULL, "xample.co.uk", "other.example", asked};
    for (size_t i = 0; i < sizeof soas / sizeof soas[0]; i++) {
        struct dns_facts f = nodata(soas[i]);
        assert_string_equal(zone_cut_next(asked, &f, top), "post.example.co.uk");
        assert_string_equal(zone_cut_next("post.example.co.uk", &f, top), "example.co.uk");
        assert_null(zone_cut_next("example.co.uk", &f, top));
    }
}

/* The SOA of an alias's target is not that of the name asked. */
static void test_an_alias_hides_the_soa(void **state)
{
    (void)state;
    struct dns_facts f = nodata("example.co.uk");
    alias(&f);
    assert_string_equal(zone_cut_next(asked, &f, top), "post.example.co.uk");
}

static void test_never_above_the_top(void **state)
{
    (void)state;
    static const char *const soas[] = {"co.uk", "uk", ""};
    for (size_t i = 0; i < sizeof soas / sizeof soas[0]; i++) {
        struct dns_facts f = nodata(soas[i]);
        const char *next = zone_cut_next(asked, &f, top);
        assert_true(!next || name_under(slice_of(next), slice_of(top)));
    }
    struct dns_facts f = nodata(NULL);
    assert_null(zone_cut_next("com", &f, "com"));
}

static void test_what_fails_says_nothing(void **state)
{
    (void)state;
    static const enum lookup failures[] = {LOOKUP_SERVFAIL, LOOKUP_REFUSED,   LOOKUP_BOGUS,
                                           LOOKUP_TIMEOUT,  LOOKUP_MALFORMED, LOOKUP_ABANDONED};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct dns_facts f = nodata("example.co.uk");
        f.status = failures[i];
        assert_false(zone_cut_here(&f));
        assert_null(zone_cut_next(asked, &f, top));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_is_here),
        cmocka_unit_test(test_the_soa_shows_the_way),
        cmocka_unit_test(test_label_by_label_without),
        cmocka_unit_test(test_an_alias_hides_the_soa),
        cmocka_unit_test(test_never_above_the_top),
        cmocka_unit_test(test_what_fails_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
