/* classify_tlsrpt: each code appears when its condition holds, and not in the nearest case where it
 * does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void no_rpt(struct domain *d)
{
    d->e.rpt.n = 0;
    d->e.rpt.dns.status = LOOKUP_NXDOMAIN;
}

static void no_sts(struct domain *d)
{
    d->e.sts.n = 0;
    d->e.sts.dns.status = LOOKUP_NXDOMAIN;
}

static void rua(struct domain *d, enum lookup mx, enum lookup addr)
{
    struct rua_facts *r = arena_array(&d->e.arena, 1, sizeof *r);
    *r = (struct rua_facts){"mailto:tls@reports.example", "reports.example", mx, addr, false};
    d->e.rua = r;
    d->e.n_rua = 1;
}

static void wrong_label(struct domain *d, const char *txt)
{
    no_rpt(d);
    d->e.rpt_elsewhere = arena_array(&d->e.arena, 1, sizeof *d->e.rpt_elsewhere);
    d->e.n_rpt_elsewhere = 1;
    d->e.rpt_elsewhere[0].label = "_smtp-tlsrpt.example.com";
    domain_txt(d, &d->e.rpt_elsewhere[0].txt, txt, NULL);
}

HOLDS(rpt_absent)
{
    no_rpt(d);
}

NEAR(rpt_absent)
{
    no_rpt(d);
    d->e.rpt.dns.status = LOOKUP_SERVFAIL;
}

HOLDS(rpt_absent_with_sts)
{
    no_rpt(d);
}

NEAR(rpt_absent_with_sts)
{
    no_rpt(d);
    no_sts(d);
}

HOLDS(rpt_rua_dead)
{
    rua(d, LOOKUP_NXDOMAIN, LOOKUP_NXDOMAIN);
}

NEAR(rpt_rua_dead)
{
    rua(d, LOOKUP_NODATA, LOOKUP_FOUND);
}

HOLDS(rpt_wrong_label)
{
    wrong_label(d, "v=TLSRPTv1; rua=mailto:a@b.example");
}

NEAR(rpt_wrong_label)
{
    wrong_label(d, "v=spf1 -all");
}

HOLDS(rpt_cname_dangling)
{
    no_rpt(d);
    domain_chain(d, &d->e.rpt.dns, "gone.example.net");
}

NEAR(rpt_cname_dangling)
{
    domain_chain(d, &d->e.rpt.dns, "there.example.net");
}

HOLDS(rpt_orphan)
{
    no_sts(d);
}

NEAR(rpt_orphan)
{
    (void)d;
}

static const struct code_case cases[] = {
    CODE_CASE(rpt_absent),      CODE_CASE(rpt_absent_with_sts), CODE_CASE(rpt_rua_dead),
    CODE_CASE(rpt_wrong_label), CODE_CASE(rpt_cname_dangling),  CODE_CASE(rpt_orphan),
};

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes)};
    return cmocka_run_group_tests_name("classify_tlsrpt", tests, NULL, NULL);
}
