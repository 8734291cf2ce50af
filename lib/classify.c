/* classify: the order of the stages, and what they share. */
#include "lib/classify.h"

void classify_add(struct judgement *j, enum finding_code code, const char *target,
                  const char *detail)
{
    findings_add(&j->findings, code, target, slice_of(detail));
}

enum status classify_status(const struct judgement *j)
{
    return j->findings.error == ST_NOMEM ? ST_NOMEM : ST_OK;
}

const struct strlist *addr_facts_chain(const struct addr_facts *a)
{
    return a->v4.cname.n > 0 ? &a->v4.cname : &a->v6.cname;
}

static bool is_no(enum lookup l)
{
    return lookup_is_negative(l) || l == LOOKUP_CNAME_LOOP;
}

bool addr_facts_absent(const struct addr_facts *a)
{
    if (a->n > 0)
        return false;
    /* NXDOMAIN is an answer for every type (RFC 2308 5). */
    bool nxdomain = a->v4.status == LOOKUP_NXDOMAIN || a->v6.status == LOOKUP_NXDOMAIN;
    return nxdomain || (is_no(a->v4.status) && is_no(a->v6.status));
}

const char *addr_facts_failure(const struct addr_facts *a)
{
    const enum lookup both[2] = {a->v4.status, a->v6.status};
    for (size_t i = 0; i < 2; i++) {
        if (lookup_is_undetermined(both[i]) && both[i] != LOOKUP_ABANDONED)
            return lookup_name(both[i]);
    }
    return NULL;
}

bool addr_facts_undetermined(const struct addr_facts *a)
{
    return a->n == 0 && !addr_facts_absent(a) &&
           (lookup_is_undetermined(a->v4.status) || lookup_is_undetermined(a->v6.status));
}

bool classify_cert_expiring(const struct tls_facts *t, int64_t now_ms)
{
    int64_t left_s = t->not_after_s - now_ms / 1000;
    return t->end == TLS_END_OK && t->not_after_s != 0 && (t->cert_errors & CERT_EXPIRED) == 0 &&
           left_s >= 0 && left_s <= CERT_EXPIRING_DAYS * INT64_C(86400);
}

static enum status run_stages(const struct judge *ctx, const struct evidence *e,
                              struct judgement *j)
{
    typedef enum status stage_fn(const struct judge *, const struct evidence *, struct judgement *);
    static stage_fn *const stages[] = {classify_dns,  classify_policy_host, classify_policy,
                                       classify_mx,   classify_mx_tls,      classify_tlsrpt,
                                       verdict_decide};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        enum status st = stages[i](ctx, e, j);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

enum status classify(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    judgement_reset(j);
    if (e->input != INPUT_OK) {
        j->adoption = e->input == INPUT_INVALID ? ADOPTION_INVALID_INPUT : ADOPTION_EXCLUDED;
        j->verdict = VERDICT_NOT_APPLICABLE;
        return ST_OK;
    }
    enum status st = run_stages(ctx, e, j);
    findings_sort(&j->findings);
    return st;
}
