#include "scanner/worker/owner.h"

#include "scanner/worker/aia.h"
#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

/* What costs is the beginning of a connection, its handshake; what is much older than connections
 * usually get only waits (a tarpit, a dead host) and must not keep others out. */
enum { YOUNG_MIN_US = 1000000, YOUNG_MAX_US = 10000000, YOUNG_TIMES_USUAL = 4 };
/* When connections come to last longer than this, the crowd is our own: fewer are made at once, so
 * that nobody is called slow for our sake. */
enum { UNCROWDED_US = 250000, YOUNG_AT_LEAST = 8 };
enum { TRIES_AGAIN_MAX = 3 };

static gate *gate_of(struct owner *o, const struct job *job)
{
    return job->kind == JOB_PROBE ? o->smtp : o->https;
}

static struct job *job_of_gate(struct gate_item *item)
{
    return (struct job *)(void *)((char *)item - offsetof(struct job, gate));
}

static struct job *job_of_waiter(struct waiter *waiter)
{
    return (struct job *)(void *)((char *)waiter - offsetof(struct job, wait));
}

/* ---- results go home --------------------------------------------------------------------------
 */

static void come_home(struct mail *mail, void *owner)
{
    struct job *job = (struct job *)mail;
    (void)owner;
    job->done(job);
}

/* The job's result (a reference, or NULL) is set; the job leaves the owner. */
static void send_home(struct owner *o, struct job *job)
{
    job->mail.deliver = come_home;
    if (job->home == o->worker)
        come_home(&job->mail, job->home);
    else
        mailbox_send(job->home->box, &job->mail);
}

/* ---- probes: once per address ------------------------------------------------------------------
 */

struct probe_key {
    size_t address_len, len; /* of the address alone, and with the name */
    char bytes[24 + NAME_TEXT_MAX_BYTES];
};

static void make_key(const struct job *job, struct probe_key *key)
{
    const struct net_addr *ip = &job->gate.ip;
    key->bytes[0] = (char)ip->family;
    key->bytes[1] = job->without_sni;
    memcpy(key->bytes + 2, ip->b, sizeof ip->b);
    key->address_len = 2 + sizeof ip->b;
    size_t len = strlen(job->host);
    memcpy(key->bytes + key->address_len, job->host, len);
    key->len = key->address_len + len;
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
    send_home(o, job);
}

static void queue(struct owner *o, struct job *job)
{
    if (gate_push(gate_of(o, job), &job->gate, worker_now_us(o->worker)) != ST_OK)
        send_home(o, job);
    else
        worker_schedule(o->worker);
}

/* Joins the flight for this key; the leader queues at the gate. False: nobody is to wait. */
static void join(struct owner *o, struct job *job, const char *key, size_t len)
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
        job->cache_key = malloc(len);
        if (job->cache_key) {
            memcpy(job->cache_key, key, len);
            job->cache_key_len = len;
        } else {
            waitq_settle(o->probes, key, len, NULL, 0);
        }
        queue(o, job);
        break;
    case WAITQ_NOMEM:
        queue(o, job);
        break;
    }
}

/* A settled result for the key, unless a second pass is to try again. */
static struct result *known(struct owner *o, const struct job *job, const char *key, size_t len)
{
    struct result *r = waitq_peek(o->probes, key, len, worker_now_us(o->worker) / 1000);
    if (r && r->pass < job->pass && probe_is_transient(&r->probe)) {
        waitq_forget(o->probes, key, len);
        return NULL;
    }
    return r;
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

static void accept_probe(struct owner *o, struct job *job)
{
    struct probe_key key;
    make_key(job, &key);
    struct result *first = known(o, job, key.bytes, key.address_len);
    if (!first) {
        join(o, job, key.bytes, key.address_len);
        return;
    }
    if (settles(first, job)) {
        o->worker->stats.probe_cache_hits++;
        answer(o, job, first);
        return;
    }
    struct result *named = known(o, job, key.bytes, key.len);
    if (!named && first->names_tried >= LIMIT_NAMES_PER_ADDRESS - 1) {
        send_home(o, job); /* undetermined: one more name would be too many */
        return;
    }
    join(o, job, key.bytes, key.len);
    if (job->cache_key)
        first->names_tried++;
}

/* The leader has its result (or none): all who wait for the key get it. */
static void settle_probe(struct owner *o, struct job *job)
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
    struct waiter *next, *waiter = waitq_settle(o->probes, job->cache_key, job->cache_key_len,
                                                r ? result_ref(r) : NULL, UINT64_MAX);
    free(job->cache_key);
    job->cache_key = NULL;
    for (; waiter; waiter = next) {
        next = waiter->next;
        struct job *waiting = job_of_waiter(waiter);
        if (r && by_address && !settles(r, waiting))
            accept_probe(o, waiting);
        else
            answer(o, waiting, r);
    }
    result_unref(r);
}

/* ---- the end of a connection --------------------------------------------------------------------
 */

static uint64_t young_us(const struct owner *o)
{
    uint64_t age = YOUNG_TIMES_USUAL * o->usual_us;
    return age < YOUNG_MIN_US ? YOUNG_MIN_US : age > YOUNG_MAX_US ? YOUNG_MAX_US : age;
}

