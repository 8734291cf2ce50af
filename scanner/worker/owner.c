#include "scanner/worker/owner.h"

#include "scanner/worker/aia.h"
#include "scanner/worker/owner_coalesce.h"
#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

static gate *gate_of(struct owner *o, const struct job *job)
{
    return job->kind == JOB_PROBE ? o->smtp : o->https;
}

/* ---- results go home ------------------------------------------------------------------------ */

static void come_home(struct mail *mail, void *owner)
{
    struct job *job = (struct job *)mail;
    (void)owner;
    job->done(job);
}

void owner_send_home(struct owner *o, struct job *job)
{
    job->mail.deliver = come_home;
    if (job->home == o->worker)
        come_home(&job->mail, job->home);
    else
        mailbox_send(job->home->box, &job->mail);
}

void owner_queue(struct owner *o, struct job *job)
{
    uint64_t now = worker_now_us(o->worker);
    job->canary = false;
    atomic_store_explicit(&job->queued_us, now - job->waited_ms * 1000ULL, memory_order_relaxed);
    atomic_store_explicit(&job->started_us, 0, memory_order_relaxed);
    if (gate_push(gate_of(o, job), &job->gate, now) != ST_OK)
        owner_finish(o, job); /* others may wait for what it leads */
    else
        worker_schedule(o->worker);
}

/* ---- the end of a connection ---------------------------------------------------------------- */

void owner_connection_over(struct owner *o, struct job *job, bool timed_out, bool stays,
                           struct gate_end end)
{
    uint64_t now = worker_now_us(o->worker);
    crowd_leave(&o->crowd, &job->crowd, timed_out, now);
    owner_uplink_left(o, job);
    if (!stays)
        gate_release(gate_of(o, job), &job->gate, end, now);
    owner_moves(o, now);
    worker_schedule(o->worker);
}

static void job_over(struct owner *o, struct job *job)
{
    /* The writer has its chain, and who judges names has these: nobody needs the bytes any more. */
    if (job->result) {
        cert_chain_unref(job->result->chain);
        job->result->chain = NULL;
    }
    if (job->kind == JOB_PROBE)
        owner_settle_probe(o, job);
    else
        owner_send_home(o, job);
}

static void on_mended(void *arg)
{
    struct job *job = arg;
    job_over(&job->owner->owner, job);
}

void owner_finish(struct owner *o, struct job *job)
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

/* ---- starting ------------------------------------------------------------------------------- */

/* A canary is to tell soon. */
static uint32_t deadline_ms(const struct job *job)
{
    bool shorter = job->canary && job->deadline_ms > UPLINK_CANARY_MS;
    return shorter ? UPLINK_CANARY_MS : job->deadline_ms;
}

static enum status connect_job(struct owner *o, struct job *job)
{
    if (job->kind == JOB_PROBE) {
        struct probe_request req = {.mx_name = job->without_sni ? NULL : job->host,
                                    .ip = job->gate.ip,
                                    .port = job->port,
                                    .deadline_ms = deadline_ms(job)};
        prober_use_guard(o->prober, worker_guard(o->worker));
        o->worker->stats.probes++;
        return probe_start(o->prober, &req, owner_on_probe, job, NULL);
    }
    struct fetch_request req = {.host = job->host,
                                .ip = job->gate.ip,
                                .port = job->port,
                                .path = job->path,
                                .plain = job->plain,
                                .http1 = job->http1,
                                .body_max_bytes = job->body_max_bytes,
                                .deadline_ms = deadline_ms(job),
                                .lead = job->route && !job->rides,
                                .ride = coalesce_ride(job)};
    if (req.ride && req.deadline_ms > LIMIT_COALESCE_RIDE_MS)
        req.deadline_ms = LIMIT_COALESCE_RIDE_MS;
    fetcher_use_guard(o->fetcher, worker_guard(o->worker));
    o->worker->stats.fetches++;
    return fetch_start(o->fetcher, &req, owner_on_fetch, job, NULL);
}

/* Whether the job may go now: its address is not given up and has budget left, and its name did not
 * come on the user's list (SIGHUP) while it waited. */
