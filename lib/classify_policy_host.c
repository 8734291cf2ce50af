/* classify_policy_host: from the address lookup of mta-sts.D to a whole HTTP response (RFC 8461
 * 3.3). Certificates and HTTP have files of their own. */
#include "lib/classify.h"
#include "lib/classify_host.h"

#include <string.h>

void host_fail(struct host_case *c, const char *stage, enum finding_code code, const char *target,
               const char *detail)
{
    findings_add(c->f, code, target, slice_of(detail));
    const struct finding_row *row = finding_row(code);
    if (row->rule == RULE_VOID && !c->failed_at)
        c->failed_at = stage;
    if (row->effect == EFFECT_UNDETERMINED && !c->undetermined_at)
        c->undetermined_at = stage;
}

/* ---- DNS ------------------------------------------------------------------------------------- */

static void judge_no_address(struct host_case *c)
{
    const struct addr_facts *a = &c->e->policy.addrs;
    const struct strlist *chain = addr_facts_chain(a);
    if (!addr_facts_absent(a)) {
        c->undetermined_at = "dns";
        if (addr_facts_failure(a))
            host_fail(c, "dns", FC_host_dns_error, c->host, addr_facts_failure(a));
        return;
    }
    c->failed_at = "dns";
    if (chain->n == 0 && a->v4.status != LOOKUP_CNAME_LOOP) {
        if (c->j->record_status == COMPONENT_FOUND)
            host_fail(c, "dns", FC_host_absent, c->host, NULL);
        return;
    }
    const char *target = chain->n > 0 ? chain->v[chain->n - 1] : NULL;
    host_fail(c, "dns", FC_host_cname_dangling, c->host, target);
    if (c->provider && c->provider->claimable)
        host_fail(c, "dns", FC_host_takeover_risk, c->host, target);
}

static bool same_addresses(const struct addr_facts *a, const struct addr_facts *b)
{
    if (a->n != b->n || a->n == 0)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n && !found; k++)
            found = net_addr_eq(&a->addr[i], &b->addr[k]);
        if (!found)
            return false;
    }
    return true;
}

/* The same CNAME, or without one the same addresses, as a random sibling label. */
static void judge_wildcard(struct host_case *c)
{
    const struct addr_facts *own = &c->e->policy.addrs;
    const struct addr_facts *sibling = &c->e->policy.sibling;
    const struct strlist *a = addr_facts_chain(own), *b = addr_facts_chain(sibling);
    if (own->n == 0 || sibling->n == 0)
        return;
    bool same = a->n > 0 && b->n > 0 ? slice_eq_nocase(slice_of(a->v[0]), slice_of(b->v[0]))
                                     : a->n == b->n && same_addresses(own, sibling);
    if (same)
        host_fail(c, "dns", FC_host_wildcard_dns, c->host, NULL);
}

/* ---- TCP ------------------------------------------------------------------------------------- */

/* Counts of tries by how their connection ended. */
struct conn_counts {
    size_t of[CONN_COUNT];
};

static struct conn_counts count_conns(const struct policy_facts *p)
{
    struct conn_counts counts = {{0}};
    for (size_t i = 0; i < p->n_fetch; i++) {
        if ((unsigned)p->fetch[i].conn < CONN_COUNT)
            counts.of[p->fetch[i].conn]++;
    }
    return counts;
}

/* No try connected. Addresses that the scan may not or cannot use are left aside when others were
 * tried; when there are only such, nothing is known of the host. */
static void judge_no_connection(struct host_case *c)
{
    struct conn_counts n = count_conns(&c->e->policy);
    const char *first = host_addr_text(c, 0);
    size_t silent = n.of[CONN_TIMEOUT] + n.of[CONN_UNREACHABLE];
    if (n.of[CONN_ABANDONED] + n.of[CONN_NONE] > 0 || c->e->policy.n_fetch == 0)
        c->undetermined_at = "tcp";
    else if (silent > 0)
        host_fail(c, "tcp", FC_host_tcp_timeout, c->host, first);
    else if (n.of[CONN_REFUSED] > 0)
        host_fail(c, "tcp", FC_host_tcp_refused, c->host, first);
    else if (n.of[CONN_NO_ROUTE] + n.of[CONN_BLOCKLISTED] > 0)
        host_fail(c, "tcp", FC_host_unroutable, c->host, first);
    else
        host_fail(c, "dns", FC_host_address_private, c->host, first);
}

const char *host_addr_text(const struct host_case *c, size_t i)
{
    if (i >= c->e->policy.addrs.n)
        return NULL;
    char *text = arena_alloc(&c->j->arena, ADDR_TEXT_MAX_BYTES);
    if (text)
        net_addr_text(&c->e->policy.addrs.addr[i], text);
    else
        c->j->findings.error = ST_NOMEM;
    return text;
}

/* Whether a try says something of the host, and whether it got an answer to its request. */
static bool try_is_judged(const struct fetch_facts *f)
{
    switch (f->conn) {
    case CONN_OK:
        return f->tls.end != TLS_END_NONE;
    case CONN_REFUSED:
    case CONN_TIMEOUT:
    case CONN_UNREACHABLE:
        return true;
    default:
        return false;
    }
}

static bool try_works(const struct fetch_facts *f)
{
    return f->conn == CONN_OK && f->tls.end == TLS_END_OK && f->http.end == HTTP_END_OK;
}

static void judge_families(struct host_case *c)
{
    size_t judged[2] = {0, 0}, works[2] = {0, 0};
    for (size_t i = 0; i < c->e->policy.n_fetch; i++) {
        const struct fetch_facts *f = &c->e->policy.fetch[i];
        size_t family = f->ip.family == 6;
        judged[family] += try_is_judged(f);
        works[family] += try_works(f);
    }
    for (size_t family = 0; family < 2; family++) {
        if (judged[family] > 0 && works[family] == 0 && works[!family] > 0)
            host_fail(c, "tcp", FC_host_v6_broken, c->host, family ? "IPv6 fails" : "IPv4 fails");
    }
}

