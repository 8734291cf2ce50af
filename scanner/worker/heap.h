/* heap - what comes first of many instants: an intrusive binary heap, the nodes belong to the
 * caller.
 *
 * Adding and removing any node costs O(log n), looking at the first O(1). Room is made beforehand
 * by heap_reserve, so that adding cannot fail. Instants are microseconds of any clock. One thread.
 */
#ifndef SCANNER_WORKER_HEAP_H
#define SCANNER_WORKER_HEAP_H

#include "lib/status.h"
#include <stddef.h>
#include <stdint.h>

/* Embedded in what has an instant. */
struct heap_node {
    uint64_t at_us;
    size_t slot;
};

/* Zeroed is a valid empty heap. */
struct heap {
    struct heap_node **node;
    size_t n, alloc;
};

/* Frees the heap's own memory; the nodes are left alone. */
void heap_free(struct heap *h);
/* Room for so many nodes in all: ST_OK or ST_NOMEM. */
enum status heap_reserve(struct heap *h, size_t n);
/* Puts in a node that is not in it, at that instant; there must be room. */
void heap_add(struct heap *h, struct heap_node *node, uint64_t at_us);
/* The node must be in the heap. */
void heap_remove(struct heap *h, struct heap_node *node);
/* The one with the earliest instant; NULL when empty. */
static inline struct heap_node *heap_first(const struct heap *h)
{
    return h->n > 0 ? h->node[0] : NULL;
}

#endif
