/* The unit's names: questions beside the record, and the helpers that all parts ask with. */
#include "scanner/worker/unit.h"

#include "lib/record.h"
#include "scanner/worker/table.h"
#include <stdlib.h>
#include <string.h>

/* ---- TXT ------------------------------------------------------------------------------------ */

void unit_keep_txt(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct txt_facts *out = arg;
    struct txt_facts in = {.dns = a->facts, .n = a->n, .truncated = a->truncated};
    in.rr = (struct txt_rr *)(uintptr_t)a->txt; /* only read */
    if (txt_facts_copy(&u->e.arena, &in, out) == ST_OK)
        return;
    txt_facts_init(out);
    out->dns.status = LOOKUP_ABANDONED;
}

void unit_ask_txt(struct unit *u, const char *name, bool shared, struct txt_facts *out)
{
    unit_ask(u, name, DNS_TXT, shared, unit_keep_txt, out);
}

/* ---- addresses ------------------------------------------------------------------------------ */

struct address_ask {
    const char *name;
    bool shared, widened;
    struct addr_facts *out;
    struct net_addr *v4, *v6;
    size_t n4, n6;
    unsigned pending;
    void (*then)(struct unit *u, void *arg);
    void *arg;
};

static struct net_addr *copy_addresses(struct unit *u, const struct dns_answer *a, size_t *n)
{
    *n = 0;
    struct net_addr *copy = a->n > 0 ? arena_array(&u->e.arena, a->n, sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, a->addr, a->n * sizeof *copy);
        *n = a->n;
    }
    return copy;
}

static void addresses_known(struct unit *u, struct address_ask *q);

static void on_addresses(struct unit *u, struct address_ask *q, struct dns_facts *facts,
                         const struct dns_answer *a)
{
    if (dns_facts_copy(&u->e.arena, &a->facts, facts) != ST_OK) {
        dns_facts_init(facts);
        facts->status = LOOKUP_ABANDONED;
    }
    if (--q->pending == 0)
        addresses_known(u, q);
}

static void on_a(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct address_ask *q = arg;
    q->v4 = copy_addresses(u, a, &q->n4);
    on_addresses(u, q, &q->out->v4, a);
}

static void on_aaaa(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct address_ask *q = arg;
    q->v6 = copy_addresses(u, a, &q->n6);
    on_addresses(u, q, &q->out->v6, a);
}

static void ask_families(struct unit *u, struct address_ask *q, bool v4, bool v6)
{
    /* One more than there are questions: an answer may come from inside the asking. */
    q->pending = 1u + v4 + v6;
    if (v4)
        unit_ask(u, q->name, DNS_A, q->shared, on_a, q);
    if (v6)
        unit_ask(u, q->name, DNS_AAAA, q->shared, on_aaaa, q);
    if (--q->pending == 0)
        addresses_known(u, q);
}

static void addresses_known(struct unit *u, struct address_ask *q)
{
    const struct worker_shared *s = u->worker->shared;
    struct addr_facts *out = q->out;
    bool other_v4 = out->v4.status == LOOKUP_SKIPPED, other_v6 = out->v6.status == LOOKUP_SKIPPED;
    const struct dns_facts *asked = s->use_v4 ? &out->v4 : &out->v6;
    /* NXDOMAIN holds for every type; NODATA leaves the other family open. */
    if (!q->widened && q->n4 + q->n6 == 0 && (other_v4 || other_v6) &&
        asked->status == LOOKUP_NODATA) {
        q->widened = true;
        ask_families(u, q, other_v4, other_v6);
        return;
    }
    size_t n = q->n4 + q->n6;
    if (n > ADDRESSES_MAX)
        n = ADDRESSES_MAX;
    out->addr = n > 0 ? arena_array(&u->e.arena, n, sizeof *out->addr) : NULL;
    out->n = 0;
    for (size_t i = 0; out->addr && i < n; i++)
        out->addr[out->n++] = i < q->n4 ? q->v4[i] : q->v6[i - q->n4];
    if (q->then)
        q->then(u, q->arg);
}

