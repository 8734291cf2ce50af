/* scan - the main job: reader, workers, writer, signals, progress, meta; from options to exit code.
 */
#ifndef SCANNER_SCAN_H
#define SCANNER_SCAN_H

#include "scanner/options.h"

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

#endif
