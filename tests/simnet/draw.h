/*
 * draw: chance that is a pure function of (seed, salt, text).
 *
 * Each aspect of a host is drawn with a salt of its own, so that a change of one aspect leaves all
 * others as they were. A draw gives a sequence of numbers; copies go on independently.
 */
#ifndef SIMNET_DRAW_H
#define SIMNET_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SALTS = 3 }; /* at once */

struct sim_draw {
    uint64_t state;
};

/* FNV-1a over the text, finished by the mixer of splitmix64 (both in the public domain). */
uint64_t sim_hash(uint64_t seed, const char *salt, const char *text, size_t len);

/* Several salts of one seed, hashed ahead: then a text takes one pass for all. */
struct sim_salts {
    uint64_t begun[SIM_SALTS];
};

struct sim_salts sim_salts_new(uint64_t seed, const char *const salts[SIM_SALTS]);
/* What sim_hash() gives with each. */
void sim_hash_salts(const struct sim_salts *salts, const char *text, size_t len,
                    uint64_t out[SIM_SALTS]);

struct sim_draw sim_draw_new(uint64_t seed, const char *salt, const char *text);
uint64_t sim_draw_next(struct sim_draw *draw);
/* 0 .. n-1; n > 0. */
uint32_t sim_draw_below(struct sim_draw *draw, uint32_t n);
/* True in `per_mille` of 1000 cases. */
bool sim_draw_chance(struct sim_draw *draw, uint32_t per_mille);

#endif
