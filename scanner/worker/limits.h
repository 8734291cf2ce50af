/* limits - every limit of the scanner in one table: default, unit, who counts it.
 *
 * Caps of parsed things stand in lib/caps.h; what the user may set is in options_table.c and starts
 * from here. */
#ifndef SCANNER_WORKER_LIMITS_H
#define SCANNER_WORKER_LIMITS_H

enum {
    /* user-settable defaults (contract) */
    LIMIT_IN_FLIGHT = 10000,     /* domains under way, over all workers */
    LIMIT_DNS_RATE_QPS = 1000,   /* to each resolver */
    LIMIT_POLICY_RATE_CPS = 500, /* new HTTPS connections per second in all */
    LIMIT_PROBE_RATE_CPS = 200,  /* new SMTP connections per second in all */
    LIMIT_PER_IP_HTTPS = 4,      /* connections at once to an address */
    LIMIT_PER_IP_SMTP = 1,
    LIMIT_PER_PREFIX_HTTPS = 16, /* connections at once to a /24 or /48 */
    LIMIT_PER_PREFIX_SMTP = 2,
    LIMIT_PER_IP_RATE_HTTPS = 10, /* new connections per second to an address */
    LIMIT_PER_IP_RATE_SMTP = 1,
    LIMIT_TIMEOUT_DNS_MS = 15000,
    LIMIT_TIMEOUT_POLICY_MS = 60000, /* RFC 8461 3.3 suggests one minute */
    LIMIT_TIMEOUT_PROBE_MS = 60000,
    LIMIT_TIMEOUT_DOMAIN_MS = 300000,
    LIMIT_MAX_ADDRESSES = 4, /* probed per MX, fetched per policy host */
    LIMIT_MIN_SUCCESS_PCT = 5,
    /* fixed */
    LIMIT_BRAKE_WINDOW = 10000,   /* lookups the brake looks back on */
    LIMIT_DNS_RETRY_MS = 1000,    /* between tries of one question; see server_retry_ms */
    LIMIT_DNS_SERVFAIL_TRIES = 3, /* answers SERVFAIL or REFUSED before they are believed */
    LIMIT_DNS_PER_SOCKET = 250,   /* questions on a socket with a default buffer (212,992 bytes) */
    LIMIT_HANDSHAKES_PER_WORKER = 200, /* TLS handshakes at once, so that no timeout is our own */
    LIMIT_CONNECTIONS = 1950,          /* at once over all workers, waiting ones included */
    LIMIT_CONNECTIONS_LEAST = 16,      /* of one worker */
    /* Connections at once and what is remembered (answers, probes, intermediates, withheld domains)
     * share this memory over all workers. A fetch in its handshake takes as much as any. */
    LIMIT_HELD_BYTES = 119 * 1024 * 1024,
    LIMIT_CONNECTION_BYTES = 52 * 1024,
    LIMIT_CONNECTIONS_KEPT_PCT = 25, /* of a worker's, however much is remembered */
    LIMIT_LIMITED_AGAIN = 1,         /* tries more of an MX that says 4xx, in the first pass */
    LIMIT_NS_PER_ZONE = 8,           /* name servers asked under --deep; most zones have 2 to 6 */
    LIMIT_ZONE_CUTS = 8,             /* names asked for NS, from _mta-sts.D up, to find the zone */
    LIMIT_PARENTS = 8,               /* domains above one that are asked for a record */
    LIMIT_NAMES_PER_ADDRESS = 8,     /* probes of one address with different SNI */
    LIMIT_FETCHES_PER_ADDRESS = 200000, /* in one scan; the largest hosters have fewer customers */
    LIMIT_MISDIRECTED_PER_ADDRESS = 10000,     /* of them, fetches that found nobody of that name */
    LIMIT_NAME_CACHE_BYTES = 16 * 1024 * 1024, /* cached MX, A, AAAA answers: some 40,000 */
    LIMIT_AIA_CACHE_BYTES = 4 * 1024 * 1024,   /* intermediates fetched, some 1.5 KB each */
    LIMIT_PROBE_CACHE_ENTRIES = 100000,        /* probed addresses remembered, some 0.8 KB each */
    LIMIT_SIGNATURE_CACHE_ENTRIES = 4096,      /* good signatures of certificates, 32 bytes each */
    /* --coalesce, see owner_coalesce.h */
    LIMIT_COALESCE_ADDRESSES = 1024,      /* known at once, per worker */
    LIMIT_COALESCE_CONNECTIONS = 4,       /* shared ones at once, to an address */
    LIMIT_COALESCE_STREAMS = 32,          /* requests at once, on one of them */
    LIMIT_COALESCE_REQUESTS = 1000,       /* requests in all, on one of them */
    LIMIT_COALESCE_PARKED = 1000,         /* fetches that wait for one, at an address */
    LIMIT_COALESCE_PARKED_MS = 2000,      /* for so long at most */
    LIMIT_COALESCE_IDLE_MS = 2000,        /* an unused one is closed */
    LIMIT_COALESCE_RIDE_MS = 10000,       /* for a request; afterwards by a connection of its own */
    LIMIT_RETRY_BYTES = 32 * 1024 * 1024, /* withheld for the second pass, some 70 a domain; */
    LIMIT_RETRY_LINES_BYTES = 8 * 1024 * 1024, /* of that records as the first pass saw them */
    LIMIT_FEED_BATCH = 256,                    /* input items handed to a worker at once */
    LIMIT_FEED_QUEUE = 64,                     /* batches read ahead */
    LIMIT_STANDSTILL_MS = 660000,  /* a unit waits no longer behind a gate where nobody moves:
                                      the longest gap (BACKOFF_REMEMBER_MS), and a minute */
    LIMIT_BATCH_LATENCY_MS = 1000, /* a finished record waits no longer for its batch to fill */
};

#endif
