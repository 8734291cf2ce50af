/* What a judgement says beside its findings: how each component and each MX host stands. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX_BYTES = 512 };

static void healthy(struct domain *d)
{
    (void)d;
}

/* ---- components ------------------------------------------------------------------------------ */

static void record_skipped(struct domain *d)
{
    d->e.sts.dns.status = LOOKUP_SKIPPED;
}

static void record_silent(struct domain *d)
{
    d->e.sts.dns.status = LOOKUP_TIMEOUT;
}

static void record_twice(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=1;", "v=STSv1; id=2;", NULL);
}

static void record_of_others(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=spf1 -all", NULL);
}

static void no_host(struct domain *d)
{
    domain_addr(d, &d->e.policy.addrs, "", "");
    d->e.policy.n_fetch = 0;
    d->e.policy.chosen = -1;
}

static void host_servfail(struct domain *d)
{
    no_host(d);
    d->e.policy.addrs.v4.status = LOOKUP_SERVFAIL;
}

static void host_abandoned(struct domain *d)
{
    no_host(d);
    d->e.policy.addrs.v4.status = LOOKUP_ABANDONED;
}

static void policy_skipped(struct domain *d)
{
    d->e.policy.skipped = true;
}

static void policy_refused(struct domain *d)
{
    d->f->conn = CONN_REFUSED;
}

static void policy_abandoned(struct domain *d)
{
    d->f->conn = CONN_ABANDONED;
}

static void policy_expired(struct domain *d)
{
    d->f->tls.cert_errors = CERT_EXPIRED;
}

static void policy_missing(struct domain *d)
{
    d->f->http.status = 404;
}

static void policy_limited(struct domain *d)
{
    d->f->http.status = 429;
}

static void policy_without_mode(struct domain *d)
{
    domain_body(d, "version: STSv1\nmax_age: 86400\nmx: mx1.example.com\n");
}

static void mx_silent(struct domain *d)
{
    d->e.mx.dns.status = LOOKUP_TIMEOUT;
    d->e.mx.n = 0;
}

static void mx_null(struct domain *d)
{
    domain_mx_name(d, 0, ".");
    d->e.mx.n = 1;
}

static void mx_implicit(struct domain *d)
{
    d->e.mx.dns.status = LOOKUP_NODATA;
    d->mx[0]->implicit = true;
    d->e.mx.n = 1;
    domain_mx_name(d, 0, "example.com");
}

static void tlsrpt_skipped(struct domain *d)
{
    d->e.rpt.dns.status = LOOKUP_SKIPPED;
}

static void tlsrpt_servfail(struct domain *d)
{
    d->e.rpt.dns.status = LOOKUP_SERVFAIL;
}

static void tlsrpt_absent(struct domain *d)
{
    d->e.rpt.n = 0;
    d->e.rpt.dns.status = LOOKUP_NXDOMAIN;
}

static void tlsrpt_twice(struct domain *d)
{
    domain_txt(d, &d->e.rpt, "v=TLSRPTv1; rua=mailto:a@a.example",
               "v=TLSRPTv1; rua=mailto:b@b.example", NULL);
}

static void dmarc(struct domain *d)
{
    domain_txt(d, &d->e.dmarc, "v=DMARC1; p=reject", NULL);
}

static void dmarc_absent(struct domain *d)
{
    domain_txt(d, &d->e.dmarc, "v=spf1 -all", NULL);
}

static void dmarc_twice(struct domain *d)
{
    domain_txt(d, &d->e.dmarc, "v=DMARC1; p=none", "v=DMARC1; p=reject", NULL);
}

static void dmarc_silent(struct domain *d)
{
    d->e.dmarc.dns.status = LOOKUP_TIMEOUT;
}

static void components_text(const struct judgement *j, char text[TEXT_MAX_BYTES])
{
    snprintf(text, TEXT_MAX_BYTES, "record %s, policy %s %s, mx %s, tlsrpt %s, dmarc %s",
             component_name(j->record_status), component_name(j->policy_status),
             j->policy_stage ? j->policy_stage : "-", component_name(j->mx_status),
             component_name(j->tlsrpt_status), component_name(j->dmarc_status));
}

