#include "tests/simnet/options.h"

#include "lib/config_line.h"
#include "lib/status.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 64, NAMES_PRINT_MAX = 1000000000, DELAY_MAX_MS = 600000, GROUP_MAX = 1000 };

enum key {
    KEY_WORLD = 256,
    KEY_SEED,
    KEY_ADOPTION,
    KEY_RANKS,
    KEY_STUCK,
    KEY_GROUPS,
    KEY_CALM,
    KEY_DNS_PORT,
    KEY_HTTPS_PORT,
    KEY_SMTP_PORT,
    KEY_THREADS,
    KEY_LOSS,
    KEY_DELAY,
    KEY_HTTP_DELAY,
    KEY_TRAINS,
    KEY_DIR,
    KEY_STATS,
    KEY_CLIENTS,
    KEY_LIMIT_FIRST,
    KEY_RETRY_AFTER,
    KEY_GREY_FIRST,
    KEY_BREAK_FIRST,
    KEY_MUTE_FIRST,
    KEY_READY_FD,
    KEY_TRUTH,
    KEY_NAMES,
    KEY_TRUTH_MODE,
    KEY_PRINT_NAMES,
    KEY_LIST_CLASSES,
    KEY_CONFIG,
    KEY_DUMP_CONFIG,
    KEY_HELP,
    KEY_VERSION,
};

static const struct {
    enum key key;
    const char *name, *value;
    const char *unset; /* what stands for it in --dump-config when it is not given; NULL: nothing */
    const char *help;
} table[] = {
    {KEY_WORLD, "world", "NAME", SIM_WORLD_DEFAULT,
     "version of the world: imc2025-v1 to -v3, 2026-v1, 2026-v2 (" SIM_WORLD_DEFAULT ")"},
    {KEY_SEED, "seed", "N", "1", "seed of the world (1)"},
    {KEY_ADOPTION, "adoption", "PCT", NULL,
     "share of names that publish MTA-STS (by TLD, about 0.7)"},
    {KEY_RANKS, "ranks", "LIST", NULL,
     "adoption falls with the rank in this list; of others by TLD"},
    {KEY_STUCK, "stuck", "PCT", "0", "share of names, beside, whose hosts hold a client (0)"},
    {KEY_GROUPS, "groups", "N", "0",
     "domains m0.REST, m1.REST ... share policy host and certificate, N at a time (0)"},
    {KEY_CALM, "calm", NULL, "no", "these names publish all the same, but their hosts hold nobody"},
    {KEY_DNS_PORT, "dns-port", "N", "0", "UDP and TCP port of the name server (0: ephemeral)"},
    {KEY_HTTPS_PORT, "https-port", "N", "0", "port of the policy hosts (0: ephemeral)"},
    {KEY_SMTP_PORT, "smtp-port", "N", "0", "port of the MX hosts (0: ephemeral)"},
    {KEY_THREADS, "threads", "N", "1", "threads of each server (1)"},
    {KEY_LOSS, "loss", "PCT", "0", "share of DNS datagrams that are lost (0)"},
    {KEY_DELAY, "delay-ms", "N", "0", "delay of DNS answers over UDP (0)"},
    {KEY_HTTP_DELAY, "http-delay-ms", "N", "0", "delay of HTTP answers (0)"},
    {KEY_TRAINS, "trains", NULL, "no",
     "send DNS answers of one length as trains (UDP_SEGMENT), for less CPU"},
    {KEY_DIR, "dir", "DIR", NULL, "write ca.pem and, when all is served, ports.env there"},
    {KEY_STATS, "stats", "FILE", NULL, "write counters there at the end"},
    {KEY_CLIENTS, "clients", "FILE", NULL,
     "write there at the end what was seen of the clients (NDJSON)"},
    {KEY_LIMIT_FIRST, "limit-first", "H,S", "0,0",
     "answer the first connections to each address with 429, or with 421 (0,0)"},
    {KEY_RETRY_AFTER, "retry-after", "N", "0", "seconds that such a 429 names (0: names none)"},
    {KEY_GREY_FIRST, "grey-first", "N", "0",
     "offer the first connections to each MX address no STARTTLS (0)"},
    {KEY_BREAK_FIRST, "break-first", "N", "0",
     "break off the TLS handshakes of the first connections to each MX address (0)"},
    {KEY_MUTE_FIRST, "mute-first", "N", "0",
     "be silent in the TLS handshakes of the first connections to each HTTPS address (0)"},
    {KEY_READY_FD, "ready-fd", "N", NULL,
     "write a line to this descriptor and close it when ready"},
    {KEY_TRUTH, "truth", "FILE", NULL, "write what a perfect scan reports of --names, and end"},
    {KEY_NAMES, "names", "LIST", NULL, "list or rank,domain CSV, plain or zstd; - is stdin"},
    {KEY_TRUTH_MODE, "truth-mode", "MODE", "full",
     "full (-4), dns-only (--no-policy --no-probe), deep (see README.md) (full)"},
    {KEY_PRINT_NAMES, "print-names", "N", NULL, "print so many plausible names, and end"},
    {KEY_LIST_CLASSES, "list-classes", NULL, "no", "print the table of fault classes, and end"},
    {KEY_CONFIG, "config", "FILE", NULL, "read options from FILE, one `name = value` a line"},
    {KEY_DUMP_CONFIG, "dump-config", NULL, NULL, "print the effective configuration in that form"},
    {KEY_HELP, "help", NULL, NULL, "print this"},
    {KEY_VERSION, "version", NULL, NULL, "print the version"},
};

