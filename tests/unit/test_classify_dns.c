/* classify_dns: each code appears when its condition holds, and not in the nearest case where it
 * does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void absent(struct domain *d)
{
    d->e.sts.n = 0;
    d->e.sts.dns.status = LOOKUP_NXDOMAIN;
}

static void dangling(struct domain *d, const char *target)
{
    absent(d);
    domain_chain(d, &d->e.sts.dns, target);
}

static void null_mx(struct domain *d)
{
    domain_mx_name(d, 0, ".");
    d->e.mx.n = 1;
}

static void implicit(struct domain *d)
{
    d->e.mx.dns.status = LOOKUP_NODATA;
    d->e.mx.n = 1;
    d->mx[0]->implicit = true;
    domain_mx_name(d, 0, "example.com");
    domain_addr(d, &d->e.mx.apex, "192.0.2.25", "");
}

static void sibling_txt(struct domain *d, const char *txt)
{
    d->e.sts_sibling.label = "random.example.com";
    domain_txt(d, &d->e.sts_sibling.txt, txt, NULL);
}

/* An absent domain with an STS-like TXT at another label. */
static void elsewhere(struct domain *d, const char *label)
{
    absent(d);
    d->e.elsewhere = arena_array(&d->e.arena, 1, sizeof *d->e.elsewhere);
    d->e.n_elsewhere = 1;
    d->e.elsewhere[0].label = label;
    domain_txt(d, &d->e.elsewhere[0].txt, "v=STSv1; id=1;", NULL);
}

/* Two servers, of which the first has id 1; beside them one that is silent, and one that stops at
 * an alias. */
static void views(struct domain *d, const char *second)
{
    static const char *const names[] = {"ns1", "ns2", "ns3", "ns4"};
    d->e.ns = arena_array(&d->e.arena, 4, sizeof *d->e.ns);
    d->e.n_ns = 4;
    for (size_t i = 0; i < 4; i++) {
        d->e.ns[i].server = names[i];
        domain_txt(d, &d->e.ns[i].txt, i == 0 ? "v=STSv1; id=1;" : second, NULL);
    }
    d->e.ns[2].txt.n = d->e.ns[3].txt.n = 0;
    d->e.ns[2].txt.dns.status = LOOKUP_TIMEOUT;
    d->e.ns[3].txt.dns.status = LOOKUP_NODATA;
    domain_chain(d, &d->e.ns[3].txt.dns, "_mta-sts.hoster.example");
}

HOLDS(sts_absent)
{
    absent(d);
}

NEAR(sts_absent)
{
    (void)d;
}

HOLDS(sts_dns_timeout)
{
    d->e.sts.dns.status = LOOKUP_TIMEOUT;
}

NEAR(sts_dns_timeout)
{
    d->e.sts.dns.status = LOOKUP_SERVFAIL;
}

HOLDS(sts_dns_servfail)
{
    d->e.sts.dns.status = LOOKUP_REFUSED;
}

NEAR(sts_dns_servfail)
{
    d->e.sts.dns.status = LOOKUP_SERVFAIL;
    d->e.sts.dns.ede = 6;
}

HOLDS(sts_dns_bogus)
{
    d->e.sts.dns.status = LOOKUP_SERVFAIL;
    d->e.sts.dns.ede = 12;
}

NEAR(sts_dns_bogus)
{
    d->e.sts.dns.status = LOOKUP_SERVFAIL;
    d->e.sts.dns.ede = 22;
}

HOLDS(sts_ns_inconsistent)
{
    views(d, "v=STSv1; id=2;");
}

NEAR(sts_ns_inconsistent)
{
    views(d, "v=STSv1; id=1;");
}

HOLDS(sts_wildcard_txt)
{
    sibling_txt(d, "v=STSv1; id=20240101T0000;");
}

NEAR(sts_wildcard_txt)
{
    sibling_txt(d, "v=spf1 -all");
}

HOLDS(sts_at_apex)
{
    elsewhere(d, "example.com");
}

NEAR(sts_at_apex)
{
    elsewhere(d, "example.com");
    domain_txt(d, &d->e.sts, "v=STSv1; id=1;", NULL);
}

HOLDS(sts_at_policy_host)
{
    elsewhere(d, "mta-sts.example.com");
}

NEAR(sts_at_policy_host)
{
    elsewhere(d, "example.com");
}

HOLDS(sts_legacy_label)
{
    elsewhere(d, "_smtp_sts.example.com");
}

NEAR(sts_legacy_label)
{
    elsewhere(d, "_mta_sts.example.com");
    domain_txt(d, &d->e.elsewhere[0].txt, "v=spf1 -all", NULL);
}

HOLDS(sts_cname)
{
    domain_chain(d, &d->e.sts.dns, "a.example.net");
}

NEAR(sts_cname)
{
    (void)d;
}

HOLDS(sts_cname_dangling)
{
    dangling(d, "gone.example.net");
    d->e.sts_sibling.txt.dns.status = LOOKUP_NXDOMAIN;
}

NEAR(sts_cname_dangling)
{
    dangling(d, "gone.example.net");
    d->e.sts_sibling.txt.dns.status = LOOKUP_NXDOMAIN;
    domain_chain(d, &d->e.sts_sibling.txt.dns, "gone.example.net");
}

