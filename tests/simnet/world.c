#include "tests/simnet/world.h"

#include "tests/simnet/domain.h"
#include "tests/simnet/groups.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/ranks.h"
#include "tests/simnet/world_data.h"

#include <inttypes.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adoption by top-level domain, in parts of 100,000 (IMC 2025: 0.07 to 1.2 %). */
struct tld_share {
    const char *tld;
    uint32_t share;
};

struct version {
    const char *name;
    struct sim_shares shares;
    const struct tld_share *tlds; /* ends with a NULL tld: all others */
    const struct rank_share *ranks;
};

static const struct tld_share imc2025_tlds[] = {
    {"com", 700}, {"org", 820}, {"net", 760}, {"nl", 1200}, {"de", 1100}, {"se", 1200},
    {"ch", 1100}, {"uk", 1000}, {"gov", 900}, {"dk", 1150}, {"eu", 1000}, {"io", 1050},
    {"au", 800},  {"fr", 650},  {"edu", 500}, {"br", 250},  {"in", 300},  {"jp", 90},
    {"ru", 80},   {"cn", 70},   {"ir", 70},   {"kr", 80},   {"mil", 80},  {NULL, 600},
};

/* Of a list of the million most visited (Tranco): by rank, linear in between. */
struct rank_share {
    uint32_t rank, share;
};

enum { RANK_POINTS = 5 };

static const struct rank_share imc2025_ranks[RANK_POINTS] = {
    {10000, 1200}, {31623, 1000}, {100000, 800}, {316228, 600}, {1000000, 400}};
/* 0.7 % on the whole. */
static const struct rank_share y2026_ranks[RANK_POINTS] = {
    {10000, 1480}, {31623, 1230}, {100000, 980}, {316228, 735}, {1000000, 490}};

static const struct tld_share y2026_tlds[] = {{"ru", 120}, {"cn", 110}, {NULL, 730}};

/* 29.6 % of adopters are misconfigured (IMC 2025). A year later one in five. A version that stands
 * here stays as it is: test_simworld.c holds each to a fingerprint of its truth. */
static const struct version versions[] = {
    {"imc2025-v1",
     {.fault = 296, .trouble = 15, .oddity = 120, .hosted = 330, .missing = 60, .own_mx = 240},
     imc2025_tlds,
     imc2025_ranks},
    {"2026-v1",
     {.fault = 200, .trouble = 15, .oddity = 140, .hosted = 420, .missing = 60, .own_mx = 240},
     y2026_tlds,
     y2026_ranks},
    {"imc2025-v2",
     {.fault = 296, .trouble = 15, .oddity = 120, .hosted = 330, .missing = 60, .own_mx = 240},
     imc2025_tlds,
     imc2025_ranks},
    /* 96 % of domains have their mail at hosts that they share with others. */
    {"imc2025-v3",
     {.fault = 296, .trouble = 15, .oddity = 120, .hosted = 330, .missing = 60, .own_mx = 40},
     imc2025_tlds,
     imc2025_ranks},
    {"2026-v2",
     {.fault = 200, .trouble = 15, .oddity = 140, .hosted = 420, .missing = 60, .own_mx = 40},
     y2026_tlds,
     y2026_ranks},
};

enum { VERSIONS = sizeof versions / sizeof versions[0] };

enum { PARTS = 100000 };

struct sim_world {
    const struct version *version;
    uint64_t seed;
    struct sim_salts salts;
    bool fixed_share;
    uint32_t share; /* of PARTS, when fixed */
    uint32_t stuck; /* of PARTS */
    bool stuck_calm;
    const struct sim_ranks *ranks;
    uint32_t group_size;
    const psl_ctx_t *psl;
};

static const char *const salts[SIM_SALTS] = {"domain", "absent", "missing"};

bool sim_world_new(const struct sim_world_options *options, struct sim_world **out,
                   const char **why)
{
    const struct version *version = NULL;
    *out = NULL;
    for (size_t i = 0; i < VERSIONS; i++)
        if (strcmp(options->version == NULL ? SIM_WORLD_DEFAULT : options->version,
                   versions[i].name) == 0)
            version = &versions[i];
    *why = "no such world (see --help)";
    if (version == NULL)
        return false;
    *why = "the adoption share is a percentage, 0 to 100";
    if (!(options->adoption_pct <= 100))
        return false;
    *why = "the share of stuck names is a percentage, 0 to 100";
    if (!(options->stuck_pct >= 0 && options->stuck_pct <= 100))
        return false;
    *why = "libpsl has no list built in";
    const psl_ctx_t *psl = psl_builtin();
    if (psl == NULL)
        return false;
    *why = "out of memory";
    struct sim_world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return false;
    w->version = version;
    w->seed = options->seed;
    w->salts = sim_salts_new(w->seed, salts);
    w->fixed_share = options->adoption_pct >= 0;
    w->share = w->fixed_share ? (uint32_t)(options->adoption_pct * (PARTS / 100) + 0.5) : 0;
    w->stuck = (uint32_t)(options->stuck_pct * (PARTS / 100) + 0.5);
    w->stuck_calm = options->stuck_calm;
    w->ranks = options->ranks;
    w->group_size = options->group_size;
    w->psl = psl;
    *out = w;
    return true;
}

