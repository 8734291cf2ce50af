#include "tests/unit/judged_domain.h"

#include "tests/unit/codes_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char provider_rows[] =
    "mta-sts.hoster.example\tpolicy\thoster\tsts-hosting\t-\n"
    "mta-sts.other.example\tpolicy\tother\tsts-hosting\t-\n"
    "pages.example\tpolicy\tpages\tplatform\tmulti_tenant,claimable\n"
    "mail.protection.outlook.com\tmx\tmicrosoft\tmailbox\tmulti_tenant,exchange_online\n"
    "mx.microsoft\tmx\tmicrosoft\tmailbox\tmulti_tenant,exchange_online\n"
    "hoster.example\tmx\thoster\tmailbox\t-\n"
    "fixed.example\tmx\tfixed\tmailbox\tmulti_tenant,fixed_mx\n"
    "tenants.example\tmx\ttenants\tmailbox\tmulti_tenant\n";

struct net_addr domain_ip(const char *text)
{
    struct net_addr a;
    assert_int_equal(net_addr_parse(slice_of(text), &a), ST_OK);
    return a;
}

static char *dup(struct domain *d, const char *text)
{
    return arena_dup(&d->e.arena, slice_of(text));
}

static void good_tls(struct domain *d, struct tls_facts *t)
{
    tls_facts_init(t);
    t->end = TLS_END_OK;
    t->version = 0x0304;
    t->cipher = "TLS_AES_256_GCM_SHA384";
    t->name = NAME_MATCH_OK;
    t->not_before_s = DOMAIN_NOW_S - 86400;
    t->not_after_s = DOMAIN_NOW_S + 60 * 86400;
    t->cert_sha256 = dup(d, "aaaa");
}

static void found(struct dns_facts *dns)
{
    dns_facts_init(dns);
    dns->status = LOOKUP_FOUND;
    dns->rcode = 0;
    dns->ttl_s = 3600;
    dns->resolver = "127.0.0.1:53";
}

void domain_txt(struct domain *d, struct txt_facts *t, const char *first, ...)
{
    va_list ap;
    t->n = 0;
    t->rr = arena_array(&d->e.arena, 8, sizeof *t->rr);
    va_start(ap, first);
    for (const char *s = first; s; s = va_arg(ap, const char *)) {
        t->rr[t->n].p = dup(d, s);
        t->rr[t->n].len = strlen(s);
        t->rr[t->n++].strings = 1;
    }
    va_end(ap);
    struct strlist chain = t->dns.cname;
    found(&t->dns);
    t->dns.cname = chain;
}

void domain_chain(struct domain *d, struct dns_facts *dns, const char *target)
{
    const char **v = arena_array(&d->e.arena, 1, sizeof *v);
    v[0] = dup(d, target);
    dns->cname = (struct strlist){v, 1};
}

static void add_addr(struct addr_facts *a, struct dns_facts *dns, const char *text)
{
    if (*text) {
        dns->status = LOOKUP_FOUND;
        a->addr[a->n++] = domain_ip(text);
    } else {
        dns->status = LOOKUP_NODATA;
    }
}

void domain_addr(struct domain *d, struct addr_facts *a, const char *v4, const char *v6)
{
    a->n = 0;
    a->addr = arena_array(&d->e.arena, 2, sizeof *a->addr);
    found(&a->v4);
    found(&a->v6);
    add_addr(a, &a->v4, v4);
    add_addr(a, &a->v6, v6);
}

void domain_body(struct domain *d, const char *body)
{
    d->f[0].http.body = slice_of(dup(d, body));
    d->f[0].http.body_total = d->f[0].http.body.len;
}

void domain_policy_mx(struct domain *d, const char *a, const char *b)
{
    domain_body(d, arena_printf(&d->e.arena,
                                "version: STSv1\r\nmode: enforce\r\nmax_age: 2419200\r\n"
                                "mx: %s\r\n%s%s%s",
                                a, b ? "mx: " : "", b ? b : "", b ? "\r\n" : ""));
}

void domain_mx_name(struct domain *d, size_t i, const char *name)
{
    d->mx[i]->name = dup(d, name);
}

void domain_second_probe(struct domain *d, size_t i, const char *ip)
{
    d->pr[i][1] = d->pr[i][0];
    d->pr[i][1].ip = domain_ip(ip);
    d->mx[i]->n_probe = 2;
}

