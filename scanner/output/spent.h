/* spent - what a scan has spent on its way, kept over all its runs.
 *
 * What records say can be counted again from the output; questions, connections and hits of caches
 * cannot. So each point of the journal says what had been spent when its records were handed to the
 * writer, and a resumed scan goes on from there. What was spent on domains that were then lost, and
 * are done again, is spent all the same and stays counted; what a run that was killed spent behind
 * its last point is not known. Pure but for spent_process. */
#ifndef SCANNER_OUTPUT_SPENT_H
#define SCANNER_OUTPUT_SPENT_H

#include "scanner/stats.h"
#include <jansson.h>

struct spent {
    struct scan_stats work; /* of it the counters of work alone: lookup, probe_end, stats_work */
    uint64_t cpu_ms;        /* of all runs */
    uint64_t peak_bytes;    /* of memory: the largest of all runs */
};

/* Adds what `now` counts beyond `before` (both of one thread) to `into`. */
void spent_add_since(struct scan_stats *into, const struct scan_stats *now,
                     const struct scan_stats *before);
/* Appends an object: counters by name, those that are zero left out. */
enum status spent_write(const struct spent *s, struct strbuf *out);
/* What spent_write wrote; names that are not known are passed over, and so is NULL. */
void spent_read(const json_t *object, struct spent *out);
/* before, and this process so far. */
struct spent spent_with_process(const struct spent *before);

#endif
