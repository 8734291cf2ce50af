/* record_write: one domain's evidence and judgement as one line of NDJSON.
 *
 * Most lines are of absent domains, so the way of such a line is kept short: straight appends, no
 * allocation but the buffer's own growth, no printf. */
#include "lib/record_json.h"

#include "lib/record_out.h"

#include <stdint.h>

/* The first cut that gives a line within RECORD_LINE_MAX_BYTES is taken; the last one always does
 * (FINDINGS_MAX short findings, four entries of each list, 256 bytes of each text). */
static const struct record_cut cuts[] = {
    {SIZE_MAX, SIZE_MAX, SIZE_MAX, true},
    {16, 1024, POLICY_BODY_MAX_BYTES, true},
    {4, 256, 0, false},
};
#define CUTS (sizeof cuts / sizeof *cuts)

static void write_findings(struct record_out *o, const struct findings *f)
{
    OUT_KEY(o, "findings");
    out_open(o, '[');
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *found = &f->v[i];
        const struct finding_row *row = finding_row(found->code);
        if (row->effect == EFFECT_STATE)
            continue;
        const char effect[2] = {effect_letter(row->effect), '\0'};
        out_element(o);
        out_open(o, '{');
        OUT_KEY(o, "code");
        out_text(o, row->code);
        OUT_KEY(o, "stage");
        out_text(o, stage_name(row->stage));
        OUT_KEY(o, "effect");
        out_text(o, effect);
        OUT_KEY(o, "target");
        out_text(o, o->cut->finding_text ? found->target : NULL);
        OUT_KEY(o, "detail");
        out_text(o, o->cut->finding_text ? found->detail : NULL);
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void write_head(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "schema");
    out_int(o, RECORD_SCHEMA);
    OUT_KEY(o, "domain");
    out_text(o, e->domain);
    OUT_KEY(o, "rank");
    if (e->rank >= 0)
        out_int(o, e->rank);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "index");
    strbuf_addu(o->b, e->index);
    OUT_KEY(o, "ts");
    out_time(o, e->ts_ms);
    OUT_KEY(o, "duration_ms");
    out_int(o, e->duration_ms);
    OUT_KEY(o, "adoption");
    out_text(o, adoption_name(j->adoption));
    OUT_KEY(o, "verdict");
    out_text(o, verdict_name(j->verdict));
    OUT_KEY(o, "cause");
    out_text(o, j->cause >= 0 ? finding_row((enum finding_code)j->cause)->code : NULL);
    write_findings(o, &j->findings);
    OUT_KEY(o, "tag");
    out_text(o, e->tag);
    if (e->deadline_hit) {
        OUT_KEY(o, "deadline_hit");
        out_bool(o, true);
    }
    if (e->adopter_in_baseline) {
        OUT_KEY(o, "adopter_in_baseline");
        out_bool(o, true);
    }
    if (o->cut != &cuts[0] || e->cut) {
        OUT_KEY(o, "cut");
        out_bool(o, true);
    }
}

static void write_invalid(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "raw");
    out_bytes(o, e->raw);
    OUT_KEY(o, "reason");
    out_text(o, e->input_reason);
}

/* {"label": ..., txt set} */
static void write_label(struct record_out *o, const struct label_txt *l)
{
    out_open(o, '{');
    OUT_KEY(o, "label");
    out_text(o, l->label);
    out_txt_set(o, &l->txt, false);
    out_close(o, '}');
}

static void write_labels(struct record_out *o, const struct label_txt *l, size_t n)
{
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, n); i++) {
        out_element(o);
        write_label(o, &l[i]);
    }
    out_close(o, ']');
}

static void write_authoritative(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "authoritative");
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, e->n_ns); i++) {
        out_element(o);
        out_open(o, '{');
        OUT_KEY(o, "server");
        out_text(o, e->ns[i].server);
        out_txt_set(o, &e->ns[i].txt, false);
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void write_record(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "record");
    out_open(o, '{');
    OUT_KEY(o, "status");
    out_text(o, component_name(j->record_status));
    if (j->record.id) {
        OUT_KEY(o, "id");
        out_text(o, j->record.id);
    }
    out_txt_set(o, &e->sts, true);
    if (e->sts_sibling.txt.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "sibling");
        write_label(o, &e->sts_sibling);
    }
    if (e->parent_sts.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "parent");
        out_open(o, '{');
        out_txt_set(o, &e->parent_sts, false);
        out_close(o, '}');
    }
    if (e->n_elsewhere > 0) {
        OUT_KEY(o, "elsewhere");
        write_labels(o, e->elsewhere, e->n_elsewhere);
    }
    if (e->n_ns > 0)
        write_authoritative(o, e);
    out_close(o, '}');
}

