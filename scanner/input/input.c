/* input: source -> reader -> name -> registrable domain -> shard and sample -> shuffle. */
#include "scanner/input/input.h"

#include "lib/name.h"
#include "scanner/clock.h"
#include "scanner/input/permute.h"
#include "scanner/input/raw_file.h"
#include "scanner/input/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Over which it is judged whether a stream is slower than the scan. */
enum { PACE_PERIOD_MS = 1000 };

struct input {
    const char *path; /* "-": standard input */
    struct raw_file file;
    enum status ended;
    name_psl *psl; /* only with --registrable */
    permute *window;
    uint64_t seed;
    uint32_t shards, shard;
    double sample;
    uint64_t total;
    struct input_counts counts;
    struct input_skip skip; /* check NULL: nothing */
    bool slow;              /* a stream that is slower than the scan */
    bool given;             /* items were handed out since the last ST_AGAIN */
    uint64_t period_ms, waited_ms;
    char domain[NAME_MAX_BYTES + 1];
    char tag[TAG_MAX_BYTES + 1];
    char error[256];
};

/* ---- opening -------------------------------------------------------------------------------- */

static enum status open_parts(input *in, const struct scan_options *o, const char *path,
                              char *error, size_t error_size)
{
    enum status st = raw_file_open(&in->file, path, o->format, error, error_size);
    if (st != ST_OK)
        return st;
    const char *why = "the public suffix list cannot be loaded";
    st = permute_new(o->seed, &in->window);
    if (st != ST_OK)
        why = status_text(st);
    else if (o->registrable)
        st = name_psl_load(NULL, &in->psl);
    if (st != ST_OK)
        snprintf(error, error_size, "%s", why);
    return st;
}

enum status input_open(const struct scan_options *o, input **out, char *error, size_t error_size)
{
    const char *path = o->input ? o->input : "-";
    input *in = calloc(1, sizeof *in);
    if (!in) {
        snprintf(error, error_size, "%s", status_text(ST_NOMEM));
        return ST_NOMEM;
    }
    in->path = path;
    in->seed = o->seed;
    in->shards = o->shards;
    in->shard = o->shard;
    in->sample = o->sample;
    in->period_ms = clock_ms();
    enum status st = open_parts(in, o, path, error, error_size);
    if (st != ST_OK) {
        input_close(in);
        return st;
    }
    *out = in;
    return ST_OK;
}

void input_count(input *in)
{
    if (source_file_bytes(in->file.src) == 0)
        return;
    double share = in->sample / (double)(in->shards ? in->shards : 1);
    in->total = (uint64_t)((double)raw_file_count(in->path, in->file.format) * share);
}

void input_close(input *in)
{
    if (!in)
        return;
    raw_file_close(&in->file);
    permute_free(in->window);
    name_psl_free(in->psl);
    free(in);
}

/* ---- items ---------------------------------------------------------------------------------- */

static const char *const format_names[] = {"auto", "list", "csv", "zone"};

const char *input_format_name(enum input_format format)
{
    return (unsigned)format < sizeof format_names / sizeof format_names[0] ? format_names[format]
                                                                           : "unknown";
}

/* The tag as valid UTF-8 text, cut at TAG_MAX_BYTES: what is none becomes U+FFFD. */
static const char *keep_tag(input *in, struct slice tag)
{
    size_t len = 0;
    if (!tag.p)
        return NULL;
    while (tag.len > 0) {
        size_t n = tag.p[0] == '\0' ? 0 : utf8_sequence(tag);
        struct slice add = n > 0 ? (struct slice){tag.p, n} : SLICE_LIT("\xef\xbf\xbd");
        if (len + add.len > TAG_MAX_BYTES)
            break;
        memcpy(in->tag + len, add.p, add.len);
        len += add.len;
        n = n > 0 ? n : 1;
        tag = (struct slice){tag.p + n, tag.len - n};
    }
    in->tag[len] = '\0';
    return in->tag;
}

static void to_registrable(input *in)
{
    struct slice reg = name_registrable(in->psl, in->domain);
    if (reg.len > 0)
        memmove(in->domain, reg.p, reg.len + 1);
}

/* The next item of the file; its domain and tag stand in `in`. */
static enum status read_item(input *in, struct input_item *out)
{
    struct raw_item raw;
    enum status st = raw_file_next(&in->file, &raw);
    if (st != ST_OK)
        return st;
    *out = (struct input_item){.index = in->counts.lines++,
                               .rank = raw.rank,
                               .domain = in->domain,
                               .reason = raw.reason,
                               .tag = keep_tag(in, raw.tag)};
    in->domain[0] = '\0';
    if (!raw.reason)
        st = name_normalize(raw.name, in->domain, &out->reason);
    if (st == ST_NOMEM)
        return st;
    if (out->reason) {
        in->domain[0] = '\0';
        out->raw = raw.raw;
        if (out->raw.len > RAW_INPUT_MAX_BYTES)
            out->raw.len = RAW_INPUT_MAX_BYTES;
    } else if (in->psl) {
        to_registrable(in);
    }
    return ST_OK;
}

