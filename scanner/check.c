#include "scanner/check.h"

#include "lib/name.h"
#include "lib/record_json.h"
#include "scanner/check_text.h"
#include "scanner/judge_tables.h"
#include "scanner/scan.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_HEALTHY = 0,
    EXIT_FAULTY = 1,
    EXIT_UNDETERMINED = 4,
    RECORDS_MAX_BYTES = 64 * 1024 * 1024,
};

/* The names going in, the records coming out. `next` is called on the reader's thread and `lines`
 * on the writer's; both are over when scan_run_for returns. */
struct check {
    char (*name)[NAME_MAX_BYTES + 1];
    size_t n, given;
    struct strbuf records;
};

static enum status next_name(void *arg, struct input_item *out)
{
    struct check *c = arg;
    if (c->given == c->n)
        return ST_EOF;
    *out = (struct input_item){.index = c->given, .rank = -1, .domain = c->name[c->given]};
    c->given++;
    return ST_OK;
}

static void take_lines(void *arg, struct slice lines)
{
    struct check *c = arg;
    strbuf_add(&c->records, lines.p, lines.len);
}

static enum status take_names(struct check *c, const struct text_list *given)
{
    c->name = calloc(given->n, sizeof *c->name);
    if (!c->name)
        return ST_NOMEM;
    for (size_t i = 0; i < given->n; i++) {
        const char *reason;
        enum status st = name_normalize(slice_of(given->v[i]), c->name[i], &reason);
        if (st != ST_OK) {
            fputs("stscan check: '", stderr);
            put_wire(stderr, slice_of(given->v[i]));
            fprintf(stderr, "' is no domain name: %s\n", reason ? reason : status_text(st));
            return ST_USAGE;
        }
        c->n++;
    }
    return ST_OK;
}

/* ---- showing -------------------------------------------------------------------------------- */

/* A person looks at one domain: it is judged at once, and all of it is of interest. */
static void adapt(struct scan_options *o)
{
    o->workers = 1;
    o->quiet = true;
    o->min_success_pct = 0;
    o->tlsrpt = TLSRPT_ALL;
}

static struct check_style terminal_style(void)
{
    const char *term = getenv("TERM");
    setlocale(LC_CTYPE, "");
    return (struct check_style){
        /* https://no-color.org: set and not empty. */
        .colour = isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && getenv("NO_COLOR")[0]) && term &&
                  strcmp(term, "dumb") != 0,
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}

struct shown {
    const struct judge_tables *tables;
    struct check_style style;
    struct evidence e;
    struct judgement j;
};

/* Shows one record; its exit code, or -1 when the line is none. */
static int show(struct shown *s, struct slice line, bool json)
{
    const char *why;
    judgement_reset(&s->j);
    if (record_read(line, &s->e, &why) != ST_OK ||
        classify(&s->tables->judge, &s->e, &s->j) != ST_OK)
        return -1;
    if (json)
        fwrite(line.p, 1, line.len, stdout);
    else
        check_print(&s->e, &s->j, &s->style, stdout);
    return check_exit_code(&s->j);
}

/* The record of that index; they come in the order in which they were finished. */
static struct slice find_record(const struct check *c, struct shown *s, uint64_t index)
{
    const char *p = c->records.p, *end = p + c->records.len, *lf, *why;
    for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))); p = lf + 1) {
        struct slice line = {p, (size_t)(lf - p) + 1};
        if (record_read(line, &s->e, &why) == ST_OK && s->e.index == index)
            return line;
    }
    return (struct slice){"", 0};
}

static int worse(int a, int b)
{
    if (a == EXIT_FAULTY || b == EXIT_FAULTY)
        return EXIT_FAULTY;
    return a > b ? a : b;
}

static int show_all(const struct check *c, const struct judge_tables *tables, bool json)
{
    int code = EXIT_HEALTHY;
    struct shown s = {.tables = tables, .style = terminal_style()};
    evidence_init(&s.e);
    judgement_init(&s.j);
    for (size_t i = 0; i < c->n; i++) {
        struct slice line = find_record(c, &s, i);
        int one = line.len > 0 ? show(&s, line, json) : -1;
        if (one < 0)
            fprintf(stderr, "stscan check: %s: no record came out\n", c->name[i]);
        code = worse(code, one < 0 ? EXIT_UNDETERMINED : one);
    }
    evidence_free(&s.e);
    judgement_free(&s.j);
    return fflush(stdout) == 0 ? code : EXIT_OUTPUT;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int run(const struct scan_options *o, const struct judge_tables *tables)
{
    struct check c = {0};
    struct scan_caller caller = {.next = next_name, .lines = take_lines, .arg = &c};
    strbuf_init(&c.records, RECORDS_MAX_BYTES);
    int code = EXIT_USAGE;
    if (take_names(&c, &o->operands) == ST_OK)
        code = scan_run_for(o, &caller);
    if (code == EXIT_COMPLETE)
        code = show_all(&c, tables, o->json);
    if (code != EXIT_USAGE && !o->no_probe && !o->ehlo_name && !o->json)
        fputs("MX hosts were not probed: give this machine's name with --ehlo-name.\n", stderr);
    strbuf_free(&c.records);
    free(c.name);
    return code;
}

int check_main(int argc, char **argv)
{
    struct scan_options o;
    struct judge_tables tables;
    char error[256];
    enum status st = options_parse_for(OPTIONS_CHECK, argc, argv, &o);
    if (st != ST_OK)
        return st == ST_EOF ? EXIT_COMPLETE : EXIT_USAGE;
    adapt(&o);
    int code = EXIT_USAGE;
    if (judge_tables_open(o.providers, &tables, error, sizeof error) != ST_OK) {
        fprintf(stderr, "stscan check: %s\n", error);
    } else {
        code = run(&o, &tables);
        judge_tables_close(&tables);
    }
    options_free(&o);
    return code;
}
