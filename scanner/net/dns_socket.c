/* dns_socket: connected UDP sockets, and batches of datagrams.
 *
 * The kernel drops replies that do not fit a socket's receive buffer, silently. So no socket has
 * more questions out than its real buffer holds replies, and their number grows with what is in
 * flight. A socket takes a batch of questions, then the roomiest one does; after
 * DNS_SOCKET_QUESTIONS it is retired: it still listens for what it asked, and is closed when that
 * has ended. */
#include "scanner/net/dns_engine.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- making and closing --------------------------------------------------------------------- */

/* Asks for a large receive buffer and returns how many replies the one that was given holds. */
static uint32_t buffer_room(int fd)
{
    int bytes = DNS_RCVBUF_BYTES, real = 0;
    socklen_t len = sizeof real;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &real, &len) != 0 || real <= 0)
        real = DNS_RCVBUF_DEFAULT_BYTES / 2;
    int64_t room = (int64_t)real * LIMIT_DNS_PER_SOCKET / DNS_RCVBUF_DEFAULT_BYTES;
    if (room > UINT16_MAX / 4) /* ids stay sparse */
        return UINT16_MAX / 4;
    return room > 0 ? (uint32_t)room : 1;
}

/* Binds to the next local address of the server's family, if there are any. */
static bool bind_source(struct dns_server *s, int fd)
{
    dns_engine *e = s->pool->engine;
    for (size_t i = 0; i < e->config.n_sources; i++) {
        struct endpoint local = {.ip = e->sources[s->next_source++ % e->config.n_sources]};
        struct sockaddr_storage ss;
        if (local.ip.family != s->endpoint.ip.family)
            continue;
        socklen_t len = endpoint_sockaddr(&local, &ss);
        return bind(fd, (const struct sockaddr *)&ss, len) == 0;
    }
    return true;
}

