/* job - a connection to one address, done by the worker that owns the address.
 *
 * The unit's worker (home) fills the request and sends it; the owner's gate decides when it goes;
 * the result comes back by message. So whoever owns an address owns its politeness. */
#ifndef SCANNER_WORKER_JOB_H
#define SCANNER_WORKER_JOB_H

#include "scanner/worker/crowd.h"
#include "scanner/worker/gate.h"
#include "scanner/worker/lag.h"
#include "scanner/worker/mailbox.h"
#include "scanner/worker/result.h"
#include "scanner/worker/uplink.h"
#include "scanner/worker/waitq.h"

struct route;
struct unit;
struct worker;

#define POLICY_PATH "/.well-known/mta-sts.txt" /* RFC 8461 3.3 */

enum job_kind {
    JOB_FETCH, /* HTTPS or plain HTTP GET */
    JOB_PROBE, /* SMTP STARTTLS, shared by all domains of the address */
};

struct job {
    struct mail mail;          /* first: a mail of a job is the job */
    struct gate_item gate;     /* gate.ip is the address */
    struct waiter wait;        /* in the owner's probe cache */
    struct job *next, *before; /* the asker's list (home thread only) */

    /* request, set by home */
    struct worker *home;
    void (*done)(struct job *job); /* on home's thread; owns the job then (job_free) */
    void *asker;                   /* what `done` belongs to; NULL: nobody listens any more */
    void (*unit_done)(struct unit *u, struct job *job); /* when a unit asks */
    void *slot;                                         /* the asker's own note */
    enum job_kind kind;
    uint16_t port;
    uint32_t deadline_ms;
    uint32_t pass;
    bool plain, without_sni;
    size_t body_max_bytes;
    const char *path; /* static text, or in the job's arena */

    /* the owner's */
    struct worker *owner;
    uint64_t sent_us;
    /* When it came to the gate, less what it had waited before; 0: not yet. Home may look */
    atomic_uint_fast64_t queued_us;
    struct crowd_member crowd;
    atomic_uint_fast64_t started_us; /* 0: still waits in a queue of ours. Home may look */
    struct lag_mark lag_then;        /* the owner's lateness when it started, */
    struct uplink_mark link_then;    /* and what its uplink had been down until then */
    bool canary;                     /* tries whether a suspected uplink is back */
    uint8_t tried_again;             /* after a failure that our own side may have caused */
    uint8_t limited;                 /* tries that the peer answered by limiting us */
    struct route *route;             /* the shared connection that it makes or rides on */
    struct job *parked;              /* the next that waits for one, at the same address */
    uint64_t parked_us;              /* since when it waits so; 0: it does not */
    bool rides, alone;               /* alone: it must have a connection of its own */
    bool http1;                      /* the server took back what it was asked by HTTP/2 */
    char *cache_key;                 /* of the probe it leads, NULL when it leads none */
    size_t cache_key_len;
    bool counted; /* as a further name of its address (names_tried) */

    /* result, set by the owner */
    struct result *result; /* one reference; NULL: abandoned by our own limits */
    enum name_match name;  /* PROBE: what the certificate says of `host` */
    uint32_t waited_ms;    /* in our own queues */

    char host[]; /* request: the name that is asked with */
};

/* NULL: out of memory, or a host of NAME_TEXT_MAX_BYTES or more. */
struct job *job_new(struct worker *home, enum job_kind kind, const struct net_addr *ip,
                    const char *host);
void job_free(struct job *job);

static inline struct job *job_of_gate(struct gate_item *item)
{
    return (struct job *)(void *)((char *)item - offsetof(struct job, gate));
}
/* Home's thread: sends the job to the owner of its address. `done` may be called from inside when
 * the answer is known already and home is the owner. */
void job_submit(struct job *job);

#endif