void sim_world_free(struct sim_world *world)
{
    free(world);
}

uint64_t sim_world_seed(const struct sim_world *world)
{
    return world->seed;
}

const struct sim_salts *sim_world_salts(const struct sim_world *world)
{
    return &world->salts;
}

uint32_t sim_world_group_size(const struct sim_world *world)
{
    return world->group_size;
}

const struct sim_shares *sim_world_shares(const struct sim_world *world)
{
    return &world->version->shares;
}

unsigned sim_world_number(const struct sim_world *world)
{
    return (unsigned)(world->version - versions);
}

/* Two labels are either a registrable domain or a public suffix, which has none: the name itself in
 * both cases, and the list need not be asked. */
const char *sim_registrable(const struct sim_world *world, const char *name)
{
    const char *dot = strchr(name, '.');
    if (dot == NULL || strchr(dot + 1, '.') == NULL)
        return name;
    const char *registrable = psl_registrable_domain(world->psl, name);
    return registrable == NULL ? name : registrable;
}

bool sim_is_missing(const struct sim_world *world, const char *registrable)
{
    return sim_is_missing_by(world, sim_draw_new(world->seed, salts[2], registrable));
}

bool sim_is_missing_by(const struct sim_world *world, struct sim_draw draw)
{
    return sim_draw_chance(&draw, world->version->shares.missing);
}

bool sim_is_service_name(const char *name)
{
    return name[0] == '_' || strncmp(name, "mta-sts.", 8) == 0 || strncmp(name, "simnet-", 7) == 0;
}

static uint32_t share_at(const struct rank_share *points, uint32_t rank)
{
    if (rank <= points[0].rank)
        return points[0].share;
    size_t i = 1;
    while (i < RANK_POINTS - 1 && rank > points[i].rank)
        i++;
    const struct rank_share *from = &points[i - 1], *to = &points[i];
    if (rank >= to->rank)
        return to->share;
    uint64_t fall = from->share - to->share, way = rank - from->rank;
    return from->share - (uint32_t)(fall * way / (to->rank - from->rank));
}

static uint32_t share_of(const struct sim_world *world, const char *name)
{
    if (world->fixed_share)
        return world->share;
    uint32_t rank = world->ranks == NULL ? 0 : sim_ranks_find(world->ranks, name);
    if (rank > 0)
        return share_at(world->version->ranks, rank);
    const char *dot = strrchr(name, '.');
    const char *tld = dot == NULL ? name : dot + 1;
    const struct tld_share *t = world->version->tlds;
    while (t->tld != NULL && strcmp(t->tld, tld) != 0)
        t++;
    return t->share;
}

/* A name that no certificate and no MX name can hold stays without: hyphens at a label's end,
 * underscores, names that leave no room for labels of ours. */
static bool can_adopt(const char *name)
{
    size_t n = strlen(name);
    if (n > SIM_ADOPTER_NAME_MAX || strchr(name, '.') == NULL || strchr(name, '_') != NULL ||
        name[0] == '-' || name[n - 1] == '-' || strstr(name, ".-") != NULL ||
        strstr(name, "-.") != NULL)
        return false;
    return !sim_is_service_name(name) && !sim_is_infrastructure(name);
}

static bool is_there(const struct sim_world *world, const char *name)
{
    return can_adopt(name) && !sim_is_missing(world, sim_registrable(world, name));
}

static bool is_extra(const struct sim_world *world, const char *name)
{
    return world->stuck > 0 &&
           sim_hash(world->seed, "stuck", name, strlen(name)) % PARTS < world->stuck &&
           is_there(world, name);
}

bool sim_domain_is_stuck(const struct sim_world *world, const char *name)
{
    return !world->stuck_calm && is_extra(world, name);
}

bool sim_domain_adopts(const struct sim_world *world, const char *name)
{
    struct sim_group group;
    if (sim_group_of(world, name, &group))
        return can_adopt(name);
    uint32_t share = share_of(world, name);
    bool drawn = share > 0 && sim_hash(world->seed, "adoption", name, strlen(name)) % PARTS < share;
    return (drawn && is_there(world, name)) || is_extra(world, name);
}

void sim_name_join(const char *label, const char *name, char out[SIM_NAME_MAX])
{
    size_t l = strlen(label), n = strlen(name);
    if (l + 1 + n >= SIM_NAME_MAX)
        n = SIM_NAME_MAX - l - 2;
    memcpy(out, label, l);
    out[l] = '.';
    memcpy(out + l + 1, name, n);
    out[l + 1 + n] = '\0';
}

void sim_hosted_id(const char *target, char out[SIM_HOSTED_ID_BYTES])
{
    uint64_t h = sim_hash(0, "hosted-id", target, strlen(target));
    snprintf(out, SIM_HOSTED_ID_BYTES, "%020" PRIu64, h);
}
