/* worker - one thread, one event loop, and everything that lives on it.
 *
 * A worker takes input items, walks them as units (unit.h), and owns a share of all addresses
 * (owner.h). It shares nothing that is written but its mailbox and the relaxed counters of `live`.
 * Orders come from the scan's thread by message (worker_orders.c), reports go back the same way
 * (worker_reports.c). */
#ifndef SCANNER_WORKER_WORKER_H
#define SCANNER_WORKER_WORKER_H

#include "lib/judge.h"
#include "scanner/net/dns.h"
#include "scanner/output/writer.h"
#include "scanner/stats.h"
#include "scanner/worker/brake.h"
#include "scanner/worker/feed.h"
#include "scanner/worker/lag.h"
#include "scanner/worker/mailbox.h"
#include "scanner/worker/owner.h"
#include "scanner/worker/retry.h"
#include <pthread.h>

struct unit;
struct ask;
struct candidate;

/* What all workers read and none writes; owned by the scan. */
struct worker_shared {
    const struct scan_options *options;
    const struct endpoint *resolvers;
    size_t n_resolvers;
    struct judge judge;
    const tls_trust *trust;
    struct wall wall;             /* what time it is, for whoever writes it down */
    _Atomic(const guard *) guard; /* replaced by SIGHUP; an old one lives until the end */
    const char *user_agent;
    bool use_v4, use_v6; /* families that are asked for and contacted */
    bool ask_policy, ask_mx, probe, ask_tlsrpt_of_all;
    feed *feed;
    writer *writer;
    budget *fetches; /* per address and scan */
    struct worker **worker;
    uint32_t n_workers;
    uint32_t in_flight, connections_per_worker;         /* what there are descriptors for */
    mailbox *scan;                                      /* where reports go, */
    void (*on_report)(struct mail *report, void *scan); /* and who takes them there */
};

/* Orders to a worker; each is sent at most once but ORDER_STATS. */
enum worker_order {
    ORDER_SECOND_PASS, /* walk again what was withheld, or without retries write it */
    ORDER_DRAIN,       /* no new input; finish what is under way */
    ORDER_FINISH,      /* nothing is under way anywhere: end */
    ORDER_STOP,        /* end at once: what is under way is dropped, withheld is provisional */
    ORDER_COUNT,
};

enum { OVERDUE_TEXT_MAX_BYTES = NAME_MAX_BYTES + 160 };

/* Reports to the scan's thread, which frees them. */
enum worker_report_kind {
    REPORT_LOOKUPS, /* for the brake */
    REPORT_IDLE,    /* the pass is over: no input, no unit */
    REPORT_FAILED,  /* the worker cannot go on (memory): the scan must stop */
    REPORT_STATS,
    REPORT_OVERDUE, /* the watchdog ended a unit; the first ones are named */
    REPORT_UPLINK,  /* the uplink is suspected, or no longer; see uplink.h */
};
struct uplink_news {
    uint8_t family; /* 4, 6 */
    enum uplink_state state, before;
    bool ever;          /* somebody was heard before, over this family */
    uint32_t silent_ms; /* how long nobody is heard; back: was heard */
};
struct worker_report {
    struct mail mail; /* first */
    enum worker_report_kind kind;
    uint32_t worker, pass;
    uint32_t tried, answered;
    struct scan_stats *stats;          /* REPORT_STATS: a copy, freed by the receiver */
    struct uplink_news news;           /* REPORT_UPLINK */
    char text[OVERDUE_TEXT_MAX_BYTES]; /* REPORT_OVERDUE */
};

struct worker {
    const struct worker_shared *shared;
    uint32_t id;
    pthread_t thread;
    struct event_base *base;
    mailbox *box;
    struct event *tick, *turn;
    dns_engine *dns;
    waitq *names; /* shared DNS answers */
    waitq *aia;   /* intermediates by URL */
    struct owner owner;

    /* units */
    struct unit *units, *free_units; /* under way; a pool */
    struct ask *free_asks;
    struct candidate *free_candidates;
    uint32_t n_record;   /* candidates under way: domains whose record is asked for */
    uint32_t n_units;    /* units under way: past the record */
    uint32_t record_max; /* this worker's share of --in-flight */
    uint32_t wide_max;   /* units that stop new input */
    struct feed_batch *input;
    bool awaiting_input, input_over, idle_reported;
    struct retry_list withheld;
    uint32_t pass;
    bool draining, stopping;

