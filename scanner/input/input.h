/* input - a list of domains, one item at a time, whatever the file looks like.
 *
 * Plain list, CSV, zone file; gzip, zstd, xz recognised by content; files and stdin. Nothing is
 * held in memory but the line at hand. Blank lines and `#` comment lines are not items. Thread: one
 * reader. */
#ifndef SCANNER_INPUT_INPUT_H
#define SCANNER_INPUT_INPUT_H

#include "scanner/options.h"

struct input_item {
    uint64_t index;     /* input lines from 0, blank and comment lines aside */
    int64_t rank;       /* -1 when none */
    const char *domain; /* normalised; "" when invalid */
    const char *reason; /* NULL when valid, else a static word (name_normalize) */
    struct slice raw;   /* the line as it stood, at most RAW_INPUT_MAX_BYTES, when invalid */
    const char *tag;    /* further CSV columns, NULL when none */
};

typedef struct input input;

/* Opens and looks at the first bytes. ST_IO/ST_INVALID/ST_NOT_FOUND with a message for the user in
 * error (static or errno text), exit code 3. */
enum status input_open(const struct scan_options *o, input **out, char *error, size_t error_size);
/* ST_OK with the next item, valid until the next call; ST_EOF at the end; ST_TRUNCATED or ST_IO
 * when the rest cannot be read (what came before stands). */
enum status input_next(input *in, struct input_item *out);
/* Number of items when it can be told cheaply beforehand (regular file: counted by a first pass),
 * for progress and ETA; 0 unknown. */
uint64_t input_total(const input *in);
/* Text for the user of why input_next failed. */
const char *input_error(const input *in);
void input_close(input *in);

#endif
