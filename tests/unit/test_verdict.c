/* verdict: adoption, verdict and cause as the contract tells them. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What a spoiled domain must be judged as; cause NULL for null. */
struct expectation {
    const char *what;
    void (*spoil)(struct domain *);
    enum adoption adoption;
    enum verdict verdict;
    const char *cause;
};

static void healthy(struct domain *d)
{
    (void)d;
}

static void absent(struct domain *d)
{
    d->e.sts.n = 0;
    d->e.sts.dns.status = LOOKUP_NXDOMAIN;
}

static void servfail(struct domain *d)
{
    absent(d);
    d->e.sts.dns.status = LOOKUP_SERVFAIL;
}

static void abandoned(struct domain *d)
{
    absent(d);
    d->e.sts.dns.status = LOOKUP_ABANDONED;
}

static void two_records(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=1;", "v=STSv1; id=2;", NULL);
}

static void dangling_unknown(struct domain *d)
{
    absent(d);
    domain_chain(d, &d->e.sts.dns, "gone.example.net");
}

static void dangling_wildcard(struct domain *d)
{
    dangling_unknown(d);
    d->e.sts_sibling.txt.dns.status = LOOKUP_NXDOMAIN;
    domain_chain(d, &d->e.sts_sibling.txt.dns, "gone.example.net");
}

static void dangling_meant(struct domain *d)
{
    absent(d);
    domain_chain(d, &d->e.sts.dns, "example-com._mta-sts.example.net");
}

static void excluded(struct domain *d)
{
    d->e.input = INPUT_EXCLUDED;
}

static void invalid_input(struct domain *d)
{
    d->e.input = INPUT_INVALID;
}

static void no_policy(struct domain *d)
{
    d->e.policy.skipped = true;
}

static void not_found(struct domain *d)
{
    d->f->http.status = 404;
}

static void limited(struct domain *d)
{
    d->f->http.status = 429;
}

/* A void finding before the limit: the policy cannot hold whatever comes after. */
static void limited_and_expired(struct domain *d)
{
    limited(d);
    d->f->tls.cert_errors = CERT_EXPIRED;
}

static void abandoned_fetch(struct domain *d)
{
    d->f->conn = CONN_ABANDONED;
}

static void mode(struct domain *d, const char *name)
{
    domain_body(d, arena_printf(&d->e.arena,
                                "version: STSv1\r\nmode: %s\r\nmax_age: 2419200\r\n"
                                "mx: mx1.example.com\r\nmx: mx2.example.com\r\n",
                                name));
}

static void mode_none(struct domain *d)
{
    mode(d, "none");
}

static void mode_testing(struct domain *d)
{
    mode(d, "testing");
}

static void mode_bad(struct domain *d)
{
    mode(d, "live");
}

static void null_mx(struct domain *d)
{
    domain_mx_name(d, 0, ".");
    d->e.mx.n = 1;
}

static void broken_null_mx(struct domain *d)
{
    null_mx(d);
    not_found(d);
}

static void mx_servfail(struct domain *d)
{
    d->e.mx.dns.status = LOOKUP_SERVFAIL;
    d->e.mx.n = 0;
}

static void no_probe(struct domain *d)
{
    d->e.mx.probe_skipped = true;
    d->mx[0]->n_probe = d->mx[1]->n_probe = 0;
}

static void no_probe_unlisted(struct domain *d)
{
    no_probe(d);
    domain_policy_mx(d, "mail.provider.org", NULL);
}

static void no_probe_half_listed(struct domain *d)
{
    no_probe(d);
    domain_policy_mx(d, "mx1.example.com", NULL);
}

static void no_probe_half_listed_testing(struct domain *d)
{
    no_probe(d);
    domain_body(d, "version: STSv1\nmode: testing\nmax_age: 2419200\nmx: mx1.example.com\n");
}

static void one_refuses(struct domain *d)
{
    d->pr[0]->end = PROBE_REFUSED;
}

static void all_refuse(struct domain *d)
{
    d->pr[0]->end = PROBE_REFUSED;
    d->pr[1]->end = PROBE_TIMEOUT;
}

static void one_without_address(struct domain *d)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
    domain_addr(d, &d->mx[1]->addrs, "", "");
    d->mx[1]->n_probe = 0;
}

static void one_limits(struct domain *d)
{
    d->pr[1]->end = PROBE_LIMITED;
}

static void one_expired(struct domain *d)
{
    d->pr[1]->tls.cert_errors = CERT_EXPIRED;
}

static void one_address_expired(struct domain *d)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].tls.cert_errors = CERT_EXPIRED;
}

static void all_expired(struct domain *d)
{
    d->pr[0]->tls.cert_errors = d->pr[1]->tls.cert_errors = CERT_EXPIRED;
}

static void expired_and_limited(struct domain *d)
{
    one_limits(d);
    d->pr[0]->tls.cert_errors = CERT_EXPIRED;
}

