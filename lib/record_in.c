/* record_in: evidence from JSON pieces of a record. */
#include "lib/record_in.h"

#include "lib/record_words.h"

#include <string.h>

/* ---- primitives ------------------------------------------------------------------------------ */

static void fault(struct record_in *r, const char *error)
{
    if (!r->error)
        r->error = error;
}

static const json_t *member(const json_t *obj, const char *key)
{
    const json_t *value = json_object_get(obj, key);
    return json_is_null(value) ? NULL : value;
}

const json_t *record_in_object(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = member(obj, key);
    if (value && !json_is_object(value)) {
        fault(r, "a member is not an object where it should be");
        return NULL;
    }
    return value;
}

const json_t *record_in_array(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = member(obj, key);
    if (value && (!json_is_array(value) || json_array_size(value) > RECORD_LIST_MAX)) {
        fault(r, "a member is not an array where it should be, or too long");
        return NULL;
    }
    return value;
}

void *record_in_alloc(struct record_in *r, size_t n, size_t size)
{
    void *p = n > 0 ? arena_array(r->arena, n, size) : NULL;
    if (n > 0 && !p) {
        r->nomem = true;
        fault(r, "the record needs too much memory");
    }
    return p;
}

const char *record_in_string(struct record_in *r, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != json_string_length(value)) {
        fault(r, "a member is not a string where it should be, or holds a NUL");
        return NULL;
    }
    const char *copy = arena_dup(r->arena, slice_of(text));
    if (!copy) {
        r->nomem = true;
        fault(r, "the record needs too much memory");
    }
    return copy;
}

const char *record_in_text(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = member(obj, key);
    return value ? record_in_string(r, value) : NULL;
}

struct slice record_in_bytes(struct record_in *r, const json_t *value)
{
    struct slice out = {NULL, 0};
    if (!json_is_string(value)) {
        fault(r, "a member is not a string where it should be");
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
        fault(r, "a string has a malformed escape");
    } else if (!out.p) {
        r->nomem = true;
        fault(r, "the record needs too much memory");
    }
    strbuf_free(&raw);
    return out;
}

int64_t record_in_int(struct record_in *r, const json_t *obj, const char *key, int64_t min,
                      int64_t max, int64_t missing)
{
    const json_t *value = member(obj, key);
    if (!value)
        return missing;
    int64_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < min || n > max) {
        fault(r, "a member is not an integer where it should be, or out of range");
        return missing;
    }
    return n;
}

bool record_in_flag(struct record_in *r, const json_t *obj, const char *key)
{
    const json_t *value = member(obj, key);
    if (value && !json_is_boolean(value))
        fault(r, "a member is not a boolean where it should be");
    return json_is_true(value);
}

int64_t record_in_time(struct record_in *r, const json_t *obj, const char *key)
{
    int64_t ms = 0;
    const json_t *value = member(obj, key);
    if (value && time_parse(slice_of(json_string_value(value)), &ms) != ST_OK)
        fault(r, "a member is not a time where it should be");
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

/* The word of a member as a value of an enum, through the enum's own name table. */
#define WORD_READER(fn, type, name_of, count)                                                \
    enum type fn(struct record_in *r, const json_t *obj, const char *key, enum type missing) \
    {                                                                                        \
        const json_t *value = member(obj, key);                                              \
        const char *word = json_string_value(value);                                         \
        for (unsigned i = 0; word && i < (unsigned)(count); i++) {                           \
            if (strcmp(word, name_of((enum type)i)) == 0)                                    \
                return (enum type)i;                                                         \
        }                                                                                    \
        if (value)                                                                           \
            fault(r, "a member has a word that is not known there");                         \
        return missing;                                                                      \
    }
WORD_READER(record_in_lookup, lookup, lookup_name, LOOKUP_COUNT)
static WORD_READER(record_in_conn, conn, conn_name, CONN_COUNT) static WORD_READER(
    record_in_name_match, name_match, name_match_name,
    NAME_MATCH_COUNT) static WORD_READER(record_in_http_end, http_end, http_end_name,
                                         HTTP_END_COUNT) static WORD_READER(record_in_probe_end,
                                                                            probe_end,
                                                                            probe_end_name,
                                                                            PROBE_END_COUNT)

    static bool has_word(const json_t *array, const char *word)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *is = json_string_value(json_array_get(array, i));
        if (is && strcmp(is, word) == 0)
            return true;
    }
    return false;
}

static uint32_t record_in_bits(const json_t *array, const struct bit_word *words, size_t n)
{
    uint32_t set = 0;
    for (size_t i = 0; i < n; i++) {
        if (has_word(array, words[i].word))
            set |= words[i].bit;
    }
    return set;
}

/* ---- DNS ------------------------------------------------------------------------------------- */

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
        fault(r, "an rcode is not known");
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
            fault(r, "a number of character-strings is out of range");
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
            fault(r, "a member is not an address where it should be");
        n4 += out->addr[i].family == 4;
    }
    struct strlist chain;
    record_in_strings(r, obj, "cname", &chain);
    if (v4)
        record_in_dns(r, v4, n4, &chain, &out->v4);
    if (v6)
        record_in_dns(r, v6, n - n4, &chain, &out->v6);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* How the handshake ended is the one word of its kind in errors; none means it was complete. */
