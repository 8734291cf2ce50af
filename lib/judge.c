/* judge: the names of its enums and the life of a judgement. */
#include "lib/judge.h"

#include <string.h>

/* Findings, patterns and names of one domain: far below the evidence that they come from. */
#define JUDGEMENT_MAX_BYTES EVIDENCE_MAX_BYTES

const char *adoption_name(enum adoption a)
{
    static const char *const names[ADOPTION_COUNT] = {
        [ADOPTION_ABSENT] = "absent",
        [ADOPTION_UNDETERMINED] = "undetermined",
        [ADOPTION_BROKEN] = "broken",
        [ADOPTION_NONE] = "none",
        [ADOPTION_TESTING] = "testing",
        [ADOPTION_ENFORCE] = "enforce",
        [ADOPTION_INVALID_INPUT] = "invalid_input",
        [ADOPTION_EXCLUDED] = "excluded",
    };
    return (unsigned)a < ADOPTION_COUNT ? names[a] : "unknown";
}

bool adoption_is_adopter(enum adoption a)
{
    return a == ADOPTION_BROKEN || a == ADOPTION_NONE || a == ADOPTION_TESTING ||
           a == ADOPTION_ENFORCE;
}

uint64_t adoption_adopters(const uint64_t count[ADOPTION_COUNT])
{
    uint64_t n = 0;
    for (int a = 0; a < ADOPTION_COUNT; a++)
        if (adoption_is_adopter((enum adoption)a))
            n += count[a];
    return n;
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_NOT_APPLICABLE] = "not_applicable",
        [VERDICT_UNPROTECTED] = "unprotected",
        [VERDICT_OFF] = "off",
        [VERDICT_PROTECTED] = "protected",
        [VERDICT_DEGRADED] = "degraded",
        [VERDICT_UNDELIVERABLE] = "undeliverable",
        [VERDICT_READY] = "ready",
        [VERDICT_WOULD_BLOCK] = "would_block",
        [VERDICT_UNDETERMINED] = "undetermined",
    };
    return (unsigned)v < VERDICT_COUNT ? names[v] : "unknown";
}

enum status adoption_by_name(struct slice word, enum adoption *out)
{
    for (int i = 0; i < ADOPTION_COUNT; i++) {
        *out = (enum adoption)i;
        if (slice_eq(word, slice_of(adoption_name(*out))))
            return ST_OK;
    }
    return ST_NOT_FOUND;
}

enum status verdict_by_name(struct slice word, enum verdict *out)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        *out = (enum verdict)i;
        if (slice_eq(word, slice_of(verdict_name(*out))))
            return ST_OK;
    }
    return ST_NOT_FOUND;
}

const char *fail_stage_name(enum fail_stage stage)
{
    static const char *const names[FAIL_STAGE_COUNT] = {
        [FAIL_DNS] = "dns",   [FAIL_TCP] = "tcp",       [FAIL_TLS] = "tls",
        [FAIL_HTTP] = "http", [FAIL_SYNTAX] = "syntax",
    };
    return (unsigned)stage < FAIL_STAGE_COUNT ? names[stage] : "unknown";
}

const char *component_name(enum component c)
{
    static const char *const names[COMPONENT_COUNT] = {
        [COMPONENT_SKIPPED] = "skipped",
        [COMPONENT_FOUND] = "found",
        [COMPONENT_ABSENT] = "absent",
        [COMPONENT_INVALID] = "invalid",
        [COMPONENT_UNDETERMINED] = "undetermined",
        [COMPONENT_VALID] = "valid",
        [COMPONENT_FAILED] = "failed",
        [COMPONENT_NULL_MX] = "null_mx",
        [COMPONENT_IMPLICIT] = "implicit",
    };
    return (unsigned)c < COMPONENT_COUNT ? names[c] : "unknown";
}

/* Everything but the arena. */
static void set_defaults(struct judgement *j)
{
    j->adoption = ADOPTION_UNDETERMINED;
    j->verdict = VERDICT_UNDETERMINED;
    j->cause = -1;
    j->record.rr = -1;
    j->policy.max_age_s = -1;
    findings_init(&j->findings, &j->arena);
}

void judgement_init(struct judgement *j)
{
    memset(j, 0, sizeof *j);
    arena_init(&j->arena, JUDGEMENT_MAX_BYTES);
    set_defaults(j);
}

void judgement_reset(struct judgement *j)
{
    arena_reset(&j->arena);
    struct arena kept = j->arena;
    memset(j, 0, sizeof *j);
    j->arena = kept;
    set_defaults(j);
}

void judgement_free(struct judgement *j)
{
    if (!j)
        return;
    arena_free(&j->arena);
    memset(j, 0, sizeof *j);
}
