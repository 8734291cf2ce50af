/* classify_mx_tls: each code appears when its condition holds, and not in the nearest case where it
 * does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void handshake(struct domain *d, int alert)
{
    d->pr[0]->end = PROBE_TLS_FAILED;
    d->pr[0]->tls = (struct tls_facts){.end = TLS_END_ALERT, .alert = alert};
}

static struct tls_facts *no_sni(struct domain *d)
{
    d->pr[0]->no_sni_tried = true;
    d->pr[0]->tls_no_sni = d->pr[0]->tls;
    return &d->pr[0]->tls_no_sni;
}

HOLDS(smtp_refused)
{
    d->pr[0]->end = PROBE_REFUSED;
}

NEAR(smtp_refused)
{
    d->pr[0]->end = PROBE_REFUSED;
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].end = PROBE_OK;
}

HOLDS(smtp_timeout)
{
    d->pr[0]->end = PROBE_TIMEOUT;
}

NEAR(smtp_timeout)
{
    d->pr[0]->end = PROBE_REFUSED;
}

HOLDS(smtp_unroutable)
{
    d->pr[0]->end = PROBE_NO_ROUTE;
}

NEAR(smtp_unroutable)
{
    domain_second_probe(d, 0, "2001:db8::1");
    d->pr[0][1].end = PROBE_NO_ROUTE;
}

HOLDS(smtp_nolisting)
{
    d->pr[0]->end = PROBE_REFUSED;
    d->pr[0]->conn = CONN_REFUSED;
}

NEAR(smtp_nolisting)
{
    d->pr[1]->end = PROBE_REFUSED;
    d->pr[1]->conn = CONN_REFUSED;
}

HOLDS(smtp_blocked_vantage)
{
    d->pr[0]->end = PROBE_LIMITED;
}

NEAR(smtp_blocked_vantage)
{
    d->pr[0]->end = PROBE_PROTOCOL_ERROR;
}

HOLDS(smtp_ehlo_failed)
{
    d->pr[0]->end = PROBE_PROTOCOL_ERROR;
}

NEAR(smtp_ehlo_failed)
{
    d->pr[0]->end = PROBE_LIMITED;
}

HOLDS(starttls_missing)
{
    d->pr[0]->end = PROBE_NO_STARTTLS;
}

NEAR(starttls_missing)
{
    d->pr[0]->end = PROBE_STARTTLS_REFUSED;
}

HOLDS(starttls_refused)
{
    d->pr[0]->end = PROBE_STARTTLS_REFUSED;
}

NEAR(starttls_refused)
{
    d->pr[0]->end = PROBE_NO_STARTTLS;
}

HOLDS(starttls_handshake)
{
    handshake(d, 40);
}

NEAR(starttls_handshake)
{
    handshake(d, TLS_ALERT_PROTOCOL_VERSION);
}

HOLDS(mx_tls_version_low)
{
    handshake(d, TLS_ALERT_PROTOCOL_VERSION);
}

NEAR(mx_tls_version_low)
{
    d->pr[0]->tls.version = 0x0303;
}

HOLDS(mx_cert_name)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
}

NEAR(mx_cert_name)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
    d->pr[0]->tls.covers = COVERS_POLICY_DOMAIN;
}

HOLDS(mx_cert_cn_only)
{
    d->pr[0]->tls.name = NAME_MATCH_CN_ONLY;
}

NEAR(mx_cert_cn_only)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
}

HOLDS(mx_cert_domain_only)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
    d->pr[0]->tls.covers = COVERS_POLICY_PATTERN;
}

NEAR(mx_cert_domain_only)
{
    d->pr[0]->tls.covers = COVERS_POLICY_DOMAIN;
}

HOLDS(mx_cert_expired)
{
    d->pr[0]->tls.cert_errors = CERT_EXPIRED;
}

NEAR(mx_cert_expired)
{
    d->pr[0]->tls.not_after_s = DOMAIN_NOW_S + 1;
}

HOLDS(mx_cert_future)
{
    d->pr[0]->tls.cert_errors = CERT_NOT_YET_VALID;
}

NEAR(mx_cert_future)
{
    d->pr[0]->tls.cert_errors = CERT_EXPIRED;
}

HOLDS(mx_cert_self_signed)
{
    d->pr[0]->tls.cert_errors = CERT_SELF_SIGNED;
}

NEAR(mx_cert_self_signed)
{
    d->pr[0]->tls.cert_errors = CERT_UNTRUSTED;
}

HOLDS(mx_cert_untrusted)
{
    d->pr[0]->tls.cert_errors = CERT_INVALID_OTHER;
}

NEAR(mx_cert_untrusted)
{
    d->pr[0]->tls.cert_errors = CERT_INCOMPLETE_CHAIN;
}

HOLDS(mx_chain_incomplete)
{
    d->pr[0]->tls.cert_errors = CERT_INCOMPLETE_CHAIN;
}

NEAR(mx_chain_incomplete)
{
    d->pr[0]->tls.cert_errors = CERT_UNTRUSTED;
}

HOLDS(mx_cert_wildcard_bad)
{
    d->pr[0]->tls.name = NAME_MATCH_WILDCARD_BAD;
}

NEAR(mx_cert_wildcard_bad)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
}

HOLDS(mx_cert_revoked)
{
    d->pr[0]->tls.cert_errors = CERT_REVOKED;
}

NEAR(mx_cert_revoked)
{
    (void)d;
}

HOLDS(mx_cert_expiring)
{
    d->pr[0]->tls.not_after_s = DOMAIN_NOW_S + 14 * 86400;
}

NEAR(mx_cert_expiring)
{
    d->pr[0]->tls.not_after_s = DOMAIN_NOW_S + 14 * 86400 + 1;
}

HOLDS(mx_cert_weak)
{
    d->pr[0]->tls.cert_errors = CERT_WEAK_KEY;
}

NEAR(mx_cert_weak)
{
    (void)d;
}

HOLDS(mx_sni_dependent)
{
    no_sni(d)->cert_sha256 = "bbbb";
    d->pr[0]->tls_no_sni.name = NAME_MATCH_NONE;
}

NEAR(mx_sni_dependent)
{
    no_sni(d)->cert_sha256 = "bbbb";
}

HOLDS(mx_sni_enforced)
{
    no_sni(d)->end = TLS_END_ALERT;
}

/* Silence aborts nothing: the host, or the way to it, may have been slow that once. */
NEAR(mx_sni_enforced)
{
    no_sni(d)->end = TLS_END_TIMEOUT;
}

