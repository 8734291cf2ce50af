#include "scanner/verify.h"

#include "scanner/options.h"
#include "scanner/scan.h"

#include <inttypes.h>

enum { EXIT_NOT_WHOLE = 1 };

static int verify_all(size_t n, char **paths, bool quiet)
{
    struct verify_run v;
    enum status st = ST_OK;
    verify_begin(&v, stdout);
    for (size_t i = 0; st == ST_OK && i < n; i++)
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
    struct scan_options o;
    enum status st = options_parse_for(OPTIONS_VERIFY, argc, argv, &o);
    if (st != ST_OK)
        return st == ST_EOF ? EXIT_COMPLETE : EXIT_USAGE;
    int code = verify_all(o.operands.n, o.operands.v, o.quiet);
    options_free(&o);
    return code;
}
