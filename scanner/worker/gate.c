#include "scanner/worker/gate.h"

#include "scanner/worker/gate_address.h"
#include "scanner/worker/ratelimit.h"

#include <stdlib.h>

struct gate {
    struct gate_limits limits;
    struct ratelimit total;
    uint64_t gap_us;
    struct gate_addresses known;
    struct heap timed; /* addresses with an instant to wait for */
    struct gate_queue ready;
    struct gate_queue held[2]; /* ready but for their family, see addr_family_slot */
    bool hold[2];
    struct gate_item *refused;
    size_t waiting, active;
    size_t emptied; /* buckets of known.addresses in which nobody waits: gate_take_any */
};

/* What waits for room waits for somebody to go, who is looked at with the limits of that time: so
 * nothing that stands in a queue needs to be moved here. */
void gate_set_limits(gate *g, const struct gate_limits *limits)
{
    g->limits = *limits;
    uint64_t shares = limits->shares > 0 ? limits->shares : 1;
    /* A twentieth of a second's worth may go at once, so that a timer's grain costs no rate. The
     * steady rate is lower by as much, so that no second ever sees more than the limit. */
    ratelimit_init(&g->total, limits->total_rate - limits->total_rate / 20, 1000000 * shares,
                   limits->total_rate / (20 * shares));
    /* A twentieth longer than asked for: what jitter there is on the way must not make us rude. */
    if (limits->address_rate > 0)
        g->gap_us = 1050000 / limits->address_rate;
    else
        g->gap_us = 0;
}

enum status gate_new(const struct gate_limits *limits, gate **out)
{
    gate *g = calloc(1, sizeof *g);
    if (!g)
        return ST_NOMEM;
    if (gate_addresses_init(&g->known) != ST_OK) {
        gate_free(g);
        return ST_NOMEM;
    }
    gate_set_limits(g, limits);
    *out = g;
    return ST_OK;
}

void gate_free(gate *g)
{
    if (!g)
        return;
    gate_addresses_free(&g->known);
    heap_free(&g->timed);
    free(g);
}

/* ---- placing -------------------------------------------------------------------------------- */

static bool is_full(uint32_t active, uint32_t limit)
{
    return limit > 0 && active >= limit;
}

/* Puts an address that is nowhere into the place where it has to wait. */
static void place(gate *g, struct gate_address *a, uint64_t now_us)
{
    bool idle = !a->first && a->active == 0;
    if (idle || (a->first && !is_full(a->active, g->limits.per_address) && a->due_us > now_us)) {
        a->place = PLACE_TIMED;
        uint64_t forget_us = a->backoff.forget_us;
        heap_add(&g->timed, &a->timed, idle && forget_us > a->due_us ? forget_us : a->due_us);
    } else if (!a->first || is_full(a->active, g->limits.per_address)) {
        a->place = PLACE_NOWHERE;
    } else if (is_full(a->prefix->active, g->limits.per_prefix)) {
        a->place = PLACE_PREFIX;
        gate_queue_add(&a->prefix->queue, a);
    } else {
        a->place = PLACE_READY;
        gate_queue_add(&g->ready, a);
    }
}

/* The prefix may have room again: lets the first address that can use it go on. */
static void wake_prefix(gate *g, struct gate_prefix *p, uint64_t now_us)
{
    while (p->queue.first && !is_full(p->active, g->limits.per_prefix)) {
        struct gate_address *a = gate_queue_take(&p->queue);
        place(g, a, now_us);
        if (a->place == PLACE_READY)
            break;
    }
}

static void refuse(gate *g, struct gate_item *item)
{
    item->refused = true;
    item->next = g->refused;
    g->refused = item;
}

enum status gate_push(gate *g, struct gate_item *item, uint64_t now_us)
{
    /* Room for one more address, so that placing it cannot fail. */
    if (heap_reserve(&g->timed, g->known.addresses.n + 1) != ST_OK)
        return ST_NOMEM;
    struct gate_address *a = gate_address_of(&g->known, &item->ip);
    if (!a)
        return ST_NOMEM;
    item->address = a;
    item->refused = false;
    g->waiting++;
    g->emptied = 0;
    if (a->given_up && a->due_us > now_us) {
        refuse(g, item);
        if (a->place == PLACE_NOWHERE && a->active == 0)
            place(g, a, now_us);
        return ST_OK;
    }
    gate_address_add(a, item);
    bool waits_idle = a->place == PLACE_TIMED && a->first == item;
    if (waits_idle)
        heap_remove(&g->timed, &a->timed);
    if (waits_idle || a->place == PLACE_NOWHERE)
        place(g, a, now_us);
    return ST_OK;
}

static struct gate_address *first_timed(const gate *g)
{
    struct heap_node *n = heap_first(&g->timed);
    return n ? (struct gate_address *)(void *)((char *)n - offsetof(struct gate_address, timed))
             : NULL;
}

/* Addresses whose instant has come: forgotten when nothing waits, else placed again. */
static void pass_due(gate *g, uint64_t now_us)
{
    for (struct gate_address *a; (a = first_timed(g)) && a->timed.at_us <= now_us;) {
        heap_remove(&g->timed, &a->timed);
        if (!a->first && a->active == 0)
            gate_address_forget(&g->known, a);
        else
            place(g, a, now_us);
    }
}

/* Its first item goes, unless what it was ready for has changed meanwhile: then NULL, and it has
 * its place. */
