/* scan_identity - which scan it is: the input and every option that decides what records say.
 *
 * Options that only decide how fast, from where or how patiently it is scanned (rates, workers,
 * resolvers, deadlines, the blocklist) may differ between the runs of one scan. Which count is said
 * once, in options_table.c (`same`). */
#ifndef SCANNER_SCAN_IDENTITY_H
#define SCANNER_SCAN_IDENTITY_H

#include "scanner/input/fingerprint.h"
#include "scanner/options.h"

/* As a JSON object in one line, appended to out. */
enum status scan_identity_write(const struct scan_options *o, const struct fingerprint *input,
                                struct strbuf *out);
/* Whether two of them are the same; if not, `why` names the first difference for the user. */
bool scan_identity_equal(struct slice then, struct slice now, char *why, size_t why_size);

#endif
