/* verdict: adoption, verdict and cause from what the stages have found (contract.md). */
#include "lib/classify.h"

#include <string.h>

/* ---- adoption -------------------------------------------------------------------------------- */

static enum adoption adoption_of_mode(enum policy_mode mode)
{
    switch (mode) {
    case POLICY_ENFORCE:
        return ADOPTION_ENFORCE;
    case POLICY_TESTING:
        return ADOPTION_TESTING;
    case POLICY_NONE:
        return ADOPTION_NONE;
    default:
        return ADOPTION_UNDETERMINED;
    }
}

static enum adoption decide_adoption(const struct judgement *j)
{
    if (j->record_status == COMPONENT_ABSENT)
        return ADOPTION_ABSENT;
    if (j->record_status == COMPONENT_INVALID)
        return ADOPTION_BROKEN;
    if (j->record_status != COMPONENT_FOUND)
        return ADOPTION_UNDETERMINED;
    switch (j->policy_status) {
    case COMPONENT_VALID:
        return adoption_of_mode(j->policy.mode);
    case COMPONENT_INVALID:
    case COMPONENT_FAILED:
        return ADOPTION_BROKEN;
    default:
        return ADOPTION_UNDETERMINED; /* skipped, or could not be judged */
    }
}

/* ---- what becomes of mail at each MX --------------------------------------------------------- */

enum outcome { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_ASIDE, OUTCOME_UNKNOWN, OUTCOME_NOT_OURS };

static enum outcome probe_outcome(const struct probe_facts *p)
{
    switch (p->end) {
    case PROBE_OK:
        return tls_facts_valid(&p->tls) ? OUTCOME_PASS : OUTCOME_FAIL;
    case PROBE_NO_STARTTLS:
    case PROBE_STARTTLS_REFUSED:
    case PROBE_TLS_FAILED:
        return OUTCOME_FAIL;
    case PROBE_REFUSED:
    case PROBE_TIMEOUT:
        return OUTCOME_ASIDE;
    case PROBE_BLOCKED:
        /* No sender reaches a special-purpose address; the user's own list is only ours. */
        return p->conn == CONN_BLOCKLISTED ? OUTCOME_NOT_OURS : OUTCOME_ASIDE;
    case PROBE_NO_ROUTE:
        return OUTCOME_NOT_OURS;
    default:
        return OUTCOME_UNKNOWN;
    }
}

/* Addresses that the scan does not use are left out, unless the host has no others. */
static void judge_listed(const struct mx_host *h, struct mx_judgement *m)
{
    size_t of[OUTCOME_NOT_OURS + 1] = {0};
    for (size_t i = 0; i < h->n_probe; i++)
        of[probe_outcome(&h->probe[i])]++;
    m->passing = of[OUTCOME_PASS];
    m->failing = of[OUTCOME_FAIL];
    size_t used = h->n_probe - of[OUTCOME_NOT_OURS];
    m->unknown = of[OUTCOME_UNKNOWN] > 0 || used == 0;
    m->set_aside = used > 0 && of[OUTCOME_ASIDE] == used;
}

/* An unlisted MX fails whatever a probe says, but one without an address is never tried. */
static void judge_host(const struct mx_host *h, struct mx_judgement *m)
{
    if (addr_facts_absent(&h->addrs))
        m->set_aside = true;
    else if (addr_facts_undetermined(&h->addrs))
        m->unknown = true;
    else if (!m->matched_by)
        m->failing = h->addrs.n > 0 ? h->addrs.n : 1;
    else
        judge_listed(h, m);
}

struct tally {
    size_t passing, failing;
    bool unknown;
};

static struct tally judge_hosts(const struct evidence *e, struct judgement *j)
{
    struct tally sum = {.unknown = e->mx.truncated || e->mx.n == 0};
    for (size_t i = 0; i < e->mx.n; i++) {
        if (mx_host_is_null(&e->mx.host[i]))
            continue;
        judge_host(&e->mx.host[i], &j->mx[i]);
        sum.passing += j->mx[i].passing;
        sum.failing += j->mx[i].failing;
        sum.unknown = sum.unknown || j->mx[i].unknown;
    }
    return sum;
}

/* What is unknown leaves the verdict open unless every outcome of it gives the same. */
static enum verdict verdict_of_enforce(struct tally t)
{
    if (t.passing > 0 && t.failing > 0)
        return VERDICT_DEGRADED;
    if (t.unknown || t.passing + t.failing == 0)
        return VERDICT_UNDETERMINED;
    return t.passing > 0 ? VERDICT_PROTECTED : VERDICT_UNDELIVERABLE;
}

