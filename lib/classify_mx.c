/* classify_mx: the MX record names against the patterns of the policy (RFC 8461 4.1). */
#include "lib/classify.h"

#include "lib/match.h"

#include <string.h>

#define EXCHANGE_DOMAIN SLICE_LIT("mail.protection.outlook.com")
#define EXCHANGE_V1_DOMAIN SLICE_LIT("mx.microsoft")
#define TYPO_DISTANCE_MAX 3

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_wildcard(struct slice pattern)
{
    return slice_starts(pattern, SLICE_LIT("*."));
}

/* A pattern without its wildcard label. */
static struct slice pattern_base(struct slice pattern)
{
    return is_wildcard(pattern) ? name_parent(pattern) : pattern;
}

/* What of a host stands against pattern_base: all of it, or all behind the first label. */
static struct slice host_base(struct slice host, struct slice pattern)
{
    return is_wildcard(pattern) ? name_parent(host) : host;
}

static struct slice last_label(struct slice name)
{
    size_t at = name.len;
    while (at > 0 && name.p[at - 1] != '.')
        at--;
    return (struct slice){name.p + at, name.len - at};
}

/* The name without the last `suffix_len` bytes and the dot before them. */
static struct slice without_suffix(struct slice name, size_t suffix_len)
{
    return (struct slice){name.p, name.len > suffix_len ? name.len - suffix_len - 1 : 0};
}

static struct slice registrable(const struct judge *ctx, const char *name)
{
    return ctx->psl ? name_registrable(ctx->psl, name) : (struct slice){NULL, 0};
}

static bool under_exchange(struct slice name)
{
    return name_under(name, EXCHANGE_DOMAIN) || name_under(name, EXCHANGE_V1_DOMAIN);
}

/* ---- mismatches ------------------------------------------------------------------------------ */

/* An unlisted MX against one pattern. */
typedef bool mismatch_test(const struct judge *ctx, const struct mx_host *h, const char *pattern);

static bool is_depth(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    (void)ctx;
    struct slice p = slice_of(pattern), host = slice_of(h->name);
    struct slice base = pattern_base(p);
    return is_wildcard(p) && name_under(host, base) && !slice_eq_nocase(host, base);
}

static bool is_apex(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    (void)ctx;
    struct slice p = slice_of(pattern);
    return is_wildcard(p) && slice_eq_nocase(slice_of(h->name), pattern_base(p));
}

/* <tenant>.<letter>-v1.mx.microsoft, where the policy still has the older pattern. */
static bool is_exchange_v1(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    (void)ctx;
    struct slice zone = name_parent(slice_of(h->name));
    struct slice label = {zone.p, strcspn(zone.len > 0 ? zone.p : "", ".")};
    bool v1 = label.len == 4 && slice_eq_nocase((struct slice){label.p + 1, 3}, SLICE_LIT("-v1")) &&
              slice_eq_nocase(name_parent(zone), EXCHANGE_V1_DOMAIN);
    return v1 && name_under(slice_of(pattern), EXCHANGE_DOMAIN);
}

static bool is_cname_target(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    (void)ctx;
    const struct strlist *chain = addr_facts_chain(&h->addrs);
    for (size_t i = 0; i < chain->n; i++) {
        if (mx_match(slice_of(pattern), slice_of(chain->v[i])))
            return true;
    }
    return false;
}

static bool is_typo(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    (void)ctx;
    struct slice p = slice_of(pattern), host = slice_of(h->name);
    struct slice a = pattern_base(p), b = host_base(host, p);
    if (!slice_eq_nocase(last_label(a), last_label(b)))
        return false;
    unsigned distance = edit_distance(a, b, TYPO_DISTANCE_MAX);
    return distance >= 1 && distance <= TYPO_DISTANCE_MAX;
}

/* Bytes of the public suffix of a name, 0 when it has none. */
static size_t suffix_len(const struct judge *ctx, const char *name)
{
    return name_parent(registrable(ctx, name)).len;
}

static bool same_before_suffix(struct slice a, size_t a_suffix, struct slice b, size_t b_suffix)
{
    struct slice a_labels = without_suffix(a, a_suffix), b_labels = without_suffix(b, b_suffix);
    return a_labels.len > 0 && slice_eq_nocase(a_labels, b_labels);
}

/* The same labels before the last one, or before the public suffix. */
static bool is_tld(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    struct slice p = slice_of(pattern), host = slice_of(h->name);
    struct slice a = pattern_base(p), b = host_base(host, p);
    if (slice_eq_nocase(a, b))
        return false;
    if (same_before_suffix(a, last_label(a).len, b, last_label(b).len))
        return true;
    size_t a_suffix = suffix_len(ctx, a.p), b_suffix = suffix_len(ctx, b.len > 0 ? b.p : "");
    return a_suffix > 0 && b_suffix > 0 && same_before_suffix(a, a_suffix, b, b_suffix);
}

