#include "tests/simnet/engine.h"
#include "tests/simnet/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 16
#define LISTEN_BACKLOG 256
#define LISTENER_BUCKETS 4096 /* a power of two */
#define REOPEN_MS 50

struct listener {
    struct loop_io io;
    struct listener *next; /* of the bucket */
    struct worker *worker;
    uint32_t addr;
    int accepts; /* to be tried at its next event */
    char name[SIM_NAME_MAX];
};

struct sim_server {
    const struct protocol *protocol;
    uint16_t port;
    int port_fd;          /* bound, never listening: keeps an ephemeral port ours; -1: none */
    pthread_mutex_t lock; /* of the listeners and of complained */
    struct listener *buckets[LISTENER_BUCKETS];
    uint64_t listener_count;
    bool complained;
    bool halted;
    unsigned worker_count;
    unsigned thread_count; /* started */
    pthread_t *threads;
    struct worker *workers;
};

void counter_add(_Atomic uint64_t *counter)
{
    /* One writer: no need of a locked instruction. */
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

/* --- Workers --- */

static void on_reopen(struct loop_timer *timer)
{
    struct worker *worker = LOOP_OWNER(timer, struct worker, reopen);
    if (worker->conn_count < ENGINE_WORKER_CONNS_MAX)
        loop_gate_open(worker->loop);
}

static bool worker_init(struct worker *worker, struct sim_server *engine,
                        const struct sim_server_options *options)
{
    worker->engine = engine;
    worker->protocol = engine->protocol;
    worker->world = options->world;
    worker->ca = options->ca;
    worker->limit_first = options->limit_first;
    worker->retry_after_s = options->retry_after_s;
    worker->grey_first = options->grey_first;
    worker->break_first = options->break_first;
    worker->delay_ms = options->delay_ms;
    worker->reopen.on_due = on_reopen;
    worker->loop = loop_create();
    worker->polite = polite_create();
    worker->tls = tls_host_create(options->ca, engine->protocol->ask_tls, engine->protocol->alpn);
    return worker->loop && worker->polite && worker->tls;
}

static void worker_clear(struct worker *worker)
{
    while (worker->conns)
        conn_drop(worker->conns);
    tls_host_free(worker->tls);
    polite_free(worker->polite);
    loop_free(worker->loop);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    pthread_setname_np(pthread_self(), worker->protocol->name); /* so that its cost can be told */
    loop_run(worker->loop);
    return NULL;
}

/* Signals are for the main thread. SIGPIPE too stays blocked in the workers: OpenSSL writes without
 * MSG_NOSIGNAL. */
static bool start_threads(struct sim_server *engine)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (engine->thread_count < engine->worker_count &&
           pthread_create(&engine->threads[engine->thread_count], NULL, worker_main,
                          &engine->workers[engine->thread_count]) == 0)
        engine->thread_count++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return engine->thread_count == engine->worker_count;
}

/* --- Listeners --- */

