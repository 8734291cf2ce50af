#include "scanner/check_suggest.h"

#include "lib/match.h"

#include <time.h>

enum {
    MAX_AGE_TESTING_SECONDS = 86400,   /* a day: mistakes of a first policy pass quickly */
    MAX_AGE_ENFORCE_SECONDS = 2592000, /* 30 days: RFC 8461 3.2 expects "weeks or greater" */
    MAX_AGE_WEAK_SECONDS = 1209600,    /* below it pol_max_age_weak */
};

/* Rows that ask for no other policy: testing is a step on the way, and pol_accept_set follows from
 * other rows, of the record too. */
static bool is_no_fault(enum finding_code code)
{
    return code == FC_pol_mode_testing || code == FC_pol_accept_set ||
           code == FC_verdict_would_block;
}

/* A fault of effect B, F, D or W in that stage. */
static bool has_fault(const struct judgement *j, enum stage stage)
{
    for (size_t i = 0; i < j->findings.n; i++) {
        const struct finding_row *row = finding_row(j->findings.v[i].code);
        if (row->stage == stage && !is_no_fault(j->findings.v[i].code) &&
            (row->effect == EFFECT_BLOCKS || row->effect == EFFECT_FALLBACK ||
             row->effect == EFFECT_DISAGREE || row->effect == EFFECT_WEAK))
            return true;
    }
    return false;
}

static bool record_is_faulty(const struct judgement *j)
{
    for (size_t i = 0; i < j->findings.n; i++) {
        const struct finding_row *row = finding_row(j->findings.v[i].code);
        if (row->stage == STAGE_DNS && slice_starts(slice_of(row->code), SLICE_LIT("sts_")) &&
            (row->rule == RULE_VOID || row->effect == EFFECT_DISAGREE))
            return true;
    }
    return false;
}

/* Receives mail, by names that a policy can list. */
static bool can_list_mx(const struct evidence *e, const struct judgement *j)
{
    bool any = false;
    if (j->mx_status != COMPONENT_FOUND && j->mx_status != COMPONENT_IMPLICIT)
        return false;
    for (size_t i = 0; i < e->mx.n; i++)
        any = any || name_is_ldh(slice_of(e->mx.host[i].name));
    return any;
}

static bool wants_policy(const struct evidence *e, const struct judgement *j)
{
    if (!adoption_is_adopter(j->adoption) || j->adoption == ADOPTION_NONE || !can_list_mx(e, j))
        return false;
    /* One that could not be fetched is known when its host answered all the same. */
    if (j->policy_status != COMPONENT_VALID && j->policy.mode == POLICY_MODE_UNKNOWN)
        return j->policy_status == COMPONENT_FAILED || j->policy_status == COMPONENT_INVALID;
    return has_fault(j, STAGE_POLICY) || has_fault(j, STAGE_MX_CONSISTENCY);
}

enum status suggest_record(const struct evidence *e, const struct judgement *j, struct strbuf *out)
{
    if (!adoption_is_adopter(j->adoption) || (!record_is_faulty(j) && !wants_policy(e, j)))
        return ST_NOT_FOUND;
    /* A new id with every change of the policy (RFC 8461 3.1); the time is one that never was. */
    time_t now = (time_t)(e->ts_ms / 1000);
    struct tm tm;
    char id[32];
    if (!gmtime_r(&now, &tm) || strftime(id, sizeof id, "%Y%m%dT%H%M%S", &tm) == 0)
        return ST_INTERNAL;
    return strbuf_printf(out, "v=STSv1; id=%s;", id);
}

/* ---- the policy ----------------------------------------------------------------------------- */

static bool is_listed_before(const struct evidence *e, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq_nocase(slice_of(e->mx.host[k].name), slice_of(e->mx.host[i].name)))
            return true;
    return false;
}

/* A pattern of the present policy is kept when it stands for an MX host; an MX host that no pattern
 * stands for is listed by its name. */
static void add_mx_lines(const struct evidence *e, const struct judgement *j, struct strbuf *out)
{
    for (size_t p = 0; p < j->policy.n_mx; p++) {
        bool used = false;
        for (size_t i = 0; i < e->mx.n; i++)
            used = used || mx_match(slice_of(j->policy.mx[p]), slice_of(e->mx.host[i].name));
        if (used)
            strbuf_printf(out, "mx: %s\n", j->policy.mx[p]);
    }
    for (size_t i = 0; i < e->mx.n; i++) {
        struct slice name = slice_of(e->mx.host[i].name);
        bool listed = is_listed_before(e, i) || !name_is_ldh(name);
        for (size_t p = 0; p < j->policy.n_mx && !listed; p++)
            listed = mx_match(slice_of(j->policy.mx[p]), name);
        if (!listed)
            strbuf_printf(out, "mx: %s\n", e->mx.host[i].name);
    }
}

enum status suggest_policy(const struct evidence *e, const struct judgement *j, struct strbuf *out)
{
    if (!wants_policy(e, j))
        return ST_NOT_FOUND;
    bool enforce = j->policy.mode == POLICY_ENFORCE && j->policy_status == COMPONENT_VALID &&
                   !has_fault(j, STAGE_MX_TLS);
    long long age = enforce ? MAX_AGE_ENFORCE_SECONDS : MAX_AGE_TESTING_SECONDS;
    if (j->policy.max_age_s >= (enforce ? MAX_AGE_WEAK_SECONDS : MAX_AGE_TESTING_SECONDS) &&
        j->policy.max_age_s <= MAX_AGE_MAX_SECONDS)
        age = j->policy.max_age_s;
    strbuf_printf(out, "version: STSv1\nmode: %s\n", enforce ? "enforce" : "testing");
    add_mx_lines(e, j, out);
    return strbuf_printf(out, "max_age: %lld\n", age);
}

/* ---- reports -------------------------------------------------------------------------------- */

enum status suggest_tlsrpt(const struct evidence *e, const struct judgement *j, struct strbuf *out)
{
    if (!adoption_is_adopter(j->adoption) ||
        (j->tlsrpt_status != COMPONENT_ABSENT && j->tlsrpt_status != COMPONENT_INVALID))
        return ST_NOT_FOUND;
    return strbuf_printf(out, "v=TLSRPTv1; rua=mailto:tls-reports@%s", e->domain);
}
