#include "scanner/local_resolver.h"

#include "scanner/child.h"
#include "scanner/clock.h"
#include "scanner/local_resolver_files.h"
#include "scanner/local_resolver_words.h"
#include "scanner/net/free_port.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TRIES = 4 };

/* Where Debian (dns-root-data, unbound-anchor) and others keep the root's key. */
static const char *const trust_anchors[] = {"/usr/share/dns/root.key", "/var/lib/unbound/root.key",
                                            "/etc/unbound/root.key"};

struct local_resolver {
    struct child child;
    struct child_spec spec;
    char path[512];
    struct resolver_files files;
    const char *trust_anchor;
    bool serves_limits, replanned;
    struct endpoint at;
    struct resolver_words words;
    struct event *on_end, *on_words, *on_restart;
    resolver_ended_fn ended;
    void *arg;
    struct resolver_report report;
};

static enum status fail(char *error, enum status st, const char *what, const char *why)
{
    snprintf(error, RESOLVER_ERROR_MAX_BYTES, "--local-resolver: %s%s%s", what, why ? ": " : "",
             why ? why : "");
    return st;
}

/* ---- starting ------------------------------------------------------------------------------- */

/* Makes the configuration that the next start reads, with what is found here besides what was
 * planned; keeps the present one on failure. */
static enum status make_conf(local_resolver *r, const struct resolver_plan *plan, bool *changed,
                             char *error)
{
    struct resolver_plan own = *plan;
    const char *why;
    own.port = r->at.port;
    own.trust_anchor = r->trust_anchor;
    own.serves_limits = r->serves_limits;
    enum status st = resolver_files_make(&r->files, &own, changed, &why);
    return st == ST_OK ? ST_OK : fail(error, st, "its configuration", why);
}

static enum status spawn(local_resolver *r)
{
    static char name[] = "unbound", foreground[] = "-d", conf[] = "-c",
                path[] = RESOLVER_FILES_CONF_PATH;
    static char *const argv[] = {name, foreground, conf, path, NULL};
    r->spec.path = r->path;
    r->spec.argv = argv;
    r->spec.fds = r->files.fds;
    r->spec.n_fds = r->files.fds[1] >= 0 ? 2 : 1;
    r->words = (struct resolver_words){.len = 0};
    return child_start(&r->spec, &r->child);
}

static void read_words(local_resolver *r)
{
    char block[512];
    ssize_t n;
    while ((n = read(r->child.words, block, sizeof block)) > 0)
        resolver_words_add(&r->words, block, (size_t)n);
}

/* Until it serves (ST_OK), has ended (ST_EOF) or its time is over (ST_AGAIN). */
static enum status await_ready(local_resolver *r)
{
    uint64_t now, deadline = clock_ms() + RESOLVER_START_MS;
    while ((now = clock_ms()) < deadline) {
        struct pollfd both[2] = {{.fd = r->child.words, .events = POLLIN},
                                 {.fd = r->child.end, .events = POLLIN}};
        if (poll(both, 2, (int)(deadline - now)) < 0 && errno != EINTR)
            return ST_IO;
        read_words(r);
        if (resolver_words_ready(&r->words, r->report.version, sizeof r->report.version))
            return ST_OK;
        if (both[1].revents != 0)
            return ST_EOF;
    }
    return ST_AGAIN;
}

static void add_cost(local_resolver *r, const struct rusage *use)
{
    r->report.cpu_s += (double)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) +
                       (double)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e6;
    uint64_t peak = (uint64_t)use->ru_maxrss * 1024; /* KiB on Linux */
    if (peak > r->report.peak_bytes)
        r->report.peak_bytes = peak;
}

/* One try; when it fails, `error` has its last words. */
static enum status try_start(local_resolver *r, const struct resolver_plan *plan, char *error)
{
    char said[RESOLVER_WORDS_MAX_BYTES + 1];
    bool changed;
    enum status st = make_conf(r, plan, &changed, error);
    if (st != ST_OK)
        return st;
    if ((st = spawn(r)) != ST_OK)
        return fail(error, st, r->path, strerror(errno));
    if ((st = await_ready(r)) == ST_OK)
        return ST_OK;
    child_stop(&r->child, 0, NULL, NULL);
    resolver_words_errors(&r->words, said, sizeof said);
    return fail(error, ST_INTERNAL, "unbound did not start",
                said[0] != '\0'  ? said
                : st == ST_AGAIN ? "it is silent"
                                 : "it ended without a word");
}

/* Another port when somebody was faster, fewer statements when it is too old for the newer ones. */
static enum status start(local_resolver *r, const struct resolver_plan *plan, char *error)
{
    enum status st = ST_IO;
    r->serves_limits = true;
    for (int i = 0; i < START_TRIES; i++) {
        if (free_port_find(&r->at.port) != ST_OK)
            return fail(error, ST_IO, "no free port on 127.0.0.1", NULL);
        st = try_start(r, plan, error);
        if (st == ST_OK)
            break;
        if (r->serves_limits && strstr(error, "syntax error"))
            r->serves_limits = false;
        else if (!strstr(error, "ddress already in use"))
            break;
    }
    return st;
}

