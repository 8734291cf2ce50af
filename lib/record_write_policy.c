/* record_write_policy: the member policy. */
#include "lib/record_out.h"

/* Wrong places at which something like the policy was looked for. */
static void write_alt(struct record_out *o, const struct policy_facts *p)
{
    OUT_KEY(o, "elsewhere");
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, p->n_alt); i++) {
        record_out_element(o);
        record_out_open(o, '{');
        OUT_KEY(o, "url");
        record_out_text(o, p->alt[i].url);
        OUT_KEY(o, "status");
        record_out_int(o, p->alt[i].status);
        OUT_KEY(o, "looks_like_policy");
        record_out_bool(o, p->alt[i].looks_like_policy);
        record_out_close(o, '}');
    }
    record_out_close(o, ']');
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
    record_out_fetch(o, &p->fetch[shown], p->dns_ms);
    if (!chosen) {
        OUT_KEY(o, "chosen");
        record_out_bool(o, false);
    }
    if (p->n_fetch == 1)
        return;
    /* A cut list keeps the tries that come first. */
    size_t others = record_out_list_len(o, p->n_fetch - 1);
    OUT_KEY(o, "try");
    record_out_int(o, (int64_t)(shown < others ? shown : others));
    OUT_KEY(o, "other_tries");
    record_out_open(o, '[');
    for (size_t i = 0, left = others; left > 0; i++) {
        if (i == shown)
            continue;
        left--;
        record_out_element(o);
        record_out_open(o, '{');
        record_out_fetch(o, &p->fetch[i], 0);
        record_out_close(o, '}');
    }
    record_out_close(o, ']');
}

void record_out_policy(struct record_out *o, const struct evidence *e, const struct judgement *j)
{
    const struct policy_facts *p = &e->policy;
    OUT_KEY(o, "policy");
    record_out_open(o, '{');
    OUT_KEY(o, "status");
    record_out_word(o, component_name(j->policy_status));
    if (policy_facts_skipped(p)) {
        record_out_close(o, '}');
        return;
    }
    OUT_KEY(o, "stage");
    record_out_text(o, j->policy_stage);
    OUT_KEY(o, "host");
    record_out_text(o, p->host);
    record_out_addrs(o, &p->addrs);
    OUT_KEY(o, "provider");
    record_out_text(o, j->policy_provider);
    write_tries(o, p);
    OUT_KEY(o, "mode");
    record_out_text(o, policy_mode_name(j->policy.mode));
    OUT_KEY(o, "max_age");
    if (j->policy.max_age_s >= 0)
        record_out_int(o, j->policy.max_age_s);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "mx");
    record_out_strings(o, j->policy.mx, j->policy.n_mx);
    if (p->sibling.v4.status != LOOKUP_SKIPPED || p->sibling.v6.status != LOOKUP_SKIPPED) {
        OUT_KEY(o, "sibling");
        record_out_open(o, '{');
        record_out_addrs(o, &p->sibling);
        record_out_close(o, '}');
    }
    if (p->n_alt > 0)
        write_alt(o, p);
    record_out_close(o, '}');
}
