/* unit - one domain's walk, from the answer at _mta-sts.D (candidate.h asks) to its record.
 *
 *   RECORD    the record set is known
 *   SIBLING   only when that is a CNAME to nothing: is it one of a zone-wide wildcard?
 *   GATHER    names, policy and MX with their probes, side by side; each part goes on by itself
 *   FINISH    judge, write the record (or withhold it for the second pass)
 *
 * Most domains end after RECORD. `pending` counts what is under way for a unit; when it reaches 0
 * the walk goes on to the next state. unit.c holds the states, unit_names.c, unit_deep.c,
 * unit_policy.c and unit_mx.c one part of GATHER each, unit_finish.c the end.
 *
 * The unit's clock (--timeout-domain) stops while it waits for limits of ours, and while our loop
 * is late. When it has run out the watchdog ends the unit, whatever is under way: what was not
 * answered is then unknown. Worker's thread. */
#ifndef SCANNER_WORKER_UNIT_H
#define SCANNER_WORKER_UNIT_H

#include "scanner/worker/enquiry.h"
#include "scanner/worker/job.h"
#include "scanner/worker/worker.h"

enum unit_state {
    UNIT_IDLE,
    UNIT_RECORD,
    UNIT_SIBLING,
    UNIT_GATHER,
    UNIT_FINISH,
    UNIT_STATE_COUNT
};
const char *unit_state_name(enum unit_state s);

/* What a probe showed, kept until the policy is known: which of its patterns the certificate
 * covers can be told only then. */
struct unit_probe {
    struct unit_probe *next;
    struct result *result; /* one reference */
    struct probe_facts *facts;
    const struct mx_host *host;
};

struct unit {
    struct unit *next, *before; /* the worker's list of units under way, or its pool (next) */
    struct worker *worker;
    enum unit_state state;
    uint32_t pending;
    struct ask *asks; /* questions under way */
    struct job *jobs; /* connections under way */
    bool borrows;     /* domain, tag and record are the candidate's and its answer's */
    bool second_pass, adopter;
    bool want_policy, want_mx, want_probe, want_tlsrpt;
    uint64_t began_us;
    struct lag_mark lag_then;  /* when it began */
    uint64_t paused_us;        /* time that our own limits cost */
    uint64_t paused_until_us;  /* pauses up to here are counted */
    uint64_t longest_us;       /* that others surely took for one answer */
    uint32_t policy_next;      /* next address of the policy host to try */
    uint32_t policy_contacted; /* addresses of it that were contacted */
    struct unit_probe *probes;
    struct evidence e;
};

/* When the domain's turn began: before its record was asked for. */
struct unit_start {
    int64_t ts_ms;
    uint64_t began_us;
    struct lag_mark lag_then;
    bool second_pass;
};
/* Begins the walk of a domain with the answer for its record. May end it, too, when nothing more
 * needs to be asked. NULL: nothing was asked, since the item is no name or on the user's list. Item
 * and answer are copied when the walk goes on beyond this call, not before.
 * ST_NOMEM. */
enum status unit_begin(struct worker *w, const struct input_item *item,
                       const struct unit_start *start, const struct dns_answer *record);
/* Watchdog: ends it with what there is when its clock has run out. */
void unit_check_deadline(struct unit *u);
/* Drops it without a record; what is under way for it comes back to nobody. */
void unit_drop(struct unit *u);
/* Their memory, when nothing is under way any more. */
void unit_pool_free(struct worker *w);
void unit_ask_pool_free(struct worker *w);

/* ---- for the unit's own files --------------------------------------------------------------- */

/* Something is under way for the unit; released when it is over. The last release moves the unit
 * on, and may end it: do not touch it afterwards. */
void unit_hold(struct unit *u);
void unit_release(struct unit *u);
/* The clock has run out: start nothing new. */
bool unit_is_late(const struct unit *u);
/* Our own limits made it wait for `waited_ms` from `since_us` on. */
void unit_pause(struct unit *u, uint64_t since_us, uint64_t waited_ms);

typedef void (*unit_answer_fn)(struct unit *u, void *arg, const struct dns_answer *a);
/* Asks and holds the unit until `answer` has returned. name: static or in the unit's arena.
 * shared: through the worker's cache. Without memory or time the answer is LOOKUP_ABANDONED. */
void unit_ask(struct unit *u, const char *name, enum dns_type type, bool shared,
              unit_answer_fn answer, void *arg);
/* The same of one named server, without recursion (dns_query_at). */
void unit_ask_at(struct unit *u, const struct endpoint *server, const char *name,
                 enum dns_type type, unit_answer_fn answer, void *arg);
/* A unit_answer_fn: copies a TXT answer into the struct txt_facts at `arg`. */
void unit_keep_txt(struct unit *u, void *arg, const struct dns_answer *a);
/* TXT into `out`. */
void unit_ask_txt(struct unit *u, const char *name, bool shared, struct txt_facts *out);
/* A and AAAA into `out`: of the families in use, and when those have none, of the other one, so
 * that "no address" and "none that we can use" are told apart. Then calls then(u, arg). */
void unit_ask_addresses(struct unit *u, const char *name, bool shared, struct addr_facts *out,
                        void (*then)(struct unit *u, void *arg), void *arg);
/* Sends a job and holds the unit until `done` has returned; done is called with job->asker = u and
 * does not free the job. */
void unit_submit(struct unit *u, struct job *job, void (*done)(struct unit *u, struct job *job));
/* What is under way goes on without the unit. */
void unit_detach(struct unit *u);
/* The same, but questions are answered at once with LOOKUP_ABANDONED, and what waited for questions
 * and connections is released. The caller holds the unit. */
void unit_give_up(struct unit *u);
/* How long the one of its questions that waited longest has waited for limits of ours. */
uint64_t unit_asks_held_us(const struct unit *u);
void unit_count_waits(const struct unit *u, unsigned *questions, unsigned *connections);

/* What stands before a contact: CONN_OK, or why there is none. `name` and its chain are held
 * against the user's list, the address against all. */
enum conn unit_may_contact(const struct unit *u, const char *name, const struct addr_facts *chain,
                           const struct net_addr *ip);
/* A label that nobody has registered, the same for the same domain and seed. */
const char *unit_random_label(struct unit *u, const char *prefix);

void unit_names_start(struct unit *u);
void unit_deep_start(struct unit *u);
void unit_sibling_start(struct unit *u);
void unit_policy_start(struct unit *u);
void unit_mx_start(struct unit *u);
void unit_finish(struct unit *u);
/* The walk is over without a record of its own. */
void unit_put_back(struct unit *u);

#endif