/* A line that is no name belongs to a shard by its bytes. */
static bool is_ours(input *in, const struct input_item *item)
{
    struct slice key = item->reason ? item->raw : slice_of(item->domain);
    if (!shard_takes(in->seed, in->shards, in->shard, key)) {
        in->counts.other_shards++;
        return false;
    }
    if (!sample_takes(in->seed, in->sample, key)) {
        in->counts.not_sampled++;
        return false;
    }
    return true;
}

/* Whether an earlier run has done the item. */
static enum status check_done(input *in, const struct input_item *item, bool *done)
{
    *done = false;
    enum status st = in->skip.check ? in->skip.check(in->skip.arg, item, done) : ST_OK;
    in->counts.skipped += *done;
    return st;
}

static void note_end(input *in, enum status st)
{
    bool done;
    if (st == ST_EOF)
        st = check_done(in, NULL, &done) == ST_USAGE ? ST_USAGE : ST_EOF;
    in->ended = st;
    if (st == ST_EOF)
        return;
    const char *why = st == ST_USAGE ? "it is not the input that the scan began with"
                                     : source_error(in->file.src);
    snprintf(in->error, sizeof in->error, "%s (after %llu items)",
             why[0] != '\0' ? why : status_text(st), (unsigned long long)in->counts.lines);
}

/* ---- the pace of a stream ------------------------------------------------------------------- */

/* Waits so long for a line, which counts as waiting; false when one is at hand. */
static bool wait_for_line(input *in, unsigned ms)
{
    uint64_t from = clock_ms();
    bool pauses = lines_pauses(in->file.lines, ms);
    in->waited_ms += clock_ms() - from;
    return pauses;
}

/* No line is at hand, and the stream is slow. The scan's own slowness does not make it so: while
 * nobody asks for items a pipe fills up, and nothing is waited for. */
static bool is_slow_now(input *in)
{
    if (!in->file.lines || !lines_pauses(in->file.lines, 0))
        return false;
    for (;;) {
        uint64_t spent = clock_ms() - in->period_ms;
        if (spent >= PACE_PERIOD_MS) {
            in->slow = in->waited_ms * 2 > spent;
            in->period_ms += spent;
            in->waited_ms = 0;
            spent = 0;
        }
        if (in->slow)
            return true;
        if (!wait_for_line(in, (unsigned)(PACE_PERIOD_MS - spent)))
            return false;
    }
}

/* ---- handing out ---------------------------------------------------------------------------- */

/* Reads until there is enough to choose from. ST_AGAIN: nothing is held, and a stream pauses. */
static enum status fill_window(input *in)
{
    while (in->ended == ST_OK) {
        size_t held = permute_held(in->window);
        bool unchecked = in->counts.lines <= in->skip.check_first && in->skip.check_first > 0;
        if (held >= (unchecked ? PERMUTE_HELD_MAX_ITEMS : PERMUTE_WINDOW_ITEMS))
            break;
        if (!unchecked && is_slow_now(in)) {
            if (held > 0)
                break;
            if (in->given)
                return ST_AGAIN;
            while (wait_for_line(in, PACE_PERIOD_MS))
                continue;
        }
        struct input_item item;
        bool done = false;
        enum status st = read_item(in, &item);
        if (st == ST_OK)
            st = check_done(in, &item, &done);
        if (st == ST_OK && !done && is_ours(in, &item))
            st = permute_put(in->window, &item);
        if (st != ST_OK)
            note_end(in, st);
    }
    return ST_OK;
}

enum status input_next(input *in, struct input_item *out)
{
    if (fill_window(in) == ST_AGAIN) {
        in->given = false;
        return ST_AGAIN;
    }
    if (in->ended == ST_USAGE)
        return ST_USAGE;
    enum status st = permute_take(in->window, out);
    if (st == ST_EOF)
        return in->ended;
    in->given = true;
    in->counts.items++;
    in->counts.invalid += out->reason != NULL;
    return st;
}

struct slice input_head(const input *in)
{
    struct slice none = {NULL, 0};
    return source_peek_is_whole(in->file.src) ? source_peek(in->file.src) : none;
}

void input_skip(input *in, const struct input_skip *skip)
{
    in->skip = *skip;
}

uint64_t input_total(const input *in)
{
    return in->total;
}

void input_counts(const input *in, struct input_counts *out)
{
    *out = in->counts;
    out->format = in->file.format;
}

const char *input_error(const input *in)
{
    return in->error;
}
