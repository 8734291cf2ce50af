#include "tests/simnet/draw.h"

#include <string.h>

#define FNV_PRIME 0x100000001b3u

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t fnv1a(uint64_t h, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)text[i]) * FNV_PRIME;
    return h;
}

/* The NUL of the salt keeps ("ab","c") and ("a","bc") apart. */
static uint64_t begin(uint64_t seed, const char *salt)
{
    return fnv1a(0xcbf29ce484222325u ^ mix(seed), salt, strlen(salt) + 1);
}

uint64_t sim_hash(uint64_t seed, const char *salt, const char *text, size_t len)
{
    return mix(fnv1a(begin(seed, salt), text, len));
}

struct sim_salts sim_salts_new(uint64_t seed, const char *const salts[SIM_SALTS])
{
    struct sim_salts s;
    for (size_t i = 0; i < SIM_SALTS; i++)
        s.begun[i] = begin(seed, salts[i]);
    return s;
}

/* A byte's step waits for the multiplication of the one before: three hashes take no longer. */
void sim_hash_salts(const struct sim_salts *salts, const char *text, size_t len,
                    uint64_t out[SIM_SALTS])
{
    uint64_t a = salts->begun[0], b = salts->begun[1], c = salts->begun[2];
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        a = (a ^ byte) * FNV_PRIME;
        b = (b ^ byte) * FNV_PRIME;
        c = (c ^ byte) * FNV_PRIME;
    }
    out[0] = mix(a);
    out[1] = mix(b);
    out[2] = mix(c);
}

struct sim_draw sim_draw_new(uint64_t seed, const char *salt, const char *text)
{
    return (struct sim_draw){.state = sim_hash(seed, salt, text, strlen(text))};
}

uint64_t sim_draw_next(struct sim_draw *draw)
{
    draw->state += 0x9e3779b97f4a7c15u;
    return mix(draw->state);
}

uint32_t sim_draw_below(struct sim_draw *draw, uint32_t n)
{
    return (uint32_t)(((sim_draw_next(draw) >> 32) * n) >> 32);
}

bool sim_draw_chance(struct sim_draw *draw, uint32_t per_mille)
{
    return sim_draw_below(draw, 1000) < per_mille;
}
