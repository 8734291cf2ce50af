/* question - one DNS question of one unit, through the worker's cache when the name is shared.
 *
 * MX, A and AAAA of names that many domains use (MX hosts, reporting addresses) are asked once and
 * kept while their TTL lasts; who asks meanwhile waits for the same answer. A timeout that our own
 * loop's lag may have caused is asked once more. */
#ifndef SCANNER_WORKER_QUESTION_H
#define SCANNER_WORKER_QUESTION_H

#include "scanner/net/dns.h"
#include "scanner/worker/waitq.h"

struct worker;

enum {
    QUESTION_TTL_MAX_S = 3600, /* a longer TTL is cut: a scan is no resolver */
    QUESTION_FAILURE_TTL_S =
        60 /* an undetermined answer is kept so long (RFC 2308 7: at most 300) */
};

/* Embedded by the asker, whose memory must stay until `done`. */
struct question {
    struct waiter wait; /* first: a waiter of the cache is its question */
    struct worker *worker;
    /* The answer lives until this returns. May be called from inside question_start. */
    void (*done)(struct question *q, const struct dns_answer *a);
    const char *name; /* stays valid until done */
    enum dns_type type;
    bool shared; /* through the cache */
    bool asked_again;
    uint64_t began_us;
    dns_query_handle *handle; /* while this one is on the wire itself */
};

/* Set worker, done, name, type, shared; the rest is zero. */
void question_start(struct question *q);

enum status question_cache_new(waitq **out);

#endif
