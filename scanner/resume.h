/* resume - what an earlier run of the same scan left, and where this one goes on.
 *
 * The records on disk up to the journal's last point are read back: their indexes are done, and
 * their counts begin the statistics, so that the metadata covers the whole scan. Cutting the files
 * back and going on behind that point is the writer's (writer_open with the journal). */
#ifndef SCANNER_RESUME_H
#define SCANNER_RESUME_H

#include "scanner/input/fingerprint.h"
#include "scanner/known_probes.h"
#include "scanner/options.h"
#include "scanner/output/done_set.h"
#include "scanner/output/journal.h"
#include "scanner/stats.h"

struct resume {
    journal *journal; /* NULL on standard output */
    char *state_path, *budget_path;
    bool goes_on; /* there was a state: not all begins here */
    bool begun;   /* this run made the state */
    struct done_set done;
    uint64_t last;         /* the highest index that is done */
    struct done_page_sum { /* the reader's: what of a pipe has been compared with the records */
        uint64_t page, sum;
    } compared;
    known_probes *known;     /* what was probed; NULL when nothing is to be */
    struct scan_stats stats; /* of the records that are done, and of the work of earlier runs */
    uint64_t invalid;        /* input lines without a name among them */
    struct fingerprint input;
    int64_t start_ms; /* when the scan's first run began, since 1970 */
    uint64_t runs;    /* this one included */
};

/* head: the first bytes of the input (input_head). now_ms: since 1970. Without --resume a scan that
 * left records behind is not overwritten.
 *   ST_OK       go on; done is empty when the scan begins
 *   ST_EOF      --resume, and the scan is complete: nothing is to be done, nothing was touched
 *   otherwise   *exit_code and error say why not; resume_undo and resume_close are due, after which
 *               nothing was touched */
enum status resume_open(const struct scan_options *o, struct slice head, int64_t now_ms,
                        struct resume *out, int *exit_code, char *error, size_t error_size);
/* How the input is gone on with. Of a pipe, whose end cannot be known beforehand, each line that is
 * done is compared with its record: so every record always stands for the line of its index. Of an
 * invalid line the reason is compared. */
struct input_skip resume_skip(struct resume *r);
/* The scan is complete and its metadata written: the state goes, the budget before it. ST_IO with
 * errno. */
enum status resume_end(struct resume *r);
/* The scan could not begin, whatever it was that failed: a state that this run made goes again. One
 * that was there before stays. */
void resume_undo(struct resume *r);
void resume_close(struct resume *r);

#endif
