/* classify_policy_host: each code appears when its condition holds, and not in the nearest case
 * where it does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void no_host(struct domain *d)
{
    domain_addr(d, &d->e.policy.addrs, "", "");
    d->e.policy.n_fetch = 0;
    d->e.policy.chosen = -1;
}

static void end(struct domain *d, enum tls_end how)
{
    d->f->tls = (struct tls_facts){.end = how, .alert = -1};
    d->f->http = (struct http_facts){.end = HTTP_END_NONE};
}

static void alert(struct domain *d, int description)
{
    end(d, TLS_END_ALERT);
    d->f->tls.alert = description;
}

static void delegate(struct domain *d)
{
    domain_chain(d, &d->e.policy.addrs.v4, "x.mta-sts.hoster.example");
}

/* A try at a second address, as good as the first. */
static struct fetch_facts *second(struct domain *d, const char *ip)
{
    d->f[1] = d->f[0];
    d->f[1].ip = domain_ip(ip);
    d->e.policy.n_fetch = 2;
    return &d->f[1];
}

HOLDS(host_absent)
{
    no_host(d);
}

NEAR(host_absent)
{
    no_host(d);
    domain_txt(d, &d->e.sts, "v=STSv1;", NULL);
}

HOLDS(host_dns_error)
{
    no_host(d);
    d->e.policy.addrs.v4.status = LOOKUP_SERVFAIL;
}

NEAR(host_dns_error)
{
    no_host(d);
    d->e.policy.addrs.v4.status = LOOKUP_ABANDONED;
}

HOLDS(host_unroutable)
{
    d->f->conn = CONN_NO_ROUTE;
}

NEAR(host_unroutable)
{
    d->f->conn = CONN_NO_ROUTE;
    second(d, "2001:db8::1")->conn = CONN_REFUSED;
    d->e.policy.chosen = -1;
}

HOLDS(host_cname_dangling)
{
    no_host(d);
    domain_chain(d, &d->e.policy.addrs.v4, "gone.example.net");
}

NEAR(host_cname_dangling)
{
    no_host(d);
}

HOLDS(host_takeover_risk)
{
    no_host(d);
    domain_chain(d, &d->e.policy.addrs.v4, "gone.pages.example");
}

NEAR(host_takeover_risk)
{
    no_host(d);
    domain_chain(d, &d->e.policy.addrs.v4, "gone.example.net");
}

HOLDS(host_wildcard_dns)
{
    domain_addr(d, &d->e.policy.sibling, "192.0.2.1", "");
}

NEAR(host_wildcard_dns)
{
    domain_addr(d, &d->e.policy.sibling, "192.0.2.2", "");
}

HOLDS(host_address_private)
{
    d->f->conn = CONN_BLOCKED;
}

NEAR(host_address_private)
{
    d->f->conn = CONN_BLOCKLISTED;
}

HOLDS(host_unclaimed_at_provider)
{
    delegate(d);
    alert(d, 112);
}

NEAR(host_unclaimed_at_provider)
{
    alert(d, 112);
}

HOLDS(host_tcp_refused)
{
    d->f->conn = CONN_REFUSED;
}

NEAR(host_tcp_refused)
{
    d->f->conn = CONN_REFUSED;
    second(d, "2001:db8::1")->conn = CONN_TIMEOUT;
    d->e.policy.chosen = -1;
}

HOLDS(host_tcp_timeout)
{
    d->f->conn = CONN_UNREACHABLE;
}

NEAR(host_tcp_timeout)
{
    d->f->conn = CONN_ABANDONED;
}

HOLDS(host_v6_broken)
{
    second(d, "2001:db8::1")->conn = CONN_TIMEOUT;
}

NEAR(host_v6_broken)
{
    second(d, "2001:db8::1")->conn = CONN_NO_ROUTE;
}

HOLDS(host_addr_disagree)
{
    second(d, "192.0.2.9")->tls.cert_sha256 = "bbbb";
}

NEAR(host_addr_disagree)
{
    second(d, "192.0.2.9");
}

HOLDS(tls_handshake_alert)
{
    alert(d, 112);
}

NEAR(tls_handshake_alert)
{
    alert(d, TLS_ALERT_PROTOCOL_VERSION);
}

HOLDS(tls_not_spoken)
{
    end(d, TLS_END_NOT_TLS);
}

NEAR(tls_not_spoken)
{
    end(d, TLS_END_CLOSED);
}

HOLDS(tls_handshake_failed)
{
    end(d, TLS_END_TIMEOUT);
}

NEAR(tls_handshake_failed)
{
    alert(d, 40);
}

HOLDS(tls_version_low)
{
    d->f->tls.version = 0x0302;
}

NEAR(tls_version_low)
{
    d->f->tls.version = 0x0303;
}

HOLDS(tls_cert_name)
{
    d->f->tls.name = NAME_MATCH_NONE;
}

NEAR(tls_cert_name)
{
    d->f->tls.name = NAME_MATCH_NONE;
    d->f->tls.covers = COVERS_APEX;
}

HOLDS(tls_cert_provider_name)
{
    d->f->tls.name = NAME_MATCH_NONE;
    d->f->tls.covers = COVERS_CNAME_TARGET;
}

NEAR(tls_cert_provider_name)
{
    d->f->tls.covers = COVERS_CNAME_TARGET;
}

