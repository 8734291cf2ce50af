/* writer - the one thread that writes records: batches in, zstd frames out, durable indexes back.
 *
 * Each frame holds whole lines, at most FRAME_RECORDS_MAX, with a checksum, in one write(2) call
 * loop. What was written and fsynced is reported by `durable`: brake, drain and journal stand on
 * that one report. Provisional batches are written after everything else and never reported, so
 * that a resume cuts them away and does their domains again. */
#ifndef SCANNER_OUTPUT_WRITER_H
#define SCANNER_OUTPUT_WRITER_H

#include "scanner/net/tls_verify.h"
#include "scanner/options.h"
#include "scanner/output/frames.h"
#include "scanner/output/journal.h"

enum {
    RECORD_BATCH_BYTES_MAX = 8 * 1024 * 1024,  /* of lines in one batch, but for the last one */
    WRITER_QUEUE_BYTES_MAX = 16 * 1024 * 1024, /* backlog at which input stops, as when a disk
                                                  stalls: 40,000 records */
    CERTS_SEEN_MAX = 4 * 1024 * 1024,          /* certificates remembered for "each once" */
};

/* Lines of finished domains with their indexes, one line an index. Made by a worker, taken by the
 * writer, which divides it into frames as they fit. */
struct record_batch {
    struct record_batch *next;
    struct strbuf lines;
    uint64_t index[FRAME_RECORDS_MAX];
    size_t n;
    bool provisional;
    struct scan_stats spent; /* by the worker since its last batch: for the journal */
};
struct record_batch *record_batch_new(void);
void record_batch_free(struct record_batch *b);

typedef struct writer writer;
struct writer_events {
    /* On the writer's thread, after write and fsync of the frames that hold them, and of the
     * journal's point behind them. */
    void (*durable)(void *arg, const uint64_t *indexes, size_t n);
    /* Once, when writing failed (errno in err): the scan must stop, exit 4. */
    void (*failed)(void *arg, int err);
    /* NULL, or takes the lines of each batch in place of any file: none is opened then, and every
     * record counts as durable at once. On the writer's thread. */
    void (*lines)(void *arg, struct slice lines);
    void *arg;
};
/* Refuses to write through symbolic links. Without a journal (NULL) an existing file is emptied;
 * with one the files are cut back to its last point, what is written goes on behind it, and a point
 * is added before records are reported durable. The journal is the writer's thread's until
 * writer_close, and totals go on from its point. Whoever opens a writer has SIGPIPE ignored, so
 * that a closed pipe is an error of write(2). */
enum status writer_open(const struct scan_options *o, journal *state,
                        const struct writer_events *events, writer **out, char *error,
                        size_t error_size);
/* Takes the batch. Never blocks. From any thread. */
void writer_submit(writer *w, struct record_batch *b);
/* Takes one reference. Each leaf is written once to NAME.certs.ndjson.zst. From any thread. */
void writer_submit_chain(writer *w, struct cert_chain *chain);
/* True while the backlog is over WRITER_QUEUE_BYTES_MAX: take no new input. From any thread. */
bool writer_is_behind(const writer *w);
struct writer_totals {
    uint64_t records;     /* reported durable */
    uint64_t provisional; /* written behind them */
    uint64_t frames, bytes_in, bytes_out, certs;
};
/* Writes and fsyncs all that is queued, ends the thread, closes the files, frees w. ST_IO when
 * anything failed on the way. */
enum status writer_close(writer *w, struct writer_totals *totals);

#endif
