#include "tests/unit/random_evidence.h"

#include "lib/hash.h"
#include "lib/name.h"

#include <string.h>

struct source {
    uint64_t state;
    struct arena *arena;
};

static uint64_t next(struct source *s)
{
    return hash_mix(s->state += HASH_STEP);
}

static uint32_t below(struct source *s, uint32_t n)
{
    return (uint32_t)(next(s) % n);
}

static bool coin(struct source *s)
{
    return below(s, 2) == 0;
}

/* Bytes of any value, or something that looks like what is asked for. */
static struct slice bytes(struct source *s)
{
    static const char *const likely[] = {
        "v=STSv1; id=20240101;",
        "v=STSv1;",
        "V=stsv1; id=a-b",
        "v=TLSRPTv1; rua=mailto:a@b.example",
        "v=spf1 -all",
        "version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\nmx: *.example.com\r\n",
        "version: STSv1\nmode: testing\nmax_age: 604800\nmx: mx1.example.com\n",
        "version: STSv1\nmode: none\nmax_age: 1\n",
        "<html></html>",
        "  \n"};
    if (below(s, 3) > 0)
        return slice_of(likely[below(s, sizeof likely / sizeof *likely)]);
    char raw[64];
    size_t len = below(s, sizeof raw);
    for (size_t i = 0; i < len; i++)
        raw[i] = (char)(below(s, 4) == 0 ? "\"\\\n\x80"[below(s, 4)] : (char)below(s, 256));
    return (struct slice){arena_dup(s->arena, (struct slice){raw, len}), len};
}

/* Escaped text without NUL, or NULL. */
static const char *text(struct source *s)
{
    struct strbuf out;
    if (coin(s))
        return NULL;
    strbuf_init(&out, 4096);
    struct slice raw = bytes(s);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.p[i] == '\0')
            raw.len = i;
    }
    text_escape(&out, raw);
    const char *copy = arena_dup(s->arena, (struct slice){out.p, out.len});
    strbuf_free(&out);
    return copy;
}

static const char *name(struct source *s)
{
    static const char *const names[] = {"mx1.example.com",
                                        "mx2.example.com",
                                        "t.h-v1.mx.microsoft",
                                        ".",
                                        "localhost",
                                        "a.mail.protection.outlook.com",
                                        "x_y.example.com",
                                        "mail.example.net",
                                        "192.0.2.1",
                                        "mta-sts.example.net",
                                        "x.mta-sts.hoster.example",
                                        "gone.pages.example"};
    return names[below(s, sizeof names / sizeof *names)];
}

static void dns(struct source *s, struct dns_facts *d)
{
    dns_facts_init(d);
    d->status = (enum lookup)below(s, LOOKUP_COUNT);
    if (d->status == LOOKUP_SKIPPED)
        return;
    d->rcode = (int)below(s, 26) - 1;
    d->ede = coin(s) ? -1 : (int)below(s, 30);
    d->ad = coin(s);
    d->ttl_s = coin(s) ? below(s, 200000) : 0;
    d->cname.n = below(s, 3);
    d->cname.v = arena_array(s->arena, 3, sizeof *d->cname.v);
    for (size_t i = 0; i < d->cname.n; i++)
        d->cname.v[i] = name(s);
    d->soa = coin(s) ? "example.com" : NULL;
    d->resolver = coin(s) ? "127.0.0.1:53" : NULL;
}

static void txt(struct source *s, struct txt_facts *t)
{
    txt_facts_init(t);
    dns(s, &t->dns);
    if (t->dns.status == LOOKUP_SKIPPED)
        return;
    t->n = below(s, 4);
    t->rr = arena_array(s->arena, 4, sizeof *t->rr);
    for (size_t i = 0; i < t->n; i++) {
        struct slice b = bytes(s);
        t->rr[i] = (struct txt_rr){b.p, b.len, (uint16_t)(coin(s) ? 1 : below(s, 65536))};
    }
    t->truncated = coin(s);
}

static struct net_addr ip(struct source *s)
{
    struct net_addr a = {.family = coin(s) ? 4 : 6};
    for (size_t i = 0; i < (a.family == 4 ? 4u : 16u); i++)
        a.b[i] = (uint8_t)below(s, 256);
    return a;
}

