/* record_write_txt: the members record and tlsrpt. */
#include "lib/record_out.h"

/* {"label": ..., txt set} */
static void write_label(struct record_out *o, const struct label_txt *l)
{
    record_out_open(o, '{');
    OUT_KEY(o, "label");
    record_out_text(o, l->label);
    record_out_txt_set(o, &l->txt, false);
    record_out_close(o, '}');
}

static void write_labels(struct record_out *o, const struct label_txt *l, size_t n)
{
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, n); i++) {
        record_out_element(o);
        write_label(o, &l[i]);
    }
    record_out_close(o, ']');
}

static void write_authoritative(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "authoritative");
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, e->n_ns); i++) {
        record_out_element(o);
        record_out_open(o, '{');
        OUT_KEY(o, "server");
        record_out_text(o, e->ns[i].server);
        record_out_txt_set(o, &e->ns[i].txt, false);
        record_out_close(o, '}');
    }
    record_out_close(o, ']');
}

void record_out_record(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "record");
    record_out_open(o, '{');
    OUT_KEY(o, "status");
    record_out_word(o, component_name(j->record_status));
    if (j->record.id) {
        OUT_KEY(o, "id");
        record_out_text(o, j->record.id);
    }
    record_out_txt_set(o, &e->sts, true);
    if (e->sts_sibling.txt.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "sibling");
        write_label(o, &e->sts_sibling);
    }
    if (e->parent_sts.dns.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "parent");
        record_out_open(o, '{');
        record_out_txt_set(o, &e->parent_sts, false);
        record_out_close(o, '}');
    }
    if (e->n_elsewhere > 0) {
        OUT_KEY(o, "elsewhere");
        write_labels(o, e->elsewhere, e->n_elsewhere);
    }
    if (e->n_ns > 0)
        write_authoritative(o, e);
    record_out_close(o, '}');
}

static void write_rua_hosts(struct record_out *o, const struct evidence *e)
{
    OUT_KEY(o, "rua_hosts");
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, e->n_rua); i++) {
        const struct rua_facts *r = &e->rua[i];
        record_out_element(o);
        record_out_open(o, '{');
        OUT_KEY(o, "uri");
        record_out_text(o, r->uri);
        OUT_KEY(o, "host");
        record_out_text(o, r->host);
        OUT_KEY(o, "mx");
        record_out_text(o, lookup_name(r->mx));
        OUT_KEY(o, "addr");
        record_out_text(o, lookup_name(r->addr));
        if (r->null_mx) {
            OUT_KEY(o, "null_mx");
            record_out_bool(o, true);
        }
        record_out_close(o, '}');
    }
    record_out_close(o, ']');
}

void record_out_tlsrpt(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    OUT_KEY(o, "tlsrpt");
    record_out_open(o, '{');
    OUT_KEY(o, "status");
    record_out_word(o, component_name(j->tlsrpt_status));
    OUT_KEY(o, "rua");
    record_out_strings(o, j->tlsrpt.rua, j->tlsrpt.n_rua);
    record_out_txt_set(o, &e->rpt, false);
    if (e->n_rpt_elsewhere > 0) {
        OUT_KEY(o, "elsewhere");
        write_labels(o, e->rpt_elsewhere, e->n_rpt_elsewhere);
    }
    if (e->n_rua > 0)
        write_rua_hosts(o, e);
    record_out_close(o, '}');
}
