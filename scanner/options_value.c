/* options_value: one option's value from and to text. */
#include "scanner/options_table.h"

#include "lib/config_line.h"
#include "scanner/worker/limits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    DNS_PORT = 53,
    MS_PER_SECOND = 1000,
    OPTION_TEXT_MAX_BYTES = CONFIG_LINE_MAX_BYTES / 2 - 64, /* fits a line, each byte escaped */
};

void options_defaults(enum options_command command, struct scan_options *o)
{
    *o = (struct scan_options){
        .format = FORMAT_AUTO,
        .tlsrpt = TLSRPT_AUTO,
        .in_flight = LIMIT_IN_FLIGHT,
        .https_port = 443,
        .smtp_port = 25,
        .http_port = 80,
        .ns_port = DNS_PORT,
        .dns_rate = LIMIT_DNS_RATE_QPS,
        .policy_rate = LIMIT_POLICY_RATE_CPS,
        .probe_rate = LIMIT_PROBE_RATE_CPS,
        .per_ip = {LIMIT_PER_IP_HTTPS, LIMIT_PER_IP_SMTP},
        .per_prefix = {LIMIT_PER_PREFIX_HTTPS, LIMIT_PER_PREFIX_SMTP},
        .per_ip_rate = {LIMIT_PER_IP_RATE_HTTPS, LIMIT_PER_IP_RATE_SMTP},
        .timeout_dns_ms = LIMIT_TIMEOUT_DNS_MS,
        .timeout_policy_ms = LIMIT_TIMEOUT_POLICY_MS,
        .timeout_probe_ms = LIMIT_TIMEOUT_PROBE_MS,
        .timeout_domain_ms = LIMIT_TIMEOUT_DOMAIN_MS,
        .min_success_pct = LIMIT_MIN_SUCCESS_PCT,
        .retry_undetermined = true,
        .max_addresses = LIMIT_MAX_ADDRESSES,
        .sample = 1.0,
        .shards = 1,
        .output = strdup(command == OPTIONS_CLASSIFY ? "-" : "scan.ndjson.zst"),
    };
}

static void *field(const struct option_row *row, struct scan_options *o)
{
    return (char *)o + row->offset;
}

static const void *cfield(const struct option_row *row, const struct scan_options *o)
{
    return (const char *)o + row->offset;
}

/* ---- from text ------------------------------------------------------------------------------ */

static enum status bad(char *error, size_t size, const char *value, const char *why)
{
    snprintf(error, size, "'%.100s' %s", value, why);
    return ST_USAGE;
}

/* The whole text as a number in range. */
static bool read_number(const char *value, double min, double max, bool whole, double *out)
{
    char *end;
    if (value[0] == '\0' || strspn(value, whole ? "0123456789" : "0123456789.") != strlen(value))
        return false;
    errno = 0;
    *out = strtod(value, &end);
    return *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

static enum status set_number(const struct option_row *row, const char *value,
                              struct scan_options *o, char *error, size_t size)
{
    double x;
    bool whole = row->type == OPTION_U16 || row->type == OPTION_U32;
    if (!read_number(value, row->min, row->max, whole, &x)) {
        char why[96];
        snprintf(why, sizeof why, "is no %s from %.10g to %.10g",
                 row->type == OPTION_SECONDS ? "time in seconds" : "number", row->min, row->max);
        return bad(error, size, value, why);
    }
    void *to = field(row, o);
    if (row->type == OPTION_U16)
        *(uint16_t *)to = (uint16_t)x;
    else if (row->type == OPTION_U32)
        *(uint32_t *)to = (uint32_t)x;
    else if (row->type == OPTION_SECONDS)
        *(uint32_t *)to = (uint32_t)(x * MS_PER_SECOND + 0.5);
    else
        *(double *)to = x;
    return ST_OK;
}

static enum status set_u64(const char *value, uint64_t *out, char *error, size_t size)
{
    char *end;
    errno = 0;
    unsigned long long x = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0)
        return bad(error, size, value, "is no whole number below 2^64");
    *out = x;
    return ST_OK;
}

