/* The owner's view of the uplink: what connections tell of it, and who may go while it is
 * suspected. */
#include "scanner/worker/owner.h"

#include "scanner/worker/worker.h"

enum { FAMILIES = 2 };

static uint8_t family_of(unsigned slot)
{
    return slot ? 6 : 4;
}

static enum uplink_service service_of(const struct job *job)
{
    return job->kind == JOB_PROBE ? UPLINK_SMTP : UPLINK_HTTPS;
}

static uplink *link_of(const struct owner *o, const struct job *job)
{
    return o->link[addr_family_slot(job->gate.ip.family)].uplink;
}

enum status owner_uplink_init(struct owner *o)
{
    const struct scan_options *opt = o->worker->shared->options;
    uint32_t a = opt->timeout_policy_ms, b = opt->timeout_probe_ms;
    enum status st = ST_OK;
    for (unsigned i = 0; i < FAMILIES && st == ST_OK; i++)
        st = uplink_new(a < b ? a : b, a > b ? a : b, &o->link[i].uplink);
    return st;
}

void owner_uplink_free(struct owner *o)
{
    for (unsigned i = 0; i < FAMILIES; i++)
        uplink_free(o->link[i].uplink);
}

/* ---- suspected, and back -------------------------------------------------------------------- */

/* Gates and scan follow what the uplink has come to. */
static void show(struct owner *o, unsigned slot, uint64_t now_us)
{
    struct owner_link *link = &o->link[slot];
    enum uplink_state state = uplink_look(link->uplink, now_us), before = link->shown;
    if (state == before)
        return;
    link->shown = state;
    gate_hold(o->https, family_of(slot), state == UPLINK_SUSPECTED);
    gate_hold(o->smtp, family_of(slot), state == UPLINK_SUSPECTED);
    o->worker->stats.uplink_suspected += state == UPLINK_SUSPECTED;
    struct uplink_news news = {.family = family_of(slot),
                               .state = state,
                               .before = before,
                               .ever = uplink_was_heard(link->uplink),
                               .silent_ms = state == UPLINK_UP
                                                ? uplink_last_silence_ms(link->uplink)
                                                : uplink_silent_ms(link->uplink, now_us)};
    worker_tell_uplink(o->worker, &news);
    worker_schedule(o->worker);
}

static void heard(struct owner *o, const struct net_addr *host, enum uplink_service service)
{
    unsigned slot = addr_family_slot(host->family);
    uint64_t now = worker_now_us(o->worker);
    uplink_heard(o->link[slot].uplink, host, service, now);
    atomic_store_explicit(&o->link[slot].heard_us[service], now, memory_order_relaxed);
    show(o, slot, now);
}

void owner_heard_https(void *arg, const struct net_addr *host)
{
    heard(arg, host, UPLINK_HTTPS);
}

void owner_heard_smtp(void *arg, const struct net_addr *host)
{
    heard(arg, host, UPLINK_SMTP);
}

/* What the workers heard, this one among them. */
static void hear_of(struct owner *o, unsigned slot, const struct owner_link *from)
{
    for (unsigned s = 0; s < UPLINK_SERVICES; s++) {
        uint64_t at = atomic_load_explicit(&from->heard_us[s], memory_order_relaxed);
        if (at == 0)
            continue;
        uplink_heard_at(o->link[slot].uplink, (enum uplink_service)s, at);
        uplink_heard_other_family(o->link[!slot].uplink);
    }
}

/* Whom the others miss, and whether they suspect. Each network is one worker's. */
static void suspect_with(struct owner *o, unsigned slot, uint64_t now_us)
{
    const struct worker_shared *s = o->worker->shared;
    uplink *l = o->link[slot].uplink;
    uint32_t lost = 0;
    for (uint32_t i = 0; i < s->n_workers; i++) {
        const struct owner_link *other = &s->worker[i]->owner.link[slot];
        if (s->worker[i] == o->worker)
            continue;
        lost += (uint32_t)atomic_load_explicit(&other->lost, memory_order_relaxed);
        uint64_t at = atomic_load_explicit(&other->suspected_us, memory_order_relaxed);
        uplink_suspected_elsewhere(l, at, now_us);
    }
    uplink_lost_elsewhere(l, lost);
}

