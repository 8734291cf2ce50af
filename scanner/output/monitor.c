#include "scanner/output/monitor.h"

#include "lib/record_json.h"
#include "lib/record_words.h"
#include "scanner/output/frames.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- a line --------------------------------------------------------------------------------- */

static void add_member(struct strbuf *out, const char *key, uint64_t value)
{
    strbuf_addc(out, ',');
    json_add_string(out, slice_of(key));
    strbuf_addc(out, ':');
    strbuf_addu(out, value);
}

enum status monitor_line(const struct monitor_view *v, struct strbuf *out)
{
    char ts[TIME_TEXT_BYTES + 1];
    time_text(v->now_ms, ts);
    strbuf_printf(out, "{\"ts\":\"%s\",\"state\":", ts);
    json_add_string(out, slice_of(v->state));
    add_member(out, "elapsed_ms", v->elapsed_ms);
    add_member(out, "done", v->live.done);
    if (v->live.total > 0)
        add_member(out, "total", v->live.total);
    add_member(out, "durable", v->durable);
    add_member(out, "in_flight", v->live.in_flight);
    add_member(out, "adopters", v->live.adopters);
    add_member(out, "undetermined", v->live.failures);
    for (size_t i = 0; i < stats_work_n; i++)
        if (stats_work[i].help)
            add_member(out, stats_work[i].name, stats_counter_of(v->stats, &stats_work[i]));
    strbuf_adds(out, ",\"lookups\":{");
    for (int i = LOOKUP_SKIPPED + 1; i < LOOKUP_COUNT; i++)
        strbuf_printf(out, "%s\"%s\":%llu", i > LOOKUP_SKIPPED + 1 ? "," : "",
                      lookup_name((enum lookup)i), (unsigned long long)v->stats->lookup[i]);
    return strbuf_adds(out, "}}\n");
}

/* ---- metrics -------------------------------------------------------------------------------- */

static void add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
    strbuf_printf(out, "# HELP stscan_%s %s\n# TYPE stscan_%s %s\n", name, help, name, type);
}

static void add_gauge(struct strbuf *out, const char *name, const char *help, uint64_t value)
{
    add_head(out, name, "gauge", help);
    strbuf_printf(out, "stscan_%s %llu\n", name, (unsigned long long)value);
}

static void add_counter(struct strbuf *out, const char *name, const char *help, uint64_t value)
{
    char total[64];
    snprintf(total, sizeof total, "%s_total", name);
    add_head(out, total, "counter", help);
    strbuf_printf(out, "stscan_%s %llu\n", total, (unsigned long long)value);
}

static void add_sample(struct strbuf *out, const char *name, const char *label, const char *word,
                       uint64_t value)
{
    strbuf_printf(out, "stscan_%s{%s=\"%s\"} %llu\n", name, label, word, (unsigned long long)value);
}

enum status monitor_metrics(const struct monitor_view *v, struct strbuf *out)
{
    const struct scan_stats *s = v->stats;
    add_counter(out, "domains", "domains finished", v->live.done);
    add_counter(out, "adopters", "domains with a record or an attempt at one", v->live.adopters);
    add_counter(out, "undetermined", "domains that could not be judged", v->live.failures);
    add_counter(out, "durable_records", "records on disk", v->durable);
    add_gauge(out, "in_flight", "domains under way", v->live.in_flight);
    add_gauge(out, "input_domains", "length of the input, 0 when unknown", v->live.total);
    add_head(out, "elapsed_seconds", "gauge", "time since this run began");
    strbuf_printf(out, "stscan_elapsed_seconds %llu.%03u\n",
                  (unsigned long long)(v->elapsed_ms / 1000), (unsigned)(v->elapsed_ms % 1000));
    for (size_t i = 0; i < stats_work_n; i++)
        if (stats_work[i].help)
            add_counter(out, stats_work[i].name, stats_work[i].help,
                        stats_counter_of(s, &stats_work[i]));
    add_head(out, "lookups_total", "counter", "DNS questions by their end");
    for (int i = LOOKUP_SKIPPED + 1; i < LOOKUP_COUNT; i++)
        add_sample(out, "lookups_total", "status", lookup_name((enum lookup)i), s->lookup[i]);
    add_head(out, "adoption_total", "counter", "records by adoption");
    for (int i = 0; i < ADOPTION_COUNT; i++)
        add_sample(out, "adoption_total", "adoption", adoption_name((enum adoption)i),
                   s->adoption[i]);
    add_head(out, "verdict_total", "counter", "records by verdict");
    for (int i = 0; i < VERDICT_COUNT; i++)
        add_sample(out, "verdict_total", "verdict", verdict_name((enum verdict)i), s->verdict[i]);
    add_head(out, "probes_by_end_total", "counter", "probes by their end");
    for (int i = PROBE_OK; i < PROBE_END_COUNT; i++)
        add_sample(out, "probes_by_end_total", "status", probe_end_name((enum probe_end)i),
                   s->probe_end[i]);
    return out->error;
}

/* ---- the file ------------------------------------------------------------------------------- */

int monitor_open(const char *path)
{
    return open_no_link(path, O_APPEND);
}

enum status monitor_append(int fd, const struct monitor_view *v)
{
    struct strbuf line;
    strbuf_init(&line, MONITOR_TEXT_MAX_BYTES);
    enum status st = monitor_line(v, &line);
    if (st == ST_OK && write(fd, line.p, line.len) != (ssize_t)line.len)
        st = ST_IO;
    strbuf_free(&line);
    return st;
}
