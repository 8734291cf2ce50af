#include "scanner/verify.h"

#include "scanner/input/lines.h"
#include "scanner/input/shard.h"
#include "scanner/output/certs.h"
#include "scanner/output/names.h"
#include "scanner/output/recount.h"
#include "scanner/output/writer.h"
#include "scanner/recent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void verify_begin(struct verify_run *v, FILE *to)
{
    *v = (struct verify_run){.to = to};
    done_set_init(&v->done);
}

void verify_free(struct verify_run *v)
{
    done_set_free(&v->done);
    free(v->of_shard);
    v->of_shard = NULL;
}

void verify_problem(struct verify_run *v, const char *path, const char *fmt, ...)
{
    va_list ap;
    v->problems++;
    fprintf(v->to, "%s: ", path);
    va_start(ap, fmt);
    vfprintf(v->to, fmt, ap);
    va_end(ap);
    fputc('\n', v->to);
}

/* ---- the records of one output -------------------------------------------------------------- */

struct one {
    struct verify_run *v;
    const char *path;
    const struct verify_meta *meta; /* NULL: could not be read */
    struct scan_stats *stats;
    uint64_t bad_lines, twice, strangers, beyond;
};

/* Counts one more of a kind; true while they are named one by one. */
static bool name_it(uint64_t *n)
{
    return ++*n <= VERIFY_NAMED_MAX;
}

static void sum_up(struct one *o, uint64_t n, const char *what)
{
    if (n > VERIFY_NAMED_MAX)
        verify_problem(o->v, o->path, "%" PRIu64 " %s in all", n, what);
}

static enum status take_line(struct one *o, const struct line *line, uint64_t number)
{
    struct recount_line r;
    bool fresh;
    if (line->too_long || recount_line(line->text, o->stats, &r) != ST_OK) {
        if (name_it(&o->bad_lines))
            verify_problem(o->v, o->path, "line %" PRIu64 " is no record", number);
        return ST_OK;
    }
    const char *name = r.domain.p ? r.domain.p : "";
    enum status st = done_set_add(&o->v->done, r.index, &fresh);
    if (st == ST_NOMEM)
        return st;
    if (st == ST_LIMIT || (o->meta && o->v->scan.lines > 0 && r.index >= o->v->scan.lines)) {
        if (name_it(&o->beyond))
            verify_problem(o->v, o->path, "index %" PRIu64 " (%.*s) is beyond the input", r.index,
                           (int)r.domain.len, name);
    } else if (!fresh && name_it(&o->twice)) {
        verify_problem(o->v, o->path, "index %" PRIu64 " (%.*s) is there twice", r.index,
                       (int)r.domain.len, name);
    }
    /* A line without a name belongs to a shard by its bytes, which a record may have cut. */
    if (o->meta && !r.invalid &&
        !shard_takes(o->v->scan.seed_value, (uint32_t)o->v->scan.shards,
                     (uint32_t)verify_meta_shard(o->meta), r.domain) &&
        name_it(&o->strangers))
        verify_problem(o->v, o->path, "index %" PRIu64 " (%.*s) belongs to another shard", r.index,
                       (int)r.domain.len, name);
    return ST_OK;
}

static enum status open_lines(struct verify_run *v, const char *path, size_t max, source **src,
                              lines **in)
{
    char why[512];
    *in = NULL;
    enum status st = source_open(path, src, why, sizeof why);
    if (st == ST_OK)
        st = lines_new(*src, max, in);
    else
        verify_problem(v, path, "cannot be read: %s", why);
    return st;
}

/* Tells how reading ended; ST_NOMEM alone is passed on. */
static enum status told_end(struct verify_run *v, const char *path, const source *src,
                            enum status st, uint64_t lines_before)
{
    if (st == ST_NOMEM)
        return st;
    if (st != ST_EOF)
        verify_problem(v, path, "cannot be read after %" PRIu64 " lines: %s", lines_before,
                       src && source_error(src)[0] ? source_error(src) : status_text(st));
    return ST_OK;
}

static enum status read_records(struct one *o, const char *data)
{
    source *src = NULL;
    lines *in;
    struct line line;
    uint64_t n = 0;
    enum status st = open_lines(o->v, data, RECORD_LINE_MAX_BYTES, &src, &in);
    if (st == ST_OK) {
        while ((st = lines_next(in, &line)) == ST_OK && (st = take_line(o, &line, n + 1)) == ST_OK)
            n++;
        st = told_end(o->v, data, src, st, n);
    }
    lines_free(in);
    source_close(src);
    sum_up(o, o->bad_lines, "lines that are no records");
    sum_up(o, o->twice, "records of indexes that are there already");
    sum_up(o, o->strangers, "records of other shards");
    sum_up(o, o->beyond, "records beyond the input");
    return st == ST_NOMEM ? st : ST_OK;
}

