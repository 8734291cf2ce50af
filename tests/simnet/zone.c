#include "tests/simnet/zone.h"

#include "tests/simnet/providers.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <string.h>

enum { TTL_S = 3600, LAME_EVERY = 8 };

static const char *const name_servers[SIM_SERVER_COUNT] = {
    [SIM_NS_FIRST] = "ns1." SIM_SUFFIX_HOSTING,
    [SIM_NS_SECOND] = "ns2." SIM_SUFFIX_HOSTING,
    [SIM_NS_LAME] = "ns3." SIM_SUFFIX_HOSTING,
};

/* The rest of `name` when it begins with `label` (final dot included), else NULL. */
static const char *below(const char *name, const char *label)
{
    size_t n = strlen(label);
    return strncmp(name, label, n) == 0 && name[n] != '\0' ? name + n : NULL;
}

static const char *parent_of(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot == NULL ? "" : dot + 1;
}

static struct sim_rr *add(struct sim_answer *a, const char *owner, enum sim_type type)
{
    struct sim_rr *rr = &a->rr[a->count < SIM_ANSWER_RRS_MAX ? a->count++ : a->count - 1];
    *rr = (struct sim_rr){.owner = owner, .type = type, .ttl = TTL_S};
    return rr;
}

static void add_target(struct sim_answer *a, const char *owner, enum sim_type type,
                       const char *target, uint16_t preference)
{
    struct sim_rr *rr = add(a, owner, type);
    rr->target = target;
    rr->preference = preference;
}

static void add_addresses(struct sim_answer *a, const char *owner, const uint32_t *addr, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(a, owner, SIM_TYPE_A)->addr = addr[i];
}

static void add_text(struct sim_answer *a, const char *owner, const char *text)
{
    snprintf(a->text_bytes, sizeof a->text_bytes, "%s", text);
    a->text = (struct sim_txt_rr){.text = a->text_bytes, .len = strlen(a->text_bytes)};
    add(a, owner, SIM_TYPE_TXT)->txt = &a->text;
}

static void fail(struct sim_answer *a, enum sim_lookup status)
{
    a->status = status;
    a->count = 0;
}

/* Whether no server of this domain answers properly, whatever is asked. */
static bool is_dead(const struct sim_domain *d)
{
    return !d->adopter && d->sts.status >= SIM_LOOKUP_SERVFAIL;
}

static void answer_txt_set(struct sim_answer *a, const struct sim_txt_set *set, unsigned qtype)
{
    const char *owner = a->qname;
    a->status = set->status;
    if (set->status >= SIM_LOOKUP_SERVFAIL)
        return;
    if (set->cname[0] != '\0') {
        add_target(a, owner, SIM_TYPE_CNAME, set->cname, 0);
        owner = set->cname;
        if (qtype == SIM_TYPE_CNAME)
            a->status = SIM_LOOKUP_FOUND;
    }
    if (set->cname_loop) {
        add_target(a, owner, SIM_TYPE_CNAME, a->qname, 0);
        a->status = SIM_LOOKUP_FOUND;
    }
    if (qtype != SIM_TYPE_TXT)
        return;
    for (size_t i = 0; i < set->n; i++) {
        struct sim_rr *rr = add(a, owner, SIM_TYPE_TXT);
        rr->txt = &set->rr[i];
        rr->ttl = set->ttl;
    }
}

/* v6: an AAAA record too. */
static void answer_host(struct sim_answer *a, enum sim_lookup status, const char *cname,
                        const uint32_t *addr, size_t n, bool v6, unsigned qtype)
{
    const char *owner = a->qname;
    a->status = status;
    if (status >= SIM_LOOKUP_SERVFAIL)
        return;
    if (cname[0] != '\0') {
        add_target(a, owner, SIM_TYPE_CNAME, cname, 0);
        owner = cname;
    }
    if (qtype == SIM_TYPE_A)
        add_addresses(a, owner, addr, n);
    if (qtype == SIM_TYPE_AAAA && v6)
        add(a, owner, SIM_TYPE_AAAA);
}

static void answer_policy_host(struct sim_answer *a, unsigned qtype)
{
    const struct sim_policy_host *h = &a->domain.host;
    answer_host(a, h->status, h->cname, h->addr, h->addr_count, h->v6, qtype);
}

