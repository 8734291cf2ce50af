/* hash - numbers spread over all 64 bits: for tables, for shards, and for chance that can be had
 * again. Not for cryptography.
 *
 * The finaliser of splitmix64 (Steele, Lea and Flood 2014; in the public domain): a bijection in
 * which every input bit reaches every output bit. */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stdint.h>

/* Between two states of splitmix64: of numbers at random, the next is hash_mix(state += this). */
#define HASH_STEP UINT64_C(0x9e3779b97f4a7c15)

/* 0 stays 0. */
static inline uint64_t hash_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A number's hash; small ones, and 0, are spread as well. */
static inline uint64_t hash_u64(uint64_t key)
{
    return hash_mix(key + HASH_STEP);
}

#endif
