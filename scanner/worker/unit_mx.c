/* The unit's mail hosts: MX, their addresses, and a probe of each address. */
#include "scanner/worker/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- probes --------------------------------------------------------------------------------- */

/* Where the answer of one probe goes. */
struct probe_slot {
    struct mx_host *host;
    struct probe_facts *facts;
};

static void keep_for_patterns(struct unit *u, const struct probe_slot *slot, struct result *r)
{
    struct unit_probe *kept = arena_alloc(&u->e.arena, sizeof *kept);
    if (!kept)
        return;
    *kept = (struct unit_probe){
        .next = u->probes, .result = result_ref(r), .facts = slot->facts, .host = slot->host};
    u->probes = kept;
}

static void on_probe(struct unit *u, struct job *job)
{
    struct probe_slot *slot = job->slot;
    struct probe_facts *f = slot->facts;
    struct net_addr ip = f->ip;
    if (!job->result || probe_facts_copy(&u->e.arena, &job->result->probe, f) != ST_OK) {
        probe_facts_init(f);
        f->ip = ip;
        f->end = PROBE_ABANDONED;
        f->ts_ms = worker_wall_ms(u->worker);
        return;
    }
    f->tls.name = job->name;
    f->tls.covers = 0;
    const char *asked = job->result->sni;
    if (asked && probe_depends_on_name(f) && strcmp(asked, slot->host->name) != 0)
        f->sni = arena_dup(&u->e.arena, slice_of(asked));
    if (f->end == PROBE_OK && f->tls.name != NAME_MATCH_OK)
        keep_for_patterns(u, slot, job->result);
}

/* --deep: the same handshake without SNI, beside the first. */
static void on_probe_without_sni(struct unit *u, struct job *job)
{
    struct probe_slot *slot = job->slot;
    if (!job->result)
        return;
    slot->facts->no_sni_tried =
        tls_facts_copy(&u->e.arena, &job->result->probe.tls, &slot->facts->tls_no_sni) == ST_OK;
    slot->facts->tls_no_sni.name =
        cert_names_match(&job->result->names, slice_of(slot->host->name));
}

static void probe_again_without_sni(struct unit *u, struct job *job)
{
    struct probe_slot *slot = job->slot;
    on_probe(u, job);
    if (slot->facts->end != PROBE_OK && slot->facts->end != PROBE_TLS_FAILED)
        return;
    struct job *second = job_new(u->worker, JOB_PROBE, &slot->facts->ip, "");
    if (!second)
        return;
    second->without_sni = true;
    second->port = job->port;
    second->deadline_ms = job->deadline_ms;
    second->slot = slot;
    unit_submit(u, second, on_probe_without_sni);
}

static void probe_address(struct unit *u, struct mx_host *host, const struct net_addr *ip)
{
    const struct scan_options *o = u->worker->shared->options;
    struct probe_facts *f = &host->probe[host->n_probe++];
    probe_facts_init(f);
    f->ip = *ip;
    f->ts_ms = worker_wall_ms(u->worker);
    f->conn = unit_may_contact(u, host->name, &host->addrs, ip);
    f->end = f->conn == CONN_NO_ROUTE ? PROBE_NO_ROUTE : PROBE_BLOCKED;
    if (f->conn != CONN_OK)
        return;
    f->conn = CONN_ABANDONED;
    f->end = PROBE_ABANDONED;
    u->e.deadline_hit |= unit_is_late(u);
    struct probe_slot *slot = arena_alloc(&u->e.arena, sizeof *slot);
    struct job *job =
        slot && !unit_is_late(u) ? job_new(u->worker, JOB_PROBE, ip, host->name) : NULL;
    if (!job)
        return;
    *slot = (struct probe_slot){host, f};
    job->port = o->smtp_port;
    job->deadline_ms = o->timeout_probe_ms;
    job->slot = slot;
    unit_submit(u, job, o->deep ? probe_again_without_sni : on_probe);
}

/* A scan without probes has as much to say of a host all of whose addresses are special-purpose as
 * one with them: nobody would be contacted. */
