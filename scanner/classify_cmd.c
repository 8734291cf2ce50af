#include "scanner/classify_cmd.h"

#include "lib/record_json.h"
#include "scanner/input/lines.h"
#include "scanner/judge_tables.h"
#include "scanner/options.h"
#include "scanner/output/frames.h"
#include "scanner/output/names.h"
#include "scanner/output/writer.h"
#include "scanner/scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the work ------------------------------------------------------------------------------- */

struct classify_run {
    struct judge_tables tables;
    source *src;
    lines *lines;
    frames *out;
    struct evidence e;
    struct judgement j;
    struct strbuf line;
    struct classify_counts *counts;
    char *error;
    size_t error_size;
};

/* Emptying the output would empty the input. */
static bool is_same_file(const char *from, const char *to)
{
    struct stat a, b;
    return stat(from, &a) == 0 && stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int open_files(struct classify_run *r, const char *from, const char *to)
{
    struct output_names names;
    if (output_names_make(to, &names) != ST_OK) {
        snprintf(r->error, r->error_size, "%s: must be NAME.ndjson.zst, NAME.ndjson or -", to);
        return EXIT_USAGE;
    }
    int code = EXIT_COMPLETE;
    if (is_same_file(from, to)) {
        snprintf(r->error, r->error_size, "%s: is the input too", to);
        code = EXIT_USAGE;
    } else if (source_open(from, &r->src, r->error, r->error_size) != ST_OK) {
        code = EXIT_INPUT;
    } else if (lines_new(r->src, RECORD_LINE_MAX_BYTES, &r->lines) != ST_OK) {
        snprintf(r->error, r->error_size, "%s", status_text(ST_NOMEM));
        code = EXIT_INPUT;
    } else if (frames_open(names.data, names.compressed, &r->out, r->error, r->error_size) !=
               ST_OK) {
        code = EXIT_OUTPUT;
    }
    output_names_free(&names);
    return code;
}

/* One record; a line that is none is counted and passed over. ST_IO: writing failed. */
static enum status classify_line(struct classify_run *r, struct slice text)
{
    const char *why = NULL;
    enum status st = record_read(text, &r->e, &why);
    if (st == ST_INVALID) {
        if (r->counts->bad_lines++ == 0)
            snprintf(r->error, r->error_size, "line %llu is no record: %s",
                     (unsigned long long)(r->counts->records + 1), why ? why : status_text(st));
        return ST_OK;
    }
    if (st == ST_OK)
        st = classify(&r->tables.judge, &r->e, &r->j);
    strbuf_clear(&r->line);
    if (st == ST_OK)
        st = record_write(&r->e, &r->j, &r->line);
    if (st != ST_OK)
        return st;
    r->counts->records++;
    return frames_add_line(r->out, r->line.p, r->line.len);
}

static int classify_lines(struct classify_run *r)
{
    struct line line;
    enum status read, st = ST_OK;
    while (st == ST_OK && (read = lines_next(r->lines, &line)) == ST_OK)
        if (line.text.len > 0)
            st = classify_line(r, line.text);
    if (st == ST_OK)
        st = frames_end(r->out);
    if (st == ST_OK)
        st = frames_sync(r->out);
    if (st != ST_OK) {
        snprintf(r->error, r->error_size, "writing failed: %s",
                 st == ST_IO ? strerror(errno) : status_text(st));
        return EXIT_OUTPUT;
    }
    if (read != ST_EOF) {
        snprintf(r->error, r->error_size, "%s", source_error(r->src));
        return EXIT_INPUT;
    }
    return r->counts->bad_lines > 0 ? EXIT_INPUT : EXIT_COMPLETE;
}

int classify_file(const char *from, const char *to, const char *providers_file,
                  struct classify_counts *counts, char *error, size_t error_size)
{
    struct classify_run r = {.counts = counts, .error = error, .error_size = error_size};
    *counts = (struct classify_counts){0};
    error[0] = '\0';
    if (judge_tables_open(providers_file, &r.tables, error, error_size) != ST_OK)
        return EXIT_USAGE;
    evidence_init(&r.e);
    judgement_init(&r.j);
    strbuf_init(&r.line, RECORD_LINE_MAX_BYTES);
    int code = open_files(&r, from, to);
    if (code == EXIT_COMPLETE)
        code = classify_lines(&r);
    if (frames_close(r.out) != ST_OK && code == EXIT_COMPLETE) {
        snprintf(error, error_size, "%s: %s", to, strerror(errno));
        code = EXIT_OUTPUT;
    }
    lines_free(r.lines);
    source_close(r.src);
    strbuf_free(&r.line);
    judgement_free(&r.j);
    evidence_free(&r.e);
    judge_tables_close(&r.tables);
    return code;
}

/* ---- the command ---------------------------------------------------------------------------- */

int classify_main(int argc, char **argv)
{
    struct scan_options o;
    struct classify_counts counts;
    char error[512];
    enum status st = options_parse_for(OPTIONS_CLASSIFY, argc, argv, &o);
    if (st != ST_OK)
        return st == ST_EOF ? EXIT_COMPLETE : EXIT_USAGE;
    int code = classify_file(o.operands.v[0], o.output, o.providers, &counts, error, sizeof error);
    if (code != EXIT_COMPLETE)
        fprintf(stderr, "stscan classify: %s\n", error);
    if (counts.bad_lines > 0 || strcmp(o.output, "-") != 0)
        fprintf(stderr, "stscan classify: %llu records, %llu lines that are none\n",
                (unsigned long long)counts.records, (unsigned long long)counts.bad_lines);
    options_free(&o);
    return code;
}