static bool texts_differ(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

static void judge_disagreement(struct host_case *c)
{
    const struct fetch_facts *with_cert = NULL, *with_body = NULL;
    for (size_t i = 0; i < c->e->policy.n_fetch; i++) {
        const struct fetch_facts *f = &c->e->policy.fetch[i];
        bool body = f->http.end == HTTP_END_OK && f->http.status == 200;
        if (with_cert && texts_differ(with_cert->tls.cert_sha256, f->tls.cert_sha256))
            host_fail(c, "tls", FC_host_addr_disagree, c->host, "certificate");
        else if (body && with_body && !slice_eq(with_body->http.body, f->http.body))
            host_fail(c, "http", FC_host_addr_disagree, c->host, "policy");
        if (!with_cert && f->tls.cert_sha256)
            with_cert = f;
        if (!with_body && body)
            with_body = f;
    }
}

/* ---- the try that is judged ------------------------------------------------------------------ */

/* How much a try tells: a handshake more than an alert, an alert more than a silent connection. */
static int try_rank(const struct fetch_facts *f)
{
    if (f->conn != CONN_OK)
        return 0;
    return f->tls.end == TLS_END_OK ? 3 : f->tls.end == TLS_END_ALERT ? 2 : 1;
}

const struct fetch_facts *classify_fetch(const struct policy_facts *p)
{
    if (p->chosen >= 0 && (size_t)p->chosen < p->n_fetch)
        return &p->fetch[p->chosen];
    const struct fetch_facts *best = NULL;
    for (size_t i = 0; i < p->n_fetch; i++) {
        if (try_rank(&p->fetch[i]) > (best ? try_rank(best) : 0))
            best = &p->fetch[i];
    }
    return best;
}

/* A hoster that was never told of the domain, or forgot it. */
static void judge_unclaimed(struct host_case *c, const struct fetch_facts *f)
{
    if (!c->provider || c->provider->kind != PROVIDER_STS_HOSTING)
        return;
    bool alert = f->tls.end == TLS_END_ALERT && f->tls.alert != TLS_ALERT_PROTOCOL_VERSION;
    bool empty =
        f->http.end == HTTP_END_OK && f->http.status == 200 && policy_body_is_blank(f->http.body);
    bool expired = (f->tls.cert_errors & CERT_EXPIRED) != 0;
    if (alert || empty || expired)
        host_fail(c, "tls", FC_host_unclaimed_at_provider, c->host, c->provider->name);
}

/* "On every address": an address that was not tried to its end may have done better. */
static bool silence_is_certain(const struct policy_facts *p, const struct fetch_facts *f)
{
    bool silent = f->tls.end == TLS_END_CLOSED || f->tls.end == TLS_END_TIMEOUT ||
                  f->tls.end == TLS_END_FAILED;
    return !silent || count_conns(p).of[CONN_ABANDONED] == 0;
}

static void judge_host(struct host_case *c)
{
    const struct policy_facts *p = &c->e->policy;
    if (p->addrs.n == 0) {
        judge_no_address(c);
        return;
    }
    judge_wildcard(c);
    judge_families(c);
    judge_disagreement(c);
    const struct fetch_facts *f = classify_fetch(p);
    if (!f || f->conn != CONN_OK) {
        judge_no_connection(c);
        return;
    }
    if (!silence_is_certain(p, f)) {
        c->undetermined_at = "tls";
        return;
    }
    judge_unclaimed(c, f);
    host_judge_tls(c, f);
    if (f->tls.end == TLS_END_OK)
        host_judge_http(c, f);
}

/* The name of a known hoster, or the registrable domain of an unknown one. */
static const char *provider_of_host(const struct judge *ctx, const struct evidence *e,
                                    const struct provider **known, struct judgement *j)
{
    const struct strlist *chain = addr_facts_chain(&e->policy.addrs);
    for (size_t i = 0; i < chain->n; i++) {
        *known = provider_of_policy_host(ctx->providers, slice_of(chain->v[i]));
        if (*known)
            return (*known)->name;
    }
    if (chain->n == 0 || !ctx->psl)
        return NULL;
    struct slice domain = name_registrable(ctx->psl, chain->v[chain->n - 1]);
    return domain.len > 0 ? arena_dup(&j->arena, domain) : NULL;
}

/* A domain that announces nothing has no policy host at fault: under --all-policy its evidence is
 * kept and only policy_orphan is said of it. */
enum status classify_policy_host(const struct judge *ctx, const struct evidence *e,
                                 struct judgement *j)
{
    struct findings unlisted;
    struct host_case c = {.e = e, .j = j, .host = e->policy.host, .f = &j->findings};
    if (policy_facts_skipped(&e->policy)) {
        j->policy_status = COMPONENT_SKIPPED;
        return ST_OK;
    }
    if (j->record_status == COMPONENT_ABSENT) {
        findings_init(&unlisted, &j->arena);
        c.f = &unlisted;
    }
    j->policy_provider = provider_of_host(ctx, e, &c.provider, j);
    judge_host(&c);
    if (c.failed_at) {
        j->policy_status = COMPONENT_FAILED;
        j->policy_stage = c.failed_at;
    } else if (c.undetermined_at) {
        j->policy_status = COMPONENT_UNDETERMINED;
        j->policy_stage = c.undetermined_at;
    } else {
        j->policy_status = COMPONENT_VALID; /* until classify_policy has read the body */
    }
    return c.f->error == ST_NOMEM ? ST_NOMEM : classify_status(j);
}
