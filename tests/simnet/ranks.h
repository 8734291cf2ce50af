/*
 * ranks: the ranks of a list's names, for worlds whose adoption falls with the rank.
 *
 * A world knows no list; this is the one thing that it can be told of one. Immutable once read, so
 * that all threads may ask.
 */
#ifndef SIMNET_RANKS_H
#define SIMNET_RANKS_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_RANKS_MAX = 20000000 }; /* names of a list; 16 bytes each */

struct sim_ranks;

/* Reads `path`, a list in the order of its ranks or rank,domain CSV, plain or zstd. False, with a
 * sentence on stderr, when it cannot be read. Lines that hold no name count as lines. */
bool sim_ranks_read(const char *path, struct sim_ranks **out);
void sim_ranks_free(struct sim_ranks *ranks);

/* The rank of a normalized name, from 1; the first where the list has it twice; 0: none. */
uint32_t sim_ranks_find(const struct sim_ranks *ranks, const char *name);

#endif
