#include "scanner/scan.h"

#include "scanner/clock.h"
#include "scanner/net/fetch_memory.h"
#include "scanner/scan_course.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static void wake_worker(void *arg, uint32_t id)
{
    struct scan *s = arg;
    worker_wake_for_input(s->shared.worker[id]);
}

static enum status next_item(void *arg, struct input_item *out)
{
    struct scan *s = arg;
    return s->caller ? s->caller->next(s->caller->arg, out) : input_next(s->input, out);
}

/* Takes up what an earlier run left. ST_EOF: there is nothing to do. */
static enum status open_resume(struct scan *s)
{
    char error[512] = "";
    const struct scan_options *o = s->options;
    enum status st = resume_open(o, input_head(s->input), wall_ms(&s->shared.wall), &s->resume,
                                 &s->exit_code, error, sizeof error);
    if (st == ST_EOF) {
        fprintf(stderr, "stscan: %s is complete: nothing to resume\n", o->output);
        s->exit_code = EXIT_COMPLETE;
    } else if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
    } else if (s->resume.done.n > 0) {
        const struct scan_stats *then = &s->resume.stats;
        s->known = *then;
        atomic_store(&s->durable, s->resume.done.n);
        uint64_t asked = then->records - then->adoption[ADOPTION_INVALID_INPUT] -
                         then->adoption[ADOPTION_EXCLUDED];
        brake_go_on(&s->brake, asked, asked - then->adoption[ADOPTION_UNDETERMINED]);
        struct input_skip skip = resume_skip(&s->resume);
        input_skip(s->input, &skip);
        if (!o->quiet)
            fprintf(stderr, "stscan: going on: %llu records are done\n",
                    (unsigned long long)s->resume.done.n);
    }
    return st;
}

/* Whether anybody gets to see how much of the input there is. */
static bool shows_total(const struct scan_options *o)
{
    return !o->quiet || o->status_file || o->metrics;
}

/* Before signals are blocked: opening a pipe waits for whoever writes to it, perhaps for ever. */
static enum status open_input(struct scan *s)
{
    char error[512] = "";
    wall_start(&s->shared.wall);
    enum status st = setup_open(&s->setup, &s->shared, &s->exit_code);
    if (st != ST_OK)
        return st;
    if (!s->caller)
        st = input_open(s->options, &s->input, error, sizeof error);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        s->exit_code = EXIT_INPUT;
        scan_leave_unread(s);
        return st;
    }
    s->base = event_base_new();
    s->exit_code = s->base ? EXIT_USAGE : EXIT_OUTPUT;
    st = s->base ? scan_open_monitor(s) : ST_NOMEM;
    if (st == ST_OK)
        st = scan_start_resolver(s);
    if (st == ST_OK && !s->caller && shows_total(s->options))
        input_count(s->input);
    if (st == ST_OK && !s->caller) /* last: nothing of an output is touched in vain */
        st = open_resume(s);
    return st;
}

/* How often addresses were connected to, in this run and in those before it. */
static enum status open_budget(struct scan *s, char *error, size_t error_size)
{
    struct budget_limits per_address = {.connections = LIMIT_FETCHES_PER_ADDRESS,
                                        .misdirected = LIMIT_MISDIRECTED_PER_ADDRESS};
    const char *path = s->resume.budget_path;
    uint64_t key;
    if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
        return ST_INTERNAL;
    enum status st = budget_new(&per_address, key, &s->shared.fetches);
    if (st != ST_OK || !path)
        return st;
    budget_on_failure(s->shared.fetches, scan_on_writer_failed, s);
    st = budget_keep(s->shared.fetches, path, s->resume.goes_on);
    if (st == ST_NOT_FOUND)
        scan_say(s, "%s is gone: connections to an address are counted from 0 again", path);
    if (st == ST_IO)
        snprintf(error, error_size, "%s: %s", path,
                 errno == ELOOP ? "is a symbolic link, refusing to write through it"
                                : strerror(errno));
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status open_all(struct scan *s)
{
    char error[512] = "";
    struct worker_shared *shared = &s->shared;
    enum status st;
    s->exit_code = EXIT_OUTPUT;
    struct writer_events events = {
        .durable = scan_on_durable, .failed = scan_on_writer_failed, .arg = s};
    if (s->caller)
        events.lines = scan_on_lines;
    st = mailbox_new(s->base, s, &shared->scan);
    shared->on_report = scan_on_report;
    if (st == ST_OK)
        st = writer_open(s->options, s->resume.journal, &events, &shared->writer, error,
                         sizeof error);
    if (st == ST_OK)
        st = open_budget(s, error, sizeof error);
    if (st == ST_OK)
        st = scan_make_workers(s);
    struct feed_source source = {.next = next_item, .arg = s};
    struct feed_events wake = {.wake = wake_worker, .arg = s};
    if (st == ST_OK)
        st = feed_new(&source, &wake, shared->n_workers, &shared->feed);
    if (st == ST_OK)
        st = scan_add_events(s);
    if (st == ST_OK)
        st = scan_watch_resolver(s);
    if (st == ST_OK)
        st = progress_new(STDERR_FILENO, s->options->quiet, s->resume.done.n, clock_ms(),
                          &s->progress);
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
        scan_order_all(s, ORDER_STOP);
    }
    return st;
}