static bool may_start(struct owner *o, struct job *job)
{
    const guard *g = worker_guard(o->worker);
    /* Before a connection the fetcher asks for its address; who rides makes none. */
    if (guard_name(g, job->host) != GUARD_OK ||
        (job->rides && guard_address(g, &job->gate.ip) != GUARD_OK)) {
        o->worker->stats.guard_blocklisted++;
        return false;
    }
    if (job->kind == JOB_FETCH && !budget_spend(o->fetches, &job->gate.ip)) {
        o->worker->stats.over_budget++;
        return false;
    }
    return true;
}

static void count_wait(struct job *job, uint64_t now)
{
    uint64_t since = atomic_load_explicit(&job->queued_us, memory_order_relaxed);
    job->waited_ms = (uint32_t)((now - since) / 1000);
}

static void leave_gate(struct owner *o, struct job *job)
{
    struct gate_end end = {.limited = false};
    owner_uplink_left(o, job);
    gate_release(gate_of(o, job), &job->gate, end, worker_now_us(o->worker));
}

void owner_give_up(struct owner *o, struct job *job)
{
    leave_gate(o, job);
    owner_finish(o, job);
}

void owner_queue_again(struct owner *o, struct job *job)
{
    count_wait(job, worker_now_us(o->worker));
    leave_gate(o, job);
    owner_queue(o, job);
}

void owner_begin(struct owner *o, struct job *job)
{
    uint64_t now = worker_now_us(o->worker);
    count_wait(job, now);
    if (!may_start(o, job)) {
        if (job->route)
            coalesce_over(o, job, NULL);
        owner_give_up(o, job);
        return;
    }
    atomic_store_explicit(&job->started_us, now, memory_order_relaxed);
    owner_moves(o, now);
    job->lag_then = lag_mark(&o->worker->lag, now);
    owner_uplink_began(o, job, now);
    crowd_enter(&o->crowd, &job->crowd, now);
    enum status st = connect_job(o, job);
    gate_went(gate_of(o, job), &job->gate, worker_now_us(o->worker));
    if (st != ST_OK) {
        if (job->route)
            coalesce_over(o, job, NULL);
        owner_connection_over(o, job, true, false, (struct gate_end){.limited = false});
        owner_finish(o, job);
    }
}

static void start(struct owner *o, struct gate_item *item)
{
    struct job *job = job_of_gate(item);
    if (item->refused) {
        count_wait(job, worker_now_us(o->worker));
        owner_finish(o, job);
    } else if (coalesce_admit(o, job)) {
        owner_begin(o, job);
    }
}

/* Who is held by silent hosts gives way to what is remembered. */
static void limit_crowd(struct owner *o)
{
    const struct worker_shared *s = o->worker->shared;
    size_t share = LIMIT_HELD_BYTES / s->n_workers, held = worker_remembered_bytes(o->worker);
    size_t room = (share > held ? share - held : 0) / LIMIT_CONNECTION_BYTES;
    uint32_t most = s->connections_per_worker, least = most * LIMIT_CONNECTIONS_KEPT_PCT / 100;
    crowd_set_all_max(&o->crowd, room > most ? most : room < least ? least : (uint32_t)room);
}

static bool has_room(struct owner *o, uint64_t now)
{
    return !o->worker->stalled && !o->worker->stopping && crowd_has_room(&o->crowd, now);
}

