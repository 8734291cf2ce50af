/* classify_policy: the body of the policy, and the rows that need the table of providers. */
#include "lib/classify.h"

#include "lib/senders.h"

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

static const char *joined(struct arena *arena, const char *const *names, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < n && text; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? "," : "", names[i]);
    return text;
}

/* Which senders end with a policy in hand: none of them when the host's certificate fails or the
 * response is not whole. */
static enum status judge_senders(const struct evidence *e, const struct fetch_facts *f,
                                 struct judgement *j)
{
    if (!f || !tls_facts_valid(&f->tls) || f->http.end != HTTP_END_OK)
        return ST_OK;
    enum status st =
        senders_judge(&j->arena, e->sts.rr, e->sts.n, &f->http, &j->accepted_by, &j->n_accepted_by);
    bool differ = j->n_accepted_by > 0 && j->n_accepted_by < SENDERS_COUNT;
    if (st == ST_OK && differ && classify_fetch_has_policy(f))
        classify_add(j, FC_pol_accept_set, NULL,
                     joined(&j->arena, j->accepted_by, j->n_accepted_by));
    return st;
}

enum status classify_policy(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    const struct fetch_facts *f = classify_fetch(&e->policy);
    bool announced = j->record_status != COMPONENT_ABSENT;
    if (j->policy_status == COMPONENT_SKIPPED)
        return ST_OK;
    enum status st = announced ? judge_senders(e, f, j) : ST_OK;
    if (st != ST_OK || !classify_fetch_has_policy(f))
        return st;
    struct findings unlisted;
    findings_init(&unlisted, &j->arena);
    const struct policy_context context = {.domain = e->domain, .psl = ctx->psl};
    st = policy_judge(f->http.body, &context, announced ? &j->findings : &unlisted, &j->policy);
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
