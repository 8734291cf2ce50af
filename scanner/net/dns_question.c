/* dns_question: the life of one question.
 *
 *   WAITING ──► SENDING ──► SENT ──► (reply) ──► ended
 *      ▲           │          │  └──► TCP ──► (reply) ──► ended
 *      │           └ unsent   └ no answer
 *      └──────────────────────┴──── PAUSING ◄── a failure that is asked again
 *
 * There is no number of tries, only the deadline: so a resolver that restarts cannot use them up.
 * The first tries follow each other as fast as the server's answers let expect (server_retry_ms).
 * The id of an earlier try stays valid, so that an answer that takes longer than the interval
 * between tries still counts. */
#include "scanner/net/dns_engine.h"

bool question_edns(const struct dns_query_handle *q, const struct dns_server *s)
{
    return (q->plain_servers >> s->index & 1) == 0 &&
           question_engine(q)->now_ms >= s->no_edns_until_ms;
}

/* How long it waits by now for our own limits, since it stands in its queue. */
static uint64_t waiting_ms(const struct dns_query_handle *q)
{
    return q->state == QUESTION_WAITING ? pool_own_ms(q->pool) - q->own_mark_ms : 0;
}

uint64_t question_held_ms(const struct dns_query_handle *q)
{
    return q->waited_ms + waiting_ms(q);
}

void question_leave_queue(struct dns_query_handle *q)
{
    dns_queue_remove(q);
    if (q->state != QUESTION_WAITING)
        return;
    uint64_t own_ms = waiting_ms(q);
    q->own_mark_ms += own_ms;
    q->deadline_ms += own_ms;
    q->waited_ms += (uint32_t)own_ms;
}

static void leave_wire(struct dns_query_handle *q)
{
    if (q->on_wire)
        question_engine(q)->in_flight--;
    q->on_wire = false;
}

void question_forget_tcp(struct dns_query_handle *q)
{
    dns_tcp_forget(q->tcp_ask);
    q->tcp_ask = NULL;
}

/* ---- ends ----------------------------------------------------------------------------------- */

void question_detach(struct dns_query_handle *q)
{
    dns_engine *e = question_engine(q);
    question_leave_queue(q);
    wheel_clear(&q->timer);
    tickets_release(q);
    question_forget_tcp(q);
    leave_wire(q);
    if (pool_waits(q->pool))
        engine_want_flush(e);
}

void question_end(struct dns_query_handle *q, struct dns_answer *answer)
{
    dns_engine *e = question_engine(q);
    question_detach(q);
    q->state = QUESTION_ENDING;
    answer->waited_ms = q->waited_ms;
    e->stats.by_lookup[answer->facts.status]++;
    q->done(q->arg, answer);
    question_free(e, q);
}

static void end_plain(struct dns_query_handle *q, enum lookup status)
{
    struct dns_answer answer = {.facts = {.status = status, .rcode = -1, .ede = -1}};
    question_end(q, &answer);
}

void question_end_failed(struct dns_query_handle *q, enum lookup status)
{
    struct dns_answer answer = {.facts = {.status = status,
                                          .rcode = q->failure_rcode,
                                          .ede = q->failure_ede,
                                          .resolver = q->failure_server}};
    question_end(q, &answer);
}

static void end_at_deadline(struct dns_query_handle *q)
{
    if (q->failures > 0)
        question_end_failed(q, q->failure_status);
    else
        end_plain(q, LOOKUP_TIMEOUT);
}

void question_abandon(struct dns_query_handle *q)
{
    end_plain(q, LOOKUP_ABANDONED);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void wait_in(struct dns_query_handle *q, struct dns_queue *queue, bool front)
{
    dns_engine *e = question_engine(q);
    if (front)
        dns_queue_push_front(queue, q);
    else
        dns_queue_push(queue, q);
    leave_wire(q);
    q->state = QUESTION_WAITING;
    q->own_mark_ms = pool_own_ms(q->pool);
    wheel_set(&e->wheel, &q->timer, q->deadline_ms);
    engine_want_flush(e);
}

void question_start(struct dns_query_handle *q)
{
    wait_in(q, q->later ? &q->pool->later : &q->pool->fresh, false);
}

void question_move(struct dns_query_handle *q, struct dns_pool *to)
{
    question_leave_queue(q);
    q->pool->questions--;
    q->pool = to;
    to->questions++;
    question_start(q);
}

void question_again(struct dns_query_handle *q)
{
    wait_in(q, &q->pool->again, false);
}

void question_pause(struct dns_query_handle *q)
{
    dns_engine *e = question_engine(q);
    uint64_t at_ms = e->now_ms + dns_random_jitter(&e->random, e->config.retry_ms);
    q->state = QUESTION_PAUSING;
    wheel_set(&e->wheel, &q->timer, at_ms < q->deadline_ms ? at_ms : q->deadline_ms);
}

/* ---- sending -------------------------------------------------------------------------------- */

bool question_send(struct dns_query_handle *q, struct dns_server *s)
{
    dns_engine *e = question_engine(q);
    struct dns_ticket *t = ticket_again(q, s);
    if (t == NULL && (t = ticket_take(q, s)) == NULL)
        return false;
    question_leave_queue(q);
    server_charge(s);
    server_tried(s);
    if (!q->on_wire) {
        q->on_wire = true;
        e->in_flight++;
    }
    q->avoid = 0; /* when that one is silent, they have their turn again */
    q->state = QUESTION_SENDING;
    wheel_set(&e->wheel, &q->timer, q->deadline_ms);
    socket_queue(t->socket, q);
    return true;
}

void question_sent(struct dns_query_handle *q)
{
    dns_engine *e = question_engine(q);
    const struct dns_server *s = q->ticket[q->n_tickets - 1].socket->server;
    uint64_t at_ms = e->now_ms + dns_random_jitter(&e->random, server_retry_ms(s, q->unanswered));
    dns_queue_remove(q);
    q->sent_ms = e->now_ms;
    e->stats.retries += q->again;
    q->again = true;
    q->state = QUESTION_SENT;
    wheel_set(&e->wheel, &q->timer, at_ms < q->deadline_ms ? at_ms : q->deadline_ms);
}

void question_unsent(struct dns_query_handle *q)
{
    dns_queue_remove(q);
    if (!q->again)
        tickets_release(q); /* never sent: no answer to listen for */
    wait_in(q, &q->pool->again, true);
}

/* ---- timer ---------------------------------------------------------------------------------- */

/* The deadline, moved by what a question that waits has waited for our own limits so far. */
static uint64_t deadline_now(const struct dns_query_handle *q)
{
    return q->deadline_ms + waiting_ms(q);
}

void question_on_timer(struct wheel_timer *t)
{
    struct dns_query_handle *q = (struct dns_query_handle *)t;
    dns_engine *e = question_engine(q);
    enum question_state state = q->state;

    if (state == QUESTION_SENT) {
        e->stats.timeouts++;
        if (q->unanswered < UINT8_MAX)
            q->unanswered++;
        if (q->n_tickets > 0)
            server_silent(q->ticket[q->n_tickets - 1].socket->server);
    }
    if (e->now_ms >= deadline_now(q)) {
        end_at_deadline(q);
        return;
    }
    switch (state) {
    case QUESTION_WAITING: /* our own limits stopped its clock: look again later */
    case QUESTION_SENDING:
        wheel_set(&e->wheel, t, deadline_now(q));
        break;
    default:
        question_forget_tcp(q);
        question_again(q);
        break;
    }
}