static void test_components(void **state)
{
    static const struct {
        void (*spoil)(struct domain *);
        const char *want;
    } cases[] = {
        {healthy, "record found, policy valid -, mx found, tlsrpt found, dmarc skipped"},
        {record_skipped, "record skipped, policy valid -, mx found, tlsrpt found, dmarc skipped"},
        {record_silent,
         "record undetermined, policy valid -, mx found, tlsrpt found, dmarc skipped"},
        {record_twice, "record invalid, policy valid -, mx found, tlsrpt found, dmarc skipped"},
        {record_of_others, "record absent, policy valid -, mx found, tlsrpt found, dmarc skipped"},
        {no_host, "record found, policy failed dns, mx found, tlsrpt found, dmarc skipped"},
        {host_servfail,
         "record found, policy undetermined dns, mx found, tlsrpt found, dmarc skipped"},
        {host_abandoned,
         "record found, policy undetermined dns, mx found, tlsrpt found, dmarc skipped"},
        {policy_skipped, "record found, policy skipped -, mx found, tlsrpt found, dmarc skipped"},
        {policy_refused, "record found, policy failed tcp, mx found, tlsrpt found, dmarc skipped"},
        {policy_abandoned,
         "record found, policy undetermined tcp, mx found, tlsrpt found, dmarc skipped"},
        {policy_expired, "record found, policy failed tls, mx found, tlsrpt found, dmarc skipped"},
        {domain_half_tried,
         "record found, policy undetermined tls, mx found, tlsrpt found, dmarc skipped"},
        {policy_missing, "record found, policy failed http, mx found, tlsrpt found, dmarc skipped"},
        {policy_limited,
         "record found, policy undetermined http, mx found, tlsrpt found, dmarc skipped"},
        {policy_without_mode,
         "record found, policy invalid syntax, mx found, tlsrpt found, dmarc skipped"},
        {mx_silent, "record found, policy valid -, mx undetermined, tlsrpt found, dmarc skipped"},
        {mx_null, "record found, policy valid -, mx null_mx, tlsrpt found, dmarc skipped"},
        {mx_implicit, "record found, policy valid -, mx implicit, tlsrpt found, dmarc skipped"},
        {tlsrpt_skipped, "record found, policy valid -, mx found, tlsrpt skipped, dmarc skipped"},
        {tlsrpt_servfail,
         "record found, policy valid -, mx found, tlsrpt undetermined, dmarc skipped"},
        {tlsrpt_absent, "record found, policy valid -, mx found, tlsrpt absent, dmarc skipped"},
        {tlsrpt_twice, "record found, policy valid -, mx found, tlsrpt invalid, dmarc skipped"},
        {dmarc, "record found, policy valid -, mx found, tlsrpt found, dmarc found"},
        {dmarc_absent, "record found, policy valid -, mx found, tlsrpt found, dmarc absent"},
        {dmarc_twice, "record found, policy valid -, mx found, tlsrpt found, dmarc invalid"},
        {dmarc_silent, "record found, policy valid -, mx found, tlsrpt found, dmarc undetermined"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct domain d;
        char got[TEXT_MAX_BYTES];
        domain_make(&d);
        cases[i].spoil(&d);
        domain_judge(&d);
        components_text(&d.j, got);
        assert_string_equal(got, cases[i].want);
        domain_free(&d);
    }
}

/* What was not found has no value: neither a record's position nor a policy's age. */
static void test_nothing_found(void **state)
{
    struct judgement j;
    (void)state;
    memset(&j, 0xff, sizeof j);
    judgement_init(&j);
    assert_int_equal(j.record.rr, -1);
    assert_int_equal(j.policy.max_age_s, -1);
    assert_int_equal(j.cause, -1);
    assert_int_equal(j.policy_status, COMPONENT_SKIPPED);
    assert_null(j.policy_stage);
    assert_null(j.mx);
    judgement_free(&j);
}

/* ---- MX hosts -------------------------------------------------------------------------------- */

static void one_refuses(struct domain *d)
{
    d->pr[0]->end = PROBE_REFUSED;
}

static void one_of_two_refuses(struct domain *d)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].end = PROBE_REFUSED;
}

static void one_limits(struct domain *d)
{
    d->pr[0]->end = PROBE_LIMITED;
}

static void one_not_ours(struct domain *d)
{
    d->pr[0]->end = PROBE_NO_ROUTE;
}

static void one_half_expired(struct domain *d)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].tls.cert_errors = CERT_EXPIRED;
}

static void one_without_address(struct domain *d)
{
    domain_addr(d, &d->mx[0]->addrs, "", "");
    d->mx[0]->n_probe = 0;
}

static void one_unresolved(struct domain *d)
{
    one_without_address(d);
    d->mx[0]->addrs.v4.status = LOOKUP_SERVFAIL;
}

static void one_unlisted(struct domain *d)
{
    domain_policy_mx(d, "mx2.example.com", NULL);
}

static void test_hosts(void **state)
{
    static const struct {
        void (*spoil)(struct domain *);
        struct mx_judgement want; /* of the first host */
    } cases[] = {
        {healthy, {.passing = 1}},
        {one_refuses, {.set_aside = true}},
        {one_of_two_refuses, {.passing = 1}},
        {one_limits, {.unknown = true}},
        {one_not_ours, {.unknown = true}},
        {one_half_expired, {.passing = 1, .failing = 1}},
        {one_without_address, {.set_aside = true}},
        {one_unresolved, {.unknown = true}},
        {one_unlisted, {.failing = 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct domain d;
        domain_make(&d);
        cases[i].spoil(&d);
        domain_judge(&d);
        const struct mx_judgement *got = &d.j.mx[0], *want = &cases[i].want;
        if (got->set_aside != want->set_aside || got->unknown != want->unknown ||
            got->passing != want->passing || got->failing != want->failing)
            fail_msg("case %zu: aside %d, unknown %d, %zu pass, %zu fail", i, got->set_aside,
                     got->unknown, got->passing, got->failing);
        domain_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests_name("components", tests, NULL, NULL);
}
