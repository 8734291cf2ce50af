/* meta - NAME.meta.json: what ran, how it ended and what it counted. Written on every exit, first
 * beside the file and then renamed over it, so that a reader never sees half of it. */
#ifndef SCANNER_OUTPUT_META_H
#define SCANNER_OUTPUT_META_H

#include "scanner/input/fingerprint.h"
#include "scanner/input/input.h"
#include "scanner/local_resolver.h"
#include "scanner/output/spent.h"
#include "scanner/output/writer.h"
#include "scanner/stats.h"

struct scan_meta {
    const struct scan_options *options; /* argv, identity, seed, shard ... */
    const struct endpoint *resolvers;   /* that were asked */
    size_t n_resolvers;
    const struct resolver_report *local_resolver; /* NULL: none of our own */
    const char *ehlo_notes; /* what DNS lacks for the EHLO name, in lines of ASCII; or NULL */
    const struct scan_stats *stats;
    const struct input_counts *input;
    const struct writer_totals *written;   /* NULL while the writer is open */
    const struct fingerprint *fingerprint; /* of the input; NULL: was not taken */
    int64_t start_ms, end_ms;              /* since 1970; the start is that of the first run */
    int64_t clock_set_by_ms;               /* between them (wall.h) */
    uint64_t active_ms;                    /* spent scanning, in all runs */
    uint64_t runs;                         /* 1, or more after --resume */
    struct spent before;                   /* by earlier runs; its work is in `stats` already */
    bool complete;
    int exit_code;
    const char *exit_reason; /* a short sentence: "complete", "stopped by a signal", ... */
};

/* Writes NAME.meta.json of options->output; nothing for standard output. ST_IO with a text. */
enum status meta_write(const struct scan_meta *m, char *error, size_t error_size);

#endif