void owner_pump(struct owner *o)
{
    o->worker->stats.loop_turns++;
    coalesce_sweep(o);
    limit_crowd(o);
    uint64_t now = worker_now_us(o->worker), next[2] = {UINT64_MAX, UINT64_MAX};
    gate *const gates[2] = {o->https, o->smtp};
    /* In turn: a domain is done when its policy and its hosts are, and waits in memory until then.
     */
    for (int i = 0, idle = 0; idle < 2 && has_room(o, now); i = !i) {
        struct gate_item *item = gate_pop(gates[i], now, &next[i]);
        idle = item ? 0 : idle + 1;
        if (!item)
            continue;
        start(o, item);
        now = worker_now_us(o->worker); /* connecting many takes its time */
    }
    if (has_room(o, now))
        owner_uplink_pump(o, now);
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
        owner_send_home(o, job);
    else if (job->kind == JOB_PROBE)
        owner_accept_probe(o, job);
    else
        owner_queue(o, job);
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

static struct gate_limits https_limits(const struct worker_rates *r, uint32_t shares)
{
    return (struct gate_limits){.per_address = r->per_ip.https,
                                .per_prefix = r->per_prefix.https,
                                .address_rate = r->per_ip_rate.https,
                                .total_rate = r->policy,
                                .shares = shares};
}

static struct gate_limits smtp_limits(const struct worker_rates *r, uint32_t shares)
{
    return (struct gate_limits){.per_address = r->per_ip.smtp,
                                .per_prefix = r->per_prefix.smtp,
                                .address_rate = r->per_ip_rate.smtp,
                                .total_rate = r->probe,
                                .shares = shares};
}

void owner_set_rates(struct owner *o, const struct worker_rates *rates)
{
    uint32_t shares = o->worker->shared->n_workers;
    struct gate_limits https = https_limits(rates, shares), smtp = smtp_limits(rates, shares);
    o->https_at_once = https.per_address;
    gate_set_limits(o->https, &https);
    gate_set_limits(o->smtp, &smtp);
}

enum status owner_init(struct owner *o, struct worker *w)
{
    const struct worker_shared *s = w->shared;
    const struct scan_options *opt = s->options;
    *o = (struct owner){.worker = w, .fetches = s->fetches};
    crowd_init(&o->crowd, LIMIT_HANDSHAKES_PER_WORKER, s->connections_per_worker);
    struct worker_rates rates = worker_rates_of(opt);
    struct gate_limits https = https_limits(&rates, s->n_workers);
    struct gate_limits smtp = smtp_limits(&rates, s->n_workers);
    o->https_at_once = https.per_address;
    enum status st = signatures_new(LIMIT_SIGNATURE_CACHE_ENTRIES, &o->signatures);
    struct fetch_config fetch = {.trust = s->trust,
                                 .signatures = o->signatures,
                                 .guard = worker_guard(w),
                                 .user_agent = s->user_agent,
                                 .sources = opt->sources,
                                 .n_sources = opt->n_sources,
                                 .listener = {owner_heard_https, o}};
    struct probe_config probe = {.trust = s->trust,
                                 .signatures = o->signatures,
                                 .guard = worker_guard(w),
                                 .ehlo_name = opt->ehlo_name,
                                 .sources = opt->sources,
                                 .n_sources = opt->n_sources,
                                 .listener = {owner_heard_smtp, o}};
    if (st == ST_OK)
        st = owner_uplink_init(o);
    if (st == ST_OK)
        st = gate_new(&https, &o->https);
    if (st == ST_OK)
        st = gate_new(&smtp, &o->smtp);
    if (st == ST_OK)
        st = waitq_new(LIMIT_PROBE_CACHE_ENTRIES / s->n_workers, SIZE_MAX, result_release,
                       &o->probes);
    if (st == ST_OK)
        st = fetcher_new(w->base, &fetch, &o->fetcher);
    if (st == ST_OK && opt->coalesce)
        st = coalesce_new(&o->coalesce);
    if (st == ST_OK && s->probe)
        st = prober_new(w->base, &probe, &o->prober);
    if (st == ST_OK && !(o->wake = evtimer_new(w->base, on_wake, o)))
        st = ST_NOMEM;
    return st;
}

static void abandon_waiting(struct owner *o, gate *g)
{
    for (struct gate_item *item; g && (item = gate_take_any(g));)
        owner_finish(o, job_of_gate(item));
}

void owner_end(struct owner *o)
{
    abandon_waiting(o, o->https);
    abandon_waiting(o, o->smtp);
    coalesce_end(o);
    fetcher_free(o->fetcher);
    coalesce_end(o); /* and what was ridden on until now */
    prober_free(o->prober);
    o->fetcher = NULL;
    o->prober = NULL;
}

void owner_free(struct owner *o)
{
    fetcher_free(o->fetcher);
    prober_free(o->prober);
    signatures_free(o->signatures);
    waitq_free(o->probes);
    gate_free(o->https);
    gate_free(o->smtp);
    coalesce_free(o->coalesce);
    owner_uplink_free(o);
    if (o->wake)
        event_free(o->wake);
}
