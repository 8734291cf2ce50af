/* lag - how late a loop is, so that no slowness of ours is called theirs.
 *
 * A timer is due every LAG_TICK_MS; how much later it comes is time in which the loop, or the whole
 * process, could attend to nobody. Two sums are kept. `late` holds all that is noted: what of a
 * transfer's duration may be our own. `stalled` holds only what came in long pieces: shorter ones
 * do not make an answer that came in time look like none.
 *
 * Pure: time is passed in (microseconds, monotonic). One thread. */
#ifndef SCANNER_WORKER_LAG_H
#define SCANNER_WORKER_LAG_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LAG_TICK_MS = 50,
    LAG_NOTED_MS = 100, /* lateness up to here is an ordinary busy loop's, and not counted */
    LAG_STALL_MS = 200, /* above it the loop stalls, and starts nothing new */
    LAG_SIZES = 8,      /* of pieces that are told apart: up to 200 ms, 400 ms … */
    /* A wait of which so much fell into stalls of ours says nothing about the other side. */
    LAG_SPOILS_PCT = 10,
};

struct lag {
    uint64_t due_us;                   /* of the next tick */
    uint64_t late_us, stalled_us;      /* up to the last tick */
    uint64_t last_piece_us[LAG_SIZES]; /* when the last piece of each size came; 0: none */
};

/* A moment, to measure from. */
struct lag_mark {
    uint64_t late_us, stalled_us;
};

void lag_init(struct lag *l, uint64_t now_us);
/* The tick came; the next one is due LAG_TICK_MS later. True: it came so late that the loop
 * stalls. */
bool lag_tick(struct lag *l, uint64_t now_us);
/* The sums as they are now, with what the tick that is due would add. */
struct lag_mark lag_mark(const struct lag *l, uint64_t now_us);
/* How much of the time since `from` the loop was late. */
uint32_t lag_late_ms(const struct lag *l, struct lag_mark from, uint64_t now_us);
/* No piece of lateness since then was longer: within a factor of two. */
uint32_t lag_longest_ms(const struct lag *l, uint64_t since_us, uint64_t now_us);
/* Whether stalls since `from` took so much of a wait of wait_ms that missing it says nothing. */
bool lag_spoils(const struct lag *l, struct lag_mark from, uint32_t wait_ms, uint64_t now_us);

#endif
