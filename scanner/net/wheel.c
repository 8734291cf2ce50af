/* wheel: a timer that is due in less than 64^(n+1) ticks stands at level n, in the slot of its due
 * tick's n-th digit (base 64). When the clock reaches a coarse slot's first tick, the slot's timers
 * are placed anew, now on finer levels. */
#include "scanner/net/wheel.h"

#include <stddef.h>
#include <string.h>

enum { SLOT_BITS = 6 };

#define SPAN_TICKS (UINT64_C(1) << (SLOT_BITS * WHEEL_LEVELS))

static unsigned digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> (SLOT_BITS * level)) & (WHEEL_SLOTS - 1);
}

void wheel_init(struct wheel *w, uint64_t now_ms)
{
    memset(w, 0, sizeof *w);
    w->tick = now_ms / WHEEL_TICK_MS;
}

bool wheel_is_set(const struct wheel_timer *t)
{
    return t->link != NULL;
}

static void link_out(struct wheel_timer *t)
{
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* Files t under the first tick at which at_ms has passed (rounded up: never early), but not before
 * `first`. What lies beyond the wheel's span waits in its farthest slot and is placed again. */
static void place(struct wheel *w, struct wheel_timer *t, uint64_t first)
{
    uint64_t due = t->at_ms / WHEEL_TICK_MS + (t->at_ms % WHEEL_TICK_MS != 0);
    if (due < first)
        due = first;
    if (due - w->tick >= SPAN_TICKS)
        due = w->tick + SPAN_TICKS - 1;
    unsigned level = 0;
    while (due - w->tick >= UINT64_C(1) << (SLOT_BITS * (level + 1)))
        level++;
    unsigned slot = digit(due, level);
    struct wheel_timer **head = &w->slot[level][slot];
    t->next = *head;
    t->link = head;
    if (t->next != NULL)
        t->next->link = &t->next;
    *head = t;
    w->occupied[level] |= UINT64_C(1) << slot;
}

void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t at_ms)
{
    wheel_clear(t);
    t->at_ms = at_ms;
    place(w, t, w->tick + 1);
}

/* The slot's bit stays until the slot is looked at: cheaper than finding the slot here. */
void wheel_clear(struct wheel_timer *t)
{
    if (t->link != NULL)
        link_out(t);
}

/* Moves the slot's timers to *list, from which each may still be cleared. */
static void take_slot(struct wheel *w, unsigned level, struct wheel_timer **list)
{
    unsigned slot = digit(w->tick, level);
    *list = w->slot[level][slot];
    if (*list != NULL)
        (*list)->link = list;
    w->slot[level][slot] = NULL;
    w->occupied[level] &= ~(UINT64_C(1) << slot);
}

/* The clock stands at w->tick: coarse slots that begin here are placed anew, coarsest first, so
 * that what is due now reaches the finest level before that fires. */
static void run_tick(struct wheel *w)
{
    struct wheel_timer *list, *t;
    unsigned level = 0;
    while (level + 1 < WHEEL_LEVELS && digit(w->tick, level) == 0)
        level++;
    for (; level > 0; level--) {
        take_slot(w, level, &list);
        while ((t = list) != NULL) {
            link_out(t);
            place(w, t, w->tick);
        }
    }
    take_slot(w, 0, &list);
    while ((t = list) != NULL) {
        link_out(t);
        t->fire(t);
    }
}

/* The next tick at which a slot of this level is reached; UINT64_MAX when all are empty. */
static uint64_t next_of_level(struct wheel *w, unsigned level)
{
    while (w->occupied[level] != 0) {
        unsigned from = (digit(w->tick, level) + 1) % WHEEL_SLOTS;
        uint64_t bits = w->occupied[level];
        uint64_t turned = from == 0 ? bits : bits >> from | bits << (WHEEL_SLOTS - from);
        unsigned ahead = (unsigned)__builtin_ctzll(turned);
        unsigned slot = (from + ahead) % WHEEL_SLOTS;
        if (w->slot[level][slot] != NULL)
            return ((w->tick >> (SLOT_BITS * level)) + 1 + ahead) << (SLOT_BITS * level);
        w->occupied[level] &= ~(UINT64_C(1) << slot);
    }
    return UINT64_MAX;
}

static uint64_t next_tick(struct wheel *w)
{
    uint64_t next = UINT64_MAX;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t t = next_of_level(w, level);
        if (t < next)
            next = t;
    }
    return next;
}

void wheel_run(struct wheel *w, uint64_t now_ms)
{
    uint64_t now = now_ms / WHEEL_TICK_MS;
    while (w->tick < now) {
        uint64_t next = next_tick(w);
        if (next > now) {
            w->tick = now; /* nothing stands in the slots passed over */
            break;
        }
        w->tick = next;
        run_tick(w);
    }
}

uint64_t wheel_next(struct wheel *w)
{
    uint64_t next = next_tick(w);
    return next == UINT64_MAX ? WHEEL_NEVER : next * WHEEL_TICK_MS;
}
