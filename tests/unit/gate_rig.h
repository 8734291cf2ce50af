/* gate_rig - what the tests of the gate share: addresses, ends of connections, a gate, an item. */
#ifndef TESTS_UNIT_GATE_RIG_H
#define TESTS_UNIT_GATE_RIG_H

#include "scanner/worker/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000 }; /* microseconds */

static const struct gate_end fine = {.welcome = true}, limited = {.limited = true};

/* 192.0.c.d */
static inline struct net_addr ip(unsigned c, unsigned d)
{
    return (struct net_addr){.family = 4, .b = {192, 0, (uint8_t)c, (uint8_t)d}};
}

static inline gate *make(struct gate_limits limits)
{
    gate *g;
    assert_int_equal(gate_new(&limits, &g), 0);
    return g;
}

static inline void push(gate *g, struct gate_item *item, struct net_addr a, uint64_t now)
{
    memset(item, 0, sizeof *item);
    item->ip = a;
    assert_int_equal(gate_push(g, item, now), 0);
}

#endif
