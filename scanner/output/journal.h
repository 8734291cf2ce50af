/* journal - NAME.state: what an unfinished scan has safely on disk, and what scan it is.
 *
 * The output itself says which domains are done; the journal says how much of the output counts.
 * Its first line is the scan's identity, each further one a point: lengths of the files up to which
 * everything is on disk. A point is written only after those files were synced, and is itself on
 * disk when journal_append returns. So whatever stands behind the last point may be half a frame,
 * a lost page or a provisional record: a resume cuts it off and does its domains again.
 *
 *   {"stscan_state":1,"start":MS,"scan":{...}} CRC32
 *   {"data":N,"frames":N,"text":N,"records":N,"certs":N,...,"spent":{...}} CRC32
 *
 * A last line that is torn counts as not written. The file is locked (flock(2)) as long as a
 * journal is open, so that two scans cannot write one output. One thread at a time. */
#ifndef SCANNER_OUTPUT_JOURNAL_H
#define SCANNER_OUTPUT_JOURNAL_H

#include "lib/bytes.h"
#include "scanner/output/frames.h"
#include "scanner/output/spent.h"

enum { JOURNAL_LINE_MAX_BYTES = 128 * 1024 }; /* identity: options may hold long paths */

struct journal_point {
    struct frames_totals data;  /* NAME.ndjson.zst, */
    uint64_t records;           /* and the records in it */
    struct frames_totals certs; /* NAME.certs.ndjson.zst, */
    uint64_t n_certs;
    uint64_t active_ms; /* time spent scanning, all runs together */
    uint64_t runs;      /* runs that wrote, this one included */
    struct spent spent; /* up to here, all runs together */
};

typedef struct journal journal;

/* Opens path for reading back and going on. ST_NOT_FOUND: there is none. ST_AGAIN: another process
 * has it open. ST_TRUNCATED: not even its first line is there, so that nothing was ever written
 * under it. ST_INVALID: it is no state file, or one of another version. ST_IO, ST_NOMEM. error
 * holds a text for the user in all cases but ST_NOT_FOUND. */
enum status journal_open(const char *path, journal **out, char *error, size_t error_size);
/* Begins a new one for the scan `identity` (a JSON object) that starts at start_ms (since 1970). An
 * older file is overwritten, but not one that another process has open (ST_AGAIN). */
enum status journal_create(const char *path, struct slice identity, int64_t start_ms, journal **out,
                           char *error, size_t error_size);
const char *journal_identity(const journal *j); /* as it was given to journal_create */
int64_t journal_start_ms(const journal *j);
const struct journal_point *journal_last(const journal *j); /* zeros when there is none */
/* This run begins: active_ms and spent of later points count from here. */
void journal_begin_run(journal *j);
/* Everything up to p is on disk; so is p when this returns. active_ms, runs and what the process
 * cost are filled in. ST_IO with errno: it may or may not be. */
enum status journal_append(journal *j, const struct journal_point *p);
/* What earlier runs spent. */
const struct spent *journal_spent_before(const journal *j);
uint64_t journal_active_ms(const journal *j); /* up to now */
/* The scan is complete: the file goes. */
enum status journal_remove(journal *j, const char *path);
void journal_close(journal *j); /* NULL is fine */

#endif