enum { OPTIONS = sizeof table / sizeof table[0] };

static void print_help(void)
{
    puts("Usage: simnet [OPTIONS]\n"
         "       simnet --truth FILE --names LIST [OPTIONS]\n"
         "       simnet --print-names N [--seed N]\n\n"
         "Serves a simulated internet on loopback: DNS, HTTPS policy hosts, SMTP servers.\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].value == NULL ? "" : " ",
                 table[i].value == NULL ? "" : table[i].value);
        printf("  %-20s %s\n", left, table[i].help);
    }
}

/* Ends what stderr says of a wrong usage. */
static enum sim_options_result try_help(void)
{
    fputs("Try 'simnet --help'.\n", stderr);
    return SIM_OPTIONS_USAGE;
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long long v = strtoull(text, &end, 10);
    *out = v;
    return errno == 0 && *end == '\0' && v <= max;
}

static bool percentage(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && *out >= 0 && *out <= 100;
}

static bool port(const char *text, uint16_t *out)
{
    uint64_t v;
    bool ok = number(text, UINT16_MAX, &v);
    *out = (uint16_t)v;
    return ok;
}

/* "H,S" */
static bool pair(const char *text, uint32_t *https, uint32_t *smtp)
{
    char first[16];
    uint64_t v[2];
    const char *comma = strchr(text, ',');
    if (comma == NULL || (size_t)(comma - text) >= sizeof first)
        return false;
    memcpy(first, text, (size_t)(comma - text));
    first[comma - text] = '\0';
    if (!number(first, INT32_MAX, &v[0]) || !number(comma + 1, INT32_MAX, &v[1]))
        return false;
    *https = (uint32_t)v[0];
    *smtp = (uint32_t)v[1];
    return true;
}

