/*
 * conn - one accepted connection, in clear or under TLS
 *
 * The protocol embeds a struct conn as the first member of its connection. All calls are for the
 * worker's thread, from within the protocol's callbacks. After conn_close, conn_reset, conn_finish
 * or conn_sink the protocol hears no more of the connection but release(), which comes after the
 * callback has returned.
 *
 * Every connection ends at CONN_DEADLINE_MS after it was accepted, whatever it waits for.
 */
#ifndef SIMNET_CONN_H
#define SIMNET_CONN_H

#include "lib/bytes.h"
#include "tests/simnet/engine.h"

/* Longer than any deadline of the scanner, so that a silent host is silent to the end. */
#define CONN_DEADLINE_MS 400000
/* How long a finished connection may wait for the client to close. */
#define CONN_LINGER_MS 10000
#define CONN_OUT_MAX_BYTES (1024 * 1024)

enum conn_phase {
    CONN_CLEAR,
    CONN_HANDSHAKE,
    CONN_SECURE,
    CONN_FINISHING, /* output goes out, then FIN */
    CONN_SINKING,   /* what comes is dropped, nothing goes out */
    CONN_DRIPPING,  /* what comes is dropped, a byte of a TLS record goes out now and then */
    CONN_CLOSED,
};

struct conn {
    struct worker *worker;
    struct loop_io io;
    struct wire wire;
    struct loop_timer deadline;
    struct loop_timer alarm;
    struct polite_conn manners;
    struct conn *next; /* of the worker's */
    struct conn *prev;
    uint32_t addr;         /* the local one */
    const char *addr_name; /* the host that DNS first gave it to; never NULL, may be "" */
    enum conn_phase phase;
    struct tls_end tls;
    struct strbuf out;
    size_t out_sent;
    size_t dripped; /* bytes */
};

enum conn_got { CONN_GOT, CONN_WAIT, CONN_GONE };

/* Takes over fd, from peer to addr, and calls protocol->opened. Closes fd when memory is short. */
void conn_accept(struct worker *worker, int fd, uint32_t addr, const char *addr_name,
                 uint32_t peer);
/* When the worker ends. */
void conn_drop(struct conn *conn);

/* Not in CONN_HANDSHAKE. CONN_GONE: the client left; the caller closes. */
enum conn_got conn_recv(struct conn *conn, void *buf, size_t size, size_t *len);
/* Bytes of conn_recv to be read again; borrowed until conn_unread(conn, NULL, 0). */
void conn_unread(struct conn *conn, const uint8_t *p, size_t len);

/* One of the first to its address, to be told that it comes too early (servers.h). */
bool conn_is_limited(const struct conn *conn);

/* Queues bytes; they go out by conn_flush. */
void conn_send(struct conn *conn, const void *p, size_t len);
/* Writes what the socket takes. True: nothing is left. False: ready() is called when nothing is, or
 * the connection was closed. */
bool conn_flush(struct conn *conn);

/* Starts TLS in the role of the server. Input that was not read yet is taken as ClientHello. */
void conn_start_tls(struct conn *conn);

void conn_alarm(struct conn *conn, uint32_t in_ms);

void conn_close(struct conn *conn);  /* FIN now; output that is queued is lost */
void conn_reset(struct conn *conn);  /* RST now */
void conn_finish(struct conn *conn); /* output, close_notify, FIN, and waits for the client's */
void conn_sink(struct conn *conn);   /* silence until the client leaves */

#endif
