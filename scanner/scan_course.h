/* scan_course - how a scan goes once it runs: passes, brake, drain (scan_course.c), signals and
 * timers (scan_events.c), what its monitor shows (scan_monitor.c), its end in words (scan_end.c).
 *
 * Everything here is on the scan's own thread and its event loop; workers, reader and writer report
 * by message. scan.c makes and ends what runs, scan_workers.c the workers. */
#ifndef SCANNER_SCAN_COURSE_H
#define SCANNER_SCAN_COURSE_H

#include "scanner/local_resolver.h"
#include "scanner/net/page_server.h"
#include "scanner/output/monitor.h"
#include "scanner/output/progress.h"
#include "scanner/resume.h"
#include "scanner/scan.h"
#include "scanner/scan_ehlo.h"
#include "scanner/scan_setup.h"

/* How a scan goes: the first pass, the second over what stayed undetermined, the end. */
enum scan_phase { PHASE_FIRST, PHASE_SECOND, PHASE_ENDING };

struct scan {
    const struct scan_options *options;
    const struct scan_caller *caller; /* NULL: files */
    struct scan_setup setup;
    struct worker_shared shared;
    local_resolver *resolver; /* --local-resolver, or NULL */
    uint32_t dns_rate;        /* as it was read last */
    input *input;
    struct resume resume; /* what an earlier run left; read-only once the workers run */
    struct event_base *base;
    struct event *on_int, *on_term, *on_usr1, *on_hup, *on_progress, *on_monitor;
    struct event *runtime, *drain_over;
    progress *progress;
    struct brake brake;
    enum scan_phase phase;
    uint32_t pass, n_idle;
    bool draining;
    int exit_code;
    const char *exit_reason;  /* a short sentence for the metadata */
    uint64_t begin_ms;        /* of this run, clock_ms */
    struct scan_stats wanted; /* the workers' answers so far, added up */
    uint32_t n_wanted;
    bool asked;                       /* answers are due, */
    bool print_wanted, status_wanted; /* and then to be printed, or a line of the status file */
    struct scan_stats known;          /* the last whole answer, with what earlier runs counted */
    ehlo_check *ehlo;                 /* under way or done, or NULL */
    bool ehlo_pending;
    struct strbuf ehlo_notes; /* what it found missing, a line an address */
    int status_fd;            /* --status-file, or -1 */
    page_server *metrics;     /* --metrics, or NULL */
    struct scan_link {
        uint32_t n_cut_off;     /* workers that hear nobody: over IPv4, over IPv6 */
        enum uplink_state told; /* to the user */
    } link[2];
    struct mail writer_failed;
    atomic_int writer_errno;
    atomic_bool writer_has_failed;
    atomic_uint_fast64_t durable; /* records on disk, those of earlier runs among them */
};

/* A message for the user, on a line of its own. */
__attribute__((format(printf, 2, 3))) void scan_say(const struct scan *s, const char *fmt, ...);
void scan_set_exit(struct scan *s, int code, const char *reason);
/* The same, and what is under way is dropped. */
void scan_stop_at_once(struct scan *s, int code, const char *reason);
/* No new input; what is under way is finished, within the longest deadline. */
void scan_drain(struct scan *s, const char *reason);
/* Nothing is under way any more, or nothing more is to be waited for: the workers get this order,
 * and the loop ends. */
void scan_finish(struct scan *s, enum worker_order order);
void scan_order_all(struct scan *s, enum worker_order order);

/* scan_resolver.c: starts --local-resolver if it is asked for, and makes it the one that is asked;
 * any failure has a message on stderr and an exit code. Watches it once there is a loop. */
enum status scan_start_resolver(struct scan *s);
enum status scan_watch_resolver(struct scan *s);
/* After SIGHUP: with the blocklist and the rate as they are now. */
void scan_replan_resolver(struct scan *s);

/* scan_monitor.c: what the workers' live counters say, for progress and metrics. */
struct progress_view scan_view(const struct scan *s);
/* Opens --status-file and --metrics as far as they are asked for. ST_USAGE with a message on
 * stderr. */
enum status scan_open_monitor(struct scan *s);
/* One line of the status file, if there is one. */
void scan_write_status(struct scan *s);
/* The last line of the status file, from the final counters (NULL: there was no scan); ends the
 * metrics. */
void scan_end_monitor(struct scan *s, const struct scan_stats *total, uint64_t durable);

/* Asks all workers for their counters; `known` is new when all have answered. One round at a time,
 * so that none is added up twice. */
void scan_ask_stats(struct scan *s);
/* Says on stderr what is scanned ("scanning", "would scan") into what, with how many resolvers (0:
 * its own). */
void scan_say_beginning(const struct scan_options *o, const char *doing, size_t n_resolvers);
/* scan_dry.c: what --dry-run shows; gives the exit code. */
int scan_dry_run(const struct scan_options *o);
/* scan_workers.c: how many there are to be. */
uint32_t scan_workers(const struct scan_options *o);
/* Makes them, who know then what earlier runs probed. ST_NOMEM: those that were
 * made are to be ended all the same. */
enum status scan_make_workers(struct scan *s);
/* Waits until all have stopped; those that never ran are fine. */
void scan_join_workers(struct scan *s);
/* Ends and frees them; *total: what they and earlier runs counted. */
void scan_end_workers(struct scan *s, struct scan_stats *total);

/* Takes a worker's report (worker_shared.on_report). */
void scan_on_report(struct mail *report, void *scan);
/* The writer's events; arg is the scan. On the writer's thread, and that a file cannot be written
 * from any thread. */
void scan_on_durable(void *arg, const uint64_t *indexes, size_t n);
void scan_on_writer_failed(void *arg, int err);
void scan_on_lines(void *arg, struct slice lines); /* when there is a caller */

/* scan_end.c: writes the metadata and says how it ended, from the final counters; handed_out: items
 * that the reader gave away. The exit code may change. */
void scan_leave(struct scan *s, const struct scan_stats *total, const struct writer_totals *written,
                uint64_t handed_out);
/* The same when the input cannot be opened: what an earlier scan left under the name stays. */
void scan_leave_unread(struct scan *s);

/* scan_events.c: signals, progress, monitor and the runtime, from now on until they are freed. */
enum status scan_add_events(struct scan *s);
void scan_free_events(struct scan *s);

#endif
