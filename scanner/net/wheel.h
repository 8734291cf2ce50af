/* wheel - many deadlines on one clock: an intrusive, hierarchical timer wheel.
 *
 * Setting, moving and clearing a timer costs O(1), whatever their number; a timer that is cleared
 * before it is due (the usual case: the answer came) costs nothing more. Four levels of 64 slots;
 * the first has ticks of WHEEL_TICK_MS, each further one 64 times coarser, and what stands in a
 * coarse slot moves down when its time comes near. Timers fire at most one tick late, never early.
 *
 * The wheel knows no event loop and reads no clock: its owner calls wheel_run with the time of his
 * turn, and arms one timer of the loop for wheel_next. One thread. Times are milliseconds of any
 * monotonic clock. */
#ifndef SCANNER_NET_WHEEL_H
#define SCANNER_NET_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WHEEL_TICK_MS = 8,
    WHEEL_LEVELS = 4,
    WHEEL_SLOTS = 64, /* bits of the occupancy word */
};
#define WHEEL_NEVER UINT64_MAX

/* Embedded in what has a deadline; its memory belongs to the owner and must stay while it is set.
 * Zeroed is a valid cleared timer; `fire` is set by the owner once. */
struct wheel_timer {
    struct wheel_timer *next, **link; /* link: what points at this timer; NULL when cleared */
    uint64_t at_ms;
    void (*fire)(struct wheel_timer *t);
};

struct wheel {
    uint64_t tick; /* last tick that has been run */
    uint64_t occupied[WHEEL_LEVELS];
    struct wheel_timer *slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint64_t now_ms);
/* (Re)sets t to fire at at_ms; what is past fires with the next tick. */
void wheel_set(struct wheel *w, struct wheel_timer *t, uint64_t at_ms);
/* Idempotent. A timer that was cleared does not fire, also from within another one's fire. */
void wheel_clear(struct wheel_timer *t);
bool wheel_is_set(const struct wheel_timer *t);
/* Fires what is due at now_ms. A timer is cleared before its fire is called, which may set and
 * clear any timer, free its own memory, but not call wheel_run. */
void wheel_run(struct wheel *w, uint64_t now_ms);
/* When wheel_run is worth calling next; WHEEL_NEVER when no timer is set. May be earlier than the
 * first timer, when coarse slots have to move down. */
uint64_t wheel_next(struct wheel *w);

#endif
