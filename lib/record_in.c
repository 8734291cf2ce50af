/* record_in: evidence from JSON pieces of a record: what is common, and what tells of DNS. */
#include "lib/record_in.h"

#include "lib/record_words.h"

#include <string.h>

/* ---- primitives ------------------------------------------------------------------------------ */

void record_in_fault(struct record_in *r, const char *error)
{
    if (!r->error)
        r->error = error;
}

static void out_of_memory(struct record_in *r)
{
    r->nomem = true;
    record_in_fault(r, "the record needs too much memory");
}

const json_t *record_in_member(const json_t *obj, const char *key)
{
    const json_t *value = json_object_get(obj, key);
    return json_is_null(value) ? NULL : value;
}

const json_t *record_in_object(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = record_in_member(obj, key);
    if (value && !json_is_object(value)) {
        record_in_fault(r, "a member is not an object where it should be");
        return NULL;
    }
    return value;
}

const json_t *record_in_array(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = record_in_member(obj, key);
    if (value && (!json_is_array(value) || json_array_size(value) > RECORD_LIST_MAX)) {
        record_in_fault(r, "a member is not an array where it should be, or too long");
        return NULL;
    }
    return value;
}

void *record_in_alloc(struct record_in *r, size_t n, size_t size)
{
    void *p = n > 0 ? arena_array(r->arena, n, size) : NULL;
    if (n > 0 && !p)
        out_of_memory(r);
    return p;
}

const char *record_in_string(struct record_in *r, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != json_string_length(value)) {
        record_in_fault(r, "a member is not a string where it should be, or holds a NUL");
        return NULL;
    }
    const char *copy = arena_dup(r->arena, slice_of(text));
    if (!copy)
        out_of_memory(r);
    return copy;
}

const char *record_in_text(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = record_in_member(obj, key);
    return value ? record_in_string(r, value) : NULL;
}

struct slice record_in_bytes(struct record_in *r, const json_t *value)
{
    struct slice out = {NULL, 0};
    if (!json_is_string(value)) {
        record_in_fault(r, "a member is not a string where it should be");
        return out;
    }
    struct slice text = {json_string_value(value), json_string_length(value)};
    struct strbuf raw;
    strbuf_init(&raw, RECORD_LINE_MAX_BYTES);
    enum status st = text_unescape(&raw, text);
    if (st == ST_OK) {
        out.p = arena_dup(r->arena, (struct slice){raw.p, raw.len});
        out.len = out.p ? raw.len : 0;
    }
    if (st == ST_INVALID) {
        record_in_fault(r, "a string has a malformed escape");
    } else if (!out.p) {
        out_of_memory(r);
    }
    strbuf_free(&raw);
    return out;
}

int64_t record_in_int(struct record_in *r, const json_t *obj, const char *key, int64_t min,
                      int64_t max, int64_t missing)
{
    const json_t *value = record_in_member(obj, key);
    if (!value)
        return missing;
    int64_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < min || n > max) {
        record_in_fault(r, "a member is not an integer where it should be, or out of range");
        return missing;
    }
    return n;
}

bool record_in_flag(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = record_in_member(obj, key);
    if (value && !json_is_boolean(value))
        record_in_fault(r, "a member is not a boolean where it should be");
    return json_is_true(value);
}

int64_t record_in_time(struct record_in *r, const json_t *obj, const char *key)
{
    int64_t ms = 0;
    const json_t *value = record_in_member(obj, key);
    if (value && time_parse(slice_of(json_string_value(value)), &ms) != ST_OK)
        record_in_fault(r, "a member is not a time where it should be");
    return ms;
}

void record_in_strings(struct record_in *r, const json_t *obj, const char *key, struct strlist *out)
{
    const json_t *array = record_in_array(r, obj, key);
    size_t n = json_array_size(array);
    const char **v = record_in_alloc(r, n, sizeof *v);
    *out = (struct strlist){NULL, 0};
    if (!v)
        return;
    for (size_t i = 0; i < n; i++) {
        v[i] = record_in_string(r, json_array_get(array, i));
        if (!v[i])
            return;
    }
    *out = (struct strlist){v, n};
}

