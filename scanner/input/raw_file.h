/* raw_file - the raw items of one file, whatever its format and compression.
 *
 * Internal to scanner/input. Thread: one reader. */
#ifndef SCANNER_INPUT_RAW_FILE_H
#define SCANNER_INPUT_RAW_FILE_H

#include "scanner/input/reader.h"

/* Zeroed is a valid closed one. */
struct raw_file {
    source *src;
    lines *lines; /* of a list or CSV, else NULL */
    csv *csv;
    zone *zone;
    enum input_format format; /* as told or detected; never FORMAT_AUTO */
};

/* Opens path ("-": standard input) and looks at the first bytes. On failure `error` says it for the
 * user, and raw_file_close is due, too. */
enum status raw_file_open(struct raw_file *f, const char *path, enum input_format format,
                          char *error, size_t error_size);
void raw_file_close(struct raw_file *f);
/* The next item, valid until the next call; as in reader.h. */
enum status raw_file_next(struct raw_file *f, struct raw_item *out);

/* About how many items a regular file holds: it is opened anew and counted as far as its first
 * 32 MiB, a larger one is extrapolated from them. 0 when it cannot be told. */
uint64_t raw_file_count(const char *path, enum input_format format);

#endif
