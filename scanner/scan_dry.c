/* --dry-run: files are read, the input to its end, and nobody is asked. */
#include "scanner/scan_course.h"

#include "scanner/output/names.h"
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the output may be written, as far as that can be told without touching it. */
static int dry_output(const struct scan_options *o)
{
    struct output_names names;
    if (output_names_make(o->output, &names) != ST_OK)
        return EXIT_USAGE;
    const char *lost = output_names_of_input(&names, o->input);
    char *path = names.meta ? strdup(names.data) : NULL;
    const char *folder = path ? dirname(path) : NULL;
    int exit_code = lost ? EXIT_USAGE : EXIT_COMPLETE;
    if (lost) {
        fprintf(stderr, "stscan: %s is the input: it would be written over\n", lost);
    } else if (folder && access(folder, W_OK | X_OK) != 0) {
        fprintf(stderr, "stscan: %s: %s\n", folder, strerror(errno));
        exit_code = EXIT_OUTPUT;
    }
    free(path);
    output_names_free(&names);
    return exit_code;
}

/* Reads the input to its end, and counts. */
static int dry_input(const struct scan_options *o)
{
    char error[512] = "";
    input *in;
    if (input_open(o, &in, error, sizeof error) != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        return EXIT_INPUT;
    }
    struct input_item item;
    uint64_t valid = 0, invalid = 0;
    enum status st;
    while ((st = input_next(in, &item)) == ST_OK || st == ST_AGAIN) {
        valid += st == ST_OK && !item.reason;
        invalid += st == ST_OK && item.reason;
    }
    printf("%llu names, %llu invalid lines\n", (unsigned long long)valid,
           (unsigned long long)invalid);
    if (st != ST_EOF)
        fprintf(stderr, "stscan: %s\n", input_error(in));
    input_close(in);
    return st == ST_EOF ? EXIT_COMPLETE : EXIT_INPUT;
}

int scan_dry_run(const struct scan_options *o)
{
    struct scan_setup setup = {.n_guards = 0};
    struct worker_shared shared = {.options = o};
    int exit_code;
    enum status can = setup_open(&setup, &shared, &exit_code);
    setup_close(&setup);
    if (can == ST_OK)
        exit_code = dry_output(o);
    if (can != ST_OK || exit_code != EXIT_COMPLETE)
        return exit_code;
    scan_say_beginning(o, "would scan", o->n_resolvers);
    return dry_input(o);
}