static enum status set_pair(const struct option_row *row, const char *value, struct pair_limit *out,
                            char *error, size_t size)
{
    const char *comma = strchr(value, ',');
    char first[32];
    double https, smtp;
    if (!comma || (size_t)(comma - value) >= sizeof first)
        return bad(error, size, value, "must be two numbers: HTTPS,SMTP");
    memcpy(first, value, (size_t)(comma - value));
    first[comma - value] = '\0';
    if (!read_number(first, row->min, row->max, true, &https) ||
        !read_number(comma + 1, row->min, row->max, true, &smtp))
        return bad(error, size, value, "must be two numbers: HTTPS,SMTP");
    *out = (struct pair_limit){(uint32_t)https, (uint32_t)smtp};
    return ST_OK;
}

/* The i-th word of "a|b|c"; empty beyond the last. */
static struct slice choice(const char *words, size_t i)
{
    const char *p = words, *bar;
    while (i-- > 0 && (p = strchr(p, '|')))
        p++;
    if (!p)
        return (struct slice){"", 0};
    bar = strchr(p, '|');
    return (struct slice){p, bar ? (size_t)(bar - p) : strlen(p)};
}

static enum status set_choice(const struct option_row *row, const char *value, int *out,
                              char *error, size_t size)
{
    for (int i = 0; choice(row->arg, (size_t)i).len > 0; i++) {
        if (slice_eq(choice(row->arg, (size_t)i), slice_of(value))) {
            *out = i;
            return ST_OK;
        }
    }
    snprintf(error, size, "'%.100s' is none of %s", value, row->arg);
    return ST_USAGE;
}

static enum status set_flag(const char *value, bool *out, char *error, size_t size)
{
    return config_flag(value, out) ? ST_OK : bad(error, size, value, "is neither yes nor no");
}

static enum status set_text(char **out, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return ST_NOMEM;
    free(*out);
    *out = copy;
    return ST_OK;
}

static enum status check_text(const struct option_row *row, const char *value, char *error,
                              size_t size)
{
    if (value[0] == '\0')
        return bad(error, size, value, "is empty");
    if (strlen(value) > OPTION_TEXT_MAX_BYTES)
        return bad(error, size, value, "is too long");
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == '\x7f')
            return bad(error, size, "value", "holds a control character");
    const char *why = row->check ? row->check(value) : NULL;
    return why ? bad(error, size, value, why) : ST_OK;
}

/* Room for one more element of a list. */
static void *append(void **list, size_t n, size_t element)
{
    void *more = realloc(*list, (n + 1) * element);
    if (!more)
        return NULL;
    *list = more;
    return (char *)more + n * element;
}

static enum status add_text(struct text_list *list, const char *value)
{
    void *v = list->v;
    char **slot = append(&v, list->n, sizeof *list->v);
    if (!slot)
        return ST_NOMEM;
    list->v = v;
    if (!(*slot = strdup(value)))
        return ST_NOMEM;
    list->n++;
    return ST_OK;
}

static enum status add_resolver(struct scan_options *o, const char *value, char *error, size_t size)
{
    struct endpoint e;
    if (endpoint_parse(value, DNS_PORT, &e) != ST_OK || e.port == 0)
        return bad(error, size, value, "is no ADDR, ADDR:PORT or [ADDR]:PORT");
    void *list = o->resolvers;
    struct endpoint *slot = append(&list, o->n_resolvers, sizeof *slot);
    if (!slot)
        return ST_NOMEM;
    o->resolvers = list;
    *slot = e;
    o->n_resolvers++;
    return ST_OK;
}

static enum status add_source(struct scan_options *o, const char *value, char *error, size_t size)
{
    struct net_addr a;
    if (net_addr_parse(slice_of(value), &a) != ST_OK)
        return bad(error, size, value, "is no address");
    void *list = o->sources;
    struct net_addr *slot = append(&list, o->n_sources, sizeof *slot);
    if (!slot)
        return ST_NOMEM;
    o->sources = list;
    *slot = a;
    o->n_sources++;
    return ST_OK;
}

