/* config_line - one line of a configuration file, `name = value` or `name value`, read and written.
 *
 * A value stands as it is, or between double quotes with \" and \\ inside; `#` begins a comment at
 * the beginning of a line or after white space. The programs' --config and --dump-config share it;
 * what the names mean is theirs. Pure: no I/O, any thread. */
#ifndef LIB_CONFIG_LINE_H
#define LIB_CONFIG_LINE_H

#include "lib/bytes.h"

enum { CONFIG_LINE_MAX_BYTES = 4096 }; /* with its end; callers refuse longer ones */

struct config_line {
    char *name;  /* NULL: a blank line or a comment */
    char *value; /* NULL: the name stands alone */
};

/* Splits a line in place; *out points into it. NULL, or why not (static text). */
const char *config_line_split(char *line, struct config_line *out);
/* Appends `name = value` and a line feed, quoted where config_line_split needs it; without a value
 * (NULL) a comment that says so. Errors stay in out->error. */
void config_line_add(struct strbuf *out, const char *name, const char *value);
/* yes, true, on, 1 and no, false, off, 0 in any case; a flag that stands alone (NULL) is on. False:
 * neither. */
bool config_flag(const char *value, bool *out);

#endif
