/* dns_tcp: c-ares channels on the event loop.
 *
 * c-ares may call back from within ares_send, ares_process_fd and ares_destroy. So a callback only
 * stores the reply and wakes one event, from which owners are called and channels destroyed. */
#include "scanner/net/dns_tcp.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
    FDS_MAX = 4, /* of one channel: one connection, and an old one that is being closed */
    TRIES = 2,   /* a server may have closed the idle connection (RFC 7766 6.2.3): once more */
};

struct channel {
    struct dns_tcp *tcp;
    ares_channel ares;   /* NULL: not there */
    struct event *timer; /* c-ares' own timeouts */
    struct {
        ares_socket_t fd;
        struct event *ev; /* NULL: free */
    } fds[FDS_MAX];
    unsigned asks;   /* that c-ares still holds */
    unsigned wanted; /* of them not forgotten */
};

struct dns_tcp_ask {
    struct dns_tcp_ask *next; /* in ready */
    struct channel *channel;
    dns_tcp_fn done; /* NULL: forgotten */
    void *arg;
    bool ended; /* c-ares has called back */
    uint8_t *reply;
    size_t len;
};

struct dns_tcp {
    struct event_base *base;
    struct endpoint server;
    struct net_addr source;
    uint32_t timeout_ms;
    struct event *deliver;
    struct dns_tcp_ask *ready, **ready_end;
    struct channel channels[DNS_TCP_CHANNELS_MAX];
};

/* ---- one channel ----------------------------------------------------------------------------- */

static void arm_timer(struct channel *c)
{
    struct timeval tv, *next = ares_timeout(c->ares, NULL, &tv);
    if (next == NULL)
        event_del(c->timer);
    else
        event_add(c->timer, next);
}

static void on_channel_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct channel *c = arg;
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(c);
}

static void on_channel_fd(evutil_socket_t fd, short what, void *arg)
{
    struct channel *c = arg;
    ares_process_fd(c->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    arm_timer(c);
}

/* c-ares says what it waits for on a socket; nothing: it is about to close it. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct channel *c = arg;
    size_t i = 0, at = FDS_MAX;
    for (; i < FDS_MAX; i++) {
        if (c->fds[i].ev != NULL && c->fds[i].fd == fd)
            break;
        if (c->fds[i].ev == NULL)
            at = i;
    }
    if (i < FDS_MAX) {
        event_free(c->fds[i].ev);
        c->fds[i].ev = NULL;
        at = i;
    }
    if ((!readable && !writable) || at == FDS_MAX)
        return; /* no room: c-ares' timeout ends the question */
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    struct event *ev = event_new(c->tcp->base, fd, what, on_channel_fd, c);
    if (ev == NULL)
        return;
    c->fds[at].fd = fd;
    c->fds[at].ev = ev;
    event_add(ev, NULL);
}

static int set_server(ares_channel ares, const struct endpoint *server)
{
    struct ares_addr_port_node node = {.udp_port = server->port, .tcp_port = server->port};
    node.family = server->ip.family == 6 ? AF_INET6 : AF_INET;
    if (server->ip.family == 6)
        memcpy(&node.addr.addr6, server->ip.b, 16);
    else
        memcpy(&node.addr.addr4, server->ip.b, 4);
    return ares_set_servers_ports(ares, &node);
}

static void set_source(ares_channel ares, const struct net_addr *source)
{
    if (source->family == 4)
        ares_set_local_ip4(ares, (unsigned)source->b[0] << 24 | (unsigned)source->b[1] << 16 |
                                     (unsigned)source->b[2] << 8 | source->b[3]);
    else if (source->family == 6)
        ares_set_local_ip6(ares, source->b);
}

