/* backoff - what is owed to an address that limits us (SMTP 421, HTTP 429): a gap that doubles, the
 * time that it names itself, and after too much of either that nobody waits for it any more.
 *
 * Answers to connections that began before the last limiting answer came are part of the same
 * event: they neither double the gap nor end it.
 *
 * Pure: time is passed in (microseconds, monotonic). One thread. */
#ifndef SCANNER_WORKER_BACKOFF_H
#define SCANNER_WORKER_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BACKOFF_FIRST_MS = 1000, /* gap after the first limiting answer; doubled by each further */
    BACKOFF_MAX_MS = 60000,
    BACKOFF_GIVE_UP_AFTER = 8,        /* limiting answers in a row */
    BACKOFF_REMEMBER_MS = 600 * 1000, /* how long an address that was given up stays so, */
    BACKOFF_REMEMBER_GAP_MS = 60000,  /* and how long after its end a gap is still doubled */
};

/* Zeroed: never limited. */
struct backoff {
    uint64_t gap_us;     /* after the last limiting answer; 0: none, or over */
    uint64_t limited_us; /* when that answer came; 0: never */
    uint64_t forget_us;  /* a further one doubles the gap until then */
    uint32_t in_row;     /* limiting answers */
};

/* A connection that went at went_us was limited, and asked to stay away for asked_us (Retry-After,
 * RFC 9110 10.2.3; 0: it did not say). Moves *due_us, before which nobody goes there; true when
 * until then nobody shall wait for it either. */
bool backoff_limited(struct backoff *b, uint64_t went_us, uint64_t asked_us, uint64_t now_us,
                     uint64_t *due_us);
/* A connection that went at went_us was served: what gap there was is over. */
void backoff_welcome(struct backoff *b, uint64_t went_us);

#endif
