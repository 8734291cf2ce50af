/* Units of lib/match.c. */
#include "lib/match.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool mx(const char *pattern, const char *host)
{
    return mx_match(slice_of(pattern), slice_of(host));
}

static void test_mx_match(void **state)
{
    (void)state;
    assert_true(mx("mail.example.com", "mail.example.com"));
    assert_true(mx("mail.example.com", "MAIL.example.com."));
    assert_false(mx("mail.example.com", "mail.example.com.."));
    assert_false(mx("mail.example.com", "mail2.example.com"));
    assert_true(mx("*.example.com", "mail.example.com"));
    assert_false(mx("*.example.com", "example.com"));
    assert_false(mx("*.example.com", "a.b.example.com"));
    assert_false(mx("*.example.com", ".example.com"));
    assert_false(mx("*.example.com", "mailexample.com"));
    assert_true(mx("*.com", "example.com"));
    assert_false(mx("*", "example.com"));
    assert_false(mx("*.", "example"));
    assert_false(mx("m*.example.com", "mail.example.com"));
    assert_false(mx("mail.*.com", "mail.example.com"));
    assert_false(mx(".example.com", "mail.example.com"));
    assert_false(mx("", ""));
    assert_false(mx("", "."));
}

static void test_dns_id_match(void **state)
{
    (void)state;
    assert_true(dns_id_match(SLICE_LIT("*.example.com"), SLICE_LIT("mail.example.com")));
    assert_false(dns_id_match(SLICE_LIT("*.com"), SLICE_LIT("example.com")));
    assert_false(dns_id_match(SLICE_LIT("*.example.com"), SLICE_LIT("a.b.example.com")));
    assert_true(dns_id_match(SLICE_LIT("example.com"), SLICE_LIT("EXAMPLE.com")));
}

static enum name_match policy_names(const char *san, const char *cn, const char *host)
{
    const struct cert_names n = {.dns = &san, .n = san != NULL, .cn = cn};
    return cert_names_match_policy_host(&n, slice_of(host));
}

static enum name_match names(const char *san, const char *cn, const char *host)
{
    const struct cert_names n = {.dns = &san, .n = san != NULL, .cn = cn};
    return cert_names_match(&n, slice_of(host));
}

static void test_cert_names(void **state)
{
    (void)state;
    assert_int_equal(names("mx.example.com", NULL, "mx.example.com"), NAME_MATCH_OK);
    assert_int_equal(names("*.example.com", "mx.example.com", "mx.example.com."), NAME_MATCH_OK);
    assert_int_equal(names(NULL, "mx.example.com", "mx.example.com"), NAME_MATCH_CN_ONLY);
    assert_int_equal(names("www.example.com", "*.example.com", "mx.example.com"),
                     NAME_MATCH_CN_ONLY);
    assert_int_equal(names("m*.example.com", NULL, "mx.example.com"), NAME_MATCH_WILDCARD_BAD);
    assert_int_equal(names("m*.example.com", NULL, "ax.example.com"), NAME_MATCH_NONE);
    assert_int_equal(names("*.example.com", NULL, "a.b.example.com"), NAME_MATCH_WILDCARD_BAD);
    assert_int_equal(names("*.*.example.com", NULL, "a.b.example.com"), NAME_MATCH_WILDCARD_BAD);
    assert_int_equal(names("mx.*.com", NULL, "mx.example.com"), NAME_MATCH_WILDCARD_BAD);
    assert_int_equal(names("*.example.com", NULL, "example.com"), NAME_MATCH_NONE);
    assert_int_equal(names("*.example.com", NULL, "mx.example.org"), NAME_MATCH_NONE);
    assert_int_equal(names(NULL, NULL, "mx.example.com"), NAME_MATCH_NONE);
}

/* findings.tsv, tls_cert_cn_only: "CN matches, no SAN dNSName". */
static void test_cert_names_of_policy_host(void **state)
{
    static const char host[] = "mta-sts.example.com";
    (void)state;
    assert_int_equal(policy_names(host, "other.example", host), NAME_MATCH_OK);
    assert_int_equal(policy_names(NULL, host, host), NAME_MATCH_CN_ONLY);
    assert_int_equal(policy_names(NULL, "*.example.com", host), NAME_MATCH_CN_ONLY);
    assert_int_equal(policy_names("www.example.com", host, host), NAME_MATCH_NONE);
    assert_int_equal(policy_names("m*.example.com", host, host), NAME_MATCH_WILDCARD_BAD);
    assert_int_equal(policy_names(NULL, "www.example.com", host), NAME_MATCH_NONE);
}

static unsigned distance(const char *a, const char *b, unsigned limit)
{
    return edit_distance(slice_of(a), slice_of(b), limit);
}

static void test_edit_distance(void **state)
{
    (void)state;
    assert_int_equal(distance("", "", 3), 0);
    assert_int_equal(distance("mode", "mode", 3), 0);
    assert_int_equal(distance("mode", "moed", 3), 1); /* transposition */
    assert_int_equal(distance("mode", "mod", 3), 1);
    assert_int_equal(distance("mode", "modee", 3), 1);
    assert_int_equal(distance("mode", "made", 3), 1);
    assert_int_equal(distance("kitten", "sitting", 3), 3);
    assert_int_equal(distance("kitten", "sitting", 2), 3); /* cut at limit + 1 */
    assert_int_equal(distance("abcdef", "badcfe", 3), 3);  /* three transpositions */
    assert_int_equal(distance("ca", "abc", 3), 3);         /* restricted, not 2 */
    assert_int_equal(distance("abcdefgh", "zyxwvuts", 3), 4);
    assert_int_equal(distance("a", "abcdefgh", 3), 4);
    assert_int_equal(distance("ab", "ba", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mx_match),      cmocka_unit_test(test_dns_id_match),
        cmocka_unit_test(test_cert_names),    cmocka_unit_test(test_cert_names_of_policy_host),
        cmocka_unit_test(test_edit_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
