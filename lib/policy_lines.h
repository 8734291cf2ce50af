/* policy_lines - the bytes of a policy body: quotes, comments, and a policy whose lines are none.
 * Pure. */
#ifndef LIB_POLICY_LINES_H
#define LIB_POLICY_LINES_H

#include "lib/policy.h"

/* s without quotes around it. A text that begins with a quote ends at its second one, whatever
 * follows (a comma, in JSON). */
struct slice policy_unquote(struct slice s);

bool policy_text_contains(struct slice s, struct slice sub); /* exact bytes */

extern const struct slice policy_u2028; /* LINE SEPARATOR in UTF-8: pol_eol_cr */

/* `#` or `//` is the first that stands on the line. */
bool policy_line_is_comment(const struct policy_line *line);

/* Finds a line with a line end written out as text (`\n`, `\r`) in a standard field, or with the
 * single keys all on it: then no line of the body can be trusted. */
bool policy_find_escaped_line(struct slice body, struct slice *raw);

#endif