static enum verdict verdict_of_testing(struct tally t)
{
    if (t.failing > 0)
        return VERDICT_WOULD_BLOCK;
    return t.unknown || t.passing == 0 ? VERDICT_UNDETERMINED : VERDICT_READY;
}

static enum verdict verdict_of_policy(const struct evidence *e, struct judgement *j)
{
    if (j->mx_status != COMPONENT_FOUND && j->mx_status != COMPONENT_IMPLICIT)
        return VERDICT_UNDETERMINED;
    struct tally t = judge_hosts(e, j);
    return j->adoption == ADOPTION_ENFORCE ? verdict_of_enforce(t) : verdict_of_testing(t);
}

static enum verdict decide_verdict(const struct evidence *e, struct judgement *j)
{
    bool no_mail = j->mx_status == COMPONENT_NULL_MX || j->mx_status == COMPONENT_ABSENT;
    if (j->adoption == ADOPTION_ABSENT || no_mail)
        return VERDICT_NOT_APPLICABLE;
    switch (j->adoption) {
    case ADOPTION_BROKEN:
        return VERDICT_UNPROTECTED;
    case ADOPTION_NONE:
        return VERDICT_OFF;
    case ADOPTION_ENFORCE:
    case ADOPTION_TESTING:
        return verdict_of_policy(e, j);
    default:
        return VERDICT_UNDETERMINED;
    }
}

static void add_summary(struct judgement *j)
{
    switch (j->verdict) {
    case VERDICT_UNDELIVERABLE:
        classify_add(j, FC_verdict_undeliverable, NULL, NULL);
        break;
    case VERDICT_DEGRADED:
        classify_add(j, FC_verdict_degraded, NULL, NULL);
        break;
    case VERDICT_WOULD_BLOCK:
        classify_add(j, FC_verdict_would_block, NULL, NULL);
        break;
    case VERDICT_READY:
        classify_add(j, FC_verdict_ready, NULL, NULL);
        break;
    default:
        break;
    }
}

/* ---- cause ----------------------------------------------------------------------------------- */

/* The table's order is the order of stages and of rows, so the lowest code is the first finding. */
static int decide_cause(const struct judgement *j)
{
    int blocking = -1, undetermined = -1;
    switch (j->verdict) {
    case VERDICT_PROTECTED:
    case VERDICT_READY:
    case VERDICT_OFF:
    case VERDICT_NOT_APPLICABLE:
        return -1;
    default:
        break;
    }
    for (size_t i = 0; i < j->findings.n; i++) {
        int code = (int)j->findings.v[i].code;
        const struct finding_row *row = finding_row(j->findings.v[i].code);
        if ((row->rule == RULE_VOID || row->rule == RULE_MX) && (blocking < 0 || code < blocking))
            blocking = code;
        if (row->effect == EFFECT_UNDETERMINED && (undetermined < 0 || code < undetermined))
            undetermined = code;
    }
    return blocking >= 0 ? blocking : undetermined;
}

/* ---- Exchange Online ------------------------------------------------------------------------- */

/* What Exchange Online answers its users: 5.4.8 when no MX is listed, 5.7.5 when a listed one fails
 * its certificate or TLS and nothing else is left. */
static const char *exchange_online(const struct evidence *e, const struct judgement *j)
{
    size_t hosts = 0, listed = 0, listed_failing = 0;
    if (j->adoption != ADOPTION_ENFORCE || !j->mx || j->verdict == VERDICT_NOT_APPLICABLE)
        return NULL;
    for (size_t i = 0; i < e->mx.n; i++) {
        if (mx_host_is_null(&e->mx.host[i]))
            continue;
        hosts++;
        listed += j->mx[i].matched_by != NULL;
        listed_failing += j->mx[i].matched_by != NULL && j->mx[i].failing > 0;
    }
    if (hosts > 0 && listed == 0)
        return "5.4.8";
    return j->verdict == VERDICT_UNDELIVERABLE && listed_failing > 0 ? "5.7.5" : NULL;
}

enum status verdict_decide(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    (void)ctx;
    j->adoption = decide_adoption(j);
    j->verdict = decide_verdict(e, j);
    add_summary(j);
    j->cause = decide_cause(j);
    j->exchange_online = exchange_online(e, j);
    return classify_status(j);
}
