/* writer: a mailbox in front, two files behind, one thread between.
 *
 * Records become durable in groups: a frame ends when it is full or when its first record is
 * SYNC_INTERVAL_MS old, and then everything written is fsynced, entered in the journal and reported
 * at once. So the cost of fsync is bounded (three a second: certificates, records, journal), and so
 * is the time until a record counts as done. */
#include "scanner/output/writer.h"

#include "scanner/output/certs.h"
#include "scanner/output/frames.h"
#include "scanner/output/names.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SYNC_INTERVAL_MS = 1000,
    SYNC_INDEXES_MAX = 256 * 1024, /* records that wait for one fsync */
    LINE_USUAL_BYTES = 4096,       /* the last line of a batch mostly ends within so many more */
};

struct chain_node {
    struct chain_node *next;
    struct cert_chain *chain;
};

/* What is on its way to the thread, oldest first. */
struct mailbox {
    struct record_batch *batch, **batch_end;
    struct chain_node *chain, **chain_end;
};

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct mailbox in; /* under lock */
    bool closing;      /* under lock */
    atomic_size_t backlog_bytes;

    /* the thread's own */
    struct writer_events events;
    frames *data;     /* NULL when the caller takes the lines */
    certs *certs;     /* NULL on standard output, and then */
    journal *journal; /* borrowed; NULL: none is kept */
    bool to_stdout;
    bool failed;
    size_t frame_records;
    uint64_t *unsynced; /* indexes of records in frames since the last report, the open one too */
    size_t n_unsynced, alloc_unsynced;
    size_t certs_unsynced;
    struct timespec due; /* when the open group must be on disk */
    bool due_set;
    struct record_batch *provisional, **provisional_end;
    struct writer_totals totals;
    struct scan_stats spent; /* by all runs, as far as batches have told */
};

/* ---- batches -------------------------------------------------------------------------------- */

struct record_batch *record_batch_new(void)
{
    struct record_batch *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->next = NULL;
    b->n = 0;
    b->provisional = false;
    b->spent = (struct scan_stats){.records = 0};
    strbuf_init(&b->lines, RECORD_BATCH_BYTES_MAX + RECORD_LINE_MAX_BYTES);
    strbuf_reserve(&b->lines, FRAME_BYTES_MAX + LINE_USUAL_BYTES);
    if (b->lines.error != ST_OK) {
        free(b);
        return NULL;
    }
    return b;
}

void record_batch_free(struct record_batch *b)
{
    if (!b)
        return;
    strbuf_free(&b->lines);
    free(b);
}

/* ---- the callers' side ---------------------------------------------------------------------- */

