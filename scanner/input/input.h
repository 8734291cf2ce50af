/* input - a list of domains, one item at a time, whatever the file looks like.
 *
 * Plain list, CSV, zone file; gzip, zstd, xz recognised by content; files and stdin. Blank lines
 * and `#` comment lines are not items. Items come in a seeded order within a window of
 * PERMUTE_WINDOW_ITEMS (permute.h), which is all that is held in memory, and only those of the
 * shard and the sample. Thread: one reader. */
#ifndef SCANNER_INPUT_INPUT_H
#define SCANNER_INPUT_INPUT_H

#include "scanner/options.h"

struct input_item {
    uint64_t index;     /* input lines from 0, blank and comment lines aside */
    int64_t rank;       /* -1 when none */
    const char *domain; /* normalised; "" when invalid */
    const char *reason; /* NULL when valid, else a static word (name_normalize) */
    struct slice raw;   /* the line as it stood, at most RAW_INPUT_MAX_BYTES, when invalid */
    const char *tag;    /* further CSV columns as they stood, valid UTF-8; NULL when none */
};

struct input_counts {
    enum input_format format; /* as told or detected */
    uint64_t lines;           /* items of the file read so far, those of other shards too */
    uint64_t items;           /* handed out by input_next */
    uint64_t invalid;         /* of them, without a name */
    uint64_t other_shards, not_sampled;
    uint64_t skipped; /* ours, but done already (input_skip) */
};
const char *input_format_name(enum input_format format); /* "list", ... as in --format */

typedef struct input input;

/* Opens and looks at the first bytes. ST_IO/ST_INVALID/ST_NOT_FOUND with a message for the user in
 * error (static or errno text), exit code 3. */
enum status input_open(const struct scan_options *o, input **out, char *error, size_t error_size);
/* ST_OK with the next item, valid until the next call; ST_EOF at the end; ST_TRUNCATED or ST_IO
 * when the rest cannot be read (what came before stands). */
enum status input_next(input *in, struct input_item *out);
/* About how many items there will be, for progress and ETA; 0 unknown. A regular file is counted by
 * a first pass over its first 32 MiB (compressed or not), a larger one is extrapolated. */
uint64_t input_total(const input *in);
/* The first decompressed bytes, at most SOURCE_PEEK_BYTES. */
struct slice input_head(const input *in);
/* What `skip` says true of is not handed out by input_next, as if it were not there; it is still
 * counted in `lines`. Before the first input_next only; called on its thread. */
void input_skip(input *in, bool (*skip)(const void *arg, uint64_t index), const void *arg);
void input_counts(const input *in, struct input_counts *out);
/* Text for the user of why input_next failed. */
const char *input_error(const input *in);
void input_close(input *in);

#endif