static void addrs(struct source *s, struct addr_facts *a)
{
    addr_facts_init(a);
    dns(s, &a->v4);
    dns(s, &a->v6);
    if (coin(s))
        a->v6.cname = a->v4.cname;
    if (a->v6.status == LOOKUP_SKIPPED)
        a->v6.cname = (struct strlist){NULL, 0};
    bool asked = a->v4.status != LOOKUP_SKIPPED || a->v6.status != LOOKUP_SKIPPED;
    a->n = asked ? below(s, 4) : 0;
    a->addr = arena_array(s->arena, 4, sizeof *a->addr);
    for (size_t i = 0; i < a->n; i++)
        a->addr[i] = ip(s);
}

static void tls(struct source *s, struct tls_facts *t)
{
    static const uint16_t versions[] = {0, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x7f1c};
    tls_facts_init(t);
    t->end = (enum tls_end)below(s, TLS_END_COUNT);
    if (t->end == TLS_END_NONE)
        return;
    t->alert = coin(s) ? -1 : (int)below(s, 256);
    t->version = versions[below(s, sizeof versions / sizeof *versions)];
    t->cipher = text(s);
    t->cert_errors = coin(s) ? 0 : below(s, 1u << 9);
    t->verify_code = coin(s) ? 0 : (int)below(s, 90);
    t->name = (enum name_match)below(s, NAME_MATCH_COUNT);
    t->covers = coin(s) ? 0 : below(s, 1u << 4);
    t->not_before_s = coin(s) ? 0 : (int64_t)below(s, 2000000000) - 1000000000;
    t->not_after_s = coin(s) ? 0 : INT64_C(1800000000) + below(s, 4000000) - 2000000;
    t->cert_sha256 = coin(s) ? "00aa" : NULL;
    t->error = text(s);
}

static void fetch(struct source *s, struct fetch_facts *f)
{
    static const int statuses[] = {0, 200, 200, 200, 301, 403, 404, 429, 503};
    fetch_facts_init(f);
    f->ip = ip(s);
    f->conn = coin(s) ? CONN_OK : (enum conn)below(s, CONN_COUNT);
    tls(s, &f->tls);
    f->connect_ms = below(s, 1000);
    f->tls_ms = below(s, 1000);
    f->total_ms = below(s, 9000);
    f->own_ms = coin(s) ? 0 : below(s, 9000);
    f->http.end = (enum http_end)below(s, HTTP_END_COUNT);
    if (f->http.end == HTTP_END_NONE)
        return;
    f->http.status = statuses[below(s, sizeof statuses / sizeof *statuses)];
    f->http.version = coin(s) ? "2" : NULL;
    f->http.content_type = coin(s) ? "text/plain; charset=x" : text(s);
    f->http.content_encoding = text(s);
    f->http.last_modified = text(s);
    f->http.location = text(s);
    f->http.retry_after = text(s);
    f->http.server = text(s);
    f->http.challenge = text(s);
    f->http.body = bytes(s);
    f->http.body_total = f->http.body.len + below(s, 10);
    f->http.coalesced = coin(s);
}

static void policy(struct source *s, struct policy_facts *p)
{
    p->skipped = below(s, 8) == 0;
    if (p->skipped)
        return;
    p->host = "mta-sts.example.com";
    p->dns_ms = below(s, 100);
    addrs(s, &p->addrs);
    addrs(s, &p->sibling);
    p->n_fetch = below(s, 4);
    p->fetch = arena_array(s->arena, 4, sizeof *p->fetch);
    for (size_t i = 0; i < p->n_fetch; i++)
        fetch(s, &p->fetch[i]);
    if (p->n_fetch == 0)
        p->dns_ms = 0; /* told with the tries */
    p->chosen = (int)below(s, (uint32_t)p->n_fetch + 1) - 1;
    p->n_alt = below(s, 3);
    p->alt = arena_array(s->arena, 3, sizeof *p->alt);
    for (size_t i = 0; i < p->n_alt; i++)
        p->alt[i] = (struct alt_path){text(s), (int)below(s, 600), coin(s)};
}

