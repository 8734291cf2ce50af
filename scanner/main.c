/* main: which command is meant. */
#include "scanner/check.h"
#include "scanner/classify_cmd.h"
#include "scanner/lint.h"
#include "scanner/options_table.h"
#include "scanner/scan.h"
#include "scanner/verify.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int scan_main(int argc, char **argv)
{
    struct scan_options o;
    enum status st = options_parse(argc, argv, &o);
    if (st != ST_OK)
        return st == ST_EOF ? EXIT_COMPLETE : EXIT_USAGE;
    int code = scan_run(&o);
    options_free(&o);
    return code;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    const char *what;
} commands[] = {
    {"scan", scan_main, "scan a list of domains (the default)"},
    {"check", check_main, "look at single domains and say in words what is wrong"},
    {"lint", lint_main, "judge a record, a policy, a TLSRPT record or an MX match, offline"},
    {"verify", verify_main, "prove outputs whole: every input exactly once"},
    {"classify", classify_main, "judge old records again from their evidence"},
};

static void help(void)
{
    puts("Usage: stscan [COMMAND] [OPTIONS] ...\n\nCommands:");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].what);
    puts("\nEvery command has --help. What follows is that of scan.\n");
    options_help(OPTIONS_SCAN, stdout);
}

/* A lone word that is no file is a mistyped command rather than a missing list. */
static bool is_input(const char *word)
{
    return word[0] == '-' || strpbrk(word, "./") != NULL || access(word, F_OK) == 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(2), */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow (ulimit -f) */
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help();
        return EXIT_COMPLETE;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc >= 2 && !is_input(argv[1])) {
        fprintf(stderr, "stscan: '%s' is neither a command nor a file\nTry 'stscan --help'.\n",
                argv[1]);
        return EXIT_USAGE;
    }
    return scan_main(argc, argv);
}
