#include "tests/unit/dns_fake.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(bool ok)
{
    if (!ok)
        abort();
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void take(struct fake *f, struct fake_query *q)
{
    if (dns_reply_question(q->msg, q->len, &q->h, q->qname, &q->qtype) != ST_OK)
        return;
    q->edns = q->h.additionals == 1;
    f->on_query(f, q);
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct fake *f = arg;
    struct fake_query q;
    /* A stopped fake has no more to read, although its handler was called from here. */
    for (unsigned i = 0; i < 256 && f->ev != NULL; i++) {
        socklen_t len = sizeof q.from;
        ssize_t n =
            recvfrom(fd, q.msg, sizeof q.msg, MSG_DONTWAIT, (struct sockaddr *)&q.from, &len);
        if (n < 0)
            return;
        q.len = (size_t)n;
        q.tcp = NULL;
        f->udp++;
        take(f, &q);
    }
}

static void on_tcp_read(struct bufferevent *bev, void *arg)
{
    struct fake *f = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct fake_query q = {.tcp = bev};
    for (;;) {
        uint8_t head[2];
        if (evbuffer_copyout(in, head, 2) != 2)
            return;
        size_t len = (size_t)head[0] << 8 | head[1];
        check(len <= sizeof q.msg);
        if (evbuffer_get_length(in) < len + 2)
            return;
        evbuffer_drain(in, 2);
        q.len = (size_t)evbuffer_remove(in, q.msg, len);
        f->tcp++;
        take(f, &q);
    }
}

static void on_tcp_event(struct bufferevent *bev, short what, void *arg)
{
    (void)arg;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        bufferevent_free(bev);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *arg)
{
    (void)l, (void)from, (void)len;
    struct fake *f = arg;
    struct bufferevent *bev = bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);
    check(bev != NULL);
    bufferevent_setcb(bev, on_tcp_read, NULL, on_tcp_event, f);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

void fake_start_again(struct fake *f)
{
    struct sockaddr_in sin = loopback(f->at.port);
    socklen_t len = sizeof sin;
    int bytes = 4 << 20;
    f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(f->fd >= 0);
    if (setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    check(bind(f->fd, (struct sockaddr *)&sin, sizeof sin) == 0);
    check(getsockname(f->fd, (struct sockaddr *)&sin, &len) == 0);
    f->at.port = ntohs(sin.sin_port);
    f->ev = event_new(f->base, f->fd, EV_READ | EV_PERSIST, on_udp, f);
    check(f->ev != NULL && event_add(f->ev, NULL) == 0);
    /* Absent when somebody else has the port's TCP side: no test but those of TCP notices. */
    f->listener =
        evconnlistener_new_bind(f->base, on_accept, f, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
                                16, (struct sockaddr *)&sin, sizeof sin);
}

void fake_start(struct fake *f, struct event_base *base, fake_fn on_query)
{
    *f = (struct fake){.base = base, .on_query = on_query, .refusing = -1};
    f->at.ip = (struct net_addr){.family = 4, .b = {127, 0, 0, 1}};
    for (unsigned i = 0; i < 20; i++) {
        f->at.port = 0;
        fake_start_again(f);
        if (f->listener != NULL)
            return;
        fake_stop(f);
    }
    abort();
}

/* A socket that is bound and does not listen refuses, and keeps the port from others. */
void fake_refuse(struct fake *f)
{
    struct sockaddr_in sin = loopback(f->at.port);
    int on = 1;
    evconnlistener_free(f->listener);
    f->listener = NULL;
    f->refusing = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(f->refusing >= 0);
    check(setsockopt(f->refusing, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    check(bind(f->refusing, (struct sockaddr *)&sin, sizeof sin) == 0);
}

void fake_listen(struct fake *f)
{
    if (f->listener != NULL)
        return;
    f->listener = evconnlistener_new(f->base, on_accept, f, LEV_OPT_CLOSE_ON_FREE, 16, f->refusing);
    check(f->listener != NULL);
    f->refusing = -1;
}

void fake_stop(struct fake *f)
{
    if (f->ev == NULL)
        return;
    if (f->refusing >= 0)
        close(f->refusing);
    f->refusing = -1;
    event_free(f->ev);
    f->ev = NULL;
    close(f->fd);
    if (f->listener != NULL)
        evconnlistener_free(f->listener);
    f->listener = NULL;
}

struct msg *fake_begin(struct fake *f, const struct fake_query *q, unsigned flags)
{
    msg_begin(&f->reply, q->h.id, MSG_QR | MSG_RD | MSG_RA | flags, q->qname, q->qtype);
    return &f->reply;
}

void fake_send_raw(struct fake *f, const struct fake_query *q, const void *p, size_t len)
{
    if (q->tcp != NULL) {
        uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)len};
        bufferevent_write(q->tcp, head, 2);
        bufferevent_write(q->tcp, p, len);
    } else {
        (void)sendto(f->fd, p, len, 0, (const struct sockaddr *)&q->from, sizeof q->from);
    }
}

void fake_send(struct fake *f, const struct fake_query *q)
{
    fake_send_raw(f, q, f->reply.b, f->reply.len);
}

void fake_send_elsewhere(struct fake *f, const struct fake_query *q)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in sin = loopback(0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&sin, sizeof sin) == 0);
    (void)sendto(fd, f->reply.b, f->reply.len, 0, (const struct sockaddr *)&q->from,
                 sizeof q->from);
    close(fd);
}

void fake_answer(struct fake *f, const struct fake_query *q)
{
    fake_begin(f, q, 0);
    msg_txt(&f->reply, NULL, 60, "ok");
    fake_send(f, q);
}

void fake_rcode(struct fake *f, const struct fake_query *q, unsigned rcode)
{
    fake_begin(f, q, rcode);
    fake_send(f, q);
}

void fake_ignore(struct fake *f, const struct fake_query *q)
{
    (void)f, (void)q;
}
