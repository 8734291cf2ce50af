/* random_evidence - evidence drawn from a seed: every enum value, every optional member, hostile
 * bytes. The same seed gives the same evidence. */
#ifndef TESTS_UNIT_RANDOM_EVIDENCE_H
#define TESTS_UNIT_RANDOM_EVIDENCE_H

#include "lib/evidence.h"

/* Fills e, which must be initialised or reset. */
void random_evidence(struct evidence *e, uint64_t seed);

#endif
