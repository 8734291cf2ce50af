#include "scanner/worker/gate.h"

#include "scanner/worker/ratelimit.h"
#include "scanner/worker/table.h"
#include <stdlib.h>
#include <string.h>

/* Where an address stands; it is in one place at a time. */
enum place {
    PLACE_NOWHERE, /* at its own limit of connections: gate_release looks at it again */
    PLACE_TIMED,   /* in the heap: until its gap has passed, or until it may be forgotten */
    PLACE_PREFIX,  /* in its prefix's queue: the prefix is at its limit */
    PLACE_READY,   /* waits for the total rate only, or among the held for its family */
};

struct gate_queue {
    struct gate_address *first, *last;
};

struct gate_prefix {
    struct table_node node;
    uint64_t key;
    uint32_t active, addresses;
    struct gate_queue queue; /* addresses that wait for the prefix */
};

struct gate_address {
    struct table_node node;
    struct net_addr ip; /* canonical */
    struct gate_prefix *prefix;
    struct gate_item *first, **last;
    struct gate_address *next; /* in the prefix's or the ready queue */
    uint64_t due_us;           /* no new connection before */
    uint64_t backoff_us;       /* the last gap after a limiting answer; 0: none, or over */
    uint64_t limited_us;       /* when that answer came */
    uint64_t forget_us;        /* the gap is doubled by further ones until then */
    uint32_t active, limited_in_row;
    bool given_up; /* until due_us */
    enum place place;
    uint64_t heap_us; /* in the heap: its instant */
    size_t heap_slot;
};

struct gate {
    struct gate_limits limits;
    struct ratelimit total;
    uint64_t gap_us;
    struct table addresses, prefixes;
    struct gate_address **heap; /* by heap_us */
    size_t heap_n, heap_alloc;
    struct gate_queue ready;
    struct gate_queue held[2]; /* ready but for their family, see addr_family_slot */
    bool hold[2];
    struct gate_item *refused;
    size_t waiting, active;
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
    if (table_init(&g->addresses, 1024) != ST_OK || table_init(&g->prefixes, 1024) != ST_OK) {
        gate_free(g);
        return ST_NOMEM;
    }
    gate_set_limits(g, limits);
    *out = g;
    return ST_OK;
}

static void free_nodes(struct table *t)
{
    if (!t->bucket)
        return;
    for (struct table_node *n; (n = table_any(t));) {
        table_remove(t, n);
        free(n);
    }
    table_free(t);
}

void gate_free(gate *g)
{
    if (!g)
        return;
    free_nodes(&g->addresses);
    free_nodes(&g->prefixes);
    free(g->heap);
    free(g);
}

/* ---- the heap of instants ------------------------------------------------------------------- */

static void heap_set(gate *g, size_t slot, struct gate_address *a)
{
    g->heap[slot] = a;
    a->heap_slot = slot;
}

static void heap_up(gate *g, size_t slot)
{
    struct gate_address *a = g->heap[slot];
    while (slot > 0 && g->heap[(slot - 1) / 2]->heap_us > a->heap_us) {
        heap_set(g, slot, g->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    heap_set(g, slot, a);
}

static void heap_down(gate *g, size_t slot)
{
    struct gate_address *a = g->heap[slot];
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= g->heap_n)
            break;
        if (child + 1 < g->heap_n && g->heap[child + 1]->heap_us < g->heap[child]->heap_us)
            child++;
        if (g->heap[child]->heap_us >= a->heap_us)
            break;
        heap_set(g, slot, g->heap[child]);
        slot = child;
    }
    heap_set(g, slot, a);
}

/* Makes room for as many addresses as there are, so that placing one later cannot fail. */
static enum status heap_reserve(gate *g)
{
    if (g->addresses.n + 1 <= g->heap_alloc)
        return ST_OK;
    size_t alloc = g->heap_alloc ? 2 * g->heap_alloc : 256;
    struct gate_address **heap = realloc(g->heap, alloc * sizeof(struct gate_address *));
    if (!heap)
        return ST_NOMEM;
    g->heap = heap;
    g->heap_alloc = alloc;
    return ST_OK;
}

static void heap_add(gate *g, struct gate_address *a, uint64_t at_us)
{
    a->heap_us = at_us;
    g->heap[g->heap_n] = a;
    heap_up(g, g->heap_n++);
}

