/* options_help: --help, written from the table. */
#include "scanner/options_table.h"

#include <string.h>

enum { HELP_COLUMN = 30, HELP_WIDTH = 94 };

/* Words of text from the column on, wrapped at HELP_WIDTH. */
static void put_wrapped(FILE *to, const char *text, size_t column)
{
    size_t at = column;
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (at + len > HELP_WIDTH && at > column) {
            fprintf(to, "\n%*s", (int)column, "");
            at = column;
        }
        fprintf(to, "%s%.*s", at > column ? " " : "", (int)len, text);
        at += len + (at > column);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static void put_row(FILE *to, const struct option_row *row, const struct scan_options *defaults)
{
    char head[96], text[640];
    struct strbuf value;
    strbuf_init(&value, 128);
    int n = row->letter ? snprintf(head, sizeof head, "  -%c, --%s", row->letter, row->name)
                        : snprintf(head, sizeof head, "      --%s", row->name);
    if (row->arg && n > 0 && (size_t)n < sizeof head)
        n += snprintf(head + n, sizeof head - (size_t)n, " %s", row->arg);
    if (n < HELP_COLUMN - 1)
        fprintf(to, "%-*s", HELP_COLUMN, head);
    else
        fprintf(to, "%s\n%*s", head, HELP_COLUMN, "");

    bool shown = row->arg && option_count(row, defaults) > 0 &&
                 option_format(row, defaults, 0, &value) == ST_OK;
    if (shown)
        snprintf(text, sizeof text, "%s (%s)", row->help, value.p);
    put_wrapped(to, shown ? text : row->help, HELP_COLUMN);
    strbuf_free(&value);
}

void options_help(enum options_command command, FILE *to)
{
    struct scan_options defaults;
    options_defaults(&defaults);
    if (command == OPTIONS_SCAN)
        fputs("Usage: stscan [scan] [OPTIONS] [INPUT]\n\n"
              "Scans a list of domains for MTA-STS (RFC 8461) and writes one line of NDJSON for\n"
              "each. INPUT is a list, CSV or zone file, plain or compressed; - is stdin.\n",
              to);
    else
        fputs("Usage: stscan check [OPTIONS] DOMAIN...\n\n"
              "Looks at single domains and says in words what stands, what does not, and what to\n"
              "publish. Exit code 0: healthy, 1: faults that void the policy or block mail, 4:\n"
              "could not be determined.\n",
              to);
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(to, "\n%s:\n", option_group_titles[group]);
        for (size_t i = 0; i < option_rows_n; i++)
            if ((int)option_rows[i].group == group && (option_rows[i].commands & command) &&
                !option_rows[i].later)
                put_row(to, &option_rows[i], &defaults);
    }
    if (command == OPTIONS_SCAN)
        fputs(
            "\nExit codes: 0 complete, 2 usage, 3 input unreadable, 4 output failed, 5 stopped by\n"
            "a signal, 6 stopped by the brake (--min-success). See stscan(1).\n",
            to);
    options_free(&defaults);
}