void unit_ask_addresses(struct unit *u, const char *name, bool shared, struct addr_facts *out,
                        void (*then)(struct unit *u, void *arg), void *arg)
{
    const struct worker_shared *s = u->worker->shared;
    struct address_ask *q = arena_alloc(&u->e.arena, sizeof *q);
    if (!q) {
        out->v4.status = out->v6.status = LOOKUP_ABANDONED;
        if (then)
            then(u, arg);
        return;
    }
    *q = (struct address_ask){.name = name, .shared = shared, .out = out, .then = then, .arg = arg};
    ask_families(u, q, s->use_v4, s->use_v6);
}

/* ---- the names of the domain ---------------------------------------------------------------- */

const char *unit_random_label(struct unit *u, const char *prefix)
{
    uint64_t seed = u->worker->shared->options->seed;
    uint64_t h = table_hash(seed ^ 0x7369626c696e67ULL, u->e.domain, strlen(u->e.domain));
    return arena_printf(&u->e.arena, "%sx%012llx.%s", prefix,
                        (unsigned long long)(h & 0xffffffffffffULL), u->e.domain);
}

void unit_sibling_start(struct unit *u)
{
    u->e.sts_sibling.label = unit_random_label(u, "_");
    if (u->e.sts_sibling.label)
        unit_ask_txt(u, u->e.sts_sibling.label, false, &u->e.sts_sibling.txt);
}

/* Whether what the TLSRPT record names can receive: one question or two for each destination. */
static void on_rua_mx(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct rua_facts *rua = arg;
    (void)u;
    rua->mx = a->facts.status;
    rua->null_mx = a->n == 1 && strcmp(a->mx[0].host, ".") == 0;
}

static void on_rua_address(struct unit *u, void *arg, const struct dns_answer *a)
{
    (void)u;
    struct rua_facts *rua = arg;
    /* Found in one family is enough; a failure says more than a no. */
    if (rua->addr != LOOKUP_FOUND &&
        (a->facts.status == LOOKUP_FOUND || !lookup_is_undetermined(rua->addr)))
        rua->addr = a->facts.status;
}

/* RFC 3986 3.2.2. */
static bool is_address(const char *host)
{
    struct net_addr ignored;
    size_t len = strlen(host);
    bool literal = len > 2 && host[0] == '[' && host[len - 1] == ']';
    struct slice text = {host + literal, len - (literal ? 2 : 0)};
    return net_addr_parse(text, &ignored) == ST_OK;
}

/* What is too long for a name is asked as well: the answer is that it cannot be there. */
static const char *rua_host(struct unit *u, const char *uri, bool *mail)
{
    struct slice host = tlsrpt_rua_host(slice_of(uri), mail);
    if (host.len == 0)
        return NULL;
    char *copy = arena_dup(&u->e.arena, host);
    if (copy)
        name_lower(copy);
    return copy;
}

/* False when what was found is no TLSRPT record and no attempt at one. */
static bool ask_rua(struct unit *u)
{
    struct arena scratch;
    struct findings findings;
    struct tlsrpt rpt = {.present = false, .n_rua = 0};
    arena_init(&scratch, EVIDENCE_MAX_BYTES);
    findings_init(&findings, &scratch);
    if (tlsrpt_judge(u->e.rpt.rr, u->e.rpt.n, u->e.domain, &findings, &rpt) == ST_OK &&
        rpt.n_rua > 0)
        u->e.rua = arena_array(&u->e.arena, rpt.n_rua, sizeof *u->e.rua);
    for (size_t i = 0; u->e.rua && i < rpt.n_rua; i++) {
        bool mail;
        const char *host = rua_host(u, rpt.rua[i], &mail);
        if (!host)
            continue;
        struct rua_facts *rua = &u->e.rua[u->e.n_rua++];
        rua->uri = arena_dup(&u->e.arena, slice_of(rpt.rua[i]));
        rua->host = host;
        if (!mail && is_address(host))
            continue; /* nothing to be asked */
        if (mail)
            unit_ask(u, host, DNS_MX, true, on_rua_mx, rua);
        unit_ask(u, host, DNS_A, true, on_rua_address, rua);
        unit_ask(u, host, DNS_AAAA, true, on_rua_address, rua);
    }
    arena_free(&scratch);
    return rpt.present;
}

