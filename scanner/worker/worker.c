/* The worker's loop, its turns and ticks, and its life. */
#include "scanner/worker/worker.h"

#include "lib/hash.h"
#include "scanner/clock.h"
#include "scanner/worker/aia.h"
#include "scanner/worker/candidate.h"
#include "scanner/worker/unit.h"
#include <stdlib.h>

enum {
    SWEEP_MS = 1000,
    BEGIN_PER_TURN = 512,       /* items begun in one turn of the loop */
    WIDE_UNITS_MAX = 4000,      /* adopters under way in a worker, before input stops */
    DNS_EXTRA_IN_FLIGHT = 1000, /* questions of adopters beside those for records */
};

uint64_t worker_now_us(const struct worker *w)
{
    (void)w;
    return clock_us();
}

int64_t worker_wall_ms(const struct worker *w)
{
    return wall_ms(&w->shared->wall);
}

struct worker *worker_of_address(const struct worker *w, const struct net_addr *ip)
{
    uint64_t hash = hash_u64(addr_prefix_key(ip));
    return w->shared->worker[hash % w->shared->n_workers];
}

void worker_schedule(struct worker *w)
{
    if (w->stopping || w->turn_due)
        return;
    w->turn_due = true;
    event_active(w->turn, EV_TIMEOUT, 1);
}

/* ---- input ---------------------------------------------------------------------------------- */

static bool has_room(const struct worker *w)
{
    return !w->stalled && !w->stopping && w->n_record < w->record_max && w->n_units < w->wide_max;
}

/* The next item of the input; NULL when there is none now (or none any more: input_over). */
static const struct input_item *next_item(struct worker *w)
{
    while (!w->input || w->input->taken == w->input->n) {
        feed_batch_free(w->input);
        w->input = NULL;
        if (w->draining)
            w->input_over = true;
        if (w->input_over || w->awaiting_input || writer_is_behind(w->shared->writer))
            return NULL;
        enum status st = feed_take(w->shared->feed, w->id, &w->input);
        if (st == ST_AGAIN)
            w->awaiting_input = true;
        else if (st != ST_OK)
            w->input_over = true;
    }
    return &w->input->item[w->input->taken++];
}

static bool begin_next(struct worker *w)
{
    enum status st;
    if (w->pass == 0) {
        const struct input_item *item = next_item(w);
        if (!item)
            return false;
        st = candidate_begin(w, item, false);
    } else {
        struct retry_domain d;
        if (w->draining || !retry_take(&w->withheld, &d))
            return false;
        struct input_item item = {
            .index = d.index, .rank = d.rank, .domain = d.domain, .tag = d.tag};
        w->stats.retried++;
        st = candidate_begin(w, &item, true);
    }
    if (st != ST_OK)
        worker_fail(w);
    return st == ST_OK;
}