enum status local_resolver_start(const struct resolver_plan *plan, const char *extra_file,
                                 local_resolver **out, char error[RESOLVER_ERROR_MAX_BYTES])
{
    local_resolver *r = calloc(1, sizeof *r);
    if (!r)
        return fail(error, ST_NOMEM, status_text(ST_NOMEM), NULL);
    *r = (local_resolver){.child = {.end = -1, .words = -1}};
    resolver_files_init(&r->files);
    r->at = (struct endpoint){.ip = {.family = 4, .b = {127, 0, 0, 1}}};
    for (size_t i = 0; !r->trust_anchor && i < sizeof trust_anchors / sizeof *trust_anchors; i++)
        if (access(trust_anchors[i], R_OK) == 0)
            r->trust_anchor = trust_anchors[i];
    r->report.validates = r->trust_anchor != NULL;
    child_user("unbound", &r->spec);
    enum status st = child_find("unbound", r->path, sizeof r->path);
    if (st != ST_OK)
        fail(error, st, "unbound is not installed (on Debian: apt install unbound)", NULL);
    const char *why;
    if (st == ST_OK && extra_file &&
        (st = resolver_files_read_extra(&r->files, extra_file, &why)) != ST_OK)
        fail(error, st, extra_file, why);
    if (st == ST_OK)
        st = start(r, plan, error);
    if (st != ST_OK) {
        local_resolver_free(r);
        return st;
    }
    *out = r;
    return ST_OK;
}

/* ---- watching and ending -------------------------------------------------------------------- */

static void on_words(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_words(arg);
}

static void stop_watching(local_resolver *r)
{
    if (r->on_words)
        event_free(r->on_words);
    if (r->on_end)
        event_free(r->on_end);
    r->on_words = r->on_end = NULL;
}

static void on_end(evutil_socket_t fd, short what, void *arg);

static enum status watch_child(local_resolver *r, struct event_base *base)
{
    r->on_words = event_new(base, r->child.words, EV_READ | EV_PERSIST, on_words, r);
    r->on_end = event_new(base, r->child.end, EV_READ, on_end, r);
    if (!r->on_words || !r->on_end || event_add(r->on_words, NULL) != 0 ||
        event_add(r->on_end, NULL) != 0)
        return ST_NOMEM;
    return ST_OK;
}

static void describe_end(const local_resolver *r, int status, char *out, size_t size)
{
    char said[RESOLVER_WORDS_MAX_BYTES + 1];
    resolver_words_errors(&r->words, said, sizeof said);
    snprintf(out, size, "%s %d%s%s", WIFSIGNALED(status) ? "by signal" : "with exit code",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said[0] ? ": " : "",
             said);
}

/* Tells it; it is started again after a pause, a few times. */
static void has_ended(local_resolver *r, const char *how)
{
    struct timeval pause = {RESOLVER_RESTART_MS / 1000, RESOLVER_RESTART_MS % 1000 * 1000};
    bool again = r->report.restarts < RESOLVER_RESTARTS_MAX;
    if (again) {
        r->report.restarts++;
        event_add(r->on_restart, &pause);
    }
    r->ended(r->arg, how, again);
}

/* Who asks it meanwhile is refused by the kernel and waits (dns.h), so nobody waits here. */
static void start_again(local_resolver *r)
{
    enum status st = spawn(r);
    if (st == ST_OK)
        st = watch_child(r, event_get_base(r->on_restart));
    if (st == ST_OK)
        return;
    const char *why = st == ST_IO ? strerror(errno) : status_text(st);
    stop_watching(r);
    child_stop(&r->child, 0, NULL, NULL);
    has_ended(r, why);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    start_again(arg);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    local_resolver *r = arg;
    struct rusage use;
    char how[RESOLVER_WORDS_MAX_BYTES + 64];
    int status;
    (void)fd;
    (void)what;
    read_words(r);
    stop_watching(r);
    child_stop(&r->child, 0, &status, &use);
    add_cost(r, &use);
    if (r->replanned) {
        r->replanned = false;
        start_again(r);
        return;
    }
    describe_end(r, status, how, sizeof how);
    has_ended(r, how);
}

enum status local_resolver_watch(local_resolver *r, struct event_base *base,
                                 resolver_ended_fn ended, void *arg)
{
    r->ended = ended;
    r->arg = arg;
    r->on_restart = evtimer_new(base, on_restart, r);
    return r->on_restart ? watch_child(r, base) : ST_NOMEM;
}

enum status local_resolver_replan(local_resolver *r, const struct resolver_plan *plan,
                                  bool *changed, char error[RESOLVER_ERROR_MAX_BYTES])
{
    enum status st = make_conf(r, plan, changed, error);
    if (*changed && r->child.pid > 0) { /* else it waits to be started anyway */
        r->replanned = true;
        child_terminate(&r->child);
    }
    return st;
}

const struct endpoint *local_resolver_endpoint(const local_resolver *r)
{
    return &r->at;
}

struct resolver_report local_resolver_report(const local_resolver *r)
{
    return r->report;
}

void local_resolver_stop(local_resolver *r)
{
    struct rusage use;
    stop_watching(r);
    if (r->on_restart)
        event_free(r->on_restart);
    r->on_restart = NULL;
    if (r->child.pid == 0)
        return;
    child_stop(&r->child, RESOLVER_STOP_MS, NULL, &use);
    add_cost(r, &use);
}

void local_resolver_free(local_resolver *r)
{
    if (!r)
        return;
    local_resolver_stop(r);
    resolver_files_close(&r->files);
    free(r);
}