/* --deep: TXT of the domain at names where the record does not belong but is put. */
static void ask_elsewhere(struct unit *u, const char *const *prefixes, size_t n,
                          struct label_txt **out, size_t *n_out)
{
    *out = arena_array(&u->e.arena, n, sizeof **out);
    for (size_t i = 0; *out && i < n; i++) {
        struct label_txt *at = &(*out)[*n_out];
        txt_facts_init(&at->txt);
        at->label = arena_printf(&u->e.arena, "%s%s", prefixes[i], u->e.domain);
        if (!at->label)
            return;
        ++*n_out;
        unit_ask_txt(u, at->label, false, &at->txt);
    }
}

/* The domain itself, the policy host, and the names of the drafts. */
static void ask_sts_elsewhere(struct unit *u)
{
    static const char *const prefixes[] = {"", "mta-sts.", "_mta_sts.", "_smtp_sts."};
    ask_elsewhere(u, prefixes, sizeof prefixes / sizeof prefixes[0], &u->e.elsewhere,
                  &u->e.n_elsewhere);
}

static void ask_rpt_elsewhere(struct unit *u)
{
    static const char *const prefixes[] = {"", "_smtp-tlsrpt.", "_smtp._tcp.", "_tls."};
    ask_elsewhere(u, prefixes, sizeof prefixes / sizeof prefixes[0], &u->e.rpt_elsewhere,
                  &u->e.n_rpt_elsewhere);
}

static void on_tlsrpt(struct unit *u, void *arg, const struct dns_answer *a)
{
    unit_keep_txt(u, arg, a);
    if (!u->adopter)
        return;
    /* What a wildcard puts at the name, an SPF record say, leaves it as empty as a no. */
    bool absent =
        u->e.rpt.dns.status == LOOKUP_FOUND ? !ask_rua(u) : lookup_is_negative(u->e.rpt.dns.status);
    if (absent && u->worker->shared->options->deep)
        ask_rpt_elsewhere(u);
}

/* The records of the domains above, the nearest first, for a subdomain: MTA-STS is never inherited
 * (RFC 8461 3.4). Up to the registrable one, of which they are suffixes. */
struct parent_search {
    struct slice above;
    size_t top_len;
    unsigned steps;
};

static void ask_parent(struct unit *u, struct parent_search *search);

static void on_parent(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct parent_search *search = arg;
    unit_keep_txt(u, &u->e.parent_sts, a);
    for (size_t i = 0; i < u->e.parent_sts.n; i++) {
        const struct txt_rr *rr = &u->e.parent_sts.rr[i];
        if (record_is_sts_like((struct slice){rr->p, rr->len}))
            return;
    }
    ask_parent(u, search);
}

static void ask_parent(struct unit *u, struct parent_search *search)
{
    if (search->above.len <= search->top_len || search->steps++ == LIMIT_PARENTS)
        return;
    search->above = name_parent(search->above);
    unit_ask(u, arena_join(&u->e.arena, "_mta-sts.", search->above.p), DNS_TXT, true, on_parent,
             search);
}

static void parents_start(struct unit *u)
{
    const name_psl *psl = u->worker->shared->judge.psl;
    struct slice top = psl ? name_registrable(psl, u->e.domain) : (struct slice){NULL, 0};
    struct parent_search *search = top.len > 0 ? arena_alloc(&u->e.arena, sizeof *search) : NULL;
    if (!search)
        return;
    *search = (struct parent_search){slice_of(u->e.domain), top.len, 0};
    ask_parent(u, search);
}

void unit_names_start(struct unit *u)
{
    struct arena *arena = &u->e.arena;
    if (u->want_tlsrpt)
        unit_ask(u, arena_printf(arena, "_smtp._tls.%s", u->e.domain), DNS_TXT, false, on_tlsrpt,
                 &u->e.rpt);
    if (u->adopter && u->e.sts_sibling.txt.dns.status == LOOKUP_SKIPPED)
        unit_sibling_start(u);
    const struct scan_options *o = u->worker->shared->options;
    if (o->deep && o->all_policy && !u->adopter && !lookup_is_undetermined(u->e.sts.dns.status))
        ask_sts_elsewhere(u);
    if (u->adopter || u->want_mx) {
        unit_ask_txt(u, arena_printf(arena, "_dmarc.%s", u->e.domain), false, &u->e.dmarc);
        parents_start(u);
    }
}
