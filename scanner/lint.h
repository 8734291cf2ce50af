/* lint - `stscan lint`: the offline validators of records, policies, TLSRPT records and matching.
 *
 * No network. One JSON object on stdout, in the words of the scan's records. */
#ifndef SCANNER_LINT_H
#define SCANNER_LINT_H

#include <stdio.h>

/* Runs `lint [OPTIONS] KIND ARGUMENT…`; argv[0] is skipped. Returns the exit code: 0 valid or
 * matching, 1 not, 2 wrong usage or a file that cannot be read, 4 output that cannot be written. */
int lint_main(int argc, char **argv);

/* The same for the words `KIND ARGUMENT…`, with streams of the caller's: `in` is read for the FILE
 * "-". */
int lint_run(size_t n, char **args, FILE *in, FILE *out, FILE *err);

#endif