static void probe(struct source *s, struct probe_facts *p)
{
    probe_facts_init(p);
    p->ip = ip(s);
    p->end = coin(s) ? PROBE_OK : (enum probe_end)below(s, PROBE_END_COUNT);
    p->conn = (enum conn)below(s, CONN_COUNT);
    p->reply_code = coin(s) ? 0 : (int)below(s, 600);
    p->reply = text(s);
    p->banner = text(s);
    p->sni = text(s);
    p->starttls = coin(s);
    p->helo = coin(s);
    p->injected = coin(s);
    p->no_sni_tried = coin(s);
    p->ts_ms = (int64_t)(next(s) % UINT64_C(2000000000000));
    tls(s, &p->tls);
    if (p->no_sni_tried)
        tls(s, &p->tls_no_sni);
}

static void mx(struct source *s, struct mx_facts *m)
{
    dns(s, &m->dns);
    m->probe_skipped = coin(s);
    if (m->dns.status == LOOKUP_SKIPPED)
        return;
    m->truncated = below(s, 8) == 0;
    addrs(s, &m->apex);
    m->n = below(s, 4);
    m->host = arena_array(s->arena, 4, sizeof *m->host);
    for (size_t i = 0; i < m->n; i++) {
        struct mx_host *h = &m->host[i];
        mx_host_init(h);
        h->name = name(s);
        h->preference = (uint16_t)below(s, 65536);
        h->implicit = below(s, 8) == 0;
        addrs(s, &h->addrs);
        h->n_probe = below(s, 3);
        h->probe = arena_array(s->arena, 3, sizeof *h->probe);
        for (size_t k = 0; k < h->n_probe; k++)
            probe(s, &h->probe[k]);
    }
}

static struct label_txt *labels(struct source *s, size_t *n)
{
    static const char *const owners[] = {"example.com", "mta-sts.example.com",
                                         "_smtp_sts.example.com", "_tls.example.com"};
    struct label_txt *l = arena_array(s->arena, 3, sizeof *l);
    *n = below(s, 3);
    for (size_t i = 0; i < *n; i++) {
        l[i].label = owners[below(s, 4)];
        txt(s, &l[i].txt);
    }
    return l;
}

static void costlier(struct source *s, struct evidence *e)
{
    e->elsewhere = labels(s, &e->n_elsewhere);
    e->n_ns = below(s, 3);
    e->ns = arena_array(s->arena, 3, sizeof *e->ns);
    for (size_t i = 0; i < e->n_ns; i++) {
        e->ns[i].server = text(s);
        txt(s, &e->ns[i].txt);
    }
    e->rpt_elsewhere = labels(s, &e->n_rpt_elsewhere);
    e->n_rua = below(s, 3);
    e->rua = arena_array(s->arena, 3, sizeof *e->rua);
    for (size_t i = 0; i < e->n_rua; i++) {
        e->rua[i] = (struct rua_facts){.uri = "mailto:a@example.com", .host = text(s)};
        e->rua[i].mx = (enum lookup)below(s, LOOKUP_COUNT);
        e->rua[i].addr = (enum lookup)below(s, LOOKUP_COUNT);
        e->rua[i].null_mx = coin(s);
    }
}

void random_evidence(struct evidence *e, uint64_t seed)
{
    struct source source = {.state = seed, .arena = &e->arena}, *s = &source;
    e->input = below(s, 8) > 0 ? INPUT_OK : (enum input_state)below(s, 3);
    e->index = next(s) >> 1;
    e->rank = coin(s) ? -1 : (int64_t)below(s, 1000000);
    e->tag = coin(s) ? NULL : text(s);
    e->ts_ms = INT64_C(1800000000000) + below(s, 1000000);
    e->duration_ms = below(s, 300000);
    e->deadline_hit = coin(s);
    e->adopter_in_baseline = coin(s);
    if (e->input == INPUT_INVALID) {
        e->input_reason = "bad_character";
        e->raw = bytes(s);
        return;
    }
    e->domain = "example.com";
    if (e->input == INPUT_EXCLUDED)
        return;
    txt(s, &e->sts);
    if (e->sts.dns.status == LOOKUP_SKIPPED)
        return;
    e->sts_sibling.label = "random.example.com";
    txt(s, &e->sts_sibling.txt);
    txt(s, &e->rpt);
    txt(s, &e->dmarc);
    txt(s, &e->parent_sts);
    policy(s, &e->policy);
    mx(s, &e->mx);
    if (e->rpt.dns.status != LOOKUP_SKIPPED && coin(s))
        costlier(s, e);
}
