/*
 * groups: policy hosts that share address and certificate, for clients that coalesce.
 *
 * In a world with groups of N, the domains `mK.REST` for K from g*N to g*N+N-1 are a group:
 * adopters without a fault whose policy hosts have one address and one certificate for all of their
 * names. Where REST begins with "mixed." some hosts have peculiarities: every fourth group speaks
 * HTTP/1.1 alone, and where the last digit of K is 7 the host answers 421 on a connection that was
 * made for another name, where it is 3 it names a wrong media type.
 */
#ifndef SIMNET_GROUPS_H
#define SIMNET_GROUPS_H

#include "tests/simnet/world.h"

struct sim_group {
    uint32_t first, count, member; /* numbers K: of the group's first, how many, this one's */
    const char *rest;              /* in the name that was asked about */
    bool mixed;
    uint64_t hash; /* the same for all of a group, and no other */
};

/* False: the world has no groups, or the name is in none. */
bool sim_group_of(const struct sim_world *world, const char *name, struct sim_group *out);

#endif
