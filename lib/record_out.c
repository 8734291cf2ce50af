/* record_out: JSON pieces of a record. */
#include "lib/record_out.h"

#include "lib/record_words.h"
#include "lib/sha256.h"

#include <string.h>

/* ---- primitives ------------------------------------------------------------------------------ */

void out_key(struct record_out *o, const char *comma_key, size_t len)
{
    size_t skip = o->comma ? 0 : 1;
    strbuf_add(o->b, comma_key + skip, len - skip);
    o->comma = true;
}

void out_open(struct record_out *o, char bracket)
{
    strbuf_addc(o->b, bracket);
    o->comma = false;
}

void out_close(struct record_out *o, char bracket)
{
    strbuf_addc(o->b, bracket);
    o->comma = true;
}

void out_element(struct record_out *o)
{
    if (o->comma)
        strbuf_addc(o->b, ',');
    o->comma = true;
}

static struct slice cut_slice(const struct record_out *o, struct slice s)
{
    return (struct slice){s.p, s.len < o->cut->text_max ? s.len : o->cut->text_max};
}

void out_text(struct record_out *o, const char *text)
{
    if (text)
        json_add_string(o->b, cut_slice(o, slice_of(text)));
    else
        OUT_LIT(o, "null");
}

void out_bytes(struct record_out *o, struct slice raw)
{
    json_add_bytes(o->b, cut_slice(o, raw));
}

void out_int(struct record_out *o, int64_t value)
{
    if (value < 0)
        strbuf_addc(o->b, '-');
    strbuf_addu(o->b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void out_bool(struct record_out *o, bool value)
{
    if (value)
        OUT_LIT(o, "true");
    else
        OUT_LIT(o, "false");
}

void out_time(struct record_out *o, int64_t ms)
{
    char text[TIME_TEXT_BYTES + 3];
    text[0] = '"';
    time_text(ms, text + 1);
    text[TIME_TEXT_BYTES + 1] = '"';
    strbuf_add(o->b, text, TIME_TEXT_BYTES + 2);
}

size_t out_list_len(const struct record_out *o, size_t n)
{
    return n < o->cut->list_max ? n : o->cut->list_max;
}

void out_strings(struct record_out *o, const char *const *v, size_t n)
{
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, n); i++) {
        out_element(o);
        out_text(o, v[i]);
    }
    out_close(o, ']');
}

/* An array of the words whose bits are set. */
static void out_bits(struct record_out *o, uint32_t set, const struct bit_word *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (set & words[i].bit) {
            out_element(o);
            out_text(o, words[i].word);
        }
    }
}

static void out_flag(struct record_out *o, const char *comma_key, size_t len, bool set)
{
    if (set) {
        out_key(o, comma_key, len);
        OUT_LIT(o, "true");
    }
}
#define OUT_FLAG(o, key, set) out_flag((o), ",\"" key "\":", sizeof(",\"" key "\":") - 1, (set))

static void out_optional(struct record_out *o, const char *comma_key, size_t len, const char *text)
{
    if (text) {
        out_key(o, comma_key, len);
        out_text(o, text);
    }
}
#define OUT_OPTIONAL(o, key, text) \
    out_optional((o), ",\"" key "\":", sizeof(",\"" key "\":") - 1, (text))

/* ---- DNS ------------------------------------------------------------------------------------- */

static bool same_chain(const struct strlist *a, const struct strlist *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->v[i], b->v[i]) != 0)
            return false;
    }
    return true;
}

void out_dns(struct record_out *o, const struct dns_facts *d, size_t records,
             const struct strlist *chain, bool full)
{
    static const struct strlist none = {NULL, 0};
    if (d->status == LOOKUP_SKIPPED && !full) {
        OUT_KEY(o, "lookup");
        out_text(o, lookup_name(d->status));
        return;
    }
    if (d->status != lookup_default(d->rcode, records)) {
        OUT_KEY(o, "lookup");
        out_text(o, lookup_name(d->status));
    }
    if (d->ttl_s > 0) {
        OUT_KEY(o, "ttl");
        out_int(o, d->ttl_s);
    }
    if (full || !same_chain(&d->cname, chain ? chain : &none)) {
        OUT_KEY(o, "cname");
        out_strings(o, d->cname.v, d->cname.n);
    }
    if (full || d->rcode != 0) {
        char word[WORD_MAX_BYTES];
        rcode_text(d->rcode, word);
        OUT_KEY(o, "rcode");
        out_text(o, d->rcode < 0 ? NULL : word);
    }
    if (d->ede >= 0) {
        OUT_KEY(o, "ede");
        out_int(o, d->ede);
    }
    OUT_FLAG(o, "ad", d->ad);
    if (full || d->soa) {
        OUT_KEY(o, "soa");
        out_text(o, d->soa);
    }
    if (full || d->resolver) {
        OUT_KEY(o, "resolver");
        out_text(o, d->resolver);
    }
}

