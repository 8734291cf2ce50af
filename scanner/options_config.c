/* options_config: files of `name = value` lines (lib/config_line.h), read and written. A flag may
 * stand without a value. */
#include "scanner/options_table.h"

#include "lib/config_line.h"

#include <errno.h>
#include <string.h>

enum { CONFIG_DUMP_MAX_BYTES = 64 * 1024 * 1024 }; /* any number of repeatable options */

static enum status apply(const char *name, const char *value, enum options_command command,
                         struct scan_options *o, char *error, size_t size)
{
    const struct option_row *row = option_find(slice_of(name));
    char why[256];
    if (!row || !(row->commands & command) || row->type == OPTION_ACTION) {
        /* A file may serve several commands: what another one knows is passed over. */
        if (row && row->type != OPTION_ACTION)
            return ST_OK;
        snprintf(error, size, "unknown option '%.60s'", name);
        return ST_USAGE;
    }
    if (row->later) {
        snprintf(error, size, "%s is not available in this version", name);
        return ST_USAGE;
    }
    if (!value && row->arg) {
        snprintf(error, size, "%s needs a value", name);
        return ST_USAGE;
    }
    enum status st = option_set(row, value ? value : "yes", o, why, sizeof why);
    if (st != ST_OK)
        snprintf(error, size, "%s: %s", name, why);
    return st;
}

enum status options_read_config(const char *path, enum options_command command,
                                struct scan_options *o, char *error, size_t error_size)
{
    char line[CONFIG_LINE_MAX_BYTES], why[320];
    enum status st = ST_OK;
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return ST_USAGE;
    }
    for (unsigned number = 1; st == ST_OK && fgets(line, sizeof line, f); number++) {
        struct config_line l;
        const char *bad =
            strlen(line) + 1 == sizeof line ? "the line is too long" : config_line_split(line, &l);
        if (bad) {
            snprintf(why, sizeof why, "%s", bad);
            st = ST_USAGE;
        } else if (l.name) {
            st = apply(l.name, l.value, command, o, why, sizeof why);
        }
        if (st != ST_OK)
            snprintf(error, error_size, "%s:%u: %s", path, number, why);
    }
    if (st == ST_OK && ferror(f)) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        st = ST_USAGE;
    }
    fclose(f);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

enum status options_dump(enum options_command command, const struct scan_options *o, FILE *to)
{
    struct strbuf value, text;
    strbuf_init(&value, CONFIG_LINE_MAX_BYTES);
    strbuf_init(&text, CONFIG_DUMP_MAX_BYTES);
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *row = &option_rows[i];
        if (!(row->commands & command) || row->later || row->type == OPTION_ACTION ||
            row->type == OPTION_FLAG_OFF)
            continue;
        size_t n = option_count(row, o);
        if (n == 0)
            config_line_add(&text, row->name, NULL);
        for (size_t k = 0; k < n; k++) {
            strbuf_clear(&value);
            if (option_format(row, o, k, &value) != ST_OK)
                break;
            config_line_add(&text, row->name, value.p ? value.p : "");
        }
    }
    enum status st = value.error != ST_OK ? value.error : text.error;
    bool empty = text.len == 0; /* of a command without such options: then there is no p */
    if (st == ST_OK && ((!empty && fwrite(text.p, 1, text.len, to) != text.len) || fflush(to) != 0))
        st = ST_IO;
    strbuf_free(&value);
    strbuf_free(&text);
    return st;
}
