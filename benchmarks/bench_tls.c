/* bench_tls - what a policy fetch and a probe cost beside bare OpenSSL clients, in one run.
 *
 * The servers run in a process of their own; what is compared is the CPU time (user and system) of
 * this one. The references do the least that gives the same answer: a strict verification against
 * the same store, one context per connection for HTTPS (as libcurl must), one for all for SMTP.
 * Rounds alternate and the median counts, for other load on the machine disturbs both alike.
 *
 *   bench_tls [--large-ca] [--one-leaf] [CONNECTIONS [ROUNDS]]
 *                       what is served otherwise, see tls_server.h
 *   bench_tls [--large-ca] [--one-leaf] profile fetch|probe bare|ours CONNECTIONS
 *                       one side alone, for perf and callgrind
 *   bench_tls serve     only the servers, for other clients: prints how they are reached, ends with
 *                       standard input */
#include "benchmarks/bare_client.h"
#include "benchmarks/tls_server.h"
#include "scanner/net/fetch.h"
#include "scanner/net/fetch_memory.h"
#include "scanner/net/probe.h"
#include "scanner/worker/limits.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { IN_FLIGHT = 100, ROUNDS_MAX = 99, DEADLINE_MS = 60000 };

struct bench {
    struct bench_servers servers;
    struct event_base *base;
    tls_trust *trust;
    signatures *signatures;
    X509_STORE *store;
    guard *guard;
    fetcher *fetcher;
    prober *prober;
    size_t left, good, connections;
};

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_tls: %s\n", what);
    exit(1);
}

/* ---- ours ----------------------------------------------------------------------------------- */

static void start_fetch(struct bench *b);
static void start_probe(struct bench *b);

static void on_fetched(void *arg, const struct fetch_outcome *out)
{
    struct bench *b = arg;
    b->good += out->facts.http.end == HTTP_END_OK && tls_facts_valid(&out->facts.tls);
    start_fetch(b);
}

static void start_fetch(struct bench *b)
{
    struct fetch_request req = {.host = BENCH_HOST,
                                .ip = b->servers.https.ip,
                                .port = b->servers.https.port,
                                .path = "/.well-known/mta-sts.txt",
                                .body_max_bytes = POLICY_BODY_MAX_BYTES,
                                .deadline_ms = DEADLINE_MS};
    if (b->left == 0)
        return;
    b->left--;
    if (fetch_start(b->fetcher, &req, on_fetched, b, NULL) != ST_OK)
        die("fetch_start failed");
}

static void on_probed(void *arg, const struct probe_outcome *out)
{
    struct bench *b = arg;
    b->good += out->facts.end == PROBE_OK && tls_facts_valid(&out->facts.tls);
    start_probe(b);
}

static void start_probe(struct bench *b)
{
    struct probe_request req = {.mx_name = BENCH_HOST,
                                .ip = b->servers.smtp.ip,
                                .port = b->servers.smtp.port,
                                .deadline_ms = DEADLINE_MS};
    if (b->left == 0)
        return;
    b->left--;
    if (probe_start(b->prober, &req, on_probed, b, NULL) != ST_OK)
        die("probe_start failed");
}

static void run_ours(struct bench *b, void (*start)(struct bench *))
{
    b->left = b->connections;
    b->good = 0;
    for (int i = 0; i < IN_FLIGHT; i++)
        start(b);
    event_base_dispatch(b->base);
}

/* ---- rounds --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, compare);
    return v[n / 2];
}

static double measure(struct bench *b, bool ours, bool smtp)
{
    double before = cpu_seconds();
    if (ours)
        run_ours(b, smtp ? start_probe : start_fetch);
    else
        b->good = bare_run(smtp ? &b->servers.smtp : &b->servers.https, smtp, BENCH_HOST, b->store,
                           b->connections, IN_FLIGHT);
    double ms = (cpu_seconds() - before) * 1000 / (double)b->connections;
    if (b->good != b->connections)
        die("a connection failed");
    return ms;
}

static void compare_kind(struct bench *b, bool smtp, int rounds)
{
    double bare[ROUNDS_MAX], ours[ROUNDS_MAX];
    for (int i = 0; i < rounds; i++) {
        bare[i] = measure(b, false, smtp);
        ours[i] = measure(b, true, smtp);
    }
    double reference = median(bare, rounds), own = median(ours, rounds);
    printf("%-6s bare %.3f ms  ours %.3f ms  ratio %.2f\n", smtp ? "probe" : "fetch", reference,
           own, own / reference);
}

/* One side alone. False: the words are none. */
static bool profile(struct bench *b, const char *kind, const char *side)
{
    bool smtp = strcmp(kind, "probe") == 0, ours = strcmp(side, "ours") == 0;
    if ((!smtp && strcmp(kind, "fetch") != 0) || (!ours && strcmp(side, "bare") != 0))
        return false;
    printf("%s %s %.3f ms\n", kind, side, measure(b, ours, smtp));
    return true;
}

