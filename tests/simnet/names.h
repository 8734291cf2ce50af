/*
 * names: plausible domain names for a demonstration.
 */
#ifndef SIMNET_NAMES_H
#define SIMNET_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* `count` lines `rank,domain`, no name twice, the same for the same seed. False on a write error.
 */
bool sim_names_print(uint64_t seed, uint64_t count, FILE *out);

#endif
