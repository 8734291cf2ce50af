/* stats - counters of one thread, added up by whoever shows them.
 *
 * Each thread owns one struct and alone writes it. A reader on another thread takes a snapshot by
 * message, or reads the relaxed atomics of stats_live (progress line). */
#ifndef SCANNER_STATS_H
#define SCANNER_STATS_H

#include "lib/judge.h"
#include <stdatomic.h>
#include <stddef.h>

/* Why input lines are invalid: the words of name_normalize and of the input's readers; any other
 * counts as the last one. */
enum { INVALID_REASONS = 15 };
extern const char *const invalid_reason_words[INVALID_REASONS];

struct scan_stats {
    uint64_t records;
    uint64_t invalid[INVALID_REASONS];
    uint64_t adoption[ADOPTION_COUNT];
    uint64_t verdict[VERDICT_COUNT];
    uint64_t finding[FINDING_CODE_COUNT]; /* domains with at least one */
    uint64_t cause[FINDING_CODE_COUNT];
    uint64_t policy_failed[FAIL_STAGE_COUNT];
    uint64_t probe_end[PROBE_END_COUNT]; /* probes made, not domains */
    uint64_t lookup[LOOKUP_COUNT];       /* questions asked */
    uint64_t dns_sent, dns_retries, dns_tcp, dns_dropped;
    uint64_t fetches, probes, probe_cache_hits, name_cache_hits, cache_evictions, aia_fetches;
    uint64_t signature_cache_hits, signature_cache_misses; /* of certificates; verified */
    uint64_t guard_special, guard_blocklisted;
    uint64_t coalesced, coalesced_in_vain; /* fetches over another host's connection; done again */
    uint64_t over_budget; /* fetches not made: the address had been asked too often */
    uint64_t retried;     /* domains of the second pass */
    uint64_t lag_retries; /* connections tried again, since our own lag may have made them fail */
    uint64_t uplink_retries;   /* the same, since our own uplink may have been down */
    uint64_t uplink_suspected; /* how often it was, by each worker */
    uint64_t loop_turns;       /* of the workers' loops, as far as they looked for what may start */
    uint64_t watchdog;
};
void stats_count_record(struct scan_stats *s, const struct evidence *e, const struct judgement *j);
/* Counters of work that stand alone, under the names that metadata, status file and metrics have
 * for them. */
struct stats_counter {
    const char *name;
    const char *help; /* NULL: for the metadata alone */
    size_t offset;    /* in struct scan_stats, of an uint64_t */
};
extern const struct stats_counter stats_work[];
extern const size_t stats_work_n;
uint64_t stats_counter_of(const struct scan_stats *s, const struct stats_counter *c);
void stats_add(struct scan_stats *into, const struct scan_stats *from);

/* What the progress line shows while threads run. */
struct stats_live {
    atomic_uint_fast64_t done, adopters, in_flight, failures;
};

#endif
