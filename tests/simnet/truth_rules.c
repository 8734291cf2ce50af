#include "tests/simnet/truth_rules.h"

#include "tests/simnet/classes.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/truth_hosts.h"
#include "tests/simnet/world_data.h"

#include <string.h>

const char *sim_adoption_name(enum sim_adoption a)
{
    static const char *const names[] = {"absent",  "undetermined", "broken",       "none",
                                        "testing", "enforce",      "invalid_input"};
    return names[a];
}

const char *sim_verdict_name(enum sim_verdict v)
{
    static const char *const names[] = {"not_applicable", "unprotected", "off",
                                        "protected",      "degraded",    "undeliverable",
                                        "ready",          "would_block", "undetermined"};
    return names[v];
}

static enum sim_verdict verdict_of_mail(const struct sim_domain *d, struct sim_tally t)
{
    bool enforce = d->adoption == SIM_ENFORCE;
    if (d->mx_state == SIM_MX_FAILED)
        return SIM_VERDICT_UNDETERMINED;
    if (t.fail > 0 && !enforce)
        return SIM_WOULD_BLOCK;
    if (t.fail > 0 && t.pass > 0)
        return SIM_DEGRADED;
    if (t.unknown > 0 || t.fail + t.pass == 0)
        return SIM_VERDICT_UNDETERMINED;
    if (t.fail > 0)
        return SIM_UNDELIVERABLE;
    return enforce ? SIM_PROTECTED : SIM_READY;
}

static enum sim_verdict verdict_of(const struct sim_domain *d, struct sim_tally t)
{
    if (d->adoption == SIM_ABSENT || d->mx_state == SIM_MX_NULL || d->mx_state == SIM_MX_NONE)
        return SIM_NOT_APPLICABLE;
    if (d->adoption == SIM_BROKEN)
        return SIM_UNPROTECTED;
    if (d->adoption == SIM_UNDETERMINED)
        return SIM_VERDICT_UNDETERMINED;
    if (d->adoption == SIM_NONE)
        return SIM_OFF;
    return verdict_of_mail(d, t);
}

/* The policy came over a connection that RFC 8461 3.3 accepts. */
static bool policy_fetched(const struct sim_domain *d)
{
    return !sim_codes_has_rule(&d->codes, STAGE_POLICY_HOST, RULE_VOID) &&
           !sim_codes_has_effect(&d->codes, STAGE_POLICY_HOST, EFFECT_UNDETERMINED);
}

static void add_policy_codes(struct sim_domain *d)
{
    const struct sim_policy *p = &d->policy;
    if (p->lf && !p->escaped)
        sim_codes_add(&d->codes, FC_pol_eol_lf);
    if (p->mode == SIM_TESTING)
        sim_codes_add(&d->codes, FC_pol_mode_testing);
    if (p->mode == SIM_NONE)
        sim_codes_add(&d->codes, FC_pol_mode_none);
    if (p->mode == SIM_NONE && p->mx_count == 0)
        sim_codes_add(&d->codes, FC_pol_mx_missing_none_ok);
    /* Two weeks: the RFC expects "weeks or greater" (3.2). */
    if (p->mode == SIM_ENFORCE && p->max_age_s >= 86400 && p->max_age_s < 1209600)
        sim_codes_add(&d->codes, FC_pol_max_age_weak);
}

/* All MX of a domain of ours are of one provider; hosts of its own are its own provider's. */
static void add_provider_split(struct sim_domain *d)
{
    if (d->host.hoster < 0)
        return;
    const char *hoster = sim_hoster((unsigned)d->host.hoster)->name;
    int provider = d->mx[0].provider;
    if (provider < 0 || strcmp(hoster, sim_mx_provider((unsigned)provider)->name) != 0)
        sim_codes_add(&d->codes, FC_mx_provider_split);
}

/* Rows that hold a policy against the MX set. The first MX is the one with the lowest preference.
 */
static void add_consistency_codes(struct sim_domain *d)
{
    size_t unlisted = 0, hosts = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        hosts += sim_mx_has_address(&d->mx[i]);
        unlisted += sim_mx_has_address(&d->mx[i]) && !d->mx[i].listed;
    }
    if (unlisted > 0 && unlisted == hosts)
        sim_codes_add(&d->codes, FC_mx_unlisted_all);
    else if (unlisted > 0)
        sim_codes_add(&d->codes, d->mx[0].listed ? FC_mx_unlisted_backup : FC_mx_unlisted_primary);
    if (d->policy.pattern_unused)
        sim_codes_add(&d->codes, FC_mx_pattern_unused);
    if (d->policy.wildcard_no_need)
        sim_codes_add(&d->codes, FC_mx_wildcard_no_need);
    add_provider_split(d);
}

