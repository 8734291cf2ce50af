/* stsreport: which report is meant. */
#include "analysis/reader.h"
#include "analysis/summary.h"
#include "lib/config_line.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* As everywhere (contract). */
enum { OK = 0, USAGE = 2, UNREADABLE = 3, OUTPUT_FAILED = 4 };

struct report_options {
    const char *name; /* as messages begin: the program's, or the report's with it */
    bool json;
    bool dump;
};

static void help(FILE *to)
{
    fputs("Usage: stsreport summary [OPTIONS] OUTPUT...\n\n"
          "Counts the records of one or more outputs of stscan (NAME.ndjson.zst, NAME.ndjson\n"
          "or -): adoption, verdicts, causes, findings by stage, failures.\n\n"
          "  -j, --json         print JSON instead of tables\n"
          "      --config FILE  read options from FILE, one `name = value` a line\n"
          "      --dump-config  print the effective configuration in that form\n"
          "  -h, --help         print this help\n"
          "  -V, --version      print the version\n\n"
          "Exit codes: 0 complete, 2 usage, 3 an output cannot be read to its end (what could\n"
          "be read is shown), 4 the report cannot be written. See stsreport(1).\n",
          to);
}

/* ---- options -------------------------------------------------------------------------------- */

/* What is wrong, unless it was said already (NULL), and where help is. */
static int usage(const struct report_options *o, const char *text)
{
    if (text)
        fprintf(stderr, "%s: %s\n", o->name, text);
    fprintf(stderr, "Try '%s --help'.\n", o->name);
    return USAGE;
}

/* NULL, or why not. */
static const char *config_line(char *text, struct report_options *o)
{
    struct config_line line;
    const char *why = config_line_split(text, &line);
    if (why || !line.name)
        return why;
    if (strcmp(line.name, "json") != 0)
        return "unknown option";
    return config_flag(line.value, &o->json) ? NULL : "json is yes or no";
}

static int read_config(const char *path, struct report_options *o)
{
    char line[CONFIG_LINE_MAX_BYTES];
    const char *why = NULL;
    FILE *f = fopen(path, "re");
    if (!f) {
        fprintf(stderr, "%s: %s: %s\n", o->name, path, strerror(errno));
        return usage(o, NULL);
    }
    for (unsigned number = 1; !why && fgets(line, sizeof line, f); number++) {
        why = strlen(line) + 1 == sizeof line ? "the line is too long" : config_line(line, o);
        if (why)
            fprintf(stderr, "%s: %s:%u: %s\n", o->name, path, number, why);
    }
    if (!why && ferror(f)) {
        why = strerror(errno);
        fprintf(stderr, "%s: %s: %s\n", o->name, path, why);
    }
    fclose(f);
    return why ? usage(o, NULL) : OK;
}

/* *done: nothing more is to be done. */
static int parse(int argc, char **argv, struct report_options *o, bool *done)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'},        {"config", required_argument, NULL, 'c'},
        {"dump-config", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},     {NULL, 0, NULL, 0},
    };
    int value, code = OK;
    bool json = false;
    argv[0] = (char *)(uintptr_t)o->name; /* getopt's messages begin with it */
    while (code == OK && !*done && (value = getopt_long(argc, argv, "jhV", longs, NULL)) != -1) {
        switch (value) {
        case 'j':
            json = true;
            break;
        case 'c':
            code = read_config(optarg, o);
            break;
        case 'd':
            o->dump = true;
            break;
        case 'h':
            help(stdout);
            *done = true;
            break;
        case 'V':
            puts("stsreport " STSCAN_VERSION);
            *done = true;
            break;
        default:
            code = usage(o, NULL);
        }
    }
    o->json = o->json || json;
    if (code == OK && !*done && o->dump) {
        printf("json = %s\n", o->json ? "yes" : "no");
        *done = true;
    }
    return code;
}

/* ---- summary -------------------------------------------------------------------------------- */

static int count_file(const char *path, struct tally *t)
{
    reader *r;
    char error[512];
    struct slice line;
    enum status st = reader_open(path, &r, error, sizeof error);
    if (st != ST_OK) {
        fprintf(stderr, "stsreport: %s\n", error);
        return UNREADABLE;
    }
    uint64_t bad = t->bad_lines;
    while ((st = reader_next(r, &line)) == ST_OK)
        tally_line(t, line);
    if (st != ST_EOF)
        fprintf(stderr, "stsreport: %s: %s\n", path, reader_error(r));
    if (t->bad_lines > bad)
        fprintf(stderr, "stsreport: %s: %llu lines are no records\n", path,
                (unsigned long long)(t->bad_lines - bad));
    reader_close(r);
    return st == ST_EOF && t->bad_lines == bad ? OK : UNREADABLE;
}

static int summary(char **files, size_t n, const struct report_options *o)
{
    int code = OK;
    struct tally *t = calloc(1, sizeof *t);
    if (!t) {
        fprintf(stderr, "stsreport: %s\n", status_text(ST_NOMEM));
        return OUTPUT_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        int one = count_file(files[i], t);
        code = one != OK ? one : code;
    }
    enum status st = ST_OK;
    if (code == OK || t->records > 0) /* nothing readable: no page of zeroes */
        st = o->json ? summary_json(t, files, n, stdout) : summary_text(t, files, n, stdout);
    free(t);
    if (st != ST_OK) {
        fprintf(stderr, "stsreport: cannot write the report\n");
        return OUTPUT_FAILED;
    }
    return code;
}

int main(int argc, char **argv)
{
    bool named = argc > 1 && strcmp(argv[1], "summary") == 0;
    struct report_options o = {.name = named ? "stsreport summary" : "stsreport"};
    bool done = false;
    setlocale(LC_CTYPE, ""); /* may bars be drawn? */
    int code = parse(argc, argv, &o, &done);
    if (code != OK || done)
        return code;
    if (optind >= argc)
        return usage(&o, "no report named: there is summary");
    if (strcmp(argv[optind], "summary") != 0)
        return usage(&o, "this report is unknown: there is summary");
    if (optind + 1 >= argc)
        return usage(&o, "no OUTPUT given");
    return summary(argv + optind + 1, (size_t)(argc - optind - 1), &o);
}