unsigned record_in_word(struct record_in *r, const json_t *obj, const char *key,
                        const char *(*name)(unsigned), unsigned count, unsigned missing)
{
    const json_t *value = record_in_member(obj, key);
    const char *word = json_string_value(value);
    for (unsigned i = 0; word && i < count; i++) {
        if (strcmp(word, name(i)) == 0)
            return i;
    }
    if (value)
        record_in_fault(r, "a member has a word that is not known there");
    return missing;
}

/* ---- DNS ------------------------------------------------------------------------------------- */

static const char *lookup_word(unsigned i)
{
    return lookup_name((enum lookup)i);
}

enum lookup record_in_lookup(struct record_in *r, const json_t *obj, const char *key,
                             enum lookup missing)
{
    return (enum lookup)record_in_word(r, obj, key, lookup_word, LOOKUP_COUNT, missing);
}

void record_in_dns(struct record_in *r, const json_t *obj, size_t records,
                   const struct strlist *chain, struct dns_facts *out)
{
    dns_facts_init(out);
    const json_t *rcode = json_object_get(obj, "rcode");
    bool skipped = record_in_lookup(r, obj, "lookup", LOOKUP_FOUND) == LOOKUP_SKIPPED;
    if (skipped)
        return;
    out->rcode = json_is_null(rcode) ? -1 : 0;
    if (json_is_string(rcode) &&
        rcode_parse(slice_of(json_string_value(rcode)), &out->rcode) != ST_OK)
        record_in_fault(r, "an rcode is not known");
    out->status = record_in_lookup(r, obj, "lookup", lookup_default(out->rcode, records));
    out->ttl_s = (uint32_t)record_in_int(r, obj, "ttl", 0, UINT32_MAX, 0);
    if (json_object_get(obj, "cname"))
        record_in_strings(r, obj, "cname", &out->cname);
    else if (chain)
        out->cname = *chain;
    out->ede = (int)record_in_int(r, obj, "ede", 0, UINT16_MAX, -1);
    out->ad = record_in_flag(r, obj, "ad");
    out->soa = record_in_text(r, obj, "soa");
    out->resolver = record_in_text(r, obj, "resolver");
}

void record_in_txt_set(struct record_in *r, const json_t *obj, struct txt_facts *out)
{
    const json_t *txt = record_in_array(r, obj, "txt");
    const json_t *strings = record_in_array(r, obj, "strings");
    size_t n = json_array_size(txt);
    txt_facts_init(out);
    out->rr = record_in_alloc(r, n, sizeof *out->rr);
    out->n = out->rr ? n : 0;
    for (size_t i = 0; i < out->n; i++) {
        struct slice bytes = record_in_bytes(r, json_array_get(txt, i));
        const json_t *split = json_array_get(strings, i);
        int64_t parts = split ? json_integer_value(split) : 1;
        if (parts < 0 || parts > UINT16_MAX)
            record_in_fault(r, "a number of character-strings is out of range");
        else
            out->rr[i].strings = (uint16_t)parts;
        out->rr[i].p = bytes.p ? bytes.p : "";
        out->rr[i].len = bytes.len;
    }
    out->truncated = record_in_flag(r, obj, "truncated");
    record_in_dns(r, obj, n, NULL, &out->dns);
}

void record_in_addrs(struct record_in *r, const json_t *obj, struct addr_facts *out)
{
    const json_t *list = record_in_array(r, obj, "addresses");
    const json_t *dns = record_in_object(r, obj, "dns");
    const json_t *v4 = record_in_object(r, dns, "a");
    const json_t *v6 = record_in_object(r, dns, "aaaa");
    size_t n = json_array_size(list), n4 = 0;
    addr_facts_init(out);
    out->addr = record_in_alloc(r, n, sizeof *out->addr);
    out->n = out->addr ? n : 0;
    for (size_t i = 0; i < out->n; i++) {
        struct slice text = slice_of(json_string_value(json_array_get(list, i)));
        if (net_addr_parse(text, &out->addr[i]) != ST_OK)
            record_in_fault(r, "a member is not an address where it should be");
        n4 += out->addr[i].family == 4;
    }
    struct strlist chain;
    record_in_strings(r, obj, "cname", &chain);
    if (v4)
        record_in_dns(r, v4, n4, &chain, &out->v4);
    if (v6)
        record_in_dns(r, v6, n - n4, &chain, &out->v6);
}
