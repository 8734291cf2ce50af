/* waitq - single flight and result cache: the first who asks finds the answer, the rest wait.
 *
 * Keys are bytes. A settled value is kept until it expires or is evicted (clock algorithm: what was
 * used since the hand last passed is spared once). Entries that are waited for are never evicted.
 * Waiters are embedded in the caller's objects and are queued in the order of asking. Pure: time is
 * passed in. One thread. */
#ifndef SCANNER_WORKER_WAITQ_H
#define SCANNER_WORKER_WAITQ_H

#include "lib/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiter {
    struct waiter *next;
};

typedef struct waitq waitq;
/* Gives the cache's hold on a value back: at expiry, eviction, replacement and the end. */
typedef void (*waitq_release_fn)(void *value);

enum waitq_joined {
    WAITQ_LEAD, /* nobody asked yet: find the answer and call waitq_settle. w is queued too */
    WAITQ_WAIT, /* somebody is at it: w is queued */
    WAITQ_HIT,  /* *value is the answer, borrowed until the next call on q. w is not queued */
    WAITQ_NOMEM,
};

/* entries_max and bytes_max bound the settled entries and the memory that they take together with
 * their values; SIZE_MAX: no bound. */
enum status waitq_new(size_t entries_max, size_t bytes_max, waitq_release_fn release, waitq **out);
/* Must not be waited for any more. */
void waitq_free(waitq *q);

enum waitq_joined waitq_join(waitq *q, const void *key, size_t len, uint64_t now_ms,
                             struct waiter *w, void **value);
/* The value without joining; NULL when there is none (pending included). */
void *waitq_peek(waitq *q, const void *key, size_t len, uint64_t now_ms);
/* Whether somebody is at it, so that joining is waiting. */
bool waitq_is_pending(const waitq *q, const void *key, size_t len);
/* The answer is found: the cache takes the value (NULL: nothing is kept) until expires_ms, and the
 * waiters are returned in the order of asking. bytes: what the value takes. */
struct waiter *waitq_settle(waitq *q, const void *key, size_t len, void *value, size_t bytes,
                            uint64_t expires_ms);
/* Drops a settled value, so that the next one leads again. */
void waitq_forget(waitq *q, const void *key, size_t len);

uint64_t waitq_evictions(const waitq *q);
size_t waitq_entries(const waitq *q);
size_t waitq_bytes(const waitq *q); /* of the settled entries and their values */

#endif
