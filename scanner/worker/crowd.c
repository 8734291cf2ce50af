#include "scanner/worker/crowd.h"

#include <stddef.h>

void crowd_init(struct crowd *c, uint32_t young_max, uint32_t all_max)
{
    *c = (struct crowd){.young_max = young_max, .all_max = all_max, .usual_us = CROWD_START_US};
    c->last = &c->first;
}

void crowd_set_all_max(struct crowd *c, uint32_t all_max)
{
    c->all_max = all_max;
}

static uint64_t times_usual(const struct crowd *c, uint64_t least, uint64_t most)
{
    uint64_t age = CROWD_YOUNG_TIMES_USUAL * c->usual_us;
    if (age < least)
        return least;
    return age > most ? most : age;
}

/* Whether it is old enough to be no longer counted: it waits for its peer, not for us. */
static bool only_waits(const struct crowd *c, const struct crowd_member *m, uint64_t now_us)
{
    bool overtaken = m->since_us < c->overtaker_us;
    uint64_t young_us = overtaken ? times_usual(c, CROWD_YOUNG_MIN_US, CROWD_YOUNG_MAX_US)
                                  : (uint64_t)CROWD_YOUNG_MAX_US;
    return m->since_us + young_us <= now_us;
}

static void take_out(struct crowd *c, struct crowd_member *m)
{
    m->young = false;
    *m->link = m->next;
    if (m->next)
        m->next->link = m->link;
    else
        c->last = m->link;
    c->young--;
}

static uint32_t room(const struct crowd *c)
{
    if (c->usual_us <= CROWD_UNCROWDED_US)
        return c->young_max;
    uint64_t max = (uint64_t)c->young_max * CROWD_UNCROWDED_US / c->usual_us;
    return max < CROWD_YOUNG_AT_LEAST ? CROWD_YOUNG_AT_LEAST : (uint32_t)max;
}

/* Were it our own crowd, somebody would have come through it. */
static void forget(struct crowd *c, uint64_t now_us)
{
    if (c->all == 0 || c->usual_us <= CROWD_UNCROWDED_US || now_us < c->told_us + CROWD_FORGET_US)
        return;
    c->usual_us -= (c->usual_us - CROWD_UNCROWDED_US + 1) / 2;
    c->told_us = now_us;
}

bool crowd_has_room(struct crowd *c, uint64_t now_us)
{
    forget(c, now_us);
    while (c->first && only_waits(c, c->first, now_us))
        take_out(c, c->first);
    return c->young < room(c) && c->all < c->all_max;
}

void crowd_enter(struct crowd *c, struct crowd_member *m, uint64_t now_us)
{
    if (c->all == 0)
        c->told_us = now_us;
    *m = (struct crowd_member){.link = c->last, .since_us = now_us, .young = true};
    *c->last = m;
    c->last = &m->next;
    c->young++;
    c->all++;
}

void crowd_leave(struct crowd *c, struct crowd_member *m, bool timed_out, uint64_t now_us)
{
    if (!timed_out) {
        /* The odd one out weighs little. */
        uint64_t most = times_usual(c, CROWD_START_US, CROWD_LASTED_MAX_US);
        uint64_t lasted = now_us - m->since_us < most ? now_us - m->since_us : most;
        c->usual_us = c->usual_us - c->usual_us / 16 + lasted / 16;
        c->told_us = now_us;
        if (c->overtaker_us < m->since_us)
            c->overtaker_us = m->since_us;
    }
    if (m->young)
        take_out(c, m);
    c->all--;
}