/* simnet-mx1.D and its like: an MX host of D, or the name that one is an alias of. */
static void answer_own_mx(const struct sim_world *world, const char *qname, unsigned qtype,
                          struct sim_answer *a)
{
    const char *domain = qname;
    while (strncmp(domain, "simnet-", 7) == 0)
        domain = parent_of(domain);
    fail(a, SIM_LOOKUP_NXDOMAIN);
    sim_domain_build(world, domain, &a->domain);
    sim_domain_add_mx(world, &a->domain);
    for (size_t i = 0; i < a->domain.mx_count; i++) {
        const struct sim_mx *mx = &a->domain.mx[i];
        if (strcmp(mx->name, qname) == 0)
            answer_host(a, mx->status, mx->cname, mx->addr, mx->addr_count, mx->v6, qtype);
        else if (strcmp(mx->cname, qname) == 0)
            answer_host(a, mx->status, "", mx->addr, mx->addr_count, mx->v6, qtype);
    }
}

/* ns1 and so on; false for any other name. */
static bool answer_name_server(const char *qname, unsigned qtype, struct sim_answer *a)
{
    uint32_t addr = 0;
    for (unsigned i = SIM_NS_FIRST; i < SIM_SERVER_COUNT; i++)
        if (strcmp(qname, name_servers[i]) == 0)
            addr = sim_addr_name_server(i);
    if (addr != 0 && qtype == SIM_TYPE_A)
        add_addresses(a, a->qname, &addr, 1);
    return addr != 0;
}

static void answer_infrastructure(const char *qname, unsigned qtype, struct sim_answer *a)
{
    int hoster = sim_hoster_of(qname), provider = sim_mx_provider_of(qname);
    uint32_t addr[4];
    unsigned n = 1;
    if (answer_name_server(qname, qtype, a))
        return;
    if (provider >= 0 && (hoster < 0 || strlen(sim_mx_provider((unsigned)provider)->suffix) >
                                            strlen(sim_hoster((unsigned)hoster)->suffix))) {
        uint64_t at = sim_hash(0, "shared-mx", qname, strlen(qname));
        n = sim_mx_provider((unsigned)provider)->addresses;
        for (unsigned i = 0; i < n; i++)
            addr[i] = sim_addr_mx_shared((unsigned)provider, at, i);
        hoster = -1;
    } else if (hoster >= 0) {
        uint64_t at = sim_hash(0, "shared-policy", qname, strlen(qname));
        addr[0] = sim_addr_policy_shared((unsigned)hoster, at, 0);
    } else {
        addr[0] = sim_addr_policy(sim_hash(0, SIM_SUFFIX_HOSTING, qname, strlen(qname)));
    }
    if (qtype == SIM_TYPE_A)
        add_addresses(a, a->qname, addr, n);
    else if (qtype == SIM_TYPE_MX)
        add_target(a, a->qname, SIM_TYPE_MX, "inbound." SIM_SUFFIX_HOSTING, 10);
    else if (qtype == SIM_TYPE_TXT && hoster >= 0) {
        char id[SIM_HOSTED_ID_BYTES], text[64];
        sim_hosted_id(qname, id);
        snprintf(text, sizeof text, "v=STSv1; id=%s;", id);
        add_text(a, a->qname, text);
    }
}

/* `*.parent` as the answer for a name without records of its own of this type. False: no wildcard.
 */
static bool answer_wildcard(const struct sim_world *world, const char *parent, unsigned qtype,
                            struct sim_answer *a)
{
    sim_domain_build(world, parent, &a->domain);
    if (a->domain.wildcard_web) {
        add_target(a, a->qname, SIM_TYPE_CNAME, SIM_WILDCARD_WEB, 0);
    } else if (a->domain.wildcard_txt) {
        if (qtype == SIM_TYPE_TXT)
            add_text(a, a->qname, SIM_WILDCARD_TXT);
    } else {
        return false;
    }
    return true;
}

/* A record at a name where nobody looks for it: `qname` is that name of the domain that was built.
 */
static bool answer_astray(struct sim_answer *a, unsigned qtype)
{
    const struct sim_domain *d = &a->domain;
    const struct sim_astray *astray[] = {&d->sts_astray, &d->rpt_astray};
    for (size_t i = 0; qtype == SIM_TYPE_TXT && i < 2; i++) {
        size_t n = astray[i]->label == NULL ? 0 : strlen(astray[i]->label);
        if (astray[i]->label == NULL || strncmp(a->qname, astray[i]->label, n) != 0 ||
            strcmp(a->qname + n, d->name) != 0)
            continue;
        add(a, a->qname, SIM_TYPE_TXT)->txt = &astray[i]->rr;
        return true;
    }
    return false;
}

