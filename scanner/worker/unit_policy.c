/* The unit's policy: addresses of mta-sts.D, one GET after the other until an address gives a
 * handshake (under --deep from each), and what lies beside a 404. */
#include "scanner/worker/unit.h"

#include <string.h>

enum conn unit_may_contact(const struct unit *u, const char *name, const struct addr_facts *chain,
                           const struct net_addr *ip)
{
    const struct worker_shared *s = u->worker->shared;
    const guard *g = worker_guard(u->worker);
    enum guard_verdict verdict = guard_name(g, name);
    for (size_t i = 0; verdict == GUARD_OK && i < chain->v4.cname.n; i++)
        verdict = guard_name(g, chain->v4.cname.v[i]);
    for (size_t i = 0; verdict == GUARD_OK && i < chain->v6.cname.n; i++)
        verdict = guard_name(g, chain->v6.cname.v[i]);
    if (verdict == GUARD_OK)
        verdict = guard_address(g, ip);
    if (verdict == GUARD_BLOCKLISTED)
        u->worker->stats.guard_blocklisted++;
    else if (verdict == GUARD_SPECIAL)
        u->worker->stats.guard_special++;
    if (verdict != GUARD_OK)
        return verdict == GUARD_BLOCKLISTED ? CONN_BLOCKLISTED : CONN_BLOCKED;
    return (ip->family == 4 ? s->use_v4 : s->use_v6) ? CONN_OK : CONN_NO_ROUTE;
}

/* ---- beside a 404 --------------------------------------------------------------------------- */

static void on_alternative(struct unit *u, struct job *job)
{
    struct policy_facts *p = &u->e.policy;
    if (!job->result || job->result->fetch.http.status == 0)
        return;
    const struct http_facts *http = &job->result->fetch.http;
    struct alt_path *alt = &p->alt[p->n_alt];
    bool default_port = job->port == (job->plain ? 80 : 443);
    alt->url = default_port
                   ? arena_printf(&u->e.arena, "%s://%s%s", job->plain ? "http" : "https",
                                  job->host, job->path)
                   : arena_printf(&u->e.arena, "%s://%s:%u%s", job->plain ? "http" : "https",
                                  job->host, (unsigned)job->port, job->path);
    if (!alt->url)
        return;
    alt->status = http->status;
    alt->looks_like_policy = http->status == 200 && policy_body_resembles(http->body);
    p->n_alt++;
}

static void try_alternative(struct unit *u, const char *host, const struct net_addr *ip,
                            const char *path, bool plain)
{
    const struct scan_options *o = u->worker->shared->options;
    struct job *job = unit_is_late(u) ? NULL : job_new(u->worker, JOB_FETCH, ip, host);
    if (!job)
        return;
    job->plain = plain;
    job->port = plain ? o->http_port : o->https_port;
    job->path = path;
    job->body_max_bytes = POLICY_BODY_MAX_BYTES;
    job->deadline_ms = o->timeout_policy_ms;
    unit_submit(u, job, on_alternative);
}

static void on_apex(struct unit *u, void *arg)
{
    struct addr_facts *apex = arg;
    for (size_t i = 0; i < apex->n; i++) {
        if (unit_may_contact(u, u->e.domain, apex, &apex->addr[i]) != CONN_OK)
            continue;
        try_alternative(u, u->e.domain, &apex->addr[i], POLICY_PATH, false);
        return;
    }
}

static void look_beside_404(struct unit *u, const struct net_addr *ip)
{
    enum { PLACES = 4 };
    struct policy_facts *p = &u->e.policy;
    struct addr_facts *apex = arena_alloc(&u->e.arena, sizeof *apex);
    p->alt = arena_array(&u->e.arena, PLACES, sizeof *p->alt);
    if (!p->alt || !apex)
        return;
    try_alternative(u, p->host, ip, "/mta-sts.txt", false);
    try_alternative(u, p->host, ip, "/.well-known/mta-sts.json", false); /* drafts */
    try_alternative(u, p->host, ip, POLICY_PATH, true);
    addr_facts_init(apex);
    unit_ask_addresses(u, u->e.domain, true, apex, on_apex, apex);
}

/* ---- the policy itself ---------------------------------------------------------------------- */

/* The address gave no policy and no word about why: the next one may do better. */
static bool is_silent(const struct fetch_facts *f)
{
    return f->conn != CONN_OK || f->tls.end == TLS_END_CLOSED || f->tls.end == TLS_END_TIMEOUT ||
           f->tls.end == TLS_END_FAILED;
}

/* The first that answered in TLS; if none, the first that connected; if none, no one. */
static int choose(const struct policy_facts *p)
{
    int connected = -1;
    for (size_t i = 0; i < p->n_fetch; i++) {
        if (!is_silent(&p->fetch[i]))
            return (int)i;
        if (connected < 0 && p->fetch[i].conn == CONN_OK)
            connected = (int)i;
    }
    return connected;
}

