/* What a unit has under way: questions to the resolvers, jobs with the owners of addresses. */
#include "scanner/worker/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- questions ------------------------------------------------------------------------------ */

struct ask {
    struct enquiry enquiry;    /* first */
    struct ask *next, *before; /* the unit's list, or the worker's pool (next) */
    struct unit *unit;         /* NULL: nobody listens any more */
    unit_answer_fn answer;
    void *arg;
    uint64_t began_us;
    uint64_t held_then_ms; /* dns_held_ms of the resolvers when it began */
    bool pooled;           /* its name has room for NAME_MAX_BYTES, as nearly all need */
    char name[];           /* a copy: the question may outlive the unit's arena */
};

static void ask_put_back(struct worker *w, struct ask *a)
{
    if (!a->pooled) {
        free(a);
        return;
    }
    a->next = w->free_asks;
    w->free_asks = a;
}

void unit_ask_pool_free(struct worker *w)
{
    for (struct ask *a; (a = w->free_asks);) {
        w->free_asks = a->next;
        free(a);
    }
}

static void take_out(struct unit *u, struct ask *a)
{
    if (a->before)
        a->before->next = a->next;
    else
        u->asks = a->next;
    if (a->next)
        a->next->before = a->before;
}

/* What was begun at since_us is over, and waited for limits of ours. The rest of the time was
 * theirs, but for our loop's lateness. */
static void unit_answered(struct unit *u, uint64_t since_us, uint64_t waited_ms)
{
    const struct lag *lag = &u->worker->lag;
    uint64_t now = worker_now_us(u->worker);
    uint64_t ours_us = (waited_ms + lag_late_ms(lag, u->lag_then, now)) * 1000;
    unit_pause(u, since_us, waited_ms);
    if (now - since_us > ours_us && now - since_us - ours_us > u->longest_us)
        u->longest_us = now - since_us - ours_us;
}

static void on_answer(struct enquiry *q, const struct dns_answer *answer)
{
    struct ask *a = (struct ask *)q;
    struct worker *w = q->worker;
    struct unit *u = a->unit;
    if (u) {
        take_out(u, a);
        unit_answered(u, a->began_us, answer->waited_ms);
        a->answer(u, a->arg, answer);
    }
    ask_put_back(w, a);
    if (u)
        unit_release(u);
}

/* The text of a name is longer than the name where bytes are escaped: RFC 1035 2.3.4 bounds what is
 * on the wire, which is the engine's to say. */
static struct ask *ask_new(struct worker *w, size_t name_len)
{
    bool pooled = name_len <= NAME_MAX_BYTES;
    struct ask *a = pooled ? w->free_asks : NULL;
    if (a)
        w->free_asks = a->next;
    else if ((a = malloc(sizeof *a + (pooled ? NAME_MAX_BYTES : name_len) + 1)))
        a->pooled = pooled;
    return a;
}

/* The unit is released, and may be gone, when this returns. */
static void answer_unasked(struct unit *u, unit_answer_fn answer, void *arg, enum lookup status)
{
    struct dns_answer none = {.n = 0};
    dns_facts_init(&none.facts);
    none.facts.status = status;
    answer(u, arg, &none);
    unit_release(u);
}

static void ask(struct unit *u, const struct endpoint *server, const char *name, enum dns_type type,
                bool shared, unit_answer_fn answer, void *arg)
{
    struct worker *w = u->worker;
    size_t len = name ? strlen(name) : 0;
    bool late = unit_is_late(u);
    struct ask *a = name && !late ? ask_new(w, len) : NULL;
    u->e.deadline_hit |= late;
    unit_hold(u);
    if (!a) {
        answer_unasked(u, answer, arg, LOOKUP_ABANDONED);
        return;
    }
    memcpy(a->name, name, len + 1);
    a->unit = u;
    a->answer = answer;
    a->arg = arg;
    a->began_us = worker_now_us(w);
    a->held_then_ms = dns_held_ms(w->dns, NULL);
    a->before = NULL;
    a->next = u->asks;
    if (u->asks)
        u->asks->before = a;
    u->asks = a;
    a->enquiry = (struct enquiry){
        .worker = w, .done = on_answer, .name = a->name, .type = type, .shared = shared};
    if (server)
        a->enquiry.server = *server;
    enquiry_start(&a->enquiry, a->began_us);
}

void unit_ask(struct unit *u, const char *name, enum dns_type type, bool shared,
              unit_answer_fn answer, void *arg)
{
    ask(u, NULL, name, type, shared, answer, arg);
}

void unit_ask_at(struct unit *u, const struct endpoint *server, const char *name,
                 enum dns_type type, unit_answer_fn answer, void *arg)
{
    ask(u, server, name, type, false, answer, arg);
}

/* One that waits for another one's answer waits no longer than the resolvers' questions in all. */
static uint64_t held_ms(const struct ask *a)
{
    dns_engine *dns = a->enquiry.worker->dns;
    return a->enquiry.handle ? dns_held_ms(dns, a->enquiry.handle)
                             : dns_held_ms(dns, NULL) - a->held_then_ms;
}

uint64_t unit_asks_held_us(const struct unit *u)
{
    uint64_t longest_ms = 0;
    for (const struct ask *a = u->asks; a; a = a->next) {
        uint64_t ms = held_ms(a);
        if (ms > longest_ms)
            longest_ms = ms;
    }
    return longest_ms * 1000;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void on_job(struct job *job)
{
    struct unit *u = job->asker;
    if (u) {
        if (job->before)
            job->before->next = job->next;
        else
            u->jobs = job->next;
        if (job->next)
            job->next->before = job->before;
        unit_answered(u, job->sent_us, job->waited_ms);
        void (*done)(struct unit *, struct job *) = job->unit_done;
        done(u, job);
    }
    job_free(job);
    if (u)
        unit_release(u);
}

void unit_submit(struct unit *u, struct job *job, void (*done)(struct unit *u, struct job *job))
{
    unit_hold(u);
    job->asker = u;
    job->done = on_job;
    job->unit_done = done;
    job->before = NULL;
    job->next = u->jobs;
    if (u->jobs)
        u->jobs->before = job;
    u->jobs = job;
    job_submit(job);
}

void unit_count_waits(const struct unit *u, unsigned *questions, unsigned *connections)
{
    *questions = *connections = 0;
    for (const struct ask *a = u->asks; a; a = a->next)
        ++*questions;
    for (const struct job *j = u->jobs; j; j = j->next)
        ++*connections;
}

void unit_give_up(struct unit *u)
{
    for (struct job *j = u->jobs; j; j = j->next) {
        j->asker = NULL;
        unit_release(u);
    }
    u->jobs = NULL;
    while (u->asks) {
        struct ask *a = u->asks;
        take_out(u, a);
        a->unit = NULL;
        answer_unasked(u, a->answer, a->arg, LOOKUP_ABANDONED);
    }
}

void unit_detach(struct unit *u)
{
    for (struct ask *a = u->asks; a; a = a->next)
        a->unit = NULL;
    for (struct job *j = u->jobs; j; j = j->next)
        j->asker = NULL;
    u->asks = NULL;
    u->jobs = NULL;
    u->pending = 0;
}
