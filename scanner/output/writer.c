/* writer: a mailbox in front, its files behind (writer_files), one thread between. */
#include "scanner/output/writer.h"

#include "scanner/output/writer_files.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_USUAL_BYTES = 4096 }; /* the last line of a batch mostly ends within so many more */

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

    struct writer_files files; /* the thread's own */
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
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->wake);
}

void writer_submit_chain(writer *w, struct cert_chain *chain)
{
    /* Without memory for the node the certificate is left out of its file; its hash stands in the
     * records all the same. */
    struct chain_node *node = w->files.certs && chain ? malloc(sizeof *node) : NULL;
    if (!node) {
        cert_chain_unref(chain);
        return;
    }
    *node = (struct chain_node){NULL, chain};
    pthread_mutex_lock(&w->lock);
    *w->in.chain_end = node;
    w->in.chain_end = &node->next;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->wake);
}

bool writer_is_behind(const writer *w)
{
    return atomic_load_explicit(&w->backlog_bytes, memory_order_relaxed) > WRITER_QUEUE_BYTES_MAX;
}

/* ---- the thread ------------------------------------------------------------------------------ */

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
        if (!w->files.due_set)
            pthread_cond_wait(&w->wake, &w->lock);
        else if (pthread_cond_timedwait(&w->wake, &w->lock, &w->files.due) == ETIMEDOUT)
            break;
    }
    *out = w->in;
    bool last = w->closing && !w->in.batch && !w->in.chain;
    mailbox_clear(&w->in);
    pthread_mutex_unlock(&w->lock);
    return last;
}

static void take_chains(writer *w, struct chain_node *node)
{
    for (struct chain_node *next; node; node = next) {
        next = node->next;
        writer_files_take_chain(&w->files, node->chain);
        free(node);
    }
}

static void take_batches(writer *w, struct record_batch *b)
{
    for (struct record_batch *next; b; b = next) {
        size_t bytes = b->lines.len;
        next = b->next;
        writer_files_take_batch(&w->files, b);
        atomic_fetch_sub_explicit(&w->backlog_bytes, bytes, memory_order_relaxed);
    }
}

static void *run(void *arg)
{
    writer *w = arg;
    struct mailbox mail;
    while (!wait_for_mail(w, &mail)) {
        take_chains(w, mail.chain);
        take_batches(w, mail.batch);
        writer_files_rest(&w->files);
    }
    writer_files_end(&w->files);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void destroy(writer *w)
{
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
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
    mailbox_clear(&w->in);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &clock);
    pthread_condattr_destroy(&clock);

    enum status st = writer_files_open(&w->files, o, state, events, error, error_size);
    if (st == ST_OK && start(w) != 0) {
        snprintf(error, error_size, "the writer's thread cannot be started");
        st = ST_INTERNAL;
    }
    if (st != ST_OK) {
        writer_files_close(&w->files, NULL);
        destroy(w);
        return st;
    }
    *out = w;
    return ST_OK;
}

enum status writer_close(writer *w, struct writer_totals *totals)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->wake);
    pthread_join(w->thread, NULL);
    enum status st = writer_files_close(&w->files, totals);
    destroy(w);
    return st;
}
