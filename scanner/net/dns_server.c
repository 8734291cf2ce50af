/* dns_server: when one server may be asked. */
#include "scanner/net/dns_engine.h"

enum {
    MQ = 1000,                /* thousandths in a query */
    RAMP_START_PCT = 10,      /* of the rate */
    SILENT_MIN_INTERVALS = 2, /* retry intervals without any answer, beside DNS_SILENT_TRIES */
};

void server_init(struct dns_server *s, struct dns_pool *pool, const struct endpoint *endpoint,
                 unsigned index, uint32_t rate_qps)
{
    *s = (struct dns_server){.pool = pool, .endpoint = *endpoint, .index = index};
    s->addr_len = endpoint_sockaddr(endpoint, &s->addr);
    endpoint_text(endpoint, s->text);
    s->gap_ms = DNS_BACKOFF_MIN_MS;
    s->answered_ms = pool->engine->now_ms;
    s->credit_mq = MQ;
    server_set_rate(s, rate_qps);
}

void server_clear(struct dns_server *s)
{
    sockets_close(s);
    dns_tcp_free(s->tcp);
    s->tcp = NULL;
}

/* ---- rate ----------------------------------------------------------------------------------- */

void server_set_rate(struct dns_server *s, uint32_t rate_qps)
{
    s->rate_qps = rate_qps;
    s->credit_at_ms = s->ramp_from_ms = s->pool->engine->now_ms;
}

/* The rate as it is now, on its way up. */
static int64_t rate_now(const struct dns_server *s)
{
    uint64_t since_ms = s->pool->engine->now_ms - s->ramp_from_ms;
    if (since_ms >= DNS_RAMP_MS)
        return s->rate_qps;
    uint64_t pct = RAMP_START_PCT + (100 - RAMP_START_PCT) * since_ms / DNS_RAMP_MS;
    int64_t rate = (int64_t)(s->rate_qps * pct / 100);
    return rate > 0 ? rate : 1;
}

static void refill(struct dns_server *s)
{
    uint64_t now_ms = s->pool->engine->now_ms;
    int64_t rate = rate_now(s);
    int64_t burst = rate * DNS_BURST_MS > MQ ? rate * DNS_BURST_MS : MQ;
    uint64_t elapsed_ms = now_ms - s->credit_at_ms;
    /* A second fills every bucket whose rate is at least one. */
    s->credit_mq += rate * (int64_t)(elapsed_ms < 10 * MQ ? elapsed_ms : 10 * MQ);
    if (s->credit_mq > burst)
        s->credit_mq = burst;
    s->credit_at_ms = now_ms;
}

bool server_has_credit(struct dns_server *s)
{
    if (s->rate_qps == 0)
        return true;
    refill(s);
    return s->credit_mq >= MQ;
}

/* May go below zero (TCP): then it is paid back before the next one. */
void server_charge(struct dns_server *s)
{
    if (s->rate_qps != 0)
        s->credit_mq -= MQ;
}

/* ---- health --------------------------------------------------------------------------------- */

static void plan_try(struct dns_server *s)
{
    dns_engine *e = s->pool->engine;
    s->try_at_ms = e->now_ms + dns_random_jitter(&e->random, s->gap_ms);
    s->gap_ms = s->gap_ms * 2 < DNS_BACKOFF_MAX_MS ? s->gap_ms * 2 : DNS_BACKOFF_MAX_MS;
}

bool server_usable(const struct dns_server *s)
{
    if (s->health == SERVER_UP || s->pool->engine->now_ms >= s->try_at_ms)
        return true;
    if (s->health == SERVER_DOWN)
        return false;
    for (size_t i = 0; i < s->pool->n_servers; i++)
        if (s->pool->servers[i].health == SERVER_UP)
            return false;
    return true;
}

void server_tried(struct dns_server *s)
{
    if (s->health != SERVER_UP && s->pool->engine->now_ms >= s->try_at_ms)
        plan_try(s);
}

uint64_t server_ready_ms(const struct dns_server *s)
{
    uint64_t now_ms = s->pool->engine->now_ms;
    if (!server_usable(s))
        return s->try_at_ms;
    if (s->rate_qps == 0 || s->credit_mq >= MQ)
        return now_ms;
    return now_ms + 1 + (uint64_t)((MQ - s->credit_mq) / rate_now(s));
}

static void set_silent(struct dns_server *s)
{
    if (s->health != SERVER_UP)
        return;
    s->health = SERVER_SILENT;
    plan_try(s);
}

void server_answered(struct dns_server *s, unsigned rcode)
{
    dns_engine *e = s->pool->engine;
    s->silent = 0;
    s->answered_ms = e->now_ms;
    if (rcode == DNS_REFUSED) {
        if (++s->refused >= DNS_REFUSED_TRIES)
            set_silent(s);
        return;
    }
    s->refused = 0;
    if (s->health == SERVER_UP)
        return;
    if (s->health == SERVER_DOWN)
        s->ramp_from_ms = e->now_ms; /* it has just started, its cache is cold */
    s->health = SERVER_UP;
    s->gap_ms = DNS_BACKOFF_MIN_MS;
    engine_want_flush(e);
}

void server_silent(struct dns_server *s)
{
    dns_engine *e = s->pool->engine;
    uint64_t quiet_ms = e->now_ms - s->answered_ms;
    if (++s->silent >= DNS_SILENT_TRIES &&
        quiet_ms >= (uint64_t)SILENT_MIN_INTERVALS * e->config.retry_ms)
        set_silent(s);
}

/* A burst of errors is one event: the gap grows once a try. */
void server_failed(struct dns_server *s)
{
    if (s->health == SERVER_DOWN && s->pool->engine->now_ms < s->try_at_ms)
        return;
    s->health = SERVER_DOWN;
    plan_try(s);
    engine_want_flush(s->pool->engine);
}

/* ---- round trips ---------------------------------------------------------------------------- */

/* RFC 6298 2.2 and 2.3, with its gains of 1/8 and 1/4. */
void server_took(struct dns_server *s, uint64_t ms)
{
    enum { RTT_MAX_MS = 1 << 20 }; /* longer than any deadline; keeps the sums small */
    uint32_t rtt = ms < RTT_MAX_MS ? (uint32_t)ms : RTT_MAX_MS;
    if (!s->rtt_known) {
        s->rtt_known = true;
        s->rtt_x8_ms = rtt * 8;
        s->rttvar_x4_ms = rtt * 2;
        return;
    }
    uint32_t mean = s->rtt_x8_ms / 8, off = mean > rtt ? mean - rtt : rtt - mean;
    s->rttvar_x4_ms += off - s->rttvar_x4_ms / 4;
    s->rtt_x8_ms += rtt - mean;
}

/* A lost datagram should not cost a name a second when answers take milliseconds; nor should a
 * question be asked twice because the resolver is busy. Later tries come at the fixed interval:
 * what is not answered by then is not a matter of one datagram. */
uint32_t server_retry_ms(const struct dns_server *s, unsigned unanswered)
{
    uint32_t fixed = s->pool->engine->config.retry_ms;
    if (!s->rtt_known)
        return fixed;
    uint32_t ms = s->rtt_x8_ms / 8 + s->rttvar_x4_ms; /* RFC 6298 2.3: SRTT + 4 RTTVAR */
    uint32_t least = unanswered < DNS_QUICK_TRIES ? fixed / DNS_QUICK_MIN_DIV : fixed;
    if (ms < least)
        return least;
    return ms < fixed * DNS_QUICK_MAX_MUL ? ms : fixed * DNS_QUICK_MAX_MUL;
}
