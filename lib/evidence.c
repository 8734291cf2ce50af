/* evidence: making and copying what was seen. */
#include "lib/evidence.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- what it says ------------------------------------------------------------------------------
 */

bool lookup_is_undetermined(enum lookup l)
{
    switch (l) {
    case LOOKUP_SERVFAIL:
    case LOOKUP_REFUSED:
    case LOOKUP_BOGUS:
    case LOOKUP_TIMEOUT:
    case LOOKUP_MALFORMED:
    case LOOKUP_ABANDONED:
        return true;
    default:
        return false;
    }
}

bool lookup_is_negative(enum lookup l)
{
    return l == LOOKUP_NODATA || l == LOOKUP_NXDOMAIN;
}

bool lookup_ede_is_dnssec(int ede)
{
    enum { DNSSEC_BOGUS = 6, NSEC_MISSING = 12 };
    return ede >= DNSSEC_BOGUS && ede <= NSEC_MISSING;
}

/* A weak key or signature is a fault that senders do not refuse for (mx_cert_weak has effect W):
 * RFC 8461 3.3 and 4.2 ask for trust, dates and names. */
#define CERT_ERRORS_FATAL                                                    \
    (CERT_EXPIRED | CERT_NOT_YET_VALID | CERT_SELF_SIGNED | CERT_UNTRUSTED | \
     CERT_INCOMPLETE_CHAIN | CERT_INVALID_OTHER)

bool tls_facts_valid(const struct tls_facts *t)
{
    return t->end == TLS_END_OK && t->version >= TLS_VERSION_MIN && t->name == NAME_MATCH_OK &&
           (t->cert_errors & (uint32_t)CERT_ERRORS_FATAL) == 0;
}

bool tls_facts_version_low(const struct tls_facts *t)
{
    bool chosen = t->end == TLS_END_OK || t->end == TLS_END_FAILED;
    return (chosen && t->version != 0 && t->version < TLS_VERSION_MIN) ||
           (t->end == TLS_END_ALERT && t->alert == TLS_ALERT_PROTOCOL_VERSION);
}

