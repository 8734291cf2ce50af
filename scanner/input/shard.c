#include "scanner/input/shard.h"

/* FNV-1a over the bytes, started from the seed and finished by the mixer of splitmix64, since the
 * high bits of FNV alone are not uniform for short names. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t shard_hash(uint64_t seed, struct slice name)
{
    uint64_t h = 0xcbf29ce484222325u ^ mix(seed + 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3u;
    return mix(h);
}

bool shard_takes(uint64_t seed, uint32_t shards, uint32_t shard, struct slice name)
{
    return shards <= 1 || shard_hash(seed, name) % shards == shard;
}

bool sample_takes(uint64_t seed, double p, struct slice name)
{
    /* 53 bits fit a double exactly. */
    const double scale = 1.0 / 9007199254740992.0;
    return p >= 1.0 || (double)(shard_hash(~seed, name) >> 11) * scale < p;
}
