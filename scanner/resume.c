#include "scanner/resume.h"

#include "scanner/input/lines.h"
#include "scanner/input/shard.h"
#include "scanner/output/names.h"
#include "scanner/output/recount.h"
#include "scanner/scan.h"
#include "scanner/scan_identity.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What resume_open works with. */
struct opening {
    const struct scan_options *options;
    struct output_names names;
    struct strbuf identity;
    struct resume *r;
    int *exit_code;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 4, 5))) static enum status refuse(struct opening *w, int exit_code,
                                                                enum status st, const char *fmt,
                                                                ...)
{
    va_list ap;
    *w->exit_code = exit_code;
    va_start(ap, fmt);
    vsnprintf(w->error, w->error_size, fmt, ap);
    va_end(ap);
    return st;
}

/* ---- reading back --------------------------------------------------------------------------- */

/* What tells one line of the input from another in its place. */
static uint64_t line_mark(uint64_t index, struct slice domain, struct slice reason)
{
    return shard_hash(index, domain.len > 0 ? domain : reason);
}

/* The lines of the first `left` records; more than those may follow. */
static enum status count_lines(struct opening *w, lines *in, uint64_t left)
{
    struct resume *r = w->r;
    struct line line;
    enum status st = ST_OK;
    for (; left > 0; left--) {
        struct recount_line record;
        bool fresh = false;
        st = lines_next(in, &line);
        if (st != ST_OK)
            break;
        if (line.too_long || recount_line(line.text, &r->stats, &record) != ST_OK)
            return ST_INVALID;
        r->invalid += record.invalid;
        st = done_set_add(&r->done, record.index, &fresh);
        if (st != ST_OK)
            return st;
        if (!fresh)
            return ST_INVALID;
        if (r->known && (st = known_probes_take(r->known, line.text)) != ST_OK)
            return st;
        if (record.index > r->last)
            r->last = record.index;
        if (!r->input.whole)
            st = done_set_mark(&r->done, record.index,
                               line_mark(record.index, record.domain, record.reason));
        if (st != ST_OK)
            return st;
    }
    return st == ST_EOF || st == ST_TRUNCATED ? ST_INVALID : st;
}

static enum status read_back(struct opening *w)
{
    uint64_t records = journal_last(w->r->journal)->records;
    const char *data = w->names.data;
    char why[256];
    source *src;
    lines *in = NULL;
    stats_add(&w->r->stats, &journal_last(w->r->journal)->spent.work);
    if (records == 0)
        return ST_OK;
    if (source_open(data, &src, why, sizeof why) != ST_OK)
        return refuse(w, EXIT_OUTPUT, ST_IO, "%s", why);
    enum status st = lines_new(src, RECORD_LINE_MAX_BYTES, &in);
    if (st == ST_OK && w->options->ehlo_name && !w->options->no_probe)
        st = known_probes_new(&w->r->known);
    if (st == ST_OK)
        st = count_lines(w, in, records);
    if (st == ST_OK && w->r->known)
        st = known_probes_name(w->r->known, w->names.certs);
    lines_free(in);
    source_close(src);
    if (st == ST_INVALID)
        return refuse(w, EXIT_USAGE, st,
                      "%s: is not as its scan left it: it does not hold the %" PRIu64
                      " records that %s vouches for",
                      data, records, w->names.state);
    if (st != ST_OK)
        return refuse(w, EXIT_OUTPUT, st, "%s: %s", data,
                      st == ST_IO ? strerror(errno) : status_text(st));
    return ST_OK;
}

/* ---- beginning and going on ----------------------------------------------------------------- */

static int exit_code_of(enum status st)
{
    return st == ST_AGAIN || st == ST_INVALID ? EXIT_USAGE : EXIT_OUTPUT;
}

static enum status begin(struct opening *w, int64_t now_ms)
{
    struct slice identity = {w->identity.p, w->identity.len};
    enum status st =
        journal_create(w->names.state, identity, now_ms, &w->r->journal, w->error, w->error_size);
    if (st != ST_OK) {
        *w->exit_code = exit_code_of(st);
        return st;
    }
    w->r->begun = true;
    /* The metadata of an older scan of that name would speak for records that are gone. */
    if (unlink(w->names.meta) != 0 && errno != ENOENT)
        return refuse(w, EXIT_OUTPUT, ST_IO, "%s: %s", w->names.meta, strerror(errno));
    return ST_OK;
}

static enum status go_on(struct opening *w)
{
    char why[384];
    const char *then = journal_identity(w->r->journal);
    if (!scan_identity_equal(slice_of(then), (struct slice){w->identity.p, w->identity.len}, why,
                             sizeof why))
        return refuse(w, EXIT_USAGE, ST_USAGE, "--resume: %s", why);
    w->r->goes_on = true;
    return read_back(w);
}

/* Whether the metadata beside the output says that its scan is complete, and of another file than
 * the input is now: of that one nothing would be done, which nobody means who says --resume. */
static bool is_complete(const struct opening *w, bool *of_another)
{
    json_t *meta = json_load_file(w->names.meta, 0, NULL);
    const struct fingerprint *now = &w->r->input;
    const char *sha256 =
        json_string_value(json_object_get(json_object_get(meta, "input"), "sha256"));
    bool complete = json_is_true(json_object_get(meta, "complete"));
    *of_another = now->whole && sha256 && strcmp(sha256, now->sha256) != 0;
    json_decref(meta);
    return complete && access(w->names.data, R_OK) == 0;
}