static enum tls_end end_of(const json_t *errors)
{
    for (enum tls_end end = TLS_END_ALERT; end < TLS_END_COUNT; end++) {
        if (has_word(errors, tls_end_name(end)))
            return end;
    }
    return TLS_END_OK;
}

static void record_in_tls(struct record_in *r, const json_t *obj, const char *key,
                          struct tls_facts *out)
{
    const json_t *tls = record_in_object(r, obj, key);
    tls_facts_init(out);
    if (!tls)
        return;
    const json_t *errors = record_in_array(r, tls, "errors");
    const json_t *weak = record_in_array(r, tls, "weak");
    const json_t *version = member(tls, "version");
    out->end = end_of(errors);
    if (version && tls_version_parse(slice_of(json_string_value(version)), &out->version) != ST_OK)
        fault(r, "a TLS version is not known");
    out->cipher = record_in_text(r, tls, "cipher");
    out->cert_errors = record_in_bits(errors, cert_error_words, n_cert_error_words);
    if (weak) {
        out->cert_errors &= ~(uint32_t)(CERT_WEAK_KEY | CERT_WEAK_SIGNATURE);
        out->cert_errors |= record_in_bits(weak, weak_words, n_weak_words);
    }
    out->cert_sha256 = record_in_text(r, tls, "cert_sha256");
    out->alert = (int)record_in_int(r, tls, "alert", 0, 255, -1);
    out->verify_code = (int)record_in_int(r, tls, "verify_code", INT32_MIN, INT32_MAX, 0);
    out->name = record_in_name_match(r, tls, "name", NAME_MATCH_OK);
    out->covers = record_in_bits(record_in_array(r, tls, "covers"), covers_words, n_covers_words);
    out->not_before_s = record_in_int(r, tls, "not_before", INT64_MIN, INT64_MAX, 0);
    out->not_after_s = record_in_int(r, tls, "not_after", INT64_MIN, INT64_MAX, 0);
    out->error = record_in_text(r, tls, "error");
}

static void record_in_http(struct record_in *r, const json_t *obj, struct http_facts *out)
{
    const json_t *http = record_in_object(r, obj, "http");
    if (!http)
        return;
    out->end = record_in_http_end(r, http, "end", HTTP_END_OK);
    out->status = (int)record_in_int(r, http, "status", 0, 99999, 0);
    out->version = record_in_text(r, http, "version");
    out->content_type = record_in_text(r, http, "content_type");
    out->content_encoding = record_in_text(r, http, "content_encoding");
    out->last_modified = record_in_text(r, http, "last_modified");
    out->location = record_in_text(r, http, "location");
    out->retry_after = record_in_text(r, http, "retry_after");
    out->server = record_in_text(r, http, "server");
    out->challenge = record_in_text(r, http, "challenge");
    out->body_total = (uint64_t)record_in_int(r, http, "bytes", 0, INT64_MAX, 0);
    out->coalesced = record_in_flag(r, http, "coalesced");
    const json_t *body = member(obj, "body");
    if (body)
        out->body = record_in_bytes(r, body);
}

static void record_in_ip(struct record_in *r, const json_t *obj, struct net_addr *out)
{
    const json_t *ip = member(obj, "ip");
    if (ip && net_addr_parse(slice_of(json_string_value(ip)), out) != ST_OK)
        fault(r, "a member is not an address where it should be");
}

void record_in_fetch(struct record_in *r, const json_t *obj, struct fetch_facts *out,
                     uint32_t *dns_ms)
{
    fetch_facts_init(out);
    record_in_ip(r, obj, &out->ip);
    out->conn = record_in_conn(r, obj, "conn", CONN_OK);
    record_in_http(r, obj, &out->http);
    record_in_tls(r, obj, "tls", &out->tls);
    const json_t *timing = record_in_object(r, obj, "timing_ms");
    *dns_ms = (uint32_t)record_in_int(r, timing, "dns", 0, UINT32_MAX, 0);
    out->connect_ms = (uint32_t)record_in_int(r, timing, "connect", 0, UINT32_MAX, 0);
    out->tls_ms = (uint32_t)record_in_int(r, timing, "tls", 0, UINT32_MAX, 0);
    out->total_ms = (uint32_t)record_in_int(r, timing, "total", 0, UINT32_MAX, 0);
    out->own_ms = (uint32_t)record_in_int(r, timing, "own", 0, UINT32_MAX, 0);
}

void record_in_probe(struct record_in *r, const json_t *obj, struct probe_facts *out)
{
    probe_facts_init(out);
    record_in_ip(r, obj, &out->ip);
    out->end = record_in_probe_end(r, obj, "status", PROBE_NONE);
    out->conn = record_in_conn(r, obj, "conn", conn_default(out->end));
    out->starttls = record_in_flag(r, obj, "starttls");
    out->banner = record_in_text(r, obj, "banner");
    record_in_tls(r, obj, "tls", &out->tls);
    out->ts_ms = record_in_time(r, obj, "ts");
    out->reply_code = (int)record_in_int(r, obj, "code", 0, 999, 0);
    out->reply = record_in_text(r, obj, "reply");
    out->sni = record_in_text(r, obj, "sni");
    out->helo = record_in_flag(r, obj, "helo");
    out->injected = record_in_flag(r, obj, "injected");
    out->no_sni_tried = json_object_get(obj, "no_sni") != NULL;
    record_in_tls(r, obj, "no_sni", &out->tls_no_sni);
}
