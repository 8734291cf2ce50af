/* classify_dns: the record set at _mta-sts.D and its CNAME; the MX record set by the way, since
 * what stands around the record is judged by both. */
#include "lib/classify.h"

#include <string.h>

#define STS_TTL_MAX_SECONDS 86400 /* sts_ttl_long */

bool classify_has_sts_like(const struct txt_facts *t)
{
    for (size_t i = 0; t->dns.status == LOOKUP_FOUND && i < t->n; i++) {
        if (record_is_sts_like((struct slice){t->rr[i].p, t->rr[i].len}))
            return true;
    }
    return false;
}

const struct provider *classify_sts_hoster(const struct judge *ctx, const struct strlist *chain)
{
    for (size_t i = 0; i < chain->n; i++) {
        const struct provider *p = provider_of_policy_host(ctx->providers, slice_of(chain->v[i]));
        if (p && p->kind == PROVIDER_STS_HOSTING)
            return p;
    }
    return NULL;
}

/* findings.tsv, sts_cname_dangling: by the target's name, a known hoster, or because a random
 * sibling label has no such CNAME. A wildcard gives the sibling the same first target. */
enum cname_meant classify_cname_meant(const struct judge *ctx, const struct evidence *e)
{
    const struct strlist *chain = &e->sts.dns.cname;
    const struct dns_facts *sibling = &e->sts_sibling.txt.dns;
    if (chain->n == 0)
        return CNAME_NONE;
    for (size_t i = 0; i < chain->n; i++) {
        struct slice target = slice_of(chain->v[i]);
        if (slice_contains_nocase(target, SLICE_LIT("mta-sts")) ||
            slice_contains_nocase(target, SLICE_LIT("mta_sts")))
            return CNAME_MEANT;
    }
    if (classify_sts_hoster(ctx, chain))
        return CNAME_MEANT;
    if (sibling->status == LOOKUP_SKIPPED || lookup_is_undetermined(sibling->status))
        return CNAME_UNKNOWN;
    bool same = sibling->cname.n > 0 &&
                slice_eq_nocase(slice_of(sibling->cname.v[0]), slice_of(chain->v[0]));
    return same ? CNAME_NOT_MEANT : CNAME_MEANT;
}

bool evidence_is_adopter(const struct judge *ctx, const struct evidence *e)
{
    return e->adopter_in_baseline || classify_has_sts_like(&e->sts) ||
           classify_cname_meant(ctx, e) == CNAME_MEANT;
}

/* ABANDONED says nothing of the domain, so it has no finding. */
static void record_failed(const struct dns_facts *d, struct judgement *j)
{
    j->record_status = COMPONENT_UNDETERMINED;
    if (d->status == LOOKUP_TIMEOUT)
        classify_add(j, FC_sts_dns_timeout, NULL, NULL);
    else if (d->status == LOOKUP_BOGUS ||
             (d->status != LOOKUP_ABANDONED && lookup_ede_is_dnssec(d->ede)))
        classify_add(j, FC_sts_dns_bogus, NULL, NULL);
    else if (d->status != LOOKUP_ABANDONED)
        classify_add(j, FC_sts_dns_servfail, NULL, lookup_name(d->status));
}

/* A CNAME that leads nowhere: void when it is meant for MTA-STS, nothing when a zone-wide wildcard
 * made it. A loop is judged alike: `*.D CNAME x.D` loops at every name. */
static void record_dangling(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    bool loop = e->sts.dns.status == LOOKUP_CNAME_LOOP;
    const struct strlist *chain = &e->sts.dns.cname;
    const char *target = chain->n > 0 ? chain->v[chain->n - 1] : NULL;
    enum cname_meant meant = classify_cname_meant(ctx, e);
    if (loop && meant != CNAME_NOT_MEANT) {
        classify_add(j, FC_sts_cname_loop, target, NULL);
        j->record_status = COMPONENT_INVALID;
    } else if (meant == CNAME_MEANT) {
        classify_add(j, FC_sts_cname_dangling, target, lookup_name(e->sts.dns.status));
        j->record_status = COMPONENT_INVALID;
    } else {
        j->record_status = meant == CNAME_UNKNOWN ? COMPONENT_UNDETERMINED : COMPONENT_ABSENT;
    }
}

static enum status record_found(const struct evidence *e, struct judgement *j)
{
    enum status st = record_judge(e->sts.rr, e->sts.n, &j->findings, &j->record);
    j->record_status = j->record.state == RECORD_VALID     ? COMPONENT_FOUND
                       : j->record.state == RECORD_INVALID ? COMPONENT_INVALID
                                                           : COMPONENT_ABSENT;
    return st;
}

static enum status judge_record(const struct judge *ctx, const struct evidence *e,
                                struct judgement *j)
{
    const struct dns_facts *d = &e->sts.dns;
    enum status st = ST_OK;
    if (d->status == LOOKUP_SKIPPED)
        j->record_status = COMPONENT_SKIPPED;
    else if (lookup_is_undetermined(d->status))
        record_failed(d, j);
    else if (d->status == LOOKUP_FOUND)
        st = record_found(e, j);
    else if (d->status == LOOKUP_CNAME_LOOP || d->cname.n > 0)
        record_dangling(ctx, e, j);
    else
        j->record_status = COMPONENT_ABSENT;
    if (j->record_status == COMPONENT_ABSENT)
        classify_add(j, FC_sts_absent, NULL, NULL);
    return st;
}

static bool same_rr(const struct txt_rr *a, const struct txt_rr *b)
{
    return slice_eq((struct slice){a->p, a->len}, (struct slice){b->p, b->len});
}

