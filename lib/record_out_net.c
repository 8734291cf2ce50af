/* record_out_net: the pieces of a record that tell of connections: TLS, HTTP, tries and probes. */
#include "lib/record_out.h"

#include "lib/record_words.h"
#include "lib/sha256.h"

/* An array of the words whose bits are set. */
static void record_out_bits(struct record_out *o, uint32_t set, const struct bit_word *words,
                            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (set & words[i].bit) {
            record_out_element(o);
            record_out_text(o, words[i].word);
        }
    }
}

/* tls.errors of the contract: faults of the chain, the name, the version and the handshake. */
static void record_out_tls_errors(struct record_out *o, const struct tls_facts *t)
{
    record_out_open(o, '[');
    record_out_bits(o, t->cert_errors, cert_error_words, n_cert_error_words);
    if (t->name != NAME_MATCH_OK && t->name != NAME_MATCH_UNKNOWN) {
        record_out_element(o);
        OUT_LIT(o, "\"host_mismatch\"");
    }
    if (tls_facts_version_low(t)) {
        record_out_element(o);
        OUT_LIT(o, "\"version_low\"");
    }
    if (t->end != TLS_END_OK) {
        record_out_element(o);
        record_out_text(o, tls_end_name(t->end));
    }
    record_out_close(o, ']');
}

/* Members that stand only where there is something to say. */
static void put_tls_optional(struct record_out *o, const struct tls_facts *t)
{
    if (t->alert >= 0) {
        OUT_KEY(o, "alert");
        record_out_int(o, t->alert);
    }
    if (t->cert_errors & (uint32_t)(CERT_WEAK_KEY | CERT_WEAK_SIGNATURE)) {
        OUT_KEY(o, "weak");
        record_out_open(o, '[');
        record_out_bits(o, t->cert_errors, weak_words, n_weak_words);
        record_out_close(o, ']');
    }
    if (t->verify_code != 0) {
        OUT_KEY(o, "verify_code");
        record_out_int(o, t->verify_code);
    }
    if (t->name != NAME_MATCH_OK) {
        OUT_KEY(o, "name");
        record_out_text(o, name_match_name(t->name));
    }
    if (t->covers != 0) {
        OUT_KEY(o, "covers");
        record_out_open(o, '[');
        record_out_bits(o, t->covers, covers_words, n_covers_words);
        record_out_close(o, ']');
    }
    if (t->not_before_s != 0) {
        OUT_KEY(o, "not_before");
        record_out_int(o, t->not_before_s);
    }
    if (t->not_after_s != 0) {
        OUT_KEY(o, "not_after");
        record_out_int(o, t->not_after_s);
    }
    OUT_OPTIONAL(o, "error", t->error);
}

void record_out_tls(struct record_out *o, const struct tls_facts *t)
{
    if (t->end == TLS_END_NONE) {
        OUT_LIT(o, "null");
        return;
    }
    char word[WORD_MAX_BYTES];
    tls_version_text(t->version, word);
    record_out_open(o, '{');
    OUT_KEY(o, "version");
    record_out_text(o, t->version ? word : NULL);
    OUT_KEY(o, "cipher");
    record_out_text(o, t->cipher);
    OUT_KEY(o, "valid");
    record_out_bool(o, tls_facts_valid(t));
    OUT_KEY(o, "errors");
    record_out_tls_errors(o, t);
    OUT_KEY(o, "cert_sha256");
    record_out_text(o, t->cert_sha256);
    put_tls_optional(o, t);
    record_out_close(o, '}');
}