/* A name below an adopter that has a wildcard, unless the name is a mail host itself. */
static bool answer_wildcard_host(const struct sim_world *world, const char *qname, unsigned qtype,
                                 struct sim_answer *a)
{
    const char *parent = parent_of(qname);
    struct sim_domain *d = &a->domain;
    if ((qtype != SIM_TYPE_A && qtype != SIM_TYPE_AAAA) || !sim_domain_adopts(world, parent))
        return false;
    sim_domain_build(world, qname, d);
    if (d->adopter && d->mx_count > 0 && strcmp(d->mx[0].name, qname) == 0)
        return false;
    sim_domain_build(world, parent, d);
    if (d->host.wildcard)
        answer_policy_host(a, qtype);
    return d->host.wildcard;
}

static void answer_mx(const struct sim_world *world, struct sim_answer *a)
{
    struct sim_domain *d = &a->domain;
    sim_domain_add_mx(world, d);
    if (d->mx_state == SIM_MX_FAILED)
        fail(a, SIM_LOOKUP_SERVFAIL);
    else if (d->mx_state == SIM_MX_NULL)
        add_target(a, a->qname, SIM_TYPE_MX, ".", 0);
    else if (d->mx_state == SIM_MX_FOUND)
        for (size_t i = 0; i < d->mx_count; i++)
            add_target(a, a->qname, SIM_TYPE_MX, d->mx[i].name, d->mx[i].preference);
}

/* A domain's own name. */
static void answer_apex(const struct sim_world *world, const char *qname, unsigned qtype,
                        struct sim_answer *a)
{
    struct sim_domain *d = &a->domain;
    if (qtype == SIM_TYPE_TXT && answer_wildcard(world, parent_of(qname), qtype, a))
        return;
    if (answer_wildcard_host(world, qname, qtype, a))
        return;
    sim_domain_build(world, qname, d);
    if (is_dead(d)) {
        fail(a, d->sts.status);
    } else if (d->missing || sim_is_service_name(qname)) {
        fail(a, SIM_LOOKUP_NXDOMAIN);
    } else if (qtype == SIM_TYPE_A && d->apex_addr != 0) {
        add_addresses(a, a->qname, &d->apex_addr, 1);
    } else if (qtype == SIM_TYPE_MX) {
        answer_mx(world, a);
    } else if (qtype == SIM_TYPE_TXT) {
        add_text(a, a->qname, "v=spf1 mx -all");
        answer_astray(a, qtype);
    } else if (qtype == SIM_TYPE_NS && strcmp(sim_registrable(world, qname), qname) == 0) {
        bool lame = d->hash % LAME_EVERY == 0;
        for (unsigned i = SIM_NS_FIRST; i < SIM_SERVER_COUNT; i++)
            if (i != SIM_NS_LAME || lame)
                add_target(a, a->qname, SIM_TYPE_NS, name_servers[i], 0);
    }
}

/* Underscored names of the domain `parent` that are none of ours: _dmarc, _25._tcp.host, labels
 * asked at random to find wildcards. */
static void answer_underscore(const struct sim_world *world, const char *parent, unsigned qtype,
                              struct sim_answer *a)
{
    if (answer_wildcard(world, parent, qtype, a))
        return;
    if (is_dead(&a->domain))
        fail(a, a->domain.sts.status);
    else if (a->domain.wildcard_sts)
        answer_txt_set(a, &a->domain.sts, qtype);
    else if (answer_astray(a, qtype))
        return;
    else if (below(a->qname, "_dmarc.") == NULL || a->domain.hash % 3 == 0)
        fail(a, SIM_LOOKUP_NXDOMAIN);
    else if (qtype == SIM_TYPE_TXT)
        add_text(a, a->qname, "v=DMARC1; p=reject");
}

/* Shared names publish nothing for themselves. Some hosters' targets begin with _mta-sts too; these
 * have the label once more. */
static bool is_record_of_shared_name(const char *qname, bool shared)
{
    if (!shared)
        return false;
    const char *rest = below(qname, "_mta-sts.");
    return below(qname, "_smtp._tls.") != NULL ||
           (rest != NULL && strstr(rest, "_mta-sts.") == NULL);
}

/* Whether mta-sts.D is a name of its own; then *d is built. */
static bool has_policy_name(const struct sim_world *world, const char *domain, struct sim_domain *d)
{
    sim_domain_build(world, domain, d);
    return d->adopter || d->orphan ||
           (d->sts_astray.label != NULL && strcmp(d->sts_astray.label, "mta-sts.") == 0);
}

