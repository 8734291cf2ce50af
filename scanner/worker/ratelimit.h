/* ratelimit - how soon the next one may go: the token bucket kept as one instant (GCRA).
 *
 * Pure: time is passed in, in microseconds of any clock that never goes back. Safe against
 * overflow: instants saturate. No limit is a valid limit. */
#ifndef SCANNER_WORKER_RATELIMIT_H
#define SCANNER_WORKER_RATELIMIT_H

#include <stdint.h>

struct ratelimit {
    uint64_t interval_us; /* between two at the steady rate; 0: no limit */
    uint64_t burst_us;    /* how far ahead of the steady rate one may run */
    uint64_t due_us;      /* when the next one is due at the steady rate */
};

/* `events` in each `period_us`; events 0: no limit. `burst` of them may go at once after a pause
 * (at least 1). */
void ratelimit_init(struct ratelimit *r, uint64_t events, uint64_t period_us, uint64_t burst);
/* Microseconds from now until one may go; 0: now. */
uint64_t ratelimit_wait_us(const struct ratelimit *r, uint64_t now_us);
/* One goes now. */
void ratelimit_take(struct ratelimit *r, uint64_t now_us);

#endif
