#include "scanner/worker/retry.h"

#include <stdlib.h>
#include <string.h>

struct retry_chunk {
    struct retry_chunk *next;
    size_t size, used, taken; /* bytes */
    char bytes[];
};

/* What stands before a domain's texts: domain, tag and line, with a NUL behind each that is there.
 */
struct entry {
    uint64_t index;
    int64_t rank;
    int64_t ts_ms;
    uint32_t duration_ms, tag_len, line_len;
    int32_t ede;
    uint16_t domain_len; /* NAME_MAX_BYTES at most */
    int16_t rcode;
    uint8_t lookup;
    bool has_tag;
};

void retry_init(struct retry_list *r, size_t bytes_max, size_t line_bytes_max)
{
    *r = (struct retry_list){.bytes_max = bytes_max, .line_bytes_max = line_bytes_max};
}

bool retry_keeps_line(const struct retry_list *r, size_t len)
{
    return len <= r->line_bytes_max - r->line_bytes;
}

static size_t texts_bytes(const struct entry *h)
{
    return (size_t)h->domain_len + 1 + (h->has_tag ? (size_t)h->tag_len + 1 : 0) +
           (h->line_len > 0 ? (size_t)h->line_len + 1 : 0);
}

/* Room for so many bytes in the newest chunk, or in a new one; NULL when out of memory. */
static char *room_for(struct retry_list *r, size_t bytes)
{
    struct retry_chunk *c = r->last;
    if (!c || c->size - c->used < bytes) {
        size_t size = bytes > RETRY_CHUNK_BYTES ? bytes : RETRY_CHUNK_BYTES;
        c = malloc(sizeof *c + size);
        if (!c)
            return NULL;
        *c = (struct retry_chunk){.size = size};
        if (r->last)
            r->last->next = c;
        else
            r->first = c;
        r->last = c;
    }
    c->used += bytes;
    return c->bytes + c->used - bytes;
}

/* Copies bytes and a NUL; returns where the next ones go. */
static char *put(char *at, const char *p, size_t len)
{
    memcpy(at, p, len);
    at[len] = '\0';
    return at + len + 1;
}

enum status retry_add(struct retry_list *r, const struct evidence *e, struct slice line)
{
    if (!retry_keeps_line(r, line.len))
        line.len = 0;
    struct entry h = {.index = e->index,
                      .rank = e->rank,
                      .ts_ms = e->ts_ms,
                      .duration_ms = e->duration_ms,
                      .domain_len = (uint16_t)strlen(e->domain),
                      .tag_len = e->tag ? (uint32_t)strlen(e->tag) : 0,
                      .line_len = (uint32_t)line.len,
                      .rcode = (int16_t)e->sts.dns.rcode,
                      .ede = e->sts.dns.ede,
                      .lookup = (uint8_t)e->sts.dns.status,
                      .has_tag = e->tag != NULL};
    size_t bytes = sizeof h + texts_bytes(&h);
    if (bytes > r->bytes_max - r->bytes)
        return ST_LIMIT;
    char *at = room_for(r, bytes);
    if (!at)
        return ST_NOMEM;
    memcpy(at, &h, sizeof h);
    at = put(at + sizeof h, e->domain, h.domain_len);
    if (h.has_tag)
        at = put(at, e->tag, h.tag_len);
    if (line.len > 0)
        put(at, line.p, line.len);
    r->line_bytes += line.len;
    r->bytes += bytes;
    r->n++;
    return ST_OK;
}

static void drop_first_chunk(struct retry_list *r)
{
    struct retry_chunk *c = r->first;
    r->first = c->next;
    if (!r->first)
        r->last = NULL;
    free(c);
}

bool retry_take(struct retry_list *r, struct retry_domain *out)
{
    /* The chunk of the one before is still borrowed from, so it goes now. */
    if (r->first && r->first->taken == r->first->used)
        drop_first_chunk(r);
    struct retry_chunk *c = r->first;
    if (!c)
        return false;
    struct entry h;
    memcpy(&h, c->bytes + c->taken, sizeof h);
    const char *at = c->bytes + c->taken + sizeof h;
    *out = (struct retry_domain){.index = h.index,
                                 .rank = h.rank,
                                 .ts_ms = h.ts_ms,
                                 .duration_ms = h.duration_ms,
                                 .lookup = (enum lookup)h.lookup,
                                 .rcode = h.rcode,
                                 .ede = h.ede,
                                 .domain = at};
    at += h.domain_len + 1;
    if (h.has_tag) {
        out->tag = at;
        at += h.tag_len + 1;
    }
    if (h.line_len > 0)
        out->line = (struct slice){at, h.line_len};
    size_t bytes = sizeof h + texts_bytes(&h);
    c->taken += bytes;
    r->bytes -= bytes;
    r->line_bytes -= h.line_len;
    r->n--;
    return true;
}

enum status retry_evidence(const struct retry_domain *d, struct evidence *e)
{
    evidence_reset(e);
    e->domain = arena_dup(&e->arena, slice_of(d->domain));
    e->tag = d->tag ? arena_dup(&e->arena, slice_of(d->tag)) : NULL;
    if (!e->domain || (d->tag && !e->tag))
        return ST_NOMEM;
    e->index = d->index;
    e->rank = d->rank;
    e->ts_ms = d->ts_ms;
    e->duration_ms = d->duration_ms;
    e->sts.dns.status = d->lookup;
    e->sts.dns.rcode = d->rcode;
    e->sts.dns.ede = d->ede;
    e->policy.skipped = true;
    e->mx.probe_skipped = true;
    return ST_OK;
}

void retry_free(struct retry_list *r)
{
    while (r->first)
        drop_first_chunk(r);
    *r = (struct retry_list){.bytes_max = r->bytes_max, .line_bytes_max = r->line_bytes_max};
}
