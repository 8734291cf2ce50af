/* expect_codes - compares a set of findings with a list of codes, for the tests of judgement. */
#ifndef TESTS_UNIT_EXPECT_CODES_H
#define TESTS_UNIT_EXPECT_CODES_H

#include "lib/findings.h"

/* Fails the test unless the findings are exactly those of `want`: codes in table order, separated
 * by one space, each as often as it was added. `input` is shown on failure. */
void expect_codes(struct findings *f, struct slice input, const char *want);

/* The same text, for golden files: from the findings' arena. */
const char *codes_text(struct findings *f);

#endif
