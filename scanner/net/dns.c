/* dns: the engine's public face, its memory, and its place on the event loop. */
#include "scanner/net/dns_engine.h"

#include "scanner/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory of questions --------------------------------------------------------------------- */

enum { CHUNK_QUESTIONS = 64 };

struct question_chunk {
    struct question_chunk *next;
    struct dns_query_handle of[CHUNK_QUESTIONS];
};

static enum status add_chunk(dns_engine *e)
{
    struct question_chunk *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ST_NOMEM;
    c->next = e->chunks;
    e->chunks = c;
    for (size_t i = CHUNK_QUESTIONS; i-- > 0;) {
        c->of[i].next = e->free_questions;
        e->free_questions = &c->of[i];
    }
    return ST_OK;
}

/* All but the wire is zeroed: dns_build fills that. */
static enum status question_new(dns_engine *e, struct dns_query_handle **out)
{
    if (e->questions >= DNS_QUESTIONS_MAX)
        return ST_LIMIT;
    if (e->free_questions == NULL && add_chunk(e) != ST_OK)
        return ST_NOMEM;
    struct dns_query_handle *q = e->free_questions;
    e->free_questions = q->next;
    memset(q, 0, offsetof(struct dns_query_handle, wire));
    e->questions++;
    *out = q;
    return ST_OK;
}

void question_free(dns_engine *e, struct dns_query_handle *q)
{
    if (q->pool != NULL && --q->pool->questions == 0 && pool_waits(e->lobby))
        engine_want_flush(e); /* its place may be another's */
    q->state = QUESTION_FREE;
    q->next = e->free_questions;
    e->free_questions = q;
    e->questions--;
}

/* ---- the loop -------------------------------------------------------------------------------- */

void engine_clock(dns_engine *e)
{
    e->now_ms = clock_ms();
}

/* How many questions a flush would send now, as far as the window goes. */
static size_t sendable(const dns_engine *e)
{
    size_t waiting = e->questions - e->in_flight;
    size_t room = e->window > e->in_flight ? e->window - e->in_flight : 0;
    return waiting < room ? waiting : room;
}

/* A train of datagrams costs little more than one: while much is on the wire, the few that a turn
 * brings wait for others. Those that nothing else waits for leave at the end of the turn. */
void engine_want_flush(dns_engine *e)
{
    if (e->flush_pending || e->closing)
        return;
    if (e->in_flight < DNS_HOLD_IN_FLIGHT || sendable(e) >= DNS_HOLD_QUESTIONS) {
        e->flush_pending = true;
        event_active(e->ev_flush, EV_TIMEOUT, 0);
    } else if (!e->flush_held) {
        struct timeval tv = {.tv_usec = DNS_HOLD_MS * 1000};
        e->flush_held = true;
        evtimer_add(e->ev_flush, &tv);
    }
}

