#include "scanner/worker/crowd.h"

#include <stddef.h>

void crowd_init(struct crowd *c, uint32_t young_max, uint32_t all_max)
{
    *c = (struct crowd){.young_max = young_max, .all_max = all_max, .usual_us = CROWD_START_US};
    c->last = &c->first;
}

static uint64_t young_us(const struct crowd *c)
{
    uint64_t age = CROWD_YOUNG_TIMES_USUAL * c->usual_us;
    if (age < CROWD_YOUNG_MIN_US)
        return CROWD_YOUNG_MIN_US;
    return age > CROWD_YOUNG_MAX_US ? CROWD_YOUNG_MAX_US : age;
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

bool crowd_has_room(struct crowd *c, uint64_t now_us)
{
    while (c->first && c->first->since_us + young_us(c) <= now_us)
        take_out(c, c->first);
    return c->young < room(c) && c->all < c->all_max;
}

void crowd_enter(struct crowd *c, struct crowd_member *m, uint64_t now_us)
{
    *m = (struct crowd_member){.link = c->last, .since_us = now_us, .young = true};
    *c->last = m;
    c->last = &m->next;
    c->young++;
    c->all++;
}

void crowd_leave(struct crowd *c, struct crowd_member *m, bool timed_out, uint64_t now_us)
{
    /* The odd one out weighs no more than a young connection may last. */
    uint64_t lasted = now_us - m->since_us;
    if (lasted > young_us(c))
        lasted = young_us(c);
    if (!timed_out)
        c->usual_us = c->usual_us - c->usual_us / 16 + lasted / 16;
    if (m->young)
        take_out(c, m);
    c->all--;
}
