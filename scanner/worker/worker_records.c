/* The worker's output: records into batches, batches to the writer. */
#include "scanner/worker/worker.h"

#include "lib/record_json.h"

enum { BATCH_BYTES = 1024 * 1024 }; /* a batch goes to the writer at this size */

void worker_submit_batch(struct worker *w)
{
    if (w->batch && w->batch->n > 0) {
        writer_submit(w->shared->writer, w->batch);
        w->batch = NULL;
    }
}

/* The batch under way, of the kind that is asked for. */
static struct record_batch *batch_for(struct worker *w, bool provisional)
{
    if (w->batch && w->batch->n > 0 && w->batch->provisional != provisional)
        worker_submit_batch(w);
    if (!w->batch) {
        w->batch = record_batch_new();
        w->batch_since_us = worker_now_us(w);
    }
    if (w->batch)
        w->batch->provisional = provisional;
    return w->batch;
}

static void batch_grew(struct worker *w, uint64_t index)
{
    struct record_batch *b = w->batch;
    b->index[b->n++] = index;
    if (b->n == FRAME_RECORDS_MAX || b->lines.len >= BATCH_BYTES)
        worker_submit_batch(w);
}

enum status worker_write_record(struct worker *w, const struct evidence *e,
                                const struct judgement *j)
{
    struct record_batch *b = batch_for(w, false);
    if (!b)
        return ST_NOMEM;
    enum status st = record_write(e, j, &b->lines);
    if (st == ST_OK)
        batch_grew(w, e->index);
    return st;
}

void worker_write_withheld(struct worker *w)
{
    struct evidence e;
    evidence_init(&e);
    for (struct retry_domain *d; (d = retry_take(&w->withheld)); retry_domain_free(d)) {
        struct record_batch *b = batch_for(w, true);
        if (!b)
            continue;
        enum status st = ST_OK;
        if (d->line) {
            st = strbuf_add(&b->lines, d->line, d->line_len);
        } else {
            st = retry_evidence(d, &e);
            judgement_reset(&w->judgement);
            if (st == ST_OK)
                st = classify(&w->shared->judge, &e, &w->judgement);
            if (st == ST_OK)
                st = record_write(&e, &w->judgement, &b->lines);
        }
        if (st == ST_OK)
            batch_grew(w, d->index);
    }
    evidence_free(&e);
    worker_submit_batch(w);
}