static enum status read_certs(struct verify_run *v, const char *path, uint64_t *out)
{
    source *src = NULL;
    lines *in;
    struct line line;
    struct recent seen;
    uint64_t n = 0, twice = 0, key;
    bool fresh;
    recent_init(&seen, CERTS_SEEN_MAX);
    enum status st = open_lines(v, path, CERT_LINE_MAX_BYTES, &src, &in);
    if (st == ST_OK) {
        for (; (st = lines_next(in, &line)) == ST_OK; n++) {
            if (cert_line_key(line.text, &key) != ST_OK) {
                verify_problem(v, path, "line %" PRIu64 " is no certificate", n + 1);
                continue;
            }
            if (recent_add(&seen, key, &fresh) == ST_OK && !fresh)
                twice++;
        }
        st = told_end(v, path, src, st, n);
    }
    if (twice > 0)
        verify_problem(v, path, "%" PRIu64 " certificates are there twice", twice);
    lines_free(in);
    source_close(src);
    recent_free(&seen);
    *out = n;
    return st == ST_NOMEM ? st : ST_OK;
}

static enum status check_output(struct verify_run *v, const char *path,
                                const struct output_names *names)
{
    struct stat info;
    uint64_t n_certs = 0;
    struct scan_stats stats = {.records = 0};
    struct one o = {.v = v, .path = path, .stats = &stats};
    if (stat(names->data, &info) != 0) {
        verify_problem(v, path, "%s", strerror(errno));
        return ST_OK;
    }
    struct verify_meta *meta = verify_meta_read(v, path, names->meta);
    if (meta)
        verify_meta_scan(v, path, meta);
    if (access(names->state, F_OK) == 0)
        verify_problem(v, path, "not complete: %s is there; go on with --resume", names->state);
    o.meta = meta;
    enum status st = read_records(&o, names->data);
    if (st == ST_OK)
        st = read_certs(v, names->certs, &n_certs);
    if (st == ST_OK && meta)
        verify_meta_counts(v, path, meta, &stats, (uint64_t)info.st_size, n_certs);
    v->records += stats.records;
    verify_meta_free(meta);
    return st;
}

enum status verify_output(struct verify_run *v, const char *path)
{
    struct output_names names;
    enum status st = output_names_make(path, &names);
    v->outputs++;
    if (st == ST_OK && names.meta)
        st = check_output(v, path, &names);
    else if (st != ST_NOMEM)
        verify_problem(v, path, "must be NAME.ndjson.zst or NAME.ndjson");
    output_names_free(&names);
    return st == ST_NOMEM ? st : ST_OK;
}

/* ---- all together --------------------------------------------------------------------------- */

static void find_missing_shards(struct verify_run *v)
{
    uint64_t missing = 0;
    for (uint64_t i = 0; v->of_shard && i < v->scan.shards; i++)
        if (!v->of_shard[i] && name_it(&missing))
            verify_problem(v, "all", "shard %" PRIu64 " of %" PRIu64 " is missing", i,
                           v->scan.shards);
    if (missing > VERIFY_NAMED_MAX)
        verify_problem(v, "all", "%" PRIu64 " shards are missing in all", missing);
}

/* Of a sample it cannot be told which indexes should be there: counts must do. */
static void find_missing_indexes(struct verify_run *v)
{
    uint64_t from = 0, first, last, gaps = 0, missing = 0;
    if (v->scan.sample < 1)
        return;
    while (done_set_next_gap(&v->done, from, v->scan.lines, &first, &last)) {
        missing += last - first + 1;
        if (name_it(&gaps)) {
            if (first == last)
                verify_problem(v, "all", "index %" PRIu64 " is missing", first);
            else
                verify_problem(v, "all", "indexes %" PRIu64 " to %" PRIu64 " are missing", first,
                               last);
        }
        from = last + 1;
    }
    if (gaps > VERIFY_NAMED_MAX)
        verify_problem(v, "all", "%" PRIu64 " of %" PRIu64 " inputs are missing in all", missing,
                       v->scan.lines);
}

void verify_end(struct verify_run *v)
{
    if (!v->scan.path) {
        verify_problem(v, "all", "without metadata it is not known what should be there");
        return;
    }
    find_missing_shards(v);
    find_missing_indexes(v);
}
