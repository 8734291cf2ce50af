#include "tests/simnet/draw.h"

#include <string.h>

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
        h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
    return h;
}

uint64_t sim_hash(uint64_t seed, const char *salt, const char *text, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u ^ mix(seed);
    h = fnv1a(h, salt, strlen(salt));
    h = fnv1a(h, "", 1); /* the NUL keeps ("ab","c") and ("a","bc") apart */
    return mix(fnv1a(h, text, len));
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
