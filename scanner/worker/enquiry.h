/* enquiry - one DNS question of whoever works for a domain (a candidate, a unit, or the fetch of an
 * intermediate), through the worker's cache when the name is shared.
 *
 * MX, A and AAAA of names that many domains use (MX hosts, reporting addresses) are asked once and
 * kept while their TTL lasts; who asks meanwhile waits for the same answer. A timeout that our own
 * loop's lag may have caused is asked again, at most ENQUIRY_AGAIN_MAX times. Worker's thread. */
#ifndef SCANNER_WORKER_ENQUIRY_H
#define SCANNER_WORKER_ENQUIRY_H

#include "scanner/net/dns.h"
#include "scanner/worker/lag.h"
#include "scanner/worker/waitq.h"

struct worker;

enum {
    ENQUIRY_AGAIN_MAX = 3,    /* for lag of ours: it may strike again meanwhile */
    ENQUIRY_TTL_MAX_S = 3600, /* a longer TTL is cut: a scan is no resolver */
    ENQUIRY_FAILURE_TTL_S =
        60 /* an undetermined answer is kept so long (RFC 2308 7: at most 300) */
};

/* Embedded by the asker, whose memory must stay until `done`. */
struct enquiry {
    struct waiter wait; /* first: a waiter of the cache is its enquiry */
    struct worker *worker;
    /* The answer lives until this returns. May be called from inside enquiry_start. */
    void (*done)(struct enquiry *q, const struct dns_answer *a);
    const char *name; /* stays valid until done */
    enum dns_type type;
    bool shared; /* through the cache */
    bool begins; /* nothing is under way for its sake: behind those that finish something */
    /* The one server to ask, without recursion; port 0: the resolvers. Such a one is not shared. */
    struct endpoint server;
    uint8_t asked_again;
    struct lag_mark lag_then; /* the worker's lateness when it was asked */
    dns_query_handle *handle; /* while this one is on the wire itself */
};

/* Set worker, done, name, type, shared, or server; the rest is zero. now_us: worker_now_us, which
 * the asker has mostly read anyway. */
void enquiry_start(struct enquiry *q, uint64_t now_us);

/* The share of one worker of so many. */
enum status enquiry_cache_new(uint32_t n_workers, waitq **out);

#endif
