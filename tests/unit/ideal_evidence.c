#include "tests/unit/ideal_evidence.h"

#include "tests/simnet/world_data.h"

#include <string.h>

enum { NOW_S = 1800000000, HOUR_S = 3600, TLS12 = 0x0303, TLS11 = 0x0302, TLS_ALERT_NAME = 112 };

static enum lookup lookup_of(enum sim_lookup l)
{
    static const enum lookup map[] = {LOOKUP_FOUND,    LOOKUP_NODATA,  LOOKUP_NXDOMAIN,
                                      LOOKUP_SERVFAIL, LOOKUP_REFUSED, LOOKUP_BOGUS,
                                      LOOKUP_TIMEOUT};
    return map[l];
}

static void add_cname(struct evidence *e, struct dns_facts *dns, const char *target)
{
    if (target[0] == '\0')
        return;
    if (dns->cname.v == NULL)
        dns->cname.v = arena_array(&e->arena, 2, sizeof *dns->cname.v);
    dns->cname.v[dns->cname.n++] = target;
}

static void fill_txt(struct evidence *e, const struct sim_txt_set *set, struct txt_facts *out)
{
    out->dns.status = set->cname_loop ? LOOKUP_CNAME_LOOP : lookup_of(set->status);
    out->dns.ttl_s = set->ttl;
    out->dns.ede = -1;
    add_cname(e, &out->dns, set->cname);
    out->rr = arena_array(&e->arena, SIM_TXT_MAX, sizeof *out->rr);
    for (size_t i = 0; i < set->n; i++)
        out->rr[out->n++] = (struct txt_rr){set->rr[i].text, set->rr[i].len,
                                            (uint16_t)(set->rr[i].split > 0 ? 2 : 1)};
}

static void fill_addresses(struct evidence *e, enum sim_lookup status, const char *cname,
                           const uint32_t *addr, size_t n, struct addr_facts *out)
{
    out->v4.status = lookup_of(status);
    out->v6.status = status == SIM_LOOKUP_FOUND ? LOOKUP_NODATA : lookup_of(status);
    if (n == 0 && status == SIM_LOOKUP_FOUND)
        out->v4.status = LOOKUP_NODATA;
    out->v4.ede = out->v6.ede = -1;
    add_cname(e, &out->v4, cname);
    add_cname(e, &out->v6, cname);
    out->addr = arena_array(&e->arena, n + 1, sizeof *out->addr);
    for (size_t i = 0; i < n; i++)
        out->addr[out->n++] = (struct net_addr){4,
                                                {(uint8_t)(addr[i] >> 24), (uint8_t)(addr[i] >> 16),
                                                 (uint8_t)(addr[i] >> 8), (uint8_t)addr[i]}};
}

static bool has_san(const struct sim_cert *c, const char *name)
{
    for (unsigned i = 0; i < c->san_count; i++)
        if (strcmp(c->san[i], name) == 0)
            return true;
    return false;
}

static void fill_cert(const struct sim_cert *c, const char *host, struct tls_facts *t)
{
    t->not_before_s = NOW_S + (int64_t)c->not_before_h * HOUR_S;
    t->not_after_s = NOW_S + (int64_t)c->not_after_h * HOUR_S;
    t->cert_errors =
        (c->not_after_h < 0 ? CERT_EXPIRED : 0u) | (c->not_before_h > 0 ? CERT_NOT_YET_VALID : 0u) |
        (c->issuer == SIM_ISSUER_SELF_SIGNED ? CERT_SELF_SIGNED : 0u) |
        (c->issuer == SIM_ISSUER_MISSING_AIA ? CERT_INCOMPLETE_CHAIN : 0u) |
        (c->issuer == SIM_ISSUER_UNKNOWN_ROOT || c->issuer == SIM_ISSUER_MISSING ? CERT_UNTRUSTED
                                                                                 : 0u) |
        (c->key == SIM_KEY_RSA1024 ? CERT_WEAK_KEY : 0u);
    t->name = has_san(c, host)                                ? NAME_MATCH_OK
              : c->san_count == 0 && strcmp(c->cn, host) == 0 ? NAME_MATCH_CN_ONLY
              : strncmp(c->san[0] + 1, "*.", 2) == 0          ? NAME_MATCH_WILDCARD_BAD
                                                              : NAME_MATCH_NONE;
}