static bool is_idle(const struct worker *w)
{
    if (w->n_record + w->n_units > 0)
        return false;
    return w->pass == 0 ? w->input_over : w->draining || w->withheld.n == 0;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    (void)fd;
    (void)what;
    w->turn_due = false;
    if (w->stopping)
        return;
    int begun = 0;
    w->turn_us = worker_now_us(w);
    w->turn_ms = worker_wall_ms(w);
    while (begun < BEGIN_PER_TURN && has_room(w) && begin_next(w))
        begun++;
    atomic_store_explicit(&w->live.in_flight, w->n_record + w->n_units, memory_order_relaxed);
    owner_pump(&w->owner);
    if (begun == BEGIN_PER_TURN)
        worker_schedule(w);
    if (is_idle(w) && !w->idle_reported) {
        w->idle_reported = true;
        worker_tell_lookups(w);
        worker_tell(w, (struct worker_report){.kind = REPORT_IDLE});
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

static void sweep(struct worker *w, uint64_t now)
{
    struct unit *next;
    for (struct unit *u = w->units; u; u = next) {
        next = u->next;
        unit_check_deadline(u);
    }
    w->swept_at_us = now;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    (void)fd;
    (void)what;
    uint64_t now = worker_now_us(w);
    uint64_t stalled_us = w->lag.stalled_us;
    w->stalled = lag_tick(&w->lag, now);
    if (w->stalled)
        owner_moves(&w->owner, now);
    owner_uplink_tick(&w->owner, w->lag.stalled_us - stalled_us, now);
    if (now >= w->swept_at_us + SWEEP_MS * 1000)
        sweep(w, now);
    worker_tell_lookups(w);
    if (now >= w->batch_since_us + LIMIT_BATCH_LATENCY_MS * 1000ULL)
        worker_submit_batch(w);
    struct timeval tv = {0, LAG_TICK_MS * 1000};
    event_add(w->tick, &tv);
    worker_schedule(w);
}

/* ---- making, running, ending ---------------------------------------------------------------- */

static enum status make_dns(struct worker *w)
{
    const struct worker_shared *s = w->shared;
    const struct scan_options *o = s->options;
    struct dns_config config = {
        .servers = s->resolvers,
        .n_servers = s->n_resolvers,
        .sources = o->sources,
        .n_sources = o->n_sources,
        .rate_qps = worker_dns_share(w, o->dns_rate),
        .deadline_ms =
            o->timeout_dns_ms < o->timeout_domain_ms ? o->timeout_dns_ms : o->timeout_domain_ms,
        .retry_ms = LIMIT_DNS_RETRY_MS,
        .in_flight_max = w->record_max + DNS_EXTRA_IN_FLIGHT,
    };
    return dns_new(w->base, &config, &w->dns);
}

static struct event_base *make_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

enum status worker_new(const struct worker_shared *shared, uint32_t id, struct worker **out)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NOMEM;
    w->shared = shared;
    w->id = id;
    w->record_max = shared->in_flight / shared->n_workers;
    if (w->record_max == 0)
        w->record_max = 1;
    w->wide_max = w->record_max < WIDE_UNITS_MAX ? w->record_max : WIDE_UNITS_MAX;
    judgement_init(&w->judgement);
    retry_init(&w->withheld, LIMIT_RETRY_BYTES / shared->n_workers,
               LIMIT_RETRY_LINES_BYTES / shared->n_workers);
    enum status st = ST_NOMEM;
    w->base = make_base();
    if (!w->base)
        goto fail;
    w->tick = evtimer_new(w->base, on_tick, w);
    w->turn = event_new(w->base, -1, 0, on_turn, w);
    if (!w->tick || !w->turn)
        goto fail;
    st = mailbox_new(w->base, w, &w->box);
    if (st == ST_OK)
        st = enquiry_cache_new(shared->n_workers, &w->names);
    if (st == ST_OK)
        st = aia_cache_new(shared->n_workers, &w->aia);
    if (st == ST_OK)
        st = make_dns(w);
    if (st == ST_OK)
        st = owner_init(&w->owner, w);
    if (st == ST_OK) {
        *out = w;
        return ST_OK;
    }
fail:
    w->stopping = true;
    dns_free(w->dns);
    worker_free(w);
    return st;
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct timeval tv = {0, LAG_TICK_MS * 1000};
    w->swept_at_us = worker_now_us(w);
    lag_init(&w->lag, w->swept_at_us);
    event_add(w->tick, &tv);
    worker_schedule(w);
    event_base_dispatch(w->base);
    return NULL;
}

enum status worker_start(struct worker *w)
{
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    if (w->started)
        pthread_setname_np(w->thread, "stscan-worker");
    return w->started ? ST_OK : ST_NOMEM;
}

void worker_join(struct worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}

void worker_end(struct worker *w)
{
    w->stopping = true;
    while (w->units)
        unit_drop(w->units);
    /* Each of these calls back for what is under way; nobody listens any more. */
    dns_free(w->dns);
    w->dns = NULL;
    owner_end(&w->owner);
}

bool worker_deliver(struct worker *w)
{
    return mailbox_deliver(w->box);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    mailbox_free(w->box);
    owner_free(&w->owner);
    waitq_free(w->names);
    waitq_free(w->aia);
    candidate_pool_free(w);
    unit_pool_free(w);
    unit_ask_pool_free(w);
    retry_free(&w->withheld);
    feed_batch_free(w->input);
    record_batch_free(w->batch);
    judgement_free(&w->judgement);
    if (w->tick)
        event_free(w->tick);
    if (w->turn)
        event_free(w->turn);
    if (w->base)
        event_base_free(w->base);
    free(w);
}
