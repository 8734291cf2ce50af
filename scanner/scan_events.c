/* The signals and timers of a scan. */
#include "scanner/scan_course.h"

#include "scanner/clock.h"
#include <signal.h>

static void on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    if (s->draining) {
        scan_stop_at_once(s, EXIT_SIGNAL, "stopped at once by a signal");
        return;
    }
    scan_say(s, "stopping: no new input, finishing what is under way "
                "(again to stop at once)");
    scan_drain(s, "stopped by a signal");
}

static void on_usr1(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    s->print_wanted = true;
    scan_ask_stats(s);
}

/* The arguments are parsed again, which reads the files that they name; of the result only rates
 * and limits are taken. */
static void reload_rates(struct scan *s)
{
    struct scan_options fresh;
    if (s->caller || options_parse(s->options->argc, s->options->argv, &fresh) != ST_OK) {
        scan_say(s, "rates and limits stay as they were");
        return;
    }
    struct worker_rates rates = worker_rates_of(&fresh);
    s->dns_rate = fresh.dns_rate;
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_set_rates(s->shared.worker[i], &rates);
    scan_say(s, "read again: %u questions, %u policy fetches, %u probes a second at most",
             (unsigned)rates.dns, (unsigned)rates.policy, (unsigned)rates.probe);
    options_free(&fresh);
}

static void on_hup(evutil_socket_t sig, short what, void *arg)
{
    struct scan *s = arg;
    (void)sig;
    (void)what;
    if (setup_reload_blocklist(&s->setup, &s->shared) != ST_OK)
        scan_say(s, "the blocklist stays as it was");
    reload_rates(s);
    scan_replan_resolver(s);
}

static void on_runtime(evutil_socket_t fd, short what, void *arg)
{
    struct scan *s = arg;
    (void)fd;
    (void)what;
    scan_say(s, "--max-runtime reached: finishing what is under way");
    scan_drain(s, "--max-runtime reached");
}

static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    scan_finish(arg, ORDER_STOP);
}

static void on_progress(evutil_socket_t fd, short what, void *arg)
{
    struct scan *s = arg;
    (void)fd;
    (void)what;
    struct progress_view v = scan_view(s);
    progress_tick(s->progress, &v, clock_ms());
}

static void on_monitor(evutil_socket_t fd, short what, void *arg)
{
    struct scan *s = arg;
    (void)fd;
    (void)what;
    s->status_wanted = true;
    scan_ask_stats(s);
}

enum status scan_add_events(struct scan *s)
{
    s->on_int = evsignal_new(s->base, SIGINT, on_stop_signal, s);
    s->on_term = evsignal_new(s->base, SIGTERM, on_stop_signal, s);
    s->on_usr1 = evsignal_new(s->base, SIGUSR1, on_usr1, s);
    s->on_hup = evsignal_new(s->base, SIGHUP, on_hup, s);
    s->runtime = evtimer_new(s->base, on_runtime, s);
    s->drain_over = evtimer_new(s->base, on_drain_over, s);
    s->on_progress = event_new(s->base, -1, EV_PERSIST, on_progress, s);
    s->on_monitor = event_new(s->base, -1, EV_PERSIST, on_monitor, s);
    if (!s->on_int || !s->on_term || !s->on_usr1 || !s->on_hup || !s->runtime || !s->drain_over ||
        !s->on_progress || !s->on_monitor)
        return ST_NOMEM;
    struct timeval period = {MONITOR_PERIOD_MS / 1000, MONITOR_PERIOD_MS % 1000 * 1000};
    if (s->status_fd >= 0 || s->metrics)
        event_add(s->on_monitor, &period);
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

void scan_free_events(struct scan *s)
{
    struct event *const all[] = {s->on_int,  s->on_term,    s->on_usr1,     s->on_hup,
                                 s->runtime, s->drain_over, s->on_progress, s->on_monitor};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i])
            event_free(all[i]);
}
