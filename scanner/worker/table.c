#include "scanner/worker/table.h"

#include "lib/hash.h"
#include <stdlib.h>
#include <string.h>

enum status table_init(struct table *t, size_t buckets_hint)
{
    size_t n = 64;
    while (n < buckets_hint)
        n *= 2;
    *t = (struct table){.n_buckets = n};
    t->bucket = calloc(n, sizeof *t->bucket);
    return t->bucket ? ST_OK : ST_NOMEM;
}

void table_free(struct table *t)
{
    free(t->bucket);
    *t = (struct table){.n = 0};
}

struct table_node *table_chain(const struct table *t, uint64_t hash)
{
    return t->bucket[hash & (t->n_buckets - 1)];
}

static void grow(struct table *t)
{
    size_t n = t->n_buckets * 2;
    struct table_node **bucket = calloc(n, sizeof(struct table_node *));
    if (!bucket)
        return;
    for (size_t i = 0; i < t->n_buckets; i++) {
        struct table_node *next;
        for (struct table_node *node = t->bucket[i]; node; node = next) {
            next = node->next;
            node->next = bucket[node->hash & (n - 1)];
            bucket[node->hash & (n - 1)] = node;
        }
    }
    free(t->bucket);
    t->bucket = bucket;
    t->n_buckets = n;
    t->first = 0;
}

void table_put(struct table *t, struct table_node *node)
{
    if (t->n >= t->n_buckets)
        grow(t);
    size_t i = node->hash & (t->n_buckets - 1);
    struct table_node **at = &t->bucket[i];
    if (i < t->first)
        t->first = i;
    node->next = *at;
    *at = node;
    t->n++;
}

void table_remove(struct table *t, struct table_node *node)
{
    struct table_node **at = &t->bucket[node->hash & (t->n_buckets - 1)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->n--;
}

struct table_node *table_any(struct table *t)
{
    if (t->n == 0)
        return NULL;
    while (!t->bucket[t->first])
        t->first++;
    return t->bucket[t->first];
}

uint64_t table_hash(uint64_t key, const void *p, size_t len)
{
    const char *b = p;
    uint64_t h = hash_u64(key ^ len);
    for (; len >= 8; b += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, b, 8);
        h = hash_u64(h ^ word);
    }
    uint64_t last = 0;
    if (len > 0)
        memcpy(&last, b, len);
    return hash_u64(h ^ last);
}
