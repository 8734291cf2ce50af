/* The end of a unit: what the certificates cover, judgement, and the record or the second pass. */
#include "scanner/worker/unit.h"

#include "lib/record_json.h"
#include "scanner/net/fetch_response.h"
#include "scanner/worker/backoff.h"
#include <string.h>

/* Only now are the policy's patterns known: which of them does a certificate cover that does not
 * cover the MX name? (mx_cert_domain_only) */
static bool covers_pattern(const struct cert_names *names, struct slice pattern)
{
    if (!slice_starts(pattern, SLICE_LIT("*.")))
        return cert_names_match(names, pattern) == NAME_MATCH_OK;
    for (size_t i = 0; i < names->n; i++)
        if (mx_match(pattern, slice_of(names->dns[i])) ||
            slice_eq_nocase(pattern, slice_of(names->dns[i])))
            return true;
    return false;
}

static void fill_covers(struct unit *u, const struct policy *policy)
{
    for (struct unit_probe *p = u->probes; p; p = p->next) {
        const struct cert_names *names = &p->result->names;
        const struct addr_facts *a = &p->host->addrs;
        const struct strlist *chain = a->v4.cname.n > 0 ? &a->v4.cname : &a->v6.cname;
        uint32_t covers = 0;
        if (chain->n > 0 &&
            cert_names_match(names, slice_of(chain->v[chain->n - 1])) == NAME_MATCH_OK)
            covers |= COVERS_CNAME_TARGET;
        if (cert_names_match(names, slice_of(u->e.domain)) == NAME_MATCH_OK)
            covers |= COVERS_POLICY_DOMAIN;
        for (size_t i = 0; i < policy->n_mx && i < POLICY_MX_COMPARED_MAX; i++)
            if (covers_pattern(names, slice_of(policy->mx[i])))
                covers |= COVERS_POLICY_PATTERN;
        p->facts->tls.covers = covers;
    }
}

static void complete_covers(struct unit *u)
{
    const struct policy_facts *p = &u->e.policy;
    if (!u->probes)
        return;
    struct arena scratch;
    struct findings findings;
    struct policy policy = {.n_mx = 0};
    struct policy_context context = {.domain = u->e.domain, .psl = u->worker->shared->judge.psl};
    arena_init(&scratch, EVIDENCE_MAX_BYTES);
    findings_init(&findings, &scratch);
    if (p->chosen >= 0 && p->fetch[p->chosen].http.status == 200)
        policy_judge(p->fetch[p->chosen].http.body, &context, &findings, &policy);
    fill_covers(u, &policy);
    arena_free(&scratch);
}

/* ---- the record ----------------------------------------------------------------------------- */

static bool has_probe(const struct evidence *e, bool (*is)(const struct probe_facts *p))
{
    for (size_t i = 0; i < e->mx.n; i++)
        for (size_t k = 0; k < e->mx.host[i].n_probe; k++)
            if (is(&e->mx.host[i].probe[k]))
                return true;
    return false;
}

static bool is_abandoned(const struct probe_facts *p)
{
    return p->end == PROBE_ABANDONED;
}

/* Something was given up for limits of our own. */
static bool has_abandoned(const struct evidence *e)
{
    return e->deadline_hit || e->mx.dns.status == LOOKUP_ABANDONED || has_probe(e, is_abandoned);
}

/* The policy host took the connection, and its handshake or answer was not over at the deadline. */
static bool fell_silent(const struct policy_facts *p)
{
    const struct fetch_facts *f = p->chosen >= 0 ? &p->fetch[p->chosen] : NULL;
    return f && f->conn == CONN_OK &&
           (f->tls.end == TLS_END_TIMEOUT || f->http.end == HTTP_END_TIMEOUT);
}

/* A second try could tell more: what is unknown is not our own configuration's doing; an MX hides
 * its STARTTLS from who comes for the first time; or a connection that began well ended without a
 * word, by which a policy would be called void, or all the domains that share an MX address failed.
 */