static void fill_tls(const struct sim_tls *tls, const char *host, struct tls_facts *t)
{
    t->alert = -1;
    switch (tls->mode) {
    case SIM_TLS_NORMAL:
    case SIM_TLS_MAX_1_0:
    case SIM_TLS_MAX_1_1:
        t->end = TLS_END_OK;
        t->version = tls->mode == SIM_TLS_NORMAL ? TLS12 : TLS11;
        fill_cert(&tls->cert, host, t);
        break;
    case SIM_TLS_NOT_SPOKEN:
        t->end = TLS_END_NOT_TLS;
        break;
    case SIM_TLS_RESET:
    case SIM_TLS_CLOSE:
        t->end = TLS_END_CLOSED;
        break;
    case SIM_TLS_SILENT:
        t->end = TLS_END_TIMEOUT;
        break;
    default:
        t->end = TLS_END_ALERT;
        t->alert = TLS_ALERT_NAME;
    }
}

static void fill_http(const struct sim_http *s, struct http_facts *h)
{
    h->status = (int)s->status;
    h->content_type = s->content_type;
    h->content_encoding = s->content_encoding;
    h->location = s->location[0] == '\0' ? NULL : s->location;
    h->body = (struct slice){(const char *)s->body, s->body_len};
    h->end = HTTP_END_OK;
    if (s->delivery == SIM_HTTP_STALL_HEADERS || s->delivery == SIM_HTTP_STALL_BODY)
        h->end = HTTP_END_TIMEOUT;
    else if (s->delivery == SIM_HTTP_TRUNCATE)
        h->end = HTTP_END_TRUNCATED;
    else if (s->body_len + s->body_pad > POLICY_BODY_MAX_BYTES)
        h->end = HTTP_END_TOO_LARGE;
    if (s->delivery == SIM_HTTP_STALL_HEADERS)
        h->status = 0;
}

static enum conn conn_of(uint32_t addr, enum sim_service service)
{
    enum sim_reach reach;
    if (addr >> 24 == 10)
        return CONN_BLOCKED;
    if (!sim_address_plan(addr, service, &reach) || reach == SIM_REACH_REFUSED)
        return CONN_REFUSED;
    return reach == SIM_REACH_BLACKHOLE ? CONN_TIMEOUT : CONN_OK;
}

static void fill_policy(const struct sim_domain *d, struct evidence *e)
{
    struct policy_facts *p = &e->policy;
    const struct sim_policy_host *h = &d->host;
    p->host = arena_printf(&e->arena, "mta-sts.%s", d->name);
    p->chosen = -1;
    fill_addresses(e, h->status, h->cname, h->addr, h->addr_count, &p->addrs);
    p->fetch = arena_array(&e->arena, 1, sizeof *p->fetch);
    if (h->addr_count == 0)
        return;
    struct fetch_facts *f = &p->fetch[p->n_fetch++];
    f->ip = p->addrs.addr[0];
    f->conn = conn_of(h->addr[0], SIM_SERVICE_HTTPS);
    f->tls.alert = -1;
    if (f->conn != CONN_OK)
        return;
    fill_tls(&h->tls, p->host, &f->tls);
    if (has_san(&h->tls.cert, d->name))
        f->tls.covers |= COVERS_APEX;
    if (h->cname[0] != '\0' && has_san(&h->tls.cert, h->cname))
        f->tls.covers |= COVERS_CNAME_TARGET;
    if (f->tls.end == TLS_END_OK)
        fill_http(&h->http, &f->http);
    f->total_ms = h->http.delay_ms + 1;
    if (f->http.end == HTTP_END_OK)
        p->chosen = 0;
}

static enum probe_end probe_end_of(const struct sim_smtp *s, enum conn conn)
{
    if (conn != CONN_OK)
        return conn == CONN_REFUSED   ? PROBE_REFUSED
               : conn == CONN_TIMEOUT ? PROBE_TIMEOUT
                                      : PROBE_BLOCKED;
    if (s->mode == SIM_SMTP_SILENT)
        return PROBE_TIMEOUT;
    if (s->banner_code != 220 || s->ehlo_code == 550)
        return PROBE_LIMITED;
    if (s->ehlo_code != 250)
        return PROBE_PROTOCOL_ERROR;
    if (!s->starttls)
        return PROBE_NO_STARTTLS;
    return s->starttls_code == 220 ? PROBE_OK : PROBE_STARTTLS_REFUSED;
}

/* Providers' certificates cover their MX names (hosts.c); only names of the domain's own can fail.
 */