static void add_verdict_code(struct sim_domain *d)
{
    switch (d->verdict) {
    case SIM_UNDELIVERABLE:
        sim_codes_add(&d->codes, FC_verdict_undeliverable);
        break;
    case SIM_DEGRADED:
        sim_codes_add(&d->codes, FC_verdict_degraded);
        break;
    case SIM_WOULD_BLOCK:
        sim_codes_add(&d->codes, FC_verdict_would_block);
        break;
    case SIM_READY:
        sim_codes_add(&d->codes, FC_verdict_ready);
        break;
    default:
        break;
    }
}

static void add_rpt_codes(struct sim_domain *d)
{
    bool absent = d->rpt.status == SIM_LOOKUP_NXDOMAIN || d->rpt.status == SIM_LOOKUP_NODATA;
    if (absent)
        sim_codes_add(&d->codes, FC_rpt_absent);
    if (absent && d->adopter)
        sim_codes_add(&d->codes, FC_rpt_absent_with_sts);
    if (d->rpt.status == SIM_LOOKUP_FOUND && !d->adopter)
        sim_codes_add(&d->codes, FC_rpt_orphan);
}

static enum sim_adoption adoption_of(const struct sim_domain *d, enum sim_truth_mode mode)
{
    if (sim_codes_has_rule(&d->codes, STAGE_DNS, RULE_VOID) ||
        sim_codes_has_rule(&d->codes, STAGE_POLICY_HOST, RULE_VOID) ||
        sim_codes_has_rule(&d->codes, STAGE_POLICY, RULE_VOID))
        return SIM_BROKEN;
    if (mode == SIM_TRUTH_DNS_ONLY || !policy_fetched(d))
        return SIM_UNDETERMINED;
    return d->policy.mode;
}

/* A domain without MX that has an address is its own mail host; nothing listens there. */
static void be_implicit(struct sim_domain *d)
{
    struct sim_mx *mx = &d->mx[0];
    if (d->mx_state != SIM_MX_NONE || d->apex_addr == 0)
        return;
    d->mx_state = SIM_MX_IMPLICIT;
    memcpy(mx->name, d->name, sizeof mx->name);
    mx->kind = SIM_MX_REFUSED;
    mx->provider = -1;
    mx->addr[0] = d->apex_addr;
    mx->addr_count = d->mx_count = 1;
}

/* The mail hosts of a shared name: one, which takes no mail (zone.c). */
static void be_shared(struct sim_domain *d)
{
    d->mx_state = SIM_MX_FOUND;
    d->mx[0] = (struct sim_mx){.kind = SIM_MX_REFUSED, .addr_count = 1};
    d->mx_count = 1;
}

static bool receives_mail(const struct sim_domain *d)
{
    return d->mx_state == SIM_MX_FOUND || d->mx_state == SIM_MX_IMPLICIT;
}

/* The record of the registrable domain is there, and is no heir's (RFC 8461 3.4). */
static bool parent_has_record(const struct sim_domain *d)
{
    struct sim_domain parent;
    const char *name = sim_registrable(d->world, d->name);
    if (strcmp(name, d->name) == 0 || !sim_domain_adopts(d->world, name))
        return false;
    sim_domain_build(d->world, name, &parent);
    return parent.sts.status == SIM_LOOKUP_FOUND && parent.sts.n > 0;
}

/* What a deep scan sees of a domain that publishes nothing at its place. */
static void judge_absent_deeply(struct sim_domain *d)
{
    if (d->sts.status >= SIM_LOOKUP_SERVFAIL) { /* nothing of it answers */
        sim_codes_add(&d->codes, FC_mx_lookup_failed);
        return;
    }
    if (sim_is_infrastructure(d->name)) {
        be_shared(d);
    } else if (!d->missing && !sim_is_service_name(d->name)) {
        sim_domain_add_mx(d->world, d);
        be_implicit(d);
    }
    sim_add_mx_codes(d, SIM_TRUTH_DEEP, sim_count_hosts(d, SIM_TRUTH_DEEP));
    if (d->orphan)
        sim_codes_add(&d->codes, FC_policy_orphan);
    if (d->sts_astray.label != NULL)
        sim_codes_add(&d->codes, d->sts_astray.label[0] == '\0'  ? FC_sts_at_apex
                                 : d->sts_astray.label[0] == 'm' ? FC_sts_at_policy_host
                                                                 : FC_sts_legacy_label);
    if (receives_mail(d) && parent_has_record(d))
        sim_codes_add(&d->codes, FC_sts_parent_only);
}

