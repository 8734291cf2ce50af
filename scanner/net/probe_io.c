/* probe_io - the bytes of a probe, in the clear or in TLS. */
#include "scanner/net/probe_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>

enum io_result probe_io_of_ssl(probe_handle *h, int rc)
{
    switch (SSL_get_error(h->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return IO_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WRITE;
    default:
        return IO_CLOSED;
    }
}

static enum io_result get_bytes(probe_handle *h, char *p, size_t size, size_t *len)
{
    if (h->ssl != NULL) {
        ERR_clear_error();
        int rc = SSL_read_ex(h->ssl, p, size, len);
        return rc == 1 ? IO_DONE : probe_io_of_ssl(h, rc);
    }
    ssize_t n = recv(h->fd, p, size, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IO_READ : IO_CLOSED;
    *len = (size_t)n;
    return n == 0 ? IO_CLOSED : IO_DONE;
}

static enum io_result put_bytes(probe_handle *h, const char *p, size_t size, size_t *len)
{
    if (h->ssl != NULL) {
        ERR_clear_error();
        int rc = SSL_write_ex(h->ssl, p, size, len);
        return rc == 1 ? IO_DONE : probe_io_of_ssl(h, rc);
    }
    ssize_t n = send(h->fd, p, size, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IO_WRITE : IO_CLOSED;
    *len = (size_t)n;
    return IO_DONE;
}

void probe_flush(probe_handle *h)
{
    while (h->out_at < h->out_len) {
        size_t len = 0;
        enum io_result r = put_bytes(h, h->out + h->out_at, h->out_len - h->out_at, &len);
        if (r == IO_CLOSED)
            h->out_at = h->out_len;
        else if (r != IO_DONE) {
            probe_want(h, (short)(r == IO_WRITE ? EV_READ | EV_WRITE : EV_READ));
            return;
        }
        h->out_at += len;
    }
    probe_want(h, EV_READ);
}

void probe_say(probe_handle *h, enum phase phase, const char *verb, const char *name)
{
    probe_enter(h, phase);
    int len = snprintf(h->out, sizeof h->out, name == NULL ? "%s\r\n" : "%s %s\r\n", verb, name);
    h->out_len = len > 0 ? (size_t)len : 0;
    h->out_at = 0;
    probe_flush(h);
}

void probe_read(probe_handle *h)
{
    char buffer[PROBE_READ_BYTES];
    for (;;) {
        size_t len = 0;
        enum io_result r = get_bytes(h, buffer, sizeof buffer, &len);
        if (r == IO_DONE) {
            if (!probe_talk_bytes(h, buffer, len))
                return;
            /* A short read of the plain socket says that it is empty. */
            if (h->ssl == NULL && len < sizeof buffer)
                return;
            continue;
        }
        if (r == IO_CLOSED) {
            /* The end of the stream ends the line too: "554 go away" and gone. */
            if (h->reply.line_len == 0 || probe_talk_bytes(h, "\n", 1))
                probe_talk_broken(h);
        } else if (r == IO_WRITE) {
            probe_want(h, EV_READ | EV_WRITE);
        }
        return;
    }
}