static void write_rua_hosts(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "rua_hosts");
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, e->n_rua); i++) {
        const struct rua_facts *r = &e->rua[i];
        out_element(o);
        out_open(o, '{');
        OUT_KEY(o, "uri");
        out_text(o, r->uri);
        OUT_KEY(o, "host");
        out_text(o, r->host);
        OUT_KEY(o, "mx");
        out_text(o, lookup_name(r->mx));
        OUT_KEY(o, "addr");
        out_text(o, lookup_name(r->addr));
        if (r->null_mx) {
            OUT_KEY(o, "null_mx");
            out_bool(o, true);
        }
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void write_tlsrpt(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "tlsrpt");
    out_open(o, '{');
    OUT_KEY(o, "status");
    out_text(o, component_name(j->tlsrpt_status));
    OUT_KEY(o, "rua");
    out_strings(o, j->tlsrpt.rua, j->tlsrpt.n_rua);
    out_txt_set(o, &e->rpt, false);
    if (e->n_rpt_elsewhere > 0) {
        OUT_KEY(o, "elsewhere");
        write_labels(o, e->rpt_elsewhere, e->n_rpt_elsewhere);
    }
    if (e->n_rua > 0)
        write_rua_hosts(o, e);
    out_close(o, '}');
}

/* Wrong places at which something like the policy was looked for. */
static void write_alt(struct record_out *o, const struct policy_facts *p)
{
    OUT_KEY(o, "elsewhere");
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, p->n_alt); i++) {
        out_element(o);
        out_open(o, '{');
        OUT_KEY(o, "url");
        out_text(o, p->alt[i].url);
        OUT_KEY(o, "status");
        out_int(o, p->alt[i].status);
        OUT_KEY(o, "looks_like_policy");
        out_bool(o, p->alt[i].looks_like_policy);
        out_close(o, '}');
    }
    out_close(o, ']');
}

/* The try that is judged, or else the last, stands in the policy object itself; all others in
 * other_tries, in their order. */
static void write_tries(struct record_out *o, const struct policy_facts *p)
{
    if (p->n_fetch == 0) {
        OUT_KEY(o, "ip");
        OUT_LIT(o, "null");
        OUT_KEY(o, "http");
        OUT_LIT(o, "null");
        OUT_KEY(o, "tls");
        OUT_LIT(o, "null");
        return;
    }
    bool chosen = p->chosen >= 0 && (size_t)p->chosen < p->n_fetch;
    size_t shown = chosen ? (size_t)p->chosen : p->n_fetch - 1;
    out_fetch(o, &p->fetch[shown], p->dns_ms);
    if (!chosen) {
        OUT_KEY(o, "chosen");
        out_bool(o, false);
    }
    if (p->n_fetch == 1)
        return;
    /* A cut list keeps the tries that come first. */
    size_t others = out_list_len(o, p->n_fetch - 1);
    OUT_KEY(o, "try");
    out_int(o, (int64_t)(shown < others ? shown : others));
    OUT_KEY(o, "other_tries");
    out_open(o, '[');
    for (size_t i = 0, left = others; left > 0; i++) {
        if (i == shown)
            continue;
        left--;
        out_element(o);
        out_open(o, '{');
        out_fetch(o, &p->fetch[i], 0);
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void write_policy(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    const struct policy_facts *p = &e->policy;
    OUT_KEY(o, "policy");
    out_open(o, '{');
    OUT_KEY(o, "status");
    out_text(o, component_name(j->policy_status));
    if (policy_facts_skipped(p)) {
        out_close(o, '}');
        return;
    }
    OUT_KEY(o, "stage");
    out_text(o, j->policy_stage);
    OUT_KEY(o, "host");
    out_text(o, p->host);
    out_addrs(o, &p->addrs);
    OUT_KEY(o, "provider");
    out_text(o, j->policy_provider);
    write_tries(o, p);
    OUT_KEY(o, "mode");
    out_text(o, policy_mode_name(j->policy.mode));
    OUT_KEY(o, "max_age");
    if (j->policy.max_age_s >= 0)
        out_int(o, j->policy.max_age_s);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "mx");
    out_strings(o, j->policy.mx, j->policy.n_mx);
    if (p->sibling.v4.status != LOOKUP_SKIPPED || p->sibling.v6.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "sibling");
        out_open(o, '{');
        out_addrs(o, &p->sibling);
        out_close(o, '}');
    }
    if (p->n_alt > 0)
        write_alt(o, p);
    out_close(o, '}');
}