static void dispatch(const struct sim_world *world, const char *qname, unsigned qtype,
                     struct sim_answer *a)
{
    struct sim_domain *d = &a->domain;
    const char *domain;
    bool shared = sim_is_infrastructure(qname);
    if (below(qname, SIM_LABEL_GONE ".") != NULL || sim_name_under(qname, "invalid") ||
        sim_name_under(qname, "localhost")) {
        fail(a, SIM_LOOKUP_NXDOMAIN);
    } else if (is_record_of_shared_name(qname, shared)) {
        fail(a, SIM_LOOKUP_NXDOMAIN);
    } else if ((domain = below(qname, "_mta-sts.")) != NULL && !shared) {
        sim_domain_build(world, domain, d);
        answer_txt_set(a, &d->sts, qtype);
    } else if ((domain = below(qname, "_smtp._tls.")) != NULL && !shared) {
        sim_domain_build(world, domain, d);
        answer_txt_set(a, &d->rpt, qtype);
    } else if ((domain = below(qname, SIM_LABEL_LOOP ".")) != NULL) {
        sim_name_join("_mta-sts", domain, d->sts.cname);
        add_target(a, a->qname, SIM_TYPE_CNAME, d->sts.cname, 0);
        add_target(a, d->sts.cname, SIM_TYPE_CNAME, a->qname, 0);
    } else if (shared) {
        answer_infrastructure(qname, qtype, a);
    } else if ((domain = below(qname, "mta-sts.")) != NULL && has_policy_name(world, domain, d)) {
        if (!answer_astray(a, qtype))
            answer_policy_host(a, qtype);
    } else if (strncmp(qname, "simnet-", 7) == 0) {
        answer_own_mx(world, qname, qtype, a);
    } else if (qname[0] == '_' && strchr(qname, '.') != NULL) {
        domain = qname;
        while (domain[0] == '_')
            domain = parent_of(domain);
        answer_underscore(world, domain, qtype, a);
    } else {
        answer_apex(world, qname, qtype, a);
    }
}

/* The registrable domain of a name, taken from the domain just built where that is the same. */
static const char *zone_of(const struct sim_world *world, const struct sim_answer *a,
                           const char *name)
{
    const char *known = a->domain.registrable;
    if (known != NULL && name == a->qname && sim_name_under(name, known))
        return known;
    return sim_registrable(world, name);
}

/* The zone whose SOA comes with a negative answer: that of the last name of the chain. */
static void set_soa(const struct sim_world *world, struct sim_answer *a)
{
    const char *name = a->qname;
    for (size_t i = 0; i < a->count; i++)
        if (a->rr[i].type == SIM_TYPE_CNAME)
            name = a->rr[i].target;
    const char *zone = zone_of(world, a, name);
    bool missing = zone == a->domain.registrable ? a->domain.missing : sim_is_missing(world, zone);
    if (missing && !sim_is_infrastructure(zone))
        zone = parent_of(zone);
    memcpy(a->soa, zone, strlen(zone) + 1);
}

void sim_zone_answer(const struct sim_world *world, const char *qname, unsigned qtype,
                     struct sim_answer *out)
{
    out->status = SIM_LOOKUP_FOUND;
    out->count = 0;
    out->soa[0] = '\0';
    out->authoritative = false;
    out->domain.registrable = NULL;
    size_t len = strnlen(qname, sizeof out->qname - 1);
    memcpy(out->qname, qname, len);
    out->qname[len] = '\0';
    dispatch(world, out->qname, qtype, out);
    if (out->status >= SIM_LOOKUP_SERVFAIL)
        return;
    bool answered = false, loops = false;
    for (size_t i = 0; i < out->count; i++) {
        answered = answered || (unsigned)out->rr[i].type == qtype;
        loops = loops || (i > 0 && out->rr[i].type == SIM_TYPE_CNAME);
    }
    if (!answered && !loops)
        set_soa(world, out);
}

/* The first server has no zone but the domain's, and so stops at an alias that leaves it. */
static void drop_foreign(struct sim_answer *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->rr[i].owner, a->qname) == 0)
            a->rr[kept++] = a->rr[i];
    if (kept < a->count || (kept > 0 && a->rr[0].type == SIM_TYPE_CNAME)) {
        a->status = SIM_LOOKUP_FOUND;
        a->soa[0] = '\0';
    }
    a->count = kept;
}

void sim_zone_answer_of(const struct sim_world *world, enum sim_server server, const char *qname,
                        unsigned qtype, struct sim_answer *out)
{
    sim_zone_answer(world, qname, qtype, out);
    if (server == SIM_NS_LAME) {
        fail(out, SIM_LOOKUP_NODATA);
        out->soa[0] = '\0';
        return;
    }
    out->authoritative = server != SIM_RESOLVER;
    if (server == SIM_NS_FIRST)
        drop_foreign(out);
    const char *domain = below(out->qname, "_mta-sts.");
    if (server == SIM_NS_SECOND && qtype == SIM_TYPE_TXT && domain != NULL && out->count == 1 &&
        strcmp(out->domain.name, domain) == 0 && out->domain.sts_stale.text != NULL)
        out->rr[0].txt = &out->domain.sts_stale;
}
