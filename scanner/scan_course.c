#include "scanner/scan_course.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_GRACE_MS = 2000 };

void scan_say(const struct scan *s, const char *fmt, ...)
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

void scan_order_all(struct scan *s, enum worker_order order)
{
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_send_order(s->shared.worker[i], order);
}

void scan_finish(struct scan *s, enum worker_order order)
{
    if (s->phase == PHASE_ENDING)
        return;
    s->phase = PHASE_ENDING;
    feed_stop(s->shared.feed);
    scan_order_all(s, order);
    event_base_loopbreak(s->base);
}

void scan_set_exit(struct scan *s, int code, const char *reason)
{
    s->exit_code = code;
    s->exit_reason = reason;
}

void scan_stop_at_once(struct scan *s, int code, const char *reason)
{
    scan_set_exit(s, code, reason);
    scan_finish(s, ORDER_STOP);
}

void scan_drain(struct scan *s, const char *reason)
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
    scan_set_exit(s, EXIT_SIGNAL, reason);
    feed_stop(s->shared.feed);
    scan_order_all(s, ORDER_DRAIN);
    struct timeval tv = {longest / 1000, (longest % 1000) * 1000};
    event_add(s->drain_over, &tv);
}

static void brake(struct scan *s)
{
    scan_say(s,
             "stopped: only %.1f %% of the last %llu record lookups got an answer "
             "(--min-success %g); look at the resolvers, then --resume",
             brake_success_pct(&s->brake), (unsigned long long)s->brake.tried,
             s->options->min_success_pct);
    scan_stop_at_once(s, EXIT_BRAKE, "stopped by the brake: too few lookups got an answer");
}

static void pass_over(struct scan *s)
{
    if (s->phase == PHASE_FIRST && !s->draining && brake_at_end(&s->brake)) {
        brake(s);
    } else if (s->phase == PHASE_FIRST && !s->draining) {
        enum status read = feed_ended(s->shared.feed);
        if (read == ST_USAGE) {
            scan_say(s, "--resume: input: %s", input_error(s->input));
            scan_set_exit(s, EXIT_USAGE, "refused to resume with another input");
            scan_finish(s, ORDER_STOP);
            return;
        }
        if (read != ST_EOF) {
            scan_say(s, "input: %s", s->input ? input_error(s->input) : status_text(read));
            scan_set_exit(s, EXIT_INPUT, "the input could not be read to its end");
        }
        s->phase = PHASE_SECOND;
        s->pass = 1;
        s->n_idle = 0;
        scan_order_all(s, ORDER_SECOND_PASS);
    } else {
        scan_finish(s, ORDER_FINISH);
    }
}

static void print_stats(const struct scan *s, const struct scan_stats *t)
{
    scan_say(s,
             "%llu records, %llu durable; dns: %llu sent, %llu retries, %llu by tcp; "
             "%llu fetches, %llu probes (%llu from cache), %llu names from cache",
             (unsigned long long)t->records, (unsigned long long)atomic_load(&s->durable),
             (unsigned long long)t->dns_sent, (unsigned long long)t->dns_retries,
             (unsigned long long)t->dns_tcp, (unsigned long long)t->fetches,
             (unsigned long long)t->probes, (unsigned long long)t->probe_cache_hits,
             (unsigned long long)t->name_cache_hits);
}

void scan_ask_stats(struct scan *s)
{
    if (s->asked)
        return;
    s->asked = true;
    s->n_wanted = 0;
    for (uint32_t i = 0; i < s->shared.n_workers; i++)
        worker_ask_stats(s->shared.worker[i]);
}

static void stats_known(struct scan *s)
{
    s->asked = false;
    s->n_wanted = 0;
    s->known = s->wanted;
    if (s->print_wanted)
        print_stats(s, &s->wanted);
    /* In the end the workers are gone, and the last line is another one's. */
    if (s->status_wanted && s->phase != PHASE_ENDING)
        scan_write_status(s);
    s->print_wanted = s->status_wanted = false;
}

/* Each worker has a view of its own; the user hears of the first that suspects, of the first that
 * waits no longer, and of the last that is back. */
static void on_uplink(struct scan *s, const struct uplink_news *news)
{
    struct scan_link *link = &s->link[addr_family_slot(news->family)];
    unsigned family = news->family, seconds = news->silent_ms / 1000;
    if (news->before == UPLINK_UP)
        link->n_cut_off++;
    else if (news->state == UPLINK_UP)
        link->n_cut_off--;
    bool first = news->state > link->told, last = link->n_cut_off == 0;
    if (!first && !last)
        return;
    link->told = news->state;
    switch (news->state) {
    case UPLINK_SUSPECTED:
        scan_say(s,
                 news->ever ? "IPv%u: nobody has answered for %u s: our own uplink is taken for "
                              "down; connections wait for an answer"
                            : "IPv%u: nobody has answered yet, for %u s: our own uplink may be "
                              "down; connections wait for an answer",
                 family, seconds);
        break;
    case UPLINK_BELIEVED:
        scan_say(s, "IPv%u: nobody has answered for %u s: silent hosts are taken for dead", family,
                 seconds);
        break;
    case UPLINK_GIVEN_UP:
        scan_say(s, "IPv%u: nobody has answered for %u s: silent hosts are left undetermined",
                 family, seconds);
        break;
    case UPLINK_UP:
        scan_say(s, "IPv%u: answers come again, after %u s without", family, seconds);
        break;
    }
}

void scan_on_report(struct mail *mail, void *owner)
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
            scan_say(s, "out of memory");
        scan_stop_at_once(s, EXIT_OUTPUT, "out of memory");
        break;
    case REPORT_OVERDUE:
        scan_say(s, "%s", r->text);
        break;
    case REPORT_UPLINK:
        on_uplink(s, &r->news);
        break;
    case REPORT_STATS:
        if (s->n_wanted == 0)
            s->wanted = s->resume.stats; /* the whole scan is shown, as in the metadata */
        stats_add(&s->wanted, r->stats);
        if (++s->n_wanted == s->shared.n_workers)
            stats_known(s);
        free(r->stats);
        break;
    }
    free(r);
}

/* ---- the writer's reports ------------------------------------------------------------------- */

void scan_on_durable(void *arg, const uint64_t *indexes, size_t n)
{
    struct scan *s = arg;
    (void)indexes;
    atomic_fetch_add_explicit(&s->durable, n, memory_order_relaxed);
}

void scan_on_lines(void *arg, struct slice lines)
{
    struct scan *s = arg;
    s->caller->lines(s->caller->arg, lines);
}

static void writer_has_failed(struct mail *mail, void *owner)
{
    struct scan *s = owner;
    (void)mail;
    scan_say(s, "%s: %s", s->options->output, strerror(atomic_load(&s->writer_errno)));
    scan_stop_at_once(s, EXIT_OUTPUT, "the output could not be written");
}

void scan_on_writer_failed(void *arg, int err)
{
    struct scan *s = arg;
    if (atomic_exchange(&s->writer_has_failed, true))
        return; /* the mail is under way */
    atomic_store(&s->writer_errno, err);
    s->writer_failed.deliver = writer_has_failed;
    mailbox_send(s->shared.scan, &s->writer_failed);
}
