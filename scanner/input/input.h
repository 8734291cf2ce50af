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
 * when the rest cannot be read (what came before stands); ST_USAGE when it is another input than an
 * earlier run read (input_skip). ST_AGAIN: a stream pauses, so this is a good time to work on what
 * has been handed out; the next call waits.
 *
 * A stream (list or CSV) that spends most of a second pausing is slower than the scan: then nothing
 * is held back for the shuffle as long as it stays so. */
enum status input_next(input *in, struct input_item *out);
/* Finds out about how many items there will be, for who shows progress: a pass over a regular file,
 * as far as its first 32 MiB (compressed or not); a larger one is extrapolated. Before the first
 * input_next only. */
void input_count(input *in);
/* What it found; 0: unknown, or nobody wanted to know. */
uint64_t input_total(const input *in);
/* The first decompressed bytes, at most SOURCE_PEEK_BYTES; p NULL when a stream was too slow to
 * show as many. */
struct slice input_head(const input *in);
/* What an earlier run has done is not handed out by input_next, as if it were not there; it is
 * still counted in `lines`. */
struct input_skip {
    /* Called with each item in the order of the input, and with NULL when the input ends.
     * ST_USAGE: this is not the input that the earlier run read. */
    enum status (*check)(void *arg, const struct input_item *item, bool *done);
    /* Nothing is handed out before all up to this index has been checked, as far as not more than
     * PERMUTE_HELD_MAX_ITEMS wait for that. 0: at once. */
    uint64_t check_first;
    void *arg;
};
/* Before the first input_next only; called on its thread. */
void input_skip(input *in, const struct input_skip *skip);
void input_counts(const input *in, struct input_counts *out);
/* Text for the user of why input_next failed. */
const char *input_error(const input *in);
void input_close(input *in);

#endif
