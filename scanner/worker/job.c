#include "scanner/worker/job.h"

#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

struct job *job_new(struct worker *home, enum job_kind kind, const struct net_addr *ip,
                    const char *host)
{
    size_t len = strlen(host);
    if (len >= NAME_TEXT_MAX_BYTES)
        return NULL;
    struct job *job = calloc(1, sizeof *job + len + 1);
    if (!job)
        return NULL;
    job->home = home;
    job->kind = kind;
    job->gate.ip = *ip;
    job->pass = home->pass;
    memcpy(job->host, host, len + 1);
    return job;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    result_unref(job->result);
    free(job->cache_key);
    free(job);
}

static void deliver(struct mail *mail, void *owner)
{
    struct worker *w = owner;
    owner_accept(&w->owner, (struct job *)mail);
}

void job_submit(struct job *job)
{
    struct worker *owner = worker_of_address(job->home, &job->gate.ip);
    job->owner = owner;
    job->sent_us = worker_now_us(job->home);
    atomic_store_explicit(&job->started_us, 0, memory_order_relaxed);
    if (owner == job->home) {
        owner_accept(&owner->owner, job);
        return;
    }
    job->mail.deliver = deliver;
    mailbox_send(owner->box, &job->mail);
}