static void close_all(struct scan *s)
{
    scan_free_events(s);
    ehlo_check_free(s->ehlo);
    strbuf_free(&s->ehlo_notes);
    local_resolver_free(s->resolver);
    mailbox_free(s->shared.scan);
    if (s->base)
        event_base_free(s->base);
    input_close(s->input);
    budget_free(s->shared.fetches);
    resume_close(&s->resume);
    setup_close(&s->setup);
    free(s);
}

void scan_say_beginning(const struct scan_options *o, const char *doing, size_t n_resolvers)
{
    uint32_t workers = scan_workers(o);
    char resolvers[64] = "a resolver of its own";
    if (o->quiet)
        return;
    if (n_resolvers > 0)
        snprintf(resolvers, sizeof resolvers, "%zu resolver%s", n_resolvers,
                 n_resolvers == 1 ? "" : "s");
    fprintf(stderr, "stscan: %s %s into %s with %u worker%s and %s\n", doing,
            o->input && strcmp(o->input, "-") != 0 ? o->input : "standard input",
            strcmp(o->output, "-") != 0 ? o->output : "standard output", (unsigned)workers,
            workers == 1 ? "" : "s", resolvers);
    if (!o->no_probe && !o->ehlo_name)
        fputs("stscan: no --ehlo-name: MX hosts are not probed, and what depends on it stays "
              "undetermined\n",
              stderr);
}

int scan_run(const struct scan_options *o)
{
    return o->dry_run ? scan_dry_run(o) : scan_run_for(o, NULL);
}

static struct scan *scan_new(const struct scan_options *o, const struct scan_caller *caller)
{
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->options = o;
    s->caller = caller;
    s->shared.options = o;
    s->exit_reason = "complete";
    s->status_fd = -1;
    s->begin_ms = clock_ms();
    brake_init(&s->brake, o->min_success_pct, LIMIT_BRAKE_WINDOW);
    return s;
}

/* Opens everything and starts the threads; the signals stay this one's. */
static bool start(struct scan *s)
{
    sigset_t all, old;
    bool readable = open_input(s) == ST_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    bool started = readable && open_all(s) == ST_OK && start_threads(s) == ST_OK;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

static void end_progress(struct scan *s)
{
    if (!s->progress)
        return;
    struct progress_view v = scan_view(s);
    progress_end(s->progress, &v, clock_ms());
    s->progress = NULL; /* what is said from here on needs no line cleared */
}

/* Ends all that runs, whether or not all of it was started, and writes what is left to say. */
static void end(struct scan *s, bool started)
{
    struct scan_stats total;
    struct writer_totals written = {.records = 0};
    uint64_t handed_out = 0;
    s->phase = PHASE_ENDING; /* what is still reported changes nothing any more */
    scan_join_workers(s);
    end_progress(s);
    if (s->shared.feed)
        handed_out = feed_handed_out(s->shared.feed);
    feed_free(s->shared.feed); /* its reader may be about to wake a worker */
    scan_end_workers(s, &total);
    if (s->shared.writer && writer_close(s->shared.writer, &written) != ST_OK)
        scan_set_exit(s, EXIT_OUTPUT, "the output could not be written");
    scan_end_monitor(s, started ? &total : NULL, written.records);
    if (s->resolver)
        local_resolver_stop(s->resolver); /* what it cost stands in the metadata */
    if (started && !s->caller)
        scan_leave(s, &total, &written, handed_out);
}

int scan_run_for(const struct scan_options *o, const struct scan_caller *caller)
{
    struct scan *s = scan_new(o, caller);
    if (!s)
        return EXIT_OUTPUT;
    signal(SIGPIPE, SIG_IGN);
    fetch_memory_start();
    bool started = start(s);
    if (started && !caller)
        scan_say_beginning(o, "scanning", s->shared.n_resolvers);
    if (started) {
        scan_check_ehlo(s);
        event_base_dispatch(s->base);
        scan_await_ehlo(s);
    }
    end(s, started);
    if (!started)
        resume_undo(&s->resume);
    int exit_code = s->exit_code;
    close_all(s);
    fetch_memory_end();
    return exit_code;
}
