/* The owner's probe cache: an address is probed once, whatever number of names share it. */
#include "scanner/worker/owner.h"

#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

static struct job *job_of_waiter(struct waiter *waiter)
{
    return (struct job *)(void *)((char *)waiter - offsetof(struct job, wait));
}

struct probe_key {
    size_t address_len, len; /* of the address alone, and with the name */
    char bytes[24 + NAME_TEXT_MAX_BYTES];
};

static void make_key_of(const struct net_addr *ip, bool without_sni, const char *host,
                        struct probe_key *key)
{
    key->bytes[0] = (char)ip->family;
    key->bytes[1] = without_sni;
    memcpy(key->bytes + 2, ip->b, sizeof ip->b);
    key->address_len = 2 + sizeof ip->b;
    size_t len = strlen(host);
    memcpy(key->bytes + key->address_len, host, len);
    key->len = key->address_len + len;
}

static void make_key(const struct job *job, struct probe_key *key)
{
    make_key_of(&job->gate.ip, job->without_sni, job->host, key);
}

/* Answers with a result that stays the cache's. */
static void answer(struct owner *o, struct job *job, struct result *r)
{
    if (r) {
        job->result = result_ref(r);
        bool same = r->sni && strcmp(r->sni, job->host) == 0;
        job->name = r->probe.end != PROBE_OK   ? NAME_MATCH_UNKNOWN
                    : same || job->without_sni ? r->probe.tls.name
                                               : cert_names_match(&r->names, slice_of(job->host));
    }
    owner_send_home(o, job);
}

/* Joins the flight for this key; the leader queues at the gate, as one more name of the address of
 * which `first` is known, or with NULL as none that was not counted. The job may be answered, and
 * gone, when this returns. */
static void join(struct owner *o, struct job *job, const char *key, size_t len,
                 struct result *first)
{
    void *value;
    switch (waitq_join(o->probes, key, len, worker_now_us(o->worker) / 1000, &job->wait, &value)) {
    case WAITQ_HIT:
        o->worker->stats.probe_cache_hits++;
        answer(o, job, value);
        break;
    case WAITQ_WAIT:
        o->worker->stats.probe_cache_hits++;
        break;
    case WAITQ_LEAD:
        job->counted = first != NULL;
        if (first)
            first->names_tried++;
        job->cache_key = malloc(len);
        if (job->cache_key) {
            memcpy(job->cache_key, key, len);
            job->cache_key_len = len;
        } else {
            waitq_settle(o->probes, key, len, NULL, 0, 0);
        }
        owner_queue(o, job);
        break;
    case WAITQ_NOMEM:
        owner_queue(o, job);
        break;
    }
}

static struct result *settled(struct owner *o, const char *key, size_t len)
{
    return waitq_peek(o->probes, key, len, worker_now_us(o->worker) / 1000);
}

/* A settled result for the key, unless a second pass is to try again: then *again. */
static struct result *known(struct owner *o, const struct job *job, const char *key, size_t len,
                            bool *again)
{
    struct result *r = settled(o, key, len);
    *again = r && r->pass < job->pass && probe_is_transient(&r->probe);
    if (!*again)
        return r;
    waitq_forget(o->probes, key, len);
    return NULL;
}

/* Whether what was captured with one name says all that a probe with this job's name would. */
static bool settles(const struct result *r, const struct job *job)
{
    if (job->without_sni || !probe_depends_on_name(&r->probe) ||
        (r->sni && strcmp(r->sni, job->host) == 0))
        return true;
    return r->probe.end == PROBE_OK &&
           cert_names_match(&r->names, slice_of(job->host)) == NAME_MATCH_OK;
}

void owner_accept_probe(struct owner *o, struct job *job)
{
    struct probe_key key;
    bool again;
    make_key(job, &key);
    struct result *first = known(o, job, key.bytes, key.address_len, &again);
    if (!first) {
        join(o, job, key.bytes, key.address_len, NULL);
        return;
    }
    if (settles(first, job)) {
        o->worker->stats.probe_cache_hits++;
        answer(o, job, first);
        return;
    }
    struct result *named = known(o, job, key.bytes, key.len, &again);
    if (!named && !again && first->names_tried >= LIMIT_NAMES_PER_ADDRESS - 1 &&
        !waitq_is_pending(o->probes, key.bytes, key.len)) {
        owner_send_home(o, job); /* undetermined: one more name would be too many */
        return;
    }
    join(o, job, key.bytes, key.len, again ? NULL : first);
}

void owner_settle_probe(struct owner *o, struct job *job)
{
    struct result *r = job->result;
    job->result = NULL;
    if (!job->cache_key) {
        answer(o, job, r);
        result_unref(r);
        return;
    }
    struct probe_key key;
    make_key(job, &key);
    bool by_address = job->cache_key_len == key.address_len;
    bool never_went = !r && job->counted && job->tried_again == 0;
    struct result *first = never_went ? settled(o, key.bytes, key.address_len) : NULL;
    if (first && first->names_tried > 0)
        first->names_tried--;
    struct waiter *next,
        *waiter = waitq_settle(o->probes, job->cache_key, job->cache_key_len,
                               r ? result_ref(r) : NULL, result_bytes(r), UINT64_MAX);
    free(job->cache_key);
    job->cache_key = NULL;
    uint64_t now = worker_now_us(o->worker);
    uint32_t cost_ms = job->waited_ms; /* the job is a waiter itself, and gone with its answer */
    for (; waiter; waiter = next) {
        next = waiter->next;
        struct job *waiting = job_of_waiter(waiter);
        /* What our own limits cost the one that went, they cost who waits for it. */
        uint64_t waits_ms = (now - waiting->sent_us) / 1000;
        waiting->waited_ms = waits_ms < cost_ms ? (uint32_t)waits_ms : cost_ms;
        if (r && by_address && !settles(r, waiting))
            owner_accept(o, waiting);
        else
            answer(o, waiting, r);
    }
    result_unref(r);
}

/* The first of an address answers for all its names, as far as it can; others for their own. */
void owner_know_probe(struct owner *o, const struct net_addr *ip, struct result *r)
{
    struct probe_key key;
    struct waiter nobody;
    void *value;
    uint64_t now_ms = worker_now_us(o->worker) / 1000;
    if (r->sni && strlen(r->sni) >= NAME_TEXT_MAX_BYTES) { /* no name that was ever asked with */
        result_unref(r);
        return;
    }
    if (r->probe.end != PROBE_REFUSED) /* which may have been a router's word */
        uplink_knew(o->link[addr_family_slot(ip->family)].uplink, ip, UPLINK_SMTP);
    make_key_of(ip, false, r->sni ? r->sni : "", &key);
    struct result *first = waitq_peek(o->probes, key.bytes, key.address_len, now_ms);
    size_t len = first ? key.len : key.address_len;
    if (first)
        first->names_tried++;
    if (waitq_join(o->probes, key.bytes, len, now_ms, &nobody, &value) == WAITQ_LEAD)
        waitq_settle(o->probes, key.bytes, len, r, result_bytes(r), UINT64_MAX);
    else
        result_unref(r);
}