static void judge_absent(struct sim_domain *d, enum sim_truth_mode mode)
{
    d->adoption = SIM_ABSENT;
    if (d->sts.cname[0] != '\0')
        sim_codes_add(&d->codes, FC_sts_cname);
    if (d->sts.status == SIM_LOOKUP_BOGUS)
        sim_codes_add(&d->codes, FC_sts_dns_bogus);
    else if (d->sts.status == SIM_LOOKUP_TIMEOUT)
        sim_codes_add(&d->codes, FC_sts_dns_timeout);
    else if (d->sts.status == SIM_LOOKUP_SERVFAIL || d->sts.status == SIM_LOOKUP_REFUSED)
        sim_codes_add(&d->codes, FC_sts_dns_servfail);
    else if (d->sts.status == SIM_LOOKUP_FOUND)
        sim_codes_add(&d->codes, FC_sts_only_foreign_txt);
    if (sim_codes_has_effect(&d->codes, STAGE_DNS, EFFECT_UNDETERMINED))
        d->adoption = SIM_UNDETERMINED;
    if (mode != SIM_TRUTH_FULL)
        add_rpt_codes(d);
    if (mode == SIM_TRUTH_DEEP)
        judge_absent_deeply(d);
    d->verdict = d->adoption == SIM_ABSENT ? SIM_NOT_APPLICABLE : SIM_VERDICT_UNDETERMINED;
}

/* An MX of one label (localhost) has no address, whether one asks or not. */
/* One row of stage dns needs the policy host's names, which nobody asked for. */
static void drop_unasked(struct sim_domain *d)
{
    sim_codes_drop(&d->codes, FC_sts_half_delegated);
    for (int stage = STAGE_POLICY_HOST; stage <= STAGE_MX_TLS; stage++)
        sim_codes_drop_stage(&d->codes, (enum stage)stage);
}

/* Rows that only a deep scan sees, and one that it sees otherwise: what has IPv6 alone is out of
 * reach, and refuses where IPv6 is in use. */
static void choose_by_depth(struct sim_domain *d, enum sim_truth_mode mode)
{
    static const int deep[] = {FC_host_addr_disagree, FC_host_v6_broken,  FC_mx_v6_disagree,
                               FC_mx_sni_dependent,   FC_mx_sni_enforced, FC_rpt_wrong_label,
                               FC_sts_ns_inconsistent};
    for (size_t i = 0; mode != SIM_TRUTH_DEEP && i < sizeof deep / sizeof deep[0]; i++)
        sim_codes_drop(&d->codes, deep[i]);
    if (mode == SIM_TRUTH_DEEP && sim_codes_has(&d->codes, FC_host_unroutable))
        sim_codes_add(&d->codes, FC_host_tcp_refused);
    if (mode == SIM_TRUTH_DEEP) {
        sim_codes_drop(&d->codes, FC_host_unroutable);
        sim_codes_drop(&d->codes, FC_smtp_unroutable);
    }
}

static void judge_adopter(struct sim_domain *d, enum sim_truth_mode mode)
{
    struct sim_tally t = sim_count_hosts(d, mode);
    for (size_t i = 0; d->cls != NULL && i < SIM_CLASS_CODES_MAX && d->cls->codes[i] != 0; i++)
        sim_codes_add(&d->codes, d->cls->codes[i]);
    if (d->sts.cname[0] != '\0')
        sim_codes_add(&d->codes, FC_sts_cname);
    sim_add_mx_codes(d, mode, t);
    choose_by_depth(d, mode);
    add_rpt_codes(d);
    if (d->host.policy_seen)
        add_policy_codes(d);
    if (mode == SIM_TRUTH_DNS_ONLY)
        drop_unasked(d);
    d->adoption = adoption_of(d, mode);
    d->verdict = verdict_of(d, t);
    if (mode == SIM_TRUTH_DNS_ONLY)
        return;
    bool holds = policy_fetched(d) && !sim_codes_has_rule(&d->codes, STAGE_POLICY, RULE_VOID);
    bool applies = holds && d->policy.mode != SIM_NONE;
    if (applies && (d->mx_state == SIM_MX_FOUND || d->mx_state == SIM_MX_IMPLICIT))
        add_consistency_codes(d);
    add_verdict_code(d);
}

static bool has_no_cause(enum sim_verdict v)
{
    return v == SIM_PROTECTED || v == SIM_READY || v == SIM_OFF || v == SIM_NOT_APPLICABLE;
}

void sim_truth_judge(struct sim_domain *d, enum sim_truth_mode mode)
{
    if (d->adopter)
        judge_adopter(d, mode);
    else
        judge_absent(d, mode);
    d->cause = has_no_cause(d->verdict) ? SIM_CODE_NONE : sim_codes_cause(&d->codes);
}
