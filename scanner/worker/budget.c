#include "scanner/worker/budget.h"

#include "scanner/worker/table.h"
#include <stdlib.h>

/* Two megabytes. A million addresses of a few connections each leave some thirty in a slot. */
enum { BUDGET_ROWS = 2, BUDGET_SLOTS = 1 << 17 };

struct slot {
    uint32_t connections, misdirected;
};

struct budget {
    struct budget_limits limits;
    uint64_t key;
    struct slot row[BUDGET_ROWS][BUDGET_SLOTS];
};

enum status budget_new(const struct budget_limits *limits, uint64_t key, budget **out)
{
    budget *b = calloc(1, sizeof *b);
    *out = b;
    if (!b)
        return ST_NOMEM;
    b->limits = *limits;
    b->key = key;
    return ST_OK;
}

void budget_free(budget *b)
{
    free(b);
}

static void find(budget *b, const struct net_addr *ip, struct slot *slot[BUDGET_ROWS])
{
    struct net_addr real = addr_canonical(ip);
    for (uint64_t i = 0; i < BUDGET_ROWS; i++) {
        uint64_t hash = table_hash(b->key + i, real.b, real.family == 4 ? 4 : 16);
        slot[i] = &b->row[i][hash % BUDGET_SLOTS];
    }
}

/* An address has spent its budget when all its counts say so: any of them may be too high. */
bool budget_spend(budget *b, const struct net_addr *ip)
{
    struct slot *slot[BUDGET_ROWS];
    bool spent = true, misdirected = true;
    find(b, ip, slot);
    for (size_t i = 0; i < BUDGET_ROWS; i++) {
        spent &= slot[i]->connections >= b->limits.connections;
        misdirected &= slot[i]->misdirected >= b->limits.misdirected;
    }
    if (spent || misdirected)
        return false;
    for (size_t i = 0; i < BUDGET_ROWS; i++) {
        slot[i]->connections++;
        slot[i]->misdirected++;
    }
    return true;
}

void budget_welcome(budget *b, const struct net_addr *ip)
{
    struct slot *slot[BUDGET_ROWS];
    find(b, ip, slot);
    for (size_t i = 0; i < BUDGET_ROWS; i++)
        slot[i]->misdirected--;
}