HOLDS(tls_cert_apex_only)
{
    d->f->tls.name = NAME_MATCH_NONE;
    d->f->tls.covers = COVERS_APEX;
}

NEAR(tls_cert_apex_only)
{
    d->f->tls.covers = COVERS_APEX;
}

HOLDS(tls_cert_cn_only)
{
    d->f->tls.name = NAME_MATCH_CN_ONLY;
}

NEAR(tls_cert_cn_only)
{
    d->f->tls.name = NAME_MATCH_NONE;
}

HOLDS(tls_cert_wildcard_bad)
{
    d->f->tls.name = NAME_MATCH_WILDCARD_BAD;
}

NEAR(tls_cert_wildcard_bad)
{
    d->f->tls.name = NAME_MATCH_NONE;
}

HOLDS(tls_cert_expired)
{
    d->f->tls.cert_errors = CERT_EXPIRED;
}

NEAR(tls_cert_expired)
{
    d->f->tls.not_after_s = DOMAIN_NOW_S + 1;
}

HOLDS(tls_cert_future)
{
    d->f->tls.cert_errors = CERT_NOT_YET_VALID;
}

NEAR(tls_cert_future)
{
    d->f->tls.cert_errors = CERT_EXPIRED;
}

HOLDS(tls_cert_self_signed)
{
    d->f->tls.cert_errors = CERT_SELF_SIGNED;
}

NEAR(tls_cert_self_signed)
{
    d->f->tls.cert_errors = CERT_UNTRUSTED;
}

HOLDS(tls_cert_untrusted)
{
    d->f->tls.cert_errors = CERT_UNTRUSTED;
}

NEAR(tls_cert_untrusted)
{
    d->f->tls.cert_errors = CERT_INCOMPLETE_CHAIN;
}

HOLDS(tls_chain_incomplete)
{
    d->f->tls.cert_errors = CERT_INCOMPLETE_CHAIN;
}

NEAR(tls_chain_incomplete)
{
    d->f->tls.cert_errors = CERT_UNTRUSTED;
}

HOLDS(tls_cert_revoked)
{
    d->f->tls.cert_errors = CERT_REVOKED;
}

NEAR(tls_cert_revoked)
{
    (void)d;
}

HOLDS(tls_cert_expiring)
{
    d->f->tls.not_after_s = DOMAIN_NOW_S + 14 * 86400;
}

NEAR(tls_cert_expiring)
{
    d->f->tls.not_after_s = DOMAIN_NOW_S + 14 * 86400 + 1;
}

static const struct code_case cases[] = {
    CODE_CASE(host_absent),           CODE_CASE(host_dns_error),
    CODE_CASE(host_unroutable),       CODE_CASE(host_cname_dangling),
    CODE_CASE(host_takeover_risk),    CODE_CASE(host_wildcard_dns),
    CODE_CASE(host_address_private),  CODE_CASE(host_unclaimed_at_provider),
    CODE_CASE(host_tcp_refused),      CODE_CASE(host_tcp_timeout),
    CODE_CASE(host_v6_broken),        CODE_CASE(host_addr_disagree),
    CODE_CASE(tls_handshake_alert),   CODE_CASE(tls_not_spoken),
    CODE_CASE(tls_handshake_failed),  CODE_CASE(tls_version_low),
    CODE_CASE(tls_cert_name),         CODE_CASE(tls_cert_provider_name),
    CODE_CASE(tls_cert_apex_only),    CODE_CASE(tls_cert_cn_only),
    CODE_CASE(tls_cert_wildcard_bad), CODE_CASE(tls_cert_expired),
    CODE_CASE(tls_cert_future),       CODE_CASE(tls_cert_self_signed),
    CODE_CASE(tls_cert_untrusted),    CODE_CASE(tls_chain_incomplete),
    CODE_CASE(tls_cert_revoked),      CODE_CASE(tls_cert_expiring),
};

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

/* TLS 1.1 or lower is agreed on, refused to us by alert, or, as SSL 3.0, refused by us. */
static void test_version_low(void **state)
{
    static const struct {
        struct tls_facts tls;
        enum finding_code want;
    } c[] = {
        {{.end = TLS_END_ALERT, .alert = TLS_ALERT_PROTOCOL_VERSION}, FC_tls_version_low},
        {{.end = TLS_END_FAILED, .alert = -1, .version = 0x0300}, FC_tls_version_low},
        {{.end = TLS_END_FAILED, .alert = -1}, FC_tls_handshake_failed},
        {{.end = TLS_END_CLOSED, .alert = -1}, FC_tls_handshake_failed},
        {{.end = TLS_END_ALERT, .alert = 40}, FC_tls_handshake_alert},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct domain d;
        domain_make(&d);
        d.f->tls = c[i].tls;
        d.f->http = (struct http_facts){.end = HTTP_END_NONE};
        domain_judge(&d);
        for (size_t k = 0; k < sizeof c / sizeof *c; k++)
            if (findings_has(&d.j.findings, c[k].want) != (c[k].want == c[i].want))
                fail_msg("%zu: %s", i, finding_row(c[k].want)->code);
        assert_int_equal(tls_facts_version_low(&c[i].tls), c[i].want == FC_tls_version_low);
        domain_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes),
                                       cmocka_unit_test(test_version_low)};
    return cmocka_run_group_tests_name("classify_policy_host", tests, NULL, NULL);
}