/* The odd one out weighs no more than a young connection may last. */
static void learn_usual(struct owner *o, uint64_t lasted)
{
    if (lasted > young_us(o))
        lasted = young_us(o);
    o->usual_us += lasted / 16 - o->usual_us / 16;
}

static void connection_over(struct owner *o, struct job *job, bool timed_out, bool limited)
{
    uint64_t now = worker_now_us(o->worker);
    if (!timed_out)
        learn_usual(o, now - atomic_load_explicit(&job->started_us, memory_order_relaxed));
    o->connections--;
    if (job->young) {
        job->young = false;
        *job->young_link = job->young_next;
        if (job->young_next)
            job->young_next->young_link = job->young_link;
        else
            o->young_last = job->young_link;
        o->young--;
    }
    gate_release(gate_of(o, job), &job->gate, limited, now);
    worker_schedule(o->worker);
}

static void job_over(struct owner *o, struct job *job)
{
    if (job->kind == JOB_PROBE)
        settle_probe(o, job);
    else
        send_home(o, job);
}

static void on_mended(void *arg)
{
    struct job *job = arg;
    job_over(&job->owner->owner, job);
}

/* The result is there: certificates to the writer, a missing intermediate looked for. */
static void finish(struct owner *o, struct job *job)
{
    struct result *r = job->result;
    if (!r) {
        job_over(o, job);
        return;
    }
    r->pass = job->pass;
    if (r->chain && !o->worker->stopping)
        writer_submit_chain(o->worker->shared->writer, cert_chain_ref(r->chain));
    struct tls_facts *tls = job->kind == JOB_PROBE ? &r->probe.tls : &r->fetch.tls;
    if (!o->worker->stopping && aia_can_mend(o->worker, tls, r))
        aia_mend(o->worker, tls, r, on_mended, job);
    else
        job_over(o, job);
}

/* A timeout while our own loop was late says nothing: try again, in the end give it up as ours.
 * True: the job is queued again. */
static bool try_again(struct owner *o, struct job *job, bool timed_out, bool *abandon)
{
    *abandon = timed_out && worker_lag_spoils(o->worker, job->lag_then, job->deadline_ms);
    if (!*abandon || job->tried_again == TRIES_AGAIN_MAX || o->worker->stopping)
        return false;
    job->tried_again++;
    queue(o, job);
    return true;
}

static void on_fetch(void *arg, const struct fetch_outcome *out)
{
    struct job *job = arg;
    struct owner *o = &job->owner->owner;
    const struct fetch_facts *f = &out->facts;
    bool timed_out =
        f->conn == CONN_TIMEOUT || f->tls.end == TLS_END_TIMEOUT || f->http.end == HTTP_END_TIMEOUT;
    connection_over(o, job, timed_out, f->http.status == 429);
    bool abandon;
    if (try_again(o, job, timed_out, &abandon))
        return;
    if (!abandon && f->conn != CONN_ABANDONED)
        job->result = result_of_fetch(out);
    finish(o, job);
}

static void on_probe(void *arg, const struct probe_outcome *out)
{
    struct job *job = arg;
    struct owner *o = &job->owner->owner;
    const struct probe_facts *p = &out->facts;
    o->worker->stats.probe_end[p->end]++;
    bool timed_out =
        p->end == PROBE_TIMEOUT || (p->end == PROBE_TLS_FAILED && p->tls.end == TLS_END_TIMEOUT);
    connection_over(o, job, timed_out, p->end == PROBE_LIMITED);
    bool abandon;
    if (try_again(o, job, timed_out, &abandon))
        return;
    if (!abandon && p->end != PROBE_ABANDONED)
        job->result = result_of_probe(out, job->without_sni ? NULL : job->host);
    finish(o, job);
}

/* ---- starting ------------------------------------------------------------------------------- */

static enum status connect_job(struct owner *o, struct job *job)
{
    if (job->kind == JOB_PROBE) {
        struct probe_request req = {.mx_name = job->without_sni ? NULL : job->host,
                                    .ip = job->gate.ip,
                                    .port = job->port,
                                    .deadline_ms = job->deadline_ms};
        o->worker->stats.probes++;
        return probe_start(o->prober, &req, on_probe, job, NULL);
    }
    struct fetch_request req = {.host = job->host,
                                .ip = job->gate.ip,
                                .port = job->port,
                                .path = job->path,
                                .plain = job->plain,
                                .body_max_bytes = job->body_max_bytes,
                                .deadline_ms = job->deadline_ms};
    o->worker->stats.fetches++;
    return fetch_start(o->fetcher, &req, on_fetch, job, NULL);
}

static void start(struct owner *o, struct gate_item *item)
{
    struct job *job = job_of_gate(item);
    uint64_t now = worker_now_us(o->worker);
    job->waited_ms = (uint32_t)((now - job->sent_us) / 1000);
    if (item->refused) {
        finish(o, job);
        return;
    }
    atomic_store_explicit(&job->started_us, now, memory_order_relaxed);
    job->lag_then = o->worker->lag_us;
    o->connections++;
    job->young = true;
    job->young_next = NULL;
    job->young_link = o->young_last;
    *o->young_last = job;
    o->young_last = &job->young_next;
    o->young++;
    if (connect_job(o, job) != ST_OK) {
        connection_over(o, job, true, false);
        finish(o, job);
    }
}

