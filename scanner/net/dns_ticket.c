/* dns_ticket: the right to an answer, which is an id on a socket.
 *
 * A ticket stands in its socket's table under the low bits of its id. The table is at most half
 * full, so an id whose place is free is found by drawing again: no probing, nothing to tidy up. */
#include "scanner/net/dns_engine.h"

struct dns_ticket *ticket_take(struct dns_query_handle *q, struct dns_server *s)
{
    struct dns_socket *k = socket_next(s);
    if (k == NULL)
        return NULL;
    if (q->n_tickets == DNS_TICKETS_MAX)
        ticket_release(&q->ticket[0]);
    struct dns_ticket *t = &q->ticket[q->n_tickets++];
    t->q = q;
    t->socket = k;
    t->cd = q->cd;
    do
        t->id = dns_random_u16(&s->pool->engine->random);
    while (k->table[t->id & k->mask] != NULL);
    k->table[t->id & k->mask] = t;
    k->outstanding++;
    s->current_left--;
    if (++k->asked >= DNS_SOCKET_QUESTIONS && s->n_sockets < DNS_SOCKETS_MAX / 2)
        socket_retire(k);
    return t;
}

/* Tickets are pointed at from tables: moving one tells its table. */
static void move_ticket(struct dns_ticket *to, const struct dns_ticket *from)
{
    *to = *from;
    to->socket->table[to->id & to->socket->mask] = to;
}

struct dns_ticket *ticket_again(struct dns_query_handle *q, const struct dns_server *s)
{
    for (size_t i = 0; i < q->n_tickets; i++) {
        if (q->ticket[i].socket->server != s || q->ticket[i].cd != q->cd)
            continue;
        struct dns_ticket mine = q->ticket[i];
        for (; i + 1 < q->n_tickets; i++)
            move_ticket(&q->ticket[i], &q->ticket[i + 1]);
        move_ticket(&q->ticket[i], &mine);
        return &q->ticket[i];
    }
    return NULL;
}

void ticket_release(struct dns_ticket *t)
{
    struct dns_query_handle *q = t->q;
    struct dns_socket *k = t->socket;
    size_t i = (size_t)(t - q->ticket);
    k->table[t->id & k->mask] = NULL;
    k->outstanding--;
    for (; i + 1 < q->n_tickets; i++)
        move_ticket(&q->ticket[i], &q->ticket[i + 1]);
    q->n_tickets--;
    if (k->retired)
        socket_retire(k);
}

void tickets_release(struct dns_query_handle *q)
{
    while (q->n_tickets > 0)
        ticket_release(&q->ticket[q->n_tickets - 1]);
}
