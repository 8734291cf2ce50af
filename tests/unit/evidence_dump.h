/* evidence_dump - every field of an evidence as text, independent of the record's writer, so that a
 * test can tell whether something was lost on the way. */
#ifndef TESTS_UNIT_EVIDENCE_DUMP_H
#define TESTS_UNIT_EVIDENCE_DUMP_H

#include "lib/evidence.h"

void evidence_dump(const struct evidence *e, struct strbuf *out);

#endif
