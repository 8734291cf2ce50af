/* What findings say of their target and in their detail, where it is more than a fixed word. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void host_servfail(struct domain *d)
{
    domain_addr(d, &d->e.policy.addrs, "", "");
    d->e.policy.addrs.v4.status = LOOKUP_SERVFAIL;
    d->e.policy.n_fetch = 0;
    d->e.policy.chosen = -1;
}

static void policy_refused(struct domain *d)
{
    d->f->conn = CONN_REFUSED;
}

static void redirect(struct domain *d, const char *location)
{
    d->f->http.status = 302;
    d->f->http.location = location;
}

static void redirect_nowhere(struct domain *d)
{
    redirect(d, NULL);
}

static void redirect_plain(struct domain *d)
{
    redirect(d, "http://mta-sts.example.com/");
}

static void redirect_path(struct domain *d)
{
    redirect(d, "/login?to=https://www.example.com/");
}

static void redirect_same(struct domain *d)
{
    redirect(d, "https://MTA-STS.example.com:443/x");
}

static void redirect_www(struct domain *d)
{
    redirect(d, "https://www.example.com/");
}

static void redirect_no_scheme(struct domain *d)
{
    redirect(d, "//www.example.com/");
}

static void redirect_cross(struct domain *d)
{
    redirect(d, "https://example.com/");
}

static void v4_fails(struct domain *d)
{
    d->f[1] = d->f[0];
    d->f[0].conn = CONN_REFUSED;
    d->f[1].ip = domain_ip("2001:db8::1");
    d->e.policy.n_fetch = 2;
    d->e.policy.chosen = 1;
}

static void v6_fails(struct domain *d)
{
    d->f[1] = d->f[0];
    d->f[1].conn = CONN_REFUSED;
    d->f[1].ip = domain_ip("2001:db8::1");
    d->e.policy.n_fetch = 2;
}

static void id_with_hyphen(struct domain *d)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=a-b;", NULL);
}

static void backup_unlisted(struct domain *d)
{
    domain_policy_mx(d, "mx1.example.com", NULL);
}

static void starttls_differs(struct domain *d)
{
    domain_second_probe(d, 0, "192.0.2.99");
    d->pr[0][1].starttls = false;
    d->pr[0][1].end = PROBE_NO_STARTTLS;
}

static void test_details(void **state)
{
    static const struct {
        void (*spoil)(struct domain *);
        enum finding_code code;
        const char *target, *detail;
    } cases[] = {
        {redirect_nowhere, FC_http_redirect, NULL, "302 no location"},
        {redirect_plain, FC_http_redirect, NULL, "302 to http http://mta-sts.example.com/"},
        {redirect_path, FC_http_redirect, NULL, "302 same-host /login?to=https://www.example.com/"},
        {redirect_same, FC_http_redirect, NULL, "302 same-host https://MTA-STS.example.com:443/x"},
        {redirect_www, FC_http_redirect, NULL, "302 to www https://www.example.com/"},
        {redirect_no_scheme, FC_http_redirect, NULL, "302 to www //www.example.com/"},
        {redirect_cross, FC_http_redirect, NULL, "302 cross-host https://example.com/"},
        {v4_fails, FC_host_v6_broken, "mta-sts.example.com", "IPv4 fails"},
        {v6_fails, FC_host_v6_broken, "mta-sts.example.com", "IPv6 fails"},
        {policy_refused, FC_host_tcp_refused, "mta-sts.example.com", "192.0.2.1"},
        {host_servfail, FC_host_dns_error, "mta-sts.example.com", "servfail"},
        {id_with_hyphen, FC_pol_accept_set, NULL,
         "chasquid,postfix-mta-sts-resolver,postfix-tlspol,go-mtasts,mimecast"},
        {backup_unlisted, FC_mx_unlisted_backup, "mx2.example.com", NULL},
        {starttls_differs, FC_mx_ip_disagree, "mx1.example.com", "STARTTLS"},
    };
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct domain d;
        const struct finding *got = NULL;
        domain_make(&d);
        cases[i].spoil(&d);
        domain_judge(&d);
        for (size_t k = 0; k < d.j.findings.n && !got; k++)
            got = d.j.findings.v[k].code == cases[i].code ? &d.j.findings.v[k] : NULL;
        const char *detail = got && got->detail ? got->detail : "-";
        const char *target = got && got->target ? got->target : "-";
        if (!got || strcmp(detail, cases[i].detail ? cases[i].detail : "-") != 0 ||
            (cases[i].target && strcmp(target, cases[i].target) != 0)) {
            print_error("%zu: %s %s %s\n", i, got ? "found" : "missing", target, detail);
            wrong++;
        }
        domain_free(&d);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_details)};
    return cmocka_run_group_tests_name("finding_details", tests, NULL, NULL);
}
