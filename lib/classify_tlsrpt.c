/* classify_tlsrpt: the record set at _smtp._tls.D and its destinations (RFC 8460 section 3). */
#include "lib/classify.h"

#include <string.h>

static bool has_rpt_like(const struct txt_facts *t)
{
    for (size_t i = 0; t->dns.status == LOOKUP_FOUND && i < t->n; i++) {
        if (slice_contains_nocase((struct slice){t->rr[i].p, t->rr[i].len}, SLICE_LIT("v=tlsrpt")))
            return true;
    }
    return false;
}

/* The domain has a record of MTA-STS or tries to. */
static bool has_sts(const struct judgement *j)
{
    return j->record_status == COMPONENT_FOUND || j->record_status == COMPONENT_INVALID;
}

static void judge_absent(const struct evidence *e, struct judgement *j)
{
    j->tlsrpt_status = COMPONENT_ABSENT;
    classify_add(j, FC_rpt_absent, NULL, NULL);
    if (has_sts(j))
        classify_add(j, FC_rpt_absent_with_sts, NULL, NULL);
    const struct strlist *chain = &e->rpt.dns.cname;
    if (e->rpt.dns.status != LOOKUP_FOUND && chain->n > 0)
        classify_add(j, FC_rpt_cname_dangling, chain->v[chain->n - 1], NULL);
    for (size_t i = 0; i < e->n_rpt_elsewhere; i++) {
        if (has_rpt_like(&e->rpt_elsewhere[i].txt))
            classify_add(j, FC_rpt_wrong_label, e->rpt_elsewhere[i].label, NULL);
    }
}

/* A mailto destination is a mail domain: it lives on an MX, or without one on an address. An https
 * destination is a host and lives on an address alone. */
static bool is_dead(const struct rua_facts *r)
{
    bool mail =
        slice_contains_nocase((struct slice){r->uri, strcspn(r->uri, ":")}, SLICE_LIT("mailto"));
    if (mail && (r->null_mx || r->mx == LOOKUP_NXDOMAIN))
        return true;
    if (mail)
        return r->mx == LOOKUP_NODATA && lookup_is_negative(r->addr);
    return lookup_is_negative(r->addr) || r->addr == LOOKUP_CNAME_LOOP;
}

static enum status judge_found(const struct evidence *e, struct judgement *j)
{
    enum status st = tlsrpt_judge(e->rpt.rr, e->rpt.n, e->domain, &j->findings, &j->tlsrpt);
    if (st == ST_NOMEM)
        return st;
    if (!j->tlsrpt.present) {
        judge_absent(e, j);
        return ST_OK;
    }
    j->tlsrpt_status = j->tlsrpt.valid ? COMPONENT_FOUND : COMPONENT_INVALID;
    for (size_t i = 0; i < e->n_rua; i++) {
        if (e->rua[i].uri && is_dead(&e->rua[i]))
            classify_add(j, FC_rpt_rua_dead, e->rua[i].uri, e->rua[i].host);
    }
    /* Whether there is TLSA is the business of stage dane, which is not part of this evidence. */
    if (j->record_status == COMPONENT_ABSENT)
        classify_add(j, FC_rpt_orphan, NULL, NULL);
    return ST_OK;
}

/* DMARC is evidence beside it: what receivers make of the record, and no finding. */
static enum status judge_dmarc(const struct evidence *e, struct judgement *j)
{
    enum lookup status = e->dmarc.dns.status;
    enum status st = dmarc_judge(e->dmarc.rr, e->dmarc.n, &j->arena, &j->dmarc);
    if (status == LOOKUP_SKIPPED)
        j->dmarc_status = COMPONENT_SKIPPED;
    else if (lookup_is_undetermined(status))
        j->dmarc_status = COMPONENT_UNDETERMINED;
    else if (!j->dmarc.present)
        j->dmarc_status = COMPONENT_ABSENT;
    else
        j->dmarc_status = j->dmarc.valid ? COMPONENT_FOUND : COMPONENT_INVALID;
    return st;
}

enum status classify_tlsrpt(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    (void)ctx;
    enum lookup status = e->rpt.dns.status;
    enum status st = ST_OK;
    if (status == LOOKUP_SKIPPED)
        j->tlsrpt_status = COMPONENT_SKIPPED;
    else if (lookup_is_undetermined(status))
        j->tlsrpt_status = COMPONENT_UNDETERMINED;
    else if (status == LOOKUP_FOUND)
        st = judge_found(e, j);
    else
        judge_absent(e, j);
    if (st == ST_OK)
        st = judge_dmarc(e, j);
    return st == ST_OK ? classify_status(j) : st;
}