static void write_mx_host(struct record_out *o, const struct mx_host *h,
                          const struct mx_judgement *m)
{
    out_open(o, '{');
    OUT_KEY(o, "host");
    out_text(o, h->name);
    OUT_KEY(o, "preference");
    out_int(o, h->preference);
    OUT_KEY(o, "implicit");
    out_bool(o, h->implicit);
    OUT_KEY(o, "provider");
    out_text(o, m ? m->provider : NULL);
    OUT_KEY(o, "matched_by");
    out_text(o, m ? m->matched_by : NULL);
    out_addrs(o, &h->addrs);
    OUT_KEY(o, "probes");
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, h->n_probe); i++) {
        out_element(o);
        out_probe(o, &h->probe[i]);
    }
    out_close(o, ']');
    out_close(o, '}');
}

static void write_mx(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    const struct mx_facts *mx = &e->mx;
    size_t n = out_list_len(o, mx->n);
    OUT_KEY(o, "mx");
    out_open(o, '[');
    for (size_t i = 0; i < n; i++) {
        out_element(o);
        write_mx_host(o, &mx->host[i], j->mx ? &j->mx[i] : NULL);
    }
    out_close(o, ']');
    OUT_KEY(o, "mx_status");
    out_text(o, component_name(j->mx_status));
    if (mx->dns.status == LOOKUP_SKIPPED)
        return;
    OUT_KEY(o, "mx_dns");
    out_open(o, '{');
    out_dns(o, &mx->dns, n, NULL, false);
    out_close(o, '}');
    if (mx->truncated) {
        OUT_KEY(o, "mx_truncated");
        out_bool(o, true);
    }
    if (mx->probe_skipped) {
        OUT_KEY(o, "probes_skipped");
        out_bool(o, true);
    }
    if (mx->apex.v4.status != LOOKUP_SKIPPED || mx->apex.v6.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "apex");
        out_open(o, '{');
        out_addrs(o, &mx->apex);
        out_close(o, '}');
    }
}

static void write_senders(struct record_out *o, const struct judgement *j)
{
    OUT_KEY(o, "senders");
    out_open(o, '{');
    OUT_KEY(o, "exchange_online");
    out_text(o, j->exchange_online);
    OUT_KEY(o, "accepted_by");
    out_strings(o, j->accepted_by, j->n_accepted_by);
    out_close(o, '}');
    OUT_KEY(o, "drift");
    OUT_LIT(o, "null");
}

/* Components that were skipped are left out where the domain has no record: the short line. */
static void write_components(struct record_out *o, const struct evidence *e,
                             const struct judgement *j)
{
    bool record_there =
        j->record_status == COMPONENT_FOUND || j->record_status == COMPONENT_INVALID;
    if (e->sts.dns.status != LOOKUP_SKIPPED)
        write_record(o, e, j);
    if (e->rpt.dns.status != LOOKUP_SKIPPED || e->n_rpt_elsewhere > 0)
        write_tlsrpt(o, e, j);
    if (e->dmarc.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "dmarc");
        out_open(o, '{');
        out_txt_set(o, &e->dmarc, false);
        out_close(o, '}');
    }
    if (record_there || !policy_facts_skipped(&e->policy))
        write_policy(o, e, j);
    if (record_there || e->mx.dns.status != LOOKUP_SKIPPED)
        write_mx(o, e, j);
    if (record_there || !policy_facts_skipped(&e->policy))
        write_senders(o, j);
}

static enum status write_line(const struct evidence *e, const struct judgement *j,
                              const struct record_cut *cut, struct strbuf *out)
{
    struct record_out o = {.b = out, .cut = cut};
    out_open(&o, '{');
    write_head(&o, e, j);
    if (e->input == INPUT_INVALID)
        write_invalid(&o, e);
    else if (e->input == INPUT_OK)
        write_components(&o, e, j);
    out_close(&o, '}');
    return strbuf_addc(out, '\n');
}

enum status record_write(const struct evidence *e, const struct judgement *j, struct strbuf *out)
{
    if (out->error != ST_OK)
        return out->error;
    size_t start = out->len;
    enum status st = ST_LIMIT;
    for (size_t i = 0; i < CUTS; i++) {
        st = write_line(e, j, &cuts[i], out);
        if (st == ST_OK && out->len - start <= RECORD_LINE_MAX_BYTES)
            return ST_OK;
        if (st != ST_OK && st != ST_LIMIT)
            break;
        /* Too long for a record, or for what the caller's buffer still takes. */
        out->len = start;
        out->error = ST_OK;
    }
    out->len = start;
    return st == ST_OK ? ST_LIMIT : st;
}