static void forget_grown(struct owner *o, uint64_t now)
{
    for (struct job *job; (job = o->young_first);) {
        if (atomic_load_explicit(&job->started_us, memory_order_relaxed) + young_us(o) > now)
            break;
        job->young = false;
        o->young_first = job->young_next;
        if (o->young_first)
            o->young_first->young_link = &o->young_first;
        else
            o->young_last = &o->young_first;
        o->young--;
    }
}

static uint32_t young_max(const struct owner *o)
{
    if (o->usual_us <= UNCROWDED_US)
        return LIMIT_HANDSHAKES_PER_WORKER;
    uint64_t max = (uint64_t)LIMIT_HANDSHAKES_PER_WORKER * UNCROWDED_US / o->usual_us;
    return max < YOUNG_AT_LEAST ? YOUNG_AT_LEAST : (uint32_t)max;
}

static bool has_room(const struct owner *o)
{
    return !o->worker->lagging && !o->worker->stopping && o->young < young_max(o) &&
           o->connections < LIMIT_CONNECTIONS_PER_WORKER;
}

void owner_pump(struct owner *o)
{
    uint64_t now = worker_now_us(o->worker), next[2] = {UINT64_MAX, UINT64_MAX};
    gate *const gates[2] = {o->https, o->smtp};
    forget_grown(o, now);
    for (int i = 0; i < 2; i++) {
        struct gate_item *item;
        while (has_room(o) && (item = gate_pop(gates[i], now, &next[i])))
            start(o, item);
    }
    uint64_t wake = next[0] < next[1] ? next[0] : next[1];
    if (wake == UINT64_MAX)
        return; /* what ends, the tick or a new job pumps again */
    uint64_t wait = wake > now ? wake - now : 0;
    struct timeval tv = {(time_t)(wait / 1000000), (suseconds_t)(wait % 1000000)};
    event_add(o->wake, &tv);
}

void owner_accept(struct owner *o, struct job *job)
{
    if (o->worker->stopping)
        send_home(o, job);
    else if (job->kind == JOB_PROBE)
        accept_probe(o, job);
    else
        queue(o, job);
}

/* ---- making and ending ---------------------------------------------------------------------- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    owner_pump(arg);
}

static void result_release(void *value)
{
    result_unref(value);
}

enum status owner_init(struct owner *o, struct worker *w)
{
    const struct worker_shared *s = w->shared;
    const struct scan_options *opt = s->options;
    *o = (struct owner){.worker = w};
    o->young_last = &o->young_first;
    o->usual_us = UNCROWDED_US;
    struct gate_limits https = {.per_address = opt->per_ip.https,
                                .per_prefix = opt->per_prefix.https,
                                .address_rate = opt->per_ip_rate.https,
                                .total_rate = opt->policy_rate,
                                .shares = s->n_workers};
    struct gate_limits smtp = {.per_address = opt->per_ip.smtp,
                               .per_prefix = opt->per_prefix.smtp,
                               .address_rate = opt->per_ip_rate.smtp,
                               .total_rate = opt->probe_rate,
                               .shares = s->n_workers};
    struct fetch_config fetch = {.trust = s->trust,
                                 .guard = worker_guard(w),
                                 .user_agent = s->user_agent,
                                 .sources = opt->sources,
                                 .n_sources = opt->n_sources};
    struct probe_config probe = {.trust = s->trust,
                                 .guard = worker_guard(w),
                                 .ehlo_name = opt->ehlo_name,
                                 .sources = opt->sources,
                                 .n_sources = opt->n_sources};
    enum status st = gate_new(&https, &o->https);
    if (st == ST_OK)
        st = gate_new(&smtp, &o->smtp);
    if (st == ST_OK)
        st = waitq_new(LIMIT_PROBE_CACHE_ENTRIES, result_release, &o->probes);
    if (st == ST_OK)
        st = fetcher_new(w->base, &fetch, &o->fetcher);
    if (st == ST_OK && s->probe)
        st = prober_new(w->base, &probe, &o->prober);
    if (st == ST_OK && !(o->wake = evtimer_new(w->base, on_wake, o)))
        st = ST_NOMEM;
    return st;
}

static void abandon_waiting(struct owner *o, gate *g)
{
    for (struct gate_item *item; g && (item = gate_take_any(g));)
        finish(o, job_of_gate(item));
}

void owner_end(struct owner *o)
{
    abandon_waiting(o, o->https);
    abandon_waiting(o, o->smtp);
    fetcher_free(o->fetcher);
    prober_free(o->prober);
    o->fetcher = NULL;
    o->prober = NULL;
}

void owner_free(struct owner *o)
{
    fetcher_free(o->fetcher);
    prober_free(o->prober);
    waitq_free(o->probes);
    gate_free(o->https);
    gate_free(o->smtp);
    if (o->wake)
        event_free(o->wake);
}
