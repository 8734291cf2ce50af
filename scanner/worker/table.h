/* table - an intrusive hash table that grows: the nodes belong to the caller.
 *
 * Chained buckets, doubled when there are more nodes than buckets. Hashes are the caller's; use
 * hash_u64 (lib/hash.h) or table_hash. One thread. */
#ifndef SCANNER_WORKER_TABLE_H
#define SCANNER_WORKER_TABLE_H

#include "lib/status.h"
#include <stddef.h>
#include <stdint.h>

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **bucket;
    size_t n_buckets; /* power of two */
    size_t n;
    size_t first; /* no bucket before it holds a node */
};

enum status table_init(struct table *t, size_t buckets_hint);
/* The nodes are left alone. */
void table_free(struct table *t);
/* The first node of the hash's chain; go on by ->next, and compare ->hash before the key. */
struct table_node *table_chain(const struct table *t, uint64_t hash);
/* Puts a node in under its ->hash. Growing may fail for lack of memory: chains then get longer. */
void table_put(struct table *t, struct table_node *node);
/* The node must be in the table. */
void table_remove(struct table *t, struct table_node *node);
/* Any node, or NULL when empty: to empty a table, which takes a step a bucket and node in all. */
struct table_node *table_any(struct table *t);

/* Hash of bytes, keyed so that names from the network cannot be chosen to collide. */
uint64_t table_hash(uint64_t key, const void *p, size_t len);

#endif
