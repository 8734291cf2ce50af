/* crowd - how many connections may be made at once, so that no slowness of ours is called theirs.
 *
 * What costs is the beginning of a connection, its handshake. So the young ones are counted, and
 * what is much older than connections usually get, and was overtaken by one that began after it,
 * only waits (a tarpit, a dead host) and keeps nobody out. Where nobody comes through, the way is
 * blocked for all (processor, uplink): then what is there waits for longer before more are let in.
 * When connections come to last longer than CROWD_UNCROWDED_US, the crowd is our own too, and fewer
 * are made at once. What they last is told by those that end, and forgotten when for a while none
 * does: those that only wait must not be let in one by one because it was crowded before them.
 *
 * Pure: time is passed in (microseconds, monotonic). One thread. */
#ifndef SCANNER_WORKER_CROWD_H
#define SCANNER_WORKER_CROWD_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CROWD_UNCROWDED_US = 250000,
    CROWD_START_US = 1000000,     /* taken for usual until it is known: the beginning is cautious */
    CROWD_YOUNG_TIMES_USUAL = 4,  /* a connection is young for so many times the usual, */
    CROWD_YOUNG_MIN_US = 250000,  /* but for at least so long, and until it is overtaken; */
    CROWD_YOUNG_MAX_US = 2000000, /* and no longer: what has not begun by then waits for its peer */
    CROWD_LASTED_MAX_US = 10000000, /* no connection's length weighs more */
    CROWD_YOUNG_AT_LEAST = 8,       /* may always be made at once */
    CROWD_FORGET_US = 2000000,      /* half of what is above the uncrowded, each time that no
                                       connection has ended for so long */
};

/* Embedded in a connection. */
struct crowd_member {
    struct crowd_member *next, **link;
    uint64_t since_us;
    bool young;
};

struct crowd {
    struct crowd_member *first, **last; /* the young, oldest first */
    uint32_t young, all, young_max, all_max;
    uint64_t usual_us;     /* how long connections last, smoothed, */
    uint64_t told_us;      /* as was told last then: by one that ended, or by the first of many */
    uint64_t overtaker_us; /* when the latest of those began that have ended */
};

void crowd_init(struct crowd *c, uint32_t young_max, uint32_t all_max);
/* From now on so many at once; who is there already stays. */
void crowd_set_all_max(struct crowd *c, uint32_t all_max);
bool crowd_has_room(struct crowd *c, uint64_t now_us);
void crowd_enter(struct crowd *c, struct crowd_member *m, uint64_t now_us);
/* timed_out: how long it lasted says nothing about how long they usually do. */
void crowd_leave(struct crowd *c, struct crowd_member *m, bool timed_out, uint64_t now_us);

#endif