void out_txt_set(struct record_out *o, const struct txt_facts *t, bool full)
{
    size_t n = out_list_len(o, t->n);
    bool split = false;
    OUT_KEY(o, "txt");
    out_open(o, '[');
    for (size_t i = 0; i < n; i++) {
        out_element(o);
        out_bytes(o, (struct slice){t->rr[i].p, t->rr[i].len});
        split = split || t->rr[i].strings != 1;
    }
    out_close(o, ']');
    if (split) {
        OUT_KEY(o, "strings");
        out_open(o, '[');
        for (size_t i = 0; i < n; i++) {
            out_element(o);
            out_int(o, t->rr[i].strings);
        }
        out_close(o, ']');
    }
    OUT_FLAG(o, "truncated", t->truncated);
    out_dns(o, &t->dns, n, NULL, full);
}

static void out_family(struct record_out *o, const struct addr_facts *a, uint8_t family,
                       const struct strlist *chain)
{
    const struct dns_facts *d = family == 4 ? &a->v4 : &a->v6;
    size_t records = 0;
    for (size_t i = 0; i < out_list_len(o, a->n); i++)
        records += a->addr[i].family == family;
    out_open(o, '{');
    out_dns(o, d, records, chain, false);
    out_close(o, '}');
}

void out_addrs(struct record_out *o, const struct addr_facts *a)
{
    const struct strlist *chain = a->v4.cname.n > 0 ? &a->v4.cname : &a->v6.cname;
    OUT_KEY(o, "cname");
    out_strings(o, chain->v, chain->n);
    OUT_KEY(o, "addresses");
    out_open(o, '[');
    for (size_t i = 0; i < out_list_len(o, a->n); i++) {
        char text[ADDR_TEXT_MAX_BYTES];
        net_addr_text(&a->addr[i], text);
        out_element(o);
        out_text(o, text);
    }
    out_close(o, ']');
    if (a->v4.status == LOOKUP_SKIPPED && a->v6.status == LOOKUP_SKIPPED)
        return;
    OUT_KEY(o, "dns");
    out_open(o, '{');
    OUT_KEY(o, "a");
    out_family(o, a, 4, chain);
    OUT_KEY(o, "aaaa");
    out_family(o, a, 6, chain);
    out_close(o, '}');
}

/* ---- connections ----------------------------------------------------------------------------- */

/* tls.errors of the contract: faults of the chain, the name, the version and the handshake. */
static void out_tls_errors(struct record_out *o, const struct tls_facts *t)
{
    out_open(o, '[');
    out_bits(o, t->cert_errors, cert_error_words, n_cert_error_words);
    if (t->name != NAME_MATCH_OK && t->name != NAME_MATCH_UNKNOWN) {
        out_element(o);
        OUT_LIT(o, "\"host_mismatch\"");
    }
    bool low = (t->version != 0 && t->version < TLS_VERSION_MIN) ||
               (t->end == TLS_END_ALERT && t->alert == TLS_ALERT_PROTOCOL_VERSION);
    if (low) {
        out_element(o);
        OUT_LIT(o, "\"version_low\"");
    }
    if (t->end != TLS_END_OK) {
        out_element(o);
        out_text(o, tls_end_name(t->end));
    }
    out_close(o, ']');
}

void out_tls(struct record_out *o, const struct tls_facts *t)
{
    if (t->end == TLS_END_NONE) {
        OUT_LIT(o, "null");
        return;
    }
    char word[WORD_MAX_BYTES];
    tls_version_text(t->version, word);
    out_open(o, '{');
    OUT_KEY(o, "version");
    out_text(o, t->version ? word : NULL);
    OUT_KEY(o, "cipher");
    out_text(o, t->cipher);
    OUT_KEY(o, "valid");
    out_bool(o, tls_facts_valid(t));
    OUT_KEY(o, "errors");
    out_tls_errors(o, t);
    OUT_KEY(o, "cert_sha256");
    out_text(o, t->cert_sha256);
    if (t->alert >= 0) {
        OUT_KEY(o, "alert");
        out_int(o, t->alert);
    }
    if (t->cert_errors & (uint32_t)(CERT_WEAK_KEY | CERT_WEAK_SIGNATURE)) {
        OUT_KEY(o, "weak");
        out_open(o, '[');
        out_bits(o, t->cert_errors, weak_words, n_weak_words);
        out_close(o, ']');
    }
    if (t->verify_code != 0) {
        OUT_KEY(o, "verify_code");
        out_int(o, t->verify_code);
    }
    if (t->name != NAME_MATCH_OK) {
        OUT_KEY(o, "name");
        out_text(o, name_match_name(t->name));
    }
    if (t->covers != 0) {
        OUT_KEY(o, "covers");
        out_open(o, '[');
        out_bits(o, t->covers, covers_words, n_covers_words);
        out_close(o, ']');
    }
    if (t->not_before_s != 0) {
        OUT_KEY(o, "not_before");
        out_int(o, t->not_before_s);
    }
    if (t->not_after_s != 0) {
        OUT_KEY(o, "not_after");
        out_int(o, t->not_after_s);
    }
    OUT_OPTIONAL(o, "error", t->error);
    out_close(o, '}');
}

