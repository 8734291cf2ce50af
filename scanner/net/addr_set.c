#include "scanner/net/addr_set.h"

#include <stdlib.h>
#include <string.h>

/* Family first, then the bytes in network order. */
static int compare_addr(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->b, b->b, a->family == 4 ? 4 : 16);
}

static int compare_lo(const void *a, const void *b)
{
    const struct addr_range *x = a, *y = b;
    return compare_addr(&x->lo, &y->lo);
}

/* Decimal digits only, at most `max`; false otherwise. */
static bool parse_prefix_length(struct slice s, unsigned max, unsigned *out)
{
    unsigned value = 0;
    if (s.len == 0 || s.len > 3)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        value = value * 10 + (unsigned)(s.p[i] - '0');
    }
    *out = value;
    return value <= max;
}

enum status addr_range_parse(struct slice cidr, struct addr_range *out)
{
    const char *slash = cidr.len == 0 ? NULL : memchr(cidr.p, '/', cidr.len);
    struct slice address = {cidr.p, slash == NULL ? cidr.len : (size_t)(slash - cidr.p)};
    struct net_addr a;
    if (net_addr_parse(address, &a) != ST_OK)
        return ST_INVALID;

    unsigned bits = a.family == 4 ? 32 : 128, length = bits;
    if (slash != NULL &&
        !parse_prefix_length((struct slice){slash + 1, cidr.len - address.len - 1}, bits, &length))
        return ST_INVALID;
    out->lo = out->hi = a;
    for (unsigned i = 0; i < bits / 8; i++) {
        unsigned fixed = length > 8 * i ? length - 8 * i : 0; /* bits of this byte within prefix */
        unsigned host = fixed >= 8 ? 0 : 0xffu >> fixed;
        out->lo.b[i] = (uint8_t)(a.b[i] & ~host);
        out->hi.b[i] = (uint8_t)(a.b[i] | host);
    }
    return ST_OK;
}

enum status addr_set_add(struct addr_set *s, const struct addr_range *r)
{
    if (s->n == ADDR_SET_MAX_RANGES)
        return ST_LIMIT;
    if (s->n == s->alloc) {
        size_t alloc = s->alloc == 0 ? 64 : 2 * s->alloc;
        struct addr_range *v = realloc(s->v, alloc * sizeof *v);
        if (v == NULL)
            return ST_NOMEM;
        s->v = v;
        s->alloc = alloc;
    }
    s->v[s->n++] = *r;
    return ST_OK;
}

void addr_set_seal(struct addr_set *s)
{
    size_t kept = 0;
    if (s->n == 0)
        return;
    qsort(s->v, s->n, sizeof *s->v, compare_lo);
    for (size_t i = 1; i < s->n; i++) {
        struct addr_range *last = &s->v[kept];
        if (s->v[i].lo.family != last->hi.family || compare_addr(&s->v[i].lo, &last->hi) > 0)
            s->v[++kept] = s->v[i];
        else if (compare_addr(&s->v[i].hi, &last->hi) > 0)
            last->hi = s->v[i].hi;
    }
    s->n = kept + 1;
}

bool addr_set_has(const struct addr_set *s, const struct net_addr *a)
{
    size_t lo = 0, hi = s->n; /* the last range with range.lo <= a is at lo - 1 */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare_addr(&s->v[mid].lo, a) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && s->v[lo - 1].lo.family == a->family && compare_addr(a, &s->v[lo - 1].hi) <= 0;
}

void addr_set_free(struct addr_set *s)
{
    free(s->v);
    *s = (struct addr_set){.v = NULL};
}
