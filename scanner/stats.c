/* stats: counting records and adding counters up. */
#include "scanner/stats.h"

#include <string.h>

const char *const invalid_reason_words[INVALID_REASONS] = {
    "empty",      "too_long",      "label_too_long", "empty_label",    "bad_character",
    "not_utf8",   "idna",          "single_label",   "ip_address",     "line_too_long",
    "csv_quotes", "csv_no_domain", "zone_syntax",    "zone_directive", "other",
};

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
        if (strcmp(j->policy_stage, fail_stage_name((enum fail_stage)stage)) == 0)
            s->policy_failed[stage]++;
}

#define AT(field) offsetof(struct scan_stats, field)
const struct stats_counter stats_work[] = {
    {"dns_sent", "DNS datagrams sent", AT(dns_sent)},
    {"dns_retries", "DNS datagrams sent again", AT(dns_retries)},
    {"dns_tcp", "DNS questions asked over TCP", AT(dns_tcp)},
    {"dns_dropped", "DNS datagrams that answer no question", AT(dns_dropped)},
    {"fetches", "HTTPS and HTTP connections", AT(fetches)},
    {"probes", "SMTP connections", AT(probes)},
    {"aia_fetches", NULL, AT(aia_fetches)},
    {"probe_cache_hits", "probes answered by an earlier one", AT(probe_cache_hits)},
    {"name_cache_hits", "lookups answered by an earlier one", AT(name_cache_hits)},
    {"signature_cache_hits", "signatures of certificates known from earlier",
     AT(signature_cache_hits)},
    {"signature_cache_misses", "signatures of certificates verified", AT(signature_cache_misses)},
    {"cache_evictions", "entries put out of full caches", AT(cache_evictions)},
    {"guard_special", "contacts refused: special-purpose addresses", AT(guard_special)},
    {"guard_blocklisted", "contacts refused: blocklist", AT(guard_blocklisted)},
    {"coalesced", NULL, AT(coalesced)},
    {"coalesced_in_vain", NULL, AT(coalesced_in_vain)},
    {"over_budget", NULL, AT(over_budget)},
    {"retried", "domains of the second pass", AT(retried)},
    {"lag_retries", "connections tried again for our own lag", AT(lag_retries)},
    {"uplink_retries", "connections tried again for our own uplink", AT(uplink_retries)},
    {"uplink_suspected", "times that a worker found nobody answering", AT(uplink_suspected)},
    {"loop_turns", "turns of the workers' event loops", AT(loop_turns)},
    {"watchdog", "domains ended by --timeout-domain", AT(watchdog)},
};
#undef AT
const size_t stats_work_n = sizeof stats_work / sizeof stats_work[0];

uint64_t stats_counter_of(const struct scan_stats *s, const struct stats_counter *c)
{
    return *(const uint64_t *)(const void *)((const char *)s + c->offset);
}

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
