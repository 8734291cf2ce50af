/* classify_mx: each code appears when its condition holds, and not in the nearest case where it
 * does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void testing(struct domain *d)
{
    domain_body(d, "version: STSv1\r\nmode: testing\r\nmax_age: 2419200\r\n"
                   "mx: mx1.example.com\r\nmx: mx2.example.com\r\n");
}

HOLDS(mx_unlisted_all)
{
    domain_policy_mx(d, "mail.example.net", NULL);
}

NEAR(mx_unlisted_all)
{
    domain_policy_mx(d, "mx2.example.com", NULL);
}

HOLDS(mx_unlisted_primary)
{
    domain_policy_mx(d, "mx2.example.com", NULL);
}

NEAR(mx_unlisted_primary)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
}

HOLDS(mx_unlisted_backup)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
}

NEAR(mx_unlisted_backup)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
    domain_addr(d, &d->mx[1]->addrs, "", "");
}

HOLDS(mx_pattern_unused)
{
    domain_policy_mx(d, "*.example.com", "old.example.com");
}

NEAR(mx_pattern_unused)
{
    (void)d;
}

HOLDS(mx_mismatch_tld)
{
    domain_policy_mx(d, "mx1.example.net", NULL);
}

NEAR(mx_mismatch_tld)
{
    domain_policy_mx(d, "mail.example.net", NULL);
}

HOLDS(mx_mismatch_typo)
{
    domain_policy_mx(d, "mx1.exmaple.com", NULL);
}

NEAR(mx_mismatch_typo)
{
    domain_policy_mx(d, "mx1.differs.com", NULL);
}

HOLDS(mx_mismatch_3ld)
{
    domain_policy_mx(d, "inbound.smtp.example.com", NULL);
}

NEAR(mx_mismatch_3ld)
{
    domain_policy_mx(d, "inbound.smtp.example.net", NULL);
}

HOLDS(mx_mismatch_domain)
{
    domain_policy_mx(d, "mail.provider.org", NULL);
}

NEAR(mx_mismatch_domain)
{
    domain_policy_mx(d, "*.mail.example.com", NULL);
}

HOLDS(mx_wildcard_depth)
{
    domain_mx_name(d, 0, "t.h-v1.mx.microsoft");
    domain_policy_mx(d, "*.mx.microsoft", NULL);
}

NEAR(mx_wildcard_depth)
{
    domain_mx_name(d, 0, "t.mx.microsoft");
    domain_policy_mx(d, "*.mx.microsoft", "mx2.example.com");
}

HOLDS(mx_wildcard_apex)
{
    domain_mx_name(d, 0, "mail.example.net");
    domain_policy_mx(d, "*.mail.example.net", NULL);
}

NEAR(mx_wildcard_apex)
{
    domain_mx_name(d, 0, "a.mail.example.net");
    domain_policy_mx(d, "*.mail.example.net", NULL);
}

HOLDS(mx_wildcard_no_need)
{
    domain_policy_mx(d, "*.example.com", NULL);
}

NEAR(mx_wildcard_no_need)
{
    domain_mx_name(d, 0, "a.tenants.example");
    domain_policy_mx(d, "*.tenants.example", "mx2.example.com");
}

HOLDS(mx_exchange_pattern_no_exchange)
{
    domain_policy_mx(d, "*.mail.protection.outlook.com", "*.example.com");
}

NEAR(mx_exchange_pattern_no_exchange)
{
    domain_mx_name(d, 0, "x.mail.protection.outlook.com");
    domain_policy_mx(d, "*.mail.protection.outlook.com", "*.example.com");
}

HOLDS(mx_exchange_v1_missing)
{
    domain_mx_name(d, 0, "t.h-v1.mx.microsoft");
    domain_policy_mx(d, "*.mail.protection.outlook.com", NULL);
}

NEAR(mx_exchange_v1_missing)
{
    domain_mx_name(d, 0, "t.h-v1.mx.microsoft");
    domain_policy_mx(d, "*.h-v1.mx.microsoft", NULL);
}

HOLDS(mx_cname_target_listed)
{
    domain_chain(d, &d->mx[0]->addrs.v4, "real.example.net");
    domain_policy_mx(d, "real.example.net", NULL);
}

NEAR(mx_cname_target_listed)
{
    domain_chain(d, &d->mx[0]->addrs.v4, "real.example.net");
    domain_policy_mx(d, "mx1.example.com", NULL);
}

HOLDS(mx_unlistable)
{
    domain_mx_name(d, 0, "mx_1.example.com");
}

NEAR(mx_unlistable)
{
    domain_mx_name(d, 0, "mx-1.example.com");
}

HOLDS(mx_provider_split)
{
    domain_chain(d, &d->e.policy.addrs.v4, "x.mta-sts.hoster.example");
}

NEAR(mx_provider_split)
{
    domain_chain(d, &d->e.policy.addrs.v4, "x.mta-sts.hoster.example");
    domain_mx_name(d, 0, "mx.hoster.example");
}

HOLDS(mx_provider_migrated)
{
    domain_mx_name(d, 0, "a.fixed.example");
    d->e.mx.n = 1;
    domain_policy_mx(d, "*.tenants.example", NULL);
}

NEAR(mx_provider_migrated)
{
    domain_mx_name(d, 0, "a.fixed.example");
    d->e.mx.n = 1;
    domain_policy_mx(d, "*.tenants.example", "mx.example.com");
}

HOLDS(verdict_undeliverable)
{
    domain_policy_mx(d, "mail.example.net", NULL);
}

NEAR(verdict_undeliverable)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
}

HOLDS(verdict_degraded)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
}

NEAR(verdict_degraded)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
    domain_addr(d, &d->mx[1]->addrs, "", "");
}

HOLDS(verdict_would_block)
{
    testing(d);
    d->pr[1]->tls.name = NAME_MATCH_NONE;
}

NEAR(verdict_would_block)
{
    testing(d);
    d->pr[1]->end = PROBE_LIMITED;
}

HOLDS(verdict_ready)
{
    testing(d);
}

NEAR(verdict_ready)
{
    (void)d;
}

static const struct code_case cases[] = {
    CODE_CASE(mx_unlisted_all),        CODE_CASE(mx_unlisted_primary),
    CODE_CASE(mx_unlisted_backup),     CODE_CASE(mx_pattern_unused),
    CODE_CASE(mx_mismatch_tld),        CODE_CASE(mx_mismatch_typo),
    CODE_CASE(mx_mismatch_3ld),        CODE_CASE(mx_mismatch_domain),
    CODE_CASE(mx_wildcard_depth),      CODE_CASE(mx_wildcard_apex),
    CODE_CASE(mx_wildcard_no_need),    CODE_CASE(mx_exchange_pattern_no_exchange),
    CODE_CASE(mx_exchange_v1_missing), CODE_CASE(mx_cname_target_listed),
    CODE_CASE(mx_unlistable),          CODE_CASE(mx_provider_split),
    CODE_CASE(mx_provider_migrated),   CODE_CASE(verdict_undeliverable),
    CODE_CASE(verdict_degraded),       CODE_CASE(verdict_would_block),
    CODE_CASE(verdict_ready),
};

/* A host is listed wherever in the file its pattern stands. */
static void test_many_patterns(void **state)
{
    (void)state;
    struct domain d;
    struct strbuf body;
    domain_make(&d);
    strbuf_init(&body, POLICY_BODY_MAX_BYTES);
    strbuf_adds(&body, "version: STSv1\nmode: enforce\nmax_age: 2419200\n");
    for (unsigned i = 0; i < 4 * POLICY_MX_COMPARED_MAX; i++)
        strbuf_printf(&body, "mx: m%u.example.net\n", i);
    strbuf_adds(&body, "mx: mx1.example.com\nmx: mx2.example.com\n");
    assert_int_equal(body.error, ST_OK);
    domain_body(&d, body.p);
    domain_judge(&d);
    assert_int_equal(d.j.verdict, VERDICT_PROTECTED);
    assert_string_equal(d.j.mx[1].matched_by, "mx2.example.com");
    strbuf_free(&body);
    domain_free(&d);
}

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes),
                                       cmocka_unit_test(test_many_patterns)};
    return cmocka_run_group_tests_name("classify_mx", tests, NULL, NULL);
}
