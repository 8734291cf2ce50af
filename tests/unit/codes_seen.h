/* codes_seen - which codes of the table the unit tests have seen appear.
 *
 * Each test program keeps its own set and writes it to $BUILD/codes-seen/PROGRAM when it exits;
 * test_zz_codes, which runs last, adds them up. */
#ifndef TESTS_UNIT_CODES_SEEN_H
#define TESTS_UNIT_CODES_SEEN_H

#include "lib/findings.h"

/* A test has just asserted that this code appears where it should. */
void codes_seen_add(enum finding_code code);

/* Sets seen[code] for all codes of all programs that have run; the number of programs. */
size_t codes_seen_load(bool seen[FINDING_CODE_COUNT]);

#endif
