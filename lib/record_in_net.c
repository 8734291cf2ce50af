/* record_in_net: the pieces of a record that tell of connections: TLS, HTTP, tries and probes. */
#include "lib/record_in.h"

#include "lib/record_words.h"

#include <string.h>

/* ---- words ----------------------------------------------------------------------------------- */

static const char *conn_word(unsigned i)
{
    return conn_name((enum conn)i);
}

static const char *name_match_word(unsigned i)
{
    return name_match_name((enum name_match)i);
}

static const char *http_end_word(unsigned i)
{
    return http_end_name((enum http_end)i);
}

static const char *probe_end_word(unsigned i)
{
    return probe_end_name((enum probe_end)i);
}

static enum conn read_conn(struct record_in *r, const json_t *obj, enum conn missing)
{
    return (enum conn)record_in_word(r, obj, "conn", conn_word, CONN_COUNT, missing);
}

static bool has_word(const json_t *array, const char *word)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *is = json_string_value(json_array_get(array, i));
        if (is && strcmp(is, word) == 0)
            return true;
    }
    return false;
}

static uint32_t read_bits(const json_t *array, const struct bit_word *words, size_t n)
{
    uint32_t set = 0;
    for (size_t i = 0; i < n; i++) {
        if (has_word(array, words[i].word))
            set |= words[i].bit;
    }
    return set;
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

static void read_tls(struct record_in *r, const json_t *obj, const char *key, struct tls_facts *out)
{
    const json_t *tls = record_in_object(r, obj, key);
    tls_facts_init(out);
    if (!tls)
        return;
    const json_t *errors = record_in_array(r, tls, "errors");
    const json_t *weak = record_in_array(r, tls, "weak");
    const json_t *version = record_in_member(tls, "version");
    out->end = end_of(errors);
    if (version && tls_version_parse(slice_of(json_string_value(version)), &out->version) != ST_OK)
        record_in_fault(r, "a TLS version is not known");
    out->cipher = record_in_text(r, tls, "cipher");
    out->cert_errors = read_bits(errors, cert_error_words, n_cert_error_words);
    if (weak) {
        out->cert_errors &= ~(uint32_t)(CERT_WEAK_KEY | CERT_WEAK_SIGNATURE);
        out->cert_errors |= read_bits(weak, weak_words, n_weak_words);
    }
    out->cert_sha256 = record_in_text(r, tls, "cert_sha256");
    out->alert = (int)record_in_int(r, tls, "alert", 0, 255, -1);
    out->verify_code = (int)record_in_int(r, tls, "verify_code", INT32_MIN, INT32_MAX, 0);
    out->name = (enum name_match)record_in_word(r, tls, "name", name_match_word, NAME_MATCH_COUNT,
                                                NAME_MATCH_OK);
    out->covers = read_bits(record_in_array(r, tls, "covers"), covers_words, n_covers_words);
    out->not_before_s = record_in_int(r, tls, "not_before", INT64_MIN, INT64_MAX, 0);
    out->not_after_s = record_in_int(r, tls, "not_after", INT64_MIN, INT64_MAX, 0);
    out->error = record_in_text(r, tls, "error");
}

static void read_http(struct record_in *r, const json_t *obj, struct http_facts *out)
{
    const json_t *http = record_in_object(r, obj, "http");
    if (!http)
        return;
    out->end =
        (enum http_end)record_in_word(r, http, "end", http_end_word, HTTP_END_COUNT, HTTP_END_OK);
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
    const json_t *body = record_in_member(obj, "body");
    if (body)
        out->body = record_in_bytes(r, body);
}

static void read_ip(struct record_in *r, const json_t *obj, struct net_addr *out)
{
    const json_t *ip = record_in_member(obj, "ip");
    if (ip && net_addr_parse(slice_of(json_string_value(ip)), out) != ST_OK)
        record_in_fault(r, "a member is not an address where it should be");
}

void record_in_fetch(struct record_in *r, const json_t *obj, struct fetch_facts *out,
                     uint32_t *dns_ms)
{
    fetch_facts_init(out);
    read_ip(r, obj, &out->ip);
    out->conn = read_conn(r, obj, CONN_OK);
    read_http(r, obj, &out->http);
    read_tls(r, obj, "tls", &out->tls);
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
    read_ip(r, obj, &out->ip);
    out->end = (enum probe_end)record_in_word(r, obj, "status", probe_end_word, PROBE_END_COUNT,
                                              PROBE_NONE);
    out->conn = read_conn(r, obj, conn_default(out->end));
    out->starttls = record_in_flag(r, obj, "starttls");
    out->banner = record_in_text(r, obj, "banner");
    read_tls(r, obj, "tls", &out->tls);
    out->ts_ms = record_in_time(r, obj, "ts");
    out->reply_code = (int)record_in_int(r, obj, "code", 0, 999, 0);
    out->reply = record_in_text(r, obj, "reply");
    out->sni = record_in_text(r, obj, "sni");
    out->helo = record_in_flag(r, obj, "helo");
    out->injected = record_in_flag(r, obj, "injected");
    out->no_sni_tried = json_object_get(obj, "no_sni") != NULL;
    read_tls(r, obj, "no_sni", &out->tls_no_sni);
}