static bool is_3ld(const struct judge *ctx, const struct mx_host *h, const char *pattern)
{
    struct slice a = registrable(ctx, pattern_base(slice_of(pattern)).p);
    struct slice b = registrable(ctx, h->name);
    return a.len > 0 && slice_eq_nocase(a, b);
}

/* The kinds in the order in which they are tried (contract, "the most specific finding wins"). */
static const struct {
    enum finding_code code;
    mismatch_test *test;
} mismatches[] = {
    {FC_mx_wildcard_depth, is_depth},
    {FC_mx_wildcard_apex, is_apex},
    {FC_mx_exchange_v1_missing, is_exchange_v1},
    {FC_mx_cname_target_listed, is_cname_target},
    {FC_mx_mismatch_typo, is_typo},
    {FC_mx_mismatch_tld, is_tld},
    {FC_mx_mismatch_3ld, is_3ld},
};

/* A hostile policy has thousands of patterns: the first tell enough of what is wrong. Whether a
 * host is listed is asked of all. */
static size_t compared(const struct policy *policy)
{
    return policy->n_mx < POLICY_MX_COMPARED_MAX ? policy->n_mx : POLICY_MX_COMPARED_MAX;
}

/* Exactly one kind for an unlisted MX; without a suffix list 3ld and domain cannot be told apart
 * and neither is given. */
static void judge_unlisted(const struct judge *ctx, const struct mx_host *h, struct judgement *j)
{
    if (!name_is_ldh(slice_of(h->name))) {
        classify_add(j, FC_mx_unlistable, h->name, NULL);
        return;
    }
    for (size_t k = 0; k < sizeof mismatches / sizeof *mismatches; k++) {
        for (size_t i = 0; i < compared(&j->policy); i++) {
            if (mismatches[k].test(ctx, h, j->policy.mx[i])) {
                classify_add(j, mismatches[k].code, h->name, j->policy.mx[i]);
                return;
            }
        }
    }
    if (ctx->psl)
        classify_add(j, FC_mx_mismatch_domain, h->name, NULL);
}

/* ---- the set --------------------------------------------------------------------------------- */

static const char *matching_pattern(const struct policy *policy, const char *host)
{
    for (size_t i = 0; i < policy->n_mx; i++) {
        if (mx_match(slice_of(policy->mx[i]), slice_of(host)))
            return policy->mx[i];
    }
    return NULL;
}

/* Hosts that count: not ".", and not those that no sender can reach for want of an address. */
static bool counts(const struct mx_host *h)
{
    return !mx_host_is_null(h) && !addr_facts_absent(&h->addrs);
}

