#include "scanner/worker/waitq.h"

#include "scanner/worker/table.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct entry {
    struct table_node node;       /* first: a node is its entry */
    struct entry *before, *after; /* the clock's ring of settled entries */
    struct waiter *first, **last;
    void *value;
    uint64_t expires_ms;
    uint32_t bytes; /* of the value and of the entry itself, once it is settled */
    uint32_t key_len;
    bool pending, used;
    char key[];
};

struct waitq {
    struct table table;
    struct entry *hand; /* NULL when nothing is settled */
    size_t settled, entries_max;
    size_t bytes, bytes_max; /* of the settled ones */
    waitq_release_fn release;
    uint64_t hash_key, evictions;
};

enum status waitq_new(size_t entries_max, size_t bytes_max, waitq_release_fn release, waitq **out)
{
    waitq *q = calloc(1, sizeof *q);
    if (!q)
        return ST_NOMEM;
    if (table_init(&q->table, 1024) != ST_OK) {
        free(q);
        return ST_NOMEM;
    }
    q->entries_max = entries_max > 0 ? entries_max : 1;
    q->bytes_max = bytes_max;
    q->release = release;
    if (getentropy(&q->hash_key, sizeof q->hash_key) != 0)
        q->hash_key = (uint64_t)(uintptr_t)q; /* an early kernel: what address space layout gives */
    *out = q;
    return ST_OK;
}

static void ring_add(waitq *q, struct entry *e)
{
    if (q->hand) {
        e->after = q->hand;
        e->before = q->hand->before;
        e->before->after = e;
        e->after->before = e;
    } else {
        q->hand = e->before = e->after = e;
    }
    q->settled++;
    q->bytes += e->bytes;
}

static void ring_remove(waitq *q, struct entry *e)
{
    if (q->hand == e)
        q->hand = e->after == e ? NULL : e->after;
    e->before->after = e->after;
    e->after->before = e->before;
    q->settled--;
    q->bytes -= e->bytes;
}

static void drop(waitq *q, struct entry *e)
{
    if (!e->pending)
        ring_remove(q, e);
    table_remove(&q->table, &e->node);
    if (e->value)
        q->release(e->value);
    free(e);
}

void waitq_free(waitq *q)
{
    if (!q)
        return;
    for (struct table_node *n; (n = table_any(&q->table));)
        drop(q, (struct entry *)n);
    table_free(&q->table);
    free(q);
}

static struct entry *find(const waitq *q, uint64_t hash, const void *key, size_t len)
{
    for (struct table_node *n = table_chain(&q->table, hash); n; n = n->next) {
        struct entry *e = (struct entry *)n;
        if (n->hash == hash && e->key_len == len && memcmp(e->key, key, len) == 0)
            return e;
    }
    return NULL;
}

static void queue_waiter(struct entry *e, struct waiter *w)
{
    w->next = NULL;
    *e->last = w;
    e->last = &w->next;
}

enum waitq_joined waitq_join(waitq *q, const void *key, size_t len, uint64_t now_ms,
                             struct waiter *w, void **value)
{
    uint64_t hash = table_hash(q->hash_key, key, len);
    struct entry *e = find(q, hash, key, len);
    if (e && !e->pending && e->expires_ms > now_ms) {
        e->used = true;
        *value = e->value;
        return WAITQ_HIT;
    }
    if (e && e->pending) {
        queue_waiter(e, w);
        return WAITQ_WAIT;
    }
    if (e)
        drop(q, e);
    e = calloc(1, sizeof *e + len);
    if (!e)
        return WAITQ_NOMEM;
    e->node.hash = hash;
    e->key_len = (uint32_t)len;
    memcpy(e->key, key, len);
    e->pending = true;
    e->last = &e->first;
    table_put(&q->table, &e->node);
    queue_waiter(e, w);
    return WAITQ_LEAD;
}

void *waitq_peek(waitq *q, const void *key, size_t len, uint64_t now_ms)
{
    struct entry *e = find(q, table_hash(q->hash_key, key, len), key, len);
    if (!e || e->pending || e->expires_ms <= now_ms)
        return NULL;
    e->used = true;
    return e->value;
}

bool waitq_is_pending(const waitq *q, const void *key, size_t len)
{
    const struct entry *e = find(q, table_hash(q->hash_key, key, len), key, len);
    return e && e->pending;
}

/* Turns the clock's hand until one entry is out: each is spared once for its use. */
static void evict_one(waitq *q)
{
    while (q->hand->used) {
        q->hand->used = false;
        q->hand = q->hand->after;
    }
    drop(q, q->hand);
    q->evictions++;
}

struct waiter *waitq_settle(waitq *q, const void *key, size_t len, void *value, size_t bytes,
                            uint64_t expires_ms)
{
    struct entry *e = find(q, table_hash(q->hash_key, key, len), key, len);
    if (!e || !e->pending)
        return NULL;
    struct waiter *waiters = e->first;
    if (!value) {
        drop(q, e);
        return waiters;
    }
    bytes += sizeof *e + len;
    e->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    while (q->hand && (q->settled >= q->entries_max || q->bytes + e->bytes > q->bytes_max))
        evict_one(q);
    e->pending = false;
    e->first = NULL;
    e->last = &e->first;
    e->value = value;
    e->expires_ms = expires_ms;
    ring_add(q, e);
    return waiters;
}

void waitq_forget(waitq *q, const void *key, size_t len)
{
    struct entry *e = find(q, table_hash(q->hash_key, key, len), key, len);
    if (e && !e->pending)
        drop(q, e);
}

uint64_t waitq_evictions(const waitq *q)
{
    return q->evictions;
}

size_t waitq_entries(const waitq *q)
{
    return q->settled;
}

size_t waitq_bytes(const waitq *q)
{
    return q->bytes;
}
