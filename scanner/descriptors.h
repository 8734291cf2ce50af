/* descriptors - how many sockets a scan may hold at once, planned before it begins.
 *
 * What is out of descriptors in the middle of a scan calls hosts undetermined that were never
 * asked. So the limit of the process is raised as far as it goes, and a scan that wants more than
 * that is made smaller at its start. */
#ifndef SCANNER_DESCRIPTORS_H
#define SCANNER_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct descriptor_plan {
    uint32_t in_flight;   /* domains under way, over all workers */
    uint32_t connections; /* at once, of one worker */
};

/* Raises the soft limit of descriptors to the hard one; returns it. */
uint64_t descriptors_raise(void);
/* One worker's share of LIMIT_CONNECTIONS: what they cost in memory while hosts hold them must not
 * grow with the workers. Pure. */
uint32_t descriptors_connections(uint32_t n_workers);
/* Lowers the plan to what `limit` descriptors are enough for: connections first, then domains
 * under way. False when it had to. Pure. */
bool descriptors_fit(uint64_t limit, uint32_t n_workers, size_t n_resolvers,
                     struct descriptor_plan *plan);

#endif
