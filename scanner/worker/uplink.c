#include "scanner/worker/uplink.h"

#include "lib/hash.h"

#include <stdlib.h>

enum {
    KNOWN_SLOTS = 4096,   /* networks that answered, */
    SILENT_SLOTS = 16384, /* and whose silence was believed; who finds no slot takes another's */
    TRIED_SLOTS = 1024,   /* networks tried since somebody was heard */
    SHARE_OF = 4096,      /* of so many networks the share of answers is learnt, older ones fade */
};

/* A network that was tried since somebody was heard: of the gap with that number. */
struct tried {
    uint32_t tag, gap;
    uint16_t chance_milli;
    bool in_vain, known;
};

/* What stands for one service. */
struct uplink_channel {
    bool ever;                   /* anybody answered */
    uint32_t answered, silent;   /* networks, for the share of answers */
    uint32_t missed, missed_now; /* thousandths of answers: expected; of tries that have ended */
};

struct uplink {
    enum uplink_state state;
    bool other_family; /* was heard */
    uint64_t try_us, doubt_us, outage_us;
    struct uplink_channel channel[UPLINK_SERVICES];
    /* The gap: since somebody was heard. */
    uint64_t heard_us;                  /* 0: nobody ever */
    uint64_t first_us;                  /* the first try that counts; 0: none */
    uint64_t ripe_us;                   /* when it is long enough; 0: not yet */
    uint32_t gap, lost, lost_elsewhere; /* its number; known networks in it, and in others' */
    uint64_t suspected_us;              /* when it was, */
    uint64_t down_us;                   /* all outages that are over */
    uint32_t last_ms;                   /* the last of them */
    bool canary;                        /* one is under way, */
    uint64_t canary_us;                 /* or may be from here on */
    uint32_t known[KNOWN_SLOTS], silent[SILENT_SLOTS]; /* tags */
    struct tried tried[TRIED_SLOTS];
};

enum status uplink_new(uint32_t shortest_ms, uint32_t longest_ms, uplink **out)
{
    uplink *l = calloc(1, sizeof *l);
    if (!l)
        return ST_NOMEM;
    uint32_t try_ms = shortest_ms / 2 < UPLINK_TRY_MS ? shortest_ms / 2 : UPLINK_TRY_MS;
    l->try_us = try_ms * 1000ULL;
    l->doubt_us = longest_ms * 1000ULL * UPLINK_DOUBT_DEADLINES;
    l->outage_us = longest_ms * 1000ULL * UPLINK_OUTAGE_DEADLINES;
    l->gap = 1;
    *out = l;
    return ST_OK;
}

void uplink_free(uplink *l)
{
    free(l);
}

/* ---- what is remembered of networks --------------------------------------------------------- */

