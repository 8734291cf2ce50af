#include "tests/simnet/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

void wire_event(struct wire *wire, uint32_t events)
{
    if (events & ~(uint32_t)EPOLLOUT)
        wire->drained = false;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        wire->hung_up = true;
}

void wire_hold(struct wire *wire, const uint8_t *p, size_t len)
{
    wire->held = p;
    wire->held_len = len;
}

static size_t read_held(struct wire *wire, void *buf, size_t size)
{
    size_t len = wire->held_len < size ? wire->held_len : size;
    memcpy(buf, wire->held, len);
    wire->held += len;
    wire->held_len -= len;
    return len;
}

static enum wire_got failure(void)
{
    return errno == EAGAIN || errno == EINTR ? WIRE_WAIT : WIRE_BROKEN;
}

enum wire_got wire_read(struct wire *wire, void *buf, size_t size, size_t *len)
{
    if (wire->held_len > 0) {
        *len = read_held(wire, buf, size);
        return WIRE_GOT;
    }
    if (wire->drained)
        return WIRE_WAIT;
    ssize_t got = recv(wire->fd, buf, size, 0);
    if (got < 0)
        return failure();
    wire->drained = (size_t)got < size && !wire->hung_up;
    *len = (size_t)got;
    return got > 0 ? WIRE_GOT : WIRE_END;
}

enum wire_got wire_write(struct wire *wire, const void *p, size_t size, size_t *len)
{
    ssize_t sent = send(wire->fd, p, size, MSG_NOSIGNAL);
    if (sent < 0)
        return failure();
    *len = (size_t)sent;
    return WIRE_GOT;
}

/* --- For OpenSSL --- */

static int bio_read(BIO *bio, char *buf, size_t size, size_t *len)
{
    enum wire_got got = wire_read(BIO_get_data(bio), buf, size, len);
    BIO_clear_retry_flags(bio);
    if (got == WIRE_WAIT)
        BIO_set_retry_read(bio);
    return got == WIRE_GOT ? 1 : got == WIRE_END ? 0 : -1;
}

static int bio_write(BIO *bio, const char *p, size_t size, size_t *len)
{
    enum wire_got got = wire_write(BIO_get_data(bio), p, size, len);
    BIO_clear_retry_flags(bio);
    if (got == WIRE_WAIT)
        BIO_set_retry_write(bio);
    return got == WIRE_GOT ? 1 : -1;
}

/* BIO_CTRL_EOF too is answered with 0: at an end that it knows of OpenSSL sends an alert. */
static long bio_ctrl(BIO *bio, int command, long number, void *p)
{
    (void)bio;
    (void)number;
    (void)p;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *wire_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
    if (method && BIO_meth_set_read_ex(method, bio_read) &&
        BIO_meth_set_write_ex(method, bio_write) && BIO_meth_set_ctrl(method, bio_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

BIO *wire_bio(const BIO_METHOD *method, struct wire *wire)
{
    BIO *bio = BIO_new(method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    return bio;
}