static bool is_nowhere(const struct unit *u, const struct mx_host *host)
{
    for (size_t i = 0; i < host->addrs.n; i++)
        if (unit_may_contact(u, host->name, &host->addrs, &host->addrs.addr[i]) != CONN_BLOCKED)
            return false;
    return true;
}

static void note_nowhere(const struct unit *u, struct mx_host *host)
{
    for (; host->n_probe < host->addrs.n; host->n_probe++) {
        struct probe_facts *f = &host->probe[host->n_probe];
        probe_facts_init(f);
        f->ip = host->addrs.addr[host->n_probe];
        f->ts_ms = worker_wall_ms(u->worker);
        f->conn = CONN_BLOCKED;
        f->end = PROBE_BLOCKED;
    }
}

static void on_host_addresses(struct unit *u, void *arg)
{
    struct mx_host *host = arg;
    uint32_t most = u->worker->shared->options->max_addresses, contacted = 0;
    if (host->addrs.n == 0 || (!u->want_probe && !is_nowhere(u, host)))
        return;
    host->probe = arena_array(&u->e.arena, host->addrs.n, sizeof *host->probe);
    if (host->probe && !u->want_probe) {
        note_nowhere(u, host);
        return;
    }
    for (size_t i = 0; host->probe && i < host->addrs.n && contacted < most; i++) {
        probe_address(u, host, &host->addrs.addr[i]);
        enum probe_end end = host->probe[host->n_probe - 1].end;
        contacted += end != PROBE_BLOCKED && end != PROBE_NO_ROUTE;
    }
}

/* ---- MX ------------------------------------------------------------------------------------- */

/* No MX: the domain itself is the host when it has an address (RFC 5321 5.1). */
static void on_apex(struct unit *u, void *arg)
{
    struct mx_facts *mx = arg;
    if (mx->apex.n == 0)
        return;
    struct mx_host *host = arena_alloc(&u->e.arena, sizeof *host);
    if (!host)
        return;
    mx_host_init(host);
    host->name = u->e.domain;
    host->implicit = true;
    if (addr_facts_copy(&u->e.arena, &mx->apex, &host->addrs) != ST_OK)
        return;
    mx->host = host;
    mx->n = 1;
    on_host_addresses(u, host);
}

static int by_preference(const void *a, const void *b)
{
    const struct mx_host *x = a, *y = b;
    if (x->preference != y->preference)
        return x->preference < y->preference ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void on_mx(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct mx_facts *mx = arg;
    mx->truncated = a->truncated || a->n > MX_HOSTS_MAX;
    size_t n = a->n > MX_HOSTS_MAX ? MX_HOSTS_MAX : a->n;
    bool ok = dns_facts_copy(&u->e.arena, &a->facts, &mx->dns) == ST_OK;
    mx->host = ok && n > 0 ? arena_array(&u->e.arena, n, sizeof *mx->host) : NULL;
    if (!ok || (n > 0 && !mx->host)) {
        dns_facts_init(&mx->dns);
        mx->dns.status = LOOKUP_ABANDONED;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct mx_host *host = &mx->host[mx->n];
        mx_host_init(host);
        host->preference = a->mx[i].preference;
        host->name = arena_dup(&u->e.arena, slice_of(a->mx[i].host));
        mx->n += host->name != NULL;
    }
    mx->truncated |= mx->n < n;
    if (mx->n > 1)
        qsort(mx->host, mx->n, sizeof *mx->host, by_preference);
    if (lookup_is_negative(mx->dns.status)) {
        /* When the answer is known already, the domain itself is the host when this returns. */
        unit_ask_addresses(u, u->e.domain, true, &mx->apex, on_apex, mx);
        return;
    }
    for (size_t i = 0; i < mx->n; i++)
        if (strcmp(mx->host[i].name, ".") != 0)
            unit_ask_addresses(u, mx->host[i].name, true, &mx->host[i].addrs, on_host_addresses,
                               &mx->host[i]);
}

void unit_mx_start(struct unit *u)
{
    unit_ask(u, u->e.domain, DNS_MX, true, on_mx, &u->e.mx);
}
