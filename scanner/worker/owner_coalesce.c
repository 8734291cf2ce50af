#include "scanner/worker/owner_coalesce.h"

#include "scanner/worker/table.h"
#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

enum {
    /* Certificates for nobody else, one after the other, until nobody waits there any more. */
    ALONE_MAX = 4,
    SCRATCH_MAX_BYTES = 1 << 20, /* to judge one policy */
    SWEEP_MS = 50,
    SLOTS_PER_ADDRESS = 8,
};

/* One shared connection: in the making while `shared` is NULL. */
struct route {
    struct route *next; /* of the address */
    struct route *before_all, *next_all;
    struct place *place;
    fetch_shared *shared;
    struct gate_item slot; /* its place at the gate, once it is made */
    uint32_t riding, requests;
    bool over; /* takes nobody any more */
    uint64_t used_us;
};

/* What is known of an address. */
struct place {
    struct endpoint at;
    struct route *routes;
    uint32_t n_routes, n_parked, alone;
    struct job *parked, **parked_last; /* in the order of coming */
};

/* Addresses stand by hash in one of a few slots, where those without connections make way: memory
 * is bounded, and an address that finds no slot has no shared connections. */
struct coalesce {
    struct place places[LIMIT_COALESCE_ADDRESSES];
    struct route *all;
    uint64_t sweep_us; /* when to look again */
    bool ending;
};

enum status coalesce_new(struct coalesce **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ST_NOMEM : ST_OK;
}

void coalesce_free(struct coalesce *c)
{
    free(c);
}

fetch_shared *coalesce_ride(const struct job *job)
{
    return job->rides ? job->route->shared : NULL;
}

bool coalesce_served(const struct fetch_outcome *out)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    bool holds = out->facts.tls.name == NAME_MATCH_OK && judge_fetch_holds(&scratch, &out->facts);
    arena_free(&scratch);
    return holds;
}

/* ---- addresses and connections -------------------------------------------------------------- */

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && net_addr_eq(&a->ip, &b->ip);
}

/* NULL: all slots where it could be are other addresses' that have connections. */
static struct place *place_of(struct coalesce *c, const struct job *job)
{
    struct endpoint at = {.ip = job->gate.ip, .port = job->port};
    uint64_t hash = table_hash(job->port, at.ip.b, at.ip.family == 4 ? 4 : 16);
    struct place *free_one = NULL;
    for (uint64_t i = 0; i < SLOTS_PER_ADDRESS; i++) {
        struct place *p = &c->places[(hash + i) % LIMIT_COALESCE_ADDRESSES];
        if (same_endpoint(&p->at, &at))
            return p;
        if (p->n_routes == 0 && free_one == NULL)
            free_one = p;
    }
    if (free_one != NULL)
        *free_one = (struct place){.at = at, .parked_last = &free_one->parked};
    return free_one;
}

static struct route *route_new(struct coalesce *c, struct place *p)
{
    struct route *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->place = p;
    r->next = p->routes;
    p->routes = r;
    p->n_routes++;
    r->next_all = c->all;
    if (r->next_all != NULL)
        r->next_all->before_all = r;
    c->all = r;
    return r;
}

static void route_free(struct coalesce *c, struct route *r)
{
    struct route **link = &r->place->routes;
    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    r->place->n_routes--;
    *(r->before_all != NULL ? &r->before_all->next_all : &c->all) = r->next_all;
    if (r->next_all != NULL)
        r->next_all->before_all = r->before_all;
    free(r);
}

/* Nobody rides on it. */
static void route_close(struct owner *o, struct route *r)
{
    fetch_shared_close(r->shared);
    gate_release(o->https, &r->slot, (struct gate_end){.limited = false}, worker_now_us(o->worker));
    route_free(o->coalesce, r);
    worker_schedule(o->worker);
}

static bool has_room(const struct route *r)
{
    return !r->over && r->riding < LIMIT_COALESCE_STREAMS && r->requests < LIMIT_COALESCE_REQUESTS;
}

/* ---- who goes how --------------------------------------------------------------------------- */

static bool is_policy(const struct job *job)
{
    return job->kind == JOB_FETCH && !job->plain && strncmp(job->host, "mta-sts.", 8) == 0 &&
           strcmp(job->path, POLICY_PATH) == 0;
}

/* Half of the places at an address at most, so that there are some for those who ride. */
static uint32_t routes_max(uint32_t at_once_max)
{
    uint32_t most = at_once_max == 0 ? LIMIT_COALESCE_CONNECTIONS : at_once_max / 2;
    return most < LIMIT_COALESCE_CONNECTIONS ? most : LIMIT_COALESCE_CONNECTIONS;
}

/* The oldest connection that nobody rides on; NULL when there is none. */
static struct route *unused(const struct place *p)
{
    struct route *oldest = NULL;
    for (struct route *r = p->routes; r != NULL; r = r->next)
        if (r->shared != NULL && r->riding == 0)
            oldest = r; /* the newest stand first */
    return oldest;
}

enum way { WAY_OWN, WAY_LEAD, WAY_RIDE, WAY_WAIT };

static bool has_waited_enough(const struct job *job, uint64_t now)
{
    return job->parked_us != 0 && now - job->parked_us > LIMIT_COALESCE_PARKED_MS * 1000;
}

static enum way choose(struct place *p, const struct job *job, uint64_t now, uint32_t at_once_max,
                       struct route **out)
{
    bool making = false, full = false;
    for (struct route *r = p->routes; r != NULL; r = r->next) {
        making |= r->shared == NULL;
        if (r->shared == NULL || r->over || !fetch_shared_covers(r->shared, job->host))
            continue;
        *out = r;
        if (has_room(r))
            return WAY_RIDE;
        full |= r->requests < LIMIT_COALESCE_REQUESTS;
    }
    if ((full || (making && p->alone < ALONE_MAX)) && !has_waited_enough(job, now) &&
        p->n_parked < LIMIT_COALESCE_PARKED)
        return WAY_WAIT;
    return p->n_routes < routes_max(at_once_max) || unused(p) != NULL ? WAY_LEAD : WAY_OWN;
}

