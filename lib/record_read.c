/* record_read: evidence back from one line. What judgement derives (adoption, findings, status
 * words, mode ...) is not read: it is judged again. */
#include "lib/record_json.h"

#include "lib/record_in.h"
#include "lib/record_words.h"

#include <string.h>

/* An array of {"label": ..., txt set}. */
static struct label_txt *read_labels(struct record_in *r, const json_t *obj, const char *key,
                                     size_t *n)
{
    const json_t *array = record_in_array(r, obj, key);
    struct label_txt *l = record_in_alloc(r, json_array_size(array), sizeof *l);
    *n = l ? json_array_size(array) : 0;
    for (size_t i = 0; i < *n; i++) {
        const json_t *item = json_array_get(array, i);
        l[i].label = record_in_text(r, item, "label");
        record_in_txt_set(r, item, &l[i].txt);
    }
    return l;
}

static void read_authoritative(struct record_in *r, const json_t *record, struct evidence *e)
{
    const json_t *array = record_in_array(r, record, "authoritative");
    e->ns = record_in_alloc(r, json_array_size(array), sizeof *e->ns);
    e->n_ns = e->ns ? json_array_size(array) : 0;
    for (size_t i = 0; i < e->n_ns; i++) {
        const json_t *item = json_array_get(array, i);
        e->ns[i].server = record_in_text(r, item, "server");
        record_in_txt_set(r, item, &e->ns[i].txt);
    }
}

static void read_record(struct record_in *r, const json_t *line, struct evidence *e)
{
    const json_t *record = record_in_object(r, line, "record");
    if (!record)
        return;
    record_in_txt_set(r, record, &e->sts);
    const json_t *sibling = record_in_object(r, record, "sibling");
    if (sibling) {
        e->sts_sibling.label = record_in_text(r, sibling, "label");
        record_in_txt_set(r, sibling, &e->sts_sibling.txt);
    }
    const json_t *parent = record_in_object(r, record, "parent");
    if (parent)
        record_in_txt_set(r, parent, &e->parent_sts);
    e->elsewhere = read_labels(r, record, "elsewhere", &e->n_elsewhere);
    read_authoritative(r, record, e);
}

static void read_tlsrpt(struct record_in *r, const json_t *line, struct evidence *e)
{
    const json_t *rpt = record_in_object(r, line, "tlsrpt");
    if (!rpt)
        return;
    record_in_txt_set(r, rpt, &e->rpt);
    e->rpt_elsewhere = read_labels(r, rpt, "elsewhere", &e->n_rpt_elsewhere);
    const json_t *hosts = record_in_array(r, rpt, "rua_hosts");
    e->rua = record_in_alloc(r, json_array_size(hosts), sizeof *e->rua);
    e->n_rua = e->rua ? json_array_size(hosts) : 0;
    for (size_t i = 0; i < e->n_rua; i++) {
        const json_t *item = json_array_get(hosts, i);
        e->rua[i].uri = record_in_text(r, item, "uri");
        e->rua[i].host = record_in_text(r, item, "host");
        e->rua[i].mx = record_in_lookup(r, item, "mx", LOOKUP_SKIPPED);
        e->rua[i].addr = record_in_lookup(r, item, "addr", LOOKUP_SKIPPED);
        e->rua[i].null_mx = record_in_flag(r, item, "null_mx");
    }
}

static void read_alt(struct record_in *r, const json_t *policy, struct policy_facts *p)
{
    const json_t *array = record_in_array(r, policy, "elsewhere");
    p->alt = record_in_alloc(r, json_array_size(array), sizeof *p->alt);
    p->n_alt = p->alt ? json_array_size(array) : 0;
    for (size_t i = 0; i < p->n_alt; i++) {
        const json_t *item = json_array_get(array, i);
        p->alt[i].url = record_in_text(r, item, "url");
        p->alt[i].status = (int)record_in_int(r, item, "status", 0, 99999, 0);
        p->alt[i].looks_like_policy = record_in_flag(r, item, "looks_like_policy");
    }
}

/* The try that stands in the policy object goes back to its place among the others. */
static void read_tries(struct record_in *r, const json_t *policy, struct policy_facts *p)
{
    const json_t *others = record_in_array(r, policy, "other_tries");
    const json_t *timing = record_in_object(r, policy, "timing_ms");
    if (!timing)
        return;
    size_t n = json_array_size(others) + 1;
    size_t shown = (size_t)record_in_int(r, policy, "try", 0, (int64_t)n - 1, 0);
    p->fetch = record_in_alloc(r, n, sizeof *p->fetch);
    p->n_fetch = p->fetch ? n : 0;
    for (size_t i = 0, k = 0; i < p->n_fetch; i++) {
        uint32_t ignored;
        if (i == shown)
            record_in_fetch(r, policy, &p->fetch[i], &p->dns_ms);
        else
            record_in_fetch(r, json_array_get(others, k++), &p->fetch[i], &ignored);
    }
    const json_t *chosen = json_object_get(policy, "chosen");
    p->chosen = p->n_fetch == 0 || json_is_false(chosen) ? -1 : (int)shown;
}

