#include "scanner/net/guard.h"

#include "lib/name.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_NAMES_MAX_BYTES = 512 * 1024 * 1024 }; /* memory of the names of a user's list */

/* data/blocklist.conf, by the Makefile. */
extern const char embed_blocklist_conf[];
extern const uint64_t embed_blocklist_conf_len;

/* Names in one sorted table: "example.com" is that name, ".example.com" it and all below. */
struct name_set {
    struct arena arena;
    const char **v;
    size_t n, alloc;
};

struct guard {
    struct addr_set special; /* built-in ranges and own addresses */
    struct addr_set allowed; /* exceptions to them */
    struct addr_set listed;  /* the user's own */
    struct name_set names;   /* the user's own */
};

/* ---- names ---------------------------------------------------------------------------------- */

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status names_add(struct name_set *s, const char *text)
{
    if (s->n == s->alloc) {
        size_t alloc = s->alloc == 0 ? 64 : 2 * s->alloc;
        const char **v = realloc(s->v, alloc * sizeof *v);
        if (v == NULL)
            return ST_NOMEM;
        s->v = v;
        s->alloc = alloc;
    }
    const char *copy = arena_dup(&s->arena, slice_of(text));
    if (copy == NULL)
        return ST_NOMEM;
    s->v[s->n++] = copy;
    return ST_OK;
}

static bool names_has(const struct name_set *s, const char *text)
{
    return s->n > 0 && bsearch(&text, s->v, s->n, sizeof *s->v, compare_text) != NULL;
}

/* ---- filling -------------------------------------------------------------------------------- */

/* What a line says: without the CR of other systems, comment and spaces. */
static struct slice entry_of(struct slice line)
{
    bool last;
    if (line.len > 0 && line.p[line.len - 1] == '\r')
        line.len--;
    return slice_trim(slice_take(&line, '#', &last));
}

/* name_normalize wants two labels at least; an entry may well be a whole top-level domain. */
static enum status normalize_single(struct slice label, char out[NAME_MAX_BYTES + 1])
{
    char two[NAME_MAX_BYTES + 1] = "x.";
    const char *reason;
    if (label.len > NAME_MAX_BYTES - 2)
        return ST_INVALID;
    memcpy(two + 2, label.p, label.len);
    enum status st = name_normalize((struct slice){two, label.len + 2}, out, &reason);
    if (st == ST_OK)
        memmove(out, out + 2, strlen(out + 2) + 1);
    return st;
}

static enum status add_name(struct name_set *names, struct slice entry)
{
    char text[NAME_MAX_BYTES + 2] = ".";
    const char *reason;
    bool suffix = entry.p[0] == '.';
    if (suffix)
        entry = (struct slice){entry.p + 1, entry.len - 1};
    enum status st = name_normalize(entry, text + 1, &reason);
    if (st == ST_INVALID && strcmp(reason, "single_label") == 0)
        st = normalize_single(entry, text + 1);
    return st == ST_OK ? names_add(names, suffix ? text : text + 1) : st;
}

/* names NULL: only addresses are entries. */
static enum status add_entry(struct addr_set *addrs, struct name_set *names, struct slice entry)
{
    struct addr_range range;
    if (addr_range_parse(entry, &range) == ST_OK)
        return addr_set_add(addrs, &range);
    return names == NULL ? ST_INVALID : add_name(names, entry);
}

static enum status add_lines(struct addr_set *addrs, struct name_set *names, struct slice text,
                             size_t *line)
{
    enum status st = ST_OK;
    *line = 0;
    while (st == ST_OK && text.len > 0) {
        bool last;
        struct slice entry = entry_of(slice_take(&text, '\n', &last));
        ++*line;
        if (entry.len > 0)
            st = add_entry(addrs, names, entry);
    }
    return st;
}

enum status guard_new(guard **out)
{
    size_t line;
    *out = NULL;
    guard *g = calloc(1, sizeof *g);
    if (g == NULL)
        return ST_NOMEM;
    arena_init(&g->names.arena, GUARD_NAMES_MAX_BYTES);
    struct slice builtin = {embed_blocklist_conf, (size_t)embed_blocklist_conf_len};
    enum status st = add_lines(&g->special, NULL, builtin, &line);
    if (st != ST_OK) {
        guard_free(g);
        return st == ST_INVALID ? ST_INTERNAL : st;
    }
    addr_set_seal(&g->special);
    *out = g;
    return ST_OK;
}

void guard_free(guard *g)
{
    if (g == NULL)
        return;
    addr_set_free(&g->special);
    addr_set_free(&g->allowed);
    addr_set_free(&g->listed);
    free(g->names.v);
    arena_free(&g->names.arena);
    free(g);
}

