#include "scanner/verify.h"

#include "scanner/scan.h"

#include <getopt.h>
#include <inttypes.h>

enum { EXIT_NOT_WHOLE = 1 };

static void help(FILE *to)
{
    fputs("Usage: stscan verify OUTPUT...\n\n"
          "Proves outputs (one scan, or all its shards in any order) whole: every input line has\n"
          "exactly one record, every frame can be read, records, certificates and metadata agree.\n"
          "Exit code 0: whole; 1: not, and every problem is named.\n\n"
          "  -q, --quiet    say nothing when all is well\n"
          "  -h, --help     print this help\n"
          "  -V, --version  print the version\n",
          to);
}

static int verify_all(int n, char **paths, bool quiet)
{
    struct verify_run v;
    enum status st = ST_OK;
    verify_begin(&v, stdout);
    for (int i = 0; st == ST_OK && i < n; i++)
        st = verify_output(&v, paths[i]);
    if (st == ST_OK)
        verify_end(&v);
    else
        verify_problem(&v, "all", "%s", status_text(st));
    if (v.problems > 0)
        printf("not whole: %" PRIu64 " problem%s in %" PRIu64 " output%s\n", v.problems,
               v.problems == 1 ? "" : "s", v.outputs, v.outputs == 1 ? "" : "s");
    else if (!quiet)
        printf("whole: %" PRIu64 " records of %" PRIu64 " input lines in %" PRIu64
               " output%s, %s\n",
               v.records, v.scan.lines, v.outputs, v.outputs == 1 ? "" : "s",
               v.scan.sample < 1 ? "a sample" : "each line exactly once");
    int code = v.problems > 0 ? EXIT_NOT_WHOLE : EXIT_COMPLETE;
    verify_free(&v);
    return code;
}

int verify_main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    bool quiet = false;
    int value;
    optind = 0;
    while ((value = getopt_long(argc, argv, "qhV", longs, NULL)) != -1) {
        switch (value) {
        case 'q':
            quiet = true;
            break;
        case 'h':
            help(stdout);
            return EXIT_COMPLETE;
        case 'V':
            puts("stscan " STSCAN_VERSION);
            return EXIT_COMPLETE;
        default:
            help(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        help(stderr);
        return EXIT_USAGE;
    }
    return verify_all(argc - optind, argv + optind, quiet);
}
