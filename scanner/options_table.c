/* options_table: the one place where an option is declared. */
#include "scanner/options_table.h"

#include "lib/caps.h"
#include "lib/name.h"

#include <string.h>

const char *const option_group_titles[GROUP_COUNT] = {
    [GROUP_FILES] = "Input and output",
    [GROUP_STAGES] = "What is gathered",
    [GROUP_NETWORK] = "Network and identity",
    [GROUP_LIMITS] = "Limits and deadlines",
    [GROUP_RUN] = "The run",
    [GROUP_OTHER] = "Configuration and help",
};

/* ---- checks of texts ------------------------------------------------------------------------ */

static const char *check_output(const char *value)
{
    struct slice v = slice_of(value);
    static const char *const ends[] = {".ndjson", ".ndjson.zst"};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(ends[i]);
        if (v.len > len && strcmp(v.p + v.len - len, ends[i]) == 0 && v.p[v.len - len - 1] != '/')
            return NULL;
    }
    return strcmp(value, "-") == 0 ? NULL : "must be NAME.ndjson.zst, NAME.ndjson or -";
}

/* RFC 5321 4.1.1.1: a domain, or an address literal. */
static const char *check_ehlo_name(const char *value)
{
    struct slice v = slice_of(value);
    struct net_addr a;
    if (name_is_ldh(v) && name_labels(v) >= 2)
        return NULL;
    if (v.len > 2 && v.p[0] == '[' && v.p[v.len - 1] == ']') {
        struct slice inside = {v.p + 1, v.len - 2};
        if (slice_starts(inside, SLICE_LIT("IPv6:")))
            inside = (struct slice){inside.p + 5, inside.len - 5};
        if (net_addr_parse(inside, &a) == ST_OK)
            return NULL;
    }
    return "must be a host name with a dot, or an address literal";
}

static const char *check_cidr(const char *value)
{
    const char *slash = strchr(value, '/');
    struct slice ip = {value, slash ? (size_t)(slash - value) : strlen(value)};
    struct net_addr a;
    unsigned bits = 0;
    if (net_addr_parse(ip, &a) != ST_OK)
        return "must be an address or a CIDR";
    for (const char *p = slash ? slash + 1 : ""; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || bits > 128)
            return "has a bad prefix length";
        bits = bits * 10 + (unsigned)(*p - '0');
    }
    if (slash && (slash[1] == '\0' || bits > (a.family == 4 ? 32u : 128u)))
        return "has a bad prefix length";
    return NULL;
}

static const char *check_metrics(const char *value)
{
    struct endpoint at;
    bool has_port = strrchr(value, ':') && endpoint_parse(value, 0, &at) == ST_OK &&
                    (value[0] == '[' ? strstr(value, "]:") != NULL : at.ip.family == 4);
    return has_port ? NULL : "must be ADDR:PORT, or [ADDR]:PORT for IPv6";
}

enum { CONTACT_MAX_BYTES = 200 };

/* It ends up in an HTTP header and in a line of text. */
static const char *check_contact(const char *value)
{
    size_t len = 0;
    for (; value[len] != '\0'; len++)
        if (value[len] < ' ' || value[len] > '~')
            return "must be printable ASCII";
    return len <= CONTACT_MAX_BYTES ? NULL : "is too long";
}

/* ---- the table ------------------------------------------------------------------------------ */

#define BOTH (OPTIONS_SCAN | OPTIONS_CHECK)
#define SCAN OPTIONS_SCAN
#define ALL (BOTH | OPTIONS_LINT | OPTIONS_VERIFY | OPTIONS_CLASSIFY)
#define AT(field) .offset = offsetof(struct scan_options, field)
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define RATE_MAX 10000000.0
#define SECONDS_MAX 86400.0

