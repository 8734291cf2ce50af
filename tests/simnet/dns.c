#include "tests/simnet/dns.h"

#include "tests/simnet/dns_thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SOCKET_BUFFER_BYTES = 8 << 20, /* bursts of a scanner with tens of thousands in flight */
    PORT_TRIES = 20,
    EVENTS = 64,
    RCODE_FORMERR = 1,
};

struct sim_dns_server {
    struct sim_dns_options options;
    uint16_t port;
    unsigned count;
    struct dns_thread *threads;
};

void dns_thread_count(struct dns_thread *t, enum dns_stat stat, uint64_t n)
{
    uint64_t now = atomic_load_explicit(&t->stats[stat], memory_order_relaxed);
    atomic_store_explicit(&t->stats[stat], now + n, memory_order_relaxed);
}

static void bring_up_hosts(struct dns_thread *t)
{
    if (t->options->bring_up == NULL)
        return;
    for (size_t i = 0; i < t->answer.count; i++)
        if (t->answer.rr[i].type == SIM_TYPE_A)
            t->options->bring_up(t->options->bring_up_ctx, t->answer.rr[i].addr, t->answer.qname);
}

size_t dns_thread_answer(struct dns_thread *t, const uint8_t *bytes, size_t len, uint8_t *out,
                         size_t room, bool udp)
{
    struct dns_query query;
    dns_thread_count(t, udp ? DNS_STAT_UDP : DNS_STAT_TCP, 1);
    enum dns_parse parsed = dns_parse_query(bytes, len, &query);
    if (parsed != DNS_PARSE_OK)
        dns_thread_count(t, DNS_STAT_MALFORMED, 1);
    if (parsed == DNS_PARSE_IGNORE)
        return 0;
    if (parsed == DNS_PARSE_REFUSE)
        return dns_write_error(bytes, RCODE_FORMERR, out);
    sim_zone_answer_of(t->options->world, t->server, query.qname, query.qtype, &t->answer);
    bring_up_hosts(t);
    if (udp && query.udp_size < room)
        room = query.udp_size;
    size_t block = udp && t->options->trains ? DNS_UDP_BLOCK_BYTES : 1;
    size_t n = dns_write_answer(&query, &t->answer, out, room, block);
    dns_thread_count(t, n == 0 ? DNS_STAT_UNANSWERED : DNS_STAT_ANSWERS, 1);
    if (n > 2 && out[2] & 2)
        dns_thread_count(t, DNS_STAT_TRUNCATED, 1);
    return n;
}

static void *run(void *arg)
{
    struct dns_thread *t = arg;
    struct epoll_event events[EVENTS];
    pthread_setname_np(pthread_self(), "dns"); /* so that its cost can be told */
    for (;;) {
        int n = epoll_wait(t->epoll, events, EVENTS, dns_udp_due(t));
        if (n < 0 && errno != EINTR)
            return NULL;
        for (int i = 0; i < n; i++) {
            void *who = events[i].data.ptr;
            if (who == &t->wake)
                return NULL;
            if (who == &t->udp)
                dns_udp_ready(t);
            else if (who == &t->tcp)
                dns_tcp_accept(t);
            else
                dns_tcp_ready(t, who, events[i].events);
        }
    }
}

