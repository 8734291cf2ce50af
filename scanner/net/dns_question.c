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
#include "scanner/net/dns_rr.h"

static dns_engine *engine_of(const struct dns_query_handle *q)
{
    return q->pool->engine;
}

bool question_edns(const struct dns_query_handle *q, const struct dns_server *s)
{
    return (q->plain_servers >> s->index & 1) == 0 && engine_of(q)->now_ms >= s->no_edns_until_ms;
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

/* Out of the queue it stands in, if any. What it waited for our own limits is not the resolver's
 * time: the deadline moves by it. */
static void leave_queue(struct dns_query_handle *q)
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
        engine_of(q)->in_flight--;
    q->on_wire = false;
}

static void forget_tcp(struct dns_query_handle *q)
{
    dns_tcp_forget(q->tcp_ask);
    q->tcp_ask = NULL;
}

/* ---- ends ----------------------------------------------------------------------------------- */

void question_detach(struct dns_query_handle *q)
{
    dns_engine *e = engine_of(q);
    leave_queue(q);
    wheel_clear(&q->timer);
    tickets_release(q);
    forget_tcp(q);
    leave_wire(q);
    if (pool_waits(q->pool))
        engine_want_flush(e);
}

void question_end(struct dns_query_handle *q, struct dns_answer *answer)
{
    dns_engine *e = engine_of(q);
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

/* The last failure is what there is to say. */
static void end_failed(struct dns_query_handle *q, enum lookup status)
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
        end_failed(q, q->failure_status);
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
    dns_engine *e = engine_of(q);
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
    wait_in(q, &q->pool->fresh, false);
}

void question_move(struct dns_query_handle *q, struct dns_pool *to)
{
    leave_queue(q);
    q->pool->questions--;
    q->pool = to;
    to->questions++;
    question_start(q);
}

static void ask_again(struct dns_query_handle *q)
{
    wait_in(q, &q->pool->again, false);
}

static void pause_then_again(struct dns_query_handle *q)
{
    dns_engine *e = engine_of(q);
    uint64_t at_ms = e->now_ms + dns_random_jitter(&e->random, e->config.retry_ms);
    q->state = QUESTION_PAUSING;
    wheel_set(&e->wheel, &q->timer, at_ms < q->deadline_ms ? at_ms : q->deadline_ms);
}

/* ---- sending -------------------------------------------------------------------------------- */

bool question_send(struct dns_query_handle *q, struct dns_server *s)
{
    dns_engine *e = engine_of(q);
    struct dns_ticket *t = ticket_again(q, s);
    if (t == NULL && (t = ticket_take(q, s)) == NULL)
        return false;
    leave_queue(q);
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
    dns_engine *e = engine_of(q);
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
    dns_engine *e = engine_of(q);
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
        forget_tcp(q);
        ask_again(q);
        break;
    }
}

/* ---- replies -------------------------------------------------------------------------------- */

static bool is_answer(enum lookup status)
{
    return status == LOOKUP_FOUND || status == LOOKUP_NODATA || status == LOOKUP_NXDOMAIN ||
           status == LOOKUP_CNAME_LOOP;
}

/* SERVFAIL, REFUSED and what cannot be read is asked again, another server first, before it is
 * believed. SERVFAIL gets one more question with CD=1 then (RFC 4035 3.2.2): when that is answered,
 * validation was the reason. */
static void take_failure(struct dns_query_handle *q, struct dns_server *s,
                         const struct dns_answer *answer)
{
    if (q->cd) { /* late, and nothing new */
        ask_again(q);
        return;
    }
    q->failures++;
    q->failed_servers |= UINT32_C(1) << s->index;
    q->failure_status = answer->facts.status;
    q->failure_rcode = answer->facts.rcode;
    q->failure_ede = answer->facts.ede;
    q->failure_server = s->text;
    if (q->failure_status == LOOKUP_SERVFAIL && dns_ede_is_dnssec(q->failure_ede)) {
        end_failed(q, LOOKUP_BOGUS);
    } else if (q->failures < LIMIT_DNS_SERVFAIL_TRIES) {
        q->avoid = q->failed_servers;
        if (pool_has_other(q->pool, q->avoid))
            ask_again(q);
        else
            pause_then_again(q);
    } else if (q->failure_status == LOOKUP_SERVFAIL) {
        q->cd = true; /* a late answer to one without still counts */
        ask_again(q);
    } else {
        end_failed(q, q->failure_status);
    }
}

static void take_cd_reply(struct dns_query_handle *q, const struct dns_answer *answer)
{
    end_failed(q, is_answer(answer->facts.status) ? LOOKUP_BOGUS : q->failure_status);
}

