/* record_out: primitives, and the DNS pieces of a record. */
#include "lib/record_out.h"

#include "lib/record_words.h"

#include <string.h>

/* ---- primitives ------------------------------------------------------------------------------ */

void record_out_element(struct record_out *o)
{
    if (o->comma)
        strbuf_addc(o->b, ',');
    o->comma = true;
}

static struct slice cut_slice(const struct record_out *o, struct slice s)
{
    return (struct slice){s.p, s.len < o->cut->text_max ? s.len : o->cut->text_max};
}

void record_out_text(struct record_out *o, const char *text)
{
    if (text)
        json_add_string(o->b, cut_slice(o, (struct slice){text, strlen(text)}));
    else
        OUT_LIT(o, "null");
}

void record_out_word(struct record_out *o, const char *word)
{
    size_t len = strlen(word);
    char *to = strbuf_room(o->b, len + 2);
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, word, len);
    to[len + 1] = '"';
    strbuf_grew(o->b, len + 2);
}

void record_out_bytes(struct record_out *o, struct slice raw)
{
    json_add_bytes(o->b, cut_slice(o, raw));
}

void record_out_int(struct record_out *o, int64_t value)
{
    if (value < 0)
        strbuf_addc(o->b, '-');
    strbuf_addu(o->b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void record_out_bool(struct record_out *o, bool value)
{
    if (value)
        OUT_LIT(o, "true");
    else
        OUT_LIT(o, "false");
}

void record_out_time(struct record_out *o, int64_t ms)
{
    char *to = strbuf_room(o->b, TIME_TEXT_BYTES + 2);
    if (!to)
        return;
    to[0] = '"';
    time_text(ms, to + 1);
    to[TIME_TEXT_BYTES + 1] = '"';
    strbuf_grew(o->b, TIME_TEXT_BYTES + 2);
}

size_t record_out_list_len(const struct record_out *o, size_t n)
{
    return n < o->cut->list_max ? n : o->cut->list_max;
}

void record_out_strings(struct record_out *o, const char *const *v, size_t n)
{
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, n); i++) {
        record_out_element(o);
        record_out_text(o, v[i]);
    }
    record_out_close(o, ']');
}

void record_out_flag(struct record_out *o, const char *comma_key, size_t len, bool set)
{
    if (set) {
        record_out_key(o, comma_key, len);
        OUT_LIT(o, "true");
    }
}

void record_out_optional(struct record_out *o, const char *comma_key, size_t len, const char *text)
{
    if (text) {
        record_out_key(o, comma_key, len);
        record_out_text(o, text);
    }
}

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

void record_out_dns(struct record_out *o, const struct dns_facts *d, size_t records,
                    const struct strlist *chain, bool full)
{
    static const struct strlist none = {NULL, 0};
    if (d->status == LOOKUP_SKIPPED && !full) {
        OUT_KEY(o, "lookup");
        record_out_text(o, lookup_name(d->status));
        return;
    }
    if (d->status != lookup_default(d->rcode, records)) {
        OUT_KEY(o, "lookup");
        record_out_text(o, lookup_name(d->status));
    }
    if (d->ttl_s > 0) {
        OUT_KEY(o, "ttl");
        record_out_int(o, d->ttl_s);
    }
    if (full || !same_chain(&d->cname, chain ? chain : &none)) {
        OUT_KEY(o, "cname");
        record_out_strings(o, d->cname.v, d->cname.n);
    }
    if (full || d->rcode != 0) {
        char word[WORD_MAX_BYTES];
        OUT_KEY(o, "rcode");
        if (d->rcode < 0)
            OUT_LIT(o, "null");
        else
            record_out_word(o, rcode_text(d->rcode, word));
    }
    if (d->ede >= 0) {
        OUT_KEY(o, "ede");
        record_out_int(o, d->ede);
    }
    OUT_FLAG(o, "ad", d->ad);
    if (full || d->soa) {
        OUT_KEY(o, "soa");
        record_out_text(o, d->soa);
    }
    if (full || d->resolver) {
        OUT_KEY(o, "resolver");
        record_out_text(o, d->resolver);
    }
}

void record_out_txt_set(struct record_out *o, const struct txt_facts *t, bool full)
{
    size_t n = record_out_list_len(o, t->n);
    bool split = false;
    OUT_KEY(o, "txt");
    record_out_open(o, '[');
    for (size_t i = 0; i < n; i++) {
        record_out_element(o);
        record_out_bytes(o, (struct slice){t->rr[i].p, t->rr[i].len});
        split = split || t->rr[i].strings != 1;
    }
    record_out_close(o, ']');
    if (split) {
        OUT_KEY(o, "strings");
        record_out_open(o, '[');
        for (size_t i = 0; i < n; i++) {
            record_out_element(o);
            record_out_int(o, t->rr[i].strings);
        }
        record_out_close(o, ']');
    }
    OUT_FLAG(o, "truncated", t->truncated);
    record_out_dns(o, &t->dns, n, NULL, full);
}

static void record_out_family(struct record_out *o, const struct addr_facts *a, uint8_t family,
                              const struct strlist *chain)
{
    const struct dns_facts *d = family == 4 ? &a->v4 : &a->v6;
    size_t records = 0;
    for (size_t i = 0; i < record_out_list_len(o, a->n); i++)
        records += a->addr[i].family == family;
    record_out_open(o, '{');
    record_out_dns(o, d, records, chain, false);
    record_out_close(o, '}');
}

void record_out_addrs(struct record_out *o, const struct addr_facts *a)
{
    const struct strlist *chain = a->v4.cname.n > 0 ? &a->v4.cname : &a->v6.cname;
    OUT_KEY(o, "cname");
    record_out_strings(o, chain->v, chain->n);
    OUT_KEY(o, "addresses");
    record_out_open(o, '[');
    for (size_t i = 0; i < record_out_list_len(o, a->n); i++) {
        char text[ADDR_TEXT_MAX_BYTES];
        net_addr_text(&a->addr[i], text);
        record_out_element(o);
        record_out_text(o, text);
    }
    record_out_close(o, ']');
    if (a->v4.status == LOOKUP_SKIPPED && a->v6.status == LOOKUP_SKIPPED)
        return;
    OUT_KEY(o, "dns");
    record_out_open(o, '{');
    OUT_KEY(o, "a");
    record_out_family(o, a, 4, chain);
    OUT_KEY(o, "aaaa");
    record_out_family(o, a, 6, chain);
    record_out_close(o, '}');
}
