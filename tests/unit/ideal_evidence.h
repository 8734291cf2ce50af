/*
 * ideal_evidence: what a perfect scanner would see of a domain of the simulated world.
 *
 * Stands in for the network between the world and the judgement, so that the two can be held
 * against each other without one.
 */
#ifndef TESTS_UNIT_IDEAL_EVIDENCE_H
#define TESTS_UNIT_IDEAL_EVIDENCE_H

#include "lib/evidence.h"
#include "tests/simnet/truth_rules.h"

/* Fills *e (initialized, empty) as a scan in that mode would. Strings point into *d or into e's
 * arena. */
void ideal_evidence(const struct sim_domain *d, enum sim_truth_mode mode, struct evidence *e);

#endif
