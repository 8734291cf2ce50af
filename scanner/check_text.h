/* check_text - one judged domain in words, for a person at a terminal.
 *
 * Everything that came from outside goes through put_wire: control characters, C1 controls and
 * characters that turn the direction of writing are shown as \xhh, so that nobody's DNS record can
 * drive the terminal. */
#ifndef SCANNER_CHECK_TEXT_H
#define SCANNER_CHECK_TEXT_H

#include "lib/judge.h"
#include <stdio.h>

enum { CHECK_COLUMNS = 90 };

struct check_style {
    bool colour; /* ANSI colours */
    bool utf8;   /* marks may be other than ASCII */
};

/* Components, verdict, findings and what to publish. */
void check_print(const struct evidence *e, const struct judgement *j,
                 const struct check_style *style, FILE *to);

/* Exit code for one domain (contract): 1 with a finding of effect B or F; 4 when adoption or
 * verdict is undetermined; else 0. */
int check_exit_code(const struct judgement *j);

/* Text of unknown origin, harmless to a terminal. */
void put_wire(FILE *to, struct slice text);

/* Words for a verdict: what a sender will do. Static. */
const char *check_verdict_words(enum verdict v, enum adoption a);
const char *check_effect_words(enum effect effect);

#endif
