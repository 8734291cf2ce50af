/* feed - from the one reader to the workers: batches of input items through a bounded queue.
 *
 * A thread reads the input and fills batches; workers take one when they have room. A worker that
 * finds none is woken once when there is one. The reader stops when the queue is full, so that a
 * slow scan holds no more than LIMIT_FEED_QUEUE batches in memory. The one lock here is taken once
 * a batch. */
#ifndef SCANNER_WORKER_FEED_H
#define SCANNER_WORKER_FEED_H

#include "scanner/input/input.h"
#include "scanner/worker/limits.h"

struct feed_batch {
    struct feed_batch *next;
    size_t n;
    size_t taken;      /* the worker's: items it has begun */
    struct arena text; /* what the items point at */
    struct input_item item[LIMIT_FEED_BATCH];
};
void feed_batch_free(struct feed_batch *b);

/* Where items come from: input_next, or a test. Called on the reader's thread. ST_AGAIN: more will
 * come, but not soon; what has been read is handed over meanwhile. */
struct feed_source {
    enum status (*next)(void *arg, struct input_item *out);
    void *arg;
};
struct feed_events {
    /* There is something to take again (or the end is known). Reader's thread, or that of whoever
     * calls feed_stop; once for each ST_AGAIN. */
    void (*wake)(void *arg, uint32_t worker);
    void *arg;
};

typedef struct feed feed;
enum status feed_new(const struct feed_source *source, const struct feed_events *events,
                     uint32_t n_workers, feed **out);
/* Starts the reader's thread. */
enum status feed_start(feed *f);
/* ST_OK: *out belongs to the caller. ST_AGAIN: nothing now, `wake` will come. ST_EOF: nothing any
 * more. */
enum status feed_take(feed *f, uint32_t worker, struct feed_batch **out);
/* No more is handed out: what was read ahead is dropped, takers get ST_EOF. From any thread. */
void feed_stop(feed *f);
/* Items handed out so far, and how the reading ended: ST_OK while it goes on or was stopped,
 * ST_EOF, else what input_next said. From any thread. */
uint64_t feed_handed_out(feed *f);
enum status feed_ended(feed *f);
/* Joins the reader, which is interrupted when it still waits for input. */
void feed_free(feed *f);

#endif