static void fill_probe(const struct sim_domain *d, const struct sim_mx *mx, size_t at,
                       struct probe_facts *p)
{
    struct sim_smtp smtp;
    struct sim_tls tls;
    sim_world_smtp(NULL, mx->addr[at], &smtp);
    p->conn = conn_of(mx->addr[at], SIM_SERVICE_SMTP);
    p->end = probe_end_of(&smtp, p->conn);
    p->reply_code = (int)(smtp.banner_code != 220 ? smtp.banner_code : smtp.ehlo_code);
    p->starttls = smtp.starttls;
    p->tls.alert = -1;
    if (p->end != PROBE_OK)
        return;
    sim_world_smtp_tls(d->world, mx->addr[at], mx->name, true, &tls);
    fill_tls(&tls, mx->name, &p->tls);
    if (mx->provider >= 0)
        p->tls.name = NAME_MATCH_OK;
    if (has_san(&tls.cert, d->name) && p->tls.name != NAME_MATCH_OK)
        p->tls.covers |= COVERS_POLICY_DOMAIN;
    if (p->tls.end != TLS_END_OK)
        p->end = PROBE_TLS_FAILED;
}

static void fill_mx_host(const struct sim_domain *d, const struct sim_mx *mx, bool probed,
                         struct evidence *e, struct mx_host *h)
{
    h->name = mx->name;
    h->preference = mx->preference;
    h->implicit = d->mx_state == SIM_MX_IMPLICIT;
    if (mx->name[0] == '.' || !probed)
        return;
    fill_addresses(e, mx->status, mx->cname, mx->addr, mx->addr_count, &h->addrs);
    h->probe = arena_array(&e->arena, mx->addr_count + 1, sizeof *h->probe);
    for (size_t i = 0; i < mx->addr_count; i++) {
        h->probe[i].ip = h->addrs.addr[i];
        fill_probe(d, mx, i, &h->probe[h->n_probe++]);
    }
}

static void fill_mx(const struct sim_domain *d, bool probed, struct evidence *e)
{
    static const enum lookup status[] = {[SIM_MX_FOUND] = LOOKUP_FOUND,
                                         [SIM_MX_IMPLICIT] = LOOKUP_NODATA,
                                         [SIM_MX_NULL] = LOOKUP_FOUND,
                                         [SIM_MX_NONE] = LOOKUP_NODATA,
                                         [SIM_MX_FAILED] = LOOKUP_SERVFAIL};
    struct mx_facts *mx = &e->mx;
    size_t apex = d->apex_addr != 0 ? 1 : 0;
    mx->dns.status = status[d->mx_state];
    mx->dns.ede = -1;
    mx->host = arena_array(&e->arena, SIM_MX_MAX, sizeof *mx->host);
    if (d->mx_state == SIM_MX_NULL)
        mx->host[mx->n++].name = ".";
    for (size_t i = 0; i < d->mx_count; i++)
        fill_mx_host(d, &d->mx[i], probed, e, &mx->host[mx->n++]);
    if (mx->dns.status == LOOKUP_NODATA)
        fill_addresses(e, SIM_LOOKUP_FOUND, "", &d->apex_addr, apex, &mx->apex);
}

/* The mail domain of a report address, as far as the world makes it interesting. */
static void fill_rua(const struct sim_domain *d, struct evidence *e)
{
    static const char mailbox[] = "mailto:tlsrpt@";
    e->rua = arena_array(&e->arena, SIM_TXT_MAX, sizeof *e->rua);
    for (size_t i = 0; i < d->rpt.n; i++) {
        const char *uri = strstr(d->rpt.rr[i].text, mailbox);
        if (uri == NULL || strpbrk(uri, ";!") != NULL)
            continue;
        const char *host = uri + sizeof mailbox - 1;
        bool gone = strncmp(host, SIM_LABEL_GONE, sizeof SIM_LABEL_GONE - 1) == 0;
        e->rua[e->n_rua++] = (struct rua_facts){
            .uri = uri, .host = host, .mx = gone ? LOOKUP_NXDOMAIN : LOOKUP_FOUND};
    }
}

void ideal_evidence(const struct sim_domain *d, enum sim_truth_mode mode, struct evidence *e)
{
    bool full = mode == SIM_TRUTH_FULL;
    e->input = INPUT_OK;
    e->domain = d->name;
    e->rank = -1;
    e->ts_ms = (int64_t)NOW_S * 1000;
    fill_txt(e, &d->sts, &e->sts);
    e->sts_sibling.label = "k3v9x0";
    e->sts_sibling.txt.dns.status = d->wildcard_web ? LOOKUP_NODATA : LOOKUP_NXDOMAIN;
    if (d->wildcard_web)
        add_cname(e, &e->sts_sibling.txt.dns, d->sts.cname);
    e->policy.skipped = !d->adopter || !full;
    e->policy.chosen = -1;
    e->mx.probe_skipped = e->policy.skipped;
    if (d->adopter || !full)
        fill_txt(e, &d->rpt, &e->rpt);
    if (!d->adopter)
        return;
    if (full)
        fill_policy(d, e);
    fill_mx(d, full, e);
    fill_rua(d, e);
}