    /* output */
    struct record_batch *batch;
    uint64_t batch_since_us;
    struct scan_stats told; /* counters as they were when the last batch was handed over */
    struct judgement judgement;

    bool turn_due;    /* a look at input and gates is scheduled */
    uint64_t turn_us; /* when the turn that begins domains began, monotonic, */
    int64_t turn_ms;  /* and by the wall clock */

    /* the loop's own lateness */
    struct lag lag;
    bool stalled;
    uint64_t swept_at_us;

    uint32_t brake_tried, brake_answered;
    struct scan_stats stats;
    struct stats_live live;
    struct worker_order_mail {
        struct mail mail; /* first */
        enum worker_order order;
        bool sent; /* the scan's thread's */
    } order[ORDER_COUNT];
    struct mail feed_mail;
    bool started;
};

/* Makes a worker; its thread runs from worker_start on. */
enum status worker_new(const struct worker_shared *shared, uint32_t id, struct worker **out);
enum status worker_start(struct worker *w);
void worker_join(struct worker *w);
/* After every worker has been joined, each step for all of them before the next: end what is under
 * way; deliver what they sent each other until nobody has mail any more; free. */
void worker_end(struct worker *w);
bool worker_deliver(struct worker *w);
void worker_free(struct worker *w);
/* Its counters; while it runs only from its own thread (worker_ask_stats). */
void worker_stats(const struct worker *w, struct scan_stats *out);
/* What it keeps of domains that are done: answers, probes, intermediates, withheld domains. */
size_t worker_remembered_bytes(const struct worker *w);

/* From the scan's thread. */
void worker_send_order(struct worker *w, enum worker_order order);
void worker_ask_stats(struct worker *w);
/* Other rates than the options say (SIGHUP), from the next question and connection on. */
void worker_set_rates(struct worker *w, const struct worker_rates *rates);
/* For feed_events.wake. */
void worker_wake_for_input(struct worker *w);

/* ---- for the files of this room, on the worker's own thread --------------------------------- */

uint64_t worker_now_us(const struct worker *w); /* monotonic */
int64_t worker_wall_ms(const struct worker *w); /* since 1970; see wall.h */
/* Schedules a look at input and gates at the end of this turn of the loop. */
void worker_schedule(struct worker *w);
/* Sends the scan a report; who it is from and its pass are filled in. content.stats is taken. */
void worker_tell(struct worker *w, struct worker_report content);
/* The lookups that the brake was not told of yet. */
void worker_tell_lookups(struct worker *w);
/* This worker's share of the queries per second to a resolver. */
uint32_t worker_dns_share(const struct worker *w, uint32_t rate);
/* A record lookup ended: for the brake. */
void worker_count_lookup(struct worker *w, enum lookup status);
/* It cannot go on (memory): tells the scan. */
void worker_fail(struct worker *w);
/* The watchdog ends the unit: counts it, and names it while they are few. */
void worker_tell_overdue(struct worker *w, const struct unit *u);
/* What the worker thinks of the uplink has changed. */
void worker_tell_uplink(struct worker *w, const struct uplink_news *news);
/* Appends the record to the batch under way. */
enum status worker_write_record(struct worker *w, const struct evidence *e,
                                const struct judgement *j);
/* Hands the batch under way to the writer, full or not. */
void worker_submit_batch(struct worker *w);
/* A domain is finished: for the metadata and the progress line. */
void worker_count_record(struct worker *w, const struct evidence *e, const struct judgement *j);
/* What is withheld and will not be walked again is written. provisional: the scan did not get to
 * its end, so it is for the user's eyes, and undone by a resume. */
void worker_write_withheld(struct worker *w, bool provisional);
static inline const guard *worker_guard(const struct worker *w)
{
    return atomic_load_explicit(&w->shared->guard, memory_order_acquire);
}
/* The worker that owns an address. */
struct worker *worker_of_address(const struct worker *w, const struct net_addr *ip);

#endif