static void judge_wildcard_txt(const struct evidence *e, struct judgement *j)
{
    const struct txt_facts *sibling = &e->sts_sibling.txt;
    for (size_t i = 0; sibling->dns.status == LOOKUP_FOUND && i < e->sts.n; i++) {
        if (!record_is_sts_like((struct slice){e->sts.rr[i].p, e->sts.rr[i].len}))
            continue;
        for (size_t k = 0; k < sibling->n; k++) {
            if (same_rr(&e->sts.rr[i], &sibling->rr[k]))
                classify_add(j, FC_sts_wildcard_txt, NULL, e->sts_sibling.label);
        }
    }
}

/* Two answers hold the same RRs, in any order. */
static bool same_rrset(const struct txt_facts *a, const struct txt_facts *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        size_t in_a = 0, in_b = 0;
        for (size_t k = 0; k < a->n; k++) {
            in_a += same_rr(&a->rr[i], &a->rr[k]);
            in_b += same_rr(&a->rr[i], &b->rr[k]);
        }
        if (in_a != in_b)
            return false;
    }
    return true;
}

/* A server that did not answer says nothing of its data. Nor does an alias: one server may stop at
 * it and another, that has the target's zone as well, go on (RFC 1034 4.3.2). */
static bool is_comparable(const struct txt_facts *view)
{
    return view->dns.cname.n == 0 && !view->truncated &&
           (view->dns.status == LOOKUP_FOUND || lookup_is_negative(view->dns.status));
}

static void judge_authoritative(const struct evidence *e, struct judgement *j)
{
    const struct ns_view *first = NULL;
    for (size_t i = 0; i < e->n_ns; i++) {
        if (!is_comparable(&e->ns[i].txt))
            continue;
        if (!first)
            first = &e->ns[i];
        else if (!same_rrset(&first->txt, &e->ns[i].txt))
            classify_add(j, FC_sts_ns_inconsistent, e->ns[i].server, first->server);
    }
}

/* label is `prefix`D (prefix with its dot, or ""). */
static bool label_is(const char *label, const char *prefix, const char *domain)
{
    size_t len = strlen(prefix);
    return label && strncmp(label, prefix, len) == 0 &&
           slice_eq_nocase(slice_of(label + len), slice_of(domain));
}

/* STS-like TXT at a wrong name, while there is none at the right one. */
static void judge_elsewhere(const struct evidence *e, struct judgement *j)
{
    for (size_t i = 0; i < e->n_elsewhere; i++) {
        const char *label = e->elsewhere[i].label;
        if (!classify_has_sts_like(&e->elsewhere[i].txt))
            continue;
        if (label_is(label, "", e->domain))
            classify_add(j, FC_sts_at_apex, label, NULL);
        else if (label_is(label, "mta-sts.", e->domain))
            classify_add(j, FC_sts_at_policy_host, label, NULL);
        else if (label_is(label, "_mta_sts.", e->domain) ||
                 label_is(label, "_smtp_sts.", e->domain))
            classify_add(j, FC_sts_legacy_label, label, NULL);
    }
}

/* RFC 8461 8.2: a delegation moves both names to the same hoster. */
static void judge_half_delegated(const struct judge *ctx, const struct evidence *e,
                                 struct judgement *j)
{
    const struct addr_facts *host = &e->policy.addrs;
    if (policy_facts_skipped(&e->policy) || addr_facts_undetermined(host) ||
        (host->v4.status == LOOKUP_SKIPPED && host->v6.status == LOOKUP_SKIPPED))
        return;
    const struct provider *txt = classify_sts_hoster(ctx, &e->sts.dns.cname);
    const struct provider *web = classify_sts_hoster(ctx, addr_facts_chain(host));
    if (txt == web || (txt && web && strcmp(txt->name, web->name) == 0))
        return;
    classify_add(j, FC_sts_half_delegated, txt ? txt->name : web->name,
                 txt && web ? web->name : NULL);
}

static void judge_around_record(const struct judge *ctx, const struct evidence *e,
                                struct judgement *j)
{
    const struct strlist *chain = &e->sts.dns.cname;
    bool there = j->record_status == COMPONENT_FOUND || j->record_status == COMPONENT_INVALID;
    if (chain->n > 0)
        classify_add(j, FC_sts_cname, chain->v[chain->n - 1], NULL);
    judge_authoritative(e, j);
    if (there) {
        judge_wildcard_txt(e, j);
        judge_half_delegated(ctx, e, j);
        if (e->sts.dns.status == LOOKUP_FOUND && e->sts.dns.ttl_s > STS_TTL_MAX_SECONDS) {
            const char *ttl = arena_printf(&j->arena, "%u", (unsigned)e->sts.dns.ttl_s);
            classify_add(j, FC_sts_ttl_long, NULL, ttl);
        }
        if (j->mx_status == COMPONENT_NULL_MX)
            classify_add(j, FC_sts_on_null_mx, NULL, NULL);
    } else if (j->record_status == COMPONENT_ABSENT) {
        judge_elsewhere(e, j);
        /* RFC 8461 3.4: a subdomain never inherits. */
        bool mail = j->mx_status == COMPONENT_FOUND || j->mx_status == COMPONENT_IMPLICIT;
        if (mail && classify_has_sts_like(&e->parent_sts))
            classify_add(j, FC_sts_parent_only, NULL, NULL);
    }
}

enum status classify_dns(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    enum status st = judge_record(ctx, e, j);
    if (st == ST_NOMEM)
        return st;
    classify_mx_dns(e, j);
    judge_around_record(ctx, e, j);
    return classify_status(j);
}
