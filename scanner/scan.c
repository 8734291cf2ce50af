#include "scanner/scan.h"

#include "scanner/output/meta.h"
#include "scanner/output/progress.h"
#include "scanner/resume.h"
#include "scanner/scan_setup.h"
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_GRACE_MS = 2000 };

/* How a scan goes: the first pass, the second over what stayed undetermined, the end. */
enum scan_phase { PHASE_FIRST, PHASE_SECOND, PHASE_ENDING };

struct scan {
    const struct scan_options *options;
    struct scan_setup setup;
    struct worker_shared shared;
    input *input;
    struct resume resume; /* what an earlier run left; read-only once the workers run */
    struct event_base *base;
    struct event *on_int, *on_term, *on_usr1, *on_hup, *on_progress, *runtime, *drain_over;
    progress *progress;
    struct brake brake;
    enum scan_phase phase;
    uint32_t pass, n_idle;
    bool draining;
    int exit_code;
    const char *exit_reason;  /* a short sentence for the metadata */
    struct scan_stats wanted; /* answers to USR1, added up */
    uint32_t n_wanted;
    int64_t begin_ms; /* of this run, monotonic */
    struct mail writer_failed;
    atomic_int writer_errno;
    atomic_uint_fast64_t durable;
};

static int64_t monotonic_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A message for the user, on a line of its own. */
__attribute__((format(printf, 2, 3))) static void say(const struct scan *s, const char *fmt, ...)
{
    va_list ap;
    if (s->progress)
        progress_clear(s->progress);
    fputs("stscan: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* ---- the course of the scan ----------------------------------------------------------------- */

static void order_all(struct scan *s, enum worker_order order)
{
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_send_order(s->shared.worker[i], order);
}

/* Nothing is under way any more, or nothing more is to be waited for. */
static void end(struct scan *s, enum worker_order order)
{
    if (s->phase == PHASE_ENDING)
        return;
    s->phase = PHASE_ENDING;
    feed_stop(s->shared.feed);
    order_all(s, order);
    event_base_loopbreak(s->base);
}

static void set_exit(struct scan *s, int code, const char *reason)
{
    s->exit_code = code;
    s->exit_reason = reason;
}

/* No new input; what is under way is finished, within the longest deadline. */
static void drain(struct scan *s, const char *reason)
{
    if (s->draining || s->phase == PHASE_ENDING)
        return;
    const struct scan_options *o = s->options;
    uint32_t longest = o->timeout_dns_ms;
    if (o->timeout_policy_ms > longest)
        longest = o->timeout_policy_ms;
    if (o->timeout_probe_ms > longest)
        longest = o->timeout_probe_ms;
    longest += DRAIN_GRACE_MS;
    s->draining = true;
    set_exit(s, EXIT_SIGNAL, reason);
    feed_stop(s->shared.feed);
    order_all(s, ORDER_DRAIN);
    struct timeval tv = {longest / 1000, (longest % 1000) * 1000};
    event_add(s->drain_over, &tv);
}

static void brake(struct scan *s)
{
    say(s,
        "stopped: only %.1f %% of the last %llu record lookups got an answer "
        "(--min-success %g); look at the resolvers, then --resume",
        brake_success_pct(&s->brake), (unsigned long long)s->brake.tried,
        s->options->min_success_pct);
    set_exit(s, EXIT_BRAKE, "stopped by the brake: too few lookups got an answer");
    end(s, ORDER_STOP);
}

static void pass_over(struct scan *s)
{
    if (s->phase == PHASE_FIRST && !s->draining && brake_at_end(&s->brake)) {
        brake(s);
    } else if (s->phase == PHASE_FIRST && !s->draining) {
        enum status read = feed_ended(s->shared.feed);
        if (read != ST_EOF) {
            say(s, "input: %s", input_error(s->input));
            set_exit(s, EXIT_INPUT, "the input could not be read to its end");
        }
        s->phase = PHASE_SECOND;
        s->pass = 1;
        s->n_idle = 0;
        order_all(s, ORDER_SECOND_PASS);
    } else {
        end(s, ORDER_FINISH);
    }
}

static void print_stats(const struct scan *s, const struct scan_stats *t)
{
    say(s,
        "%llu records, %llu durable; dns: %llu sent, %llu retries, %llu by tcp; "
        "%llu fetches, %llu probes (%llu from cache), %llu names from cache",
        (unsigned long long)t->records, (unsigned long long)atomic_load(&s->durable),
        (unsigned long long)t->dns_sent, (unsigned long long)t->dns_retries,
        (unsigned long long)t->dns_tcp, (unsigned long long)t->fetches,
        (unsigned long long)t->probes, (unsigned long long)t->probe_cache_hits,
        (unsigned long long)t->name_cache_hits);
}

static void on_report(struct mail *mail, void *owner)
{
    struct scan *s = owner;
    struct worker_report *r = (struct worker_report *)mail;
    switch (r->kind) {
    case REPORT_LOOKUPS:
        if (brake_add(&s->brake, r->tried, r->answered) && s->phase == PHASE_FIRST)
            brake(s);
        break;
    case REPORT_IDLE:
        if (r->pass == s->pass && ++s->n_idle == s->shared.n_workers && s->phase != PHASE_ENDING)
            pass_over(s);
        break;
    case REPORT_FAILED:
        if (s->phase != PHASE_ENDING)
            say(s, "out of memory");
        set_exit(s, EXIT_OUTPUT, "out of memory");
        end(s, ORDER_STOP);
        break;
    case REPORT_STATS:
        if (s->n_wanted == 0)
            memset(&s->wanted, 0, sizeof s->wanted);
        stats_add(&s->wanted, r->stats);
        if (++s->n_wanted == s->shared.n_workers) {
            print_stats(s, &s->wanted);
            s->n_wanted = 0;
        }
        free(r->stats);
        break;
    }
    free(r);
}

/* ---- the writer's reports ------------------------------------------------------------------- */

static void on_durable(void *arg, const uint64_t *indexes, size_t n)
{
    struct scan *s = arg;
    (void)indexes;
    atomic_fetch_add_explicit(&s->durable, n, memory_order_relaxed);
}

static void on_writer_failed(struct mail *mail, void *owner)
{
    struct scan *s = owner;
    (void)mail;
    say(s, "%s: %s", s->options->output, strerror(atomic_load(&s->writer_errno)));
    set_exit(s, EXIT_OUTPUT, "the output could not be written");
    end(s, ORDER_STOP);
}

static void writer_failed(void *arg, int err)
{
    struct scan *s = arg;
    atomic_store(&s->writer_errno, err);
    s->writer_failed.deliver = on_writer_failed;
    mailbox_send(s->shared.scan, &s->writer_failed);
}

/* ---- signals and timers --------------------------------------------------------------------- */

static void on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    if (s->draining) {
        set_exit(s, EXIT_SIGNAL, "stopped at once by a second signal");
        end(s, ORDER_STOP);
        return;
    }
    say(s, "stopping: no new input, finishing what is under way "
           "(again to stop at once)");
    drain(s, "stopped by a signal");
}

static void on_usr1(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    s->n_wanted = 0;
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_ask_stats(s->shared.worker[i]);
}

static void on_hup(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    if (setup_reload_blocklist(&s->setup, &s->shared) != ST_OK)
        say(s, "the blocklist stays as it was");
}

static void on_runtime(evutil_socket_t fd, short what, void *arg)
{
    struct scan *s = arg;
    (void)fd;
    (void)what;
    say(s, "--max-runtime reached: finishing what is under way");
    drain(s, "--max-runtime reached");
}

static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    end(arg, ORDER_STOP);
}

