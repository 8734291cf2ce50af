#include "scanner/recent.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1024 };

void recent_init(struct recent *r, size_t cap)
{
    *r = (struct recent){.cap = cap};
}

void recent_free(struct recent *r)
{
    free(r->now.slot);
    free(r->before.slot);
    r->now = r->before = (struct recent_table){0};
}

/* The slot of key, or the free one where it belongs. 0 marks a free slot. */
static size_t find(const struct recent_table *t, uint64_t key)
{
    size_t i = (size_t)key & (t->size - 1);
    while (t->slot[i] != 0 && t->slot[i] != key)
        i = (i + 1) & (t->size - 1);
    return i;
}

static bool holds(const struct recent_table *t, uint64_t key)
{
    return t->size > 0 && t->slot[find(t, key)] == key;
}

static enum status grow(struct recent_table *t)
{
    struct recent_table bigger = {.n = t->n, .size = t->size ? t->size * 2 : FIRST_SLOTS};
    bigger.slot = calloc(bigger.size, sizeof *bigger.slot);
    if (!bigger.slot)
        return ST_NOMEM;
    for (size_t i = 0; i < t->size; i++)
        if (t->slot[i] != 0)
            bigger.slot[find(&bigger, t->slot[i])] = t->slot[i];
    free(t->slot);
    *t = bigger;
    return ST_OK;
}

enum status recent_add(struct recent *r, uint64_t key, bool *fresh)
{
    key = key == 0 ? 1 : key;
    *fresh = !holds(&r->now, key) && !holds(&r->before, key);
    if (!*fresh)
        return ST_OK;
    if (r->now.n >= r->cap) {
        free(r->before.slot);
        r->before = r->now;
        r->now = (struct recent_table){0};
    }
    if (r->now.n * 2 >= r->now.size && grow(&r->now) != ST_OK)
        return ST_NOMEM;
    r->now.slot[find(&r->now, key)] = key;
    r->now.n++;
    return ST_OK;
}