void record_out_http(struct record_out *o, const struct http_facts *h)
{
    if (h->end == HTTP_END_NONE) {
        OUT_LIT(o, "null");
        return;
    }
    record_out_open(o, '{');
    OUT_KEY(o, "status");
    if (h->status > 0)
        record_out_int(o, h->status);
    else
        OUT_LIT(o, "null");
    OUT_KEY(o, "version");
    record_out_text(o, h->version);
    OUT_KEY(o, "content_type");
    record_out_text(o, h->content_type);
    OUT_KEY(o, "bytes");
    strbuf_addu(o->b, h->body_total);
    OUT_KEY(o, "last_modified");
    record_out_text(o, h->last_modified);
    OUT_KEY(o, "location");
    record_out_text(o, h->location);
    if (h->end != HTTP_END_OK) {
        OUT_KEY(o, "end");
        record_out_text(o, http_end_name(h->end));
    }
    OUT_OPTIONAL(o, "content_encoding", h->content_encoding);
    OUT_OPTIONAL(o, "retry_after", h->retry_after);
    OUT_OPTIONAL(o, "server", h->server);
    OUT_OPTIONAL(o, "challenge", h->challenge);
    OUT_FLAG(o, "coalesced", h->coalesced);
    record_out_close(o, '}');
}

static void record_out_timing(struct record_out *o, const struct fetch_facts *f, uint32_t dns_ms)
{
    OUT_KEY(o, "timing_ms");
    record_out_open(o, '{');
    OUT_KEY(o, "dns");
    record_out_int(o, dns_ms);
    OUT_KEY(o, "connect");
    record_out_int(o, f->connect_ms);
    OUT_KEY(o, "tls");
    record_out_int(o, f->tls_ms);
    OUT_KEY(o, "total");
    record_out_int(o, f->total_ms);
    if (f->own_ms > 0) {
        OUT_KEY(o, "own");
        record_out_int(o, f->own_ms);
    }
    record_out_close(o, '}');
}

void record_out_fetch(struct record_out *o, const struct fetch_facts *f, uint32_t dns_ms)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&f->ip, ip);
    OUT_KEY(o, "ip");
    record_out_text(o, f->ip.family ? ip : NULL);
    if (f->conn != CONN_OK) {
        OUT_KEY(o, "conn");
        record_out_text(o, conn_name(f->conn));
    }
    OUT_KEY(o, "http");
    record_out_http(o, &f->http);
    OUT_KEY(o, "tls");
    record_out_tls(o, &f->tls);
    if (f->http.end != HTTP_END_NONE) {
        struct slice body = f->http.body;
        if (body.len > o->cut->body_max)
            body.len = o->cut->body_max;
        char digest[SHA256_HEX_BYTES + 1];
        sha256_hex(f->http.body, digest);
        OUT_KEY(o, "body");
        json_add_bytes(o->b, body);
        OUT_KEY(o, "sha256");
        record_out_text(o, digest);
    }
    record_out_timing(o, f, dns_ms);
}

void record_out_probe(struct record_out *o, const struct probe_facts *p)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    net_addr_text(&p->ip, ip);
    record_out_open(o, '{');
    OUT_KEY(o, "ip");
    record_out_text(o, p->ip.family ? ip : NULL);
    OUT_KEY(o, "status");
    record_out_text(o, probe_end_name(p->end));
    OUT_KEY(o, "starttls");
    record_out_bool(o, p->starttls);
    OUT_KEY(o, "banner");
    record_out_text(o, p->banner);
    OUT_KEY(o, "tls");
    record_out_tls(o, &p->tls);
    OUT_KEY(o, "ts");
    record_out_time(o, p->ts_ms);
    if (p->conn != conn_default(p->end)) {
        OUT_KEY(o, "conn");
        record_out_text(o, conn_name(p->conn));
    }
    if (p->reply_code != 0) {
        OUT_KEY(o, "code");
        record_out_int(o, p->reply_code);
    }
    OUT_OPTIONAL(o, "reply", p->reply);
    OUT_OPTIONAL(o, "sni", p->sni);
    OUT_FLAG(o, "helo", p->helo);
    OUT_FLAG(o, "injected", p->injected);
    if (p->no_sni_tried) {
        OUT_KEY(o, "no_sni");
        record_out_tls(o, &p->tls_no_sni);
    }
    record_out_close(o, '}');
}