static void heap_remove(gate *g, struct gate_address *a)
{
    size_t slot = a->heap_slot;
    struct gate_address *last = g->heap[--g->heap_n];
    if (last == a)
        return;
    heap_set(g, slot, last);
    heap_up(g, slot);
    heap_down(g, last->heap_slot);
}

/* ---- addresses and prefixes ----------------------------------------------------------------- */

static struct gate_prefix *prefix_of(gate *g, const struct net_addr *ip)
{
    uint64_t key = addr_prefix_key(ip), hash = hash_u64(key);
    for (struct table_node *n = table_chain(&g->prefixes, hash); n; n = n->next)
        if (n->hash == hash && ((struct gate_prefix *)n)->key == key)
            return (struct gate_prefix *)n;
    struct gate_prefix *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->node.hash = hash;
    p->key = key;
    table_put(&g->prefixes, &p->node);
    return p;
}

static void prefix_unref(gate *g, struct gate_prefix *p)
{
    if (p->addresses > 0)
        return;
    table_remove(&g->prefixes, &p->node);
    free(p);
}

static struct gate_address *address_of(gate *g, const struct net_addr *ip)
{
    struct net_addr real = addr_canonical(ip);
    uint64_t hash = table_hash(real.family, real.b, real.family == 4 ? 4 : 16);
    for (struct table_node *n = table_chain(&g->addresses, hash); n; n = n->next)
        if (n->hash == hash && net_addr_eq(&((struct gate_address *)n)->ip, &real))
            return (struct gate_address *)n;
    if (heap_reserve(g) != ST_OK)
        return NULL;
    struct gate_prefix *p = prefix_of(g, &real);
    if (!p)
        return NULL;
    struct gate_address *a = calloc(1, sizeof *a);
    if (!a) {
        prefix_unref(g, p);
        return NULL;
    }
    a->node.hash = hash;
    a->ip = real;
    a->prefix = p;
    a->last = &a->first;
    p->addresses++;
    table_put(&g->addresses, &a->node);
    return a;
}

static void address_forget(gate *g, struct gate_address *a)
{
    struct gate_prefix *p = a->prefix;
    table_remove(&g->addresses, &a->node);
    free(a);
    p->addresses--;
    prefix_unref(g, p);
}

/* ---- placing -------------------------------------------------------------------------------- */

static void queue_add(struct gate_queue *q, struct gate_address *a)
{
    a->next = NULL;
    if (q->first)
        q->last->next = a;
    else
        q->first = a;
    q->last = a;
}

static struct gate_address *queue_take(struct gate_queue *q)
{
    struct gate_address *a = q->first;
    if (a)
        q->first = a->next;
    return a;
}

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
        heap_add(g, a, idle && a->forget_us > a->due_us ? a->forget_us : a->due_us);
    } else if (!a->first || is_full(a->active, g->limits.per_address)) {
        a->place = PLACE_NOWHERE;
    } else if (is_full(a->prefix->active, g->limits.per_prefix)) {
        a->place = PLACE_PREFIX;
        queue_add(&a->prefix->queue, a);
    } else {
        a->place = PLACE_READY;
        queue_add(&g->ready, a);
    }
}

/* The prefix may have room again: lets the first address that can use it go on. */
static void wake_prefix(gate *g, struct gate_prefix *p, uint64_t now_us)
{
    while (p->queue.first && !is_full(p->active, g->limits.per_prefix)) {
        struct gate_address *a = queue_take(&p->queue);
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
    struct gate_address *a = address_of(g, &item->ip);
    if (!a)
        return ST_NOMEM;
    item->address = a;
    item->next = NULL;
    item->refused = false;
    g->waiting++;
    if (a->given_up && a->due_us > now_us) {
        refuse(g, item);
        if (a->place == PLACE_NOWHERE && a->active == 0)
            place(g, a, now_us);
        return ST_OK;
    }
    *a->last = item;
    a->last = &item->next;
    bool waits_idle = a->place == PLACE_TIMED && a->first == item;
    if (waits_idle)
        heap_remove(g, a);
    if (waits_idle || a->place == PLACE_NOWHERE)
        place(g, a, now_us);
    return ST_OK;
}

/* Addresses whose instant has come: forgotten when nothing waits, else placed again. */
static void pass_due(gate *g, uint64_t now_us)
{
    while (g->heap_n > 0 && g->heap[0]->heap_us <= now_us) {
        struct gate_address *a = g->heap[0];
        heap_remove(g, a);
        if (!a->first && a->active == 0)
            address_forget(g, a);
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
        item = a->first;
        a->first = item->next;
        if (!a->first)
            a->last = &a->first;
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
            queue_add(held, queue_take(&g->ready));
            continue;
        }
        uint64_t wait = ratelimit_wait_us(&g->total, now_us);
        if (wait > 0) {
            *next_us = now_us + wait;
            return NULL;
        }
        struct gate_item *item = take_item(g, queue_take(&g->ready), now_us);
        if (item)
            return item;
    }
    if (g->heap_n > 0)
        *next_us = g->heap[0]->heap_us;
    return NULL;
}

