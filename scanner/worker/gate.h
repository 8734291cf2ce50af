/* gate - who may connect where, and when: politeness towards addresses and prefixes.
 *
 * One gate a service (HTTPS, SMTP) and worker. Each address is always handled by the same worker,
 * and so is its /24 or /48, so that the counts here are the whole truth. Kept are: connections at
 * once to an address and to a prefix, the gap between two to an address, this worker's share of the
 * total rate, and a growing gap after an answer that limits us (SMTP 421, HTTP 429).
 *
 * Items wait in the order of their coming, a queue an address; an item that waits costs nothing
 * until its turn. An address that keeps on limiting us, or asks us to stay away for longer than we
 * wait, is given up: what waits for it comes out `refused`, to be reported as our own limit.
 *
 * Pure: time is passed in (microseconds, monotonic), and whoever holds the gate starts and ends the
 * connections. One thread. */
#ifndef SCANNER_WORKER_GATE_H
#define SCANNER_WORKER_GATE_H

#include "scanner/net/addr.h"

struct gate_limits {
    uint32_t per_address, per_prefix; /* at once; 0: no limit */
    uint32_t address_rate;            /* new ones per second to an address; 0: no limit */
    uint32_t total_rate, shares;      /* total_rate / shares new ones per second; 0: no limit */
};

/* Embedded in what waits. Set ip; the rest is the gate's. */
struct gate_item {
    struct gate_item *next;
    struct gate_address *address;
    uint64_t went_us; /* when it came out */
    struct net_addr ip;
    bool refused; /* came out because its address was given up; do not connect */
};

typedef struct gate gate;
enum status gate_new(const struct gate_limits *limits, gate **out);
/* Other limits, from the next connection on; shares stay. */
void gate_set_limits(gate *g, const struct gate_limits *limits);
/* Nothing may wait or be under way any more. */
void gate_free(gate *g);

/* Queues an item. */
enum status gate_push(gate *g, struct gate_item *item, uint64_t now_us);
/* The next item that may go now, or NULL; then *next_us is when to ask again (UINT64_MAX: only
 * after a gate_release). An item that is not refused counts as a connection until gate_release. */
struct gate_item *gate_pop(gate *g, uint64_t now_us, uint64_t *next_us);
/* While a family (4, 6) is held, gate_pop lets nobody of it out, but who is refused. */
void gate_hold(gate *g, uint8_t family, bool hold);
/* One of those that are held and could go otherwise, which may go now as if it came from gate_pop:
 * the first for which prefer(arg, ip) is true, else (or with prefer NULL) the first. NULL: none. */
struct gate_item *gate_pop_held(gate *g, uint8_t family,
                                bool (*prefer)(void *arg, const struct net_addr *ip), void *arg,
                                uint64_t now_us);
/* Connecting it began only now: the gap to the next one counts from here. */
void gate_went(gate *g, struct gate_item *item, uint64_t now_us);
/* How a connection ended, as the gate sees it. */
struct gate_end {
    bool limited;      /* the peer said that we come too often, */
    uint64_t asked_ms; /* and asked us not to come for so long (Retry-After); 0: it did not say */
    bool welcome;      /* it served us: what gap there was is over */
};
/* The connection ended. Answers to connections that went before the last limiting answer came are
 * part of the same event: they neither double the gap nor end it. Not for refused items. */
void gate_release(gate *g, struct gate_item *item, struct gate_end end, uint64_t now_us);
/* Takes out any item that still waits, NULL when none does: for the end. */
struct gate_item *gate_take_any(gate *g);

size_t gate_waiting(const gate *g); /* items queued */
size_t gate_active(const gate *g);  /* connections counted */

#endif
