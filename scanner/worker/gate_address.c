#include "scanner/worker/gate_address.h"

#include "lib/hash.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 1024 };

enum status gate_addresses_init(struct gate_addresses *all)
{
    enum status st = table_init(&all->addresses, FIRST_BUCKETS);
    return st == ST_OK ? table_init(&all->prefixes, FIRST_BUCKETS) : st;
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

void gate_addresses_free(struct gate_addresses *all)
{
    free_nodes(&all->addresses);
    free_nodes(&all->prefixes);
}

static struct gate_prefix *prefix_of(struct gate_addresses *all, const struct net_addr *ip)
{
    uint64_t key = addr_prefix_key(ip), hash = hash_u64(key);
    for (struct table_node *n = table_chain(&all->prefixes, hash); n; n = n->next)
        if (n->hash == hash && ((struct gate_prefix *)n)->key == key)
            return (struct gate_prefix *)n;
    struct gate_prefix *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->node.hash = hash;
    p->key = key;
    table_put(&all->prefixes, &p->node);
    return p;
}

static void prefix_unref(struct gate_addresses *all, struct gate_prefix *p)
{
    if (p->addresses > 0)
        return;
    table_remove(&all->prefixes, &p->node);
    free(p);
}

struct gate_address *gate_address_of(struct gate_addresses *all, const struct net_addr *ip)
{
    struct net_addr real = addr_canonical(ip);
    uint64_t hash = table_hash(real.family, real.b, real.family == 4 ? 4 : 16);
    for (struct table_node *n = table_chain(&all->addresses, hash); n; n = n->next)
        if (n->hash == hash && net_addr_eq(&((struct gate_address *)n)->ip, &real))
            return (struct gate_address *)n;
    struct gate_prefix *p = prefix_of(all, &real);
    if (!p)
        return NULL;
    struct gate_address *a = calloc(1, sizeof *a);
    if (!a) {
        prefix_unref(all, p);
        return NULL;
    }
    a->node.hash = hash;
    a->ip = real;
    a->prefix = p;
    a->last = &a->first;
    p->addresses++;
    table_put(&all->addresses, &a->node);
    return a;
}

void gate_address_forget(struct gate_addresses *all, struct gate_address *a)
{
    struct gate_prefix *p = a->prefix;
    table_remove(&all->addresses, &a->node);
    free(a);
    p->addresses--;
    prefix_unref(all, p);
}

/* ---- what waits ----------------------------------------------------------------------------- */

void gate_address_add(struct gate_address *a, struct gate_item *item)
{
    item->next = NULL;
    *a->last = item;
    a->last = &item->next;
}

struct gate_item *gate_address_take(struct gate_address *a)
{
    struct gate_item *item = a->first;
    if (!item)
        return NULL;
    a->first = item->next;
    if (!a->first)
        a->last = &a->first;
    return item;
}

void gate_queue_add(struct gate_queue *q, struct gate_address *a)
{
    a->next = NULL;
    if (q->first)
        q->last->next = a;
    else
        q->first = a;
    q->last = a;
}

struct gate_address *gate_queue_take(struct gate_queue *q)
{
    struct gate_address *a = q->first;
    if (a)
        q->first = a->next;
    return a;
}
