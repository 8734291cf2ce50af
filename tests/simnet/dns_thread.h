/*
 * dns_thread: one thread of the name server: its sockets, its connections, its statistics.
 */
#ifndef SIMNET_DNS_THREAD_H
#define SIMNET_DNS_THREAD_H

#include "tests/simnet/dns.h"
#include "tests/simnet/dns_seen.h"
#include "tests/simnet/dnswire.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum { DNS_STAT_COUNT = 7 };

/* In the order of struct sim_dns_stats. */
enum dns_stat {
    DNS_STAT_UDP,
    DNS_STAT_TCP,
    DNS_STAT_ANSWERS,
    DNS_STAT_TRUNCATED,
    DNS_STAT_LOST,
    DNS_STAT_UNANSWERED,
    DNS_STAT_MALFORMED,
};

struct dns_udp;  /* the batches of datagrams, and those that wait (dns_udp.c) */
struct dns_conn; /* a TCP connection (dns_tcp.c) */

struct dns_thread {
    const struct sim_dns_options *options;
    enum sim_server server;
    int udp, tcp, epoll, wake; /* wake: an eventfd that ends the thread */
    pthread_t id;
    bool running;
    uint64_t draws; /* state of the loss generator */
    struct sim_answer answer;
    struct dns_udp *datagrams;
    struct dns_seen *seen; /* NULL: not kept */
    struct dns_conn *conns;
    size_t conn_count;
    _Atomic uint64_t stats[DNS_STAT_COUNT]; /* written by this thread only */
};

/* Answers one message of `len` bytes into out[room]; 0: nothing is to be sent. */
size_t dns_thread_answer(struct dns_thread *t, const uint8_t *bytes, size_t len, uint8_t *out,
                         size_t room, bool udp);
void dns_thread_count(struct dns_thread *t, enum dns_stat stat, uint64_t n);

/* UDP side. ready: the socket can be read. due: sends what has waited long enough and returns the
 * milliseconds until the next, -1 when nothing waits. */
bool dns_udp_init(struct dns_thread *t);
void dns_udp_ready(struct dns_thread *t);
int dns_udp_due(struct dns_thread *t);
void dns_udp_free(struct dns_thread *t);

/* TCP side. */
void dns_tcp_accept(struct dns_thread *t);
void dns_tcp_ready(struct dns_thread *t, struct dns_conn *conn, uint32_t events);
void dns_tcp_free(struct dns_thread *t);

#endif
