/* options: arguments and config files to the effective configuration. */
#include "scanner/options_table.h"

#include "scanner/resolv_conf.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONG_BASE = 1000 }; /* getopt's value of row i is LONG_BASE + i */

/* What getopt_long wants to know, from the table. */
struct getopt_tables {
    struct option *longs;
    char shorts[64];
};

static enum status make_tables(enum options_command command, struct getopt_tables *t)
{
    size_t n = 0, s = 0;
    if (option_command(command)->data)
        t->shorts[s++] = '+';
    t->longs = calloc(option_rows_n + 1, sizeof *t->longs);
    if (!t->longs)
        return ST_NOMEM;
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *row = &option_rows[i];
        if (!(row->commands & command))
            continue;
        t->longs[n++] = (struct option){row->name, row->arg ? required_argument : no_argument, NULL,
                                        LONG_BASE + (int)i};
        if (row->letter && s + 2 < sizeof t->shorts) {
            t->shorts[s++] = row->letter;
            if (row->arg)
                t->shorts[s++] = ':';
        }
    }
    t->shorts[s] = '\0';
    return ST_OK;
}

static const struct option_row *row_of(int value)
{
    if (value >= LONG_BASE)
        return &option_rows[value - LONG_BASE];
    for (size_t i = 0; i < option_rows_n; i++)
        if (option_rows[i].letter == value)
            return &option_rows[i];
    return NULL;
}

enum status options_usage(enum options_command command, FILE *to, const char *text)
{
    const char *name = option_command(command)->name;
    fprintf(to, "%s: %s\nTry '%s --help'.\n", name, text, name);
    return ST_USAGE;
}

static enum status usage(enum options_command command, const char *text)
{
    return options_usage(command, stderr, text);
}

/* ---- the two passes ------------------------------------------------------------------------- */

struct passes {
    enum options_command command;
    struct scan_options *o;
    bool dump;
    bool *seen; /* rows given as arguments */
};

static enum status first_pass(struct passes *p, const struct option_row *row, const char *value)
{
    char error[512];
    if (row->type != OPTION_ACTION)
        return ST_OK;
    if (strcmp(row->name, "help") == 0) {
        options_help(p->command, stdout);
        return ST_EOF;
    }
    if (strcmp(row->name, "version") == 0) {
        puts("stscan " STSCAN_VERSION);
        return ST_EOF;
    }
    if (strcmp(row->name, "dump-config") == 0) {
        p->dump = true;
        return ST_OK;
    }
    enum status st = options_read_config(value, p->command, p->o, error, sizeof error);
    return st == ST_OK ? ST_OK : usage(p->command, error);
}

static enum status second_pass(struct passes *p, const struct option_row *row, const char *value)
{
    char why[256], error[384];
    if (row->type == OPTION_ACTION)
        return ST_OK;
    if (row->later) {
        snprintf(error, sizeof error, "--%s is not available in this version", row->name);
        return usage(p->command, error);
    }
    bool *seen = &p->seen[row - option_rows];
    if (!*seen && option_is_repeatable(row))
        option_clear(row, p->o);
    *seen = true;
    enum status st = option_set(row, value ? value : "yes", p->o, why, sizeof why);
    if (st == ST_OK)
        return ST_OK;
    snprintf(error, sizeof error, "--%s: %s", row->name, why);
    return usage(p->command, error);
}

typedef enum status (*pass_fn)(struct passes *p, const struct option_row *row, const char *value);

static enum status run_pass(struct passes *p, int argc, char **argv, const struct getopt_tables *t,
                            pass_fn each)
{
    enum status st = ST_OK;
    int value;
    const char *name = option_command(p->command)->name;
    char *given = argv[0];
    argv[0] = (char *)(uintptr_t)name; /* getopt's messages begin with it */
    optind = 0;                        /* glibc: begin anew */
    while (st == ST_OK && (value = getopt_long(argc, argv, t->shorts, t->longs, NULL)) != -1) {
        const struct option_row *row = value == '?' ? NULL : row_of(value);
        if (!row)
            fprintf(stderr, "Try '%s --help'.\n", name);
        st = row ? each(p, row, optarg) : ST_USAGE;
    }
    argv[0] = given;
    return st;
}

/* ---- what is left, and what fits together --------------------------------------------------- */

