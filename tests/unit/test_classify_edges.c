/* Conditions of findings that one pair of cases (CODE_CASE) does not show: what several records,
 * addresses or hosts make of them, and which of their parts is enough by itself. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- DNS ------------------------------------------------------------------------------------- */

static void sibling_txt(struct domain *d, const char *first, const char *second)
{
    d->e.sts_sibling.label = "random.example.com";
    domain_txt(d, &d->e.sts_sibling.txt, first, second, NULL);
}

static void wildcard_behind_other_records(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=spf1 -all", "v=STSv1; id=1;", NULL);
    sibling_txt(d, "v=spf1 -all", "v=STSv1; id=1;");
}

static void wildcard_of_other_records(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=spf1 -all", "v=STSv1; id=1;", NULL);
    sibling_txt(d, "v=spf1 -all", NULL);
}

static void views(struct domain *d, const char *a, const char *b, const char *other_a,
                  const char *other_b)
{
    d->e.ns = arena_array(&d->e.arena, 3, sizeof *d->e.ns);
    d->e.n_ns = 3;
    for (size_t i = 0; i < d->e.n_ns; i++)
        d->e.ns[i].server = "ns.example.com";
    d->e.ns[0].txt.dns.status = LOOKUP_TIMEOUT;
    domain_txt(d, &d->e.ns[1].txt, a, b, NULL);
    domain_txt(d, &d->e.ns[2].txt, other_a, other_b, NULL);
}

static void views_in_another_order(struct domain *d)
{
    views(d, "v=STSv1; id=1;", "x", "x", "v=STSv1; id=1;");
}

static void views_with_one_record_twice(struct domain *d)
{
    views(d, "x", "v=STSv1; id=1;", "x", "x");
}

static void views_of_which_one_has_more(struct domain *d)
{
    views(d, "v=STSv1; id=1;", NULL, "v=STSv1; id=1;", "x");
}

/* ---- the policy host ------------------------------------------------------------------------- */

static void siblings(struct domain *d, const char *cname, const char *sibling_cname)
{
    struct addr_facts *own = &d->e.policy.addrs, *sibling = &d->e.policy.sibling;
    domain_addr(d, sibling, "192.0.2.1", "");
    if (cname)
        domain_chain(d, &own->v4, cname);
    if (sibling_cname)
        domain_chain(d, &sibling->v4, sibling_cname);
}

static void sibling_with_same_address(struct domain *d)
{
    siblings(d, NULL, NULL);
}

static void sibling_with_one_address_more(struct domain *d)
{
    siblings(d, NULL, NULL);
    domain_addr(d, &d->e.policy.sibling, "192.0.2.1", "2001:db8::1");
}

static void sibling_with_same_cname(struct domain *d)
{
    domain_addr(d, &d->e.policy.addrs, "192.0.2.77", "");
    siblings(d, "www.example.net", "WWW.example.net");
}

static void sibling_with_other_cname(struct domain *d)
{
    siblings(d, "a.example.net", "b.example.net");
}

static void sibling_without_cname(struct domain *d)
{
    siblings(d, "a.example.net", NULL);
}

static void sibling_dangling_alike(struct domain *d)
{
    siblings(d, "www.example.net", "www.example.net");
    d->e.policy.sibling.n = 0;
}

static struct fetch_facts *try_at(struct domain *d, size_t i, const char *cert, const char *body)
{
    struct fetch_facts *f = &d->e.policy.fetch[i];
    *f = d->f[0];
    f->ip = domain_ip(i == 0 ? "192.0.2.1" : "192.0.2.2");
    f->tls.cert_sha256 = cert;
    f->http.body = slice_of(body);
    d->e.policy.n_fetch = i + 1;
    return f;
}

static const char body[] = "version: STSv1\nmode: none\nmax_age: 86400\n";
static const char other_body[] = "version: STSv1\nmode: none\nmax_age: 86401\n";

static void tries_that_agree(struct domain *d)
{
    try_at(d, 0, "aaaa", body);
    try_at(d, 1, "aaaa", body);
}

static void tries_with_other_certificates(struct domain *d)
{
    try_at(d, 0, "aaaa", body);
    try_at(d, 1, "bbbb", body);
}