static struct progress_view view(const struct scan *s)
{
    struct progress_view v = {.total = input_total(s->input), .done = s->resume.done.n};
    for (uint32_t i = 0; i < s->shared.n_workers; i++) {
        const struct stats_live *live = &s->shared.worker[i]->live;
        v.done += atomic_load_explicit(&live->done, memory_order_relaxed);
        v.adopters += atomic_load_explicit(&live->adopters, memory_order_relaxed);
        v.in_flight += atomic_load_explicit(&live->in_flight, memory_order_relaxed);
        v.failures += atomic_load_explicit(&live->failures, memory_order_relaxed);
    }
    return v;
}

static void on_progress(evutil_socket_t fd, short what, void *arg)
{
    struct scan *s = arg;
    (void)fd;
    (void)what;
    struct progress_view v = view(s);
    progress_tick(s->progress, &v, monotonic_ms());
}

static enum status add_events(struct scan *s)
{
    s->on_int = evsignal_new(s->base, SIGINT, on_stop_signal, s);
    s->on_term = evsignal_new(s->base, SIGTERM, on_stop_signal, s);
    s->on_usr1 = evsignal_new(s->base, SIGUSR1, on_usr1, s);
    s->on_hup = evsignal_new(s->base, SIGHUP, on_hup, s);
    s->runtime = evtimer_new(s->base, on_runtime, s);
    s->drain_over = evtimer_new(s->base, on_drain_over, s);
    s->on_progress = event_new(s->base, -1, EV_PERSIST, on_progress, s);
    if (!s->on_int || !s->on_term || !s->on_usr1 || !s->on_hup || !s->runtime || !s->drain_over ||
        !s->on_progress)
        return ST_NOMEM;
    struct timeval draw = {0, PROGRESS_DRAW_MS * 1000};
    event_add(s->on_progress, &draw);
    event_add(s->on_int, NULL);
    event_add(s->on_term, NULL);
    event_add(s->on_usr1, NULL);
    event_add(s->on_hup, NULL);
    if (s->options->max_runtime_ms > 0) {
        struct timeval tv = {s->options->max_runtime_ms / 1000,
                             (s->options->max_runtime_ms % 1000) * 1000};
        event_add(s->runtime, &tv);
    }
    return ST_OK;
}

