/* What a worker tells the scan, and its counters. */
#include "scanner/worker/unit.h"
#include "scanner/worker/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum { OVERDUE_NAMED_MAX = 20 }; /* units that the watchdog of a worker names; all are counted */

void worker_tell(struct worker *w, struct worker_report content)
{
    struct worker_report *r = malloc(sizeof *r);
    if (!r) {
        free(content.stats);
        return;
    }
    *r = content;
    r->worker = w->id;
    r->pass = w->pass;
    r->mail.deliver = w->shared->on_report;
    mailbox_send(w->shared->scan, &r->mail);
}

void worker_tell_lookups(struct worker *w)
{
    if (w->brake_tried > 0)
        worker_tell(w, (struct worker_report){.kind = REPORT_LOOKUPS,
                                              .tried = w->brake_tried,
                                              .answered = w->brake_answered});
    w->brake_tried = w->brake_answered = 0;
}

void worker_count_lookup(struct worker *w, enum lookup status)
{
    if (w->pass > 0 || status == LOOKUP_ABANDONED)
        return;
    w->brake_tried++;
    w->brake_answered += !lookup_is_undetermined(status);
    if (w->brake_tried >= BRAKE_REPORT)
        worker_tell_lookups(w);
}

void worker_tell_overdue(struct worker *w, const struct unit *u)
{
    if (++w->stats.watchdog > OVERDUE_NAMED_MAX)
        return;
    struct worker_report r = {.kind = REPORT_OVERDUE};
    unsigned questions = 0, connections = 0;
    unit_count_waits(u, &questions, &connections);
    snprintf(r.text, sizeof r.text,
             "%s: ended by --timeout-domain (%s: %u questions, %u connections under way)",
             u->e.domain, unit_state_name(u->state), questions, connections);
    worker_tell(w, r);
}

void worker_tell_uplink(struct worker *w, const struct uplink_news *news)
{
    worker_tell(w, (struct worker_report){.kind = REPORT_UPLINK, .news = *news});
}

void worker_fail(struct worker *w)
{
    worker_tell(w, (struct worker_report){.kind = REPORT_FAILED});
}

size_t worker_remembered_bytes(const struct worker *w)
{
    size_t bytes = waitq_bytes(w->names) + waitq_bytes(w->aia) + w->withheld.bytes;
    return w->owner.probes ? bytes + waitq_bytes(w->owner.probes) : bytes;
}

void worker_stats(const struct worker *w, struct scan_stats *out)
{
    struct dns_stats dns = {.sent = 0};
    *out = w->stats;
    if (w->dns)
        dns_stats(w->dns, &dns);
    out->dns_sent = dns.sent;
    out->dns_retries = dns.retries;
    out->dns_tcp = dns.tcp;
    out->dns_dropped = dns.dropped;
    out->cache_evictions = waitq_evictions(w->names) + waitq_evictions(w->aia);
    if (w->owner.probes)
        out->cache_evictions += waitq_evictions(w->owner.probes);
    if (w->owner.signatures) {
        struct signatures_counts counts = signatures_counts(w->owner.signatures);
        out->signature_cache_hits = counts.hits;
        out->signature_cache_misses = counts.misses;
        out->cache_evictions += counts.evictions;
    }
}