static void tries_with_other_policies(struct domain *d)
{
    try_at(d, 0, "aaaa", body);
    try_at(d, 1, "aaaa", other_body);
}

static void other_body_of_an_error(struct domain *d)
{
    try_at(d, 0, "aaaa", body);
    try_at(d, 1, "aaaa", other_body)->http.status = 500;
}

static void delegated(struct domain *d)
{
    domain_chain(d, &d->e.policy.addrs.v4, "x.mta-sts.hoster.example");
}

static void delegated_blank(struct domain *d)
{
    delegated(d);
    domain_body(d, " \r\n");
}

static void delegated_cut(struct domain *d)
{
    delegated_blank(d);
    d->f->http.end = HTTP_END_TRUNCATED;
}

static void delegated_expired(struct domain *d)
{
    delegated(d);
    d->f->tls.cert_errors = CERT_EXPIRED;
}

static void delegated_version_alert(struct domain *d)
{
    delegated(d);
    d->f->tls = (struct tls_facts){.end = TLS_END_ALERT, .alert = TLS_ALERT_PROTOCOL_VERSION};
    d->f->http = (struct http_facts){.end = HTTP_END_NONE};
}

static void accept_set_expired(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=a-b;", NULL);
    d->f->tls.cert_errors = CERT_EXPIRED;
}

static void accept_set_cut(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=a-b;", NULL);
    d->f->http.end = HTTP_END_TRUNCATED;
}

/* ---- MX hosts -------------------------------------------------------------------------------- */

static void exchange(struct domain *d, const char *host)
{
    domain_mx_name(d, 0, host);
    d->e.mx.n = 1;
    domain_policy_mx(d, "*.mail.protection.outlook.com", NULL);
}

static void exchange_v1(struct domain *d)
{
    exchange(d, "tenant.H-v1.mx.microsoft");
}

static void exchange_v1_long_label(struct domain *d)
{
    exchange(d, "tenant.hh-v1.mx.microsoft");
}

static void exchange_label_of_four(struct domain *d)
{
    exchange(d, "tenant.abcd.mx.microsoft");
}

static void exchange_elsewhere(struct domain *d)
{
    exchange(d, "tenant.h-v1.mx.example.net");
}

static void split_but_for_the_second(struct domain *d)
{
    delegated(d);
    domain_mx_name(d, 1, "mx.hoster.example");
}

static void split_behind_one_without_address(struct domain *d)
{
    delegated(d);
    domain_addr(d, &d->mx[0]->addrs, "", "");
    d->mx[0]->n_probe = 0;
}

static void two_providers(struct domain *d, const char *first, const char *second)
{
    domain_mx_name(d, 0, first);
    domain_mx_name(d, 1, second);
    domain_policy_mx(d, "*.tenants.example", NULL);
}

static void migrated_both(struct domain *d)
{
    two_providers(d, "a.fixed.example", "b.fixed.example");
}

static void migrated_first(struct domain *d)
{
    two_providers(d, "a.fixed.example", "mx.hoster.example");
}

static void migrated_second(struct domain *d)
{
    two_providers(d, "mx.example.net", "a.fixed.example");
}

static void blocklisted(struct domain *d)
{
    d->pr[0]->end = PROBE_BLOCKED;
    d->pr[0]->conn = CONN_BLOCKLISTED;
}

static void special_purpose(struct domain *d)
{
    d->pr[0]->end = PROBE_BLOCKED;
    d->pr[0]->conn = CONN_BLOCKED;
}

static void refuses(struct domain *d, size_t i)
{
    d->pr[i]->end = PROBE_REFUSED;
    d->pr[i]->conn = CONN_REFUSED;
}

static void first_refuses(struct domain *d)
{
    refuses(d, 0);
}

static void both_refuse(struct domain *d)
{
    refuses(d, 0);
    refuses(d, 1);
}

/* The host that is open has the preference of the closed one. */
static void one_of_equals_refuses(struct domain *d)
{
    refuses(d, 0);
    d->mx[0]->preference = d->mx[1]->preference = UINT16_MAX;
}