static void free_events(struct scan *s)
{
    struct event *const all[] = {s->on_int,  s->on_term,    s->on_usr1,    s->on_hup,
                                 s->runtime, s->drain_over, s->on_progress};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i])
            event_free(all[i]);
}

/* ---- starting and ending -------------------------------------------------------------------- */

static void wake_worker(void *arg, uint32_t id)
{
    struct scan *s = arg;
    worker_wake_for_input(s->shared.worker[id]);
}

static enum status next_item(void *arg, struct input_item *out)
{
    return input_next(arg, out);
}

static enum status make_workers(struct scan *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = s->options->workers;
    if (n == 0)
        n = cores > 0 ? (uint32_t)cores : 1;
    s->shared.n_workers = n;
    s->shared.worker = calloc(n, sizeof(struct worker *));
    enum status st = s->shared.worker ? ST_OK : ST_NOMEM;
    for (uint32_t i = 0; st == ST_OK && i < n; i++)
        st = worker_new(&s->shared, i, &s->shared.worker[i]);
    return st;
}

/* Takes up what an earlier run left. ST_EOF: there is nothing to do. */
static enum status open_resume(struct scan *s)
{
    char error[512] = "";
    const struct scan_options *o = s->options;
    enum status st = resume_open(o, input_head(s->input), wall_clock_ms(), &s->resume,
                                 &s->exit_code, error, sizeof error);
    if (st == ST_EOF) {
        fprintf(stderr, "stscan: %s is complete: nothing to resume\n", o->output);
        s->exit_code = EXIT_COMPLETE;
    } else if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
    } else if (s->resume.done.n > 0) {
        input_skip(s->input, resume_is_done, &s->resume);
        if (!o->quiet)
            fprintf(stderr, "stscan: going on: %llu records are done\n",
                    (unsigned long long)s->resume.done.n);
    }
    return st;
}

