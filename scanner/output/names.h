/* names - the files that belong to one output, from the value of --output.
 *
 * NAME.ndjson.zst or NAME.ndjson, and beside it NAME.meta.json, NAME.certs.ndjson.zst, and while
 * the scan is unfinished NAME.state and NAME.budget. Standard output ("-") has no files beside it.
 */
#ifndef SCANNER_OUTPUT_NAMES_H
#define SCANNER_OUTPUT_NAMES_H

#include "lib/bytes.h"

struct output_names {
    char *data; /* "-" for standard output */
    char *meta; /* NULL for standard output, as are the next three */
    char *certs;
    char *state;
    char *budget;
    bool compressed;
};
/* ST_USAGE for a name that the contract does not know. */
enum status output_names_make(const char *output, struct output_names *out);
void output_names_free(struct output_names *n);
/* The one of them that is the file read as `input` (see fingerprint_take), which would be written
 * over; NULL when none is. */
const char *output_names_of_input(const struct output_names *n, const char *input);

#endif
