/*
 * normalize: an input line's name as the contract reads it: lower-case A-labels, no final dot.
 *
 * Written apart from the scanner's own, so that the truth does not repeat its errors.
 */
#ifndef SIMNET_NORMALIZE_H
#define SIMNET_NORMALIZE_H

#include "tests/simnet/world.h"

/* False: the line is no domain name (invalid_input): empty label, label over 63, name over 253, a
 * character other than letters, digits, hyphen, underscore, one label only, an IPv4 address, or not
 * IDNA2008. White space around it and one final dot are taken off. */
bool sim_normalize(const char *text, size_t len, char out[SIM_NAME_MAX]);

#endif
