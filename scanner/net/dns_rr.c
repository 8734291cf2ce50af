/* dns_rr: records and their data. */
#include "scanner/net/dns_rr.h"

#include <string.h>

enum {
    SOA_NUMBERS_BEFORE_MINIMUM = 4, /* SERIAL, REFRESH, RETRY, EXPIRE (RFC 1035 3.3.13) */
    OPTION_EDE = 15,                /* RFC 8914 2 */
};

enum status dns_rr_read(struct dns_reader *r, struct dns_rr *out)
{
    uint16_t rdata_len;
    enum status st;
    if ((st = dns_name_read(r, &out->owner)) != ST_OK ||
        (st = dns_read_u16(r, &out->type)) != ST_OK ||
        (st = dns_read_u16(r, &out->class)) != ST_OK ||
        (st = dns_read_u32(r, &out->ttl)) != ST_OK || (st = dns_read_u16(r, &rdata_len)) != ST_OK)
        return st;
    return dns_read_part(r, rdata_len, &out->rdata);
}

uint32_t dns_ttl(uint32_t raw)
{
    return raw > INT32_MAX ? 0 : raw;
}

/* ---- one reader a type: fills the element, says when it cut something ------------------------ */

static enum status read_addr(struct dns_reader *r, uint8_t family, struct net_addr *out)
{
    size_t len = family == 6 ? 16 : 4;
    const uint8_t *b;
    if (dns_read_bytes(r, len, &b) != ST_OK)
        return ST_TRUNCATED;
    out->family = family;
    memcpy(out->b, b, len);
    return ST_OK;
}

static enum status read_a(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    (void)arena, (void)cut;
    return read_addr(r, 4, out);
}

static enum status read_aaaa(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    (void)arena, (void)cut;
    return read_addr(r, 6, out);
}

static enum status read_host(struct dns_reader *r, struct arena *arena, const char **out)
{
    struct dns_name name;
    char text[NAME_TEXT_MAX_BYTES];
    enum status st = dns_name_read(r, &name);
    if (st != ST_OK)
        return st;
    size_t len = dns_name_text(&name, text);
    *out = arena_dup(arena, (struct slice){text, len});
    return *out != NULL ? ST_OK : ST_NOMEM;
}

static enum status read_name(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    (void)cut;
    return read_host(r, arena, out);
}

static enum status read_mx(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    (void)cut;
    struct dns_mx_rr *mx = out;
    enum status st = dns_read_u16(r, &mx->preference);
    return st == ST_OK ? read_host(r, arena, &mx->host) : st;
}

static enum status read_tlsa(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    (void)cut;
    struct dns_tlsa_rr *tlsa = out;
    const uint8_t *data;
    enum status st;
    if ((st = dns_read_u8(r, &tlsa->usage)) != ST_OK ||
        (st = dns_read_u8(r, &tlsa->selector)) != ST_OK ||
        (st = dns_read_u8(r, &tlsa->matching)) != ST_OK)
        return st;
    tlsa->len = dns_left(r);
    if ((st = dns_read_bytes(r, tlsa->len, &data)) != ST_OK)
        return st;
    tlsa->data = (uint8_t *)arena_dup(arena, (struct slice){(const char *)data, tlsa->len});
    return tlsa->data != NULL ? ST_OK : ST_NOMEM;
}

/* Character-strings of one TXT, concatenated without separator (RFC 8461 3.1). One at least
 * (RFC 1035 3.3.14). */
static enum status read_txt(struct dns_reader *r, struct arena *arena, void *out, bool *cut)
{
    struct txt_rr *txt = out;
    size_t room = dns_left(r) < TXT_RR_MAX_BYTES ? dns_left(r) : TXT_RR_MAX_BYTES;
    char *text = arena_alloc(arena, room + 1);
    if (text == NULL)
        return ST_NOMEM;
    txt->p = text;
    do {
        uint8_t len;
        const uint8_t *bytes;
        if (dns_read_u8(r, &len) != ST_OK || dns_read_bytes(r, len, &bytes) != ST_OK)
            return ST_TRUNCATED;
        size_t fits = len <= room - txt->len ? len : room - txt->len;
        memcpy(text + txt->len, bytes, fits);
        txt->len += fits;
        txt->strings++;
        if (fits < len)
            *cut = true;
    } while (dns_left(r) > 0);
    return ST_OK;
}

struct dns_rr_kind {
    uint16_t type;
    size_t max, size;
    enum status (*read)(struct dns_reader *r, struct arena *arena, void *out, bool *cut);
};

