/* record_fields - the fields of one _mta-sts TXT record (RFC 8461 3.1, ABNF). Pure. */
#ifndef LIB_RECORD_FIELDS_H
#define LIB_RECORD_FIELDS_H

#include "lib/findings.h"

/* Judges an STS-like text as a record and adds its sts_* findings. *is_void: one of them has rule
 * void. *id: the value of the first `id` field, from f->arena; p NULL when there is none. */
enum status record_fields_judge(struct slice text, struct findings *f, struct slice *id,
                                bool *is_void);

/* The value of the first `id` field as a slice into text; p NULL when there is none. */
struct slice record_fields_id(struct slice text);

/* sts-ext-name of RFC 8461 3.1 (and of 3.2, and of RFC 8460 3): 1-32 of letters, digits, `_`, `-`
 * and `.`, the first one a letter or digit. */
bool record_ext_name_ok(struct slice name);
/* sts-ext-value of RFC 8461 3.1 (and of RFC 8460 3): not empty; no `=`, `;`, space, control. */
bool record_ext_value_ok(struct slice value);

#endif