/* Of a network and service: the low bits say where it stands, the high ones what stands there. */
static uint64_t hash_of(const struct net_addr *ip, enum uplink_service service)
{
    return hash_u64(hash_u64(addr_prefix_key(ip)) + (uint64_t)service);
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

static bool has(const uint32_t *table, uint32_t slots, uint64_t hash)
{
    return table[hash % slots] == tag_of(hash);
}

/* True: it is new. */
static bool put(uint32_t *table, uint32_t slots, uint64_t hash)
{
    bool fresh = !has(table, slots, hash);
    table[hash % slots] = tag_of(hash);
    return fresh;
}

static void take_out(uint32_t *table, uint32_t slots, uint64_t hash)
{
    if (has(table, slots, hash))
        table[hash % slots] = 0;
}

bool uplink_is_known(const uplink *l, const struct net_addr *ip, enum uplink_service service)
{
    return has(l->known, KNOWN_SLOTS, hash_of(ip, service));
}

static void learn(struct uplink_channel *c, bool answered)
{
    if (c->answered + c->silent == SHARE_OF) {
        c->answered /= 2;
        c->silent /= 2;
    }
    c->answered += answered;
    c->silent += !answered;
}

static uint32_t chance_milli(const uplink *l, uint64_t hash, enum uplink_service service)
{
    const struct uplink_channel *c = &l->channel[service];
    if (has(l->silent, SILENT_SLOTS, hash))
        return 0;
    if (has(l->known, KNOWN_SLOTS, hash))
        return 1000;
    return 1000 * (c->answered + 1) / (c->answered + c->silent + 1);
}

void uplink_knew(uplink *l, const struct net_addr *ip, enum uplink_service service)
{
    put(l->known, KNOWN_SLOTS, hash_of(ip, service));
}

void uplink_believed(uplink *l, const struct net_addr *ip, enum uplink_service service)
{
    uint64_t hash = hash_of(ip, service);
    if (put(l->silent, SILENT_SLOTS, hash))
        learn(&l->channel[service], false);
    take_out(l->known, KNOWN_SLOTS, hash);
}

/* ---- the gap -------------------------------------------------------------------------------- */

bool uplink_was_heard(const uplink *l)
{
    return l->heard_us > 0;
}

static bool counts(const uplink *l, const struct uplink_channel *c)
{
    return c->ever || (!uplink_was_heard(l) && !l->other_family);
}

static bool is_enough(const uplink *l, bool now)
{
    uint64_t missed = 0;
    for (int i = 0; i < UPLINK_SERVICES; i++)
        if (counts(l, &l->channel[i]))
            missed += now ? l->channel[i].missed_now : l->channel[i].missed;
    return missed >= UPLINK_MISSED_MILLI;
}

void uplink_tried(uplink *l, const struct net_addr *ip, enum uplink_service service,
                  uint64_t now_us)
{
    uint64_t hash = hash_of(ip, service);
    uint32_t chance = chance_milli(l, hash, service);
    struct tried *t = &l->tried[hash % TRIED_SLOTS];
    if (chance == 0 || (t->gap == l->gap && t->tag == tag_of(hash)))
        return;
    *t = (struct tried){.tag = tag_of(hash),
                        .gap = l->gap,
                        .chance_milli = (uint16_t)chance,
                        .known = has(l->known, KNOWN_SLOTS, hash)};
    l->lost += t->known;
    l->channel[service].missed += chance;
    if (l->first_us == 0)
        l->first_us = now_us;
    if (l->ripe_us == 0 && is_enough(l, false))
        l->ripe_us = now_us + l->try_us;
}

void uplink_in_vain(uplink *l, const struct net_addr *ip, enum uplink_service service)
{
    uint64_t hash = hash_of(ip, service);
    struct tried *t = &l->tried[hash % TRIED_SLOTS];
    if (t->gap != l->gap || t->tag != tag_of(hash) || t->in_vain)
        return;
    t->in_vain = true;
    l->channel[service].missed_now += t->chance_milli;
}

/* When the silence began, as far as it counts as an outage. */
static uint64_t silent_from(const uplink *l)
{
    return uplink_was_heard(l) ? l->heard_us : l->first_us;
}

static uint64_t open_us(const uplink *l, uint64_t now_us)
{
    bool open = l->state == UPLINK_SUSPECTED || l->state == UPLINK_GIVEN_UP;
    return open && now_us > silent_from(l) ? now_us - silent_from(l) : 0;
}

uint32_t uplink_silent_ms(const uplink *l, uint64_t now_us)
{
    uint64_t from = silent_from(l);
    return from > 0 && now_us > from ? (uint32_t)((now_us - from) / 1000) : 0;
}

void uplink_heard_at(uplink *l, enum uplink_service service, uint64_t at_us)
{
    l->channel[service].ever = true;
    if (at_us <= l->heard_us)
        return;
    l->down_us += open_us(l, at_us);
    if (l->state != UPLINK_UP)
        l->last_ms = uplink_silent_ms(l, at_us);
    l->heard_us = at_us;
    l->first_us = l->ripe_us = 0;
    l->lost = 0;
    for (int i = 0; i < UPLINK_SERVICES; i++)
        l->channel[i].missed = l->channel[i].missed_now = 0;
    l->gap++;
    l->state = UPLINK_UP;
}

void uplink_heard(uplink *l, const struct net_addr *ip, enum uplink_service service,
                  uint64_t now_us)
{
    uint64_t hash = hash_of(ip, service);
    if (put(l->known, KNOWN_SLOTS, hash))
        learn(&l->channel[service], true);
    take_out(l->silent, SILENT_SLOTS, hash);
    uplink_heard_at(l, service, now_us);
}

void uplink_heard_other_family(uplink *l)
{
    l->other_family = true;
}

/* ---- other workers -------------------------------------------------------------------------- */

void uplink_suspected_elsewhere(uplink *l, uint64_t at_us, uint64_t now_us)
{
    if (l->state != UPLINK_UP || at_us <= l->heard_us)
        return;
    if (l->first_us == 0)
        l->first_us = at_us;
    l->state = UPLINK_SUSPECTED;
    l->suspected_us = at_us;
    l->canary_us = now_us;
}

void uplink_lost_elsewhere(uplink *l, uint32_t n)
{
    l->lost_elsewhere = n;
}

uint64_t uplink_suspected_since_us(const uplink *l)
{
    return l->state == UPLINK_SUSPECTED ? l->suspected_us : 0;
}

uint32_t uplink_lost(const uplink *l)
{
    return l->lost;
}

/* ---- with time ------------------------------------------------------------------------------ */

void uplink_excuse(uplink *l, uint64_t late_us, uint64_t now_us)
{
    if (l->ripe_us > 0)
        l->ripe_us = now_us + l->try_us;
    l->suspected_us += late_us;
}

enum uplink_state uplink_look(uplink *l, uint64_t now_us)
{
    if (l->state == UPLINK_UP) {
        bool ripe = l->ripe_us > 0 && now_us >= l->ripe_us && is_enough(l, false);
        if (ripe || is_enough(l, true)) {
            l->state = UPLINK_SUSPECTED;
            l->suspected_us = l->canary_us = now_us;
        }
    } else if (l->state == UPLINK_SUSPECTED && now_us > l->suspected_us) {
        uint64_t lasts = now_us - l->suspected_us;
        bool missed = l->lost + l->lost_elsewhere >= UPLINK_LOST;
        if (!missed && lasts >= l->doubt_us)
            l->state = UPLINK_BELIEVED;
        else if (missed && lasts >= l->outage_us)
            l->state = UPLINK_GIVEN_UP;
    }
    return l->state;
}

enum uplink_state uplink_state_of(const uplink *l)
{
    return l->state;
}

uint32_t uplink_last_silence_ms(const uplink *l)
{
    return l->last_ms;
}

bool uplink_canary_due(const uplink *l, uint64_t now_us)
{
    return l->state == UPLINK_SUSPECTED && !l->canary && now_us >= l->canary_us;
}

void uplink_canary_went(uplink *l)
{
    l->canary = true;
}

void uplink_canary_over(uplink *l, uint64_t now_us)
{
    l->canary = false;
    l->canary_us = now_us + UPLINK_CANARY_GAP_MS * 1000ULL;
}

/* ---- waits ---------------------------------------------------------------------------------- */

struct uplink_mark uplink_mark(const uplink *l, uint64_t now_us)
{
    return (struct uplink_mark){.at_us = now_us, .down_us = l->down_us + open_us(l, now_us)};
}

/* A silence that came to be believed is no outage, and what a mark had counted of it is void. */
static uint64_t down_since(const uplink *l, struct uplink_mark from, uint64_t now_us)
{
    struct uplink_mark now = uplink_mark(l, now_us);
    uint64_t down = now.down_us > from.down_us ? now.down_us - from.down_us : 0;
    uint64_t lasted = now_us > from.at_us ? now_us - from.at_us : 0;
    return down < lasted ? down : lasted;
}

uint32_t uplink_down_ms(const uplink *l, struct uplink_mark from, uint64_t now_us)
{
    return (uint32_t)(down_since(l, from, now_us) / 1000);
}

bool uplink_spoils(const uplink *l, struct uplink_mark from, uint32_t wait_ms, uint64_t now_us)
{
    uint64_t down = down_since(l, from, now_us);
    return down > 0 && down * 100 >= wait_ms * 1000ULL * UPLINK_SPOILS_PCT;
}