/* ---- a family that is held ------------------------------------------------------------------ */

void gate_hold(gate *g, uint8_t family, bool hold)
{
    unsigned slot = addr_family_slot(family);
    g->hold[slot] = hold;
    while (!hold && g->held[slot].first)
        queue_add(&g->ready, queue_take(&g->held[slot]));
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
        return queue_take(q);
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
        queue_add(q ? q : &others, queue_take(&g->ready));
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
        heap_remove(g, a);
    a->due_us = due_us;
    if (timed)
        place(g, a, now_us);
}

/* Nobody goes there until `until_us`: what waits comes out refused, and what comes too. */
static void give_up(gate *g, struct gate_address *a, uint64_t until_us)
{
    a->given_up = true;
    a->due_us = until_us;
    while (a->first) {
        struct gate_item *item = a->first;
        a->first = item->next;
        refuse(g, item);
    }
    a->last = &a->first;
}

/* An answer that limits us: the gap doubles; after too many of them nobody goes there any more. */
static void back_off(gate *g, struct gate_address *a, uint64_t now_us)
{
    const uint64_t first = GATE_BACKOFF_FIRST_MS * 1000ULL, most = GATE_BACKOFF_MAX_MS * 1000ULL;
    const uint64_t remember = GATE_REMEMBER_MS * 1000ULL;
    if (a->forget_us <= now_us) {
        a->backoff_us = 0;
        a->limited_in_row = 0;
    }
    a->backoff_us = a->backoff_us == 0 ? first : 2 * a->backoff_us;
    if (a->backoff_us > most)
        a->backoff_us = most;
    a->limited_us = now_us;
    a->due_us = now_us + a->backoff_us;
    if (++a->limited_in_row >= GATE_GIVE_UP_AFTER)
        give_up(g, a, now_us + remember);
    a->forget_us = a->due_us + GATE_REMEMBER_GAP_MS * 1000ULL;
}

/* The peer named a time (RFC 9110 10.2.3): nobody comes before, and when it is longer than we ever
 * wait, nobody waits for it. */
static void stay_away(gate *g, struct gate_address *a, uint64_t asked_us, uint64_t now_us)
{
    const uint64_t remember = GATE_REMEMBER_MS * 1000ULL;
    uint64_t until = now_us + (asked_us < remember ? asked_us : remember);
    if (until <= a->due_us)
        return;
    a->due_us = until;
    if (asked_us > GATE_BACKOFF_MAX_MS * 1000ULL)
        give_up(g, a, until);
    a->forget_us = until + GATE_REMEMBER_GAP_MS * 1000ULL;
}

static void take_end(gate *g, struct gate_address *a, const struct gate_item *item,
                     struct gate_end end, uint64_t now_us)
{
    bool same_event = a->limited_us > 0 && item->went_us <= a->limited_us;
    if (end.limited) {
        if (!same_event)
            back_off(g, a, now_us);
        stay_away(g, a, end.asked_ms * 1000, now_us);
    } else if (end.welcome && !same_event) {
        a->backoff_us = a->forget_us = 0;
        a->limited_in_row = 0;
    }
}

void gate_release(gate *g, struct gate_item *item, struct gate_end end, uint64_t now_us)
{
    struct gate_address *a = item->address;
    struct gate_prefix *p = a->prefix;
    a->active--;
    p->active--;
    g->active--;
    if (a->place == PLACE_TIMED) {
        heap_remove(g, a); /* its instant may move */
        a->place = PLACE_NOWHERE;
    }
    take_end(g, a, item, end, now_us);
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
    for (size_t i = 0; g->waiting > 0 && i < g->addresses.n_buckets; i++) {
        for (struct table_node *n = g->addresses.bucket[i]; n; n = n->next) {
            struct gate_address *a = (struct gate_address *)n;
            if (!a->first)
                continue;
            item = a->first;
            a->first = item->next;
            if (!a->first)
                a->last = &a->first;
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
