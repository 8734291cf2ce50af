/* writer_files - what the writer's thread does with its files; for the writer alone (writer.h).
 *
 * Records become durable in groups: a frame ends when it is full or when its first record is
 * SYNC_INTERVAL_MS old, and then everything written is fsynced, entered in the journal and reported
 * at once. So the cost of fsync is bounded (three a second: certificates, records, journal), and so
 * is the time until a record counts as done.
 *
 * One thread at a time, without locks. After the first failure, which is reported once, nothing
 * more is written. */
#ifndef SCANNER_OUTPUT_WRITER_FILES_H
#define SCANNER_OUTPUT_WRITER_FILES_H

#include "scanner/output/certs.h"
#include "scanner/output/frames.h"
#include "scanner/output/writer.h"
#include <time.h>

struct writer_files {
    struct writer_events events;
    frames *data;     /* NULL when the caller takes the lines */
    certs *certs;     /* NULL on standard output, and then */
    journal *journal; /* borrowed; NULL: none is kept */
    bool to_stdout;
    bool failed;
    size_t frame_records;
    uint64_t *unsynced; /* indexes of records in frames since the last report, the open one too */
    size_t n_unsynced, alloc_unsynced;
    size_t certs_unsynced;
    struct timespec due; /* CLOCK_MONOTONIC: when the open group must be on disk */
    bool due_set;
    struct record_batch *provisional, **provisional_end;
    struct writer_totals totals;
    struct scan_stats spent; /* by all runs, as far as batches have told */
};

/* As writer_open. Whatever it returns, writer_files_close is due. */
enum status writer_files_open(struct writer_files *f, const struct scan_options *o, journal *state,
                              const struct writer_events *events, char *error, size_t error_size);
/* Each takes what it is given. */
void writer_files_take_batch(struct writer_files *f, struct record_batch *b);
void writer_files_take_chain(struct writer_files *f, struct cert_chain *chain);
/* All that is at hand was taken: ends the group when it is due. */
void writer_files_rest(struct writer_files *f);
/* No more comes: all of it goes to disk, what is provisional behind all else. */
void writer_files_end(struct writer_files *f);
/* Closes them. ST_IO when anything failed since they were opened. */
enum status writer_files_close(struct writer_files *f, struct writer_totals *totals);

#endif