HOLDS(sts_cname_loop)
{
    dangling(d, "a.example.net");
    d->e.sts.dns.status = LOOKUP_CNAME_LOOP;
}

NEAR(sts_cname_loop)
{
    dangling(d, "mta-sts.example.net");
}

HOLDS(sts_half_delegated)
{
    domain_chain(d, &d->e.sts.dns, "x._mta-sts.mta-sts.hoster.example");
}

NEAR(sts_half_delegated)
{
    domain_chain(d, &d->e.policy.addrs.v4, "site.pages.example");
}

HOLDS(sts_parent_only)
{
    absent(d);
    domain_txt(d, &d->e.parent_sts, "v=STSv1; id=1;", NULL);
}

NEAR(sts_parent_only)
{
    absent(d);
    domain_txt(d, &d->e.parent_sts, "v=spf1 -all", NULL);
}

HOLDS(sts_ttl_long)
{
    d->e.sts.dns.ttl_s = 86401;
}

NEAR(sts_ttl_long)
{
    d->e.sts.dns.ttl_s = 86400;
}

HOLDS(sts_on_null_mx)
{
    null_mx(d);
}

NEAR(sts_on_null_mx)
{
    null_mx(d);
    absent(d);
}

HOLDS(mx_null)
{
    null_mx(d);
}

NEAR(mx_null)
{
    domain_mx_name(d, 0, ".");
}

HOLDS(mx_null_mixed)
{
    domain_mx_name(d, 0, ".");
}

NEAR(mx_null_mixed)
{
    null_mx(d);
}

HOLDS(mx_implicit)
{
    implicit(d);
}

NEAR(mx_implicit)
{
    implicit(d);
    domain_addr(d, &d->e.mx.apex, "", "");
    d->e.mx.n = 0;
}

HOLDS(mx_none)
{
    implicit(d);
    domain_addr(d, &d->e.mx.apex, "", "");
    d->e.mx.n = 0;
}

NEAR(mx_none)
{
    implicit(d);
}

HOLDS(mx_lookup_failed)
{
    d->e.mx.dns.status = LOOKUP_SERVFAIL;
}

NEAR(mx_lookup_failed)
{
    d->e.mx.dns.status = LOOKUP_ABANDONED;
}

HOLDS(mx_host_no_address)
{
    domain_addr(d, &d->mx[0]->addrs, "", "");
}

NEAR(mx_host_no_address)
{
    domain_addr(d, &d->mx[0]->addrs, "", "");
    d->mx[0]->addrs.v6.status = LOOKUP_SERVFAIL;
}

HOLDS(mx_host_cname)
{
    domain_chain(d, &d->mx[0]->addrs.v4, "real.example.net");
}

NEAR(mx_host_cname)
{
    (void)d;
}

HOLDS(mx_host_invalid)
{
    domain_mx_name(d, 0, "192.0.2.25");
}

NEAR(mx_host_invalid)
{
    domain_mx_name(d, 0, "localhost.example.com");
}

HOLDS(mx_host_private)
{
    d->pr[0]->end = PROBE_BLOCKED;
    d->pr[0]->conn = CONN_BLOCKED;
}

NEAR(mx_host_private)
{
    d->pr[0]->end = PROBE_BLOCKED;
    d->pr[0]->conn = CONN_BLOCKLISTED;
}

HOLDS(mx_duplicate)
{
    domain_mx_name(d, 1, "MX1.example.com");
}

NEAR(mx_duplicate)
{
    (void)d;
}

HOLDS(mx_ms_verification)
{
    domain_mx_name(d, 1, "ms123.msv1.invalid");
}

NEAR(mx_ms_verification)
{
    domain_mx_name(d, 1, "msv1.invalid.example.com");
}

static const struct code_case cases[] = {
    CODE_CASE(sts_absent),
    CODE_CASE(sts_dns_timeout),
    CODE_CASE(sts_dns_servfail),
    CODE_CASE(sts_dns_bogus),
    CODE_CASE(sts_ns_inconsistent),
    CODE_CASE(sts_wildcard_txt),
    CODE_CASE(sts_at_apex),
    CODE_CASE(sts_at_policy_host),
    CODE_CASE(sts_legacy_label),
    CODE_CASE(sts_cname),
    CODE_CASE(sts_cname_dangling),
    CODE_CASE(sts_cname_loop),
    CODE_CASE(sts_half_delegated),
    CODE_CASE(sts_parent_only),
    CODE_CASE(sts_ttl_long),
    CODE_CASE(sts_on_null_mx),
    CODE_CASE(mx_null),
    CODE_CASE(mx_null_mixed),
    CODE_CASE(mx_implicit),
    CODE_CASE(mx_none),
    CODE_CASE(mx_lookup_failed),
    CODE_CASE(mx_host_no_address),
    CODE_CASE(mx_host_cname),
    CODE_CASE(mx_host_invalid),
    CODE_CASE(mx_host_private),
    CODE_CASE(mx_duplicate),
    CODE_CASE(mx_ms_verification),
};

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests_name("classify_dns", tests, NULL, NULL);
}