/* A socket on addr:*port, nonblocking; -1 when it cannot be bound. Sets *port. */
static int bind_socket(uint32_t addr, int type, uint16_t *port)
{
    int one = 1, size = SOCKET_BUFFER_BYTES, probe = IP_PMTUDISC_PROBE;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(addr)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    else /* no look-up of a path's MTU, no number to put fragments together by: none comes to that
          */
        setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        (type == SOCK_STREAM && listen(fd, SOMAXCONN) != 0) ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

static void close_sockets(struct dns_thread *t)
{
    int *fds[] = {&t->udp, &t->tcp, &t->epoll, &t->wake};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static bool add_event(struct dns_thread *t, int fd, int *who)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = who};
    return epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static bool open_sockets(struct dns_thread *t, uint16_t *port)
{
    uint32_t addr = t->server == SIM_RESOLVER ? INADDR_LOOPBACK : sim_addr_name_server(t->server);
    t->udp = bind_socket(addr, SOCK_DGRAM, port);
    t->tcp = t->udp < 0 ? -1 : bind_socket(addr, SOCK_STREAM, port);
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (t->udp >= 0 && t->tcp >= 0 && t->epoll >= 0 && t->wake >= 0 &&
        add_event(t, t->udp, &t->udp) && add_event(t, t->tcp, &t->tcp) &&
        add_event(t, t->wake, &t->wake))
        return true;
    close_sockets(t);
    return false;
}

/* Asks for the port without SO_REUSEPORT: with it, two servers of one user would share a port, even
 * an ephemeral one, and each answer half of the questions. False when another program has it. */
static bool claim_port(uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool claimed = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
                   getsockname(fd, (struct sockaddr *)&at, &len) == 0;
    if (fd >= 0)
        close(fd);
    *port = ntohs(at.sin_port);
    return claimed;
}

/* The first thread finds the port; an ephemeral one of UDP may be taken in TCP, so it tries again.
 */
static bool find_port(struct sim_dns_server *s)
{
    for (int i = 0; i < (s->options.port == 0 ? PORT_TRIES : 1); i++) {
        s->port = s->options.port;
        if (claim_port(&s->port) && open_sockets(&s->threads[0], &s->port))
            return true;
    }
    return false;
}

bool sim_dns_server_start(const struct sim_dns_options *options, struct sim_dns_server **out)
{
    struct sim_dns_server *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s != NULL)
        s->threads = calloc(options->threads + SIM_SERVER_COUNT - 1, sizeof *s->threads);
    if (s == NULL || s->threads == NULL) {
        free(s);
        return false;
    }
    s->options = *options;
    s->count = options->threads + SIM_SERVER_COUNT - 1;
    for (unsigned i = 0; i < s->count; i++) {
        struct dns_thread *t = &s->threads[i];
        t->options = &s->options;
        t->server = i < options->threads ? SIM_RESOLVER : SIM_NS_FIRST + i - options->threads;
        t->udp = t->tcp = t->epoll = t->wake = -1;
        t->draws = i;
        if (options->seen)
            t->seen = calloc(1, sizeof *t->seen); /* or goes unseen */
    }
    for (unsigned i = 0; i < s->count; i++) {
        struct dns_thread *t = &s->threads[i];
        if (!(i == 0 ? find_port(s) : open_sockets(t, &s->port)) || !dns_udp_init(t) ||
            pthread_create(&t->id, NULL, run, t) != 0) {
            fprintf(stderr, "simnet: cannot serve DNS at 127.0.0.1:%u: %s\n", options->port,
                    strerror(errno));
            sim_dns_server_stop(s);
            return false;
        }
        t->running = true;
    }
    *out = s;
    return true;
}

uint16_t sim_dns_server_port(const struct sim_dns_server *server)
{
    return server->port;
}

void sim_dns_server_stats(const struct sim_dns_server *server, struct sim_dns_stats *out)
{
    uint64_t sum[DNS_STAT_COUNT] = {0};
    for (unsigned i = 0; i < server->count; i++)
        for (size_t k = 0; k < DNS_STAT_COUNT; k++)
            sum[k] += atomic_load_explicit(&server->threads[i].stats[k], memory_order_relaxed);
    *out = (struct sim_dns_stats){
        .udp_queries = sum[DNS_STAT_UDP],
        .tcp_queries = sum[DNS_STAT_TCP],
        .answers = sum[DNS_STAT_ANSWERS],
        .truncated = sum[DNS_STAT_TRUNCATED],
        .lost = sum[DNS_STAT_LOST],
        .unanswered = sum[DNS_STAT_UNANSWERED],
        .malformed = sum[DNS_STAT_MALFORMED],
    };
}

static void halt(struct sim_dns_server *server)
{
    for (unsigned i = 0; i < server->count; i++) {
        struct dns_thread *t = &server->threads[i];
        if (!t->running)
            continue;
        eventfd_write(t->wake, 1);
        pthread_join(t->id, NULL);
        t->running = false;
    }
}

bool sim_dns_server_write_record(struct sim_dns_server *server, FILE *out)
{
    bool ok = true;
    halt(server);
    for (unsigned i = 0; i < server->count; i++)
        if (server->threads[i].server == SIM_RESOLVER && server->threads[i].seen != NULL)
            ok = dns_seen_write(server->threads[i].seen, out) && ok;
    return ok;
}

void sim_dns_server_stop(struct sim_dns_server *server)
{
    if (server == NULL)
        return;
    halt(server);
    for (unsigned i = 0; i < server->count; i++) {
        struct dns_thread *t = &server->threads[i];
        dns_tcp_free(t);
        dns_udp_free(t);
        close_sockets(t);
        free(t->seen);
    }
    free(server->threads);
    free(server);
}
