/* The workers of a scan: how many there are, how much each may have under way, their end. */
#include "scanner/scan_course.h"

#include "scanner/descriptors.h"
#include <stdlib.h>
#include <unistd.h>

/* How much may be under way at once: as much as was asked for, or as descriptors are enough for. */
static void plan_descriptors(struct scan *s)
{
    uint64_t limit = descriptors_raise();
    struct worker_shared *shared = &s->shared;
    struct descriptor_plan plan = {.in_flight = s->options->in_flight,
                                   .connections = descriptors_connections(shared->n_workers)};
    uint64_t named = s->options->deep ? (uint64_t)shared->n_workers * DNS_NAMED_MAX : 0;
    if (!descriptors_fit(limit > named ? limit - named : 0, shared->n_workers, shared->n_resolvers,
                         &plan))
        scan_say(
            s,
            "only %llu descriptors (ulimit -n): %u connections at once to a worker, %u domains in "
            "flight",
            (unsigned long long)limit, (unsigned)plan.connections, (unsigned)plan.in_flight);
    shared->in_flight = plan.in_flight;
    shared->connections_per_worker = plan.connections;
}

static void know_probe(void *arg, const struct net_addr *ip, struct result *r)
{
    struct scan *s = arg;
    owner_know_probe(&worker_of_address(s->shared.worker[0], ip)->owner, ip, r);
}

/* What earlier runs probed goes to who owns the addresses. */
static void share_known_probes(struct scan *s)
{
    if (!s->resume.known)
        return;
    known_probes_hand_out(s->resume.known, know_probe, s);
    known_probes_free(s->resume.known);
    s->resume.known = NULL;
}

uint32_t scan_workers(const struct scan_options *o)
{
    long cores = o->workers > 0 ? (long)o->workers : sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (uint32_t)cores : 1;
}

enum status scan_make_workers(struct scan *s)
{
    uint32_t n = scan_workers(s->options);
    s->shared.n_workers = n;
    plan_descriptors(s);
    s->shared.worker = calloc(n, sizeof(struct worker *));
    if (!s->shared.worker) {
        s->shared.n_workers = 0;
        return ST_NOMEM;
    }
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < n; i++)
        st = worker_new(&s->shared, i, &s->shared.worker[i]);
    if (st == ST_OK)
        share_known_probes(s);
    return st;
}

void scan_join_workers(struct scan *s)
{
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_join(s->shared.worker[i]);
}

void scan_end_workers(struct scan *s, struct scan_stats *total)
{
    *total = s->resume.stats;
    for (uint32_t i = 0; i < s->shared.n_workers; i++) {
        struct scan_stats one;
        if (!s->shared.worker[i])
            continue;
        worker_stats(s->shared.worker[i], &one);
        stats_add(total, &one);
    }
    bool any = true;
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        if (s->shared.worker[i])
            worker_end(s->shared.worker[i]);
    while (any) {
        any = false;
        for (uint32_t i = 0; i < s->shared.n_workers; i++)
            any = (s->shared.worker[i] && worker_deliver(s->shared.worker[i])) || any;
    }
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_free(s->shared.worker[i]);
    free(s->shared.worker);
}
