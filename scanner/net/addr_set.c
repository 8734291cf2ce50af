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

/* ---- neighbours, differences, networks ------------------------------------------------------ */

static unsigned addr_bytes(const struct net_addr *a)
{
    return a->family == 4 ? 4 : 16;
}

/* The address behind (step 1) or before (step -1); false beyond the end of the family. */
static bool step_addr(struct net_addr *a, int step)
{
    unsigned i = addr_bytes(a);
    uint8_t wrapped = step > 0 ? 0 : UINT8_MAX;
    while (i > 0) {
        i--;
        a->b[i] = (uint8_t)(a->b[i] + step);
        if (a->b[i] != wrapped)
            return true;
    }
    return false;
}

enum status addr_set_add_difference(struct addr_set *out, const struct addr_set *from,
                                    const struct addr_set *without)
{
    enum status st = ST_OK;
    for (size_t i = 0, j = 0; st == ST_OK && i < from->n; i++) {
        struct addr_range rest = from->v[i];
        bool more = true;
        while (j < without->n && compare_addr(&without->v[j].hi, &rest.lo) < 0)
            j++;
        /* The last one that touches this range may reach into the next. */
        for (size_t k = j; more && st == ST_OK && k < without->n; k++) {
            const struct addr_range *hole = &without->v[k];
            if (compare_addr(&hole->lo, &rest.hi) > 0)
                break;
            if (compare_addr(&hole->lo, &rest.lo) > 0) {
                struct addr_range before = {rest.lo, hole->lo};
                step_addr(&before.hi, -1);
                st = addr_set_add(out, &before);
            }
            rest.lo = hole->hi;
            more = step_addr(&rest.lo, 1) && compare_addr(&rest.lo, &rest.hi) <= 0;
        }
        if (more && st == ST_OK)
            st = addr_set_add(out, &rest);
    }
    return st;
}

/* The last address of the network that begins at `a`. */
static struct net_addr network_end(const struct net_addr *a, unsigned bits)
{
    struct net_addr end = *a;
    for (unsigned i = bits; i < 8 * addr_bytes(a); i++)
        end.b[i / 8] |= (uint8_t)(0x80u >> i % 8);
    return end;
}

static bool bit_is_set(const struct net_addr *a, unsigned i)
{
    return a->b[i / 8] >> (7 - i % 8) & 1;
}

bool addr_range_take_network(struct addr_range *rest, struct net_addr *network, unsigned *bits)
{
    *network = rest->lo;
    *bits = 8 * addr_bytes(&rest->lo);
    /* Wider as long as the address is the first of the wider network, and its last one fits. */
    while (*bits > 0 && !bit_is_set(network, *bits - 1)) {
        struct net_addr end = network_end(network, *bits - 1);
        if (compare_addr(&end, &rest->hi) > 0)
            break;
        --*bits;
    }
    rest->lo = network_end(network, *bits);
    return step_addr(&rest->lo, 1) && compare_addr(&rest->lo, &rest->hi) <= 0;
}

void addr_set_free(struct addr_set *s)
{
    free(s->v);
    *s = (struct addr_set){.v = NULL};
}