static void null_before_nolisting(struct domain *d)
{
    struct mx_host *h = d->e.mx.host;
    refuses(d, 0);
    h[2] = h[1];
    h[1] = h[0];
    mx_host_init(&h[0]);
    h[0].name = ".";
    d->e.mx.n = 3;
}

static void other_cert_for_other_sni(struct domain *d)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][0].sni = "mx1.example.com";
    d->pr[0][1].sni = "mail.example.com";
    d->pr[0][1].tls.cert_sha256 = "bbbb";
}

static void other_cert_for_same_sni(struct domain *d)
{
    other_cert_for_other_sni(d);
    d->pr[0][1].sni = "mx1.example.com";
}

/* ---- the table ------------------------------------------------------------------------------- */

#define EDGE(code, appears, spoil)        \
    {                                     \
        FC_##code, appears, spoil, #spoil \
    }

static const struct {
    enum finding_code code;
    bool appears;
    void (*spoil)(struct domain *);
    const char *what;
} edges[] = {
    EDGE(sts_wildcard_txt, true, wildcard_behind_other_records),
    EDGE(sts_wildcard_txt, false, wildcard_of_other_records),
    EDGE(sts_ns_inconsistent, false, views_in_another_order),
    EDGE(sts_ns_inconsistent, true, views_with_one_record_twice),
    EDGE(sts_ns_inconsistent, true, views_of_which_one_has_more),
    EDGE(host_wildcard_dns, true, sibling_with_same_address),
    EDGE(host_wildcard_dns, false, sibling_with_one_address_more),
    EDGE(host_wildcard_dns, true, sibling_with_same_cname),
    EDGE(host_wildcard_dns, false, sibling_with_other_cname),
    EDGE(host_wildcard_dns, false, sibling_without_cname),
    EDGE(host_wildcard_dns, false, sibling_dangling_alike),
    EDGE(host_addr_disagree, false, tries_that_agree),
    EDGE(host_addr_disagree, true, tries_with_other_certificates),
    EDGE(host_addr_disagree, true, tries_with_other_policies),
    EDGE(host_addr_disagree, false, other_body_of_an_error),
    EDGE(host_unclaimed_at_provider, false, delegated),
    EDGE(host_unclaimed_at_provider, true, delegated_blank),
    EDGE(host_unclaimed_at_provider, false, delegated_cut),
    EDGE(host_unclaimed_at_provider, true, delegated_expired),
    EDGE(host_unclaimed_at_provider, false, delegated_version_alert),
    EDGE(pol_accept_set, false, accept_set_expired),
    EDGE(pol_accept_set, false, accept_set_cut),
    EDGE(mx_exchange_v1_missing, true, exchange_v1),
    EDGE(mx_exchange_v1_missing, false, exchange_v1_long_label),
    EDGE(mx_exchange_v1_missing, false, exchange_label_of_four),
    EDGE(mx_exchange_v1_missing, false, exchange_elsewhere),
    EDGE(mx_provider_split, false, split_but_for_the_second),
    EDGE(mx_provider_split, true, split_behind_one_without_address),
    EDGE(mx_provider_migrated, true, migrated_both),
    EDGE(mx_provider_migrated, false, migrated_first),
    EDGE(mx_provider_migrated, false, migrated_second),
    EDGE(smtp_unroutable, true, blocklisted),
    EDGE(smtp_unroutable, false, special_purpose),
    EDGE(smtp_nolisting, true, first_refuses),
    EDGE(smtp_nolisting, false, both_refuse),
    EDGE(smtp_nolisting, false, one_of_equals_refuses),
    EDGE(smtp_nolisting, true, null_before_nolisting),
    EDGE(mx_ip_disagree, false, other_cert_for_other_sni),
    EDGE(mx_ip_disagree, true, other_cert_for_same_sni),
};

static void test_edges(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct domain d;
        domain_make(&d);
        edges[i].spoil(&d);
        domain_judge(&d);
        if (findings_has(&d.j.findings, edges[i].code) != edges[i].appears) {
            print_error("%s, %s: %s\n", edges[i].what, finding_row(edges[i].code)->code,
                        edges[i].appears ? "missing" : "found");
            wrong++;
        }
        domain_free(&d);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests_name("classify_edges", tests, NULL, NULL);
}
