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
    record_out_open(o, '[');
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *found = &f->v[i];
        const struct finding_row *row = finding_row(found->code);
        if (row->effect == EFFECT_STATE)
            continue;
        const char effect[2] = {effect_letter(row->effect), '\0'};
        record_out_element(o);
        record_out_open(o, '{');
        OUT_KEY(o, "code");
        record_out_word(o, row->code);
        OUT_KEY(o, "stage");
        record_out_word(o, stage_name(row->stage));
        OUT_KEY(o, "effect");
        record_out_word(o, effect);
        OUT_KEY(o, "target");
        record_out_text(o, o->cut->finding_text ? found->target : NULL);
        OUT_KEY(o, "detail");
        record_out_text(o, o->cut->finding_text ? found->detail : NULL);
        record_out_close(o, '}');
    }
    record_out_close(o, ']');
}

static void write_head(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "schema");
    record_out_int(o, RECORD_SCHEMA);
    OUT_KEY(o, "domain");
    record_out_text(o, e->domain);
    OUT_KEY(o, "rank");
    if (e->rank >= 0)
        record_out_int(o, e->rank);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "index");
    strbuf_addu(o->b, e->index);
    OUT_KEY(o, "ts");
    record_out_time(o, e->ts_ms);
    OUT_KEY(o, "duration_ms");
    record_out_int(o, e->duration_ms);
    OUT_KEY(o, "adoption");
    record_out_word(o, adoption_name(j->adoption));
    OUT_KEY(o, "verdict");
    record_out_word(o, verdict_name(j->verdict));
    OUT_KEY(o, "cause");
    record_out_text(o, j->cause >= 0 ? finding_row((enum finding_code)j->cause)->code : NULL);
    write_findings(o, &j->findings);
    OUT_KEY(o, "tag");
    record_out_text(o, e->tag);
    if (e->deadline_hit) {
        OUT_KEY(o, "deadline_hit");
        record_out_bool(o, true);
    }
    if (e->adopter_in_baseline) {
        OUT_KEY(o, "adopter_in_baseline");
        record_out_bool(o, true);
    }
    if (o->cut != &cuts[0] || e->cut) {
        OUT_KEY(o, "cut");
        record_out_bool(o, true);
    }
}

static void write_invalid(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "raw");
    record_out_bytes(o, e->raw);
    OUT_KEY(o, "reason");
    record_out_text(o, e->input_reason);
}

static void write_mx_host(struct record_out *o, const struct mx_host *h,
                          const struct mx_judgement *m)
{
    record_out_open(o, '{');
    OUT_KEY(o, "host");
    record_out_text(o, h->name);
    OUT_KEY(o, "preference");
    record_out_int(o, h->preference);
    OUT_KEY(o, "implicit");
    record_out_bool(o, h->implicit);
    OUT_KEY(o, "provider");
    record_out_text(o, m ? m->provider : NULL);
    OUT_KEY(o, "matched_by");
    record_out_text(o, m ? m->matched_by : NULL);
    record_out_addrs(o, &h->addrs);
    OUT_KEY(o, "probes");
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, h->n_probe); i++) {
        record_out_element(o);
        record_out_probe(o, &h->probe[i]);
    }
    record_out_close(o, ']');
    record_out_close(o, '}');
}

static void write_mx(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    const struct mx_facts *mx = &e->mx;
    size_t n = record_out_list_len(o, mx->n);
    OUT_KEY(o, "mx");
    record_out_open(o, '[');
    for (size_t i = 0; i < n; i++) {
        record_out_element(o);
        write_mx_host(o, &mx->host[i], j->mx ? &j->mx[i] : NULL);
    }
    record_out_close(o, ']');
    OUT_KEY(o, "mx_status");
    record_out_word(o, component_name(j->mx_status));
    if (mx->dns.status == LOOKUP_SKIPPED)
        return;
    OUT_KEY(o, "mx_dns");
    record_out_open(o, '{');
    record_out_dns(o, &mx->dns, n, NULL, false);
    record_out_close(o, '}');
    if (mx->truncated) {
        OUT_KEY(o, "mx_truncated");
        record_out_bool(o, true);
    }
    if (mx->probe_skipped) {
        OUT_KEY(o, "probes_skipped");
        record_out_bool(o, true);
    }
    if (mx->apex.v4.status != LOOKUP_SKIPPED || mx->apex.v6.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "apex");
        record_out_open(o, '{');
        record_out_addrs(o, &mx->apex);
        record_out_close(o, '}');
    }
}

static void write_senders(struct record_out *o, const struct judgement *j)
{
    OUT_KEY(o, "senders");
    record_out_open(o, '{');
    OUT_KEY(o, "exchange_online");
    record_out_text(o, j->exchange_online);
    OUT_KEY(o, "accepted_by");
    record_out_strings(o, j->accepted_by, j->n_accepted_by);
    record_out_close(o, '}');
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
        record_out_record(o, e, j);
    if (e->rpt.dns.status != LOOKUP_SKIPPED || e->n_rpt_elsewhere > 0)
        record_out_tlsrpt(o, e, j);
    if (e->dmarc.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "dmarc");
        record_out_open(o, '{');
        OUT_KEY(o, "status");
        record_out_word(o, component_name(j->dmarc_status));
        OUT_KEY(o, "policy");
        record_out_text(o, j->dmarc.policy);
        OUT_KEY(o, "rua");
        record_out_strings(o, j->dmarc.rua, j->dmarc.n_rua);
        record_out_txt_set(o, &e->dmarc, false);
        record_out_close(o, '}');
    }
    if (record_there || !policy_facts_skipped(&e->policy))
        record_out_policy(o, e, j);
    if (record_there || e->mx.dns.status != LOOKUP_SKIPPED)
        write_mx(o, e, j);
    if (record_there || !policy_facts_skipped(&e->policy))
        write_senders(o, j);
}

static enum status write_line(const struct evidence *e, const struct judgement *j,
                              const struct record_cut *cut, struct strbuf *out)
{
    struct record_out o = {.b = out, .cut = cut};
    record_out_open(&o, '{');
    write_head(&o, e, j);
    if (e->input == INPUT_INVALID)
        write_invalid(&o, e);
    else if (e->input == INPUT_OK)
        write_components(&o, e, j);
    record_out_close(&o, '}');
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