static void setup(struct bench *b, const struct bench_pki *pki)
{
    char ca_file[64];
    if (!bench_servers_start(&b->servers, pki, ca_file))
        die("the servers do not start");
    fetch_memory_start();
    b->base = event_base_new();
    b->store = X509_STORE_new();
    if (b->base == NULL || b->store == NULL || X509_STORE_load_file(b->store, ca_file) != 1 ||
        tls_trust_new(ca_file, &b->trust) != ST_OK ||
        signatures_new(LIMIT_SIGNATURE_CACHE_ENTRIES, &b->signatures) != ST_OK ||
        guard_new(&b->guard) != ST_OK || guard_allow(b->guard, "127.0.0.1") != ST_OK)
        die("setup failed");
    unlink(ca_file);
    struct fetch_config fc = {
        .trust = b->trust, .signatures = b->signatures, .guard = b->guard, .user_agent = "bench"};
    struct probe_config pc = {.trust = b->trust,
                              .signatures = b->signatures,
                              .guard = b->guard,
                              .ehlo_name = "bench.example"};
    if (fetcher_new(b->base, &fc, &b->fetcher) != ST_OK ||
        prober_new(b->base, &pc, &b->prober) != ST_OK)
        die("setup failed");
}

/* KEY=VALUE lines, as simnet's ports.env. */
static int serve(void)
{
    struct bench_servers servers;
    char ca_file[64];
    if (!bench_servers_start(&servers, &(struct bench_pki){.one_leaf = true}, ca_file))
        die("the servers do not start");
    printf("HTTPS_PORT=%u\nSMTP_PORT=%u\nHOST=%s\nCA_FILE=%s\n\n", servers.https.port,
           servers.smtp.port, BENCH_HOST, ca_file);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    bench_servers_stop(&servers);
    unlink(ca_file);
    return 0;
}

static void teardown(struct bench *b)
{
    fetcher_free(b->fetcher);
    prober_free(b->prober);
    signatures_free(b->signatures);
    event_base_free(b->base);
    tls_trust_free(b->trust);
    X509_STORE_free(b->store);
    guard_free(b->guard);
    fetch_memory_end();
    bench_servers_stop(&b->servers);
}

static const char USAGE[] = "usage: bench_tls [--large-ca] [--one-leaf] [CONNECTIONS [ROUNDS] |"
                            " profile fetch|probe bare|ours CONNECTIONS]";

int main(int argc, char **argv)
{
    struct bench b = {.left = 0};
    struct bench_pki pki = {.large_ca = false};
    for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
        if (strcmp(argv[1], "--large-ca") == 0)
            pki.large_ca = true;
        else if (strcmp(argv[1], "--one-leaf") == 0)
            pki.one_leaf = true;
        else
            die(USAGE);
    }
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return serve();
    bool profiled = argc == 5 && strcmp(argv[1], "profile") == 0;
    long connections = profiled   ? strtol(argv[4], NULL, 10)
                       : argc > 1 ? strtol(argv[1], NULL, 10)
                                  : 600;
    long rounds = !profiled && argc > 2 ? strtol(argv[2], NULL, 10) : 5;
    if (connections < IN_FLIGHT || rounds < 1 || rounds > ROUNDS_MAX)
        die(USAGE);
    signal(SIGPIPE, SIG_IGN);
    b.connections = (size_t)connections;
    setup(&b, &pki);
    if (profiled) {
        if (!profile(&b, argv[2], argv[3]))
            die(USAGE);
    } else {
        compare_kind(&b, false, (int)rounds);
        compare_kind(&b, true, (int)rounds);
    }
    teardown(&b);
    return 0;
}
