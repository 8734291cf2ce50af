#include "scanner/worker/retry.h"

#include <stdlib.h>
#include <string.h>

void retry_init(struct retry_list *r, size_t n_max, size_t line_bytes_max)
{
    *r = (struct retry_list){.n_max = n_max, .line_bytes_max = line_bytes_max};
    r->last = &r->first;
}

bool retry_keeps_line(const struct retry_list *r, size_t len)
{
    return len <= r->line_bytes_max - r->line_bytes;
}

/* Copies bytes and a NUL behind the struct; advances *at. */
static const char *keep(char **at, const char *p, size_t len)
{
    char *copy = *at;
    if (len > 0)
        memcpy(copy, p, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

enum status retry_add(struct retry_list *r, const struct evidence *e, struct slice line)
{
    if (r->n >= r->n_max)
        return ST_LIMIT;
    if (!retry_keeps_line(r, line.len))
        line.len = 0;
    size_t domain_len = strlen(e->domain), tag_len = e->tag ? strlen(e->tag) : 0;
    struct retry_domain *d = malloc(sizeof *d + domain_len + tag_len + line.len + 3);
    if (!d)
        return ST_NOMEM;
    *d = (struct retry_domain){.index = e->index,
                               .rank = e->rank,
                               .ts_ms = e->ts_ms,
                               .duration_ms = e->duration_ms,
                               .lookup = e->sts.dns.status,
                               .rcode = e->sts.dns.rcode,
                               .ede = e->sts.dns.ede};
    char *at = (char *)(d + 1);
    d->domain = keep(&at, e->domain, domain_len);
    if (e->tag)
        d->tag = keep(&at, e->tag, tag_len);
    if (line.len > 0) {
        d->line = keep(&at, line.p, line.len);
        d->line_len = line.len;
    }
    r->line_bytes += line.len;
    *r->last = d;
    r->last = &d->next;
    r->n++;
    return ST_OK;
}

struct retry_domain *retry_take(struct retry_list *r)
{
    struct retry_domain *d = r->first;
    if (!d)
        return NULL;
    r->first = d->next;
    if (!r->first)
        r->last = &r->first;
    r->n--;
    r->line_bytes -= d->line_len;
    return d;
}

void retry_domain_free(struct retry_domain *d)
{
    free(d);
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
    for (struct retry_domain *d; (d = retry_take(r));)
        retry_domain_free(d);
}