static void ride(struct job *job, struct route *r)
{
    job->route = r;
    job->rides = true;
    r->riding++;
    r->requests++;
}

static void park(struct place *p, struct job *job, uint64_t now)
{
    if (job->parked_us == 0)
        job->parked_us = now;
    job->parked = NULL;
    *p->parked_last = job;
    p->parked_last = &job->parked;
    p->n_parked++;
}

bool coalesce_admit(struct owner *o, struct job *job)
{
    struct coalesce *c = o->coalesce;
    struct route *r = NULL;
    struct place *p;
    uint64_t now = worker_now_us(o->worker);
    job->route = NULL;
    job->rides = false;
    if (c == NULL || c->ending || job->alone || !is_policy(job) || (p = place_of(c, job)) == NULL)
        return true;
    switch (choose(p, job, now, o->https_at_once, &r)) {
    case WAY_RIDE:
        ride(job, r);
        return true;
    case WAY_LEAD:
        if (p->n_routes >= routes_max(o->https_at_once))
            route_close(o, unused(p)); /* it makes way */
        job->route = route_new(c, p);
        return true;
    case WAY_WAIT:
        park(p, job, now);
        return false;
    default:
        return true;
    }
}

/* ---- those who wait ------------------------------------------------------------------------- */

static struct job *take_parked(struct place *p)
{
    struct job *job = p->parked;
    p->parked = job->parked;
    if (p->parked == NULL)
        p->parked_last = &p->parked;
    p->n_parked--;
    return job;
}

/* Those who wait now choose again. Who may not ride goes back to the gate: it came out of it at
 * another time, and connections have a gap between them. One whose ride ends before it begins lets
 * others go from within, so that nobody may be left here. */
static void let_go(struct owner *o, struct place *p, uint32_t most)
{
    uint64_t now = worker_now_us(o->worker);
    uint32_t n = p->n_parked < most ? p->n_parked : most;
    for (; n > 0 && p->parked != NULL; n--) {
        struct job *job = take_parked(p);
        struct route *r = NULL;
        switch (choose(p, job, now, o->https_at_once, &r)) {
        case WAY_RIDE:
            ride(job, r);
            owner_begin(o, job);
            break;
        case WAY_WAIT:
            park(p, job, now);
            break;
        default:
            owner_queue_again(o, job);
        }
    }
}

/* ---- the end of a fetch --------------------------------------------------------------------- */

/* Policy hosts that the certificate is for, beside the one that asked. */
static size_t others(const struct cert_names *names, const char *host)
{
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++)
        n += strncmp(names->dns[i], "mta-sts.", 8) == 0 && strcmp(names->dns[i], host) != 0;
    return n;
}

/* True: the connection stays, with the place at the gate. */
static bool led(struct owner *o, struct job *job, struct route *r, const struct fetch_outcome *out)
{
    struct place *p = r->place;
    size_t n = out == NULL ? 0 : others(&out->names, job->host);
    bool shared = out != NULL && out->shared != NULL;
    if (shared && n > 0 && !o->coalesce->ending) {
        r->shared = out->shared;
        r->slot = job->gate;
        r->used_us = worker_now_us(o->worker);
        p->alone = 0;
        return true;
    }
    if (shared)
        fetch_shared_close(out->shared);
    p->alone += shared && p->alone < ALONE_MAX;
    route_free(o->coalesce, r);
    return false;
}

bool coalesce_over(struct owner *o, struct job *job, const struct fetch_outcome *out)
{
    struct route *r = job->route;
    struct place *p = r->place;
    bool kept = false;
    job->route = NULL;
    if (job->rides) {
        const struct fetch_facts *f = out == NULL ? NULL : &out->facts;
        job->rides = false;
        r->riding--;
        if (f == NULL)
            r->requests--;
        else
            r->over |= f->conn != CONN_OK || f->http.end != HTTP_END_OK;
        r->used_us = worker_now_us(o->worker);
        let_go(o, p, r->over ? UINT32_MAX : 1);
    } else {
        kept = led(o, job, r, out);
        let_go(o, p, UINT32_MAX);
    }
    return kept;
}

void coalesce_sweep(struct owner *o)
{
    struct coalesce *c = o->coalesce;
    uint64_t now = worker_now_us(o->worker);
    if (c == NULL || now < c->sweep_us)
        return;
    c->sweep_us = now + SWEEP_MS * 1000;
    for (struct route *next, *r = c->all; r != NULL; r = next) {
        struct place *p = r->place;
        next = r->next_all;
        bool idle = now - r->used_us > LIMIT_COALESCE_IDLE_MS * 1000;
        if (r->shared != NULL && r->riding == 0 && (idle || r->over || !has_room(r)))
            route_close(o, r);
        if (p->n_routes == 0)
            let_go(o, p, UINT32_MAX);
        while (p->parked != NULL && has_waited_enough(p->parked, now))
            let_go(o, p, 1);
    }
}

void coalesce_end(struct owner *o)
{
    struct coalesce *c = o->coalesce;
    if (c == NULL)
        return;
    c->ending = true;
    for (struct route *next, *r = c->all; r != NULL; r = next) {
        struct place *p = r->place;
        next = r->next_all;
        while (p->parked != NULL)
            owner_give_up(o, take_parked(p));
        if (r->shared != NULL && r->riding == 0)
            route_close(o, r);
    }
}
