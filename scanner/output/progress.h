/* progress - what a person sees while a scan runs: on a terminal one line that is redrawn,
 * elsewhere a plain line every PROGRESS_PLAIN_MS. Goes to stderr. Belongs to the main thread. */
#ifndef SCANNER_OUTPUT_PROGRESS_H
#define SCANNER_OUTPUT_PROGRESS_H

#include "lib/bytes.h"

enum {
    PROGRESS_DRAW_MS = 200, /* between two drawings on a terminal */
    PROGRESS_PLAIN_MS = 10000,
    PROGRESS_LINE_MAX_BYTES = 256,
};

struct progress_view {
    uint64_t done, total; /* total 0: unknown */
    uint64_t adopters, in_flight, failures;
};

typedef struct progress progress;

/* fd is a terminal or not; one with TERM=dumb is none. quiet: nothing is ever shown. done: what
 * earlier runs did, which says nothing of the speed of this one. now_ms: any monotonic clock, the
 * same in all calls. */
enum status progress_new(int fd, bool quiet, uint64_t done, uint64_t now_ms, progress **out);
/* Call it as often as convenient; it draws when it is time to. */
void progress_tick(progress *p, const struct progress_view *v, uint64_t now_ms);
/* Wipes the line on a terminal, before another message is printed. */
void progress_clear(progress *p);
/* Shows the last state whatever the time, ends the line, frees p. NULL is fine. */
void progress_end(progress *p, const struct progress_view *v, uint64_t now_ms);

/* The line as shown; pure. rate: domains per second, 0 unknown. On a terminal it has at most
 * `columns` columns: what matters least is left out. */
void progress_line(char out[PROGRESS_LINE_MAX_BYTES], const struct progress_view *v, double rate,
                   size_t columns);

#endif
