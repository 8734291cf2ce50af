#include "scanner/input/shard.h"

#include "lib/hash.h"

/* FNV-1a over the bytes, begun with the seed and mixed in the end, since the high bits of FNV alone
 * are not uniform for short names. */
uint64_t shard_hash(uint64_t seed, struct slice name)
{
    uint64_t h = 0xcbf29ce484222325u ^ hash_u64(seed);
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3u;
    return hash_mix(h);
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
