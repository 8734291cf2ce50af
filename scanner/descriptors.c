#include "scanner/descriptors.h"

#include "scanner/net/dns_tcp.h"
#include "scanner/worker/limits.h"
#include <sys/resource.h>

enum {
    OF_THE_PROCESS = 64,  /* files, terminal, libraries, the loops of scan, reader and writer */
    OF_A_WORKER = 16,     /* its loop, its mailbox, timers */
    IN_FLIGHT_LEAST = 16, /* of one worker */
};

uint64_t descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

uint32_t descriptors_connections(uint32_t n_workers)
{
    uint32_t share = LIMIT_CONNECTIONS / n_workers;
    return share > LIMIT_CONNECTIONS_LEAST ? share : LIMIT_CONNECTIONS_LEAST;
}

/* For DNS of one worker: sockets in use and as many that retire, and TCP, to each resolver. */
static uint64_t dns_share(uint32_t in_flight, size_t n_resolvers)
{
    uint64_t sockets = 2 * ((uint64_t)in_flight / LIMIT_DNS_PER_SOCKET + 1);
    return n_resolvers * (sockets + DNS_TCP_CHANNELS_MAX);
}

bool descriptors_fit(uint64_t limit, uint32_t n_workers, size_t n_resolvers,
                     struct descriptor_plan *plan)
{
    uint64_t share = limit > OF_THE_PROCESS ? (limit - OF_THE_PROCESS) / n_workers : 0;
    share = share > OF_A_WORKER ? share - OF_A_WORKER : 0;
    uint32_t in_flight = plan->in_flight / n_workers;
    bool fits = share >= dns_share(in_flight, n_resolvers) + plan->connections;
    if (fits)
        return true;
    while (in_flight > IN_FLIGHT_LEAST &&
           share < dns_share(in_flight, n_resolvers) + LIMIT_CONNECTIONS_LEAST)
        in_flight /= 2;
    uint64_t dns = dns_share(in_flight, n_resolvers);
    uint64_t left = share > dns ? share - dns : 0;
    if (left < LIMIT_CONNECTIONS_LEAST)
        left = LIMIT_CONNECTIONS_LEAST;
    if (left < plan->connections)
        plan->connections = (uint32_t)left;
    if (in_flight * n_workers < plan->in_flight / n_workers * n_workers)
        plan->in_flight = in_flight * n_workers;
    return false;
}
