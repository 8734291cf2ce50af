/* budget - how often one address may be connected to in one scan.
 *
 * Anyone may publish names that point at somebody else's address, as many as a list has room for.
 * Rates keep that bearable; this bounds it: so many connections to an address in all, and far fewer
 * that prove to be misdirected, where no certificate shows that the name belongs there.
 *
 * Counts live in a table of fixed size, in as many rows as there are hash functions; the smallest
 * of an address's counts is at least the true one. So nobody is asked more often than allowed, and
 * memory does not depend on how many addresses names point to.
 *
 * Addresses are counted by what they really are (addr_canonical). One thread: the owner's, which
 * alone connects to its addresses. */
#ifndef SCANNER_WORKER_BUDGET_H
#define SCANNER_WORKER_BUDGET_H

#include "scanner/net/addr.h"

struct budget_limits {
    uint32_t connections; /* to an address in all */
    uint32_t misdirected; /* of them, those that led nowhere */
};

typedef struct budget budget;

/* key: anything that cannot be known from outside, so that no address can be chosen to share its
 * counts with another. */
enum status budget_new(const struct budget_limits *limits, uint64_t key, budget **out);
void budget_free(budget *b);
/* Counts one connection, as misdirected until budget_welcome says otherwise; false, and nothing
 * counted, when the address may not be asked again. */
bool budget_spend(budget *b, const struct net_addr *ip);
/* The connection that was counted last or earlier led to where it was meant to. Once for each. */
void budget_welcome(budget *b, const struct net_addr *ip);

#endif
