#include "tests/simnet/conn.h"

#include "tests/simnet/pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SINK_READ_BYTES 16384
#define INPUT (EPOLLIN | EPOLLRDHUP) /* what wire_event must hear of */

static void conn_free(struct conn *conn)
{
    conn->worker->protocol->release(conn);
    strbuf_free(&conn->out);
    pool_free(conn);
}

/* Every callback from the loop ends here: a connection is freed when nobody above uses it. */
static void leave(struct conn *conn)
{
    if (conn->phase == CONN_CLOSED)
        conn_free(conn);
}

/* --- The end of a connection --- */

void conn_close(struct conn *conn)
{
    struct worker *worker = conn->worker;
    if (conn->phase == CONN_CLOSED)
        return;
    conn->phase = CONN_CLOSED;
    loop_timer_clear(worker->loop, &conn->deadline);
    loop_timer_clear(worker->loop, &conn->alarm);
    tls_end_clear(&conn->tls);
    polite_closed(worker->polite, &conn->manners);
    loop_io_close(worker->loop, &conn->io);
    *(conn->prev ? &conn->prev->next : &worker->conns) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    if (worker->conn_count-- == ENGINE_WORKER_CONNS_MAX)
        loop_gate_open(worker->loop);
}

void conn_drop(struct conn *conn)
{
    conn_close(conn);
    conn_free(conn);
}

void conn_reset(struct conn *conn)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (conn->phase != CONN_CLOSED)
        setsockopt(conn->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    conn_close(conn);
}

void conn_sink(struct conn *conn)
{
    if (conn->phase == CONN_CLOSED)
        return;
    conn->phase = CONN_SINKING;
    loop_timer_clear(conn->worker->loop, &conn->alarm);
    loop_io_want(conn->worker->loop, &conn->io, INPUT);
}

/* The rest of the input must be read before the socket is closed, or the kernel sends RST and the
 * client may lose what it was sent last. */
static void finish_now(struct conn *conn)
{
    struct worker *worker = conn->worker;
    tls_end_shutdown(&conn->tls);
    shutdown(conn->io.fd, SHUT_WR);
    conn_sink(conn);
    uint64_t due_ms = loop_now_ms(worker->loop) + CONN_LINGER_MS;
    if (due_ms < conn->deadline.due_ms)
        loop_timer_set(worker->loop, &conn->deadline, due_ms);
}