static enum status channel_open(struct channel *c)
{
    char lookups[] = "b";
    struct ares_options options = {
        .flags = ARES_FLAG_USEVC | ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
                 ARES_FLAG_NOALIASES,
        .timeout = (int)c->tcp->timeout_ms,
        .tries = TRIES,
        .lookups = lookups,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;
    c->timer = evtimer_new(c->tcp->base, on_channel_timer, c);
    if (c->timer == NULL)
        return ST_NOMEM;
    int rc = ares_init_options(&c->ares, &options, mask);
    if (rc == ARES_SUCCESS && (rc = set_server(c->ares, &c->tcp->server)) != ARES_SUCCESS)
        ares_destroy(c->ares);
    if (rc != ARES_SUCCESS) {
        c->ares = NULL;
        event_free(c->timer);
        return rc == ARES_ENOMEM ? ST_NOMEM : ST_INTERNAL;
    }
    set_source(c->ares, &c->tcp->source);
    return ST_OK;
}

static void channel_close(struct channel *c)
{
    if (c->ares == NULL)
        return;
    ares_destroy(c->ares); /* calls back for what it holds, and closes its sockets */
    c->ares = NULL;
    event_free(c->timer);
    for (size_t i = 0; i < FDS_MAX; i++) {
        if (c->fds[i].ev != NULL)
            event_free(c->fds[i].ev);
        c->fds[i].ev = NULL;
    }
}

/* ---- questions ------------------------------------------------------------------------------ */

static void ask_free(struct dns_tcp_ask *ask)
{
    free(ask->reply);
    free(ask);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
    (void)timeouts;
    struct dns_tcp_ask *ask = arg;
    struct dns_tcp *tcp = ask->channel->tcp;
    ask->channel->asks--;
    ask->ended = true;
    if (status == ARES_SUCCESS && reply != NULL && len > 0 &&
        (ask->reply = malloc((size_t)len)) != NULL) {
        memcpy(ask->reply, reply, (size_t)len);
        ask->len = (size_t)len;
    }
    *tcp->ready_end = ask;
    tcp->ready_end = &ask->next;
    event_active(tcp->deliver, EV_TIMEOUT, 0);
}

static struct dns_tcp_ask *take_ready(struct dns_tcp *tcp)
{
    struct dns_tcp_ask *ask = tcp->ready;
    if (ask != NULL && (tcp->ready = ask->next) == NULL)
        tcp->ready_end = &tcp->ready;
    return ask;
}

static void on_deliver(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct dns_tcp *tcp = arg;
    struct dns_tcp_ask *ask;
    for (size_t i = 0; i < DNS_TCP_CHANNELS_MAX; i++) {
        struct channel *c = &tcp->channels[i];
        if (c->asks > 0 && c->wanted == 0)
            channel_close(c);
    }
    while ((ask = take_ready(tcp)) != NULL) {
        if (ask->done != NULL) {
            ask->channel->wanted--;
            ask->done(ask->arg, ask->reply, ask->len);
        }
        ask_free(ask);
    }
}

/* The first channel with room, opened when need be: few connections to one resolver. NULL when all
 * are full. */
static struct channel *pick_channel(struct dns_tcp *tcp)
{
    for (size_t i = 0; i < DNS_TCP_CHANNELS_MAX; i++) {
        struct channel *c = &tcp->channels[i];
        if (c->asks == DNS_TCP_ASKS_PER_CHANNEL)
            continue;
        return c->ares != NULL || channel_open(c) == ST_OK ? c : NULL;
    }
    return NULL;
}

enum status dns_tcp_ask(struct dns_tcp *tcp, const uint8_t *query, size_t len, dns_tcp_fn done,
                        void *arg, struct dns_tcp_ask **out)
{
    struct channel *c = pick_channel(tcp);
    if (c == NULL)
        return ST_AGAIN;
    struct dns_tcp_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL)
        return ST_NOMEM;
    ask->channel = c;
    ask->done = done;
    ask->arg = arg;
    c->asks++;
    c->wanted++;
    ares_send(c->ares, query, (int)len, on_answer, ask);
    arm_timer(c);
    *out = ask;
    return ST_OK;
}

void dns_tcp_forget(struct dns_tcp_ask *ask)
{
    if (ask == NULL)
        return;
    ask->done = NULL;
    ask->channel->wanted--;
    if (!ask->ended && ask->channel->wanted == 0)
        event_active(ask->channel->tcp->deliver, EV_TIMEOUT, 0);
}

enum status dns_tcp_new(struct event_base *base, const struct endpoint *server,
                        const struct net_addr *source, uint32_t timeout_ms, struct dns_tcp **out)
{
    struct dns_tcp *tcp = calloc(1, sizeof *tcp);
    if (tcp == NULL)
        return ST_NOMEM;
    tcp->base = base;
    tcp->server = *server;
    if (source != NULL)
        tcp->source = *source;
    tcp->timeout_ms = timeout_ms;
    tcp->ready_end = &tcp->ready;
    for (size_t i = 0; i < DNS_TCP_CHANNELS_MAX; i++)
        tcp->channels[i].tcp = tcp;
    tcp->deliver = event_new(base, -1, 0, on_deliver, tcp);
    if (tcp->deliver == NULL) {
        free(tcp);
        return ST_NOMEM;
    }
    *out = tcp;
    return ST_OK;
}

void dns_tcp_free(struct dns_tcp *tcp)
{
    struct dns_tcp_ask *ask;
    if (tcp == NULL)
        return;
    for (size_t i = 0; i < DNS_TCP_CHANNELS_MAX; i++)
        channel_close(&tcp->channels[i]);
    while ((ask = take_ready(tcp)) != NULL)
        ask_free(ask);
    event_free(tcp->deliver);
    free(tcp);
}