static bool could_be_retried(const struct unit *u, const struct judgement *j)
{
    const struct evidence *e = &u->e;
    /* A record that is found says no more when nobody is to fetch its policy. */
    bool left_out = u->worker->shared->options->no_policy && j->record_status == COMPONENT_FOUND;
    if ((j->adoption == ADOPTION_UNDETERMINED && !left_out) ||
        lookup_is_undetermined(e->rpt.dns.status))
        return true;
    bool undetermined = j->verdict == VERDICT_UNDETERMINED;
    if ((undetermined && has_abandoned(e)) || has_probe(e, probe_is_broken_off) ||
        (j->adoption == ADOPTION_BROKEN && fell_silent(&e->policy)))
        return true;
    for (size_t i = 0; i < j->findings.n; i++) {
        enum finding_code code = j->findings.v[i].code;
        /* Whatever else decides the verdict. */
        if (code == FC_http_limited || code == FC_starttls_missing)
            return true;
        if (undetermined && finding_row(code)->effect == EFFECT_UNDETERMINED &&
            code != FC_smtp_unroutable && code != FC_host_unroutable)
            return true;
    }
    return false;
}

/* The policy host asked us to stay away for longer than anybody waits (backoff.h): it would not be
 * contacted a second time, and the record would not tell any more why. */
static bool is_asked_away(const struct unit *u)
{
    const struct policy_facts *p = &u->e.policy;
    for (size_t i = 0; i < p->n_fetch; i++)
        if (p->fetch[i].http.status == 429 &&
            retry_after_ms(p->fetch[i].http.retry_after, worker_wall_ms(u->worker)) >
                BACKOFF_MAX_MS)
            return true;
    return false;
}

/* Whether it is too early to write the domain. Without a second pass too, the lookups that failed
 * wait until the brake can no longer say that they are to be done again. */
static bool is_too_early(const struct unit *u, const struct judgement *j)
{
    const struct scan_options *o = u->worker->shared->options;
    if (u->second_pass)
        return false;
    if (o->retry_undetermined)
        return could_be_retried(u, j) && !is_asked_away(u);
    return o->min_success_pct > 0 && lookup_is_undetermined(u->e.sts.dns.status);
}

/* Withholds the domain until the end of the first pass; false when it is to be written now. */
static bool withhold(struct unit *u, const struct judgement *j)
{
    struct worker *w = u->worker;
    if (!is_too_early(u, j))
        return false;
    struct strbuf line;
    strbuf_init(&line, RECORD_LINE_MAX_BYTES);
    /* What a failed record lookup saw is told by its status alone, when it is walked again. */
    bool keep_line =
        !w->shared->options->retry_undetermined || !lookup_is_undetermined(u->e.sts.dns.status);
    if (keep_line && record_write(&u->e, j, &line) != ST_OK)
        strbuf_clear(&line);
    /* What will not be walked again is withheld whole, or not at all. */
    bool kept =
        (w->shared->options->retry_undetermined || retry_keeps_line(&w->withheld, line.len)) &&
        retry_add(&w->withheld, &u->e, (struct slice){line.p, line.len}) == ST_OK;
    strbuf_free(&line);
    return kept;
}

/* How long the domain took, our own waits aside. One part may wait while another one is served, and
 * lateness falls into waits too: what others took for one answer is the least that it can be. */
static uint32_t duration_ms(const struct unit *u)
{
    uint64_t now = worker_now_us(u->worker), spent_us = now - u->began_us;
    uint64_t late_us = lag_late_ms(&u->worker->lag, u->lag_then, now) * 1000ULL;
    uint64_t ours_us = u->paused_us + late_us;
    spent_us -= ours_us < spent_us ? ours_us : spent_us;
    uint64_t ms = (u->longest_us > spent_us ? u->longest_us : spent_us) / 1000;
    for (size_t i = 0; i < u->e.policy.n_fetch; i++) {
        const struct fetch_facts *f = &u->e.policy.fetch[i];
        if (f->total_ms > f->own_ms && f->total_ms - f->own_ms > ms)
            ms = f->total_ms - f->own_ms;
    }
    return (uint32_t)ms;
}

void unit_finish(struct unit *u)
{
    struct worker *w = u->worker;
    struct judgement *j = &w->judgement;
    u->e.duration_ms = duration_ms(u);
    complete_covers(u);
    if (classify(&w->shared->judge, &u->e, j) != ST_OK) {
        worker_fail(w);
    } else if (!withhold(u, j)) {
        worker_count_record(w, &u->e, j);
        if (worker_write_record(w, &u->e, j) != ST_OK)
            worker_fail(w);
    }
    unit_put_back(u);
}