static void read_policy(struct record_in *r, const json_t *line, struct evidence *e)
{
    struct policy_facts *p = &e->policy;
    const json_t *policy = record_in_object(r, line, "policy");
    p->host = record_in_text(r, policy, "host");
    p->skipped = p->host == NULL;
    if (p->skipped)
        return;
    record_in_addrs(r, policy, &p->addrs);
    read_tries(r, policy, p);
    const json_t *sibling = record_in_object(r, policy, "sibling");
    if (sibling)
        record_in_addrs(r, sibling, &p->sibling);
    read_alt(r, policy, p);
}

static void read_mx_host(struct record_in *r, const json_t *item, struct mx_host *h)
{
    mx_host_init(h);
    h->name = record_in_text(r, item, "host");
    if (!h->name) {
        h->name = "";
        if (!r->error)
            r->error = "an MX has no host";
    }
    h->preference = (uint16_t)record_in_int(r, item, "preference", 0, UINT16_MAX, 0);
    h->implicit = record_in_flag(r, item, "implicit");
    record_in_addrs(r, item, &h->addrs);
    const json_t *probes = record_in_array(r, item, "probes");
    h->probe = record_in_alloc(r, json_array_size(probes), sizeof *h->probe);
    h->n_probe = h->probe ? json_array_size(probes) : 0;
    for (size_t i = 0; i < h->n_probe; i++)
        record_in_probe(r, json_array_get(probes, i), &h->probe[i]);
}

static void read_mx(struct record_in *r, const json_t *line, struct evidence *e)
{
    struct mx_facts *mx = &e->mx;
    const json_t *dns = record_in_object(r, line, "mx_dns");
    const json_t *hosts = record_in_array(r, line, "mx");
    mx->probe_skipped = true;
    if (!dns)
        return;
    mx->host = record_in_alloc(r, json_array_size(hosts), sizeof *mx->host);
    mx->n = mx->host ? json_array_size(hosts) : 0;
    for (size_t i = 0; i < mx->n; i++)
        read_mx_host(r, json_array_get(hosts, i), &mx->host[i]);
    record_in_dns(r, dns, mx->n, NULL, &mx->dns);
    mx->truncated = record_in_flag(r, line, "mx_truncated");
    mx->probe_skipped = record_in_flag(r, line, "probes_skipped");
    const json_t *apex = record_in_object(r, line, "apex");
    if (apex)
        record_in_addrs(r, apex, &mx->apex);
}

static void read_head(struct record_in *r, const json_t *line, struct evidence *e)
{
    const char *adoption = json_string_value(json_object_get(line, "adoption"));
    if (record_in_int(r, line, "schema", 1, INT32_MAX, 0) != RECORD_SCHEMA && !r->error)
        r->error = "the record's schema is not known";
    e->domain = record_in_text(r, line, "domain");
    if (!e->domain || !adoption) {
        e->domain = "";
        if (!r->error)
            r->error = "the record has no domain or no adoption";
        return;
    }
    if (strcmp(adoption, adoption_name(ADOPTION_INVALID_INPUT)) == 0)
        e->input = INPUT_INVALID;
    else if (strcmp(adoption, adoption_name(ADOPTION_EXCLUDED)) == 0)
        e->input = INPUT_EXCLUDED;
    e->rank = record_in_int(r, line, "rank", 0, INT64_MAX, -1);
    e->index = (uint64_t)record_in_int(r, line, "index", 0, INT64_MAX, 0);
    e->ts_ms = record_in_time(r, line, "ts");
    e->duration_ms = (uint32_t)record_in_int(r, line, "duration_ms", 0, UINT32_MAX, 0);
    e->tag = record_in_text(r, line, "tag");
    e->deadline_hit = record_in_flag(r, line, "deadline_hit");
    e->adopter_in_baseline = record_in_flag(r, line, "adopter_in_baseline");
    e->cut = record_in_flag(r, line, "cut");
    e->input_reason = record_in_text(r, line, "reason");
    const json_t *raw = json_object_get(line, "raw");
    if (raw)
        e->raw = record_in_bytes(r, raw);
}

enum status record_read(struct slice line, struct evidence *e, const char **error)
{
    evidence_reset(e);
    *error = NULL;
    if (line.len > RECORD_LINE_MAX_BYTES) {
        *error = "the line is longer than a record can be";
        return ST_INVALID;
    }
    json_error_t json_error;
    json_t *root = json_loadb(line.p ? line.p : "", line.len,
                              JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(root)) {
        json_decref(root);
        *error = "the line is not a JSON object";
        return ST_INVALID;
    }
    struct record_in r = {.arena = &e->arena};
    read_head(&r, root, e);
    read_record(&r, root, e);
    read_tlsrpt(&r, root, e);
    const json_t *dmarc = record_in_object(&r, root, "dmarc");
    if (dmarc)
        record_in_txt_set(&r, dmarc, &e->dmarc);
    read_policy(&r, root, e);
    read_mx(&r, root, e);
    json_decref(root);
    *error = r.error;
    return r.nomem ? ST_NOMEM : r.error ? ST_INVALID : ST_OK;
}
