/*
 * polite - what a server saw of its clients' manners
 *
 * Keeps, for each local address and each /24 that was connected to: how many connections were open
 * at once at most, how many there were, the smallest gap between two, and the most in any second;
 * of an address also when the first ones came, how many TLS handshakes were begun and completed,
 * and for how many different names. A test asserts from it that the scanner kept its limits.
 *
 * One record per thread, without locks: listeners are dealt to threads by their /24, so that an
 * address and its prefix belong to one thread alone.
 *
 * A connection counts from the moment when the kernel completed it (TCP_INFO, to the jiffy: 1 to
 * 10 ms), not from accept(), so that a server that is late does not make its clients look rude. It
 * counts as open until the client has closed it, whether or not we have noticed.
 */
#ifndef SIMNET_POLITE_H
#define SIMNET_POLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define POLITE_ARRIVALS 8
#define POLITE_NAMES_MAX 16
#define POLITE_SOURCES_MAX 16

struct polite;
struct polite_tally;

/* Embedded in the server's connection. */
struct polite_conn {
    struct polite_tally *address; /* NULL: not recorded (out of memory) */
    struct polite_tally *prefix;
    struct polite_conn *next; /* the open connections of the prefix */
    struct polite_conn *prev;
    int fd;
    bool left;        /* the client has closed its end */
    uint64_t ordinal; /* the how-manieth connection to its address; from 1 */
};

struct polite *polite_create(void);
void polite_free(struct polite *polite);

/* A connection from peer to local (IPv4, host order) was accepted as fd. */
void polite_opened(struct polite *polite, struct polite_conn *conn, int fd, uint32_t local,
                   uint32_t peer);

/* A ClientHello came, with this name (NULL: none); then, its handshake was completed. */
void polite_hello(struct polite_conn *conn, const char *sni);
void polite_secured(struct polite_conn *conn);

/* Call it before fd is closed. */
void polite_closed(struct polite *polite, struct polite_conn *conn);

/* One NDJSON line for all that this thread saw ("scope":"thread": connections, max_per_second, and
 * the clients' addresses, "sources":["127.0.0.1",…], at most POLITE_SOURCES_MAX),
 * one per address ("scope":"address") and per /24 ("scope":"prefix"):
 * {"server":S,"scope":…,"key":"127.1.2.3","connections":N,"max_concurrent":N,"min_gap_ms":N|null,
 *  "max_per_second":N}; of an address also "hellos":N, "handshakes":N, "names":N (at most
 * POLITE_NAMES_MAX) and "arrivals_ms":[…], of the first POLITE_ARRIVALS since the first. Not while
 * the record is in use. False: the write failed. */
bool polite_write(const struct polite *polite, const char *server, FILE *out);

#endif
