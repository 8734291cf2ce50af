/* scan - the main job: reader, workers, writer, signals, progress, meta; from options to exit code.
 */
#ifndef SCANNER_SCAN_H
#define SCANNER_SCAN_H

#include "scanner/input/input.h"

/* Exit codes of every program (contract). */
enum exit_code {
    EXIT_COMPLETE = 0,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_OUTPUT = 4,
    EXIT_SIGNAL = 5,
    EXIT_BRAKE = 6,
};

/* Runs a scan to its end; returns an enum exit_code. */
int scan_run(const struct scan_options *o);

/* Who takes the place of input and output files: `stscan check`. Both are called on threads of the
 * scan, each on one alone, and never after scan_run_for has returned. */
struct scan_caller {
    enum status (*next)(void *arg, struct input_item *out); /* as input_next: ST_EOF at the end */
    void (*lines)(void *arg, struct slice lines);           /* whole records */
    void *arg;
};
/* The same walk for the caller's names; no file is read or written, not even the metadata. */
int scan_run_for(const struct scan_options *o, const struct scan_caller *caller);

#endif
