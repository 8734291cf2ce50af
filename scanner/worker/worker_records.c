/* The worker's output: records into batches, batches to the writer. */
#include "scanner/worker/worker.h"

#include "lib/record_json.h"
#include "scanner/output/recount.h"
#include "scanner/output/spent.h"

enum { BATCH_BYTES = FRAME_BYTES_MAX }; /* a batch goes to the writer at this size */

void worker_submit_batch(struct worker *w)
{
    if (w->batch && w->batch->n > 0) {
        struct scan_stats now;
        worker_stats(w, &now);
        spent_add_since(&w->batch->spent, &now, &w->told);
        w->told = now;
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

void worker_count_record(struct worker *w, const struct evidence *e, const struct judgement *j)
{
    stats_count_record(&w->stats, e, j);
    atomic_fetch_add_explicit(&w->live.done, 1, memory_order_relaxed);
    if (adoption_is_adopter(j->adoption))
        atomic_fetch_add_explicit(&w->live.adopters, 1, memory_order_relaxed);
    if (j->adoption == ADOPTION_UNDETERMINED)
        atomic_fetch_add_explicit(&w->live.failures, 1, memory_order_relaxed);
}

/* Adds the line of a withheld domain: the one that was kept, or one made from how its record lookup
 * ended. Judges into w->judgement and *e. */
static enum status add_withheld(struct worker *w, const struct retry_domain *d, struct evidence *e,
                                struct strbuf *lines)
{
    if (d->line.len > 0)
        return strbuf_add(lines, d->line.p, d->line.len);
    enum status st = retry_evidence(d, e);
    judgement_reset(&w->judgement);
    if (st == ST_OK)
        st = classify(&w->shared->judge, e, &w->judgement);
    return st == ST_OK ? record_write(e, &w->judgement, lines) : st;
}

/* The same counts as worker_count_record, from the line that was just added. */
static void count_line(struct worker *w, struct slice line)
{
    struct recount_line ignored;
    if (recount_line(line, &w->stats, &ignored) != ST_OK)
        return;
    atomic_fetch_add_explicit(&w->live.done, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->live.failures, 1, memory_order_relaxed);
}

void worker_write_withheld(struct worker *w, bool provisional)
{
    struct evidence e;
    struct retry_domain d;
    evidence_init(&e);
    while (retry_take(&w->withheld, &d)) {
        struct record_batch *b = batch_for(w, provisional);
        size_t before = b ? b->lines.len : 0;
        if (!b || add_withheld(w, &d, &e, &b->lines) != ST_OK) {
            worker_fail(w);
            continue;
        }
        if (!provisional)
            count_line(w, (struct slice){b->lines.p + before, b->lines.len - before});
        batch_grew(w, d.index);
    }
    evidence_free(&e);
    worker_submit_batch(w);
}
