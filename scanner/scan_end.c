/* What a scan leaves behind: its metadata, the journal's last point, the last line. */
#include "scanner/scan_course.h"

#include "scanner/clock.h"
#include "scanner/output/meta.h"
#include "scanner/output/names.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CLOCK_SET_NOTED_S = 2 }; /* less is drift, which NTP mends as it goes */

/* Time spent scanning, earlier runs included. */
static uint64_t active_ms(const struct scan *s)
{
    if (s->resume.journal)
        return journal_active_ms(s->resume.journal);
    return clock_ms() - s->begin_ms;
}

/* All is counted now, also what no batch told of: the next run is to begin with that. That it
 * cannot be written is no more than is said of the output already. */
static void enter_spent(struct scan *s, const struct scan_stats *total)
{
    if (!s->resume.journal)
        return;
    struct journal_point p = *journal_last(s->resume.journal);
    p.spent.work = *total;
    (void)journal_append(s->resume.journal, &p);
}

static void write_meta(struct scan *s, const struct scan_stats *stats,
                       const struct writer_totals *written)
{
    char error[512] = "";
    struct input_counts counts = {.items = 0};
    if (s->input)
        input_counts(s->input, &counts);
    counts.items += s->resume.done.n;
    counts.invalid += s->resume.invalid;
    struct resolver_report report = {.version = ""};
    if (s->resolver)
        report = local_resolver_report(s->resolver);
    struct spent before = {.cpu_ms = 0};
    if (s->resume.journal)
        before = *journal_spent_before(s->resume.journal);
    struct scan_meta meta = {.options = s->options,
                             .resolvers = s->shared.resolvers,
                             .n_resolvers = s->shared.n_resolvers,
                             .local_resolver = s->resolver ? &report : NULL,
                             .ehlo_notes = s->ehlo_notes.p,
                             .stats = stats,
                             .input = &counts,
                             .written = written,
                             .fingerprint = &s->resume.input,
                             .active_ms = active_ms(s),
                             .runs = s->resume.runs,
                             .before = before,
                             .start_ms = s->resume.start_ms,
                             .end_ms = wall_ms(&s->shared.wall),
                             .clock_set_by_ms = wall_set_by_ms(&s->shared.wall),
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

static void say_clock_was_set(const struct scan *s)
{
    int64_t by_s = wall_set_by_ms(&s->shared.wall) / 1000;
    if (by_s >= CLOCK_SET_NOTED_S || by_s <= -CLOCK_SET_NOTED_S)
        fprintf(stderr,
                "stscan: this machine's clock was set by %+lld s meanwhile; the times in the "
                "records go on from the start of the scan\n",
                (long long)by_s);
}

/* The sum that must come out: what was read is written, or the line says how much is not. */
static void say_how_it_ended(const struct scan *s, const struct scan_stats *total,
                             const struct writer_totals *w, uint64_t handed_out)
{
    if (s->options->quiet)
        return;
    say_clock_was_set(s);
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

void scan_leave(struct scan *s, const struct scan_stats *total, const struct writer_totals *written,
                uint64_t handed_out)
{
    if (s->exit_code != EXIT_COMPLETE)
        enter_spent(s, total);
    write_meta(s, total, written);
    say_how_it_ended(s, total, written, handed_out);
}

/* Whether an output of the name is there, whole or not. */
static bool output_exists(const char *output)
{
    struct output_names names;
    if (output_names_make(output, &names) != ST_OK)
        return true;
    bool exists = !names.meta || access(names.data, F_OK) == 0 || access(names.meta, F_OK) == 0 ||
                  access(names.state, F_OK) == 0;
    output_names_free(&names);
    return exists;
}

void scan_leave_unread(struct scan *s)
{
    const struct scan_stats nothing = {.records = 0};
    const struct writer_totals none = {.records = 0};
    if (output_exists(s->options->output))
        return;
    s->exit_reason = "the input could not be opened";
    s->resume.start_ms = wall_ms(&s->shared.wall);
    s->resume.runs = 1;
    write_meta(s, &nothing, &none);
}
