/* tally - counts over the records of one or more outputs. */
#ifndef ANALYSIS_TALLY_H
#define ANALYSIS_TALLY_H

#include "lib/judge.h"

enum { TIME_BYTES = 24 };

struct tally {
    uint64_t records, bad_lines, cut_records;
    uint64_t adoption[ADOPTION_COUNT];
    uint64_t verdict[VERDICT_COUNT];      /* of adopters */
    uint64_t finding[FINDING_CODE_COUNT]; /* adopters with at least one */
    uint64_t others[FINDING_CODE_COUNT];  /* domains that are no adopters, with at least one */
    uint64_t cause[FINDING_CODE_COUNT];
    uint64_t unknown_codes; /* findings and causes that this version does not know */
    uint64_t policy_valid, policy_invalid, policy_undetermined;
    uint64_t policy_failed[FAIL_STAGE_COUNT];
    uint64_t probe[PROBE_END_COUNT]; /* MX addresses as the domains see them, shared ones again */
    char first[TIME_BYTES + 1], last[TIME_BYTES + 1]; /* of ts; "" when none */
};

/* Adds one line. false (and counted in bad_lines) when it is no record. */
bool tally_line(struct tally *t, struct slice line);

/* Domains that have, or attempt, MTA-STS: broken, none, testing, enforce. */
uint64_t tally_adopters(const struct tally *t);
/* Domains of which it is known whether they are adopters: those and the absent ones. */
uint64_t tally_determined(const struct tally *t);

#endif
