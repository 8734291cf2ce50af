#include "scanner/worker/heap.h"

#include <stdlib.h>

enum { HEAP_FIRST_NODES = 256 };

void heap_free(struct heap *h)
{
    free(h->node);
    *h = (struct heap){.n = 0};
}

enum status heap_reserve(struct heap *h, size_t n)
{
    size_t alloc = h->alloc ? h->alloc : HEAP_FIRST_NODES;
    if (n <= h->alloc)
        return ST_OK;
    while (alloc < n)
        alloc *= 2;
    struct heap_node **node = realloc(h->node, alloc * sizeof(struct heap_node *));
    if (!node)
        return ST_NOMEM;
    h->node = node;
    h->alloc = alloc;
    return ST_OK;
}

static void set(struct heap *h, size_t slot, struct heap_node *node)
{
    h->node[slot] = node;
    node->slot = slot;
}

static void move_up(struct heap *h, size_t slot)
{
    struct heap_node *node = h->node[slot];
    while (slot > 0 && h->node[(slot - 1) / 2]->at_us > node->at_us) {
        set(h, slot, h->node[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    set(h, slot, node);
}

static void move_down(struct heap *h, size_t slot)
{
    struct heap_node *node = h->node[slot];
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && h->node[child + 1]->at_us < h->node[child]->at_us)
            child++;
        if (h->node[child]->at_us >= node->at_us)
            break;
        set(h, slot, h->node[child]);
        slot = child;
    }
    set(h, slot, node);
}

void heap_add(struct heap *h, struct heap_node *node, uint64_t at_us)
{
    node->at_us = at_us;
    h->node[h->n] = node;
    move_up(h, h->n++);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    size_t slot = node->slot;
    struct heap_node *last = h->node[--h->n];
    if (last == node)
        return;
    set(h, slot, last);
    move_up(h, slot);
    move_down(h, last->slot);
}
