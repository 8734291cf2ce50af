/* classify_cmd - `stscan classify FILE`: findings and verdicts anew from the evidence in records.
 */
#ifndef SCANNER_CLASSIFY_CMD_H
#define SCANNER_CLASSIFY_CMD_H

#include "lib/status.h"
#include <stddef.h>
#include <stdint.h>

/* Runs the command; argv[0] is its name. Returns an exit code: 0, 2, 3 (FILE cannot be read to its
 * end, or holds lines that are no records), 4. */
int classify_main(int argc, char **argv);

struct classify_counts {
    uint64_t records, bad_lines;
};
/* The work itself: from a file ("-": stdin) to a file ("-": stdout), with the table of providers at
 * providers_file, or the built-in one (NULL). Returns an exit code; error says what went wrong
 * when it is not 0. */
int classify_file(const char *from, const char *to, const char *providers_file,
                  struct classify_counts *counts, char *error, size_t error_size);

#endif
