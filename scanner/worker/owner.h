/* owner - the half of a worker that owns addresses: gates, probe cache, fetcher, prober.
 *
 * Takes jobs from all workers for the addresses that are its own. An MX address is probed once per
 * pass, whatever number of domains or MX names share it: other names are judged from the captured
 * certificate, and only where that does not cover the name is there one more probe with that SNI,
 * at most LIMIT_NAMES_PER_ADDRESS. */
#ifndef SCANNER_WORKER_OWNER_H
#define SCANNER_WORKER_OWNER_H

#include "scanner/options.h"
#include "scanner/worker/budget.h"
#include "scanner/worker/job.h"
#include "scanner/worker/uplink.h"

struct owner {
    struct worker *worker;
    struct fetcher *fetcher;
    struct prober *prober; /* NULL when nothing is probed */
    gate *https, *smtp;
    signatures *signatures;        /* of certificates, known to be good */
    budget *fetches;               /* the scan's; probes are one an address and name anyway */
    waitq *probes;                 /* struct result by address, and by address and name */
    struct event *wake;            /* when a gate opens by time */
    struct crowd crowd;            /* connections under way */
    struct coalesce *coalesce;     /* NULL: every fetch has a connection of its own */
    uint32_t https_at_once;        /* connections to an address; 0: no limit */
    atomic_uint_fast64_t moved_us; /* when a connection last began or ended. Others may look */
    struct owner_link {
        uplink *uplink;          /* of IPv4, of IPv6 */
        enum uplink_state shown; /* to the gates and to the scan */
        /* For the other workers, which look once a tick: 0: nobody was heard, it is not suspected.
         */
        atomic_uint_fast64_t heard_us[UPLINK_SERVICES], suspected_us;
        atomic_uint_fast32_t lost; /* networks that are missed here */
    } link[2];
    unsigned canary_turn; /* which gate has the next one */
};

/* What may be changed while a scan runs (SIGHUP); as in the options, for all workers together. */
struct worker_rates {
    uint32_t dns, policy, probe;
    struct pair_limit per_ip, per_prefix, per_ip_rate;
};
struct worker_rates worker_rates_of(const struct scan_options *o);
void owner_set_rates(struct owner *o, const struct worker_rates *rates);

enum status owner_init(struct owner *o, struct worker *w);
/* Ends everything under way; jobs that come back to nobody are freed. */
void owner_end(struct owner *o);
/* After the end of every owner. */
void owner_free(struct owner *o);
/* Owner's thread. */
void owner_accept(struct owner *o, struct job *job);
/* Starts what may start now; called once a turn of the loop. */
void owner_pump(struct owner *o);

/* A connection began or ended, or none could: the loop was late, the uplink is down. */
static inline void owner_moves(struct owner *o, uint64_t now_us)
{
    atomic_store_explicit(&o->moved_us, now_us, memory_order_relaxed);
}

/* ---- for the owner's own files ---- */

/* To the gate. */
void owner_queue(struct owner *o, struct job *job);
/* A connection ended. stays: it does not, and keeps the place at the gate. */
void owner_connection_over(struct owner *o, struct job *job, bool timed_out, bool stays,
                           struct gate_end end);
/* ---- owner_uplink.c: what this owner's connections tell of the uplink, see uplink.h ---- */

enum status owner_uplink_init(struct owner *o);
void owner_uplink_free(struct owner *o);
/* Once a tick of the loop; late_us: so much of the time since the last one it stalled. */
void owner_uplink_tick(struct owner *o, uint64_t late_us, uint64_t now_us);
/* Canaries; once a turn of the loop. */
void owner_uplink_pump(struct owner *o, uint64_t now_us);
/* A host that a connection of that service went to was heard: of an owner, for the listeners of
 * fetcher and prober. */
void owner_heard_https(void *arg, const struct net_addr *host);
void owner_heard_smtp(void *arg, const struct net_addr *host);
/* The job connects now; its place at the gate is free again. */
void owner_uplink_began(struct owner *o, struct job *job, uint64_t now_us);
void owner_uplink_left(struct owner *o, struct job *job);
/* How its connection ended. */
enum link_end {
    LINK_END_NONE,        /* there was none */
    LINK_END_ANSWERED,    /* as the host had it: the host was heard until the end */
    LINK_END_TIMED_OUT,   /* nothing, or nothing more, was heard of it */
    LINK_END_BROKEN,      /* broken off, by whomever */
    LINK_END_UNREACHABLE, /* without any wait: this machine or a router knew no way */
};
/* Whether that was the uplink's doing; then the wait counts as ours. `silent`: the host was not
 * heard at all. */
bool owner_uplink_spoilt(struct owner *o, struct job *job, enum link_end end, bool silent,
                         uint32_t wait_ms);
/* How much of the time since the job connected was an outage. */
uint32_t owner_uplink_down_ms(const struct owner *o, const struct job *job);
/* Nobody was heard for so long that trying again is of no use. */
bool owner_uplink_is_given_up(const struct owner *o, const struct job *job);

/* For fetch_start and probe_start; arg is the job. */
void owner_on_fetch(void *arg, const struct fetch_outcome *out);
void owner_on_probe(void *arg, const struct probe_outcome *out);
/* The result is there, or there is none: certificates go to the writer, a missing intermediate is
 * looked for, then the job leaves the owner. */
void owner_finish(struct owner *o, struct job *job);
/* The job's result (a reference, or NULL) is set; the job leaves the owner. */
void owner_send_home(struct owner *o, struct job *job);
/* A job that has its place at the gate connects, or rides on the connection that its route says. */
void owner_begin(struct owner *o, struct job *job);
/* It leaves its place at the gate: to wait for one again, or for ever, without a result. */
void owner_queue_again(struct owner *o, struct job *job);
void owner_give_up(struct owner *o, struct job *job);
/* A probe is answered from the cache, waits for one that is under way, or is queued itself. */
void owner_accept_probe(struct owner *o, struct job *job);
/* Before the worker runs: an earlier run has this result, of which a reference is taken over. */
void owner_know_probe(struct owner *o, const struct net_addr *ip, struct result *r);
/* A queued probe has its result (or none): all who wait for the same get it. */
void owner_settle_probe(struct owner *o, struct job *job);

#endif