static enum status open_all(struct scan *s)
{
    char error[512] = "";
    struct worker_shared *shared = &s->shared;
    enum status st = setup_open(&s->setup, shared, &s->exit_code);
    if (st != ST_OK)
        return st;
    st = input_open(s->options, &s->input, error, sizeof error);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        s->exit_code = EXIT_INPUT;
        return st;
    }
    st = open_resume(s);
    if (st != ST_OK)
        return st;
    s->exit_code = EXIT_OUTPUT;
    struct writer_events events = {.durable = on_durable, .failed = writer_failed, .arg = s};
    s->base = event_base_new();
    st = s->base ? mailbox_new(s->base, s, &shared->scan) : ST_NOMEM;
    shared->on_report = on_report;
    if (st == ST_OK)
        st = writer_open(s->options, s->resume.journal, &events, &shared->writer, error,
                         sizeof error);
    if (st == ST_OK)
        st = make_workers(s);
    struct feed_source source = {.next = next_item, .arg = s->input};
    struct feed_events wake = {.wake = wake_worker, .arg = s};
    if (st == ST_OK)
        st = feed_new(&source, &wake, shared->n_workers, &shared->feed);
    if (st == ST_OK)
        st = add_events(s);
    if (st == ST_OK)
        st = progress_new(STDERR_FILENO, s->options->quiet, monotonic_ms(), &s->progress);
    if (st == ST_OK)
        s->exit_code = EXIT_COMPLETE;
    else
        fprintf(stderr, "stscan: %s\n", error[0] ? error : status_text(st));
    return st;
}

/* All threads but this one take no signals. */
static enum status start_threads(struct scan *s)
{
    enum status st = ST_OK;
    for (uint32_t i = 0; st == ST_OK && i < s->shared.n_workers; i++)
        st = worker_start(s->shared.worker[i]);
    if (st == ST_OK)
        st = feed_start(s->shared.feed);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: cannot start threads\n");
        s->exit_code = EXIT_OUTPUT;
        order_all(s, ORDER_STOP);
    }
    return st;
}

static void join_workers(struct scan *s)
{
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_join(s->shared.worker[i]);
}

/* Ends the workers, which have stopped, and adds up what they counted. */
static void end_workers(struct scan *s, struct scan_stats *total)
{
    *total = s->resume.stats;
    for (uint32_t i = 0; i < s->shared.n_workers; i++) {
        struct scan_stats one;
        if (!s->shared.worker[i])
            continue;
        worker_stats(s->shared.worker[i], &one);
        stats_add(total, &one);
    }
    bool any = true;
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        if (s->shared.worker[i])
            worker_end(s->shared.worker[i]);
    while (any) {
        any = false;
        for (uint32_t i = 0; i < s->shared.n_workers; i++)
            any = (s->shared.worker[i] && worker_deliver(s->shared.worker[i])) || any;
    }
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_free(s->shared.worker[i]);
    free(s->shared.worker);
}

static void close_all(struct scan *s)
{
    free_events(s);
    mailbox_free(s->shared.scan);
    if (s->base)
        event_base_free(s->base);
    input_close(s->input);
    resume_close(&s->resume);
    setup_close(&s->setup);
    free(s);
}

/* Time spent scanning, earlier runs included. */
static uint64_t active_ms(const struct scan *s)
{
    if (s->resume.journal)
        return journal_active_ms(s->resume.journal);
    return (uint64_t)(monotonic_ms() - s->begin_ms);
}

