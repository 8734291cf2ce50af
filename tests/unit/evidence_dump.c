#include "tests/unit/evidence_dump.h"

static void number(struct strbuf *out, const char *what, int64_t n)
{
    strbuf_printf(out, "%s=%lld ", what, (long long)n);
}

static void text(struct strbuf *out, const char *what, const char *s)
{
    strbuf_printf(out, "%s=%s%s ", what, s ? "'" : "", s ? s : "NULL");
}

static void bytes(struct strbuf *out, const char *what, struct slice s)
{
    strbuf_printf(out, "%s=%zu:", what, s.len);
    strbuf_add(out, s.p, s.len);
    strbuf_addc(out, ' ');
}

static void dns(struct strbuf *out, const char *what, const struct dns_facts *d)
{
    strbuf_printf(out, "\n%s ", what);
    number(out, "status", d->status);
    number(out, "rcode", d->rcode);
    number(out, "ede", d->ede);
    number(out, "ad", d->ad);
    number(out, "ttl", d->ttl_s);
    for (size_t i = 0; i < d->cname.n; i++)
        text(out, "cname", d->cname.v[i]);
    text(out, "soa", d->soa);
    text(out, "resolver", d->resolver);
}

static void txt(struct strbuf *out, const char *what, const struct txt_facts *t)
{
    dns(out, what, &t->dns);
    number(out, "truncated", t->truncated);
    for (size_t i = 0; i < t->n; i++) {
        bytes(out, "rr", (struct slice){t->rr[i].p, t->rr[i].len});
        number(out, "strings", t->rr[i].strings);
    }
}

static void ip(struct strbuf *out, const struct net_addr *a)
{
    char buf[ADDR_TEXT_MAX_BYTES];
    net_addr_text(a, buf);
    text(out, "ip", buf);
}

static void addrs(struct strbuf *out, const char *what, const struct addr_facts *a)
{
    dns(out, what, &a->v4);
    dns(out, what, &a->v6);
    for (size_t i = 0; i < a->n; i++)
        ip(out, &a->addr[i]);
}

static void tls(struct strbuf *out, const struct tls_facts *t)
{
    strbuf_adds(out, "\n tls ");
    number(out, "end", t->end);
    number(out, "alert", t->alert);
    number(out, "version", t->version);
    text(out, "cipher", t->cipher);
    number(out, "cert_errors", t->cert_errors);
    number(out, "verify_code", t->verify_code);
    number(out, "name", t->name);
    number(out, "covers", t->covers);
    number(out, "not_before", t->not_before_s);
    number(out, "not_after", t->not_after_s);
    text(out, "cert_sha256", t->cert_sha256);
    text(out, "error", t->error);
}

static void fetch(struct strbuf *out, const struct fetch_facts *f)
{
    const struct http_facts *h = &f->http;
    strbuf_adds(out, "\nfetch ");
    ip(out, &f->ip);
    number(out, "conn", f->conn);
    number(out, "connect_ms", f->connect_ms);
    number(out, "tls_ms", f->tls_ms);
    number(out, "total_ms", f->total_ms);
    number(out, "own_ms", f->own_ms);
    number(out, "end", h->end);
    number(out, "status", h->status);
    text(out, "version", h->version);
    text(out, "content_type", h->content_type);
    text(out, "content_encoding", h->content_encoding);
    text(out, "last_modified", h->last_modified);
    text(out, "location", h->location);
    text(out, "retry_after", h->retry_after);
    text(out, "server", h->server);
    text(out, "challenge", h->challenge);
    bytes(out, "body", h->body);
    number(out, "body_total", (int64_t)h->body_total);
    number(out, "coalesced", h->coalesced);
    tls(out, &f->tls);
}