void conn_finish(struct conn *conn)
{
    int one = 1;
    if (conn->phase == CONN_CLOSED)
        return;
    loop_timer_clear(conn->worker->loop, &conn->alarm);
    /* What is left to say, close_notify and FIN go out in one segment. */
    setsockopt(conn->io.fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
    if (conn_flush(conn))
        finish_now(conn);
    else if (conn->phase != CONN_CLOSED)
        conn->phase = CONN_FINISHING;
}

/* --- Bytes --- */

enum conn_got conn_recv(struct conn *conn, void *buf, size_t size, size_t *len)
{
    if (conn->phase == CONN_SECURE) {
        switch (tls_end_read(&conn->tls, buf, size, len)) {
        case TLS_STEP_DONE:
            return CONN_GOT;
        case TLS_STEP_READ:
        case TLS_STEP_WRITE:
            return CONN_WAIT;
        default:
            return CONN_GONE;
        }
    }
    if (conn->phase != CONN_CLEAR)
        return CONN_WAIT;
    switch (wire_read(&conn->wire, buf, size, len)) {
    case WIRE_GOT:
        return CONN_GOT;
    case WIRE_WAIT:
        return CONN_WAIT;
    default:
        return CONN_GONE;
    }
}

void conn_unread(struct conn *conn, const uint8_t *p, size_t len)
{
    wire_hold(&conn->wire, p, len);
}

void conn_send(struct conn *conn, const void *p, size_t len)
{
    if (conn->phase != CONN_CLOSED && strbuf_add(&conn->out, p, len) != ST_OK)
        conn_close(conn);
}

/* One write. False: the socket takes no more now, or the connection is closed. */
static bool write_some(struct conn *conn, size_t *sent)
{
    const char *p = conn->out.p + conn->out_sent;
    size_t len = conn->out.len - conn->out_sent;
    bool again;
    if (conn->tls.ssl) {
        enum tls_step step = tls_end_write(&conn->tls, p, len, sent);
        if (step == TLS_STEP_DONE)
            return true;
        again = step == TLS_STEP_WRITE || step == TLS_STEP_READ;
    } else {
        enum wire_got got = wire_write(&conn->wire, p, len, sent);
        if (got == WIRE_GOT)
            return true;
        again = got == WIRE_WAIT;
    }
    if (!again)
        conn_close(conn);
    return false;
}

bool conn_flush(struct conn *conn)
{
    size_t sent = 0;
    while (conn->phase != CONN_CLOSED && conn->out_sent < conn->out.len) {
        if (!write_some(conn, &sent)) {
            if (conn->phase != CONN_CLOSED)
                loop_io_want(conn->worker->loop, &conn->io, INPUT | EPOLLOUT);
            return false;
        }
        conn->out_sent += sent;
    }
    if (conn->phase == CONN_CLOSED)
        return false;
    strbuf_clear(&conn->out);
    conn->out_sent = 0;
    loop_io_want(conn->worker->loop, &conn->io, INPUT);
    return true;
}

/* --- TLS --- */

/* The next byte of a ServerHello that would be whole in hours: RFC 8446 sections 4 and 5.1. */
static void drip(struct conn *conn)
{
    static const uint8_t hello[] = {0x16, 3, 3, 0x3f, 0, 2, 0, 0x3e, 0xfc, 3, 3};
    uint8_t byte = conn->dripped < sizeof hello ? hello[conn->dripped] : 0;
    conn->phase = CONN_DRIPPING;
    conn->dripped++;
    if (send(conn->io.fd, &byte, 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
        conn_close(conn);
    else
        conn_alarm(conn, SIM_DRIP_MS);
}

static void play_fault(struct conn *conn)
{
    switch (conn->tls.mode) {
    case SIM_TLS_RESET:
        conn_reset(conn);
        break;
    case SIM_TLS_SILENT:
        conn_sink(conn);
        break;
    case SIM_TLS_DRIP:
        conn_sink(conn);
        drip(conn);
        break;
    case SIM_TLS_NOT_SPOKEN:
        tls_end_clear(&conn->tls);
        conn_send(conn, conn->worker->protocol->not_tls_answer,
                  strlen(conn->worker->protocol->not_tls_answer));
        conn_finish(conn);
        break;
    default: /* SIM_TLS_CLOSE */
        conn_finish(conn);
        break;
    }
}

static void handshake(struct conn *conn)
{
    struct worker *worker = conn->worker;
    enum tls_step step = tls_end_handshake(&conn->tls);
    atomic_store_explicit(&worker->counters.certs, tls_host_issued(worker->tls),
                          memory_order_relaxed);
    switch (step) {
    case TLS_STEP_DONE:
        counter_add(&worker->counters.handshakes);
        conn->phase = CONN_SECURE;
        polite_secured(&conn->manners);
        loop_io_want(worker->loop, &conn->io, INPUT);
        worker->protocol->secured(conn);
        /* OpenSSL may hold the request already, and then no event would tell of it. */
        if (conn->phase == CONN_SECURE)
            worker->protocol->ready(conn);
        break;
    case TLS_STEP_READ:
        loop_io_want(worker->loop, &conn->io, INPUT);
        break;
    case TLS_STEP_WRITE:
        loop_io_want(worker->loop, &conn->io, INPUT | EPOLLOUT);
        break;
    case TLS_STEP_FAULT:
        play_fault(conn);
        break;
    case TLS_STEP_EOF:
    case TLS_STEP_FAILED: /* if we sent an alert, it must arrive */
        conn_finish(conn);
        break;
    }
}

void conn_start_tls(struct conn *conn)
{
    if (!tls_end_start(&conn->tls, conn->worker->tls, &conn->wire, conn)) {
        conn_close(conn);
        return;
    }
    conn->phase = CONN_HANDSHAKE;
    handshake(conn);
}

/* --- Events --- */

static void sink(struct conn *conn)
{
    char dropped[SINK_READ_BYTES];
    ssize_t got = recv(conn->io.fd, dropped, sizeof dropped, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        conn_close(conn);
}

static void on_event(struct loop_io *io, uint32_t events)
{
    struct conn *conn = LOOP_OWNER(io, struct conn, io);
    wire_event(&conn->wire, events);
    switch (conn->phase) {
    case CONN_CLEAR:
    case CONN_SECURE:
        if (conn_flush(conn) || (conn->phase != CONN_CLOSED && (events & EPOLLIN)))
            conn->worker->protocol->ready(conn);
        break;
    case CONN_HANDSHAKE:
        handshake(conn);
        break;
    case CONN_FINISHING:
        if (conn_flush(conn))
            finish_now(conn);
        break;
    case CONN_SINKING:
    case CONN_DRIPPING:
        sink(conn);
        break;
    case CONN_CLOSED:
        break;
    }
    leave(conn);
}

static void on_deadline(struct loop_timer *timer)
{
    struct conn *conn = LOOP_OWNER(timer, struct conn, deadline);
    conn_close(conn);
    leave(conn);
}

static void on_alarm(struct loop_timer *timer)
{
    struct conn *conn = LOOP_OWNER(timer, struct conn, alarm);
    if (conn->phase == CONN_DRIPPING)
        drip(conn);
    else
        conn->worker->protocol->alarm(conn);
    leave(conn);
}

void conn_alarm(struct conn *conn, uint32_t in_ms)
{
    struct loop *loop = conn->worker->loop;
    if (conn->phase != CONN_CLOSED &&
        !loop_timer_set(loop, &conn->alarm, loop_now_ms(loop) + in_ms))
        conn_close(conn);
}

bool conn_is_limited(const struct conn *conn)
{
    return conn->worker->limit_first > 0 && conn->manners.ordinal <= conn->worker->limit_first;
}

void conn_accept(struct worker *worker, int fd, uint32_t addr, const char *addr_name, uint32_t peer)
{
    struct conn *conn = pool_zalloc(worker->protocol->conn_bytes);
    if (!conn) {
        close(fd);
        return;
    }
    conn->worker = worker;
    conn->addr = addr;
    conn->addr_name = addr_name;
    conn->io = (struct loop_io){.fd = fd, .events = INPUT, .on_event = on_event};
    conn->wire.fd = fd;
    conn->deadline.on_due = on_deadline;
    conn->alarm.on_due = on_alarm;
    strbuf_init(&conn->out, CONN_OUT_MAX_BYTES);
    if (!loop_timer_set(worker->loop, &conn->deadline,
                        loop_now_ms(worker->loop) + CONN_DEADLINE_MS) ||
        !loop_io_add(worker->loop, &conn->io)) {
        loop_timer_clear(worker->loop, &conn->deadline);
        close(fd);
        pool_free(conn);
        return;
    }
    polite_opened(worker->polite, &conn->manners, fd, addr, peer);
    conn->next = worker->conns;
    if (conn->next)
        conn->next->prev = conn;
    worker->conns = conn;
    if (++worker->conn_count == ENGINE_WORKER_CONNS_MAX)
        loop_gate_shut(worker->loop);
    counter_add(&worker->counters.connections);
    worker->protocol->opened(conn);
    leave(conn);
}
