/*
 * engine - what the HTTPS and the SMTP server share: threads, listeners, accepted connections
 *
 * An engine runs N workers, each a thread with its own loop, TLS contexts, connections and
 * counters. Listeners come up one by one (sim_server_listen, from any thread) and are dealt to the
 * workers by their /24, so that everything about an address happens in one thread. What is said
 * over a connection is the protocol's: a table of callbacks, called in the worker's thread
 * (conn.h). To the outside it is a struct sim_server, whose functions servers.h declares.
 */
#ifndef SIMNET_ENGINE_H
#define SIMNET_ENGINE_H

#include "tests/simnet/loop.h"
#include "tests/simnet/polite.h"
#include "tests/simnet/servers.h"
#include "tests/simnet/tls_host.h"

#include <stdatomic.h>

/* A worker with so many connections accepts no more until one has ended; the kernel queues them. */
#define ENGINE_WORKER_CONNS_MAX 8192
#define ENGINE_LISTENERS_MAX 16384

struct conn;

struct protocol {
    const char *name;           /* in the record: "https", "smtp" */
    const char *not_tls_answer; /* what SIM_TLS_NOT_SPOKEN says in clear */
    enum sim_service service;
    bool alpn;
    size_t conn_bytes;   /* of the protocol's connection, whose first member is a struct conn */
    tls_ask_fn *ask_tls; /* owner is the struct conn */
    void (*opened)(struct conn *conn);  /* accepted; nothing read yet */
    void (*secured)(struct conn *conn); /* the TLS handshake is done; ready follows */
    /* Something can be read, or all that was sent is out. Reads until CONN_WAIT. */
    void (*ready)(struct conn *conn);
    void (*alarm)(struct conn *conn);   /* the time set by conn_alarm has come */
    void (*release)(struct conn *conn); /* frees what the protocol's connection holds */
};

/* Written by the worker alone, read by anyone. */
struct counters {
    _Atomic uint64_t connections;
    _Atomic uint64_t handshakes;
    _Atomic uint64_t requests;
    _Atomic uint64_t certs;
    _Atomic uint64_t quits;
    _Atomic uint64_t no_quits;
    _Atomic uint64_t mails;
};

void counter_add(_Atomic uint64_t *counter);

struct worker {
    struct sim_server *engine;
    const struct protocol *protocol;
    const struct sim_world *world;
    const struct sim_ca *ca;
    struct loop *loop;
    struct tls_host *tls;
    struct polite *polite;
    struct counters counters;
    struct conn *conns;
    size_t conn_count;
    uint32_t limit_first, retry_after_s, grey_first, break_first; /* servers.h */
    uint32_t delay_ms;
    struct loop_timer reopen; /* after the process ran out of descriptors */
};

bool engine_start(const struct sim_server_options *options, const struct protocol *protocol,
                  struct sim_server **out);

#endif
