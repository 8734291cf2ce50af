#include "scanner/input/permute.h"

#include <stdlib.h>
#include <string.h>

/* One held item. Its text buffer stays when the item leaves, so that a long list costs no
 * allocations: domain, raw line and tag stand in it one behind the other. */
struct held {
    uint64_t index;
    int64_t rank;
    const char *reason;
    char *text;
    size_t alloc, domain_len, raw_len;
    bool has_tag;
};

struct permute {
    uint64_t state;
    size_t n, alloc;
    struct held *held;
};

static enum status make_room(permute *p, size_t items)
{
    struct held *more = realloc(p->held, items * sizeof *more);
    if (!more)
        return ST_NOMEM;
    memset(more + p->alloc, 0, (items - p->alloc) * sizeof *more);
    p->held = more;
    p->alloc = items;
    return ST_OK;
}

enum status permute_new(uint64_t seed, permute **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ST_NOMEM;
    (*out)->state = seed;
    if (make_room(*out, PERMUTE_WINDOW_ITEMS) == ST_OK)
        return ST_OK;
    permute_free(*out);
    *out = NULL;
    return ST_NOMEM;
}

void permute_free(permute *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->alloc; i++)
        free(p->held[i].text);
    free(p->held);
    free(p);
}

size_t permute_held(const permute *p)
{
    return p->n;
}

enum status permute_put(permute *p, const struct input_item *item)
{
    if (p->n == PERMUTE_HELD_MAX_ITEMS)
        return ST_LIMIT;
    if (p->n == p->alloc && make_room(p, PERMUTE_HELD_MAX_ITEMS) != ST_OK)
        return ST_NOMEM;
    struct held *h = &p->held[p->n];
    size_t domain = strlen(item->domain), tag = item->tag ? strlen(item->tag) : 0;
    size_t need = domain + 1 + item->raw.len + tag + 1;
    if (need > h->alloc) {
        size_t alloc = need < 48 ? 48 : need;
        char *text = realloc(h->text, alloc);
        if (!text)
            return ST_NOMEM;
        h->text = text;
        h->alloc = alloc;
    }
    h->index = item->index;
    h->rank = item->rank;
    h->reason = item->reason;
    h->domain_len = domain;
    h->raw_len = item->raw.len;
    h->has_tag = item->tag != NULL;
    memcpy(h->text, item->domain, domain + 1);
    if (item->raw.len > 0)
        memcpy(h->text + domain + 1, item->raw.p, item->raw.len);
    if (item->tag)
        memcpy(h->text + domain + 1 + item->raw.len, item->tag, tag + 1);
    p->n++;
    return ST_OK;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(permute *p)
{
    uint64_t x = p->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

enum status permute_take(permute *p, struct input_item *out)
{
    if (p->n == 0)
        return ST_EOF;
    size_t pick = (size_t)(next_random(p) % p->n);
    struct held taken = p->held[pick];
    p->n--;
    p->held[pick] = p->held[p->n];
    p->held[p->n] = taken; /* its text is free for the next one put in */
    const char *raw = taken.text + taken.domain_len + 1;
    *out = (struct input_item){.index = taken.index,
                               .rank = taken.rank,
                               .domain = taken.text,
                               .reason = taken.reason,
                               .raw = {raw, taken.raw_len},
                               .tag = taken.has_tag ? raw + taken.raw_len : NULL};
    return ST_OK;
}
