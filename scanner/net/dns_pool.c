/* dns_pool: which waiting question goes to which server, and whose fault the waiting is. */
#include "scanner/net/dns_engine.h"

#include <stddef.h>
#include <stdlib.h>

/* ---- queues --------------------------------------------------------------------------------- */

void dns_queue_push(struct dns_queue *queue, struct dns_query_handle *q)
{
    q->queue = queue;
    q->next = NULL;
    q->prev = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = q;
    queue->last = q;
}

void dns_queue_push_front(struct dns_queue *queue, struct dns_query_handle *q)
{
    q->queue = queue;
    q->prev = NULL;
    q->next = queue->first;
    *(queue->first != NULL ? &queue->first->prev : &queue->last) = q;
    queue->first = q;
}

void dns_queue_remove(struct dns_query_handle *q)
{
    if (q->queue == NULL)
        return;
    *(q->prev != NULL ? &q->prev->next : &q->queue->first) = q->next;
    *(q->next != NULL ? &q->next->prev : &q->queue->last) = q->prev;
    q->queue = NULL;
    q->next = q->prev = NULL;
}

/* ---- waiting -------------------------------------------------------------------------------- */

uint64_t pool_own_ms(const struct dns_pool *pool)
{
    return pool->own_ms + (pool->own_on ? pool->engine->now_ms - pool->own_since_ms : 0);
}

bool pool_waits(const struct dns_pool *pool)
{
    return pool->again.first != NULL || pool->fresh.first != NULL || pool->later.first != NULL;
}

static void own_set(struct dns_pool *pool, bool on)
{
    pool->own_ms = pool_own_ms(pool);
    pool->own_since_ms = pool->engine->now_ms;
    pool->own_on = on;
}

static void on_pool_timer(struct wheel_timer *t)
{
    struct dns_pool *pool = (struct dns_pool *)((char *)t - offsetof(struct dns_pool, timer));
    engine_want_flush(pool->engine);
}

bool pool_has_other(const struct dns_pool *pool, uint32_t failed_servers)
{
    for (size_t i = 0; i < pool->n_servers; i++) {
        const struct dns_server *s = &pool->servers[i];
        if ((failed_servers >> s->index & 1) == 0 && s->health == SERVER_UP)
            return true;
    }
    return false;
}

/* The next server in turn that may be asked; those to avoid last. Sets
 * *usable when health alone would let one be asked. */
static struct dns_server *pick_server(struct dns_pool *pool, uint32_t avoid, bool *usable)
{
    struct dns_server *best = NULL;
    for (size_t i = 0; i < pool->n_servers; i++) {
        struct dns_server *s = &pool->servers[(pool->next_server + i) % pool->n_servers];
        if (!server_usable(s))
            continue;
        *usable = true;
        if (!server_has_credit(s))
            continue;
        bool avoided = avoid >> s->index & 1;
        if (best == NULL || !avoided)
            best = s;
        if (!avoided)
            break;
    }
    if (best != NULL)
        pool->next_server = best->index + 1;
    return best;
}

/* More on the wire than resolvers have room for is lost there, again and again, at random: then
 * most answers come to second tries. Half as much on the wire is answered as fast. Names that are
 * never answered do not count, or a few dead zones would look like overload. */
void window_note(dns_engine *e, bool retried)
{
    e->window_retried += retried;
    if (++e->window_answers < DNS_WINDOW_ANSWERS)
        return;
    size_t used = e->in_flight < e->window ? e->in_flight : e->window;
    if (e->window_retried > DNS_WINDOW_ANSWERS / 2)
        e->window = used / 2 > DNS_WINDOW_MIN ? used / 2 : DNS_WINDOW_MIN;
    else if (e->window_retried < DNS_WINDOW_ANSWERS / 4)
        e->window += e->window / 8 + 1;
    if (e->window > e->config.in_flight_max)
        e->window = e->config.in_flight_max;
    e->window_answers = e->window_retried = 0;
}

/* Further tries and first questions in turn: names that nobody answers must not keep others out. */
static struct dns_query_handle *next_waiting(struct dns_pool *pool)
{
    dns_engine *e = pool->engine;
    if (e->in_flight >= e->window)
        return NULL;
    struct dns_query_handle *again = pool->again.first;
    struct dns_query_handle *first =
        pool->fresh.first != NULL ? pool->fresh.first : pool->later.first;
    return first != NULL && (pool->fresh_turn || again == NULL) ? first : again;
}

