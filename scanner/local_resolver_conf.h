/* local_resolver_conf - the unbound.conf(5) of --local-resolver: how large it is made, and its
 * text.
 *
 * Pure: numbers in, bytes out. docs/resolvers.md explains every line for whoever runs an unbound of
 * their own. */
#ifndef SCANNER_LOCAL_RESOLVER_CONF_H
#define SCANNER_LOCAL_RESOLVER_CONF_H

#include "scanner/net/addr_set.h"

enum {
    RESOLVER_CONF_MAX_BYTES =
        512 * 1024 * 1024,      /* a user's blocklist may hold millions of ranges */
    RESOLVER_THREAD_QPS = 1000, /* a third of the cold names that a thread resolves and validates */
    RESOLVER_THREADS_MAX = 64,
    /* What a question may cost the servers of one zone. A cold name costs its top-level domain one
     * or two; more comes from delegations that lead a resolver in circles. Never under the least:
     * the first question of all costs the root a handful. */
    RESOLVER_ZONE_FACTOR = 4,
    RESOLVER_ZONE_QPS_MIN = 4000,
    RESOLVER_QUERIES_MIN = 512,   /* under way at once in a thread */
    RESOLVER_QUERIES_MAX = 16384, /* each takes a port, of some 60,000 */
};

struct resolver_plan {
    uint16_t port;      /* on 127.0.0.1 */
    uint32_t threads;   /* 1 to RESOLVER_THREADS_MAX */
    uint32_t queries;   /* under way at once, in each thread */
    uint32_t sockets;   /* to authorities, in each thread */
    uint32_t tcp;       /* connections at once in each thread, to it and from it each */
    uint32_t zone_qps;  /* to the servers of one zone; 0: no limit */
    bool use_v6;        /* ask authorities over IPv6 too */
    bool serves_limits; /* knows wait-limit and discard-timeout: unbound 1.20, Debian's 1.17.1 */
    const struct net_addr *sources; /* to ask from; none: the system's choice */
    size_t n_sources;
    const struct addr_set *avoid; /* sealed: never asked */
    const char *trust_anchor;     /* a file of DNSKEY or DS records; NULL: nothing is validated */
    const char *extra;            /* a file to include at the end; NULL: none */
};

/* Threads, queries, sockets and the limit of a zone for that many domains in flight and questions a
 * second (0: as many as can be), within the cores and the descriptors that there are. Sets nothing
 * else. */
void resolver_plan_size(struct resolver_plan *plan, uint32_t in_flight, uint32_t qps,
                        uint32_t cores, uint64_t descriptors);

/* Appends the configuration. ST_INVALID when a file's name cannot stand in one. */
enum status resolver_conf_write(const struct resolver_plan *plan, struct strbuf *out);

#endif
