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
    options_defaults(command, &defaults);
    fputs(option_command(command)->usage, to);
    for (int group = 0; group < GROUP_COUNT; group++) {
        bool titled = false;
        for (size_t i = 0; i < option_rows_n; i++) {
            const struct option_row *row = &option_rows[i];
            if ((int)row->group != group || !(row->commands & command) || row->later)
                continue;
            if (!titled)
                fprintf(to, "\n%s:\n", option_group_titles[group]);
            titled = true;
            put_row(to, row, &defaults);
        }
    }
    if (option_command(command)->closing)
        fprintf(to, "\n%s", option_command(command)->closing);
    options_free(&defaults);
}