static void judge_listing(const struct evidence *e, struct judgement *j)
{
    size_t hosts = 0, listed = 0;
    unsigned primary = UINT16_MAX;
    for (size_t i = 0; i < e->mx.n; i++) {
        if (!counts(&e->mx.host[i]))
            continue;
        hosts++;
        listed += j->mx[i].matched_by != NULL;
        if (e->mx.host[i].preference < primary)
            primary = e->mx.host[i].preference;
    }
    if (hosts > 0 && listed == 0)
        classify_add(j, FC_mx_unlisted_all, NULL, NULL);
    if (listed == 0 || listed == hosts)
        return;
    bool primary_unlisted = false;
    for (size_t i = 0; i < e->mx.n; i++)
        primary_unlisted |=
            counts(&e->mx.host[i]) && !j->mx[i].matched_by && e->mx.host[i].preference == primary;
    for (size_t i = 0; i < e->mx.n; i++) {
        const struct mx_host *h = &e->mx.host[i];
        if (!counts(h) || j->mx[i].matched_by)
            continue;
        if (h->preference == primary)
            classify_add(j, FC_mx_unlisted_primary, h->name, NULL);
        else if (!primary_unlisted)
            classify_add(j, FC_mx_unlisted_backup, h->name, NULL);
    }
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* A host whose name an administrator could as well write out: one name for all customers of a
 * provider, or a name under the domain's own. */
static bool has_fixed_name(const struct judge *ctx, const struct evidence *e,
                           const struct mx_host *h)
{
    const struct provider *p = provider_of_mx(ctx->providers, slice_of(h->name));
    if (p)
        return p->fixed_mx && !p->exchange_online;
    struct slice own = registrable(ctx, e->domain);
    return !under_exchange(slice_of(h->name)) &&
           name_under(slice_of(h->name), own.len > 0 ? own : slice_of(e->domain));
}

static void judge_pattern(const struct judge *ctx, const struct evidence *e, const char *pattern,
                          struct judgement *j)
{
    size_t matched = 0, fixed = 0, microsoft = 0, hosts = 0;
    for (size_t i = 0; i < e->mx.n; i++) {
        const struct mx_host *h = &e->mx.host[i];
        const struct provider *p = provider_of_mx(ctx->providers, slice_of(h->name));
        if (mx_host_is_null(h))
            continue;
        hosts++;
        microsoft += under_exchange(slice_of(h->name)) || (p && p->exchange_online);
        if (mx_match(slice_of(pattern), slice_of(h->name))) {
            matched++;
            fixed += has_fixed_name(ctx, e, h);
        }
    }
    if (hosts == 0)
        return;
    bool wildcard = is_wildcard(slice_of(pattern));
    if (matched == 0)
        classify_add(j, FC_mx_pattern_unused, pattern, NULL);
    if (wildcard && matched > 0 && fixed == matched)
        classify_add(j, FC_mx_wildcard_no_need, pattern, NULL);
    if (wildcard && under_exchange(pattern_base(slice_of(pattern))) && microsoft == 0)
        classify_add(j, FC_mx_exchange_pattern_no_exchange, pattern, NULL);
}

/* ---- providers ------------------------------------------------------------------------------- */

static const char *provider_name(const struct judge *ctx, const char *host, struct judgement *j)
{
    const struct provider *p = provider_of_mx(ctx->providers, slice_of(host));
    if (p)
        return p->name;
    struct slice domain = registrable(ctx, host);
    if (domain.len == 0)
        return NULL;
    const char *name = arena_dup(&j->arena, domain);
    if (!name)
        j->findings.error = ST_NOMEM;
    return name;
}

/* The policy is delegated to one provider, and no MX is that provider's. */
static void judge_split(const struct evidence *e, struct judgement *j)
{
    const char *other = NULL;
    for (size_t i = 0; i < e->mx.n; i++) {
        if (!counts(&e->mx.host[i]) || !j->mx[i].provider)
            continue;
        if (j->policy_provider && strcmp(j->mx[i].provider, j->policy_provider) == 0)
            return;
        if (!other)
            other = j->mx[i].provider;
    }
    if (j->policy_provider && other)
        classify_add(j, FC_mx_provider_split, j->policy_provider, other);
}

/* The one known provider of all names; NULL when there are several or an unknown one. */
static const struct provider *common_provider(const struct provider *so_far,
                                              const struct provider *next, bool first)
{
    if (first || !so_far || !next)
        return first ? next : NULL;
    return strcmp(so_far->name, next->name) == 0 ? so_far : NULL;
}

static void judge_migrated(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    const struct provider *from = NULL, *to = NULL;
    bool first = true;
    for (size_t i = 0; i < j->policy.n_mx; i++) {
        struct slice base = pattern_base(slice_of(j->policy.mx[i]));
        from = common_provider(from, provider_of_mx(ctx->providers, base), i == 0);
    }
    for (size_t i = 0; i < e->mx.n; i++) {
        if (!counts(&e->mx.host[i]))
            continue;
        struct slice name = slice_of(e->mx.host[i].name);
        to = common_provider(to, provider_of_mx(ctx->providers, name), first);
        first = false;
    }
    if (from && to && strcmp(from->name, to->name) != 0)
        classify_add(j, FC_mx_provider_migrated, to->name, from->name);
}

enum status classify_mx(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    if (e->mx.n == 0)
        return ST_OK;
    j->mx = arena_array(&j->arena, e->mx.n, sizeof *j->mx);
    if (!j->mx)
        return ST_NOMEM;
    for (size_t i = 0; i < e->mx.n; i++)
        j->mx[i].provider = provider_name(ctx, e->mx.host[i].name, j);
    /* Only a policy that a sender would apply can list or miss anything (RFC 8461 5). */
    bool applies = j->policy_status == COMPONENT_VALID && j->record_status != COMPONENT_ABSENT &&
                   (j->policy.mode == POLICY_ENFORCE || j->policy.mode == POLICY_TESTING);
    if (!applies || (j->mx_status != COMPONENT_FOUND && j->mx_status != COMPONENT_IMPLICIT))
        return ST_OK;
    for (size_t i = 0; i < e->mx.n; i++) {
        if (!mx_host_is_null(&e->mx.host[i]))
            j->mx[i].matched_by = matching_pattern(&j->policy, e->mx.host[i].name);
    }
    judge_listing(e, j);
    for (size_t i = 0; i < e->mx.n; i++) {
        if (counts(&e->mx.host[i]) && !j->mx[i].matched_by)
            judge_unlisted(ctx, &e->mx.host[i], j);
    }
    for (size_t i = 0; i < compared(&j->policy); i++)
        judge_pattern(ctx, e, j->policy.mx[i], j);
    judge_split(e, j);
    judge_migrated(ctx, e, j);
    return classify_status(j);
}
