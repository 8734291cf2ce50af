/* simnet: the internet in a box. Starts the servers, says where they listen, waits for a signal. */
#include "tests/simnet/classes.h"
#include "tests/simnet/dns.h"
#include "tests/simnet/names.h"
#include "tests/simnet/options.h"
#include "tests/simnet/pool.h"
#include "tests/simnet/ranks.h"
#include "tests/simnet/servers.h"
#include "tests/simnet/truth.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As in the contract of the scanner. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { PATH_BYTES = 4096 };

struct simnet {
    struct sim_world *world;
    struct sim_ca *ca;
    struct sim_server *https;
    struct sim_server *smtp;
    struct sim_dns_server *dns;
};

/* DNS calls this before it hands out an address: then a host must listen there. */
static void bring_up(void *ctx, uint32_t addr, const char *name)
{
    struct simnet *net = ctx;
    enum sim_reach reach;
    if (sim_address_plan(addr, SIM_SERVICE_HTTPS, &reach) && reach != SIM_REACH_REFUSED)
        sim_server_listen(net->https, addr, name);
    if (sim_address_plan(addr, SIM_SERVICE_SMTP, &reach) && reach != SIM_REACH_REFUSED)
        sim_server_listen(net->smtp, addr, name);
}

/* Every host that is up has a listening socket. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool start(const struct sim_options *o, struct simnet *net)
{
    char aia[128];
    struct sim_server_options server = {.world = net->world,
                                        .port = o->https_port,
                                        .threads = o->threads,
                                        .limit_first = o->limit_https,
                                        .retry_after_s = o->retry_after_s,
                                        .break_first = o->mute_first,
                                        .delay_ms = o->http_delay_ms};
    if (!sim_ca_new(o->dir, &net->ca))
        return false;
    server.ca = net->ca;
    if (!sim_https_server_start(&server, &net->https))
        return false;
    snprintf(aia, sizeof aia, "http://aia.simnet-hosting.example:%u" SIM_AIA_PATH,
             sim_server_port(net->https));
    server.port = o->smtp_port;
    server.limit_first = o->limit_smtp;
    server.grey_first = o->grey_first;
    server.break_first = o->break_first;
    if (!sim_ca_set_aia(net->ca, aia) || !sim_smtp_server_start(&server, &net->smtp))
        return false;
    struct sim_dns_options dns = {.world = net->world,
                                  .port = o->dns_port,
                                  .threads = o->threads,
                                  .loss_pct = o->loss_pct,
                                  .delay_ms = o->delay_ms,
                                  .trains = o->trains,
                                  .seen = o->clients != NULL,
                                  .bring_up = bring_up,
                                  .bring_up_ctx = net};
    return sim_dns_server_start(&dns, &net->dns);
}

static void stop(struct simnet *net)
{
    sim_dns_server_stop(net->dns);
    sim_server_stop(net->smtp);
    sim_server_stop(net->https);
    sim_ca_free(net->ca);
}

/* DIR/ports.env, under another name first: whoever sees it sees all of it. */
static bool write_ports(const struct simnet *net, const char *dir)
{
    char path[PATH_BYTES], whole[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/ports.env.new", dir) >= (int)sizeof path ||
        snprintf(whole, sizeof whole, "%s/ports.env", dir) >= (int)sizeof whole)
        return false;
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    fprintf(out, "DNS_PORT=%u\nHTTPS_PORT=%u\nSMTP_PORT=%u\nCA_FILE=%s/ca.pem\nPID=%ld\n",
            sim_dns_server_port(net->dns), sim_server_port(net->https), sim_server_port(net->smtp),
            dir, (long)getpid());
    bool ok = !ferror(out);
    ok = fclose(out) == 0 && ok;
    return ok && rename(path, whole) == 0;
}

static bool tell_ready(const struct simnet *net, const struct sim_options *o)
{
    char line[128];
    if (o->dir != NULL && !write_ports(net, o->dir)) {
        fprintf(stderr, "simnet: %s: ports.env: %s\n", o->dir, strerror(errno));
        return false;
    }
    int n = snprintf(line, sizeof line, "ready dns=%u https=%u smtp=%u\n",
                     sim_dns_server_port(net->dns), sim_server_port(net->https),
                     sim_server_port(net->smtp));
    fprintf(stderr, "simnet: %s", line);
    if (o->ready_fd < 0)
        return true;
    bool ok = write(o->ready_fd, line, (size_t)n) == n;
    close(o->ready_fd);
    return ok;
}

static void print_stats(FILE *out, const char *name, const struct sim_server_stats *s)
{
    fprintf(out,
            "%s_listeners %" PRIu64 "\n%s_connections %" PRIu64 "\n%s_handshakes %" PRIu64
            "\n%s_requests %" PRIu64 "\n%s_certs %" PRIu64 "\n",
            name, s->listeners, name, s->connections, name, s->handshakes, name, s->requests, name,
            s->certs);
}