static void policy(struct strbuf *out, const struct policy_facts *p)
{
    number(out, "\npolicy skipped", policy_facts_skipped(p));
    text(out, "host", p->host);
    number(out, "dns_ms", p->dns_ms);
    number(out, "chosen", p->chosen);
    addrs(out, "host", &p->addrs);
    addrs(out, "sibling", &p->sibling);
    for (size_t i = 0; i < p->n_fetch; i++)
        fetch(out, &p->fetch[i]);
    for (size_t i = 0; i < p->n_alt; i++) {
        text(out, "\nalt", p->alt[i].url);
        number(out, "status", p->alt[i].status);
        number(out, "looks_like_policy", p->alt[i].looks_like_policy);
    }
}

static void probe(struct strbuf *out, const struct probe_facts *p)
{
    strbuf_adds(out, "\nprobe ");
    ip(out, &p->ip);
    number(out, "end", p->end);
    number(out, "conn", p->conn);
    number(out, "reply_code", p->reply_code);
    text(out, "reply", p->reply);
    text(out, "banner", p->banner);
    text(out, "sni", p->sni);
    number(out, "starttls", p->starttls);
    number(out, "helo", p->helo);
    number(out, "injected", p->injected);
    number(out, "no_sni_tried", p->no_sni_tried);
    number(out, "ts_ms", p->ts_ms);
    tls(out, &p->tls);
    tls(out, &p->tls_no_sni);
}

static void mx(struct strbuf *out, const struct mx_facts *m)
{
    dns(out, "mx", &m->dns);
    number(out, "truncated", m->truncated);
    number(out, "probe_skipped", m->dns.status == LOOKUP_SKIPPED || m->probe_skipped);
    addrs(out, "apex", &m->apex);
    for (size_t i = 0; i < m->n; i++) {
        text(out, "\nhost", m->host[i].name);
        number(out, "preference", m->host[i].preference);
        number(out, "implicit", m->host[i].implicit);
        addrs(out, "host", &m->host[i].addrs);
        for (size_t k = 0; k < m->host[i].n_probe; k++)
            probe(out, &m->host[i].probe[k]);
    }
}

static void costlier(struct strbuf *out, const struct evidence *e)
{
    for (size_t i = 0; i < e->n_elsewhere; i++)
        txt(out, e->elsewhere[i].label, &e->elsewhere[i].txt);
    for (size_t i = 0; i < e->n_rpt_elsewhere; i++)
        txt(out, e->rpt_elsewhere[i].label, &e->rpt_elsewhere[i].txt);
    for (size_t i = 0; i < e->n_ns; i++)
        txt(out, e->ns[i].server ? e->ns[i].server : "NULL", &e->ns[i].txt);
    for (size_t i = 0; i < e->n_rua; i++) {
        text(out, "\nrua", e->rua[i].uri);
        text(out, "host", e->rua[i].host);
        number(out, "mx", e->rua[i].mx);
        number(out, "addr", e->rua[i].addr);
        number(out, "null_mx", e->rua[i].null_mx);
    }
}

void evidence_dump(const struct evidence *e, struct strbuf *out)
{
    number(out, "input", e->input);
    text(out, "reason", e->input_reason);
    text(out, "domain", e->domain);
    bytes(out, "raw", e->raw);
    number(out, "index", (int64_t)e->index);
    number(out, "rank", e->rank);
    text(out, "tag", e->tag);
    number(out, "ts_ms", e->ts_ms);
    number(out, "duration_ms", e->duration_ms);
    number(out, "deadline_hit", e->deadline_hit);
    number(out, "adopter_in_baseline", e->adopter_in_baseline);
    if (e->input != INPUT_OK)
        return;
    txt(out, "sts", &e->sts);
    txt(out, "sibling", &e->sts_sibling.txt);
    if (e->sts_sibling.txt.dns.status != LOOKUP_SKIPPED)
        text(out, "label", e->sts_sibling.label);
    txt(out, "rpt", &e->rpt);
    txt(out, "dmarc", &e->dmarc);
    txt(out, "parent", &e->parent_sts);
    policy(out, &e->policy);
    mx(out, &e->mx);
    costlier(out, e);
}
