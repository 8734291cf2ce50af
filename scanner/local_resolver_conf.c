#include "scanner/local_resolver_conf.h"

/* Descriptors that unbound needs, and what a thread of it is given where there are enough. */
enum {
    OF_THE_PROCESS = 64,
    OF_A_THREAD = 56, /* its loop, what it listens on */
    OF_A_THREAD_IN_ALL = 256,
    SOCKETS_LEAST = 32,
    TCP_LEAST = 10,
    TCP_MOST = 100,
    TCP_SHARE = 8, /* an eighth for TCP to it, one for TCP from it */
};

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : (uint32_t)value;
}

void resolver_plan_size(struct resolver_plan *plan, uint32_t in_flight, uint32_t qps,
                        uint32_t cores, uint64_t descriptors)
{
    uint64_t share = descriptors > OF_THE_PROCESS ? descriptors - OF_THE_PROCESS : 0;
    uint32_t most = clamp(cores, 1, clamp(share / OF_A_THREAD_IN_ALL, 1, RESOLVER_THREADS_MAX));
    plan->threads = qps == 0 ? most : clamp(((uint64_t)qps - 1) / RESOLVER_THREAD_QPS + 1, 1, most);
    /* The kernel spreads our sockets over the threads unevenly, and a name takes more than one
     * question: twice its share keeps a thread from throwing slow names out for new ones. */
    plan->queries = clamp(2 * ((uint64_t)in_flight / plan->threads + 1), RESOLVER_QUERIES_MIN,
                          RESOLVER_QUERIES_MAX);
    share /= plan->threads;
    plan->tcp = clamp(share / TCP_SHARE, TCP_LEAST, TCP_MOST);
    uint64_t beside = OF_A_THREAD + 2 * (uint64_t)plan->tcp;
    plan->sockets = clamp(share > beside ? share - beside : 0, SOCKETS_LEAST, plan->queries);
    plan->zone_qps =
        qps == 0 ? 0
                 : clamp((uint64_t)qps * RESOLVER_ZONE_FACTOR, RESOLVER_ZONE_QPS_MIN, UINT32_MAX);
}

/* A file's name between double quotes: unbound knows no escapes in there. */
static enum status write_file(struct strbuf *out, const char *statement, const char *path)
{
    for (const char *p = path; *p != '\0'; p++)
        if (*p == '"' || (unsigned char)*p < ' ')
            return ST_INVALID;
    return strbuf_printf(out, "%s: \"%s\"\n", statement, path);
}

static void write_addresses(struct strbuf *out, const struct resolver_plan *plan)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    strbuf_adds(out, "    access-control: 127.0.0.0/8 allow\n");
    for (size_t i = 0; i < plan->n_sources; i++) {
        net_addr_text(&plan->sources[i], ip);
        strbuf_printf(out, "    access-control: %s allow\n    outgoing-interface: %s\n", ip, ip);
    }
    /* 127.0.0.0/8 and ::1 stand in the table, too, unless --allow takes them out. */
    strbuf_adds(out, "    do-not-query-localhost: no\n");
    for (size_t i = 0; i < plan->avoid->n; i++) {
        struct addr_range rest = plan->avoid->v[i];
        bool more = true;
        while (more) {
            struct net_addr network;
            unsigned bits;
            more = addr_range_take_network(&rest, &network, &bits);
            net_addr_text(&network, ip);
            strbuf_printf(out, "    do-not-query-address: %s/%u\n", ip, bits);
        }
    }
}

/* Slabs are locked one by one; a power of two (unbound.conf(5)). */
static uint32_t slabs(uint32_t threads)
{
    uint32_t n = 1;
    while (n < threads)
        n *= 2;
    return n;
}

static const char *const fixed =
    "    # One process in the foreground, its words on standard error, its user set by us.\n"
    "    username: \"\"\n"
    "    chroot: \"\"\n"
    "    directory: \"/\"\n"
    "    pidfile: \"\"\n"
    "    use-syslog: no\n"
    "    logfile: \"\"\n"
    "    verbosity: 0\n"
    "    # Nobody but this machine asks, and what it asks for it wants.\n"
    "    interface: 127.0.0.1\n"
    "    ip-ratelimit: 0\n"
    "    so-rcvbuf: 4m\n"
    "    so-sndbuf: 4m\n"
    "    # Towards authorities: small datagrams, few tries, nothing fetched that nobody asked "
    "for.\n"
    "    # Minimised names would double the questions to the domains' own servers.\n"
    "    edns-buffer-size: 1232\n"
    "    max-udp-size: 1232\n"
    "    outbound-msg-retry: 5\n"
    "    qname-minimisation: no\n"
    "    prefetch: no\n"
    "    prefetch-key: no\n"
    "    serve-expired: no\n"
    "    trust-anchor-signaling: no\n"
    "    # No private-address: what public names say is to be recorded, private addresses too.\n"
    "    # Caches for names that are asked once: enough for TLDs, hosters and their servers.\n"
    "    msg-cache-size: 64m\n"
    "    rrset-cache-size: 128m\n"
    "    key-cache-size: 32m\n"
    "    neg-cache-size: 8m\n"
    "    infra-cache-numhosts: 200000\n"
    "    # Validation: the AD bit, and in answers that fail it the reason (RFC 8914).\n"
    "    aggressive-nsec: yes\n"
    "    ede: yes\n"
    "    val-log-level: 0\n";

enum status resolver_conf_write(const struct resolver_plan *plan, struct strbuf *out)
{
    enum status st = ST_OK;
    uint32_t n = slabs(plan->threads);
    strbuf_adds(out, "server:\n");
    strbuf_adds(out, fixed);
    strbuf_printf(out,
                  "    port: %u\n    num-threads: %u\n    num-queries-per-thread: %u\n"
                  "    outgoing-range: %u\n    incoming-num-tcp: %u\n    outgoing-num-tcp: %u\n"
                  "    do-ip6: %s\n    ratelimit: %u\n",
                  (unsigned)plan->port, (unsigned)plan->threads, (unsigned)plan->queries,
                  (unsigned)plan->sockets, (unsigned)plan->tcp, (unsigned)plan->tcp,
                  plan->use_v6 ? "yes" : "no", (unsigned)plan->zone_qps);
    strbuf_printf(out,
                  "    msg-cache-slabs: %u\n    rrset-cache-slabs: %u\n    key-cache-slabs: %u\n"
                  "    infra-cache-slabs: %u\n    ratelimit-slabs: %u\n",
                  (unsigned)n, (unsigned)n, (unsigned)n, (unsigned)n, (unsigned)n);
    /* By default 1,000 of our questions may wait, and what takes 1.9 s is never answered. */
    if (plan->serves_limits)
        strbuf_adds(out, "    wait-limit: 0\n    discard-timeout: 0\n");
    strbuf_printf(out, "    module-config: \"%siterator\"\n",
                  plan->trust_anchor ? "validator " : "");
    if (plan->trust_anchor)
        st = write_file(out, "    trust-anchor-file", plan->trust_anchor);
    write_addresses(out, plan);
    strbuf_adds(out, "remote-control:\n    control-enable: no\n");
    if (st == ST_OK && plan->extra)
        st = write_file(out, "include", plan->extra);
    return st == ST_OK ? out->error : st;
}
