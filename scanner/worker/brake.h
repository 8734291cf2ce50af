/* brake - stops a scan whose questions find no answer (--min-success).
 *
 * Workers report how many record lookups they made and how many got an answer (NOERROR or
 * NXDOMAIN), with each tick of their loop or sooner, since each report wakes the main thread; the
 * brake looks back on the last LIMIT_BRAKE_WINDOW of them, in steps of one report.
 * Pure; belongs to the main thread. */
#ifndef SCANNER_WORKER_BRAKE_H
#define SCANNER_WORKER_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BRAKE_REPORT = 1000,     /* lookups in a worker's report, at most */
    BRAKE_REPORTS_MAX = 512, /* reports remembered: many small ones are joined */
};

struct brake {
    double min_pct; /* 0: off */
    uint32_t window;
    struct brake_report {
        uint32_t tried, answered;
    } ring[BRAKE_REPORTS_MAX];
    uint32_t first, n;
    uint64_t tried, answered; /* within the ring */
    uint64_t all_tried;       /* since the start */
};

void brake_init(struct brake *b, double min_pct, uint32_t window);
/* Earlier runs of the scan made so many lookups: what is left may be all names that never answer.
 */
void brake_go_on(struct brake *b, uint64_t tried, uint64_t answered);
/* Adds one report; true when the whole window is known and lies under min_pct. */
bool brake_add(struct brake *b, uint32_t tried, uint32_t answered);
/* At the end of the input: true when all lookups, fewer than a window, lie under min_pct. */
bool brake_at_end(const struct brake *b);
/* Per cent answered of what the brake looks at; 100 when nothing was asked. */
double brake_success_pct(const struct brake *b);

#endif
