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
    char name[NAME_MAX_BYTES + 1]; /* a copy: the question may outlive the unit's arena */
};

static void ask_put_back(struct worker *w, struct ask *a)
{
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

static void on_answer(struct enquiry *q, const struct dns_answer *answer)
{
    struct ask *a = (struct ask *)q;
    struct worker *w = q->worker;
    struct unit *u = a->unit;
    if (u) {
        if (a->before)
            a->before->next = a->next;
        else
            u->asks = a->next;
        if (a->next)
            a->next->before = a->before;
        unit_pause(u, a->began_us, answer->waited_ms);
        a->answer(u, a->arg, answer);
    }
    ask_put_back(w, a);
    if (u)
        unit_release(u);
}

static struct ask *ask_new(struct worker *w)
{
    struct ask *a = w->free_asks;
    if (a)
        w->free_asks = a->next;
    else
        a = malloc(sizeof *a);
    return a;
}

static void ask(struct unit *u, const struct endpoint *server, const char *name, enum dns_type type,
                bool shared, unit_answer_fn answer, void *arg)
{
    struct worker *w = u->worker;
    size_t len = name ? strlen(name) : 0;
    bool late = unit_is_late(u);
    struct ask *a = name && !late ? ask_new(w) : NULL;
    u->e.deadline_hit |= late;
    unit_hold(u);
    if (!a || len >= sizeof a->name) {
        struct dns_answer none = {.n = 0};
        dns_facts_init(&none.facts);
        /* A name that is too long for the DNS cannot be there (RFC 1035 2.3.4). */
        none.facts.status = a ? LOOKUP_NXDOMAIN : LOOKUP_ABANDONED;
        if (a)
            ask_put_back(w, a);
        answer(u, arg, &none);
        unit_release(u);
        return;
    }
    memcpy(a->name, name, len + 1);
    a->unit = u;
    a->answer = answer;
    a->arg = arg;
    a->began_us = worker_now_us(w);
    a->before = NULL;
    a->next = u->asks;
    if (u->asks)
        u->asks->before = a;
    u->asks = a;
    a->enquiry = (struct enquiry){
        .worker = w, .done = on_answer, .name = a->name, .type = type, .shared = shared};
    if (server)
        a->enquiry.server = *server;
    enquiry_start(&a->enquiry);
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
        unit_pause(u, job->sent_us, job->waited_ms);
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
