/*
 * dns: the name servers of simnet, UDP and TCP on one port: of 127.0.0.1 what looks like a
 * recursive resolver (RD, RA), of the addresses of the zones' name servers (zone.h) what these say
 * (AA).
 *
 * Every thread has a UDP and a TCP socket of its own (SO_REUSEPORT; each name server of zones has
 * one thread) and answers from the world alone, so threads share nothing. On demand it loses and
 * delays datagrams; TCP is neither lost nor delayed.
 */
#ifndef SIMNET_DNS_H
#define SIMNET_DNS_H

#include "tests/simnet/world.h"

#include <stdio.h>

struct sim_dns_server;

/* Called from a server thread for each IPv4 address before it is given to a client, so that a host
 * may come up behind it. */
typedef void sim_bring_up(void *ctx, uint32_t addr, const char *name);

struct sim_dns_options {
    const struct sim_world *world; /* borrowed */
    uint16_t port;                 /* 0: an ephemeral one */
    unsigned threads;              /* of the resolver; at least 1 */
    double loss_pct;               /* of datagrams; each is lost before it is read */
    uint32_t delay_ms;             /* from query to answer, UDP */
    bool trains;                   /* of answers (dns_train.h), and padding for them */
    bool seen;                     /* keep how fast questions come (dns_seen.h) */
    sim_bring_up *bring_up;        /* or NULL */
    void *bring_up_ctx;
};

struct sim_dns_stats {
    uint64_t udp_queries, tcp_queries, answers, truncated, lost, unanswered, malformed;
};

/* False, with a sentence on stderr, when a socket or thread cannot be had. */
bool sim_dns_server_start(const struct sim_dns_options *options, struct sim_dns_server **out);
uint16_t sim_dns_server_port(const struct sim_dns_server *server);
/* Sums of all threads; while they run the figures may be a little old. */
void sim_dns_server_stats(const struct sim_dns_server *server, struct sim_dns_stats *out);
/* What each thread of the resolver saw of its clients (dns_seen.h), when options.seen asked for it;
 * ends the threads. False: the write failed. */
bool sim_dns_server_write_record(struct sim_dns_server *server, FILE *out);
void sim_dns_server_stop(struct sim_dns_server *server);

#endif