enum status guard_allow(guard *g, const char *cidr)
{
    enum status st = add_entry(&g->allowed, NULL, slice_trim(slice_of(cidr)));
    addr_set_seal(&g->allowed);
    return st;
}

enum status guard_blocklist(guard *g, struct slice text, size_t *line)
{
    enum status st = add_lines(&g->listed, &g->names, text, line);
    addr_set_seal(&g->listed);
    if (g->names.n > 0)
        qsort(g->names.v, g->names.n, sizeof *g->names.v, compare_text);
    return st;
}

enum status guard_own_addresses(guard *g)
{
    struct ifaddrs *list;
    enum status st = ST_OK;
    if (getifaddrs(&list) != 0)
        return ST_IO;
    for (const struct ifaddrs *i = list; st == ST_OK && i != NULL; i = i->ifa_next) {
        struct endpoint own;
        if (i->ifa_addr != NULL && endpoint_of_sockaddr(i->ifa_addr, &own))
            st = addr_set_add(&g->special, &(struct addr_range){.lo = own.ip, .hi = own.ip});
    }
    freeifaddrs(list);
    addr_set_seal(&g->special);
    return st;
}

/* ---- asking --------------------------------------------------------------------------------- */

enum guard_verdict guard_address(const guard *g, const struct net_addr *a)
{
    if (a->family != 4 && a->family != 6)
        return GUARD_SPECIAL;
    struct net_addr inner = addr_canonical(a);
    if (addr_set_has(&g->listed, a) || addr_set_has(&g->listed, &inner))
        return GUARD_BLOCKLISTED;
    if (addr_set_has(&g->special, a) && !addr_set_has(&g->allowed, a))
        return GUARD_SPECIAL;
    if (addr_set_has(&g->special, &inner) && !addr_set_has(&g->allowed, &inner))
        return GUARD_SPECIAL;
    return GUARD_OK;
}

/* An IPv4 range as it stands in addresses that carry one: behind a prefix, before any bits. */
static enum status add_carried(struct addr_set *out, const struct addr_range *v4,
                               const uint8_t *prefix, size_t prefix_bytes)
{
    struct addr_range r = {.lo = {.family = 6}, .hi = {.family = 6}};
    memset(r.hi.b, 0xff, sizeof r.hi.b);
    memcpy(r.lo.b, prefix, prefix_bytes);
    memcpy(r.hi.b, prefix, prefix_bytes);
    memcpy(r.lo.b + prefix_bytes, v4->lo.b, 4);
    memcpy(r.hi.b + prefix_bytes, v4->hi.b, 4);
    return addr_set_add(out, &r);
}

enum status guard_ranges(const guard *g, struct addr_set *out)
{
    static const uint8_t sixtofour[2] = {0x20, 0x02};          /* 2002::/16, RFC 3056 2 */
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* 64:ff9b::/96, RFC 6052 2.1 */
    *out = (struct addr_set){.v = NULL};
    enum status st = addr_set_add_difference(out, &g->special, &g->allowed);
    for (size_t i = 0; st == ST_OK && i < g->listed.n; i++)
        st = addr_set_add(out, &g->listed.v[i]);
    for (size_t i = 0, n = out->n; st == ST_OK && i < n; i++) {
        struct addr_range r = out->v[i];
        if (r.lo.family != 4)
            continue;
        st = add_carried(out, &r, sixtofour, sizeof sixtofour);
        if (st == ST_OK)
            st = add_carried(out, &r, nat64, sizeof nat64);
    }
    if (st == ST_OK)
        addr_set_seal(out);
    else
        addr_set_free(out);
    return st;
}

enum guard_verdict guard_name(const guard *g, const char *name)
{
    char text[NAME_TEXT_MAX_BYTES + 1]; /* room for the dot that makes a suffix entry */
    struct slice in = slice_of(name);
    if (in.len > 0 && in.p[in.len - 1] == '.')
        in.len--;
    if (g->names.n == 0 || in.len == 0 || in.len >= NAME_TEXT_MAX_BYTES)
        return GUARD_OK;
    text[0] = '.';
    memcpy(text + 1, in.p, in.len);
    text[in.len + 1] = '\0';
    name_lower(text);
    if (names_has(&g->names, text + 1))
        return GUARD_BLOCKLISTED;
    for (const char *dot = text; dot != NULL; dot = strchr(dot + 1, '.'))
        if (names_has(&g->names, dot))
            return GUARD_BLOCKLISTED;
    return GUARD_OK;
}
