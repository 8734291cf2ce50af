/* monitor - a running scan as its operator's tools see it: --status-file and --metrics.
 *
 * The status file is NDJSON: one object a period and a last one at the end, appended, so that it
 * also tells how earlier runs of a resumed scan went. The metrics are Prometheus's text format.
 * Both show the same view. On the scan's thread. */
#ifndef SCANNER_OUTPUT_MONITOR_H
#define SCANNER_OUTPUT_MONITOR_H

#include "scanner/output/progress.h"
#include "scanner/stats.h"

enum {
    MONITOR_PERIOD_MS = 10000,
    MONITOR_TEXT_MAX_BYTES = 256 * 1024,
};

struct monitor_view {
    int64_t now_ms;                 /* since 1970 */
    uint64_t elapsed_ms;            /* of this run */
    const char *state;              /* "first pass", "second pass", "draining" or how it ended */
    uint64_t durable;               /* records on disk, by all runs of the scan */
    struct progress_view live;      /* now */
    const struct scan_stats *stats; /* as of the last period; all threads and runs added up */
};

/* One line of the status file, with its end of line. ST_NOMEM, ST_LIMIT. */
enum status monitor_line(const struct monitor_view *v, struct strbuf *out);
/* The page of metrics. ST_NOMEM, ST_LIMIT. */
enum status monitor_metrics(const struct monitor_view *v, struct strbuf *out);

/* Opens a status file for appending, not through a symbolic link; -1 and errno. */
int monitor_open(const char *path);
/* Writes the view as one line in one write(2). ST_IO and errno; ST_NOMEM. */
enum status monitor_append(int fd, const struct monitor_view *v);

#endif
