/* record_out - the pieces that record_write puts together; not for use outside it.
 *
 * Each function appends members ("name":value) or a value to the line under way. Members that hold
 * their default are left out; the reader (record_in.h) puts the same defaults back. */
#ifndef LIB_RECORD_OUT_H
#define LIB_RECORD_OUT_H

#include "lib/record_json.h"

/* What is kept of lists, texts and the body; each next cut is smaller, until the line fits. */
struct record_cut {
    size_t list_max, text_max, body_max; /* entries, bytes, bytes */
    bool finding_text;                   /* targets and details of findings */
};

struct record_out {
    struct strbuf *b;
    const struct record_cut *cut;
    bool comma; /* a member or element precedes in the object or array under way */
};

/* A key with its quotes and colon, as string literal: OUT_KEY(o, "ttl") appends ,"ttl": */
#define OUT_KEY(o, key) record_out_key((o), ",\"" key "\":", sizeof(",\"" key "\":") - 1)
#define OUT_LIT(o, s) strbuf_add((o)->b, (s), sizeof(s) - 1)

/* "key":true when set, and "key":"text" unless text is NULL. */
#define OUT_FLAG(o, key, set) \
    record_out_flag((o), ",\"" key "\":", sizeof(",\"" key "\":") - 1, (set))
#define OUT_OPTIONAL(o, key, text) \
    record_out_optional((o), ",\"" key "\":", sizeof(",\"" key "\":") - 1, (text))

/* The key alone is copied, so that its length stays a constant: with the comma before it, or over
 * that. */
static inline void record_out_key(struct record_out *o, const char *comma_key, size_t len)
{
    char *to = strbuf_room(o->b, len);
    if (to) {
        *to = ',';
        memcpy(to + o->comma, comma_key + 1, len - 1);
        strbuf_grew(o->b, len - 1 + o->comma);
    }
    o->comma = true;
}
void record_out_flag(struct record_out *o, const char *comma_key, size_t len, bool set);
void record_out_optional(struct record_out *o, const char *comma_key, size_t len, const char *text);
/* '{' or '[': no comma precedes what follows. */
static inline void record_out_open(struct record_out *o, char bracket)
{
    strbuf_addc(o->b, bracket);
    o->comma = false;
}
/* '}' or ']'. */
static inline void record_out_close(struct record_out *o, char bracket)
{
    strbuf_addc(o->b, bracket);
    o->comma = true;
}
void record_out_element(struct record_out *o); /* comma before the next element, if needed */
void record_out_text(struct record_out *o, const char *text);  /* escaped text, NULL gives null */
void record_out_word(struct record_out *o, const char *word);  /* of ours: nothing to escape */
void record_out_bytes(struct record_out *o, struct slice raw); /* network bytes, escaped here */
void record_out_int(struct record_out *o, int64_t value);
void record_out_bool(struct record_out *o, bool value);
void record_out_time(struct record_out *o, int64_t ms);
size_t record_out_list_len(const struct record_out *o, size_t n);
void record_out_strings(struct record_out *o, const char *const *v,
                        size_t n); /* an array of texts */

/* Members of one lookup; `records` of the asked type came. `full` also writes defaults that the
 * contract shows in every record: cname, rcode, soa, resolver. `chain` (may be NULL) is the CNAME
 * chain already shown by the object around it. */
void record_out_dns(struct record_out *o, const struct dns_facts *d, size_t records,
                    const struct strlist *chain, bool full);
/* txt, strings, truncated, then record_out_dns. */
void record_out_txt_set(struct record_out *o, const struct txt_facts *t, bool full);
/* cname, addresses, dns. */
void record_out_addrs(struct record_out *o, const struct addr_facts *a);
/* Values: an object, or null when no handshake, request or connection was tried. */
void record_out_tls(struct record_out *o, const struct tls_facts *t);
void record_out_http(struct record_out *o, const struct http_facts *h);
/* Members of one try at the policy: ip, conn, http, tls, body, sha256, timing_ms. */
void record_out_fetch(struct record_out *o, const struct fetch_facts *f, uint32_t dns_ms);
void record_out_probe(struct record_out *o, const struct probe_facts *p);

/* Whole members of a line: record_write_txt.c, record_write_policy.c. */
void record_out_record(struct record_out *o, const struct evidence *e, const struct judgement *j);
void record_out_tlsrpt(struct record_out *o, const struct evidence *e, const struct judgement *j);
void record_out_policy(struct record_out *o, const struct evidence *e, const struct judgement *j);

#endif
