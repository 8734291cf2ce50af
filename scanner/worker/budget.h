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
 * A scan may be killed and resumed as often as one likes, so the counts are also kept in a file,
 * each before the connection that it counts (budget_keep). They survive the process with nothing
 * lost; a power failure may take what the kernel had not written back, some half a minute.
 *
 * Addresses are counted by what they really are (addr_canonical). From any thread; there is a lock
 * for each connection. */
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
/* From now on counts are kept in the file at path too; before the first budget_spend only. go_on:
 * those that stand there are gone on with, and so is their key; ST_NOT_FOUND when there is no such
 * file or it is another one: a new one was begun, as without go_on. ST_IO with errno; no link is
 * followed. */
enum status budget_keep(budget *b, const char *path, bool go_on);
/* Who is told, once, that the file cannot be written any more (errno in err): nothing can be spent
 * then. On the thread of whoever wanted to. */
void budget_on_failure(budget *b, void (*failed)(void *arg, int err), void *arg);
/* Counts one connection, as misdirected until budget_welcome says otherwise; false, and nothing
 * counted, when the address may not be asked again. */
bool budget_spend(budget *b, const struct net_addr *ip);
/* The connection that was counted last or earlier led to where it was meant to. Once for each. */
void budget_welcome(budget *b, const struct net_addr *ip);

#endif
