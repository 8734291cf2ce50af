/* dns_question_reply: what is believed of a reply, and what else is asked before it is.
 *
 * A cut reply is asked for again over TCP; one that may be about EDNS, without EDNS; a failure, of
 * another server, and SERVFAIL in the end with CD=1. */
#include "scanner/net/dns_engine.h"
#include "scanner/net/dns_rr.h"

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
        question_again(q);
        return;
    }
    q->failures++;
    q->failed_servers |= UINT32_C(1) << s->index;
    q->failure_status = answer->facts.status;
    q->failure_rcode = answer->facts.rcode;
    q->failure_ede = answer->facts.ede;
    q->failure_server = s->text;
    if (q->failure_status == LOOKUP_SERVFAIL && lookup_ede_is_dnssec(q->failure_ede)) {
        question_end_failed(q, LOOKUP_BOGUS);
    } else if (q->failures < LIMIT_DNS_SERVFAIL_TRIES) {
        q->avoid = q->failed_servers;
        if (pool_has_other(q->pool, q->avoid))
            question_again(q);
        else
            question_pause(q);
    } else if (q->failure_status == LOOKUP_SERVFAIL) {
        q->cd = true; /* a late answer to one without still counts */
        question_again(q);
    } else {
        question_end_failed(q, q->failure_status);
    }
}

static void take_cd_reply(struct dns_query_handle *q, const struct dns_answer *answer)
{
    question_end_failed(q, is_answer(answer->facts.status) ? LOOKUP_BOGUS : q->failure_status);
}

/* FORMERR or NOTIMP may be about EDNS (RFC 6891 7): this question goes without it to s. */
static void ask_plain(struct dns_query_handle *q, const struct dns_server *s)
{
    tickets_release(q);
    q->plain_servers |= UINT32_C(1) << s->index;
    question_again(q);
}

void question_no_edns(struct dns_ticket *ticket)
{
    struct dns_query_handle *q = ticket->q;
    struct dns_server *s = ticket->socket->server;
    server_answered(s, DNS_FORMERR);
    question_forget_tcp(q);
    question_leave_queue(q);
    ask_plain(q, s);
}

/* A whole reply, by UDP or TCP, to a query that was sent with or without EDNS and CD. */
static void take_reply(struct dns_query_handle *q, struct dns_server *s, const uint8_t *msg,
                       size_t len, bool edns, bool cd)
{
    dns_engine *e = question_engine(q);
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
    dns_engine *e = question_engine(q);
    engine_clock(e);
    q->tcp_ask = NULL;
    if (reply != NULL && dns_wire_answered_by(&q->wire, reply, len)) {
        e->stats.answers++;
        server_answered(q->tcp_server, reply[3] & 0xf);
        wheel_clear(&q->timer);
        take_reply(q, q->tcp_server, reply, len, question_edns(q, q->tcp_server), q->cd);
    } else {
        question_pause(q);
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
    dns_engine *e = question_engine(q);
    uint64_t until_ms = e->now_ms + DNS_TCP_TRY_MS;
    size_t len = dns_wire_prepare(&q->wire, dns_random_u16(&e->random), question_edns(q, s), q->cd);
    q->tcp_server = s;
    if ((s->tcp == NULL && tcp_open(e, s) != ST_OK) ||
        dns_tcp_ask(s->tcp, q->wire.b, len, on_tcp_reply, q, &q->tcp_ask) != ST_OK) {
        question_pause(q);
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
    window_note(question_engine(q), q->unanswered > 0);
    if (q->unanswered == 0) /* else nobody knows which try this answers: Karn's rule */
        server_took(s, question_engine(q)->now_ms - q->sent_ms);
    ticket_release(ticket);
    if (cut || (msg[2] & TC) != 0) {
        if (q->tcp_ask == NULL) {
            question_leave_queue(q);
            ask_tcp(q, s);
        }
        return;
    }
    question_forget_tcp(q);
    question_leave_queue(q);
    take_reply(q, s, msg, len, edns, cd);
}
