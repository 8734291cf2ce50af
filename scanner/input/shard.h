/* shard - which names belong to this run: a deterministic split and a seeded sample.
 *
 * Both depend on (seed, name) alone, so that streams, compressed files and repeated names split
 * alike on every machine. */
#ifndef SCANNER_INPUT_SHARD_H
#define SCANNER_INPUT_SHARD_H

#include "lib/bytes.h"

/* 64 well-mixed bits of (seed, name). Fixed for ever: outputs of shards rely on it. */
uint64_t shard_hash(uint64_t seed, struct slice name);
/* name belongs to shard `shard` of `shards` (1 or more). */
bool shard_takes(uint64_t seed, uint32_t shards, uint32_t shard, struct slice name);
/* name belongs to a sample of the fraction p (0 to 1), independently of its shard. */
bool sample_takes(uint64_t seed, double p, struct slice name);

#endif
