/* options - every option of `stscan` and its commands, declared once.
 *
 * Help, man page, --config, --dump-config and the parser all read the one table in
 * options_table.c. */
#ifndef SCANNER_OPTIONS_H
#define SCANNER_OPTIONS_H

#include "scanner/net/addr.h"
#include <stdio.h>

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
    size_t n_resolvers; /* at least one after options_parse: the system's, when none was given */
    uint32_t workers;   /* 0: one per core */
    uint32_t in_flight; /* domains under way at once, over all workers */
    bool no_policy, no_probe, all_mx, all_policy;
    enum tlsrpt_scope
        tlsrpt; /* AUTO: of adopters, and of every domain with --no-policy --no-probe */
    char *ehlo_name, *contact;
    uint16_t https_port, smtp_port;
    uint16_t http_port; /* 80: AIA and wrong-path checks */
    uint16_t ns_port;   /* 53: authoritative servers, --deep */
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
    bool use_v4, use_v6; /* families asked for; none: what the machine can route */
    uint32_t max_addresses;
    bool deep, no_aia;
    char *baseline;
    bool registrable;
    double sample;           /* 1.0: all */
    uint32_t max_runtime_ms; /* 0: no limit */
    uint32_t shards, shard;
    uint64_t seed;
    char *queue;
    bool resume;
    char *metrics, *status_file, *providers;
    bool quiet, dry_run;
    bool local_resolver, coalesce;
    char *local_resolver_conf; /* further statements of unbound.conf(5) */

    bool json;                 /* check: the record instead of words */
    struct text_list operands; /* of the other commands than scan; borrowed from argv */
    int argc;                  /* as given to options_parse, borrowed; for the metadata */
    char **argv;
};

enum options_command {
    OPTIONS_SCAN = 1,
    OPTIONS_CHECK = 2,
    OPTIONS_LINT = 4,
    OPTIONS_VERIFY = 8,
    OPTIONS_CLASSIFY = 16
};

/* Fills in defaults, reads --config files and arguments; argv[0] is skipped. Arguments win over
 * config files whatever their order; a repeatable option given as an argument replaces the values
 * of the config file. ST_OK to go on; ST_EOF when --help, --version or --dump-config was served
 * (exit 0); ST_USAGE with a message on stderr (exit 2), as options_usage writes it. */
enum status options_parse(int argc, char **argv, struct scan_options *out);
/* The same for another command; options_parse is that of OPTIONS_SCAN. */
enum status options_parse_for(enum options_command command, int argc, char **argv,
                              struct scan_options *out);
void options_free(struct scan_options *o);

/* What a wrong usage ends with, on `to`: a line that names the command and says what is wrong, and
 * one that points to its help. Always ST_USAGE. */
enum status options_usage(enum options_command command, FILE *to, const char *text);

/* Writes the effective configuration as --config reads it; what is not set stands as a comment. */
enum status options_dump(enum options_command command, const struct scan_options *o, FILE *to);

#endif
