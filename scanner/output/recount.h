/* recount - what a record line says of itself: its index, and what it adds to the statistics.
 *
 * The output is the truth about what is done and how it ended; resume and verify read it back with
 * this. Counts are those of stats_count_record, taken from the line instead of the judgement.
 * Pure. */
#ifndef SCANNER_OUTPUT_RECOUNT_H
#define SCANNER_OUTPUT_RECOUNT_H

#include "scanner/stats.h"

struct recount_line {
    uint64_t index;
    struct slice domain; /* as it stands in the line */
    bool invalid;        /* an input line that holds no name, */
    struct slice reason; /* and why */
};
/* ST_INVALID when the line is no record; then nothing was counted. */
enum status recount_line(struct slice line, struct scan_stats *stats, struct recount_line *out);

#endif
