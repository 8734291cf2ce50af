/*
 * servers: the HTTPS and the SMTP server of simnet, as main and DNS see them.
 *
 * Both listen on one port each, on addresses of 127.0.0.0/8 that come up when DNS first hands them
 * out: the DNS server calls sim_*_listen before it answers. So a world of a million hosts costs
 * only the sockets of those that were asked for, and an address where nobody listens refuses.
 *
 * Each server runs its own threads; start returns when it can accept.
 */
#ifndef SIMNET_SERVERS_H
#define SIMNET_SERVERS_H

#include "tests/simnet/world.h"

#include <stdint.h>
#include <stdio.h>

struct sim_ca;
struct sim_server; /* of either kind */

/* The certificate authority: root, intermediate, an unknown root beside them, and a cache of the
 * leaf certificates that it issued. Shared by both servers and thread-safe. Writes DIR/ca.pem (the
 * root alone) when dir is not NULL. False, with a sentence on stderr, on failure. */
bool sim_ca_new(const char *dir, struct sim_ca **out);
void sim_ca_free(struct sim_ca *ca);

/* Where leaves of SIM_ISSUER_MISSING_AIA say that the intermediate is (caIssuers, RFC 5280 section
 * 4.2.2.1). Before the servers start to issue; without it such leaves name no place. The HTTPS
 * server answers plain HTTP on its port too, with the DER for SIM_AIA_PATH and 400 for the rest,
 * so that "http://<a name that resolves to one of its addresses>:<its port>" SIM_AIA_PATH will do.
 */
#define SIM_AIA_PATH "/intermediate.der"
bool sim_ca_set_aia(struct sim_ca *ca, const char *url);

struct sim_server_options {
    const struct sim_world *world; /* borrowed, outlives the server */
    struct sim_ca *ca;             /* borrowed, outlives the server */
    uint16_t port;    /* 0: an ephemeral one, chosen at 127.0.0.1 and then used throughout */
    unsigned threads; /* at least 1 */
    /* The first so many connections to each address are told that they come too often: SMTP 421 for
     * a banner, HTTP 429 for an answer, with Retry-After unless that is 0. The truth knows nothing
     * of it: whoever comes back later finds the host as it is. */
    uint32_t limit_first, retry_after_s;
    uint32_t grey_first; /* the same: so many are offered no STARTTLS, as greylisting does */
    uint32_t
        break_first;   /* the same: so many handshakes SMTP breaks off; HTTPS is silent in them */
    uint32_t delay_ms; /* before each answer of HTTP, beside what the world says */
};

struct sim_server_stats {
    uint64_t listeners;   /* addresses up */
    uint64_t connections; /* accepted */
    uint64_t handshakes;  /* TLS, completed */
    uint64_t requests;    /* HTTP requests answered, or SMTP commands read */
    uint64_t certs;       /* leaf certificates issued (HTTPS server only counts its own) */
    uint64_t quits;       /* SMTP sessions that the client ended with QUIT */
    uint64_t no_quits;    /* SMTP sessions that the client left without it */
    uint64_t mails;       /* MAIL FROM: a scanner never sends it */
};

bool sim_https_server_start(const struct sim_server_options *options, struct sim_server **out);
bool sim_smtp_server_start(const struct sim_server_options *options, struct sim_server **out);
uint16_t sim_server_port(const struct sim_server *server);
/* Brings `addr` up when it is not yet, as sim_address_plan says. `name` is the host that DNS is
 * about to give it to; the first one stays the address's default name. Idempotent, any thread, fast
 * when the address is up. False when the socket could not be had (said once on stderr). */
bool sim_server_listen(struct sim_server *server, uint32_t addr, const char *name);
void sim_server_stats(struct sim_server *server, struct sim_server_stats *out);
/* Ends the threads and closes every connection, then writes what the server saw of its clients'
 * manners as NDJSON: one line of totals ("scope":"server"), one for each address and one for each
 * /24 (polite.h). Once, before stop. False: the write failed. */
bool sim_server_write_record(struct sim_server *server, FILE *out);
/* Ends the threads, closes every connection, frees. NULL is fine. */
void sim_server_stop(struct sim_server *server);

#endif
