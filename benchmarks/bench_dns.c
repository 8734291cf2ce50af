/* bench_dns: what one million questions cost the client.
 *
 *   bench_dns RESOLVER [NAMES [IN_FLIGHT [DEADLINE_MS]]]
 *
 * Asks RESOLVER (ADDR:PORT) for TXT of _mta-sts.<made-up name>, IN_FLIGHT at once, on one thread,
 * without a rate limit, and prints CPU seconds (user + system) per million names. */
#include "lib/hash.h"
#include "scanner/net/dns.h"
#include "scanner/worker/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct bench {
    struct event_base *base;
    dns_engine *engine;
    uint64_t names, asked, ended;
};

static void on_done(void *arg, const struct dns_answer *answer);

static void ask_next(struct bench *b)
{
    char name[64];
    uint64_t n = b->asked++;
    snprintf(name, sizeof name, "_mta-sts.%" PRIx64 ".%s", hash_u64(n) >> 28,
             n % 2 == 0 ? "com" : "example");
    if (dns_query(b->engine, name, DNS_TXT, on_done, b, NULL) != ST_OK) {
        fprintf(stderr, "bench_dns: %s cannot be asked\n", name);
        exit(EXIT_FAILURE);
    }
}

static void on_done(void *arg, const struct dns_answer *answer)
{
    (void)answer;
    struct bench *b = arg;
    if (b->asked < b->names)
        ask_next(b);
    if (++b->ended == b->names)
        event_base_loopbreak(b->base);
}

static double seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static double wall_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void report(const struct bench *b, uint64_t in_flight, double wall)
{
    struct rusage use;
    struct dns_stats s;
    getrusage(RUSAGE_SELF, &use);
    dns_stats(b->engine, &s);
    double user = seconds(use.ru_utime), sys = seconds(use.ru_stime);
    double millions = (double)b->names / 1e6;
    printf("names %" PRIu64 "  in_flight %" PRIu64 "  wall_s %.2f  names/s %.0f\n", b->names,
           in_flight, wall, (double)b->names / wall);
    printf("cpu_s_per_million %.2f  user %.2f  sys %.2f  peak_mib %.1f\n", (user + sys) / millions,
           user / millions, sys / millions, (double)use.ru_maxrss / 1024);
    printf("sent %" PRIu64 "  retries %" PRIu64 "  timeouts %" PRIu64 "  tcp %" PRIu64
           "  dropped %" PRIu64 "\n",
           s.sent, s.retries, s.timeouts, s.tcp, s.dropped);
    for (int l = 0; l < LOOKUP_COUNT; l++)
        if (s.by_lookup[l] > 0)
            printf("%s %" PRIu64 "\n", lookup_name((enum lookup)l), s.by_lookup[l]);
}

static uint64_t number(int argc, char **argv, int i, uint64_t other)
{
    return argc > i ? strtoull(argv[i], NULL, 10) : other;
}

int main(int argc, char **argv)
{
    struct endpoint server;
    if (argc < 2 || endpoint_parse(argv[1], 53, &server) != ST_OK) {
        fprintf(stderr, "usage: bench_dns ADDR:PORT [NAMES [IN_FLIGHT [DEADLINE_MS]]]\n");
        return 2;
    }
    uint64_t in_flight = number(argc, argv, 3, LIMIT_IN_FLIGHT);
    struct bench b = {.names = number(argc, argv, 2, 1000000)};
    struct dns_config config = {
        .servers = &server,
        .n_servers = 1,
        .deadline_ms = (uint32_t)number(argc, argv, 4, LIMIT_TIMEOUT_DNS_MS),
        .retry_ms = LIMIT_DNS_RETRY_MS,
        .in_flight_max = (uint32_t)in_flight,
    };
    b.base = event_base_new();
    enum status st = b.base != NULL ? dns_new(b.base, &config, &b.engine) : ST_NOMEM;
    if (st != ST_OK) {
        fprintf(stderr, "bench_dns: %s\n", status_text(st));
        return EXIT_FAILURE;
    }
    double start = wall_now();
    while (b.asked < in_flight && b.asked < b.names)
        ask_next(&b);
    event_base_dispatch(b.base);
    report(&b, in_flight, wall_now() - start);
    dns_free(b.engine);
    event_base_free(b.base);
    return EXIT_SUCCESS;
}
