#include "scanner/output/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    RATE_WINDOW_MS = 8000, /* the rate shown forgets older work with this time constant */
    COLUMNS_DEFAULT = 80,
};

struct progress {
    int fd;
    bool quiet, terminal, drawn;
    uint64_t next_ms;    /* when to draw next */
    uint64_t sampled_ms; /* when the rate was last looked at */
    uint64_t sampled_done;
    double rate; /* domains per second, smoothed */
};

/* ---- the line ------------------------------------------------------------------------------- */

static void add_part(char *line, size_t columns, const char *part)
{
    size_t len = strlen(line), more = strlen(part) + (len > 0 ? 2 : 0);
    if (len + more < columns && len + more < PROGRESS_LINE_MAX_BYTES)
        snprintf(line + len, PROGRESS_LINE_MAX_BYTES - len, "%s%s", len > 0 ? "  " : "", part);
}

static void add_count(char *line, size_t columns, const char *what, uint64_t n)
{
    char number[GROUPED_MAX_BYTES], part[64];
    grouped(n, number);
    snprintf(part, sizeof part, "%s %s", what, number);
    add_part(line, columns, part);
}

static void add_done(char *line, size_t columns, const struct progress_view *v)
{
    char done[GROUPED_MAX_BYTES], total[GROUPED_MAX_BYTES], part[96];
    grouped(v->done, done);
    grouped(v->total, total);
    if (v->total == 0)
        snprintf(part, sizeof part, "%s domains", done);
    else
        snprintf(part, sizeof part, "%s/%s  %.1f%%", done, total,
                 fmin(100.0, 100.0 * (double)v->done / (double)v->total));
    add_part(line, columns, part);
}

static void add_eta(char *line, size_t columns, const struct progress_view *v, double rate)
{
    char part[32];
    if (v->total <= v->done || rate <= 0)
        return;
    double seconds = (double)(v->total - v->done) / rate;
    if (seconds >= 100 * 3600.0) {
        add_part(line, columns, "ETA days");
        return;
    }
    unsigned s = (unsigned)(seconds + 0.5);
    snprintf(part, sizeof part, "ETA %u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    add_part(line, columns, part);
}

void progress_line(char out[PROGRESS_LINE_MAX_BYTES], const struct progress_view *v, double rate,
                   size_t columns)
{
    char number[GROUPED_MAX_BYTES], part[64];
    out[0] = '\0';
    add_done(out, columns, v);
    grouped((uint64_t)(rate + 0.5), number);
    snprintf(part, sizeof part, "%s/s", number);
    add_part(out, columns, part);
    add_eta(out, columns, v, rate);
    add_count(out, columns, "adopters", v->adopters);
    add_count(out, columns, "in flight", v->in_flight);
    add_count(out, columns, "failed", v->failures);
}

/* ---- drawing -------------------------------------------------------------------------------- */

/* What is not to be drawn on again and again gets whole lines: an editor's shell, a serial log. */
static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && !(term && strcmp(term, "dumb") == 0);
}

enum status progress_new(int fd, bool quiet, uint64_t done, uint64_t now_ms, progress **out)
{
    progress *p = calloc(1, sizeof *p);
    *out = p;
    if (!p)
        return ST_NOMEM;
    p->fd = fd;
    p->quiet = quiet;
    p->terminal = is_terminal(fd);
    p->sampled_ms = now_ms;
    p->sampled_done = done;
    p->next_ms = now_ms + (p->terminal ? PROGRESS_DRAW_MS : PROGRESS_PLAIN_MS);
    return ST_OK;
}

static void update_rate(progress *p, const struct progress_view *v, uint64_t now_ms)
{
    if (now_ms <= p->sampled_ms)
        return;
    uint64_t passed = now_ms - p->sampled_ms;
    double now = (double)(v->done - p->sampled_done) * 1000.0 / (double)passed;
    double keep = p->rate > 0 ? exp(-(double)passed / RATE_WINDOW_MS) : 0;
    p->rate = p->rate * keep + now * (1 - keep);
    p->sampled_ms = now_ms;
    p->sampled_done = v->done;
}

static size_t columns(const progress *p)
{
    struct winsize size;
    if (!p->terminal)
        return PROGRESS_LINE_MAX_BYTES;
    return ioctl(p->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* A progress line that cannot be written is no reason to stop a scan. */
static void put(const progress *p, const char *text)
{
    ssize_t n = write(p->fd, text, strlen(text));
    (void)n;
}

static void draw(progress *p, const struct progress_view *v)
{
    char line[PROGRESS_LINE_MAX_BYTES], text[PROGRESS_LINE_MAX_BYTES + 16];
    progress_line(line, v, p->rate, columns(p));
    if (p->terminal)
        snprintf(text, sizeof text, "\r%s\033[K", line);
    else
        snprintf(text, sizeof text, "stscan: %s\n", line);
    put(p, text);
    p->drawn = true;
}

void progress_tick(progress *p, const struct progress_view *v, uint64_t now_ms)
{
    if (p->quiet || now_ms < p->next_ms)
        return;
    update_rate(p, v, now_ms);
    draw(p, v);
    p->next_ms = now_ms + (p->terminal ? PROGRESS_DRAW_MS : PROGRESS_PLAIN_MS);
}

void progress_clear(progress *p)
{
    if (p && p->terminal && p->drawn)
        put(p, "\r\033[K");
}

void progress_end(progress *p, const struct progress_view *v, uint64_t now_ms)
{
    if (p && !p->quiet) {
        update_rate(p, v, now_ms);
        draw(p, v);
        if (p->terminal)
            put(p, "\n");
    }
    free(p);
}
