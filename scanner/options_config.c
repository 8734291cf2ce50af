/* options_config: files of `name = value` lines, read and written.
 *
 * A value stands as it is, or between double quotes with \" and \\ inside; `#` begins a comment at
 * the beginning of a line or after white space. A flag may stand without a value. */
#include "scanner/options_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_LINE_MAX_BYTES = 4096 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes the quoted value at p (its opening quote) into place; NULL, or why not. */
static const char *unquote(char *p, char **value)
{
    char *out = p;
    *value = p;
    for (char *in = p + 1;; in++) {
        if (*in == '\0')
            return "a quote is not closed";
        if (*in == '"') {
            *out = '\0';
            for (in++; is_space(*in); in++)
                ;
            return *in == '\0' || *in == '#' ? NULL : "text follows the closing quote";
        }
        if (*in == '\\' && (in[1] == '"' || in[1] == '\\'))
            in++;
        *out++ = *in;
    }
}

/* Splits a line in place. *name is NULL for a blank one, *value NULL when there is none. */
static const char *split(char *line, char **name, char **value)
{
    char *p = line;
    *name = *value = NULL;
    while (is_space(*p))
        p++;
    if (*p == '\0' || *p == '#')
        return NULL;
    *name = p;
    while (*p != '\0' && *p != '=' && !is_space(*p))
        p++;
    char *name_end = p;
    while (is_space(*p))
        p++;
    bool equals = *p == '=';
    for (p += equals; is_space(*p); p++)
        ;
    if (*p == '"') {
        const char *why = unquote(p, value);
        *name_end = '\0';
        return why;
    }
    char *end = p;
    while (*end != '\0' && !(*end == '#' && (end == p || is_space(end[-1]))))
        end++;
    while (end > p && is_space(end[-1]))
        end--;
    *end = '\0';
    *name_end = '\0';
    if (end > p || equals)
        *value = end > p ? p : end;
    return NULL;
}

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
        char *name, *value;
        const char *bad =
            strlen(line) + 1 == sizeof line ? "the line is too long" : split(line, &name, &value);
        if (bad) {
            snprintf(why, sizeof why, "%s", bad);
            st = ST_USAGE;
        } else if (name) {
            st = apply(name, value, command, o, why, sizeof why);
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

static void put_value(FILE *to, const char *value)
{
    size_t len = strlen(value);
    bool plain = len > 0 && value[0] != '"' && !strchr(value, '#') && !is_space(value[0]) &&
                 !is_space(value[len - 1]);
    if (plain) {
        fputs(value, to);
        return;
    }
    fputc('"', to);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', to);
        fputc(*value, to);
    }
    fputc('"', to);
}

enum status options_dump(enum options_command command, const struct scan_options *o, FILE *to)
{
    struct strbuf value;
    strbuf_init(&value, CONFIG_LINE_MAX_BYTES);
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *row = &option_rows[i];
        if (!(row->commands & command) || row->later || row->type == OPTION_ACTION ||
            row->type == OPTION_FLAG_OFF)
            continue;
        size_t n = option_count(row, o);
        if (n == 0)
            fprintf(to, "# %s is not set\n", row->name);
        for (size_t k = 0; k < n; k++) {
            strbuf_clear(&value);
            if (option_format(row, o, k, &value) != ST_OK)
                break;
            fprintf(to, "%s = ", row->name);
            put_value(to, value.p ? value.p : "");
            fputc('\n', to);
        }
    }
    enum status st = value.error;
    strbuf_free(&value);
    return st != ST_OK ? st : ferror(to) ? ST_IO : ST_OK;
}