static bool write_stats(const struct simnet *net, const char *path)
{
    struct sim_dns_stats dns;
    struct sim_server_stats https, smtp;
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    sim_dns_server_stats(net->dns, &dns);
    sim_server_stats(net->https, &https);
    sim_server_stats(net->smtp, &smtp);
    fprintf(out,
            "dns_udp_queries %" PRIu64 "\ndns_tcp_queries %" PRIu64 "\ndns_answers %" PRIu64
            "\ndns_truncated %" PRIu64 "\ndns_lost %" PRIu64 "\ndns_unanswered %" PRIu64
            "\ndns_malformed %" PRIu64 "\n",
            dns.udp_queries, dns.tcp_queries, dns.answers, dns.truncated, dns.lost, dns.unanswered,
            dns.malformed);
    print_stats(out, "https", &https);
    print_stats(out, "smtp", &smtp);
    fprintf(out, "smtp_quits %" PRIu64 "\nsmtp_no_quits %" PRIu64 "\nsmtp_mails %" PRIu64 "\n",
            smtp.quits, smtp.no_quits, smtp.mails);
    bool ok = !ferror(out);
    return fclose(out) == 0 && ok;
}

static bool write_clients(const struct simnet *net, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    bool ok = sim_server_write_record(net->https, out);
    ok = sim_server_write_record(net->smtp, out) && ok;
    ok = sim_dns_server_write_record(net->dns, out) && ok;
    return fclose(out) == 0 && ok;
}

static bool write_reports(const struct simnet *net, const struct sim_options *o)
{
    bool ok = o->stats == NULL || write_stats(net, o->stats);
    if (!ok)
        fprintf(stderr, "simnet: %s: %s\n", o->stats, strerror(errno));
    if (o->clients == NULL || write_clients(net, o->clients))
        return ok;
    fprintf(stderr, "simnet: %s: %s\n", o->clients, strerror(errno));
    return false;
}

/* Signals are blocked in every thread and taken here. */
static int serve(const struct sim_options *o, struct simnet *net)
{
    sigset_t ends;
    int got;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    pool_serve_openssl(); /* or it has the usual memory */
    if (o->dir != NULL && mkdir(o->dir, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "simnet: %s: %s\n", o->dir, strerror(errno));
        return EXIT_FAILED;
    }
    bool ok = start(o, net) && tell_ready(net, o);
    if (ok) {
        sigwait(&ends, &got);
        ok = write_reports(net, o);
    }
    stop(net);
    return ok ? EXIT_OK : EXIT_FAILED;
}

static int list_classes(void)
{
    static const char *const kinds[] = {"fault", "trouble", "oddity", "stuck"};
    for (unsigned i = 0; i < sim_class_count(); i++) {
        const struct sim_class *cls = sim_class(i);
        printf("%s\t%s\t%" PRIu32, cls->name, kinds[cls->kind], cls->weight);
        for (size_t k = 0; k < SIM_CLASS_CODES_MAX && cls->codes[k] != 0; k++)
            printf("%c%s", k == 0 ? '\t' : ',', sim_code_name(cls->codes[k]));
        putchar('\n');
    }
    return EXIT_OK;
}

static int run(const struct sim_options *o, struct simnet *net)
{
    if (o->list_classes)
        return list_classes();
    if (o->print_names > 0)
        return sim_names_print(o->world.seed, o->print_names, stdout) ? EXIT_OK : EXIT_FAILED;
    if (o->truth != NULL)
        return sim_truth_write(net->world, o->truth_mode, o->names, o->truth) ? EXIT_OK
                                                                              : EXIT_FAILED;
    return serve(o, net);
}

static int run_as(struct sim_options *o)
{
    struct simnet net = {0};
    struct sim_ranks *ranks = NULL;
    const char *why;
    if (o->ranks != NULL && !sim_ranks_read(o->ranks, &ranks))
        return EXIT_FAILED;
    o->world.ranks = ranks;
    int status = EXIT_USAGE;
    if (sim_world_new(&o->world, &net.world, &why))
        status = run(o, &net);
    else
        fprintf(stderr, "simnet: %s\n", why);
    sim_world_free(net.world);
    sim_ranks_free(ranks);
    return status;
}

int main(int argc, char **argv)
{
    struct sim_options options;
    enum sim_options_result r = sim_options_parse(argc, argv, &options);
    int status = r == SIM_OPTIONS_RUN    ? run_as(&options)
                 : r == SIM_OPTIONS_DONE ? EXIT_OK
                                         : EXIT_USAGE;
    sim_options_free(&options);
    return status;
}
