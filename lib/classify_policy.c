/* classify_policy: the body of the policy, and the rows that need the table of providers. */
#include "lib/classify.h"

/* A wildcard over names of many customers lets any of them receive (RFC 8461 10.4); Exchange
 * Online gives each domain its own name, so its wildcard is right. */
static void judge_shared_wildcards(const struct judge *ctx, struct judgement *j)
{
    for (size_t i = 0; i < j->policy.n_mx; i++) {
        struct slice pattern = slice_of(j->policy.mx[i]);
        if (!slice_starts(pattern, SLICE_LIT("*.")))
            continue;
        const struct provider *p =
            provider_of_mx(ctx->providers, (struct slice){pattern.p + 2, pattern.len - 2});
        if (p && p->multi_tenant && !p->exchange_online)
            classify_add(j, FC_pol_mx_wildcard_shared, j->policy.mx[i], p->name);
    }
}

enum status classify_policy(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    const struct fetch_facts *f = classify_fetch(&e->policy);
    bool announced = j->record_status != COMPONENT_ABSENT;
    if (j->policy_status == COMPONENT_SKIPPED || !classify_fetch_has_policy(f))
        return ST_OK;
    struct findings unlisted;
    findings_init(&unlisted, &j->arena);
    const struct policy_context context = {.domain = e->domain, .psl = ctx->psl};
    enum status st =
        policy_judge(f->http.body, &context, announced ? &j->findings : &unlisted, &j->policy);
    if (st == ST_NOMEM)
        return st;
    if (j->policy_status == COMPONENT_VALID && !j->policy.valid) {
        j->policy_status = COMPONENT_INVALID;
        j->policy_stage = "syntax";
    }
    if (announced)
        judge_shared_wildcards(ctx, j);
    else if (j->policy_status == COMPONENT_VALID)
        classify_add(j, FC_policy_orphan, e->policy.host, NULL);
    return classify_status(j);
}