static struct gate_item *take_item(gate *g, struct gate_address *a, uint64_t now_us)
{
    struct gate_prefix *p = a->prefix;
    struct gate_item *item = NULL;
    if (a->first && a->due_us <= now_us && !is_full(p->active, g->limits.per_prefix)) {
        a->place = PLACE_NOWHERE;
        item = gate_address_take(a);
        a->active++;
        p->active++;
        a->due_us = now_us + g->gap_us;
        a->given_up = false;
        item->went_us = now_us;
        ratelimit_take(&g->total, now_us);
        g->waiting--;
        g->active++;
    }
    place(g, a, now_us);
    wake_prefix(g, p, now_us); /* there may be more room than before (gate_set_limits) */
    return item;
}

/* An address may be reached over both families (NAT64): who stands first there decides. */
static struct gate_queue *held_queue(gate *g, const struct gate_address *a)
{
    unsigned slot = a->first ? addr_family_slot(a->first->ip.family) : 0;
    return a->first && g->hold[slot] ? &g->held[slot] : NULL;
}

struct gate_item *gate_pop(gate *g, uint64_t now_us, uint64_t *next_us)
{
    *next_us = UINT64_MAX;
    if (g->refused) {
        struct gate_item *item = g->refused;
        g->refused = item->next;
        g->waiting--;
        return item;
    }
    pass_due(g, now_us);
    while (g->ready.first) {
        struct gate_queue *held = held_queue(g, g->ready.first);
        if (held) {
            gate_queue_add(held, gate_queue_take(&g->ready));
            continue;
        }
        uint64_t wait = ratelimit_wait_us(&g->total, now_us);
        if (wait > 0) {
            *next_us = now_us + wait;
            return NULL;
        }
        struct gate_item *item = take_item(g, gate_queue_take(&g->ready), now_us);
        if (item)
            return item;
    }
    if (heap_first(&g->timed))
        *next_us = heap_first(&g->timed)->at_us;
    return NULL;
}

/* ---- a family that is held ------------------------------------------------------------------ */

void gate_hold(gate *g, uint8_t family, bool hold)
{
    unsigned slot = addr_family_slot(family);
    g->hold[slot] = hold;
    while (!hold && g->held[slot].first)
        gate_queue_add(&g->ready, gate_queue_take(&g->held[slot]));
}

/* The one that is preferred, or the first; NULL when there is none. */
static struct gate_address *take_held(struct gate_queue *q,
                                      bool (*prefer)(void *arg, const struct net_addr *ip),
                                      void *arg)
{
    struct gate_address *before = NULL, *a = prefer ? q->first : NULL;
    while (a && !(a->first && prefer(arg, &a->first->ip))) {
        before = a;
        a = a->next;
    }
    if (!a || !before)
        return gate_queue_take(q);
    before->next = a->next;
    if (q->last == a)
        q->last = before;
    return a;
}

struct gate_item *gate_pop_held(gate *g, uint8_t family,
                                bool (*prefer)(void *arg, const struct net_addr *ip), void *arg,
                                uint64_t now_us)
{
    struct gate_queue *held = &g->held[addr_family_slot(family)], others = {NULL, NULL};
    pass_due(g, now_us);
    while (g->ready.first) {
        struct gate_queue *q = held_queue(g, g->ready.first);
        gate_queue_add(q ? q : &others, gate_queue_take(&g->ready));
    }
    g->ready = others;
    struct gate_item *item = NULL;
    while (!item && held->first && ratelimit_wait_us(&g->total, now_us) == 0)
        item = take_item(g, take_held(held, prefer, arg), now_us);
    return item;
}

/* ---- the end of a connection ---------------------------------------------------------------- */

void gate_went(gate *g, struct gate_item *item, uint64_t now_us)
{
    struct gate_address *a = item->address;
    uint64_t due_us = now_us + g->gap_us;
    if (due_us <= a->due_us)
        return;
    bool timed = a->place == PLACE_TIMED;
    if (timed)
        heap_remove(&g->timed, &a->timed);
    a->due_us = due_us;
    if (timed)
        place(g, a, now_us);
}

/* Nobody waits for it until it is due: what waits comes out refused, and what comes too. */
static void give_up(gate *g, struct gate_address *a)
{
    a->given_up = true;
    for (struct gate_item *item; (item = gate_address_take(a));)
        refuse(g, item);
}

void gate_release(gate *g, struct gate_item *item, struct gate_end end, uint64_t now_us)
{
    struct gate_address *a = item->address;
    struct gate_prefix *p = a->prefix;
    a->active--;
    p->active--;
    g->active--;
    if (a->place == PLACE_TIMED) {
        heap_remove(&g->timed, &a->timed); /* its instant may move */
        a->place = PLACE_NOWHERE;
    }
    if (end.limited) {
        if (backoff_limited(&a->backoff, item->went_us, end.asked_ms * 1000, now_us, &a->due_us))
            give_up(g, a);
    } else if (end.welcome) {
        backoff_welcome(&a->backoff, item->went_us);
    }
    if (a->place == PLACE_NOWHERE)
        place(g, a, now_us);
    wake_prefix(g, p, now_us);
}

struct gate_item *gate_take_any(gate *g)
{
    struct gate_item *item = g->refused;
    if (item) {
        g->refused = item->next;
        g->waiting--;
        return item;
    }
    for (; g->waiting > 0 && g->emptied < g->known.addresses.n_buckets; g->emptied++) {
        for (struct table_node *n = g->known.addresses.bucket[g->emptied]; n; n = n->next) {
            item = gate_address_take((struct gate_address *)n);
            if (!item)
                continue;
            g->waiting--;
            return item;
        }
    }
    return NULL;
}

size_t gate_waiting(const gate *g)
{
    return g->waiting;
}

size_t gate_active(const gate *g)
{
    return g->active;
}