void writer_submit(writer *w, struct record_batch *b)
{
    b->next = NULL;
    atomic_fetch_add_explicit(&w->backlog_bytes, b->lines.len, memory_order_relaxed);
    pthread_mutex_lock(&w->lock);
    *w->in.batch_end = b;
    w->in.batch_end = &b->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void writer_submit_chain(writer *w, struct cert_chain *chain)
{
    /* Without memory for the node the certificate is left out of its file; its hash stands in the
     * records all the same. */
    struct chain_node *node = w->certs && chain ? malloc(sizeof *node) : NULL;
    if (!node) {
        cert_chain_unref(chain);
        return;
    }
    *node = (struct chain_node){NULL, chain};
    pthread_mutex_lock(&w->lock);
    *w->in.chain_end = node;
    w->in.chain_end = &node->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool writer_is_behind(const writer *w)
{
    return atomic_load_explicit(&w->backlog_bytes, memory_order_relaxed) > WRITER_QUEUE_BYTES_MAX;
}

/* ---- the thread: writing -------------------------------------------------------------------- */

static void fail(writer *w, int err)
{
    if (w->failed)
        return;
    w->failed = true;
    if (w->events.failed)
        w->events.failed(w->events.arg, err);
}

static void check(writer *w, enum status st)
{
    if (st != ST_OK)
        fail(w, st == ST_IO && errno != 0 ? errno : ENOMEM);
}

static void set_due(writer *w)
{
    if (w->due_set)
        return;
    clock_gettime(CLOCK_MONOTONIC, &w->due);
    w->due.tv_sec += SYNC_INTERVAL_MS / 1000;
    w->due_set = true;
}

static bool is_due(const writer *w)
{
    struct timespec now;
    if (!w->due_set)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > w->due.tv_sec ||
           (now.tv_sec == w->due.tv_sec && now.tv_nsec >= w->due.tv_nsec);
}

static void end_frame(writer *w)
{
    w->frame_records = 0;
    check(w, frames_end(w->data));
}

static enum status enter_in_journal(writer *w)
{
    struct journal_point p = {.records = w->totals.records + w->n_unsynced};
    p.spent.work = w->spent;
    if (!w->journal)
        return ST_OK;
    frames_totals(w->data, &p.data);
    if (w->certs) {
        certs_totals(w->certs, &p.certs);
        p.n_certs = certs_written(w->certs);
    }
    return journal_append(w->journal, &p);
}

/* Everything so far goes to disk and is reported. The certificates first: a record that counts as
 * done must not name one that is not there. The journal last: it vouches for both. */
static void sync_group(writer *w)
{
    w->due_set = false;
    if (!w->failed && w->certs && w->certs_unsynced > 0)
        check(w, certs_sync(w->certs));
    w->certs_unsynced = 0;
    if (!w->failed)
        end_frame(w);
    if (!w->failed)
        check(w, frames_sync(w->data));
    if (!w->failed && w->n_unsynced > 0)
        check(w, enter_in_journal(w));
    if (!w->failed && w->n_unsynced > 0) {
        w->totals.records += w->n_unsynced;
        if (w->events.durable)
            w->events.durable(w->events.arg, w->unsynced, w->n_unsynced);
    }
    w->n_unsynced = 0;
}

static bool remember(writer *w, const struct record_batch *b)
{
    if (w->n_unsynced + b->n > w->alloc_unsynced) {
        size_t alloc = w->alloc_unsynced ? w->alloc_unsynced * 2 : 4 * FRAME_RECORDS_MAX;
        uint64_t *more = realloc(w->unsynced, alloc * sizeof *more);
        if (!more) {
            fail(w, ENOMEM);
            return false;
        }
        w->unsynced = more;
        w->alloc_unsynced = alloc;
    }
    memcpy(w->unsynced + w->n_unsynced, b->index, b->n * sizeof b->index[0]);
    w->n_unsynced += b->n;
    return true;
}

/* Bytes of the whole lines at p that the open frame still takes, and how many lines they are. */
static size_t lines_that_fit(const writer *w, const char *p, size_t len, size_t *lines)
{
    size_t open = frames_open_bytes(w->data), take = 0;
    *lines = 0;
    while (take < len && w->frame_records + *lines < FRAME_RECORDS_MAX) {
        const char *lf = memchr(p + take, '\n', len - take);
        size_t line = lf ? (size_t)(lf - (p + take)) + 1 : len - take;
        bool alone = open == 0 && take == 0;
        if (!alone && open + take + line > FRAME_BYTES_MAX)
            break;
        take += line;
        ++*lines;
    }
    return take;
}

static void add_lines(writer *w, const struct record_batch *b)
{
    size_t at = 0, lines;
    while (at < b->lines.len && !w->failed) {
        size_t take = lines_that_fit(w, b->lines.p + at, b->lines.len - at, &lines);
        if (take == 0) {
            end_frame(w);
            continue;
        }
        check(w, frames_add(w->data, b->lines.p + at, take));
        w->frame_records += lines;
        at += take;
    }
}

static void write_batch(writer *w, const struct record_batch *b)
{
    if (w->failed || b->n == 0 || !remember(w, b))
        return;
    add_lines(w, b);
    set_due(w);
    if (w->n_unsynced >= SYNC_INDEXES_MAX)
        sync_group(w);
}

static void hand_over(writer *w, const struct record_batch *b)
{
    w->events.lines(w->events.arg, (struct slice){b->lines.p, b->lines.len});
    w->totals.records += b->n;
    if (w->events.durable)
        w->events.durable(w->events.arg, b->index, b->n);
}

static void take_batches(writer *w, struct record_batch *b)
{
    while (b) {
        struct record_batch *next = b->next;
        size_t bytes = b->lines.len;
        stats_add(&w->spent, &b->spent);
        if (!w->data) {
            hand_over(w, b);
            record_batch_free(b);
        } else if (b->provisional && !w->failed) {
            b->next = NULL;
            *w->provisional_end = b;
            w->provisional_end = &b->next;
        } else {
            write_batch(w, b);
            record_batch_free(b);
        }
        atomic_fetch_sub_explicit(&w->backlog_bytes, bytes, memory_order_relaxed);
        b = next;
    }
}

static void take_chains(writer *w, struct chain_node *node)
{
    while (node) {
        struct chain_node *next = node->next;
        uint64_t before = certs_written(w->certs);
        if (!w->failed)
            check(w, certs_add(w->certs, node->chain));
        if (certs_written(w->certs) != before) {
            w->certs_unsynced++;
            set_due(w);
        }
        cert_chain_unref(node->chain);
        free(node);
        node = next;
    }
}

/* After the last durable report: these are cut away by a resume and done again. */
static void write_provisional(writer *w)
{
    struct record_batch *b = w->provisional;
    while (b) {
        struct record_batch *next = b->next;
        if (!w->failed) {
            add_lines(w, b);
            w->totals.provisional += b->n;
        }
        record_batch_free(b);
        b = next;
    }
    if (!w->failed && w->provisional) {
        end_frame(w);
        if (!w->failed)
            check(w, frames_sync(w->data));
    }
    w->provisional = NULL;
    w->provisional_end = &w->provisional;
}

/* ---- the thread: waiting -------------------------------------------------------------------- */

static void mailbox_clear(struct mailbox *m)
{
    m->batch = NULL;
    m->batch_end = &m->batch;
    m->chain = NULL;
    m->chain_end = &m->chain;
}

/* Waits for mail, the due time or the end; returns true at the end, when all mail was taken. */
static bool wait_for_mail(writer *w, struct mailbox *out)
{
    pthread_mutex_lock(&w->lock);
    while (!w->in.batch && !w->in.chain && !w->closing) {
        if (!w->due_set)
            pthread_cond_wait(&w->wake, &w->lock);
        else if (pthread_cond_timedwait(&w->wake, &w->lock, &w->due) == ETIMEDOUT)
            break;
    }
    *out = w->in;
    bool last = w->closing && !w->in.batch && !w->in.chain;
    mailbox_clear(&w->in);
    pthread_mutex_unlock(&w->lock);
    return last;
}

static void *run(void *arg)
{
    writer *w = arg;
    struct mailbox mail;
    while (!wait_for_mail(w, &mail)) {
        take_chains(w, mail.chain);
        take_batches(w, mail.batch);
        /* A reader of standard output waits for lines, not for full frames. */
        if (w->to_stdout && !w->failed)
            end_frame(w);
        if (is_due(w))
            sync_group(w);
    }
    if (w->data) {
        sync_group(w);
        write_provisional(w);
    }
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum status open_files(writer *w, const struct scan_options *o, char *error,
                              size_t error_size)
{
    struct output_names names;
    enum status st = output_names_make(o->output, &names);
    if (st != ST_OK) {
        snprintf(error, error_size, "%s: %s", o->output, status_text(st));
        return st;
    }
    const struct journal_point none = {.records = 0};
    const struct journal_point *from = w->journal ? journal_last(w->journal) : &none;
    w->to_stdout = names.certs == NULL;
    w->totals.records = from->records;
    w->spent = from->spent.work;
    st = frames_open_behind(names.data, names.compressed, &from->data, &w->data, error, error_size);
    if (st == ST_OK && names.certs)
        st = certs_open_behind(names.certs, &from->certs, from->n_certs, &w->certs, error,
                               error_size);
    output_names_free(&names);
    return st;
}

static void destroy(writer *w)
{
    certs_close(w->certs);
    frames_close(w->data);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w->unsynced);
    free(w);
}

/* The thread takes no signals: they belong to the main thread. */
static int start(writer *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        pthread_setname_np(w->thread, "stscan-writer");
    return rc;
}

enum status writer_open(const struct scan_options *o, journal *state,
                        const struct writer_events *events, writer **out, char *error,
                        size_t error_size)
{
    *out = NULL;
    writer *w = calloc(1, sizeof *w);
    if (!w) {
        snprintf(error, error_size, "%s", status_text(ST_NOMEM));
        return ST_NOMEM;
    }
    w->events = *events;
    w->journal = state;
    mailbox_clear(&w->in);
    w->provisional_end = &w->provisional;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &clock);
    pthread_condattr_destroy(&clock);

    enum status st = events->lines ? ST_OK : open_files(w, o, error, error_size);
    if (st == ST_OK && start(w) != 0) {
        snprintf(error, error_size, "the writer's thread cannot be started");
        st = ST_INTERNAL;
    }
    if (st != ST_OK) {
        destroy(w);
        return st;
    }
    *out = w;
    return ST_OK;
}

enum status writer_close(writer *w, struct writer_totals *totals)
{
    struct frames_totals data = {0};
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);

    if (w->data)
        frames_totals(w->data, &data);
    w->totals.frames = data.frames;
    w->totals.bytes_in = data.bytes_in;
    w->totals.bytes_out = data.bytes_out;
    if (w->certs)
        w->totals.certs = certs_written(w->certs);
    if (certs_close(w->certs) != ST_OK)
        fail(w, errno);
    w->certs = NULL;
    if (frames_close(w->data) != ST_OK)
        fail(w, errno);
    w->data = NULL;
    if (totals)
        *totals = w->totals;
    enum status st = w->failed ? ST_IO : ST_OK;
    destroy(w);
    return st;
}