static const struct dns_rr_kind rr_kinds[] = {
    {DNS_A, ADDRESSES_MAX, sizeof(struct net_addr), read_a},
    {DNS_AAAA, ADDRESSES_MAX, sizeof(struct net_addr), read_aaaa},
    {DNS_NS, DNS_NAMES_MAX, sizeof(const char *), read_name},
    {DNS_CNAME, DNS_NAMES_MAX, sizeof(const char *), read_name},
    {DNS_PTR, DNS_NAMES_MAX, sizeof(const char *), read_name},
    {DNS_MX, MX_HOSTS_MAX, sizeof(struct dns_mx_rr), read_mx},
    {DNS_TXT, TXT_RRS_MAX, sizeof(struct txt_rr), read_txt},
    {DNS_TLSA, DNS_TLSA_MAX, sizeof(struct dns_tlsa_rr), read_tlsa},
};

/* ---- collecting ------------------------------------------------------------------------------ */

enum status dns_rrset_begin(struct dns_rrset *set, uint16_t type, size_t count, struct arena *arena)
{
    *set = (struct dns_rrset){.kind = NULL};
    for (size_t i = 0; i < sizeof rr_kinds / sizeof *rr_kinds; i++)
        if (rr_kinds[i].type == type)
            set->kind = &rr_kinds[i];
    if (set->kind == NULL)
        return ST_UNSUPPORTED;
    set->room = count < set->kind->max ? count : set->kind->max;
    set->v = arena_array(arena, set->room, set->kind->size);
    return set->v != NULL ? ST_OK : ST_NOMEM;
}

enum status dns_rrset_add(struct dns_rrset *set, struct dns_reader rdata, struct arena *arena)
{
    if (set->n == set->room) {
        set->truncated = true;
        return ST_OK;
    }
    void *element = (char *)set->v + set->n * set->kind->size;
    enum status st = set->kind->read(&rdata, arena, element, &set->truncated);
    if (st != ST_OK)
        return st;
    if (dns_left(&rdata) != 0)
        return ST_INVALID;
    set->n++;
    return ST_OK;
}

void dns_rrset_end(const struct dns_rrset *set, struct dns_answer *out)
{
    out->n = set->n;
    out->truncated = out->truncated || set->truncated;
    switch (set->kind->type) {
    case DNS_TXT:
        out->txt = set->v;
        break;
    case DNS_MX:
        out->mx = set->v;
        break;
    case DNS_TLSA:
        out->tlsa = set->v;
        break;
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        out->name = set->v;
        break;
    default:
        out->addr = set->v;
        break;
    }
}

/* ---- SOA and OPT ----------------------------------------------------------------------------- */

enum status dns_soa_negative_ttl(const struct dns_rr *soa, uint32_t *out)
{
    struct dns_reader r = soa->rdata;
    uint32_t minimum;
    const uint8_t *numbers;
    enum status st;
    if ((st = dns_name_skip(&r)) != ST_OK || /* MNAME */
        (st = dns_name_skip(&r)) != ST_OK || /* RNAME */
        (st = dns_read_bytes(&r, SOA_NUMBERS_BEFORE_MINIMUM * sizeof(uint32_t), &numbers)) !=
            ST_OK ||
        (st = dns_read_u32(&r, &minimum)) != ST_OK)
        return st;
    if (dns_left(&r) != 0)
        return ST_INVALID;
    uint32_t ttl = dns_ttl(soa->ttl);
    minimum = dns_ttl(minimum);
    *out = ttl < minimum ? ttl : minimum;
    return ST_OK;
}

enum status dns_opt_read(const struct dns_rr *rr, struct dns_opt *out)
{
    struct dns_reader r = rr->rdata;
    if (rr->owner.len != 1) /* RFC 6891 6.1.2: the root */
        return ST_INVALID;
    *out = (struct dns_opt){.rcode_high = (uint8_t)(rr->ttl >> 24), .ede = -1};
    while (dns_left(&r) > 0) {
        uint16_t code, len, info;
        struct dns_reader option;
        enum status st;
        if ((st = dns_read_u16(&r, &code)) != ST_OK || (st = dns_read_u16(&r, &len)) != ST_OK ||
            (st = dns_read_part(&r, len, &option)) != ST_OK)
            return st;
        if (code != OPTION_EDE)
            continue;
        if ((st = dns_read_u16(&option, &info)) != ST_OK)
            return st;
        if (out->ede < 0 || (lookup_ede_is_dnssec(info) && !lookup_ede_is_dnssec(out->ede)))
            out->ede = info;
    }
    return ST_OK;
}