static struct sockaddr_in address_of(uint32_t addr, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static void accept_failed(struct worker *worker)
{
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return;
    loop_gate_shut(worker->loop);
    loop_timer_set(worker->loop, &worker->reopen, loop_now_ms(worker->loop) + REOPEN_MS);
}

/* Most listeners have one client at a time, and to find that there is no second one costs as much
 * as to accept it: so as many are tried as there were last time, and twice as many where there
 * were enough. */
static void on_connect(struct loop_io *io, uint32_t events)
{
    struct listener *listener = LOOP_OWNER(io, struct listener, io);
    struct worker *worker = listener->worker;
    int accepted = 0;
    (void)events;
    while (accepted < listener->accepts && worker->conn_count < ENGINE_WORKER_CONNS_MAX) {
        struct sockaddr_in peer = {.sin_family = AF_UNSPEC};
        socklen_t len = sizeof peer;
        int fd = accept4(io->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            accept_failed(worker);
            listener->accepts = accepted > 0 ? accepted : 1;
            return;
        }
        conn_accept(worker, fd, listener->addr, listener->name, ntohl(peer.sin_addr.s_addr));
        accepted++;
    }
    if (listener->accepts * 2 <= ACCEPTS_PER_TURN)
        listener->accepts *= 2;
}

/* A filter that keeps no byte of any packet: SYNs vanish, as behind a silent firewall. */
static bool drop_everything(int fd)
{
    struct sock_filter code[] = {{BPF_RET | BPF_K, 0, 0, 0}};
    struct sock_fprog program = {.len = 1, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

/* Returns the descriptor, or -1 with errno set. */
static int open_listener(uint32_t addr, uint16_t port, bool blackhole)
{
    int one = 1;
    struct sockaddr_in name = address_of(addr, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Both are inherited by what is accepted. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if ((!blackhole || drop_everything(fd)) &&
        bind(fd, (const struct sockaddr *)&name, sizeof name) == 0 &&
        listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->io.fd >= 0)
        close(listener->io.fd);
    free(listener);
}

static struct listener *listener_create(struct sim_server *engine, uint32_t addr, const char *name,
                                        bool blackhole)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return NULL;
    listener->addr = addr;
    listener->accepts = 1;
    listener->worker = &engine->workers[(addr >> 8) % engine->worker_count];
    snprintf(listener->name, sizeof listener->name, "%s", name ? name : "");
    listener->io.fd = open_listener(addr, engine->port, blackhole);
    listener->io.events = EPOLLIN;
    listener->io.on_event = on_connect;
    if (listener->io.fd < 0 ||
        (!blackhole && !loop_io_add_gated(listener->worker->loop, &listener->io))) {
        listener_free(listener);
        return NULL;
    }
    return listener;
}

static void complain(struct sim_server *engine, uint32_t addr)
{
    if (engine->complained)
        return;
    engine->complained = true;
    fprintf(stderr, "simnet: %s: cannot listen on 127.%u.%u.%u:%u: %s\n", engine->protocol->name,
            addr >> 16 & 255, addr >> 8 & 255, addr & 255, engine->port, strerror(errno));
}

static bool listen_locked(struct sim_server *engine, uint32_t addr, const char *name,
                          bool blackhole)
{
    struct listener **bucket =
        &engine->buckets[((addr * 0x9e3779b1u) >> 16) & (LISTENER_BUCKETS - 1)];
    for (const struct listener *l = *bucket; l; l = l->next)
        if (l->addr == addr)
            return true;
    errno = EMFILE;
    struct listener *listener = engine->listener_count < ENGINE_LISTENERS_MAX && !engine->halted
                                    ? listener_create(engine, addr, name, blackhole)
                                    : NULL;
    if (!listener) {
        complain(engine, addr);
        return false;
    }
    listener->next = *bucket;
    *bucket = listener;
    engine->listener_count++;
    return true;
}

bool sim_server_listen(struct sim_server *engine, uint32_t addr, const char *name)
{
    enum sim_reach reach;
    if (!sim_address_plan(addr, engine->protocol->service, &reach) || reach == SIM_REACH_REFUSED)
        return true;
    pthread_mutex_lock(&engine->lock);
    bool ok = listen_locked(engine, addr, name, reach == SIM_REACH_BLACKHOLE);
    pthread_mutex_unlock(&engine->lock);
    return ok;
}

/* --- Start and end --- */

/* Finds a free port, and holds it so that nobody is given it before the first listener is up. */
static bool choose_port(struct sim_server *engine, uint16_t wanted)
{
    engine->port = wanted;
    if (wanted != 0)
        return true;
    struct sockaddr_in name = address_of(INADDR_LOOPBACK, 0);
    socklen_t len = sizeof name;
    engine->port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (engine->port_fd < 0 ||
        bind(engine->port_fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
        getsockname(engine->port_fd, (struct sockaddr *)&name, &len) != 0)
        return false;
    engine->port = ntohs(name.sin_port);
    return true;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool engine_start(const struct sim_server_options *options, const struct protocol *protocol,
                  struct sim_server **out)
{
    struct sim_server *engine = calloc(1, sizeof *engine);
    if (!engine)
        return false;
    raise_descriptor_limit();
    engine->protocol = protocol;
    engine->port_fd = -1;
    pthread_mutex_init(&engine->lock, NULL);
    engine->threads = calloc(options->threads, sizeof *engine->threads);
    engine->workers = calloc(options->threads, sizeof *engine->workers);
    bool ok = engine->threads && engine->workers && choose_port(engine, options->port);
    while (ok && engine->worker_count < options->threads)
        ok = worker_init(&engine->workers[engine->worker_count++], engine, options);
    if (!ok || !start_threads(engine)) {
        fprintf(stderr, "simnet: cannot start the %s server: %s\n", protocol->name,
                strerror(errno));
        sim_server_stop(engine);
        return false;
    }
    *out = engine;
    return true;
}

static void halt(struct sim_server *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->halted = true;
    pthread_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < engine->thread_count; i++)
        loop_stop(engine->workers[i].loop);
    for (unsigned i = 0; i < engine->thread_count; i++)
        pthread_join(engine->threads[i], NULL);
    engine->thread_count = 0;
    for (unsigned i = 0; i < engine->worker_count; i++)
        while (engine->workers[i].conns)
            conn_drop(engine->workers[i].conns);
}

void sim_server_stop(struct sim_server *engine)
{
    if (!engine)
        return;
    halt(engine);
    for (size_t i = 0; i < LISTENER_BUCKETS; i++) {
        while (engine->buckets[i]) {
            struct listener *listener = engine->buckets[i];
            engine->buckets[i] = listener->next;
            listener_free(listener);
        }
    }
    for (unsigned i = 0; i < engine->worker_count; i++)
        worker_clear(&engine->workers[i]);
    if (engine->port_fd >= 0)
        close(engine->port_fd);
    pthread_mutex_destroy(&engine->lock);
    free(engine->threads);
    free(engine->workers);
    free(engine);
}

uint16_t sim_server_port(const struct sim_server *engine)
{
    return engine->port;
}

/* --- Figures --- */

static uint64_t value(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void sim_server_stats(struct sim_server *engine, struct sim_server_stats *out)
{
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&engine->lock);
    out->listeners = engine->listener_count;
    pthread_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < engine->worker_count; i++) {
        const struct counters *counters = &engine->workers[i].counters;
        out->connections += value(&counters->connections);
        out->handshakes += value(&counters->handshakes);
        out->requests += value(&counters->requests);
        out->certs += value(&counters->certs);
        out->quits += value(&counters->quits);
        out->no_quits += value(&counters->no_quits);
        out->mails += value(&counters->mails);
    }
}

static bool write_totals(struct sim_server *engine, FILE *out)
{
    struct sim_server_stats s;
    sim_server_stats(engine, &s);
    return fprintf(out,
                   "{\"server\":\"%s\",\"scope\":\"server\",\"listeners\":%llu,"
                   "\"connections\":%llu,\"handshakes\":%llu,\"requests\":%llu,\"certs\":%llu,"
                   "\"quits\":%llu,\"no_quits\":%llu,\"mails\":%llu}\n",
                   engine->protocol->name, (unsigned long long)s.listeners,
                   (unsigned long long)s.connections, (unsigned long long)s.handshakes,
                   (unsigned long long)s.requests, (unsigned long long)s.certs,
                   (unsigned long long)s.quits, (unsigned long long)s.no_quits,
                   (unsigned long long)s.mails) > 0;
}

bool sim_server_write_record(struct sim_server *engine, FILE *out)
{
    halt(engine);
    bool ok = write_totals(engine, out);
    for (unsigned i = 0; ok && i < engine->worker_count; i++)
        ok = polite_write(engine->workers[i].polite, engine->protocol->name, out);
    return ok;
}
