/* gate_address - the addresses and prefixes that a gate knows. For gate.c alone, which sets all
 * that stands in them but what finds them again.
 *
 * An address is made when something comes for it, and stays until the gate forgets it; its prefix
 * stays as long as one of its addresses. One thread. */
#ifndef SCANNER_WORKER_GATE_ADDRESS_H
#define SCANNER_WORKER_GATE_ADDRESS_H

#include "scanner/worker/backoff.h"
#include "scanner/worker/gate.h"
#include "scanner/worker/heap.h"
#include "scanner/worker/table.h"

/* Where an address stands; it is in one place at a time. */
enum gate_place {
    PLACE_NOWHERE, /* at its own limit of connections: gate_release looks at it again */
    PLACE_TIMED,   /* in the heap: until its gap has passed, or until it may be forgotten */
    PLACE_PREFIX,  /* in its prefix's queue: the prefix is at its limit */
    PLACE_READY,   /* waits for the total rate only, or among the held for its family */
};

/* Addresses in the order of their coming. Zeroed: empty. */
struct gate_queue {
    struct gate_address *first, *last;
};

struct gate_prefix {
    struct table_node node; /* first */
    uint64_t key;           /* addr_prefix_key */
    uint32_t active, addresses;
    struct gate_queue queue; /* addresses that wait for the prefix */
};

struct gate_address {
    struct table_node node; /* first */
    struct heap_node timed; /* with PLACE_TIMED */
    struct net_addr ip;     /* canonical */
    struct gate_prefix *prefix;
    struct gate_item *first, **last; /* what waits for it */
    struct gate_address *next;       /* in the prefix's or the ready queue */
    uint64_t due_us;                 /* no new connection before */
    struct backoff backoff;
    uint32_t active;
    bool given_up; /* until due_us */
    enum gate_place place;
};

struct gate_addresses {
    struct table addresses, prefixes;
};

/* After ST_NOMEM, too, gate_addresses_free is due. */
enum status gate_addresses_init(struct gate_addresses *all);
/* All addresses go; zeroed is fine. */
void gate_addresses_free(struct gate_addresses *all);
/* The one for this address, made when there is none; NULL: out of memory. */
struct gate_address *gate_address_of(struct gate_addresses *all, const struct net_addr *ip);
/* It goes; it may stand in no place, and nothing may wait or be under way. */
void gate_address_forget(struct gate_addresses *all, struct gate_address *a);

/* Queues an item behind those that wait for the address. */
void gate_address_add(struct gate_address *a, struct gate_item *item);
/* The first item that waits, which waits no longer; NULL when there is none. */
struct gate_item *gate_address_take(struct gate_address *a);

void gate_queue_add(struct gate_queue *q, struct gate_address *a);
/* The first; NULL when empty. */
struct gate_address *gate_queue_take(struct gate_queue *q);

#endif