static void second_family_unroutable(struct domain *d)
{
    domain_second_probe(d, 0, "2001:db8::1");
    d->pr[0][1].end = PROBE_NO_ROUTE;
}

static void only_unroutable(struct domain *d)
{
    d->pr[0]->end = d->pr[1]->end = PROBE_NO_ROUTE;
}

static void null_beside_others(struct domain *d)
{
    domain_mx_name(d, 1, ".");
}

static void weak_and_revoked(struct domain *d)
{
    d->pr[0]->tls.cert_errors = CERT_WEAK_KEY | CERT_REVOKED;
}

/* No certificate is at fault where the listed host is only closed. */
static void listed_refuses(struct domain *d)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
    d->pr[0]->end = PROBE_REFUSED;
}

static const struct expectation expectations[] = {
    {"healthy", healthy, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
    {"absent", absent, ADOPTION_ABSENT, VERDICT_NOT_APPLICABLE, NULL},
    {"servfail", servfail, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED, "sts_dns_servfail"},
    {"abandoned", abandoned, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED, NULL},
    {"two records", two_records, ADOPTION_BROKEN, VERDICT_UNPROTECTED, "sts_multiple"},
    {"dangling, sibling unknown", dangling_unknown, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED,
     NULL},
    {"dangling by wildcard", dangling_wildcard, ADOPTION_ABSENT, VERDICT_NOT_APPLICABLE, NULL},
    {"dangling, meant", dangling_meant, ADOPTION_BROKEN, VERDICT_UNPROTECTED, "sts_cname_dangling"},
    {"excluded", excluded, ADOPTION_EXCLUDED, VERDICT_NOT_APPLICABLE, NULL},
    {"invalid input", invalid_input, ADOPTION_INVALID_INPUT, VERDICT_NOT_APPLICABLE, NULL},
    {"--no-policy", no_policy, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED, NULL},
    {"404", not_found, ADOPTION_BROKEN, VERDICT_UNPROTECTED, "http_404"},
    {"429", limited, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED, "http_limited"},
    {"429 behind a bad certificate", limited_and_expired, ADOPTION_BROKEN, VERDICT_UNPROTECTED,
     "tls_cert_expired"},
    {"fetch abandoned", abandoned_fetch, ADOPTION_UNDETERMINED, VERDICT_UNDETERMINED, NULL},
    {"handshake broken, then abandoned", domain_half_tried, ADOPTION_UNDETERMINED,
     VERDICT_UNDETERMINED, NULL},
    {"mode none", mode_none, ADOPTION_NONE, VERDICT_OFF, NULL},
    {"mode testing", mode_testing, ADOPTION_TESTING, VERDICT_READY, NULL},
    {"mode bad", mode_bad, ADOPTION_BROKEN, VERDICT_UNPROTECTED, "pol_mode_bad"},
    {"null MX", null_mx, ADOPTION_ENFORCE, VERDICT_NOT_APPLICABLE, NULL},
    {"broken, null MX", broken_null_mx, ADOPTION_BROKEN, VERDICT_NOT_APPLICABLE, NULL},
    {"MX servfail", mx_servfail, ADOPTION_ENFORCE, VERDICT_UNDETERMINED, "mx_lookup_failed"},
    {"--no-probe", no_probe, ADOPTION_ENFORCE, VERDICT_UNDETERMINED, NULL},
    {"--no-probe, none listed", no_probe_unlisted, ADOPTION_ENFORCE, VERDICT_UNDELIVERABLE,
     "mx_mismatch_domain"},
    {"--no-probe, one listed", no_probe_half_listed, ADOPTION_ENFORCE, VERDICT_UNDETERMINED,
     "mx_mismatch_typo"},
    {"--no-probe, one listed, testing", no_probe_half_listed_testing, ADOPTION_TESTING,
     VERDICT_WOULD_BLOCK, "mx_mismatch_typo"},
    {"listed one refuses", listed_refuses, ADOPTION_ENFORCE, VERDICT_UNDELIVERABLE,
     "mx_mismatch_typo"},
    {"one refuses", one_refuses, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
    {"all refuse", all_refuse, ADOPTION_ENFORCE, VERDICT_UNDETERMINED, "smtp_timeout"},
    {"unlisted without address", one_without_address, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
    {"one limits", one_limits, ADOPTION_ENFORCE, VERDICT_UNDETERMINED, "smtp_blocked_vantage"},
    {"one expired", one_expired, ADOPTION_ENFORCE, VERDICT_DEGRADED, "mx_cert_expired"},
    {"one address expired", one_address_expired, ADOPTION_ENFORCE, VERDICT_DEGRADED,
     "mx_cert_expired"},
    {"all expired", all_expired, ADOPTION_ENFORCE, VERDICT_UNDELIVERABLE, "mx_cert_expired"},
    {"expired and limited", expired_and_limited, ADOPTION_ENFORCE, VERDICT_UNDETERMINED,
     "mx_cert_expired"},
    {"IPv6 unroutable", second_family_unroutable, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
    {"all unroutable", only_unroutable, ADOPTION_ENFORCE, VERDICT_UNDETERMINED, "smtp_unroutable"},
    {"null MX beside others", null_beside_others, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
    {"weak and revoked", weak_and_revoked, ADOPTION_ENFORCE, VERDICT_PROTECTED, NULL},
};

static void test_expectations(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const struct expectation *want = &expectations[i];
        struct domain d;
        domain_make(&d);
        want->spoil(&d);
        domain_judge(&d);
        const char *cause =
            d.j.cause >= 0 ? finding_row((enum finding_code)d.j.cause)->code : "null";
        if (d.j.adoption != want->adoption || d.j.verdict != want->verdict ||
            strcmp(cause, want->cause ? want->cause : "null") != 0) {
            print_error("%s: %s, %s, %s\n", want->what, adoption_name(d.j.adoption),
                        verdict_name(d.j.verdict), cause);
            wrong++;
        }
        domain_free(&d);
    }
    assert_int_equal(wrong, 0);
}

/* No alarm on a healthy domain. */
static void test_healthy_has_no_alarm(void **state)
{
    (void)state;
    struct domain d;
    domain_make(&d);
    domain_judge(&d);
    for (size_t i = 0; i < d.j.findings.n; i++) {
        enum effect effect = finding_row(d.j.findings.v[i].code)->effect;
        assert_true(effect == EFFECT_INFO || effect == EFFECT_STATE || effect == EFFECT_WEAK);
    }
    assert_int_equal(d.j.record_status, COMPONENT_FOUND);
    assert_int_equal(d.j.policy_status, COMPONENT_VALID);
    assert_int_equal(d.j.mx_status, COMPONENT_FOUND);
    assert_int_equal(d.j.tlsrpt_status, COMPONENT_FOUND);
    assert_string_equal(d.j.mx[0].matched_by, "mx1.example.com");
    assert_string_equal(d.j.mx[0].provider, "example.com");
    domain_free(&d);
}

static void test_adopter_counts(void **state)
{
    (void)state;
    uint64_t count[ADOPTION_COUNT];
    for (int a = 0; a < ADOPTION_COUNT; a++)
        count[a] = UINT64_C(1) << a;
    uint64_t adopters = count[ADOPTION_BROKEN] | count[ADOPTION_NONE] | count[ADOPTION_TESTING] |
                        count[ADOPTION_ENFORCE];
    assert_int_equal(adoption_adopters(count), adopters);
    assert_false(adoption_is_adopter(ADOPTION_UNDETERMINED));
}

static const char *exchange(void (*spoil)(struct domain *))
{
    static const char *codes[] = {"5.4.8", "5.7.5"};
    struct domain d;
    domain_make(&d);
    spoil(&d);
    domain_judge(&d);
    const char *is = d.j.exchange_online;
    const char *known = !is ? "null" : strcmp(is, codes[0]) == 0 ? codes[0] : codes[1];
    domain_free(&d);
    return known;
}

static void no_starttls(struct domain *d)
{
    d->pr[0]->end = d->pr[1]->end = PROBE_NO_STARTTLS;
}

static void test_exchange_online(void **state)
{
    (void)state;
    assert_string_equal(exchange(healthy), "null");
    assert_string_equal(exchange(no_probe_unlisted), "5.4.8");
    assert_string_equal(exchange(all_expired), "5.7.5");
    assert_string_equal(exchange(no_starttls), "5.7.5");
    assert_string_equal(exchange(one_expired), "null");
    assert_string_equal(exchange(listed_refuses), "null");
    assert_string_equal(exchange(mode_testing), "null");
}

static void test_adopters(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct domain *);
        bool adopter;
    } cases[] = {{healthy, true},          {two_records, true},        {absent, false},
                 {dangling_meant, true},   {dangling_wildcard, false}, {servfail, false},
                 {dangling_unknown, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct domain d;
        domain_make(&d);
        cases[i].spoil(&d);
        assert_int_equal(evidence_is_adopter(&d.ctx, &d.e), cases[i].adopter);
        d.e.adopter_in_baseline = true;
        assert_true(evidence_is_adopter(&d.ctx, &d.e));
        domain_free(&d);
    }
}

/* Without tables judgement still works and leaves out the rows that need them. */
static void test_without_tables(void **state)
{
    (void)state;
    struct domain d;
    domain_make(&d);
    d.ctx = (struct judge){NULL, NULL};
    domain_policy_mx(&d, "mail.provider.org", NULL);
    domain_judge(&d);
    assert_int_equal(d.j.verdict, VERDICT_UNDELIVERABLE);
    assert_false(findings_has(&d.j.findings, FC_mx_mismatch_domain));
    assert_null(d.j.mx[0].provider);
    domain_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expectations),   cmocka_unit_test(test_healthy_has_no_alarm),
        cmocka_unit_test(test_adopter_counts), cmocka_unit_test(test_exchange_online),
        cmocka_unit_test(test_adopters),       cmocka_unit_test(test_without_tables),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
