/* note - how the parsers of record, policy and TLSRPT add findings: from slices, a few a code.
 *
 * The bytes are a stranger's: a body can hold thousands of faults of one kind. The first
 * NOTE_PER_CODE_MAX of a code are named, so that no flood of one kind hides another. */
#ifndef LIB_NOTE_H
#define LIB_NOTE_H

#include "lib/findings.h"

enum { NOTE_PER_CODE_MAX = 16 }; /* findings of one code that one input can add */

#define NO_SLICE ((struct slice){NULL, 0})

/* Adds one finding; NO_SLICE stands for null in target and detail. True when the code's rule is
 * void, also when the finding is one too many to be named. */
bool note(struct findings *f, enum finding_code code, struct slice target, struct slice detail);

#endif
