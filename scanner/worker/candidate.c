#include "scanner/worker/candidate.h"

#include "scanner/worker/unit.h"
#include <stdlib.h>
#include <string.h>

#define RECORD_LABEL "_mta-sts." /* RFC 8461 3.1 */

enum { TEXT_LEAST_BYTES = 64 };

struct candidate {
    struct enquiry enquiry; /* first */
    struct candidate *next; /* the worker's pool */
    uint64_t index;
    int64_t rank;
    struct unit_start start;
    const char *tag; /* NULL when none */
    size_t room;
    char text[]; /* "_mta-sts.D", and behind it the tag */
};

/* One from the pool, or a new one, with room for `bytes` of text. */
static struct candidate *candidate_new(struct worker *w, size_t bytes)
{
    struct candidate *c = w->free_candidates;
    if (c)
        w->free_candidates = c->next;
    if (c && c->room >= bytes)
        return c;
    size_t room = bytes < TEXT_LEAST_BYTES ? TEXT_LEAST_BYTES : bytes;
    struct candidate *larger = realloc(c, sizeof *c + room);
    if (larger)
        larger->room = room;
    else
        free(c);
    return larger;
}

static void candidate_put_back(struct worker *w, struct candidate *c)
{
    c->next = w->free_candidates;
    w->free_candidates = c;
}

void candidate_pool_free(struct worker *w)
{
    for (struct candidate *c; (c = w->free_candidates);) {
        w->free_candidates = c->next;
        free(c);
    }
}

static struct candidate *candidate_of(struct worker *w, const struct input_item *item)
{
    size_t label = sizeof RECORD_LABEL - 1;
    size_t domain = strlen(item->domain) + 1, tag = item->tag ? strlen(item->tag) + 1 : 0;
    struct candidate *c = candidate_new(w, label + domain + tag);
    if (!c)
        return NULL;
    memcpy(c->text, RECORD_LABEL, label);
    memcpy(c->text + label, item->domain, domain);
    c->tag = item->tag ? memcpy(c->text + label + domain, item->tag, tag) : NULL;
    return c;
}

/* The record is known: now the domain gets a unit. */
static void on_record(struct enquiry *q, const struct dns_answer *a)
{
    struct candidate *c = (struct candidate *)q;
    struct worker *w = q->worker;
    if (!w->stopping) {
        const struct input_item item = {.index = c->index,
                                        .rank = c->rank,
                                        .domain = c->text + sizeof RECORD_LABEL - 1,
                                        .tag = c->tag};
        w->n_record--;
        if (unit_begin(w, &item, &c->start, a) != ST_OK)
            worker_fail(w);
    }
    candidate_put_back(w, c);
}

enum status candidate_begin(struct worker *w, const struct input_item *item, bool second_pass)
{
    const struct unit_start start = {.ts_ms = w->turn_ms,
                                     .began_us = w->turn_us,
                                     .lag_then = lag_mark(&w->lag, w->turn_us),
                                     .second_pass = second_pass};
    if (item->reason || guard_name(worker_guard(w), item->domain) != GUARD_OK)
        return unit_begin(w, item, &start, NULL);
    struct candidate *c = candidate_of(w, item);
    if (!c)
        return ST_NOMEM;
    c->index = item->index;
    c->rank = item->rank;
    c->start = start;
    c->enquiry = (struct enquiry){
        .worker = w, .done = on_record, .name = c->text, .type = DNS_TXT, .begins = true};
    w->n_record++;
    enquiry_start(&c->enquiry, w->turn_us);
    return ST_OK;
}
