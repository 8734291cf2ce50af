/*
 * wire - a connection's socket, which is asked for nothing that its events have told
 *
 * What a read leaves room for was all that there was: until the next event there is nothing to
 * read, and the system is not asked. Reads and writes are those of the connection in clear and of
 * OpenSSL under it (wire_bio), so that both know the same.
 *
 * The descriptor is the owner's, and non-blocking. Writing raises no SIGPIPE.
 */
#ifndef SIMNET_WIRE_H
#define SIMNET_WIRE_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
    int fd;
    bool drained;        /* nothing to read before the next event */
    bool hung_up;        /* the client's end, or an error, waits behind what can be read */
    const uint8_t *held; /* comes before what the socket has; not owned */
    size_t held_len;
};

enum wire_got { WIRE_GOT, WIRE_WAIT, WIRE_END, WIRE_BROKEN };

/* What epoll told of the descriptor: EPOLLIN, EPOLLRDHUP and so on. It must be asked for both. */
void wire_event(struct wire *wire, uint32_t events);

/* Bytes that were read already and are to be read again. They stay the caller's, who takes them
 * back with NULL, 0 before they are gone. */
void wire_hold(struct wire *wire, const uint8_t *p, size_t len);

enum wire_got wire_read(struct wire *wire, void *buf, size_t size, size_t *len);
/* WIRE_GOT: *len of them are taken. */
enum wire_got wire_write(struct wire *wire, const void *p, size_t size, size_t *len);

/* The kind of BIO that wire_bio() makes; BIO_meth_free() ends it after the last of these. NULL: out
 * of memory. */
BIO_METHOD *wire_bio_method(void);
/* For one SSL; wire must outlive it. To OpenSSL a client that leaves without close_notify is no
 * reason for an alert, since nobody would read it. NULL: out of memory. */
BIO *wire_bio(const BIO_METHOD *method, struct wire *wire);

#endif