enum status option_set(const struct option_row *row, const char *value, struct scan_options *o,
                       char *error, size_t error_size)
{
    enum status st;
    switch (row->type) {
    case OPTION_FLAG:
    case OPTION_FLAG_OFF:
        st = set_flag(value, field(row, o), error, error_size);
        if (row->type == OPTION_FLAG_OFF && st == ST_OK)
            *(bool *)field(row, o) = !*(bool *)field(row, o);
        break;
    case OPTION_TEXT:
    case OPTION_TEXTS:
        st = check_text(row, value, error, error_size);
        if (st == ST_OK)
            st = row->type == OPTION_TEXT ? set_text(field(row, o), value)
                                          : add_text(field(row, o), value);
        break;
    case OPTION_U64:
        st = set_u64(value, field(row, o), error, error_size);
        break;
    case OPTION_PAIR:
        st = set_pair(row, value, field(row, o), error, error_size);
        break;
    case OPTION_CHOICE:
        st = set_choice(row, value, field(row, o), error, error_size);
        break;
    case OPTION_ENDPOINTS:
        st = add_resolver(o, value, error, error_size);
        break;
    case OPTION_ADDRESSES:
        st = add_source(o, value, error, error_size);
        break;
    case OPTION_U16:
    case OPTION_U32:
    case OPTION_NUMBER:
    case OPTION_SECONDS:
        st = set_number(row, value, o, error, error_size);
        break;
    default:
        st = ST_INTERNAL;
    }
    if (st == ST_NOMEM || st == ST_INTERNAL)
        snprintf(error, error_size, "%s", status_text(st));
    return st;
}

void option_clear(const struct option_row *row, struct scan_options *o)
{
    if (row->type == OPTION_TEXTS) {
        struct text_list *list = field(row, o);
        for (size_t i = 0; i < list->n; i++)
            free(list->v[i]);
        free(list->v);
        *list = (struct text_list){0};
    } else if (row->type == OPTION_ENDPOINTS) {
        free(o->resolvers);
        o->resolvers = NULL;
        o->n_resolvers = 0;
    } else if (row->type == OPTION_ADDRESSES) {
        free(o->sources);
        o->sources = NULL;
        o->n_sources = 0;
    } else if (row->type == OPTION_TEXT) {
        char **text = field(row, o);
        free(*text);
        *text = NULL;
    }
}

/* ---- to text -------------------------------------------------------------------------------- */

size_t option_count(const struct option_row *row, const struct scan_options *o)
{
    switch (row->type) {
    case OPTION_FLAG_OFF:
    case OPTION_ACTION:
        return 0;
    case OPTION_TEXT:
        return *(char *const *)cfield(row, o) != NULL;
    case OPTION_TEXTS:
        return ((const struct text_list *)cfield(row, o))->n;
    case OPTION_ENDPOINTS:
        return o->n_resolvers;
    case OPTION_ADDRESSES:
        return o->n_sources;
    default:
        return 1;
    }
}

enum status option_format(const struct option_row *row, const struct scan_options *o, size_t i,
                          struct strbuf *out)
{
    const void *at = cfield(row, o);
    char address[ENDPOINT_TEXT_MAX_BYTES];
    const struct pair_limit *pair = at;
    switch (row->type) {
    case OPTION_FLAG:
        return strbuf_adds(out, *(const bool *)at ? "yes" : "no");
    case OPTION_TEXT:
        return strbuf_adds(out, *(char *const *)at);
    case OPTION_TEXTS:
        return strbuf_adds(out, ((const struct text_list *)at)->v[i]);
    case OPTION_U16:
        return strbuf_addu(out, *(const uint16_t *)at);
    case OPTION_U32:
        return strbuf_addu(out, *(const uint32_t *)at);
    case OPTION_U64:
        return strbuf_addu(out, *(const uint64_t *)at);
    case OPTION_NUMBER:
        return strbuf_printf(out, "%.15g", *(const double *)at);
    case OPTION_SECONDS:
        return strbuf_printf(out, "%.10g", *(const uint32_t *)at / (double)MS_PER_SECOND);
    case OPTION_PAIR:
        return strbuf_printf(out, "%u,%u", (unsigned)pair->https, (unsigned)pair->smtp);
    case OPTION_CHOICE: {
        struct slice word = choice(row->arg, (size_t) * (const int *)at);
        return strbuf_add(out, word.p, word.len);
    }
    case OPTION_ENDPOINTS:
        endpoint_text(&o->resolvers[i], address);
        return strbuf_adds(out, address);
    case OPTION_ADDRESSES:
        net_addr_text(&o->sources[i], address);
        return strbuf_adds(out, address);
    default:
        return ST_INTERNAL;
    }
}