bool policy_facts_skipped(const struct policy_facts *p)
{
    return p->skipped || !p->host;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* What of dns_facts is not zero before anything was asked. */
static void set_none(struct dns_facts *d)
{
    d->rcode = d->ede = -1;
}

void dns_facts_init(struct dns_facts *d)
{
    *d = (struct dns_facts){.ad = false};
    set_none(d);
}

void txt_facts_init(struct txt_facts *t)
{
    *t = (struct txt_facts){.n = 0};
    dns_facts_init(&t->dns);
}

void addr_facts_init(struct addr_facts *a)
{
    *a = (struct addr_facts){.n = 0};
    dns_facts_init(&a->v4);
    dns_facts_init(&a->v6);
}

void tls_facts_init(struct tls_facts *t)
{
    *t = (struct tls_facts){.alert = -1};
}

void fetch_facts_init(struct fetch_facts *f)
{
    *f = (struct fetch_facts){.conn = CONN_NONE};
    tls_facts_init(&f->tls);
}

void probe_facts_init(struct probe_facts *p)
{
    *p = (struct probe_facts){.end = PROBE_NONE};
    tls_facts_init(&p->tls);
    tls_facts_init(&p->tls_no_sni);
}

void mx_host_init(struct mx_host *h)
{
    *h = (struct mx_host){.n_probe = 0};
    addr_facts_init(&h->addrs);
}

/* Everything but the arena; the rest is zero. */
static void set_defaults(struct evidence *e)
{
    e->domain = "";
    e->rank = -1;
    e->policy.chosen = -1;
    set_none(&e->sts.dns);
    set_none(&e->sts_sibling.txt.dns);
    set_none(&e->rpt.dns);
    set_none(&e->dmarc.dns);
    set_none(&e->parent_sts.dns);
    set_none(&e->policy.addrs.v4);
    set_none(&e->policy.addrs.v6);
    set_none(&e->policy.sibling.v4);
    set_none(&e->policy.sibling.v6);
    set_none(&e->mx.dns);
    set_none(&e->mx.apex.v4);
    set_none(&e->mx.apex.v6);
}

void evidence_init(struct evidence *e)
{
    memset(e, 0, sizeof *e);
    arena_init(&e->arena, EVIDENCE_MAX_BYTES);
    set_defaults(e);
}

void evidence_reset(struct evidence *e)
{
    arena_reset(&e->arena);
    struct arena kept = e->arena;
    memset(e, 0, sizeof *e);
    e->arena = kept;
    set_defaults(e);
}

void evidence_free(struct evidence *e)
{
    if (!e)
        return;
    arena_free(&e->arena);
    memset(e, 0, sizeof *e);
}

/* ---- copying --------------------------------------------------------------------------------- */

static bool copy_text(struct arena *arena, const char *in, const char **out)
{
    *out = in ? arena_dup(arena, slice_of(in)) : NULL;
    return !in || *out;
}

static bool copy_list(struct arena *arena, const struct strlist *in, struct strlist *out)
{
    *out = (struct strlist){NULL, 0};
    if (in->n == 0)
        return true;
    const char **v = arena_array(arena, in->n, sizeof *v);
    if (!v)
        return false;
    for (size_t i = 0; i < in->n; i++) {
        if (!copy_text(arena, in->v[i], &v[i]))
            return false;
    }
    *out = (struct strlist){v, in->n};
    return true;
}

enum status dns_facts_copy(struct arena *arena, const struct dns_facts *in, struct dns_facts *out)
{
    *out = *in;
    bool ok = copy_list(arena, &in->cname, &out->cname) && copy_text(arena, in->soa, &out->soa) &&
              copy_text(arena, in->resolver, &out->resolver);
    return ok ? ST_OK : ST_NOMEM;
}

enum status txt_facts_copy(struct arena *arena, const struct txt_facts *in, struct txt_facts *out)
{
    *out = *in;
    out->rr = NULL;
    out->n = 0;
    enum status st = dns_facts_copy(arena, &in->dns, &out->dns);
    if (st != ST_OK || in->n == 0)
        return st;
    struct txt_rr *rr = arena_array(arena, in->n, sizeof *rr);
    if (!rr)
        return ST_NOMEM;
    for (size_t i = 0; i < in->n; i++) {
        rr[i] = in->rr[i];
        rr[i].p = arena_dup(arena, (struct slice){in->rr[i].p, in->rr[i].len});
        if (!rr[i].p)
            return ST_NOMEM;
    }
    out->rr = rr;
    out->n = in->n;
    return ST_OK;
}

enum status addr_facts_copy(struct arena *arena, const struct addr_facts *in,
                            struct addr_facts *out)
{
    *out = *in;
    out->addr = NULL;
    out->n = 0;
    enum status st = dns_facts_copy(arena, &in->v4, &out->v4);
    if (st == ST_OK)
        st = dns_facts_copy(arena, &in->v6, &out->v6);
    if (st != ST_OK || in->n == 0)
        return st;
    out->addr = arena_array(arena, in->n, sizeof *out->addr);
    if (!out->addr)
        return ST_NOMEM;
    memcpy(out->addr, in->addr, in->n * sizeof *out->addr);
    out->n = in->n;
    return ST_OK;
}

enum status tls_facts_copy(struct arena *arena, const struct tls_facts *in, struct tls_facts *out)
{
    *out = *in;
    bool ok = copy_text(arena, in->cipher, &out->cipher) &&
              copy_text(arena, in->cert_sha256, &out->cert_sha256) &&
              copy_text(arena, in->error, &out->error);
    return ok ? ST_OK : ST_NOMEM;
}

static enum status http_facts_copy(struct arena *arena, const struct http_facts *in,
                                   struct http_facts *out)
{
    *out = *in;
    out->body = (struct slice){NULL, 0};
    bool ok = copy_text(arena, in->version, &out->version) &&
              copy_text(arena, in->content_type, &out->content_type) &&
              copy_text(arena, in->content_encoding, &out->content_encoding) &&
              copy_text(arena, in->last_modified, &out->last_modified) &&
              copy_text(arena, in->location, &out->location) &&
              copy_text(arena, in->retry_after, &out->retry_after) &&
              copy_text(arena, in->server, &out->server) &&
              copy_text(arena, in->challenge, &out->challenge);
    if (!ok)
        return ST_NOMEM;
    if (in->body.len > 0) {
        out->body.p = arena_dup(arena, in->body);
        out->body.len = in->body.len;
        if (!out->body.p)
            return ST_NOMEM;
    }
    return ST_OK;
}

enum status fetch_facts_copy(struct arena *arena, const struct fetch_facts *in,
                             struct fetch_facts *out)
{
    *out = *in;
    enum status st = tls_facts_copy(arena, &in->tls, &out->tls);
    return st == ST_OK ? http_facts_copy(arena, &in->http, &out->http) : st;
}

enum status probe_facts_copy(struct arena *arena, const struct probe_facts *in,
                             struct probe_facts *out)
{
    *out = *in;
    if (!copy_text(arena, in->reply, &out->reply) || !copy_text(arena, in->banner, &out->banner) ||
        !copy_text(arena, in->sni, &out->sni))
        return ST_NOMEM;
    enum status st = tls_facts_copy(arena, &in->tls, &out->tls);
    return st == ST_OK ? tls_facts_copy(arena, &in->tls_no_sni, &out->tls_no_sni) : st;
}

enum status mx_facts_copy_names(struct arena *arena, const struct mx_facts *in,
                                struct mx_facts *out)
{
    *out = (struct mx_facts){.truncated = in->truncated, .probe_skipped = in->probe_skipped};
    addr_facts_init(&out->apex);
    enum status st = dns_facts_copy(arena, &in->dns, &out->dns);
    if (st != ST_OK || in->n == 0)
        return st;
    struct mx_host *host = arena_array(arena, in->n, sizeof *host);
    if (!host)
        return ST_NOMEM;
    for (size_t i = 0; i < in->n; i++) {
        mx_host_init(&host[i]);
        host[i].preference = in->host[i].preference;
        host[i].implicit = in->host[i].implicit;
        if (!copy_text(arena, in->host[i].name, &host[i].name))
            return ST_NOMEM;
    }
    out->host = host;
    out->n = in->n;
    return ST_OK;
}

/* ---- addresses ------------------------------------------------------------------------------- */

void net_addr_text(const struct net_addr *a, char out[ADDR_TEXT_MAX_BYTES])
{
    out[0] = '\0';
    if (a->family == 4 || a->family == 6)
        inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, out, ADDR_TEXT_MAX_BYTES);
}

enum status net_addr_parse(struct slice text, struct net_addr *out)
{
    char copy[ADDR_TEXT_MAX_BYTES];
    *out = (struct net_addr){.family = 0};
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.p, '\0', text.len))
        return ST_INVALID;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    bool v6 = strchr(copy, ':') != NULL;
    struct net_addr a = {.family = v6 ? 6 : 4};
    if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, a.b) != 1)
        return ST_INVALID;
    *out = a;
    return ST_OK;
}

bool net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
    size_t len = a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
    return a->family == b->family && memcmp(a->b, b->b, len) == 0;
}
