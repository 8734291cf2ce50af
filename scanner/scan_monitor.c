/* The scan as its monitor shows it: gathering the view, the status file and the metrics. */
#include "scanner/scan_course.h"

#include "scanner/clock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *state(const struct scan *s)
{
    if (s->draining)
        return "draining";
    return s->phase == PHASE_FIRST ? "first pass" : "second pass";
}

struct progress_view scan_view(const struct scan *s)
{
    const uint64_t *then = s->resume.stats.adoption;
    struct progress_view v = {.total = s->input ? input_total(s->input) : 0,
                              .done = s->resume.done.n,
                              .adopters = adoption_adopters(then),
                              .failures = then[ADOPTION_UNDETERMINED]};
    for (uint32_t i = 0; i < s->shared.n_workers; i++) {
        const struct stats_live *live = &s->shared.worker[i]->live;
        v.done += atomic_load_explicit(&live->done, memory_order_relaxed);
        v.adopters += atomic_load_explicit(&live->adopters, memory_order_relaxed);
        v.in_flight += atomic_load_explicit(&live->in_flight, memory_order_relaxed);
        v.failures += atomic_load_explicit(&live->failures, memory_order_relaxed);
    }
    return v;
}

static struct monitor_view monitor_view(const struct scan *s)
{
    return (struct monitor_view){
        .now_ms = wall_ms(&s->shared.wall),
        .elapsed_ms = clock_ms() - s->begin_ms,
        .state = state(s),
        .durable = atomic_load_explicit(&s->durable, memory_order_relaxed),
        .live = scan_view(s),
        .stats = &s->known,
    };
}

static enum status metrics_page(void *arg, struct strbuf *out)
{
    struct scan *s = arg;
    struct monitor_view v = monitor_view(s);
    scan_ask_stats(s); /* for the next one: who asks again soon sees what is new */
    return monitor_metrics(&v, out);
}

/* A status file that cannot be written is no reason to stop a scan, but to say so once. */
static void append(struct scan *s, const struct monitor_view *v)
{
    if (s->status_fd < 0 || monitor_append(s->status_fd, v) == ST_OK)
        return;
    scan_say(s, "%s: %s; no more lines are written there", s->options->status_file,
             strerror(errno));
    close(s->status_fd);
    s->status_fd = -1;
}

void scan_write_status(struct scan *s)
{
    struct monitor_view v = monitor_view(s);
    append(s, &v);
}

static enum status open_metrics(struct scan *s)
{
    const struct scan_options *o = s->options;
    struct endpoint at;
    char text[ENDPOINT_TEXT_MAX_BYTES];
    enum status st = endpoint_parse(o->metrics, 0, &at);
    if (st == ST_OK)
        st = page_server_new(s->base, &at, "/metrics", metrics_page, s, &s->metrics);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: --metrics %s: %s\n", o->metrics,
                st == ST_IO ? strerror(errno) : status_text(st));
        return ST_USAGE;
    }
    at = page_server_endpoint(s->metrics);
    endpoint_text(&at, text);
    fprintf(stderr, "stscan: metrics at http://%s/metrics\n", text);
    return ST_OK;
}

enum status scan_open_monitor(struct scan *s)
{
    const struct scan_options *o = s->options;
    if (o->metrics && open_metrics(s) != ST_OK)
        return ST_USAGE;
    if (o->status_file && fingerprint_same_file(o->input, o->status_file)) {
        fprintf(stderr, "stscan: %s is the input: no --status-file\n", o->status_file);
        return ST_USAGE;
    }
    if (o->status_file && (s->status_fd = monitor_open(o->status_file)) < 0) {
        fprintf(stderr, "stscan: %s: %s\n", o->status_file,
                errno == ELOOP ? "is a symbolic link, refusing to write through it"
                               : strerror(errno));
        return ST_USAGE;
    }
    return ST_OK;
}

static void append_last(struct scan *s, const struct scan_stats *total, uint64_t durable)
{
    const struct monitor_view v = {
        .now_ms = wall_ms(&s->shared.wall),
        .elapsed_ms = clock_ms() - s->begin_ms,
        .state = s->exit_reason,
        .durable = durable,
        .live = {.done = total->records,
                 .total = s->input ? input_total(s->input) : 0,
                 .adopters = adoption_adopters(total->adoption),
                 .failures = total->adoption[ADOPTION_UNDETERMINED]},
        .stats = total,
    };
    append(s, &v);
}

void scan_end_monitor(struct scan *s, const struct scan_stats *total, uint64_t durable)
{
    page_server_free(s->metrics);
    s->metrics = NULL;
    if (s->status_fd < 0)
        return;
    if (total)
        append_last(s, total, durable);
    if (s->status_fd >= 0)
        close(s->status_fd);
    s->status_fd = -1;
}