static bool truth_mode(const char *text, enum sim_truth_mode *out)
{
    static const char *const names[] = {
        [SIM_TRUTH_FULL] = "full", [SIM_TRUTH_DNS_ONLY] = "dns-only", [SIM_TRUTH_DEEP] = "deep"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        *out = (enum sim_truth_mode)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

static bool set_number(enum key key, const char *value, struct sim_options *o)
{
    uint64_t v = 0;
    bool ok = false;
    switch (key) {
    case KEY_SEED:
        return number(value, UINT64_MAX, &o->world.seed);
    case KEY_PRINT_NAMES:
        return number(value, NAMES_PRINT_MAX, &o->print_names) && o->print_names > 0;
    case KEY_THREADS:
        ok = number(value, THREADS_MAX, &v) && v > 0;
        o->threads = (unsigned)v;
        return ok;
    case KEY_GROUPS:
        ok = number(value, GROUP_MAX, &v);
        o->world.group_size = (uint32_t)v;
        return ok;
    case KEY_DELAY:
        ok = number(value, DELAY_MAX_MS, &v);
        o->delay_ms = (uint32_t)v;
        return ok;
    case KEY_HTTP_DELAY:
        ok = number(value, DELAY_MAX_MS, &v);
        o->http_delay_ms = (uint32_t)v;
        return ok;
    case KEY_GREY_FIRST:
        ok = number(value, INT32_MAX, &v);
        o->grey_first = (uint32_t)v;
        return ok;
    case KEY_BREAK_FIRST:
        ok = number(value, INT32_MAX, &v);
        o->break_first = (uint32_t)v;
        return ok;
    case KEY_MUTE_FIRST:
        ok = number(value, INT32_MAX, &v);
        o->mute_first = (uint32_t)v;
        return ok;
    case KEY_RETRY_AFTER:
        ok = number(value, INT32_MAX, &v);
        o->retry_after_s = (uint32_t)v;
        return ok;
    default:
        ok = number(value, INT32_MAX, &v);
        o->ready_fd = (int)v;
        return ok;
    }
}

/* One option into *o; false when its value is none. */
static bool set(enum key key, const char *value, struct sim_options *o)
{
    switch (key) {
    case KEY_WORLD:
        o->world.version = value;
        return true;
    case KEY_ADOPTION:
        return percentage(value, &o->world.adoption_pct);
    case KEY_STUCK:
        return percentage(value, &o->world.stuck_pct);
    case KEY_RANKS:
        o->ranks = value;
        return true;
    case KEY_LOSS:
        return percentage(value, &o->loss_pct);
    case KEY_DNS_PORT:
        return port(value, &o->dns_port);
    case KEY_HTTPS_PORT:
        return port(value, &o->https_port);
    case KEY_SMTP_PORT:
        return port(value, &o->smtp_port);
    case KEY_DIR:
        o->dir = value;
        return true;
    case KEY_STATS:
        o->stats = value;
        return true;
    case KEY_CLIENTS:
        o->clients = value;
        return true;
    case KEY_TRUTH:
        o->truth = value;
        return true;
    case KEY_NAMES:
        o->names = value;
        return true;
    case KEY_LIMIT_FIRST:
        return pair(value, &o->limit_https, &o->limit_smtp);
    case KEY_TRUTH_MODE:
        return truth_mode(value, &o->truth_mode);
    case KEY_CALM:
        o->world.stuck_calm = true;
        return true;
    case KEY_TRAINS:
        o->trains = true;
        return true;
    case KEY_LIST_CLASSES:
        o->list_classes = true;
        return true;
    default:
        return set_number(key, value, o);
    }
}

static enum sim_options_result check(const struct sim_options *o)
{
    if ((o->truth == NULL) == (o->names == NULL))
        return SIM_OPTIONS_RUN;
    fputs("simnet: --truth and --names go together\n", stderr);
    return try_help();
}

/* ---- files and arguments -------------------------------------------------------------------- */

struct parse {
    struct sim_options *o;
    const char *given[OPTIONS]; /* the last text of each, "yes" of a flag; NULL: not given */
    bool dump;
};

static bool is_action(enum key key)
{
    return key >= KEY_CONFIG;
}

static size_t row_of(int key)
{
    size_t i = 0;
    while (i + 1 < OPTIONS && (int)table[i].key != key)
        i++;
    return i;
}

/* NULL, or why not. */
static const char *take_line(struct parse *p, char *text)
{
    struct config_line line;
    const char *why = config_line_split(text, &line);
    size_t i = 0;
    bool on = true;
    if (why != NULL || line.name == NULL)
        return why;
    while (i < OPTIONS && (is_action(table[i].key) || strcmp(table[i].name, line.name) != 0))
        i++;
    if (i == OPTIONS)
        return "unknown option";
    if (table[i].value == NULL) {
        if (!config_flag(line.value, &on))
            return "neither yes nor no";
        line.value = NULL;
    } else if (line.value == NULL || line.value[0] == '\0') {
        return "the value is missing";
    } else if ((line.value = arena_dup(&p->o->texts, slice_of(line.value))) == NULL) {
        return status_text(ST_NOMEM);
    }
    if (!on)
        return NULL;
    p->given[i] = line.value != NULL ? line.value : "yes";
    return set(table[i].key, line.value, p->o) ? NULL : "is no value for it";
}

static bool read_config(struct parse *p, const char *path)
{
    char line[CONFIG_LINE_MAX_BYTES];
    const char *why = NULL;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        fprintf(stderr, "simnet: %s: %s\n", path, strerror(errno));
        return false;
    }
    for (unsigned number = 1; why == NULL && fgets(line, sizeof line, f) != NULL; number++) {
        why = strlen(line) + 1 == sizeof line ? "the line is too long" : take_line(p, line);
        if (why != NULL)
            fprintf(stderr, "simnet: %s:%u: %.60s: %s\n", path, number, line + strspn(line, " \t"),
                    why); /* the name: lines are split in place */
    }
    if (why == NULL && ferror(f)) {
        why = strerror(errno);
        fprintf(stderr, "simnet: %s: %s\n", path, why);
    }
    fclose(f);
    return why == NULL;
}

static enum sim_options_result take_action(struct parse *p, int key)
{
    switch (key) {
    case KEY_HELP:
        print_help();
        return SIM_OPTIONS_DONE;
    case KEY_VERSION:
        puts("simnet (stscan) " STSCAN_VERSION);
        return SIM_OPTIONS_DONE;
    case KEY_DUMP_CONFIG:
        p->dump = true;
        return SIM_OPTIONS_RUN;
    default:
        return read_config(p, optarg) ? SIM_OPTIONS_RUN : try_help();
    }
}

static enum sim_options_result take_argument(struct parse *p, int key)
{
    size_t i = row_of(key);
    p->given[i] = optarg != NULL ? optarg : "yes";
    if (set((enum key)key, optarg, p->o))
        return SIM_OPTIONS_RUN;
    fprintf(stderr, "simnet: --%s: %s is no value for it\n", table[i].name, optarg);
    return try_help();
}

/* Twice over the arguments: they win over files wherever these are named. */
static enum sim_options_result take_all(struct parse *p, int argc, char **argv)
{
    struct option longs[OPTIONS + 1] = {{0}};
    for (size_t i = 0; i < OPTIONS; i++)
        longs[i] =
            (struct option){table[i].name, table[i].value == NULL ? no_argument : required_argument,
                            NULL, (int)table[i].key};
    enum sim_options_result r = SIM_OPTIONS_RUN;
    argv[0] = (char *)(uintptr_t) "simnet"; /* getopt's messages begin with it */
    for (int pass = 0; pass < 2 && r == SIM_OPTIONS_RUN; pass++) {
        int key;
        optind = 0; /* glibc: begin anew */
        while (r == SIM_OPTIONS_RUN && (key = getopt_long(argc, argv, "", longs, NULL)) != -1) {
            if (key == '?')
                r = try_help();
            else if (pass == 0 && is_action((enum key)key))
                r = take_action(p, key);
            else if (pass == 1 && !is_action((enum key)key))
                r = take_argument(p, key);
        }
    }
    return r;
}

static enum sim_options_result dump(const struct parse *p)
{
    struct strbuf text;
    strbuf_init(&text, OPTIONS * (size_t)CONFIG_LINE_MAX_BYTES);
    for (size_t i = 0; i < OPTIONS; i++)
        if (!is_action(table[i].key))
            config_line_add(&text, table[i].name,
                            p->given[i] != NULL ? p->given[i] : table[i].unset);
    bool good = text.error == ST_OK && fwrite(text.p, 1, text.len, stdout) == text.len &&
                fflush(stdout) == 0;
    strbuf_free(&text);
    return good ? SIM_OPTIONS_DONE : SIM_OPTIONS_USAGE;
}

enum sim_options_result sim_options_parse(int argc, char **argv, struct sim_options *out)
{
    struct parse p = {.o = out};
    *out = (struct sim_options){
        .world = {.seed = 1, .adoption_pct = -1}, .threads = 1, .ready_fd = -1};
    arena_init(&out->texts, OPTIONS * (size_t)CONFIG_LINE_MAX_BYTES);
    enum sim_options_result r = take_all(&p, argc, argv);
    if (r != SIM_OPTIONS_RUN)
        return r;
    if (optind < argc) {
        fprintf(stderr, "simnet: %s: no arguments are taken\n", argv[optind]);
        return try_help();
    }
    return p.dump ? dump(&p) : check(out);
}

void sim_options_free(struct sim_options *o)
{
    arena_free(&o->texts);
}