static void write_meta(struct scan *s, const struct scan_stats *stats,
                       const struct writer_totals *written)
{
    char error[512] = "";
    struct input_counts counts;
    input_counts(s->input, &counts);
    counts.items += s->resume.done.n;
    counts.invalid += s->resume.invalid;
    struct scan_meta meta = {.options = s->options,
                             .stats = stats,
                             .input = &counts,
                             .written = written,
                             .fingerprint = &s->resume.input,
                             .active_ms = active_ms(s),
                             .runs = s->resume.runs,
                             .start_ms = s->resume.start_ms,
                             .end_ms = wall_clock_ms(),
                             .complete = s->exit_code == EXIT_COMPLETE,
                             .exit_code = s->exit_code,
                             .exit_reason = s->exit_reason};
    enum status st = meta_write(&meta, error, sizeof error);
    /* Only now: until the metadata says so, the scan is not complete. */
    if (st == ST_OK && meta.complete && resume_end(&s->resume) != ST_OK) {
        snprintf(error, sizeof error, "%s: %s", s->resume.state_path, strerror(errno));
        st = ST_IO;
    }
    if (st == ST_OK)
        return;
    fprintf(stderr, "stscan: %s\n", error);
    if (s->exit_code == EXIT_COMPLETE)
        s->exit_code = EXIT_OUTPUT;
}

/* The sum that must come out: what was read is written, or the line says how much is not. */
static void say_how_it_ended(const struct scan *s, const struct scan_stats *total,
                             const struct writer_totals *w, uint64_t handed_out)
{
    if (s->options->quiet)
        return;
    uint64_t read = handed_out + s->resume.done.n;
    uint64_t invalid = total->adoption[ADOPTION_INVALID_INPUT];
    invalid = invalid < w->records ? invalid : w->records;
    fprintf(stderr, "stscan: read %llu = written %llu + invalid %llu", (unsigned long long)read,
            (unsigned long long)(w->records - invalid), (unsigned long long)invalid);
    if (read != w->records)
        fprintf(stderr, " + not done %llu", (unsigned long long)(read - w->records));
    if (w->provisional > 0)
        fprintf(stderr, " (%llu of them written provisionally)",
                (unsigned long long)w->provisional);
    fprintf(stderr, ": %s\n", s->exit_code == EXIT_COMPLETE ? "complete" : s->exit_reason);
}

/* What --dry-run shows: the input is read to its end, nobody is asked. */
static int dry_run(const struct scan_options *o)
{
    char error[512] = "";
    input *in;
    if (input_open(o, &in, error, sizeof error) != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        return EXIT_INPUT;
    }
    struct input_item item;
    uint64_t valid = 0, invalid = 0;
    enum status st;
    while ((st = input_next(in, &item)) == ST_OK) {
        valid += !item.reason;
        invalid += item.reason != NULL;
    }
    printf("%llu names, %llu invalid lines\n", (unsigned long long)valid,
           (unsigned long long)invalid);
    if (st != ST_EOF)
        fprintf(stderr, "stscan: %s\n", input_error(in));
    input_close(in);
    return st == ST_EOF ? EXIT_COMPLETE : EXIT_INPUT;
}

int scan_run(const struct scan_options *o)
{
    if (o->dry_run)
        return dry_run(o);
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return EXIT_OUTPUT;
    s->options = o;
    s->shared.options = o;
    s->exit_reason = "complete";
    s->begin_ms = monotonic_ms();
    brake_init(&s->brake, o->min_success_pct, LIMIT_BRAKE_WINDOW);
    setup_raise_descriptors();
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);

    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    bool opened = open_all(s) == ST_OK;
    bool started = opened && start_threads(s) == ST_OK;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (started)
        event_base_dispatch(s->base);
    join_workers(s);
    if (s->progress) {
        struct progress_view v = view(s);
        progress_end(s->progress, &v, monotonic_ms());
    }

    struct scan_stats total;
    struct writer_totals written = {.records = 0};
    end_workers(s, &total);
    uint64_t handed_out = s->shared.feed ? feed_handed_out(s->shared.feed) : 0;
    feed_free(s->shared.feed);
    if (s->shared.writer && writer_close(s->shared.writer, &written) != ST_OK)
        set_exit(s, EXIT_OUTPUT, "the output could not be written");
    if (started) {
        write_meta(s, &total, &written);
        say_how_it_ended(s, &total, &written, handed_out);
    }
    int exit_code = s->exit_code;
    close_all(s);
    curl_global_cleanup();
    return exit_code;
}
