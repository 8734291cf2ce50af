/* DNS over TCP (RFC 7766): several queries a connection, answered in order. */
#include "tests/simnet/dns_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNS_MAX = 1024, PREFIX_BYTES = 2 };

struct dns_conn {
    struct dns_conn *next, **self; /* list of the thread */
    int fd;
    size_t in_len, out_len, out_at;
    uint8_t in[PREFIX_BYTES + DNS_QUERY_MAX_BYTES];
    uint8_t out[PREFIX_BYTES + DNS_TCP_MAX_BYTES];
};

static void close_conn(struct dns_thread *t, struct dns_conn *c)
{
    *c->self = c->next;
    if (c->next != NULL)
        c->next->self = c->self;
    t->conn_count--;
    close(c->fd);
    free(c);
}

void dns_tcp_free(struct dns_thread *t)
{
    while (t->conns != NULL)
        close_conn(t, t->conns);
}

static void watch(struct dns_thread *t, struct dns_conn *c, uint32_t events, int op)
{
    struct epoll_event ev = {.events = events, .data.ptr = c};
    epoll_ctl(t->epoll, op, c->fd, &ev);
}

void dns_tcp_accept(struct dns_thread *t)
{
    int fd;
    while ((fd = accept4(t->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct dns_conn *c = t->conn_count < CONNS_MAX ? malloc(sizeof *c) : NULL;
        if (c == NULL) {
            close(fd);
            continue;
        }
        c->fd = fd;
        c->in_len = c->out_len = c->out_at = 0;
        c->next = t->conns;
        c->self = &t->conns;
        if (c->next != NULL)
            c->next->self = &c->next;
        t->conns = c;
        t->conn_count++;
        watch(t, c, EPOLLIN, EPOLL_CTL_ADD);
    }
}

/* Answers the first whole query in the buffer, when there is one and the last answer has left. */
static bool answer_next(struct dns_thread *t, struct dns_conn *c)
{
    if (c->out_len > 0 || c->in_len < PREFIX_BYTES)
        return true;
    size_t len = (size_t)c->in[0] << 8 | c->in[1];
    if (len > DNS_QUERY_MAX_BYTES)
        return false;
    if (c->in_len < PREFIX_BYTES + len)
        return true;
    size_t n = dns_thread_answer(t, c->in + PREFIX_BYTES, len, c->out + PREFIX_BYTES,
                                 DNS_TCP_MAX_BYTES, false);
    c->in_len -= PREFIX_BYTES + len;
    memmove(c->in, c->in + PREFIX_BYTES + len, c->in_len);
    c->out[0] = (uint8_t)(n >> 8);
    c->out[1] = (uint8_t)n;
    c->out_len = n == 0 ? 0 : PREFIX_BYTES + n;
    c->out_at = 0;
    return true;
}

/* False when the connection is over. */
static bool flush(struct dns_thread *t, struct dns_conn *c)
{
    while (c->out_at < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(t, c, EPOLLOUT, EPOLL_CTL_MOD);
            return true;
        }
        if (n <= 0)
            return false;
        c->out_at += (size_t)n;
    }
    if (c->out_len > 0)
        watch(t, c, EPOLLIN, EPOLL_CTL_MOD);
    c->out_len = 0;
    return true;
}

static bool advance(struct dns_thread *t, struct dns_conn *c, uint32_t events)
{
    if (events & (EPOLLHUP | EPOLLERR))
        return false;
    if (events & EPOLLIN) {
        ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        c->in_len += n > 0 ? (size_t)n : 0;
    }
    size_t before;
    do {
        before = c->in_len;
        if (!flush(t, c) || !answer_next(t, c) || !flush(t, c))
            return false;
    } while (c->in_len < before && c->out_len == 0);
    return true;
}

void dns_tcp_ready(struct dns_thread *t, struct dns_conn *conn, uint32_t events)
{
    if (!advance(t, conn, events))
        close_conn(t, conn);
}
