/* options - every option of `stscan scan`, declared once.
 *
 * Help, man page, --config, --dump-config and the parser all read the one table in options.c. */
#ifndef SCANNER_OPTIONS_H
#define SCANNER_OPTIONS_H

#include "scanner/net/addr.h"

enum input_format { FORMAT_AUTO, FORMAT_LIST, FORMAT_CSV, FORMAT_ZONE };
enum tlsrpt_scope { TLSRPT_AUTO, TLSRPT_ADOPTERS, TLSRPT_ALL };

struct pair_limit {
    uint32_t https, smtp;
};
struct text_list {
    char **v;
    size_t n;
};

/* The effective configuration; owned by whoever called options_parse. Read-only while a scan runs.
 */
struct scan_options {
    char *input; /* NULL or "-" is stdin */
    enum input_format format;
    char *output; /* "scan.ndjson.zst" */
    struct endpoint *resolvers;
    size_t n_resolvers;
    uint32_t workers;   /* 0: one per core */
    uint32_t in_flight; /* domains under way at once, over all workers */
    bool no_policy, no_probe, all_mx, all_policy;
    enum tlsrpt_scope
        tlsrpt; /* AUTO: of adopters, and of every domain with --no-policy --no-probe */
    char *ehlo_name, *contact;
    uint16_t https_port, smtp_port;
    char *ca_file;
    struct net_addr *sources;
    size_t n_sources;
    char *blocklist;
    struct text_list allow;
    uint32_t dns_rate;                /* queries per second to each resolver, 0 no limit */
    uint32_t policy_rate, probe_rate; /* new connections per second in all, 0 no limit */
    struct pair_limit per_ip, per_prefix, per_ip_rate; /* 0: no limit */
    uint32_t timeout_dns_ms, timeout_policy_ms, timeout_probe_ms, timeout_domain_ms;
    double min_success_pct;
    bool retry_undetermined;
    bool only_v4, only_v6;
    uint32_t max_addresses;
    bool deep, no_aia;
    char *baseline;
    bool registrable;
    double sample; /* 1.0: all */
    uint32_t max_runtime_s;
    uint32_t shards, shard;
    uint64_t seed;
    char *queue;
    bool resume;
    char *metrics, *status_file, *providers;
    bool quiet, dry_run;
    bool local_resolver, coalesce;
};

/* Fills in defaults, reads --config files and arguments. ST_OK to go on; ST_EOF when --help,
 * --version or --dump-config was served (exit 0); ST_USAGE with a message on stderr (exit 2). */
enum status options_parse(int argc, char **argv, struct scan_options *out);
void options_free(struct scan_options *o);

#endif