void out_http(struct record_out *o, const struct http_facts *h)
{
    if (h->end == HTTP_END_NONE) {
        OUT_LIT(o, "null");
        return;
    }
    out_open(o, '{');
    OUT_KEY(o, "status");
    if (h->status > 0)
        out_int(o, h->status);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "version");
    out_text(o, h->version);
    OUT_KEY(o, "content_type");
    out_text(o, h->content_type);
    OUT_KEY(o, "bytes");
    strbuf_addu(o->b, h->body_total);
    OUT_KEY(o, "last_modified");
    out_text(o, h->last_modified);
    OUT_KEY(o, "location");
    out_text(o, h->location);
    if (h->end != HTTP_END_OK) {
        OUT_KEY(o, "end");
        out_text(o, http_end_name(h->end));
    }
    OUT_OPTIONAL(o, "content_encoding", h->content_encoding);
    OUT_OPTIONAL(o, "retry_after", h->retry_after);
    OUT_OPTIONAL(o, "server", h->server);
    OUT_OPTIONAL(o, "challenge", h->challenge);
    OUT_FLAG(o, "coalesced", h->coalesced);
    out_close(o, '}');
}

static void out_timing(struct record_out *o, const struct fetch_facts *f, uint32_t dns_ms)
{
    OUT_KEY(o, "timing_ms");
    out_open(o, '{');
    OUT_KEY(o, "dns");
    out_int(o, dns_ms);
    OUT_KEY(o, "connect");
    out_int(o, f->connect_ms);
    OUT_KEY(o, "tls");
    out_int(o, f->tls_ms);
    OUT_KEY(o, "total");
    out_int(o, f->total_ms);
    out_close(o, '}');
}

void out_fetch(struct record_out *o, const struct fetch_facts *f, uint32_t dns_ms)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&f->ip, ip);
    OUT_KEY(o, "ip");
    out_text(o, f->ip.family ? ip : NULL);
    if (f->conn != CONN_OK) {
        OUT_KEY(o, "conn");
        out_text(o, conn_name(f->conn));
    }
    OUT_KEY(o, "http");
    out_http(o, &f->http);
    OUT_KEY(o, "tls");
    out_tls(o, &f->tls);
    if (f->http.end != HTTP_END_NONE) {
        struct slice body = f->http.body;
        if (body.len > o->cut->body_max)
            body.len = o->cut->body_max;
        char digest[SHA256_HEX_BYTES + 1];
        sha256_hex(f->http.body, digest);
        OUT_KEY(o, "body");
        json_add_bytes(o->b, body);
        OUT_KEY(o, "sha256");
        out_text(o, digest);
    }
    out_timing(o, f, dns_ms);
}

void out_probe(struct record_out *o, const struct probe_facts *p)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&p->ip, ip);
    out_open(o, '{');
    OUT_KEY(o, "ip");
    out_text(o, p->ip.family ? ip : NULL);
    OUT_KEY(o, "status");
    out_text(o, probe_end_name(p->end));
    OUT_KEY(o, "starttls");
    out_bool(o, p->starttls);
    OUT_KEY(o, "banner");
    out_text(o, p->banner);
    OUT_KEY(o, "tls");
    out_tls(o, &p->tls);
    OUT_KEY(o, "ts");
    out_time(o, p->ts_ms);
    if (p->conn != conn_default(p->end)) {
        OUT_KEY(o, "conn");
        out_text(o, conn_name(p->conn));
    }
    if (p->reply_code != 0) {
        OUT_KEY(o, "code");
        out_int(o, p->reply_code);
    }
    OUT_OPTIONAL(o, "reply", p->reply);
    OUT_FLAG(o, "helo", p->helo);
    OUT_FLAG(o, "injected", p->injected);
    if (p->no_sni_tried) {
        OUT_KEY(o, "no_sni");
        out_tls(o, &p->tls_no_sni);
    }
    out_close(o, '}');
}
