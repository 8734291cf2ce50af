/* check - what every fuzz target asks of the findings that it made; abort() is the finding. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include "lib/evidence.h"
#include "lib/findings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_RRS_MAX = 8 };

/* Aborts unless cond holds. */
void check(bool cond);

/* Valid UTF-8 throughout. NULL is fine. */
void check_text(const char *text);

/* Every target and detail is UTF-8, the set has no error, and `valid` says that none has the rule
 * void (none of effect F when by_effect). */
void check_findings(const struct findings *f, bool valid, bool by_effect);

/* The input as TXT RRs, one a line, at most FUZZ_RRS_MAX; a line beginning with TAB has two
 * strings. */
size_t split_rrs(const uint8_t *data, size_t size, struct txt_rr rr[FUZZ_RRS_MAX]);

#endif
