/* check_components: what stands of each component, one line and what belongs to it. */
#include "scanner/check_page.h"

#include "lib/record_words.h"

#include <string.h>

enum { BODY_LINES_MAX = 40, BODY_LINE_MAX_BYTES = 200 }; /* of a policy shown */

enum page_mark page_mark_of(enum component c)
{
    switch (c) {
    case COMPONENT_FOUND:
    case COMPONENT_VALID:
        return MARK_GOOD;
    case COMPONENT_INVALID:
    case COMPONENT_FAILED:
        return MARK_BAD;
    case COMPONENT_UNDETERMINED:
        return MARK_UNKNOWN;
    default:
        return MARK_NONE;
    }
}

static void put_txt(const struct page *p, const char *name, enum component status,
                    const struct txt_facts *txt)
{
    page_component(p, page_mark_of(status), name);
    if (txt->n == 0)
        fprintf(p->to, "%s (%s)\n", component_name(status), lookup_name(txt->dns.status));
    for (size_t i = 0; i < txt->n; i++) {
        if (i > 0)
            fprintf(p->to, "%*s", PAGE_TEXT_COLUMN, "");
        put_wire(p->to, (struct slice){txt->rr[i].p, txt->rr[i].len});
        fputc('\n', p->to);
    }
}

static void put_seconds(FILE *to, int64_t s)
{
    if (s >= 172800)
        fprintf(to, "%lld (%lld days)", (long long)s, (long long)(s / 86400));
    else
        fprintf(to, "%lld", (long long)s);
}

static void put_tls(const struct page *p, const struct tls_facts *t)
{
    char version[WORD_MAX_BYTES];
    if (t->end == TLS_END_NONE)
        return;
    if (t->end != TLS_END_OK) {
        fprintf(p->to, ", TLS handshake: %s", tls_end_name(t->end));
        return;
    }
    tls_version_text(t->version, version);
    fprintf(p->to, ", %s", version);
    if (tls_facts_valid(t)) {
        fputs(", certificate valid", p->to);
        return;
    }
    fputs(", certificate:", p->to);
    for (size_t i = 0; i < n_cert_error_words; i++)
        if (t->cert_errors & cert_error_words[i].bit)
            fprintf(p->to, " %s", cert_error_words[i].word);
    if (t->name != NAME_MATCH_OK)
        fputs(" host_mismatch", p->to);
}

static void put_body(const struct page *p, struct slice body)
{
    struct policy_line line;
    size_t pos = 0, shown = 0;
    while (policy_next_line(body, &pos, &line)) {
        if (shown++ == BODY_LINES_MAX) {
            fprintf(p->to, "%*s...\n", PAGE_TEXT_COLUMN, "");
            return;
        }
        fprintf(p->to, "%*s", PAGE_TEXT_COLUMN, "");
        page_colour(p, DIM);
        struct slice cut = line.raw;
        cut.len = cut.len < BODY_LINE_MAX_BYTES ? cut.len : BODY_LINE_MAX_BYTES;
        put_wire(p->to, cut);
        page_colour(p, PLAIN);
        fputc('\n', p->to);
    }
}

static void put_policy(const struct page *p, const struct evidence *e, const struct judgement *j)
{
    const struct policy_facts *policy = &e->policy;
    page_component(p, page_mark_of(j->policy_status), "policy");
    fputs(component_name(j->policy_status), p->to);
    if (j->policy_status == COMPONENT_FAILED && j->policy_stage)
        fprintf(p->to, " at %s", j->policy_stage);
    if (policy_mode_name(j->policy.mode))
        fprintf(p->to, ", mode %s", policy_mode_name(j->policy.mode));
    if (j->policy.max_age_s >= 0) {
        fputs(", max_age ", p->to);
        put_seconds(p->to, j->policy.max_age_s);
    }
    fputc('\n', p->to);
    for (size_t i = 0; i < policy->n_fetch; i++) {
        const struct fetch_facts *f = &policy->fetch[i];
        char ip[ADDR_TEXT_MAX_BYTES];
        net_addr_text(&f->ip, ip);
        fprintf(p->to, "%*s", PAGE_TEXT_COLUMN, "");
        put_wire(p->to, slice_of(policy->host));
        fprintf(p->to, " at %s: %s", ip, conn_name(f->conn));
        put_tls(p, &f->tls);
        if (f->http.status > 0)
            fprintf(p->to, ", HTTP %d", f->http.status);
        fputc('\n', p->to);
    }
    if (policy->chosen >= 0 && (size_t)policy->chosen < policy->n_fetch)
        put_body(p, policy->fetch[policy->chosen].http.body);
}

static enum page_mark mark_of_mx(const struct mx_host *host, const struct mx_judgement *m,
                                 const struct judgement *j)
{
    if (m->set_aside)
        return MARK_WARN;
    if ((j->policy_status == COMPONENT_VALID && !m->matched_by) || m->failing > 0)
        return MARK_BAD;
    if (m->passing > 0)
        return MARK_GOOD;
    /* Without a policy that holds nothing passes or fails; the connection itself can be good. */
    for (size_t k = 0; k < host->n_probe; k++)
        if (host->probe[k].end == PROBE_OK && tls_facts_valid(&host->probe[k].tls))
            return MARK_GOOD;
    return host->n_probe > 0 ? MARK_WARN : MARK_NONE;
}

static void put_probe(const struct page *p, const struct probe_facts *f)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&f->ip, ip);
    fprintf(p->to, "%*s%s: %s", PAGE_TEXT_COLUMN, "", ip, probe_end_name(f->end));
    put_tls(p, &f->tls);
    if (f->end != PROBE_OK && f->reply) {
        fprintf(p->to, ", %d ", f->reply_code);
        put_wire(p->to, slice_of(f->reply));
    }
    fputc('\n', p->to);
}

static void put_mx(const struct page *p, const struct evidence *e, const struct judgement *j)
{
    if (e->mx.n == 0) {
        page_component(p, page_mark_of(j->mx_status), "MX");
        fprintf(p->to, "%s (%s)\n", component_name(j->mx_status), lookup_name(e->mx.dns.status));
    }
    for (size_t i = 0; i < e->mx.n; i++) {
        const struct mx_host *host = &e->mx.host[i];
        const struct mx_judgement *m = j->mx ? &j->mx[i] : &(struct mx_judgement){0};
        page_component(p, mark_of_mx(host, m, j), "MX");
        if (host->implicit)
            fputs("none, so the domain itself: ", p->to);
        else
            fprintf(p->to, "%u ", (unsigned)host->preference);
        put_wire(p->to, slice_of(host->name));
        if (m->matched_by) {
            fputs(", listed by ", p->to);
            put_wire(p->to, slice_of(m->matched_by));
        } else if (j->policy_status == COMPONENT_VALID) {
            fputs(", not listed by the policy", p->to);
        }
        fputs(host->n_probe == 0 ? ", not probed\n" : "\n", p->to);
        for (size_t k = 0; k < host->n_probe; k++)
            put_probe(p, &host->probe[k]);
    }
}

void page_components(const struct page *p, const struct evidence *e, const struct judgement *j)
{
    put_txt(p, "record", j->record_status, &e->sts);
    if (j->policy_status != COMPONENT_SKIPPED)
        put_policy(p, e, j);
    if (j->mx_status != COMPONENT_SKIPPED)
        put_mx(p, e, j);
    if (j->tlsrpt_status != COMPONENT_SKIPPED)
        put_txt(p, "TLSRPT", j->tlsrpt_status, &e->rpt);
}
