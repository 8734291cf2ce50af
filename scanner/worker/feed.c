#include "scanner/worker/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct feed {
    struct feed_source source;
    struct feed_events events;
    uint32_t n_workers;
    pthread_t thread;
    bool started;
    struct feed_batch *filling; /* the reader's; left behind when it is cancelled */
    atomic_uint hungry_count;   /* lets the reader hand over a batch that is not full */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t room;
    struct feed_batch *first, **last;
    size_t queued;
    uint64_t handed_out;
    bool stopped;
    enum status ended;
    bool hungry[];
};

void feed_batch_free(struct feed_batch *b)
{
    if (!b)
        return;
    arena_free(&b->text);
    free(b);
}

enum status feed_new(const struct feed_source *source, const struct feed_events *events,
                     uint32_t n_workers, feed **out)
{
    feed *f = calloc(1, sizeof *f + n_workers * sizeof f->hungry[0]);
    if (!f)
        return ST_NOMEM;
    f->source = *source;
    f->events = *events;
    f->n_workers = n_workers;
    f->last = &f->first;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->room, NULL);
    *out = f;
    return ST_OK;
}

static const char *keep_text(struct arena *text, const char *p)
{
    return p ? arena_dup(text, slice_of(p)) : NULL;
}

static enum status batch_add(struct feed_batch *b, const struct input_item *item)
{
    struct input_item *copy = &b->item[b->n];
    *copy = *item;
    copy->domain = keep_text(&b->text, item->domain);
    copy->tag = keep_text(&b->text, item->tag);
    copy->raw.p = item->raw.len > 0 ? arena_dup(&b->text, item->raw) : NULL;
    if (!copy->domain || (item->tag && !copy->tag) || (item->raw.len > 0 && !copy->raw.p))
        return ST_NOMEM;
    b->n++;
    return ST_OK;
}

static struct feed_batch *batch_new(void)
{
    struct feed_batch *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->next = NULL;
    b->n = b->taken = 0;
    /* LIMIT_FEED_BATCH items of the largest size fit. */
    arena_init_sized(&b->text, 4 * 1024 * 1024, 8192);
    return b;
}

/* Who waits is woken outside the lock, so that a wake-up may take what there is at once. */
static void wake_hungry(feed *f, bool all)
{
    for (uint32_t i = 0; i < f->n_workers; i++) {
        pthread_mutex_lock(&f->lock);
        bool wake = f->hungry[i] && (all || f->first || f->stopped);
        if (wake) {
            f->hungry[i] = false;
            atomic_fetch_sub(&f->hungry_count, 1);
        }
        pthread_mutex_unlock(&f->lock);
        if (wake)
            f->events.wake(f->events.arg, i);
    }
}

/* Queues b when there is room; false when the feed was stopped. */
static bool hand_over(feed *f, struct feed_batch *b)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    pthread_mutex_lock(&f->lock);
    while (f->queued >= LIMIT_FEED_QUEUE && !f->stopped)
        pthread_cond_wait(&f->room, &f->lock);
    bool ok = !f->stopped;
    if (ok) {
        *f->last = b;
        f->last = &b->next;
        f->queued++;
    }
    pthread_mutex_unlock(&f->lock);
    if (ok)
        wake_hungry(f, false);
    pthread_setcancelstate(old, NULL);
    if (!ok)
        feed_batch_free(b);
    return ok;
}

static void finish(feed *f, enum status st)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    pthread_mutex_lock(&f->lock);
    f->ended = st;
    pthread_mutex_unlock(&f->lock);
    wake_hungry(f, true);
}

static bool is_stopped(feed *f)
{
    pthread_mutex_lock(&f->lock);
    bool stopped = f->stopped;
    pthread_mutex_unlock(&f->lock);
    return stopped;
}

/* A batch of items. A slow input must not keep what has been read from a worker that has nothing to
 * do: then the batch is handed over as it is. */
static enum status fill(feed *f, struct feed_batch *b)
{
    enum status st = ST_OK;
    struct input_item item;
    while (st == ST_OK && b->n < LIMIT_FEED_BATCH &&
           (b->n == 0 || atomic_load_explicit(&f->hungry_count, memory_order_relaxed) == 0)) {
        st = f->source.next(f->source.arg, &item);
        if (st == ST_OK)
            st = batch_add(b, &item);
    }
    return st == ST_AGAIN ? ST_OK : st;
}

static void *read_all(void *arg)
{
    feed *f = arg;
    enum status st = ST_OK;
    while (st == ST_OK && !is_stopped(f)) {
        struct feed_batch *b = f->filling = batch_new();
        st = b ? fill(f, b) : ST_NOMEM;
        f->filling = NULL;
        if (!b || b->n == 0)
            feed_batch_free(b);
        else if (!hand_over(f, b))
            return NULL;
    }
    if (st != ST_OK)
        finish(f, st);
    return NULL;
}

enum status feed_start(feed *f)
{
    if (pthread_create(&f->thread, NULL, read_all, f) != 0)
        return ST_NOMEM;
    pthread_setname_np(f->thread, "stscan-reader");
    f->started = true;
    return ST_OK;
}

enum status feed_take(feed *f, uint32_t worker, struct feed_batch **out)
{
    enum status st = ST_OK;
    bool has_room = false; /* for so many that the reader is worth waking */
    pthread_mutex_lock(&f->lock);
    struct feed_batch *b = f->first;
    if (b && !f->stopped) {
        f->first = b->next;
        if (!f->first)
            f->last = &f->first;
        has_room = --f->queued == LIMIT_FEED_QUEUE / 2;
        f->handed_out += b->n;
        b->next = NULL;
        *out = b;
    } else if (f->stopped || f->ended != ST_OK) {
        st = ST_EOF;
    } else {
        if (!f->hungry[worker])
            atomic_fetch_add(&f->hungry_count, 1);
        f->hungry[worker] = true;
        st = ST_AGAIN;
    }
    pthread_mutex_unlock(&f->lock);
    if (has_room)
        pthread_cond_signal(&f->room);
    return st;
}

void feed_stop(feed *f)
{
    pthread_mutex_lock(&f->lock);
    f->stopped = true;
    pthread_cond_broadcast(&f->room);
    pthread_mutex_unlock(&f->lock);
    wake_hungry(f, true);
}

uint64_t feed_handed_out(feed *f)
{
    pthread_mutex_lock(&f->lock);
    uint64_t n = f->handed_out;
    pthread_mutex_unlock(&f->lock);
    return n;
}

enum status feed_ended(feed *f)
{
    pthread_mutex_lock(&f->lock);
    enum status st = f->ended;
    pthread_mutex_unlock(&f->lock);
    return st;
}

void feed_free(feed *f)
{
    if (!f)
        return;
    if (f->started) {
        feed_stop(f);
        /* Only a read of a pipe or terminal that stays silent can keep it; reads are points where a
         * thread may be cancelled. */
        pthread_cancel(f->thread);
        pthread_join(f->thread, NULL);
        feed_batch_free(f->filling);
    }
    while (f->first) {
        struct feed_batch *b = f->first;
        f->first = b->next;
        feed_batch_free(b);
    }
    pthread_cond_destroy(&f->room);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