/* FORMERR or NOTIMP may be about EDNS (RFC 6891 7): this question goes without it to s. */
static void ask_plain(struct dns_query_handle *q, const struct dns_server *s)
{
    tickets_release(q);
    q->plain_servers |= UINT32_C(1) << s->index;
    ask_again(q);
}

void question_no_edns(struct dns_ticket *ticket)
{
    struct dns_query_handle *q = ticket->q;
    struct dns_server *s = ticket->socket->server;
    server_answered(s, DNS_FORMERR);
    forget_tcp(q);
    leave_queue(q);
    ask_plain(q, s);
}

/* A whole reply, by UDP or TCP, to a query that was sent with or without EDNS and CD. */
static void take_reply(struct dns_query_handle *q, struct dns_server *s, const uint8_t *msg,
                       size_t len, bool edns, bool cd)
{
    dns_engine *e = engine_of(q);
    struct dns_name qname;
    struct dns_answer answer;

    struct dns_reader r = {
        .msg = q->wire.b, .len = DNS_HEADER_BYTES + q->wire.question_len, .at = DNS_HEADER_BYTES};
    arena_reset(&e->arena);
    if (dns_name_read(&r, &qname) != ST_OK ||
        dns_reply_parse_for(msg, len, &qname, q->type, &e->arena, &answer) != ST_OK) {
        question_abandon(q);
        return;
    }
    answer.facts.resolver = s->text;
    int rcode = answer.facts.rcode;
    if (edns && (rcode == DNS_FORMERR || rcode == DNS_NOTIMP || rcode == DNS_BADVERS)) {
        ask_plain(q, s);
        return;
    }
    if ((q->plain_servers >> s->index & 1) != 0 && is_answer(answer.facts.status))
        s->no_edns_until_ms = e->now_ms + DNS_NO_EDNS_MS;
    if (cd)
        take_cd_reply(q, &answer);
    else if (is_answer(answer.facts.status))
        question_end(q, &answer);
    else
        take_failure(q, s, &answer);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

static void on_tcp_reply(void *arg, const uint8_t *reply, size_t len)
{
    struct dns_query_handle *q = arg;
    dns_engine *e = engine_of(q);
    engine_clock(e);
    q->tcp_ask = NULL;
    if (reply != NULL && dns_wire_answered_by(&q->wire, reply, len)) {
        e->stats.answers++;
        server_answered(q->tcp_server, reply[3] & 0xf);
        wheel_clear(&q->timer);
        take_reply(q, q->tcp_server, reply, len, question_edns(q, q->tcp_server), q->cd);
    } else {
        pause_then_again(q);
    }
    engine_arm(e);
}

static enum status tcp_open(dns_engine *e, struct dns_server *s)
{
    const struct net_addr *source = NULL;
    for (size_t i = 0; i < e->config.n_sources && source == NULL; i++)
        if (e->sources[i].family == s->endpoint.ip.family)
            source = &e->sources[i];
    return dns_tcp_new(e->base, &s->endpoint, source, DNS_TCP_TRY_MS, &s->tcp);
}

/* The same query over TCP; when it cannot be asked now, by UDP again after the interval. */
static void ask_tcp(struct dns_query_handle *q, struct dns_server *s)
{
    dns_engine *e = engine_of(q);
    uint64_t until_ms = e->now_ms + DNS_TCP_TRY_MS;
    size_t len = dns_wire_prepare(&q->wire, dns_random_u16(&e->random), question_edns(q, s), q->cd);
    q->tcp_server = s;
    if ((s->tcp == NULL && tcp_open(e, s) != ST_OK) ||
        dns_tcp_ask(s->tcp, q->wire.b, len, on_tcp_reply, q, &q->tcp_ask) != ST_OK) {
        pause_then_again(q);
        return;
    }
    server_charge(s);
    e->stats.tcp++;
    q->state = QUESTION_TCP;
    wheel_set(&e->wheel, &q->timer, until_ms < q->deadline_ms ? until_ms : q->deadline_ms);
}

void question_reply(struct dns_ticket *ticket, const uint8_t *msg, size_t len, bool cut)
{
    enum { TC = 0x02, RCODE = 0x0f };
    struct dns_query_handle *q = ticket->q;
    struct dns_server *s = ticket->socket->server;
    bool edns = ticket->edns, cd = ticket->cd;

    server_answered(s, msg[3] & RCODE);
    window_note(engine_of(q), q->unanswered > 0);
    if (q->unanswered == 0) /* else nobody knows which try this answers: Karn's rule */
        server_took(s, engine_of(q)->now_ms - q->sent_ms);
    ticket_release(ticket);
    if (cut || (msg[2] & TC) != 0) {
        if (q->tcp_ask == NULL) {
            leave_queue(q);
            ask_tcp(q, s);
        }
        return;
    }
    forget_tcp(q);
    leave_queue(q);
    take_reply(q, s, msg, len, edns, cd);
}