void domain_half_tried(struct domain *d)
{
    d->f[0].tls = (struct tls_facts){.end = TLS_END_CLOSED, .alert = -1};
    d->f[0].http = (struct http_facts){.end = HTTP_END_NONE};
    d->f[1] = d->f[0];
    d->f[1].conn = CONN_ABANDONED;
    d->f[1].tls.end = TLS_END_NONE;
    d->e.policy.n_fetch = 2;
}

static void make_policy(struct domain *d)
{
    struct policy_facts *p = &d->e.policy;
    p->host = "mta-sts.example.com";
    domain_addr(d, &p->addrs, "192.0.2.1", "");
    p->fetch = arena_array(&d->e.arena, 2, sizeof *p->fetch);
    p->n_fetch = 1;
    p->chosen = 0;
    d->f = p->fetch;
    fetch_facts_init(&d->f[0]);
    d->f[0].ip = domain_ip("192.0.2.1");
    d->f[0].conn = CONN_OK;
    good_tls(d, &d->f[0].tls);
    d->f[0].http.end = HTTP_END_OK;
    d->f[0].http.status = 200;
    d->f[0].http.content_type = "text/plain";
    d->f[0].total_ms = 60;
    domain_policy_mx(d, "mx1.example.com", "mx2.example.com");
}

static void make_mx(struct domain *d)
{
    struct mx_facts *mx = &d->e.mx;
    found(&mx->dns);
    mx->host = arena_array(&d->e.arena, 4, sizeof *mx->host);
    mx->n = 2;
    for (size_t i = 0; i < 2; i++) {
        struct mx_host *h = d->mx[i] = &mx->host[i];
        mx_host_init(h);
        h->name = i == 0 ? "mx1.example.com" : "mx2.example.com";
        h->preference = (uint16_t)(10 * (i + 1));
        domain_addr(d, &h->addrs, i == 0 ? "192.0.2.25" : "192.0.2.26", "");
        h->probe = d->pr[i] = arena_array(&d->e.arena, 2, sizeof *h->probe);
        h->n_probe = 1;
        probe_facts_init(h->probe);
        h->probe->ip = h->addrs.addr[0];
        h->probe->end = PROBE_OK;
        h->probe->conn = CONN_OK;
        h->probe->banner = "220 mx.example.com ESMTP";
        h->probe->starttls = true;
        good_tls(d, &h->probe->tls);
    }
}

void domain_make(struct domain *d)
{
    static struct providers *providers; /* read-only tables, made once */
    static name_psl *psl;
    size_t line;
    if (!providers)
        assert_int_equal(providers_parse(slice_of(provider_rows), &providers, &line), ST_OK);
    if (!psl)
        assert_int_equal(name_psl_load(NULL, &psl), ST_OK);
    memset(d, 0, sizeof *d);
    d->ctx = (struct judge){.psl = psl, .providers = providers};
    evidence_init(&d->e);
    judgement_init(&d->j);
    d->e.domain = "example.com";
    d->e.ts_ms = DOMAIN_NOW_S * 1000;
    domain_txt(d, &d->e.sts, "v=STSv1; id=20240101T0000;", NULL);
    domain_txt(d, &d->e.rpt, "v=TLSRPTv1; rua=mailto:tls@reports.example", NULL);
    make_policy(d);
    make_mx(d);
}

void domain_free(struct domain *d)
{
    evidence_free(&d->e);
    judgement_free(&d->j);
}

void domain_judge(struct domain *d)
{
    assert_int_equal(classify(&d->ctx, &d->e, &d->j), ST_OK);
}

static bool appears(enum finding_code code, void (*spoil)(struct domain *))
{
    struct domain d;
    domain_make(&d);
    spoil(&d);
    domain_judge(&d);
    bool found_it = findings_has(&d.j.findings, code);
    domain_free(&d);
    return found_it;
}

void domain_check_cases(const struct code_case *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const char *code = finding_row(cases[i].code)->code;
        bool holds = appears(cases[i].code, cases[i].holds);
        bool near = appears(cases[i].code, cases[i].near);
        if (!holds)
            print_error("%s does not appear where it holds\n", code);
        if (near)
            print_error("%s appears in the nearest case where it does not hold\n", code);
        wrong += !holds || near;
        if (holds)
            codes_seen_add(cases[i].code);
    }
    assert_int_equal(wrong, 0);
}
