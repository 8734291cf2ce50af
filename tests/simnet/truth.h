/*
 * truth: writes what a perfect scan must report, one line of NDJSON per input line.
 */
#ifndef SIMNET_TRUTH_H
#define SIMNET_TRUTH_H

#include "tests/simnet/truth_rules.h"

#include <stdio.h>

/* {"index":0,"domain":"example.com","adoption":"absent","verdict":"not_applicable","cause":null,
 *  "codes":[]} for every name of the list at `names`; `domain` is null for an invalid line. False,
 * with a sentence on stderr, when the list cannot be read or the file cannot be written. */
bool sim_truth_write(const struct sim_world *world, enum sim_truth_mode mode, const char *names,
                     const char *path);

#endif
