#include "scanner/input/permute.h"

#include "lib/hash.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_BYTES = 48 };

/* One held item. Domain, raw line and tag stand one behind the other, mostly in the struct itself:
 * which one is taken is random, and so none is in the cache. A buffer for longer ones stays when
 * the item leaves, so that a long list costs no allocations. */
struct held {
    uint64_t index;
    int64_t rank;
    const char *reason;
    char *long_text;
    uint32_t long_alloc;
    uint32_t domain_len, raw_len;
    bool has_tag, is_long;
    char short_text[SHORT_BYTES];
};

static const char *text_of(const struct held *h)
{
    return h->is_long ? h->long_text : h->short_text;
}

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
        free(p->held[i].long_text);
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
    if (need > UINT32_MAX)
        return ST_LIMIT;
    if (need > SHORT_BYTES && need > h->long_alloc) {
        char *more = realloc(h->long_text, need);
        if (!more)
            return ST_NOMEM;
        h->long_text = more;
        h->long_alloc = (uint32_t)need;
    }
    h->is_long = need > SHORT_BYTES;
    char *text = h->is_long ? h->long_text : h->short_text;
    h->index = item->index;
    h->rank = item->rank;
    h->reason = item->reason;
    h->domain_len = (uint32_t)domain;
    h->raw_len = (uint32_t)item->raw.len;
    h->has_tag = item->tag != NULL;
    memcpy(text, item->domain, domain + 1);
    if (item->raw.len > 0)
        memcpy(text + domain + 1, item->raw.p, item->raw.len);
    if (item->tag)
        memcpy(text + domain + 1 + item->raw.len, item->tag, tag + 1);
    p->n++;
    return ST_OK;
}

/* The item that comes after this one, when as many are held then, is fetched meanwhile. */
static void prefetch_next(const permute *p)
{
    const struct held *next = &p->held[hash_mix(p->state + HASH_STEP) % (p->n + 1)];
    __builtin_prefetch(next);
    __builtin_prefetch((const char *)next + sizeof *next - 1);
}

enum status permute_take(permute *p, struct input_item *out)
{
    if (p->n == 0)
        return ST_EOF;
    p->state += HASH_STEP;
    size_t pick = (size_t)(hash_mix(p->state) % p->n);
    struct held picked = p->held[pick];
    p->n--;
    p->held[pick] = p->held[p->n];
    /* Its place and its buffer are free for the next one put in. */
    struct held *taken = &p->held[p->n];
    *taken = picked;
    prefetch_next(p);
    const char *text = text_of(taken), *raw = text + taken->domain_len + 1;
    *out = (struct input_item){.index = taken->index,
                               .rank = taken->rank,
                               .domain = text,
                               .reason = taken->reason,
                               .raw = {raw, taken->raw_len},
                               .tag = taken->has_tag ? raw + taken->raw_len : NULL};
    return ST_OK;
}
