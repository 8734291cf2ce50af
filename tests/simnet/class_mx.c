/* Builders of MX faults: the set, the policy against it, and the hosts' own. */
#include "tests/simnet/classes.h"

#include "tests/simnet/providers.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <string.h>

static void no_mx(struct sim_domain *d, enum sim_mx_state state)
{
    d->mx_state = state;
    d->mx_count = 0;
    d->policy.mx_count = 0;
    if (state == SIM_MX_NONE)
        d->apex_addr = 0;
}

/* The domain is its own mail host (RFC 5321 5.1). */
static void implicit_mx(struct sim_domain *d)
{
    struct sim_mx *mx = &d->mx[0];
    d->mx_state = SIM_MX_IMPLICIT;
    d->mx_count = 1;
    memcpy(mx->name, d->name, sizeof mx->name);
    mx->preference = 0;
    d->apex_addr = mx->addr[0];
    d->policy.mx_count = 0;
    sim_policy_mx(&d->policy, d->name);
}

/* The policy lists these patterns and none of the MX hosts; `$` is the domain. */
static void list_only(struct sim_domain *d, const char *pattern)
{
    d->policy.mx_count = 0;
    sim_policy_mx(&d->policy, sim_template(d, pattern, d->name));
    d->policy.pattern_unused = true;
    for (size_t i = 0; i < d->mx_count; i++)
        d->mx[i].listed = false;
}

/* The domain is label.tld (SIM_NEED_TWO_LABELS). */
static void other_tld(struct sim_domain *d)
{
    char pattern[SIM_NAME_MAX];
    const char *dot = strchr(d->name, '.');
    snprintf(pattern, sizeof pattern, SIM_LABEL_MX "1.%.*s.%s", (int)(dot - d->name), d->name,
             strcmp(dot, ".net") == 0 ? "org" : "net");
    list_only(d, pattern);
}

/* One of two hosts has a name of another kind and is not listed. */
static void unlist(struct sim_domain *d, size_t which)
{
    struct sim_mx *mx = &d->mx[which];
    sim_name_join(SIM_LABEL_RELAY, d->name, mx->name);
    mx->listed = false;
    d->policy.mx_count = 0;
    sim_policy_mx(&d->policy, d->mx[1 - which].name);
}

static void migrate(struct sim_domain *d)
{
    bool zoho = d->mx[0].provider == sim_mx_provider_index("zoho");
    list_only(d, zoho ? "in1-smtp.messagingengine.com" : "mx.zoho.com");
}

static void break_host(struct sim_domain *d, int fault)
{
    struct sim_mx *mx = &d->mx[d->mx_count - 1];
    switch (fault) {
    case SIM_MX_FAULT_NO_ADDRESS:
        mx->status = SIM_LOOKUP_NXDOMAIN;
        mx->addr_count = 0;
        break;
    case SIM_MX_FAULT_PRIVATE:
        mx->addr[0] = sim_addr_private(d->hash);
        mx->is_private = true;
        break;
    default: /* an alias: MX names must not be one (RFC 2181 10.3) */
        sim_name_join(SIM_LABEL_RELAY, d->name, mx->cname);
        break;
    }
    if (fault == SIM_MX_FAULT_CNAME_TARGET_LISTED)
        list_only(d, SIM_LABEL_RELAY ".$");
}

/* One more MX without an address, behind all others. */
static void add_dead_mx(struct sim_domain *d, const char *name)
{
    struct sim_mx *mx = &d->mx[d->mx_count++];
    memset(mx, 0, sizeof *mx);
    snprintf(mx->name, sizeof mx->name, "%s", name);
    mx->preference = 32767;
    mx->provider = -1;
    mx->status = SIM_LOOKUP_NXDOMAIN;
}

static void duplicate(struct sim_domain *d)
{
    d->mx[d->mx_count] = d->mx[0];
    d->mx[d->mx_count].preference = 20;
    d->mx_count++;
}

static void exchange_v1(struct sim_domain *d)
{
    struct sim_mx *mx = &d->mx[0];
    mx->provider = sim_mx_provider_of("h-v1.mx.microsoft");
    const struct sim_mx_provider *p = sim_mx_provider((unsigned)mx->provider);
    sim_provider_expand(p->mx[0], d->name, d->hash, mx->name);
    uint64_t at = sim_hash(0, "shared-mx", mx->name, strlen(mx->name));
    for (mx->addr_count = 0; mx->addr_count < p->addresses; mx->addr_count++)
        mx->addr[mx->addr_count] =
            sim_addr_mx_shared((unsigned)mx->provider, at, (unsigned)mx->addr_count);
    list_only(d, "*.mail.protection.outlook.com");
}

/* An IPv6 address where nobody listens: beside the other, or alone. */
static void break_family(struct sim_mx *mx, bool alone)
{
    mx->v6 = true;
    if (alone)
        mx->addr_count = 0;
}

