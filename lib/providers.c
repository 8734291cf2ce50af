#include "lib/providers.h"

#include <stdlib.h>
#include <string.h>

/* Made from data/providers.tsv by the Makefile. */
extern const char embed_providers_tsv[];
extern const uint64_t embed_providers_tsv_len;

enum {
    TABLE_MAX_BYTES = 4 * 1024 * 1024, /* memory of one table */
    ENTRIES_MAX = 10000,
    COLUMNS = 5,
};

enum role { ROLE_MX, ROLE_POLICY, ROLE_COUNT };

struct entry {
    struct slice pattern;
    struct provider provider;
};

struct table {
    struct entry *v; /* sorted by pattern */
    size_t n, alloc;
};

struct providers {
    struct arena arena;
    struct table table[ROLE_COUNT];
};

/* ---- reading --------------------------------------------------------------------------------- */

static const char *const role_names[ROLE_COUNT] = {"mx", "policy"};
static const char *const kind_names[] = {
    [PROVIDER_MAILBOX] = "mailbox",
    [PROVIDER_GATEWAY] = "gateway",
    [PROVIDER_STS_HOSTING] = "sts-hosting",
    [PROVIDER_PLATFORM] = "platform",
};

/* Splits off what stands before the separator; the whole when there is none. */
static struct slice take(struct slice *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->p, separator, rest->len) : NULL;
    struct slice part = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->len};
    size_t used = part.len + (end != NULL ? 1 : 0);
    *rest = (struct slice){rest->p + used, rest->len - used};
    return part;
}

static bool word_index(struct slice word, const char *const *words, size_t n, size_t *index)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(word, slice_of(words[i]))) {
            *index = i;
            return true;
        }
    return false;
}

static bool parse_flags(struct slice flags, struct provider *p)
{
    if (slice_eq(flags, SLICE_LIT("-")))
        return true;
    while (flags.len > 0) {
        struct slice flag = take(&flags, ',');
        if (slice_eq(flag, SLICE_LIT("multi_tenant")))
            p->multi_tenant = true;
        else if (slice_eq(flag, SLICE_LIT("claimable")))
            p->claimable = true;
        else if (slice_eq(flag, SLICE_LIT("fixed_mx")))
            p->fixed_mx = true;
        else if (slice_eq(flag, SLICE_LIT("exchange_online")))
            p->exchange_online = true;
        else
            return false;
    }
    return true;
}

static bool is_pattern(struct slice s)
{
    if (s.len == 0 || s.len > NAME_MAX_BYTES || s.p[0] == '.' || s.p[s.len - 1] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.", c) != NULL) ||
            c == '\0')
            return false;
    }
    return true;
}

static enum status add_entry(struct providers *p, struct table *t, const struct entry *e)
{
    if (t->n == ENTRIES_MAX)
        return ST_LIMIT;
    if (t->n == t->alloc) {
        size_t alloc = t->alloc == 0 ? 128 : 2 * t->alloc;
        struct entry *v = arena_array(&p->arena, alloc, sizeof *v);
        if (v == NULL)
            return ST_NOMEM;
        if (t->n > 0)
            memcpy(v, t->v, t->n * sizeof *v);
        t->v = v;
        t->alloc = alloc;
    }
    t->v[t->n++] = *e;
    return ST_OK;
}

static enum status parse_line(struct providers *p, struct slice line)
{
    struct slice column[COLUMNS];
    size_t role, kind;
    struct entry e = {.provider = {.name = NULL}};

    for (size_t i = 0; i < COLUMNS; i++) {
        if (line.len == 0)
            return ST_INVALID;
        column[i] = take(&line, '\t');
    }
    if (line.len > 0 || !is_pattern(column[0]) || column[2].len == 0 ||
        !word_index(column[1], role_names, ROLE_COUNT, &role) ||
        !word_index(column[3], kind_names, sizeof kind_names / sizeof *kind_names, &kind) ||
        !parse_flags(column[4], &e.provider))
        return ST_INVALID;
    e.pattern = (struct slice){arena_dup(&p->arena, column[0]), column[0].len};
    e.provider.name = arena_dup(&p->arena, column[2]);
    e.provider.kind = (enum provider_kind)kind;
    if (e.pattern.p == NULL || e.provider.name == NULL)
        return ST_NOMEM;
    return add_entry(p, &p->table[role], &e);
}

static int compare(struct slice a, struct slice b)
{
    int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
    return compare(((const struct entry *)a)->pattern, ((const struct entry *)b)->pattern);
}

/* Sorts for lookup; a pattern given twice in one role would make the answer depend on the order. */
static enum status finish(struct table *t)
{
    if (t->n == 0)
        return ST_OK;
    qsort(t->v, t->n, sizeof *t->v, compare_entries);
    for (size_t i = 1; i < t->n; i++)
        if (slice_eq(t->v[i - 1].pattern, t->v[i].pattern))
            return ST_INVALID;
    return ST_OK;
}

enum status providers_parse(struct slice tsv, struct providers **out, size_t *line)
{
    enum status st = ST_OK;
    struct providers *p = calloc(1, sizeof *p);
    *out = NULL;
    *line = 0;
    if (p == NULL)
        return ST_NOMEM;
    arena_init(&p->arena, TABLE_MAX_BYTES);
    while (tsv.len > 0 && st == ST_OK) {
        struct slice text = take(&tsv, '\n');
        ++*line;
        if (text.len > 0 && text.p[text.len - 1] == '\r')
            text.len--;
        if (text.len > 0 && text.p[0] != '#')
            st = parse_line(p, text);
    }
    for (int role = 0; role < ROLE_COUNT && st == ST_OK; role++)
        st = finish(&p->table[role]);
    if (st != ST_OK)
        providers_free(p);
    else
        *out = p;
    return st;
}

enum status providers_builtin(struct providers **out)
{
    size_t line;
    return providers_parse((struct slice){embed_providers_tsv, (size_t)embed_providers_tsv_len},
                           out, &line);
}

void providers_free(struct providers *p)
{
    if (p == NULL)
        return;
    arena_free(&p->arena);
    free(p);
}

/* ---- looking up ------------------------------------------------------------------------------ */

static const struct provider *find(const struct table *t, struct slice name)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(t->v[middle].pattern, name);
        if (order == 0)
            return &t->v[middle].provider;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The name itself, then its parents: the first hit is the longest pattern. */
static const struct provider *lookup(const struct providers *p, enum role role, struct slice name)
{
    char lower[NAME_MAX_BYTES + 1];
    if (p == NULL)
        return NULL;
    if (name.len > 0 && name.p[name.len - 1] == '.')
        name.len--;
    if (name.len > NAME_MAX_BYTES || (name.len > 0 && memchr(name.p, '\0', name.len) != NULL))
        return NULL;
    if (name.len > 0)
        memcpy(lower, name.p, name.len);
    lower[name.len] = '\0';
    name_lower(lower);
    for (struct slice rest = {lower, name.len}; rest.len > 0; rest = name_parent(rest)) {
        const struct provider *found = find(&p->table[role], rest);
        if (found != NULL)
            return found;
    }
    return NULL;
}

const struct provider *provider_of_mx(const struct providers *p, struct slice mx_name)
{
    return lookup(p, ROLE_MX, mx_name);
}

const struct provider *provider_of_policy_host(const struct providers *p, struct slice cname)
{
    return lookup(p, ROLE_POLICY, cname);
}
