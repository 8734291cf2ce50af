/* reader - the lines of an output: NAME.ndjson, NAME.ndjson.zst or "-", told by content. */
#ifndef ANALYSIS_READER_H
#define ANALYSIS_READER_H

#include "lib/bytes.h"

typedef struct reader reader;

/* ST_IO with a text for the user. */
enum status reader_open(const char *path, reader **out, char *error, size_t error_size);
/* The next line without its end, valid until the next call. ST_EOF at the end; ST_TRUNCATED when a
 * zstd file is cut off or damaged (the lines before stand); ST_LIMIT for a line beyond
 * RECORD_LINE_MAX_BYTES, after which nothing more can be read; ST_IO. */
enum status reader_next(reader *r, struct slice *line);
const char *reader_error(const reader *r); /* why it ended, for the user */
void reader_close(reader *r);

#endif