/* When the queue is worth looking at again; the window is looked at when a question ends. */
static void plan_wake(struct dns_pool *pool)
{
    uint64_t at_ms = WHEEL_NEVER;
    for (size_t i = 0; i < pool->n_servers; i++) {
        uint64_t ready_ms = server_ready_ms(&pool->servers[i]);
        if (ready_ms < at_ms)
            at_ms = ready_ms;
    }
    wheel_set(&pool->engine->wheel, &pool->timer, at_ms);
}

void pool_pump(struct dns_pool *pool)
{
    struct dns_query_handle *q;
    bool own = false;

    own_set(pool, pool->own_on);
    while ((q = next_waiting(pool)) != NULL) {
        bool usable = false;
        struct dns_server *s = pick_server(pool, q->avoid, &usable);
        if (s != NULL && question_send(q, s)) {
            pool->fresh_turn = !pool->fresh_turn;
            continue;
        }
        if (s != NULL && !server_usable(s))
            continue; /* it went down just now: another one */
        own = usable;
        plan_wake(pool);
        break;
    }
    if (q == NULL)
        own = pool_waits(pool); /* the window is full */
    own_set(pool, own);
}

/* ---- making --------------------------------------------------------------------------------- */

enum status pool_new(dns_engine *e, const struct endpoint *servers, size_t n, bool recursion,
                     uint32_t rate_qps, struct dns_pool **out)
{
    struct dns_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return ST_NOMEM;
    pool->servers = calloc(n > 0 ? n : 1, sizeof *pool->servers);
    if (pool->servers == NULL) {
        free(pool);
        return ST_NOMEM;
    }
    pool->engine = e;
    pool->n_servers = n;
    pool->recursion = recursion;
    pool->timer.fire = on_pool_timer;
    pool->next_server = n > 1 ? dns_random_below(&e->random, (uint32_t)n) : 0;
    for (size_t i = 0; i < n; i++)
        server_init(&pool->servers[i], pool, &servers[i], (unsigned)i, rate_qps);
    *out = pool;
    return ST_OK;
}

void pool_free(struct dns_pool *pool)
{
    if (pool == NULL)
        return;
    wheel_clear(&pool->timer);
    for (size_t i = 0; i < pool->n_servers; i++)
        server_clear(&pool->servers[i]);
    free(pool->servers);
    free(pool);
}

/* ---- named servers -------------------------------------------------------------------------- */

/* Frees the one that has been idle longest: the last idle of the list, which is newest first. */
static bool drop_idle_named(dns_engine *e)
{
    struct dns_pool **idle = NULL;
    for (struct dns_pool **p = &e->named; *p != NULL; p = &(*p)->next_named)
        if ((*p)->questions == 0)
            idle = p;
    if (idle == NULL)
        return false;
    struct dns_pool *gone = *idle;
    *idle = gone->next_named;
    e->n_named--;
    pool_free(gone);
    return true;
}

enum status pool_named(dns_engine *e, const struct endpoint *server, struct dns_pool **out)
{
    for (struct dns_pool *p = e->named; p != NULL; p = p->next_named) {
        const struct endpoint *have = &p->servers[0].endpoint;
        if (have->port == server->port && net_addr_eq(&have->ip, &server->ip)) {
            *out = p;
            return ST_OK;
        }
    }
    if (e->n_named >= DNS_NAMED_MAX && !drop_idle_named(e))
        return ST_LIMIT;
    enum status st = pool_new(e, server, 1, false, DNS_NAMED_RATE_QPS, out);
    if (st != ST_OK)
        return st;
    (*out)->next_named = e->named;
    e->named = *out;
    e->n_named++;
    return ST_OK;
}

enum status pool_lobby_new(dns_engine *e, struct dns_pool **out)
{
    enum status st = pool_new(e, NULL, 0, false, 0, out);
    if (st == ST_OK)
        own_set(*out, true);
    return st;
}

/* The first in is the first out, also past those whose server has a place: whoever comes later may
 * not keep a server busy for ever that another one's place is waited for. */
void pool_lobby_admit(dns_engine *e)
{
    struct dns_query_handle *q;
    struct dns_pool *pool;
    while ((q = e->lobby->fresh.first) != NULL && pool_named(e, &q->at, &pool) == ST_OK)
        question_move(q, pool);
}
