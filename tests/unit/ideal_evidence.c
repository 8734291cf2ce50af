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
                           const uint32_t *addr, size_t n, bool v6, struct addr_facts *out)
{
    out->v4.status = lookup_of(status);
    out->v6.status = status == SIM_LOOKUP_FOUND ? LOOKUP_NODATA : lookup_of(status);
    if (n == 0 && status == SIM_LOOKUP_FOUND)
        out->v4.status = LOOKUP_NODATA;
    if (v6)
        out->v6.status = LOOKUP_FOUND;
    out->v4.ede = out->v6.ede = -1;
    add_cname(e, &out->v4, cname);
    add_cname(e, &out->v6, cname);
    out->addr = arena_array(&e->arena, n + 2, sizeof *out->addr);
    for (size_t i = 0; i < n; i++)
        out->addr[out->n++] = (struct net_addr){4,
                                                {(uint8_t)(addr[i] >> 24), (uint8_t)(addr[i] >> 16),
                                                 (uint8_t)(addr[i] >> 8), (uint8_t)addr[i]}};
    if (v6)
        out->addr[out->n++] = (struct net_addr){6, {[15] = 1}};
}

/* Whether the scan asks for the AAAA record that is there: beside A in a deep scan alone. */
static bool asks_v6(bool v6, size_t addr_count, enum sim_truth_mode mode)
{
    return v6 && (mode == SIM_TRUTH_DEEP || addr_count == 0);
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
        (c->key == SIM_KEY_RSA1024 ? CERT_WEAK_KEY : 0u) | (c->revoked ? CERT_REVOKED : 0u);
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

static void fill_http(struct evidence *e, const struct sim_http *s, struct http_facts *h)
{
    h->status = (int)s->status;
    h->challenge = s->extra_header != NULL ? "cloudflare" : NULL;
    h->content_type = s->content_type;
    h->content_encoding = s->content_encoding;
    h->location = s->location[0] == '\0' ? NULL : arena_printf(&e->arena, "%s", s->location);
    struct slice body = {(const char *)s->body, s->body_len};
    h->body = (struct slice){arena_dup(&e->arena, body), body.len};
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

/* The at-th address of the policy host. */
static void fill_fetch(const struct sim_domain *d, size_t at, enum sim_truth_mode mode,
                       struct evidence *e)
{
    struct policy_facts *p = &e->policy;
    static const char path[] = "/.well-known/mta-sts.txt";
    const struct sim_policy_host *h = &d->host;
    struct sim_http http;
    struct fetch_facts *f = &p->fetch[p->n_fetch++];
    f->ip = p->addrs.addr[at];
    f->tls.alert = -1;
    if (at >= h->addr_count) {
        f->conn = mode == SIM_TRUTH_DEEP ? CONN_REFUSED : CONN_NO_ROUTE;
        return;
    }
    f->conn = conn_of(h->addr[at], SIM_SERVICE_HTTPS);
    if (f->conn != CONN_OK)
        return;
    fill_tls(&h->tls, p->host, &f->tls);
    if (has_san(&h->tls.cert, d->name))
        f->tls.covers |= COVERS_APEX;
    if (h->cname[0] != '\0' && has_san(&h->tls.cert, h->cname))
        f->tls.covers |= COVERS_CNAME_TARGET;
    sim_world_https(d->world, h->addr[at], p->host, path, &http);
    if (f->tls.end == TLS_END_OK)
        fill_http(e, &http, &f->http);
    f->total_ms = http.delay_ms + 1;
}

static void fill_policy(const struct sim_domain *d, enum sim_truth_mode mode, struct evidence *e)
{
    struct policy_facts *p = &e->policy;
    const struct sim_policy_host *h = &d->host;
    bool v6 = asks_v6(h->v6, h->addr_count, mode);
    p->host = arena_printf(&e->arena, "mta-sts.%s", d->name);
    p->chosen = -1;
    if (!d->adopter && !d->orphan) {
        p->addrs.v4.status = p->addrs.v6.status = LOOKUP_NXDOMAIN;
        return;
    }
    fill_addresses(e, h->status, h->cname, h->addr, h->addr_count, v6, &p->addrs);
    if (h->wildcard)
        p->sibling = p->addrs;
    p->fetch = arena_array(&e->arena, p->addrs.n + 1, sizeof *p->fetch);
    for (size_t i = 0; i < p->addrs.n && (i == 0 || mode == SIM_TRUTH_DEEP); i++)
        fill_fetch(d, i, mode, e);
    if (p->n_fetch > 0 && p->fetch[0].http.end == HTTP_END_OK)
        p->chosen = 0;
    if (h->alt_path == NULL)
        return;
    p->alt = arena_array(&e->arena, 1, sizeof *p->alt);
    p->alt[p->n_alt++] = (struct alt_path){h->alt_path, 200, true};
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

/* A provider's certificate covers its MX names (hosts.c); only names of the domain's own can fail.
 */
static void fill_handshake(const struct sim_domain *d, const struct sim_mx *mx, size_t at, bool sni,
                           struct tls_facts *t)
{
    struct sim_tls tls;
    sim_world_smtp_tls(d->world, mx->addr[at], mx->name, sni, &tls);
    fill_tls(&tls, mx->name, t);
    if (mx->provider >= 0)
        t->name = NAME_MATCH_OK;
    if (has_san(&tls.cert, d->name) && t->name != NAME_MATCH_OK)
        t->covers |= COVERS_POLICY_DOMAIN;
    t->cert_sha256 = t->end != TLS_END_OK           ? NULL
                     : has_san(&tls.cert, mx->name) ? "of the name"
                                                    : "of another";
}

static void fill_probe(const struct sim_domain *d, const struct sim_mx *mx, size_t at,
                       enum sim_truth_mode mode, struct probe_facts *p)
{
    struct sim_smtp smtp;
    p->tls.alert = p->tls_no_sni.alert = -1;
    if (at >= mx->addr_count) {
        p->conn = mode == SIM_TRUTH_DEEP ? CONN_REFUSED : CONN_NO_ROUTE;
        p->end = mode == SIM_TRUTH_DEEP ? PROBE_REFUSED : PROBE_NO_ROUTE;
        return;
    }
    sim_world_smtp(NULL, mx->addr[at], &smtp);
    p->conn = conn_of(mx->addr[at], SIM_SERVICE_SMTP);
    p->end = probe_end_of(&smtp, p->conn);
    p->reply_code = (int)(smtp.banner_code != 220 ? smtp.banner_code : smtp.ehlo_code);
    p->starttls = smtp.starttls;
    if (p->end != PROBE_OK)
        return;
    fill_handshake(d, mx, at, true, &p->tls);
    if (mode == SIM_TRUTH_DEEP)
        fill_handshake(d, mx, at, false, &p->tls_no_sni);
    p->no_sni_tried = mode == SIM_TRUTH_DEEP;
    if (p->tls.end != TLS_END_OK)
        p->end = PROBE_TLS_FAILED;
}

static void fill_mx_host(const struct sim_domain *d, const struct sim_mx *mx,
                         enum sim_truth_mode mode, struct evidence *e, struct mx_host *h)
{
    h->name = mx->name;
    h->preference = mx->preference;
    h->implicit = d->mx_state == SIM_MX_IMPLICIT;
    if (mx->name[0] == '.')
        return;
    fill_addresses(e, mx->status, mx->cname, mx->addr, mx->addr_count,
                   asks_v6(mx->v6, mx->addr_count, mode), &h->addrs);
    if (mode == SIM_TRUTH_DNS_ONLY && !mx->is_private)
        return;
    h->probe = arena_array(&e->arena, h->addrs.n + 1, sizeof *h->probe);
    for (size_t i = 0; i < h->addrs.n; i++) {
        h->probe[i].ip = h->addrs.addr[i];
        fill_probe(d, mx, i, mode, &h->probe[h->n_probe++]);
    }
}

static void fill_mx(const struct sim_domain *d, enum sim_truth_mode mode, struct evidence *e)
{
    static const enum lookup status[] = {[SIM_MX_FOUND] = LOOKUP_FOUND,
                                         [SIM_MX_IMPLICIT] = LOOKUP_NODATA,
                                         [SIM_MX_NULL] = LOOKUP_FOUND,
                                         [SIM_MX_NONE] = LOOKUP_NODATA,
                                         [SIM_MX_FAILED] = LOOKUP_SERVFAIL};
    struct mx_facts *mx = &e->mx;
    bool dead = !d->adopter && d->sts.status >= SIM_LOOKUP_SERVFAIL;
    size_t apex = d->apex_addr != 0 ? 1 : 0;
    mx->dns.status = dead         ? lookup_of(d->sts.status)
                     : d->missing ? LOOKUP_NXDOMAIN
                                  : status[d->mx_state];
    mx->dns.ede = -1;
    mx->host = arena_array(&e->arena, SIM_MX_MAX, sizeof *mx->host);
    if (dead || d->missing)
        return;
    if (d->mx_state == SIM_MX_NULL)
        mx->host[mx->n++].name = ".";
    for (size_t i = 0; i < d->mx_count; i++)
        fill_mx_host(d, &d->mx[i], mode, e, &mx->host[mx->n++]);
    if (mx->dns.status == LOOKUP_NODATA)
        fill_addresses(e, SIM_LOOKUP_FOUND, "", &d->apex_addr, apex, false, &mx->apex);
}

static void fill_astray(const struct sim_domain *d, const struct sim_astray *astray,
                        struct evidence *e, struct label_txt **out, size_t *n)
{
    if (astray->label == NULL)
        return;
    *out = arena_array(&e->arena, 1, sizeof **out);
    struct label_txt *at = &(*out)[(*n)++];
    at->label = arena_printf(&e->arena, "%s%s", astray->label, d->name);
    at->txt.dns.status = LOOKUP_FOUND;
    at->txt.rr = arena_array(&e->arena, 1, sizeof *at->txt.rr);
    at->txt.rr[at->txt.n++] = (struct txt_rr){astray->rr.text, astray->rr.len, 1};
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

/* What the zone's name servers say: the second may lag behind. */
static void fill_name_servers(const struct sim_domain *d, struct evidence *e)
{
    e->n_ns = 2;
    e->ns = arena_array(&e->arena, e->n_ns, sizeof *e->ns);
    for (size_t i = 0; i < e->n_ns; i++) {
        e->ns[i].server = i == 0 ? "ns1" : "ns2";
        fill_txt(e, &d->sts, &e->ns[i].txt);
    }
    if (d->sts_stale.text != NULL)
        e->ns[1].txt.rr[0] = (struct txt_rr){d->sts_stale.text, d->sts_stale.len, 1};
}

/* What a scan that goes beyond the adopters, and deeper, sees besides. */
static void fill_deep(const struct sim_domain *d, struct evidence *e)
{
    struct sim_domain parent;
    const char *registrable = sim_registrable(d->world, d->name);
    fill_astray(d, &d->sts_astray, e, &e->elsewhere, &e->n_elsewhere);
    fill_astray(d, &d->rpt_astray, e, &e->rpt_elsewhere, &e->n_rpt_elsewhere);
    if (strcmp(registrable, d->name) == 0)
        return;
    sim_domain_build(d->world, registrable, &parent);
    e->parent_sts.dns.status = lookup_of(parent.sts.status);
    e->parent_sts.rr = arena_array(&e->arena, SIM_TXT_MAX, sizeof *e->parent_sts.rr);
    for (size_t i = 0; i < parent.sts.n; i++)
        e->parent_sts.rr[e->parent_sts.n++] = (struct txt_rr){
            arena_printf(&e->arena, "%s", parent.sts.rr[i].text), parent.sts.rr[i].len, 1};
}

void ideal_evidence(const struct sim_domain *d, enum sim_truth_mode mode, struct evidence *e)
{
    bool dns_only = mode == SIM_TRUTH_DNS_ONLY, deep = mode == SIM_TRUTH_DEEP;
    e->input = INPUT_OK;
    e->domain = d->name;
    e->rank = -1;
    e->ts_ms = (int64_t)NOW_S * 1000;
    fill_txt(e, &d->sts, &e->sts);
    e->sts_sibling.label = "k3v9x0";
    e->sts_sibling.txt.dns.status = d->wildcard_web ? LOOKUP_NODATA : LOOKUP_NXDOMAIN;
    if (d->wildcard_web)
        add_cname(e, &e->sts_sibling.txt.dns, d->sts.cname);
    if (d->wildcard_sts)
        e->sts_sibling.txt = e->sts;
    e->policy.skipped = dns_only || (!d->adopter && !deep);
    e->policy.chosen = -1;
    e->mx.probe_skipped = e->policy.skipped;
    if (d->adopter || mode != SIM_TRUTH_FULL)
        fill_txt(e, &d->rpt, &e->rpt);
    if (!e->policy.skipped)
        fill_policy(d, mode, e);
    if (d->adopter || deep)
        fill_mx(d, mode, e);
    if (d->adopter)
        fill_rua(d, e);
    if (deep)
        fill_deep(d, e);
    if (deep && d->adopter)
        fill_name_servers(d, e);
}