static void policy_over(struct unit *u)
{
    struct policy_facts *p = &u->e.policy;
    p->chosen = choose(p);
    if (p->chosen >= 0 && p->fetch[p->chosen].http.status == 404)
        look_beside_404(u, &p->fetch[p->chosen].ip);
}

static uint32_t cert_covers(const struct unit *u, const struct cert_names *names)
{
    const struct addr_facts *a = &u->e.policy.addrs;
    const struct strlist *chain = a->v4.cname.n > 0 ? &a->v4.cname : &a->v6.cname;
    uint32_t covers = 0;
    char www[NAME_MAX_BYTES + 5] = "www.";
    memcpy(www + 4, u->e.domain, strlen(u->e.domain) + 1);
    if (chain->n > 0 && cert_names_match(names, slice_of(chain->v[chain->n - 1])) == NAME_MATCH_OK)
        covers |= COVERS_CNAME_TARGET;
    if (cert_names_match(names, slice_of(u->e.domain)) == NAME_MATCH_OK ||
        cert_names_match(names, slice_of(www)) == NAME_MATCH_OK)
        covers |= COVERS_APEX;
    return covers;
}

static void next_address(struct unit *u);

static void on_policy(struct unit *u, struct job *job)
{
    struct fetch_facts *f = job->slot;
    struct net_addr ip = f->ip;
    if (!job->result || fetch_facts_copy(&u->e.arena, &job->result->fetch, f) != ST_OK) {
        fetch_facts_init(f);
        f->ip = ip;
        f->conn = CONN_ABANDONED;
    } else if (f->tls.cert_sha256) {
        const struct cert_names *names = &job->result->names;
        f->tls.covers = cert_covers(u, names);
        if (f->tls.name == NAME_MATCH_CN_ONLY)
            f->tls.name = cert_names_match_policy_host(names, slice_of(u->e.policy.host));
    }
    if (!u->worker->shared->options->deep) {
        if (is_silent(f))
            next_address(u);
        else
            policy_over(u);
    } else if (--u->policy_next == 0) {
        policy_over(u);
    }
}

/* Takes the address into the list of tries, and contacts it when it may. True: under way. */
static bool try_address(struct unit *u, const struct net_addr *ip)
{
    const struct scan_options *o = u->worker->shared->options;
    struct policy_facts *p = &u->e.policy;
    struct fetch_facts *f = &p->fetch[p->n_fetch++];
    fetch_facts_init(f);
    f->ip = *ip;
    f->conn = unit_may_contact(u, p->host, &p->addrs, ip);
    if (f->conn != CONN_OK)
        return false;
    f->conn = CONN_ABANDONED;
    struct job *job = unit_is_late(u) ? NULL : job_new(u->worker, JOB_FETCH, ip, p->host);
    if (!job) {
        u->e.deadline_hit |= unit_is_late(u);
        return false;
    }
    u->policy_contacted++;
    job->port = o->https_port;
    job->path = POLICY_PATH;
    job->body_max_bytes = POLICY_BODY_MAX_BYTES;
    job->deadline_ms = o->timeout_policy_ms;
    job->slot = f;
    unit_submit(u, job, on_policy);
    return true;
}

/* In turn: the next address that may be contacted, or the end. */
static void next_address(struct unit *u)
{
    struct policy_facts *p = &u->e.policy;
    uint32_t most = u->worker->shared->options->max_addresses;
    while (u->policy_next < p->addrs.n && u->policy_contacted < most)
        if (try_address(u, &p->addrs.addr[u->policy_next++]))
            return;
    policy_over(u);
}

/* --deep: all at once; policy_next then counts what is under way. */
static void every_address(struct unit *u)
{
    struct policy_facts *p = &u->e.policy;
    uint32_t most = u->worker->shared->options->max_addresses;
    u->policy_next = 1;
    for (size_t i = 0; i < p->addrs.n && u->policy_contacted < most; i++) {
        u->policy_next++;
        if (!try_address(u, &p->addrs.addr[i]))
            u->policy_next--;
    }
    if (--u->policy_next == 0)
        policy_over(u);
}

static void on_host(struct unit *u, void *arg)
{
    struct policy_facts *p = arg;
    if (p->addrs.n == 0)
        return;
    p->fetch = arena_array(&u->e.arena, p->addrs.n, sizeof *p->fetch);
    if (!p->fetch)
        u->e.deadline_hit = true; /* out of memory: our own limit, undetermined */
    else if (u->worker->shared->options->deep)
        every_address(u);
    else
        next_address(u);
}

void unit_policy_start(struct unit *u)
{
    struct policy_facts *p = &u->e.policy;
    p->host = arena_printf(&u->e.arena, "mta-sts.%s", u->e.domain);
    if (!p->host) {
        p->addrs.v4.status = p->addrs.v6.status = LOOKUP_ABANDONED;
        return;
    }
    unit_ask_addresses(u, p->host, false, &p->addrs, on_host, p);
    if (u->adopter)
        unit_ask_addresses(u, unit_random_label(u, ""), false, &p->sibling, NULL, NULL);
}