static enum status open_state(struct opening *w, int64_t now_ms)
{
    struct resume *r = w->r;
    bool of_another;
    enum status st = journal_open(w->names.state, &r->journal, w->error, w->error_size);
    if (st == ST_NOT_FOUND) {
        if (!w->options->resume || !is_complete(w, &of_another))
            return begin(w, now_ms);
        if (of_another)
            return refuse(w, EXIT_USAGE, ST_USAGE,
                          "--resume: %s is complete, of another input; without --resume it is "
                          "written anew",
                          w->names.data);
        return ST_EOF;
    }
    if (st == ST_TRUNCATED)
        return begin(w, now_ms);
    if (st != ST_OK) {
        *w->exit_code = exit_code_of(st);
        return st;
    }
    uint64_t records = journal_last(r->journal)->records;
    if (w->options->resume)
        return go_on(w);
    if (records > 0)
        return refuse(w, EXIT_USAGE, ST_USAGE,
                      "%s: an unfinished scan with %" PRIu64
                      " records is there; go on with --resume, or remove %s to begin anew",
                      w->names.data, records, w->names.state);
    journal_close(r->journal);
    r->journal = NULL;
    return begin(w, now_ms);
}

static enum status open_files(struct opening *w, struct slice head, int64_t now_ms)
{
    const struct scan_options *o = w->options;
    struct resume *r = w->r;
    enum status st = output_names_make(o->output, &w->names);
    if (st != ST_OK)
        return refuse(w, EXIT_USAGE, st, "%s: %s", o->output, status_text(st));
    if (!w->names.state)
        return o->resume
                   ? refuse(w, EXIT_USAGE, ST_USAGE, "--resume needs an output that is a file")
                   : ST_OK;
    const char *lost = output_names_of_input(&w->names, o->input);
    if (lost)
        return refuse(w, EXIT_USAGE, ST_USAGE, "%s is the input: it would be written over", lost);
    st = fingerprint_take(o->input, head, &r->input);
    if (st != ST_OK)
        return refuse(w, EXIT_INPUT, st, "%s: %s", o->input ? o->input : "standard input",
                      st == ST_IO ? strerror(errno) : status_text(st));
    st = scan_identity_write(o, &r->input, &w->identity);
    if (st != ST_OK)
        return refuse(w, EXIT_OUTPUT, st, "%s", status_text(st));
    r->state_path = strdup(w->names.state);
    r->budget_path = strdup(w->names.budget);
    if (!r->state_path || !r->budget_path)
        return refuse(w, EXIT_OUTPUT, ST_NOMEM, "%s", status_text(ST_NOMEM));
    st = open_state(w, now_ms);
    if (st != ST_OK)
        return st;
    journal_begin_run(r->journal);
    r->start_ms = journal_start_ms(r->journal);
    r->runs = journal_last(r->journal)->runs;
    return ST_OK;
}

enum status resume_open(const struct scan_options *o, struct slice head, int64_t now_ms,
                        struct resume *out, int *exit_code, char *error, size_t error_size)
{
    struct opening w = {
        .options = o, .r = out, .exit_code = exit_code, .error = error, .error_size = error_size};
    *out = (struct resume){.start_ms = now_ms, .runs = 1};
    done_set_init(&out->done);
    strbuf_init(&w.identity, JOURNAL_LINE_MAX_BYTES / 2);
    enum status st = open_files(&w, head, now_ms);
    strbuf_free(&w.identity);
    output_names_free(&w.names);
    return st;
}

static enum status is_done(void *arg, const struct input_item *item, bool *done)
{
    const struct resume *r = arg;
    *done = item && done_set_has(&r->done, item->index);
    return ST_OK;
}

/* Do the lines of the pages before `end` sum up to what their records do? */
static enum status compare_pages(struct resume *r, uint64_t end)
{
    for (; r->compared.page < end; r->compared.page++) {
        if (r->compared.sum != done_set_marks(&r->done, r->compared.page))
            return ST_USAGE;
        r->compared.sum = 0;
    }
    return ST_OK;
}

static enum status is_done_alike(void *arg, const struct input_item *item, bool *done)
{
    struct resume *r = arg;
    uint64_t end = r->last / DONE_PAGE_INDEXES + 1;
    *done = false;
    if (!item)
        return compare_pages(r, end);
    if (compare_pages(r, item->index < r->last ? item->index / DONE_PAGE_INDEXES : 0) != ST_OK)
        return ST_USAGE;
    is_done(arg, item, done);
    if (*done)
        r->compared.sum += line_mark(item->index, slice_of(item->domain),
                                     slice_of(item->reason ? item->reason : ""));
    return item->index < r->last ? ST_OK : compare_pages(r, end);
}

struct input_skip resume_skip(struct resume *r)
{
    if (r->input.whole)
        return (struct input_skip){.check = is_done, .arg = r};
    return (struct input_skip){.check = is_done_alike, .check_first = r->last, .arg = r};
}

enum status resume_end(struct resume *r)
{
    if (!r->journal)
        return ST_OK;
    if (unlink(r->budget_path) != 0 && errno != ENOENT)
        return ST_IO;
    return journal_remove(r->journal, r->state_path);
}

void resume_undo(struct resume *r)
{
    if (r->begun)
        (void)resume_end(r); /* why it could not begin is said already */
    r->begun = false;
}

void resume_close(struct resume *r)
{
    journal_close(r->journal);
    free(r->state_path);
    free(r->budget_path);
    known_probes_free(r->known);
    r->known = NULL;
    done_set_free(&r->done);
    r->journal = NULL;
    r->state_path = r->budget_path = NULL;
}