/* They point into argv. */
static enum status take_named(struct passes *p, int argc, char **argv)
{
    const struct option_command *c = option_command(p->command);
    char why[64];
    p->o->operands = (struct text_list){argv + optind, (size_t)(argc - optind)};
    if (p->o->operands.n == 0 && !p->dump)
        snprintf(why, sizeof why, "no %s given", c->operand);
    else if (p->o->operands.n > 1 && c->single)
        snprintf(why, sizeof why, "more than one %s", c->operand);
    else
        return ST_OK;
    return usage(p->command, why);
}

static enum status take_operands(struct passes *p, int argc, char **argv)
{
    struct scan_options *o = p->o;
    char why[256];
    if (option_command(p->command)->operand)
        return take_named(p, argc, argv);
    if (argc - optind > 1)
        return usage(p->command, "more than one INPUT");
    const struct option_row *input = option_find(SLICE_LIT("input"));
    if (optind < argc) {
        if (p->seen[input - option_rows])
            return usage(p->command, "INPUT given twice");
        if (option_set(input, argv[optind], o, why, sizeof why) != ST_OK)
            return usage(p->command, why);
    }
    if (!o->input && !p->dump && isatty(STDIN_FILENO))
        return usage(p->command, "no INPUT given, and standard input is a terminal");
    return ST_OK;
}

static const char *contradiction(const struct scan_options *o)
{
    if (o->shard >= o->shards)
        return "--shard counts from 0: it must be below --shards";
    if (o->all_policy && o->no_policy)
        return "--all-policy and --no-policy exclude each other";
    if (o->local_resolver && o->n_resolvers > 0)
        return "--local-resolver and --resolver exclude each other";
    if (o->local_resolver_conf && !o->local_resolver)
        return "--local-resolver-conf needs --local-resolver";
    if (o->sample <= 0)
        return "--sample must be above 0";
    for (size_t i = 0; i < o->n_sources; i++)
        if (o->use_v4 != o->use_v6 && o->use_v4 != (o->sources[i].family == 4))
            return "--source has an address of a family that -4 or -6 excludes";
    return NULL;
}

static enum status system_resolvers(struct passes *p)
{
    struct scan_options *o = p->o;
    if (!option_command(p->command)->asks || o->n_resolvers > 0 || o->local_resolver)
        return ST_OK;
    enum status st = resolv_conf_read(RESOLV_CONF_PATH, &o->resolvers, &o->n_resolvers);
    if (st == ST_NOMEM)
        return usage(p->command, status_text(st));
    return st == ST_OK ? ST_OK
                       : usage(p->command, "no resolver: " RESOLV_CONF_PATH
                                           " names none, and there is no --resolver");
}

static enum status finish(struct passes *p, int argc, char **argv)
{
    enum status st = take_operands(p, argc, argv);
    const char *why = contradiction(p->o);
    if (st == ST_OK && why)
        st = usage(p->command, why);
    if (st == ST_OK && p->dump) {
        st = options_dump(p->command, p->o, stdout);
        return st == ST_OK ? ST_EOF : usage(p->command, status_text(st));
    }
    return st == ST_OK ? system_resolvers(p) : st;
}

enum status options_parse_for(enum options_command command, int argc, char **argv,
                              struct scan_options *out)
{
    struct getopt_tables tables = {0};
    struct passes p = {.command = command, .o = out};
    options_defaults(command, out);
    out->argc = argc;
    out->argv = argv;
    p.seen = calloc(option_rows_n, sizeof *p.seen);
    enum status st = p.seen && out->output ? make_tables(command, &tables) : ST_NOMEM;
    if (st == ST_OK)
        st = run_pass(&p, argc, argv, &tables, first_pass);
    if (st == ST_OK)
        st = run_pass(&p, argc, argv, &tables, second_pass);
    if (st == ST_OK)
        st = finish(&p, argc, argv);
    if (st == ST_NOMEM)
        st = usage(command, status_text(st));
    free(tables.longs);
    free(p.seen);
    if (st != ST_OK)
        options_free(out);
    return st;
}

enum status options_parse(int argc, char **argv, struct scan_options *out)
{
    return options_parse_for(OPTIONS_SCAN, argc, argv, out);
}

void options_free(struct scan_options *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < option_rows_n; i++)
        option_clear(&option_rows[i], o);
    *o = (struct scan_options){0};
}
