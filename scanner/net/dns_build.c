/* dns_build: queries. */
#include "scanner/net/dns_build.h"

#include <ares.h>
#include <string.h>

enum {
    HEADER_BYTES = 12,
    FLAGS_HIGH_AT = 2, /* QR OPCODE AA TC RD */
    FLAGS_LOW_AT = 3,  /* RA Z AD CD RCODE */
    FLAG_RD = 0x01,
    FLAG_AD = 0x20,
    FLAG_CD = 0x10,
    QDCOUNT_AT = 4,
    ARCOUNT_AT = 10,
    TAIL_AT = HEADER_BYTES + 1, /* of a template: behind the root name */
    TYPE_AND_CLASS_BYTES = 4,
};

/* The template of a type, built by c-ares when it is first asked for. */
static enum status template_of(struct dns_templates *t, enum dns_type type, const uint8_t **out)
{
    unsigned char *query = NULL;
    int len = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->of[i].type == (uint16_t)type) {
            *out = t->of[i].b;
            return ST_OK;
        }
    }
    if (t->n == DNS_TEMPLATES_MAX)
        return ST_UNSUPPORTED;
    int rc = ares_create_query(".", 1, (int)type, 0, 1, &query, &len, DNS_EDNS_BYTES);
    if (rc == ARES_ENOMEM)
        return ST_NOMEM;
    enum status st = ST_INTERNAL;
    if (rc == ARES_SUCCESS && (size_t)len == sizeof t->of[0].b) {
        t->of[t->n].type = (uint16_t)type;
        memcpy(t->of[t->n].b, query, sizeof t->of[0].b);
        *out = t->of[t->n++].b;
        st = ST_OK;
    }
    ares_free_string(query);
    return st;
}

enum status dns_build(struct dns_templates *templates, const struct dns_name *name,
                      enum dns_type type, bool recursion, struct dns_wire *out)
{
    const uint8_t *t;
    enum status st = template_of(templates, type, &t);
    if (st != ST_OK)
        return st;
    memcpy(out->b, t, HEADER_BYTES);
    memcpy(out->b + HEADER_BYTES, name->b, name->len);
    memcpy(out->b + HEADER_BYTES + name->len, t + TAIL_AT, TYPE_AND_CLASS_BYTES + DNS_OPT_BYTES);
    out->question_len = (uint16_t)(name->len + TYPE_AND_CLASS_BYTES);
    out->len = (uint16_t)(HEADER_BYTES + out->question_len + DNS_OPT_BYTES);
    if (!recursion)
        out->b[FLAGS_HIGH_AT] &= (uint8_t)~FLAG_RD;
    out->b[FLAGS_LOW_AT] |= FLAG_AD;
    return ST_OK;
}

size_t dns_wire_prepare(struct dns_wire *w, uint16_t id, bool edns, bool cd)
{
    w->b[0] = (uint8_t)(id >> 8);
    w->b[1] = (uint8_t)id;
    w->b[FLAGS_LOW_AT] = cd ? FLAG_AD | FLAG_CD : FLAG_AD;
    w->b[ARCOUNT_AT + 1] = edns;
    return edns ? w->len : (size_t)w->len - DNS_OPT_BYTES;
}

bool dns_wire_answered_by(const struct dns_wire *w, const uint8_t *msg, size_t len)
{
    static const uint8_t one_question[2] = {0, 1};
    size_t name_len = (size_t)w->question_len - TYPE_AND_CLASS_BYTES;
    if (len < HEADER_BYTES + (size_t)w->question_len ||
        memcmp(msg + QDCOUNT_AT, one_question, sizeof one_question) != 0)
        return false;
    return dns_bytes_match(msg + HEADER_BYTES, w->b + HEADER_BYTES, name_len) &&
           memcmp(msg + HEADER_BYTES + name_len, w->b + HEADER_BYTES + name_len,
                  TYPE_AND_CLASS_BYTES) == 0;
}