void engine_arm(dns_engine *e)
{
    uint64_t at_ms = wheel_next(&e->wheel);
    if (at_ms >= e->timer_at_ms)
        return;
    uint64_t in_ms = at_ms > e->now_ms ? at_ms - e->now_ms : 0;
    struct timeval tv = {.tv_sec = (time_t)(in_ms / 1000),
                         .tv_usec = (suseconds_t)(in_ms % 1000 * 1000)};
    e->timer_at_ms = at_ms;
    evtimer_add(e->ev_timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    dns_engine *e = arg;
    engine_clock(e);
    e->timer_at_ms = WHEEL_NEVER;
    wheel_run(&e->wheel, e->now_ms);
    engine_arm(e);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    dns_engine *e = arg;
    engine_clock(e);
    e->flush_pending = e->flush_held = false;
    evtimer_del(e->ev_flush);
    if (pool_waits(e->resolvers))
        pool_pump(e->resolvers);
    if (pool_waits(e->lobby))
        pool_lobby_admit(e);
    for (struct dns_pool *p = e->named; p != NULL; p = p->next_named)
        if (pool_waits(p))
            pool_pump(p);
    sockets_flush(e);
    engine_arm(e);
}

/* ---- the public face ------------------------------------------------------------------------- */

static bool config_valid(const struct dns_config *c)
{
    if (c->n_servers == 0 || c->n_servers > DNS_SERVERS_MAX || c->deadline_ms == 0 ||
        c->retry_ms == 0 || c->in_flight_max == 0)
        return false;
    for (size_t i = 0; i < c->n_servers; i++)
        if (c->servers[i].port == 0 || c->servers[i].ip.family == 0)
            return false;
    return true;
}

static enum status copy_sources(dns_engine *e, const struct dns_config *config)
{
    if (config->n_sources == 0)
        return ST_OK;
    e->sources = calloc(config->n_sources, sizeof *e->sources);
    if (e->sources == NULL)
        return ST_NOMEM;
    memcpy(e->sources, config->sources, config->n_sources * sizeof *e->sources);
    return ST_OK;
}

enum status dns_new(struct event_base *base, const struct dns_config *config, dns_engine **out)
{
    if (!config_valid(config))
        return ST_INVALID;
    dns_engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return ST_NOMEM;
    e->base = base;
    e->config = *config;
    e->config.servers = NULL; /* the pool has copies */
    e->config.sources = NULL;
    e->window = config->in_flight_max;
    e->timer_at_ms = WHEEL_NEVER;
    arena_init(&e->arena, DNS_ANSWER_MAX_BYTES);
    engine_clock(e);
    wheel_init(&e->wheel, e->now_ms);

    enum status st = ST_NOMEM;
    e->ev_flush = evtimer_new(base, on_flush, e);
    e->ev_timer = evtimer_new(base, on_timer, e);
    if (e->ev_flush == NULL || e->ev_timer == NULL)
        goto fail;
    if ((st = udp_batch_new(&e->batch)) != ST_OK || (st = copy_sources(e, config)) != ST_OK ||
        (st = pool_new(e, config->servers, config->n_servers, true, config->rate_qps,
                       &e->resolvers)) != ST_OK ||
        (st = pool_lobby_new(e, &e->lobby)) != ST_OK)
        goto fail;
    *out = e;
    return ST_OK;
fail:
    dns_free(e);
    return st;
}

void dns_free(dns_engine *e)
{
    if (e == NULL)
        return;
    e->closing = true;
    for (struct question_chunk *c = e->chunks; c != NULL; c = c->next)
        for (size_t i = 0; i < CHUNK_QUESTIONS; i++)
            if (c->of[i].state != QUESTION_FREE)
                question_abandon(&c->of[i]);
    pool_free(e->resolvers);
    pool_free(e->lobby);
    while (e->named != NULL) {
        struct dns_pool *p = e->named;
        e->named = p->next_named;
        pool_free(p);
    }
    while (e->chunks != NULL) {
        struct question_chunk *c = e->chunks;
        e->chunks = c->next;
        free(c);
    }
    if (e->ev_flush != NULL)
        event_free(e->ev_flush);
    if (e->ev_timer != NULL)
        event_free(e->ev_timer);
    arena_free(&e->arena);
    free(e->sources);
    udp_batch_free(e->batch);
    free(e);
}

/* A question that nobody asks yet. */
static enum status question_make(dns_engine *e, struct dns_pool *pool, const char *name,
                                 enum dns_type type, struct dns_query_handle **out)
{
    struct dns_query_handle *q;
    struct dns_name wire_name;
    enum status st;

    if ((st = dns_name_from_text(name, &wire_name)) != ST_OK || (st = question_new(e, &q)) != ST_OK)
        return st;
    if ((st = dns_build(&e->templates, &wire_name, type, pool->recursion, &q->wire)) != ST_OK) {
        question_free(e, q);
        return st;
    }
    q->pool = pool;
    pool->questions++;
    q->timer.fire = question_on_timer;
    q->type = type;
    *out = q;
    return ST_OK;
}

static void ask(dns_engine *e, struct dns_query_handle *q, dns_done_fn done, void *arg,
                dns_query_handle **handle)
{
    engine_clock(e);
    q->done = done;
    q->arg = arg;
    q->deadline_ms = e->now_ms + e->config.deadline_ms;
    e->stats.questions++;
    question_start(q);
    if (handle != NULL)
        *handle = q;
}

static enum status query(dns_engine *e, const char *name, enum dns_type type, bool later,
                         dns_done_fn done, void *arg, dns_query_handle **handle)
{
    struct dns_query_handle *q;
    if (e->closing)
        return ST_BLOCKED;
    enum status st = question_make(e, e->resolvers, name, type, &q);
    if (st != ST_OK)
        return st;
    q->later = later;
    ask(e, q, done, arg, handle);
    return ST_OK;
}

enum status dns_query(dns_engine *e, const char *name, enum dns_type type, dns_done_fn done,
                      void *arg, dns_query_handle **handle)
{
    return query(e, name, type, false, done, arg, handle);
}

enum status dns_query_later(dns_engine *e, const char *name, enum dns_type type, dns_done_fn done,
                            void *arg, dns_query_handle **handle)
{
    return query(e, name, type, true, done, arg, handle);
}

enum status dns_query_at(dns_engine *e, const struct endpoint *server, const char *name,
                         enum dns_type type, dns_done_fn done, void *arg, dns_query_handle **handle)
{
    struct dns_query_handle *q;
    struct dns_pool *pool;
    if (e->closing)
        return ST_BLOCKED;
    if (server->port == 0 || server->ip.family == 0)
        return ST_INVALID;
    engine_clock(e);
    enum status st = pool_waits(e->lobby) ? ST_LIMIT : pool_named(e, server, &pool);
    if (st == ST_LIMIT) {
        pool = e->lobby;
        st = ST_OK;
    }
    if (st == ST_OK)
        st = question_make(e, pool, name, type, &q);
    if (st != ST_OK)
        return st;
    q->at = *server;
    ask(e, q, done, arg, handle);
    return ST_OK;
}

void dns_cancel(dns_engine *e, dns_query_handle *q)
{
    if (q == NULL || q->state == QUESTION_FREE || q->state == QUESTION_ENDING)
        return;
    question_detach(q);
    question_free(e, q);
}

uint64_t dns_held_ms(dns_engine *e, const dns_query_handle *q)
{
    engine_clock(e);
    return q != NULL ? question_held_ms(q) : pool_own_ms(e->resolvers);
}

void dns_stats(const dns_engine *e, struct dns_stats *out)
{
    *out = e->stats;
}

void dns_set_rate(dns_engine *e, uint32_t rate_qps)
{
    engine_clock(e);
    e->config.rate_qps = rate_qps;
    for (size_t i = 0; i < e->resolvers->n_servers; i++)
        server_set_rate(&e->resolvers->servers[i], rate_qps);
    engine_want_flush(e);
}
