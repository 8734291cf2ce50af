/* stats: counting records and adding counters up. */
#include "scanner/stats.h"

#include <string.h>

const char *const invalid_reason_words[INVALID_REASONS] = {
    "empty",      "too_long",      "label_too_long", "empty_label",    "bad_character",
    "not_utf8",   "idna",          "single_label",   "ip_address",     "line_too_long",
    "csv_quotes", "csv_no_domain", "zone_syntax",    "zone_directive", "other",
};

static const char *const fail_stage_names[FAIL_STAGE_COUNT] = {
    [FAIL_DNS] = "dns",   [FAIL_TCP] = "tcp",       [FAIL_TLS] = "tls",
    [FAIL_HTTP] = "http", [FAIL_SYNTAX] = "syntax",
};

const char *fail_stage_name(enum fail_stage stage)
{
    return (unsigned)stage < FAIL_STAGE_COUNT ? fail_stage_names[stage] : "unknown";
}

static void count_reason(struct scan_stats *s, const char *reason)
{
    size_t i = 0;
    while (i < INVALID_REASONS - 1 && (!reason || strcmp(reason, invalid_reason_words[i]) != 0))
        i++;
    s->invalid[i]++;
}

/* Findings are sorted, so that those of one code stand together. */
static void count_findings(struct scan_stats *s, const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        bool again = i > 0 && f->v[i - 1].code == f->v[i].code;
        if (!again && finding_row(f->v[i].code)->effect != EFFECT_STATE)
            s->finding[f->v[i].code]++;
    }
}

void stats_count_record(struct scan_stats *s, const struct evidence *e, const struct judgement *j)
{
    s->records++;
    s->adoption[j->adoption]++;
    s->verdict[j->verdict]++;
    if (j->cause >= 0)
        s->cause[j->cause]++;
    if (e->input == INPUT_INVALID)
        count_reason(s, e->input_reason);
    count_findings(s, &j->findings);
    for (int stage = 0; j->policy_stage && stage < FAIL_STAGE_COUNT; stage++)
        if (strcmp(j->policy_stage, fail_stage_names[stage]) == 0)
            s->policy_failed[stage]++;
}

const struct stats_counter stats_work[] = {
    {"dns_sent", offsetof(struct scan_stats, dns_sent)},
    {"dns_retries", offsetof(struct scan_stats, dns_retries)},
    {"dns_tcp", offsetof(struct scan_stats, dns_tcp)},
    {"dns_dropped", offsetof(struct scan_stats, dns_dropped)},
    {"fetches", offsetof(struct scan_stats, fetches)},
    {"probes", offsetof(struct scan_stats, probes)},
    {"aia_fetches", offsetof(struct scan_stats, aia_fetches)},
    {"probe_cache_hits", offsetof(struct scan_stats, probe_cache_hits)},
    {"name_cache_hits", offsetof(struct scan_stats, name_cache_hits)},
    {"signature_cache_hits", offsetof(struct scan_stats, signature_cache_hits)},
    {"signature_cache_misses", offsetof(struct scan_stats, signature_cache_misses)},
    {"cache_evictions", offsetof(struct scan_stats, cache_evictions)},
    {"guard_special", offsetof(struct scan_stats, guard_special)},
    {"guard_blocklisted", offsetof(struct scan_stats, guard_blocklisted)},
    {"coalesced", offsetof(struct scan_stats, coalesced)},
    {"coalesced_in_vain", offsetof(struct scan_stats, coalesced_in_vain)},
    {"over_budget", offsetof(struct scan_stats, over_budget)},
    {"retried", offsetof(struct scan_stats, retried)},
    {"lag_retries", offsetof(struct scan_stats, lag_retries)},
    {"uplink_retries", offsetof(struct scan_stats, uplink_retries)},
    {"uplink_suspected", offsetof(struct scan_stats, uplink_suspected)},
    {"loop_turns", offsetof(struct scan_stats, loop_turns)},
    {"watchdog", offsetof(struct scan_stats, watchdog)},
};
const size_t stats_work_n = sizeof stats_work / sizeof stats_work[0];

void stats_add(struct scan_stats *into, const struct scan_stats *from)
{
    /* Nothing but uint64_t counters stands in it: a new one needs no line here. */
    _Static_assert(sizeof(struct scan_stats) % sizeof(uint64_t) == 0, "counters only");
    uint64_t a[sizeof(struct scan_stats) / sizeof(uint64_t)];
    uint64_t b[sizeof(struct scan_stats) / sizeof(uint64_t)];
    memcpy(a, into, sizeof a);
    memcpy(b, from, sizeof b);
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++)
        a[i] += b[i];
    memcpy(into, a, sizeof a);
}