static void mismatch(struct sim_domain *d, int fault)
{
    switch (fault) {
    case SIM_MX_FAULT_TLD:
        other_tld(d);
        break;
    case SIM_MX_FAULT_TYPO:
        list_only(d, SIM_LABEL_MX "l.$");
        break;
    case SIM_MX_FAULT_3LD:
        list_only(d, "inbound.mail-cluster.$");
        break;
    case SIM_MX_FAULT_DOMAIN:
        list_only(d, "inbound.simnet-hosting.example");
        break;
    case SIM_MX_FAULT_MIGRATED:
        migrate(d);
        break;
    case SIM_MX_FAULT_UNLISTABLE: /* an underscore is beyond the grammar of mx (RFC 8461 3.2) */
        sim_name_join(SIM_LABEL_MX "_1", d->name, d->mx[0].name);
        list_only(d, SIM_LABEL_MX "1.$");
        break;
    case SIM_MX_FAULT_WILDCARD_APEX: /* the MX is the domain itself, the pattern stops above it */
        memcpy(d->mx[0].name, d->name, sizeof d->name);
        d->apex_addr = d->mx[0].addr[0];
        list_only(d, "*.$");
        break;
    default: /* a label more than the wildcard stands for */
        sim_name_join(SIM_LABEL_MX "1." SIM_LABEL_RELAY, d->name, d->mx[0].name);
        list_only(d, "*.$");
        break;
    }
}

void sim_break_mx(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    (void)draw;
    switch ((enum sim_mx_fault)cls->param) {
    case SIM_MX_FAULT_NULL:
        no_mx(d, SIM_MX_NULL);
        break;
    case SIM_MX_FAULT_NONE:
        no_mx(d, SIM_MX_NONE);
        break;
    case SIM_MX_FAULT_LOOKUP:
        d->mx_state = SIM_MX_FAILED;
        d->mx_count = 0;
        break;
    case SIM_MX_FAULT_IMPLICIT:
        implicit_mx(d);
        break;
    case SIM_MX_FAULT_UNLISTED_BACKUP:
        unlist(d, 1);
        break;
    case SIM_MX_FAULT_UNLISTED_PRIMARY:
        unlist(d, 0);
        break;
    case SIM_MX_FAULT_WILDCARD_OWN:
        d->policy.mx_count = 0;
        sim_policy_mx(&d->policy, sim_template(d, "*.$", d->name));
        d->policy.wildcard_no_need = true;
        break;
    case SIM_MX_FAULT_PATTERN_UNUSED:
        sim_policy_mx(&d->policy, "inbound.simnet-hosting.example");
        d->policy.pattern_unused = true;
        break;
    case SIM_MX_FAULT_NULL_MIXED:
        d->mx[d->mx_count - 1].name[0] = '.';
        d->mx[d->mx_count - 1].name[1] = '\0';
        d->policy.mx_count--;
        break;
    case SIM_MX_FAULT_EXCHANGE_V1:
        exchange_v1(d);
        break;
    case SIM_MX_FAULT_LOCALHOST:
        add_dead_mx(d, "localhost");
        break;
    case SIM_MX_FAULT_MS_CHECK:
        add_dead_mx(d, "ms12345678.msv1.invalid");
        break;
    case SIM_MX_FAULT_DUPLICATE:
        duplicate(d);
        break;
    case SIM_MX_FAULT_V6_DEAD:
    case SIM_MX_FAULT_V6_ONLY:
        break_family(&d->mx[0], cls->param == SIM_MX_FAULT_V6_ONLY);
        break;
    case SIM_MX_FAULT_NO_ADDRESS:
    case SIM_MX_FAULT_PRIVATE:
    case SIM_MX_FAULT_CNAME:
    case SIM_MX_FAULT_CNAME_TARGET_LISTED:
        break_host(d, cls->param);
        break;
    default:
        mismatch(d, cls->param);
        break;
    }
}

static void set_kind(struct sim_mx *mx, int kind, uint64_t hash)
{
    mx->kind = (enum sim_smtp_kind)kind;
    mx->addr[0] = sim_addr_mx(mx->kind, hash);
    mx->addr_count = 1;
}

void sim_break_mx_host(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    for (size_t i = 0; i < d->mx_count; i++)
        set_kind(&d->mx[i], cls->param, sim_draw_next(draw));
}

void sim_break_one_of_two(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    set_kind(&d->mx[sim_draw_chance(draw, 300) ? 0 : 1], cls->param, sim_draw_next(draw));
}

void sim_break_mx_address(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    struct sim_mx *mx = &d->mx[0];
    mx->split = true;
    mx->second_kind = (enum sim_smtp_kind)cls->param;
    mx->addr[1] = sim_addr_mx(mx->second_kind, sim_draw_next(draw));
    mx->addr_count = 2;
}