HOLDS(mx_ip_disagree)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].tls.cert_sha256 = "bbbb";
}

NEAR(mx_ip_disagree)
{
    domain_second_probe(d, 0, "192.0.2.99");
}

HOLDS(mx_v6_disagree)
{
    domain_second_probe(d, 0, "2001:db8::1");
    d->pr[0][1].end = PROBE_TIMEOUT;
}

NEAR(mx_v6_disagree)
{
    domain_second_probe(d, 0, "2001:db8::1");
    d->pr[0][1].end = PROBE_NO_ROUTE;
}

HOLDS(mx_all_invalid)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
    d->pr[1]->tls.cert_errors = CERT_EXPIRED;
}

NEAR(mx_all_invalid)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
}

HOLDS(mx_some_invalid)
{
    d->pr[0]->tls.name = NAME_MATCH_NONE;
}

NEAR(mx_some_invalid)
{
    d->pr[0]->end = PROBE_NO_STARTTLS;
}

static const struct code_case cases[] = {
    CODE_CASE(smtp_refused),         CODE_CASE(smtp_timeout),
    CODE_CASE(smtp_unroutable),      CODE_CASE(smtp_nolisting),
    CODE_CASE(smtp_blocked_vantage), CODE_CASE(smtp_ehlo_failed),
    CODE_CASE(starttls_missing),     CODE_CASE(starttls_refused),
    CODE_CASE(starttls_handshake),   CODE_CASE(mx_tls_version_low),
    CODE_CASE(mx_cert_name),         CODE_CASE(mx_cert_cn_only),
    CODE_CASE(mx_cert_domain_only),  CODE_CASE(mx_cert_expired),
    CODE_CASE(mx_cert_future),       CODE_CASE(mx_cert_self_signed),
    CODE_CASE(mx_cert_untrusted),    CODE_CASE(mx_chain_incomplete),
    CODE_CASE(mx_cert_wildcard_bad), CODE_CASE(mx_cert_revoked),
    CODE_CASE(mx_cert_expiring),     CODE_CASE(mx_cert_weak),
    CODE_CASE(mx_sni_dependent),     CODE_CASE(mx_sni_enforced),
    CODE_CASE(mx_ip_disagree),       CODE_CASE(mx_v6_disagree),
    CODE_CASE(mx_all_invalid),       CODE_CASE(mx_some_invalid),
};

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

/* As at the policy host: agreed on, refused by alert, or, as SSL 3.0, refused by our own side. */
static void test_version_low(void **state)
{
    static const struct {
        struct tls_facts tls;
        enum finding_code want;
    } c[] = {
        {{.end = TLS_END_ALERT, .alert = TLS_ALERT_PROTOCOL_VERSION}, FC_mx_tls_version_low},
        {{.end = TLS_END_FAILED, .alert = -1, .version = 0x0300}, FC_mx_tls_version_low},
        {{.end = TLS_END_FAILED, .alert = -1}, FC_starttls_handshake},
        {{.end = TLS_END_CLOSED, .alert = -1}, FC_starttls_handshake},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct domain d;
        domain_make(&d);
        d.pr[0]->end = PROBE_TLS_FAILED;
        d.pr[0]->tls = c[i].tls;
        domain_judge(&d);
        for (size_t k = 0; k < sizeof c / sizeof *c; k++)
            if (findings_has(&d.j.findings, c[k].want) != (c[k].want == c[i].want))
                fail_msg("%zu: %s", i, finding_row(c[k].want)->code);
        domain_free(&d);
    }
}

/* A server may choose its certificate by the name that it is asked with: an answer to another MX
 * name is no word on this one's. */
static void test_asked_alike(void **state)
{
    static const char other[] = "mx.other.example", same[] = "mx.other.example";
    static const struct {
        const char *sni[2];
        bool disagree;
    } c[] = {
        {{NULL, NULL}, true},
        {{NULL, other}, false},
        {{other, NULL}, false},
        {{other, same}, true},
        {{other, "mx.third.example"}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct domain d;
        domain_make(&d);
        domain_second_probe(&d, 0, "192.0.2.99");
        d.pr[0][0].sni = c[i].sni[0];
        d.pr[0][1].sni = c[i].sni[1];
        d.pr[0][1].tls.cert_sha256 = "bbbb";
        domain_judge(&d);
        assert_int_equal(findings_has(&d.j.findings, FC_mx_ip_disagree), c[i].disagree);
        domain_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes),
                                       cmocka_unit_test(test_asked_alike),
                                       cmocka_unit_test(test_version_low)};
    return cmocka_run_group_tests_name("classify_mx_tls", tests, NULL, NULL);
}