void owner_uplink_tick(struct owner *o, uint64_t late_us, uint64_t now_us)
{
    const struct worker_shared *s = o->worker->shared;
    bool held = false;
    for (unsigned slot = 0; slot < FAMILIES; slot++)
        for (uint32_t i = 0; i < s->n_workers; i++)
            hear_of(o, slot, &s->worker[i]->owner.link[slot]);
    for (unsigned slot = 0; slot < FAMILIES; slot++) {
        struct owner_link *link = &o->link[slot];
        if (late_us > 0)
            uplink_excuse(link->uplink, late_us, now_us);
        suspect_with(o, slot, now_us);
        show(o, slot, now_us);
        held |= link->shown == UPLINK_SUSPECTED;
        atomic_store_explicit(&link->suspected_us, uplink_suspected_since_us(link->uplink),
                              memory_order_relaxed);
        atomic_store_explicit(&link->lost, uplink_lost(link->uplink), memory_order_relaxed);
    }
    if (held)
        owner_moves(o, now_us);
}

/* ---- canaries ------------------------------------------------------------------------------- */

struct wish {
    const uplink *uplink;
    enum uplink_service service;
};

static bool is_known(void *arg, const struct net_addr *ip)
{
    const struct wish *w = arg;
    return uplink_is_known(w->uplink, ip, w->service);
}

static struct gate_item *choose(struct owner *o, unsigned slot, uint64_t now_us)
{
    gate *const gates[UPLINK_SERVICES] = {[UPLINK_HTTPS] = o->https, [UPLINK_SMTP] = o->smtp};
    struct gate_item *item = NULL;
    for (unsigned i = 0; i < UPLINK_SERVICES && !item; i++) {
        unsigned service = o->canary_turn++ % UPLINK_SERVICES;
        struct wish wish = {o->link[slot].uplink, (enum uplink_service)service};
        item = gate_pop_held(gates[service], family_of(slot), is_known, &wish, now_us);
    }
    return item;
}

void owner_uplink_pump(struct owner *o, uint64_t now_us)
{
    for (unsigned slot = 0; slot < FAMILIES; slot++) {
        if (o->link[slot].shown != UPLINK_SUSPECTED ||
            !uplink_canary_due(o->link[slot].uplink, now_us))
            continue;
        struct gate_item *item = choose(o, slot, now_us);
        if (!item)
            continue;
        struct job *job = job_of_gate(item);
        job->canary = true;
        job->route = NULL; /* a connection of its own */
        job->rides = false;
        uplink_canary_went(o->link[slot].uplink);
        owner_begin(o, job);
    }
}

/* ---- connections ---------------------------------------------------------------------------- */

void owner_uplink_began(struct owner *o, struct job *job, uint64_t now_us)
{
    uplink *l = link_of(o, job);
    job->link_then = uplink_mark(l, now_us);
    if (!job->rides)
        uplink_tried(l, &job->gate.ip, service_of(job), now_us);
}

void owner_uplink_left(struct owner *o, struct job *job)
{
    if (job->canary)
        uplink_canary_over(link_of(o, job), worker_now_us(o->worker));
}

bool owner_uplink_spoilt(struct owner *o, struct job *job, enum link_end end, bool silent,
                         uint32_t wait_ms)
{
    uint64_t now = worker_now_us(o->worker);
    unsigned slot = addr_family_slot(job->gate.ip.family);
    uplink *l = o->link[slot].uplink;
    if (end == LINK_END_ANSWERED) {
        if (!job->rides)
            heard(o, &job->gate.ip, service_of(job));
        return false;
    }
    if (end == LINK_END_NONE || o->worker->stopping)
        return false;
    if (silent && !job->rides) {
        uplink_in_vain(l, &job->gate.ip, service_of(job));
        show(o, slot, now);
    }
    /* A canary does not wait as long as it should. */
    bool spoilt = job->canary ||
                  uplink_spoils(l, job->link_then, end == LINK_END_UNREACHABLE ? 0 : wait_ms, now);
    uint64_t since = atomic_load_explicit(&job->started_us, memory_order_relaxed);
    if (spoilt)
        job->waited_ms += (uint32_t)((now - since) / 1000);
    else if (silent && end == LINK_END_TIMED_OUT && !job->rides)
        uplink_believed(l, &job->gate.ip, service_of(job));
    return spoilt;
}

uint32_t owner_uplink_down_ms(const struct owner *o, const struct job *job)
{
    return uplink_down_ms(link_of(o, job), job->link_then, worker_now_us(o->worker));
}

bool owner_uplink_is_given_up(const struct owner *o, const struct job *job)
{
    return uplink_state_of(link_of(o, job)) == UPLINK_GIVEN_UP;
}