static void socket_free(struct dns_socket *k)
{
    if (k->ev_read != NULL)
        event_free(k->ev_read);
    if (k->ev_write != NULL)
        event_free(k->ev_write);
    if (k->fd >= 0)
        close(k->fd);
    free(k->table);
    free(k);
}

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static struct dns_socket *socket_open(struct dns_server *s)
{
    struct event_base *base = s->pool->engine->base;
    struct dns_socket *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->server = s;
    k->fd = socket(s->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (k->fd < 0 || !bind_source(s, k->fd) ||
        connect(k->fd, (const struct sockaddr *)&s->addr, s->addr_len) != 0)
        goto fail;
    k->room = buffer_room(k->fd);
    k->trains = true;
    udp_batch_accept_trains(k->fd);
    uint32_t size = 64;
    while (size < 2 * k->room)
        size *= 2;
    k->mask = size - 1;
    k->table = calloc(size, sizeof *k->table);
    k->ev_read = event_new(base, k->fd, EV_READ | EV_PERSIST, on_readable, k);
    k->ev_write = event_new(base, k->fd, EV_WRITE, on_writable, k);
    if (k->table == NULL || k->ev_read == NULL || k->ev_write == NULL ||
        event_add(k->ev_read, NULL) != 0)
        goto fail;
    s->sockets[s->n_sockets++] = k;
    s->n_active++;
    return k;
fail:
    socket_free(k);
    return NULL;
}

void socket_retire(struct dns_socket *k)
{
    struct dns_server *s = k->server;
    dns_engine *e = s->pool->engine;
    if (!k->retired) {
        k->retired = true;
        s->n_active--;
    }
    if (s->current == k)
        s->current = NULL;
    if (k->outstanding == 0 && !k->dying && !k->dirty) {
        k->dying = true;
        k->next = e->dying;
        e->dying = k;
        engine_want_flush(e);
    }
}

static void forget_socket(struct dns_server *s, const struct dns_socket *k)
{
    for (size_t i = 0; i < s->n_sockets; i++)
        if (s->sockets[i] == k)
            s->sockets[i] = s->sockets[--s->n_sockets];
}

/* Takes the sockets of a server out of one of the engine's lists. */
static void unlist(struct dns_socket **list, const struct dns_server *s)
{
    while (*list != NULL) {
        if ((*list)->server == s)
            *list = (*list)->next;
        else
            list = &(*list)->next;
    }
}

/* Every ticket is back already: questions end before their servers. */
void sockets_close(struct dns_server *s)
{
    unlist(&s->pool->engine->dying, s);
    unlist(&s->pool->engine->dirty, s);
    while (s->n_sockets > 0)
        socket_free(s->sockets[--s->n_sockets]);
    s->n_active = 0;
    s->current = NULL;
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* The one with the most room: what one socket sends at once leaves in longer trains. */
static struct dns_socket *roomiest(const struct dns_server *s)
{
    struct dns_socket *best = NULL;
    uint32_t most = 0;
    for (size_t i = 0; i < s->n_sockets; i++) {
        struct dns_socket *k = s->sockets[i];
        if (!k->retired && k->room - k->outstanding > most) {
            most = k->room - k->outstanding;
            best = k;
        }
    }
    return best;
}

struct dns_socket *socket_next(struct dns_server *s)
{
    if (s->current != NULL && s->current_left > 0 && s->current->outstanding < s->current->room)
        return s->current;
    struct dns_socket *k = s->n_active >= DNS_SOCKETS_MIN ? roomiest(s) : NULL;
    /* When no further one can be had (descriptors, ports), those that are there go on. */
    if (k == NULL && s->n_sockets < DNS_SOCKETS_MAX && (k = socket_open(s)) == NULL &&
        (k = roomiest(s)) == NULL)
        server_failed(s);
    s->current = k;
    s->current_left = UDP_BATCH_OUT;
    return k;
}

/* ---- out ------------------------------------------------------------------------------------ */

void socket_queue(struct dns_socket *k, struct dns_query_handle *q)
{
    dns_engine *e = k->server->pool->engine;
    dns_queue_push(&k->out, q);
    if (k->dirty || event_pending(k->ev_write, EV_WRITE, NULL))
        return;
    k->dirty = true;
    k->next = e->dirty;
    e->dirty = k;
}

/* Fills the batch from the queue's front; each question's newest ticket is the one to send. */
static int fill_batch(struct dns_socket *k, struct udp_batch *b)
{
    int n = 0;
    udp_batch_clear(b);
    for (struct dns_query_handle *q = k->out.first; q != NULL && n < UDP_BATCH_OUT;
         q = q->next, n++) {
        struct dns_ticket *t = &q->ticket[q->n_tickets - 1];
        t->edns = question_edns(q, k->server);
        udp_batch_add(b, q->wire.b, dns_wire_prepare(&q->wire, t->id, t->edns, t->cd), q);
    }
    return n;
}

/* The server cannot be reached, or we cannot send: nobody loses a try by it. */
static void unsend_all(struct dns_socket *k)
{
    struct dns_query_handle *q;
    server_failed(k->server);
    while ((q = k->out.last) != NULL)
        question_unsent(q);
}

/* Whether a short sendmmsg is for want of room. An ICMP error ends a batch too, and the kernel
 * tells of it only when nothing at all was sent: then the batch is short with the send queue near
 * empty. */
static bool send_buffer_full(int fd)
{
    int queued = 0, bytes = 0;
    socklen_t len = sizeof bytes;
    return ioctl(fd, SIOCOUTQ, &queued) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &len) == 0 && queued > bytes / 2;
}

static void send_queued(struct dns_socket *k)
{
    dns_engine *e = k->server->pool->engine;
    while (k->out.first != NULL) {
        int n = fill_batch(k, e->batch);
        int sent = udp_batch_send(e->batch, k->fd, &k->trains);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            event_add(k->ev_write, NULL);
            return;
        }
        if (sent <= 0) {
            unsend_all(k);
            return;
        }
        e->stats.sent += (uint64_t)sent;
        for (int i = 0; i < sent; i++)
            question_sent(udp_batch_sent(e->batch, i));
        if (sent < n && !send_buffer_full(k->fd)) {
            unsend_all(k);
            return;
        }
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct dns_socket *k = arg;
    dns_engine *e = k->server->pool->engine;
    engine_clock(e);
    send_queued(k);
    engine_arm(e);
}

void sockets_flush(dns_engine *e)
{
    struct dns_socket *k;
    while ((k = e->dirty) != NULL) {
        e->dirty = k->next;
        k->dirty = false;
        send_queued(k);
        if (k->retired)
            socket_retire(k);
    }
    while ((k = e->dying) != NULL) {
        e->dying = k->next;
        forget_socket(k->server, k);
        socket_free(k);
    }
}

/* ---- in ------------------------------------------------------------------------------------- */

/* A query's own bit, another opcode, another id, another question: not ours, whoever sent it. */
static void take_datagram(void *arg, const uint8_t *msg, size_t len, bool cut)
{
    struct dns_socket *k = arg;
    enum { QR_AND_OPCODE = 0xf8, QR = 0x80, RCODE = 0x0f };
    dns_engine *e = k->server->pool->engine;
    struct dns_ticket *t = NULL;
    if (len >= DNS_HEADER_BYTES && (msg[2] & QR_AND_OPCODE) == QR) {
        uint16_t id = (uint16_t)(msg[0] << 8 | msg[1]);
        t = k->table[id & k->mask];
        if (t != NULL && t->id != id)
            t = NULL;
    }
    if (t != NULL && dns_wire_answered_by(&t->q->wire, msg, len)) {
        e->stats.answers++;
        question_reply(t, msg, len, cut || len > DNS_DATAGRAM_MAX_BYTES);
        return;
    }
    /* Servers that do not know EDNS may send back a bare header (RFC 6891 7). */
    unsigned rcode = t != NULL ? msg[3] & RCODE : 0;
    if (t != NULL && t->edns && len == DNS_HEADER_BYTES && msg[4] == 0 && msg[5] == 0 &&
        (rcode == DNS_FORMERR || rcode == DNS_NOTIMP)) {
        e->stats.answers++;
        question_no_edns(t);
        return;
    }
    e->stats.dropped++;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct dns_socket *k = arg;
    dns_engine *e = k->server->pool->engine;
    engine_clock(e);
    for (unsigned round = 0; round < DNS_READ_ROUNDS; round++) {
        int n = udp_batch_receive(e->batch, k->fd, take_datagram, k);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            server_failed(k->server); /* ICMP: port or host unreachable */
        if (n < UDP_BATCH_IN)
            break;
    }
    engine_arm(e);
}