/* clang-format off */
const struct option_row option_rows[] = {
{"input", 'i', OPTION_TEXT, GROUP_FILES, SCAN, .arg = "FILE", AT(input),
 .help = "list, CSV or zone file, also compressed by gzip, zstd or xz; - is stdin. The same as the argument INPUT"},
{"format", 0, OPTION_CHOICE, GROUP_FILES, SCAN, .arg = "auto|list|csv|zone", AT(format), .same = true,
 .help = "format of the input"},
{"output", 'o', OPTION_TEXT, GROUP_FILES, SCAN | OPTIONS_CLASSIFY, .arg = "FILE", AT(output), .check = check_output,
 .help = "NAME.ndjson.zst, NAME.ndjson, or - for plain NDJSON on stdout"},
{"registrable", 0, OPTION_FLAG, GROUP_FILES, SCAN, AT(registrable), .same = true,
 .help = "reduce names to their registrable domain"},
{"sample", 0, OPTION_NUMBER, GROUP_FILES, SCAN, .arg = "P", AT(sample), .same = true, RANGE(0, 1),
 .help = "take only this seeded fraction of the names, 0 to 1"},
{"shards", 0, OPTION_U32, GROUP_FILES, SCAN, .arg = "N", AT(shards), .same = true, RANGE(1, 1000000),
 .help = "split the names into N shards, the same on every machine"},
{"shard", 0, OPTION_U32, GROUP_FILES, SCAN, .arg = "I", AT(shard), .same = true, RANGE(0, 999999),
 .help = "the shard to scan, from 0"},
{"seed", 0, OPTION_U64, GROUP_FILES, SCAN, .arg = "S", AT(seed), .same = true,
 .help = "decides split, sample and order"},
{"queue", 0, OPTION_TEXT, GROUP_FILES, SCAN, .later = true, .arg = "URL", AT(queue),
 .help = "take chunks from a work queue (redis://host:port/stream)"},
{"resume", 0, OPTION_FLAG, GROUP_FILES, SCAN, AT(resume),
 .help = "go on from NAME.state; nothing done twice, nothing lost"},
{"baseline", 0, OPTION_TEXT, GROUP_FILES, SCAN, .later = true, .arg = "FILE", AT(baseline), .same = true,
 .help = "earlier output: drift is judged against it"},

{"no-policy", 0, OPTION_FLAG, GROUP_STAGES, BOTH, AT(no_policy), .same = true,
 .help = "fetch no policies"},
{"no-probe", 0, OPTION_FLAG, GROUP_STAGES, BOTH, AT(no_probe), .same = true,
 .help = "probe no MX hosts"},
{"all-mx", 0, OPTION_FLAG, GROUP_STAGES, SCAN, AT(all_mx), .same = true,
 .help = "look up and probe MX hosts of every domain, not of adopters alone"},
{"all-policy", 0, OPTION_FLAG, GROUP_STAGES, SCAN, AT(all_policy), .same = true,
 .help = "try to fetch the policy of every domain, not of adopters alone"},
{"tlsrpt", 0, OPTION_CHOICE, GROUP_STAGES, SCAN, .arg = "auto|adopters|all", AT(tlsrpt), .same = true,
 .help = "whose TLSRPT record to look up; auto: of adopters, and of every domain with --no-policy --no-probe"},
{"deep", 0, OPTION_FLAG, GROUP_STAGES, BOTH, AT(deep), .same = true,
 .help = "gather costlier evidence of adopters: sibling and legacy labels, every address, probes without SNI, authoritative servers"},
{"no-aia", 0, OPTION_FLAG, GROUP_STAGES, BOTH, AT(no_aia), .same = true,
 .help = "do not fetch missing intermediate certificates; such chains are then untrusted"},
{"max-addresses", 0, OPTION_U32, GROUP_STAGES, BOTH, .arg = "N", AT(max_addresses), .same = true, RANGE(1, ADDRESSES_MAX),
 .help = "addresses probed per MX and fetched per policy host"},

{"resolver", 0, OPTION_ENDPOINTS, GROUP_NETWORK, BOTH, .arg = "ADDR[:PORT]", AT(resolvers),
 .help = "resolver to ask, repeatable; IPv6 as [::1]:53. Without one, those of /etc/resolv.conf"},
{"local-resolver", 0, OPTION_FLAG, GROUP_NETWORK, SCAN, AT(local_resolver),
 .help = "start a private resolver (unbound) on loopback and stop it again; it asks the authorities itself"},
{"local-resolver-conf", 0, OPTION_TEXT, GROUP_NETWORK, SCAN, .arg = "FILE", AT(local_resolver_conf),
 .help = "further unbound.conf statements for --local-resolver, which go before its own"},
{"ehlo-name", 0, OPTION_TEXT, GROUP_NETWORK, BOTH, .arg = "NAME", AT(ehlo_name), .same = true, .check = check_ehlo_name,
 .help = "this machine's name in EHLO; without it MX hosts are not probed"},
{"contact", 0, OPTION_TEXT, GROUP_NETWORK, BOTH, .arg = "TEXT", AT(contact), .check = check_contact,
 .help = "whom to ask about this scan: goes into the User-Agent"},
{"https-port", 0, OPTION_U16, GROUP_NETWORK, BOTH, .arg = "N", AT(https_port), .same = true, RANGE(1, 65535),
 .help = "port of policy hosts"},
{"smtp-port", 0, OPTION_U16, GROUP_NETWORK, BOTH, .arg = "N", AT(smtp_port), .same = true, RANGE(1, 65535),
 .help = "port of MX hosts"},
{"http-port", 0, OPTION_U16, GROUP_NETWORK, BOTH, .arg = "N", AT(http_port), .same = true, RANGE(1, 65535),
 .help = "port for missing intermediates (AIA) and for policies served by plain HTTP"},
{"ns-port", 0, OPTION_U16, GROUP_NETWORK, BOTH, .arg = "N", AT(ns_port), .same = true, RANGE(1, 65535),
 .help = "port of authoritative name servers, asked under --deep"},
{"ca-file", 0, OPTION_TEXT, GROUP_NETWORK, BOTH, .arg = "FILE", AT(ca_file), .same = true,
 .help = "trust anchors in PEM form; without it the system's bundle"},
{"source", 0, OPTION_ADDRESSES, GROUP_NETWORK, BOTH, .arg = "ADDR", AT(sources),
 .help = "local address to send from, repeatable"},
{"ipv4", '4', OPTION_FLAG, GROUP_NETWORK, BOTH, AT(use_v4), .same = true,
 .help = "connect over IPv4; alone or with -6, which then are the families used whatever the machine can route"},
{"ipv6", '6', OPTION_FLAG, GROUP_NETWORK, BOTH, AT(use_v6), .same = true,
 .help = "connect over IPv6; alone or with -4"},
{"blocklist", 0, OPTION_TEXT, GROUP_NETWORK, BOTH, .arg = "FILE", AT(blocklist),
 .help = "names and addresses that are never contacted, one a line: example.com, .example.com (and all below), or a CIDR"},
{"allow", 0, OPTION_TEXTS, GROUP_NETWORK, BOTH, .arg = "CIDR", AT(allow), .check = check_cidr,
 .help = "exception to the built-in special-purpose ranges, repeatable"},
{"providers", 0, OPTION_TEXT, GROUP_NETWORK, BOTH | OPTIONS_CLASSIFY, .arg = "FILE", AT(providers),
 .help = "table of providers; without it the built-in one"},
{"coalesce", 0, OPTION_FLAG, GROUP_NETWORK, SCAN, AT(coalesce), .same = true,
 .help = "fetch policies of hosts that share address and certificate over one HTTP/2 connection, as no sender does"},

{"workers", 0, OPTION_U32, GROUP_LIMITS, SCAN, .arg = "N", AT(workers), RANGE(0, 1024),
 .help = "event-loop threads; 0: one per core"},
{"in-flight", 0, OPTION_U32, GROUP_LIMITS, SCAN, .arg = "N", AT(in_flight), RANGE(1, 1000000),
 .help = "domains under way at once, over all workers"},
{"dns-rate", 0, OPTION_U32, GROUP_LIMITS, BOTH, .arg = "N", AT(dns_rate), RANGE(0, RATE_MAX),
 .help = "queries per second to each resolver; 0: no limit"},
{"policy-rate", 0, OPTION_U32, GROUP_LIMITS, SCAN, .arg = "N", AT(policy_rate), RANGE(0, RATE_MAX),
 .help = "new HTTPS connections per second in all; 0: no limit"},
{"probe-rate", 0, OPTION_U32, GROUP_LIMITS, SCAN, .arg = "N", AT(probe_rate), RANGE(0, RATE_MAX),
 .help = "new SMTP connections per second in all; 0: no limit"},
{"per-ip", 0, OPTION_PAIR, GROUP_LIMITS, SCAN, .arg = "H,S", AT(per_ip), RANGE(0, RATE_MAX),
 .help = "HTTPS and SMTP connections at once to an address; 0: no limit"},
{"per-prefix", 0, OPTION_PAIR, GROUP_LIMITS, SCAN, .arg = "H,S", AT(per_prefix), RANGE(0, RATE_MAX),
 .help = "HTTPS and SMTP connections at once to a /24 or /48; 0: no limit"},
{"per-ip-rate", 0, OPTION_PAIR, GROUP_LIMITS, SCAN, .arg = "H,S", AT(per_ip_rate), RANGE(0, RATE_MAX),
 .help = "new HTTPS and SMTP connections per second to an address; 0: no limit"},
{"timeout-dns", 0, OPTION_SECONDS, GROUP_LIMITS, BOTH, .arg = "SECONDS", AT(timeout_dns_ms), RANGE(0.001, SECONDS_MAX),
 .help = "absolute deadline of a DNS question"},
{"timeout-policy", 0, OPTION_SECONDS, GROUP_LIMITS, BOTH, .arg = "SECONDS", AT(timeout_policy_ms), RANGE(0.001, SECONDS_MAX),
 .help = "absolute deadline of a policy fetch"},
{"timeout-probe", 0, OPTION_SECONDS, GROUP_LIMITS, BOTH, .arg = "SECONDS", AT(timeout_probe_ms), RANGE(0.001, SECONDS_MAX),
 .help = "absolute deadline of a probe"},
{"timeout-domain", 0, OPTION_SECONDS, GROUP_LIMITS, BOTH, .arg = "SECONDS", AT(timeout_domain_ms), RANGE(0.001, SECONDS_MAX),
 .help = "absolute deadline of a domain; waiting for our own limits does not count"},

{"min-success", 0, OPTION_NUMBER, GROUP_RUN, SCAN, .arg = "PCT", AT(min_success_pct), RANGE(0, 100),
 .help = "brake: stop with exit code 6 when fewer of the last 10,000 lookups got an answer; 0 is off"},
{"retry-undetermined", 0, OPTION_FLAG, GROUP_RUN, SCAN, AT(retry_undetermined),
 .help = "at the end, one more pass over what is undetermined, lacks STARTTLS or breaks off TLS (default)"},
{"no-retry-undetermined", 0, OPTION_FLAG_OFF, GROUP_RUN, SCAN, AT(retry_undetermined),
 .help = "leave that pass out"},
{"max-runtime", 0, OPTION_SECONDS, GROUP_RUN, SCAN, .arg = "SECONDS", AT(max_runtime_ms), RANGE(0, 4294967),
 .help = "stop after that time and stay resumable; 0: no limit"},
{"metrics", 0, OPTION_TEXT, GROUP_RUN, SCAN, .arg = "ADDR:PORT", AT(metrics), .check = check_metrics,
 .help = "serve Prometheus metrics there, at /metrics; port 0: any, the start banner says which"},
{"status-file", 0, OPTION_TEXT, GROUP_RUN, SCAN, .arg = "FILE", AT(status_file),
 .help = "append a line of statistics (JSON) every 10 seconds and at the end"},
{"quiet", 'q', OPTION_FLAG, GROUP_RUN, SCAN | OPTIONS_VERIFY, AT(quiet),
 .help = "print no progress; of verify: nothing when all is well"},
{"dry-run", 0, OPTION_FLAG, GROUP_RUN, SCAN, AT(dry_run),
 .help = "read configuration and input, say what would be done, touch no network"},
{"json", 0, OPTION_FLAG, GROUP_RUN, OPTIONS_CHECK, AT(json),
 .help = "print the record instead of words"},

{"config", 0, OPTION_ACTION, GROUP_OTHER, ALL, .arg = "FILE",
 .help = "read options from FILE, one `name = value` a line; arguments win over it"},
{"dump-config", 0, OPTION_ACTION, GROUP_OTHER, ALL,
 .help = "print the effective configuration in that form"},
{"help", 'h', OPTION_ACTION, GROUP_OTHER, ALL,
 .help = "print this help"},
{"version", 'V', OPTION_ACTION, GROUP_OTHER, ALL,
 .help = "print the version"},
};
/* clang-format on */
const size_t option_rows_n = sizeof option_rows / sizeof option_rows[0];

const struct option_row *option_find(struct slice name)
{
    for (size_t i = 0; i < option_rows_n; i++)
        if (slice_eq(name, slice_of(option_rows[i].name)))
            return &option_rows[i];
    return NULL;
}

bool option_is_repeatable(const struct option_row *row)
{
    return row->type == OPTION_TEXTS || row->type == OPTION_ENDPOINTS ||
           row->type == OPTION_ADDRESSES;
}
