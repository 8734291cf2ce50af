#include "tests/simnet/dnswire.h"

#include <string.h>

enum {
    HEADER_BYTES = 12,
    OPT_BYTES = 11,
    EDE_BYTES = 6,
    OPTION_HEADER_BYTES = 4,
    FLAG_QR = 0x8000,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_RA = 0x0080,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_REFUSED = 5,
    TXT_STRING_MAX_BYTES = 255,
    SOA_MINIMUM_S = 300,
    EDE_OPTION = 15,      /* RFC 8914 section 2 */
    EDE_DNSSEC_BOGUS = 6, /* RFC 8914 section 4.7 */
    PADDING_OPTION = 12   /* RFC 7830 section 3 */
};

/* ---- reading ---- */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* Copies a label in lower case. False: it holds bytes that no host name of ours has (dot, white
 * space, control, backslash). */
static bool copy_label(char *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = p[i];
        out[i] = (char)c;
        if (c >= 'a' && c <= 'z') /* nearly all */
            continue;
        if (c <= ' ' || c == '.' || c == '\\' || c == 127)
            return false;
        if (c >= 'A' && c <= 'Z')
            out[i] = (char)(c + 32);
    }
    return true;
}

/* One uncompressed name into lower-case text. Returns the bytes that it takes, 0 when it is
 * malformed or no host name of ours. */
static size_t read_name(const uint8_t *p, size_t len, char out[SIM_NAME_MAX])
{
    size_t at = 0, used = 0;
    for (;;) {
        if (at >= len)
            return 0;
        size_t n = p[at++];
        if (n == 0)
            break;
        if (n > SIM_LABEL_MAX || at + n > len || used + n + 1 >= SIM_NAME_MAX)
            return 0;
        if (used > 0)
            out[used++] = '.';
        if (!copy_label(out + used, p + at, n))
            return 0;
        used += n;
        at += n;
    }
    out[used] = '\0';
    return at;
}

/* The OPT record of a query without other records before it. */
static void read_opt(const uint8_t *p, size_t len, struct dns_query *out)
{
    if (len < OPT_BYTES || p[0] != 0 || get16(p + 1) != SIM_TYPE_OPT)
        return;
    out->edns = true;
    if (get16(p + 3) > out->udp_size)
        out->udp_size = get16(p + 3);
}

enum dns_parse dns_parse_query(const uint8_t *bytes, size_t len, struct dns_query *out)
{
    if (len < HEADER_BYTES || get16(bytes + 2) & FLAG_QR)
        return DNS_PARSE_IGNORE;
    unsigned flags = get16(bytes + 2);
    if (flags & 0x7800 || get16(bytes + 4) != 1 || get16(bytes + 6) != 0 || get16(bytes + 8) != 0)
        return DNS_PARSE_REFUSE;
    size_t n = read_name(bytes + HEADER_BYTES, len - HEADER_BYTES, out->qname);
    if (n == 0 || len - HEADER_BYTES - n < 4)
        return DNS_PARSE_REFUSE;
    out->id = get16(bytes);
    out->recursion_desired = flags & FLAG_RD;
    out->question = bytes + HEADER_BYTES;
    out->question_len = n + 4;
    out->qtype = get16(out->question + n);
    out->qclass = get16(out->question + n + 2);
    out->edns = false;
    out->udp_size = DNS_UDP_PLAIN_BYTES;
    if (get16(bytes + 10) > 0)
        read_opt(out->question + out->question_len, len - HEADER_BYTES - out->question_len, out);
    return DNS_PARSE_OK;
}

/* ---- writing ---- */

/* Bytes into a buffer of fixed size; once something did not fit, `full` stays set. */
struct sink {
    uint8_t *p;
    size_t len, room;
    bool full;
};

static void put(struct sink *s, const void *bytes, size_t n)
{
    if (s->full || n > s->room - s->len) {
        s->full = true;
        return;
    }
    memcpy(s->p + s->len, bytes, n);
    s->len += n;
}

static void put8(struct sink *s, unsigned v)
{
    uint8_t b = (uint8_t)v;
    put(s, &b, 1);
}

static void put16(struct sink *s, unsigned v)
{
    uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    put(s, b, 2);
}

static void put32(struct sink *s, uint32_t v)
{
    put16(s, v >> 16);
    put16(s, v & 0xffff);
}

static void put_name(struct sink *s, const char *name)
{
    while (*name != '\0' && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");
        put8(s, (unsigned)n);
        put(s, name, n);
        name += n + (name[n] == '.');
    }
    put8(s, 0);
}

/* The owner: a pointer into the question where it is the question's name or ends it (RFC 1035
 * 4.1.4). A label stands as far into the message as into the text: a byte of length is for a dot.
 */
static void put_owner(struct sink *s, const char *owner, const char *qname)
{
    size_t all = strlen(qname), n = strlen(owner);
    if (n > 0 && n <= all && memcmp(qname + all - n, owner, n) == 0 &&
        (n == all || qname[all - n - 1] == '.'))
        put16(s, 0xc000 | (unsigned)(HEADER_BYTES + all - n));
    else
        put_name(s, owner);
}

static void put_txt(struct sink *s, const struct sim_txt_rr *txt)
{
    size_t at = 0;
    size_t next = txt->split > 0 && txt->split < txt->len ? txt->split : txt->len;
    do {
        size_t n = next - at;
        if (n > TXT_STRING_MAX_BYTES)
            n = TXT_STRING_MAX_BYTES;
        put8(s, (unsigned)n);
        put(s, txt->text + at, n);
        at += n;
        if (at == next)
            next = txt->len;
    } while (at < txt->len);
}

static void put_rdata(struct sink *s, const struct sim_rr *rr)
{
    switch (rr->type) {
    case SIM_TYPE_A:
        put32(s, rr->addr);
        break;
    case SIM_TYPE_AAAA: /* ::1 */
        put32(s, 0);
        put32(s, 0);
        put32(s, 0);
        put32(s, 1);
        break;
    case SIM_TYPE_TXT:
        put_txt(s, rr->txt);
        break;
    case SIM_TYPE_MX:
        put16(s, rr->preference);
        put_name(s, rr->target);
        break;
    default:
        put_name(s, rr->target);
        break;
    }
}

/* Everything before the rdata; returns where its length is to be written. */
static size_t begin_rr(struct sink *s, const char *owner, const char *qname, unsigned type,
                       uint32_t ttl)
{
    put_owner(s, owner, qname);
    put16(s, type);
    put16(s, 1); /* IN */
    put32(s, ttl);
    put16(s, 0);
    return s->len;
}

static void end_rr(struct sink *s, size_t begin)
{
    if (s->full)
        return;
    size_t n = s->len - begin;
    s->p[begin - 2] = (uint8_t)(n >> 8);
    s->p[begin - 1] = (uint8_t)n;
}

/* Names as labels, then serial, refresh, retry, expire, minimum. */
static const char soa_rdata[] = "\003ns1\016simnet-hosting\007example\0"
                                "\012hostmaster\016simnet-hosting\007example\0"
                                "\0\0\0\1"
                                "\0\0\x1c\x20"
                                "\0\0\x0e\x10"
                                "\0\1\x51\x80"
                                "\0\0\1\x2c";

static void put_soa(struct sink *s, const char *zone, const char *qname)
{
    size_t begin = begin_rr(s, zone, qname, SIM_TYPE_SOA, SOA_MINIMUM_S);
    put(s, soa_rdata, sizeof soa_rdata - 1);
    end_rr(s, begin);
}

/* What the padding option takes, its header too, so that a message of `len` bytes fills blocks; 0
 * where it would not fit. */
static size_t padding(size_t len, size_t block, size_t room)
{
    if (len % block == 0)
        return 0;
    size_t whole = (len + OPTION_HEADER_BYTES + block - 1) / block * block;
    return whole <= room ? whole - len : 0;
}

/* The last record, at s->len; the sink has room for it without padding. */
static void put_opt(struct sink *s, bool bogus, size_t block)
{
    size_t options = bogus ? EDE_BYTES : 0;
    size_t pad = padding(s->len + OPT_BYTES + options, block, s->room);
    put8(s, 0);
    put16(s, SIM_TYPE_OPT);
    put16(s, DNS_UDP_MAX_BYTES);
    put32(s, 0);
    put16(s, (unsigned)(options + pad));
    if (bogus) {
        put16(s, EDE_OPTION);
        put16(s, EDE_BYTES - OPTION_HEADER_BYTES);
        put16(s, EDE_DNSSEC_BOGUS);
    }
    if (pad == 0)
        return;
    put16(s, PADDING_OPTION);
    put16(s, (unsigned)(pad - OPTION_HEADER_BYTES));
    memset(s->p + s->len, 0, pad - OPTION_HEADER_BYTES);
    s->len += pad - OPTION_HEADER_BYTES;
}

static unsigned rcode_of(enum sim_lookup status)
{
    switch (status) {
    case SIM_LOOKUP_NXDOMAIN:
        return RCODE_NXDOMAIN;
    case SIM_LOOKUP_SERVFAIL:
    case SIM_LOOKUP_BOGUS:
        return RCODE_SERVFAIL;
    case SIM_LOOKUP_REFUSED:
        return RCODE_REFUSED;
    default:
        return 0;
    }
}

/* flags: the response code, and AA or RA. */
static void put_header(struct sink *s, const struct dns_query *q, unsigned flags, size_t answers,
                       size_t authority)
{
    put16(s, q->id);
    put16(s, FLAG_QR | (q->recursion_desired ? FLAG_RD : 0) | flags);
    put16(s, 1);
    put16(s, (unsigned)answers);
    put16(s, (unsigned)authority);
    put16(s, q->edns ? 1 : 0);
    put(s, q->question, q->question_len);
}

size_t dns_write_answer(const struct dns_query *query, const struct sim_answer *answer,
                        uint8_t *out, size_t room, size_t block)
{
    if (answer->status == SIM_LOOKUP_TIMEOUT)
        return 0;
    struct sink s = {.p = out, .room = room - (query->edns ? OPT_BYTES : 0)};
    unsigned flags = rcode_of(answer->status) | (answer->authoritative ? FLAG_AA : FLAG_RA);
    put_header(&s, query, flags, answer->count, answer->soa[0] != '\0');
    size_t body = s.len;
    for (size_t i = 0; i < answer->count; i++) {
        const struct sim_rr *rr = &answer->rr[i];
        size_t begin = begin_rr(&s, rr->owner, answer->qname, rr->type, rr->ttl);
        put_rdata(&s, rr);
        end_rr(&s, begin);
    }
    if (answer->soa[0] != '\0')
        put_soa(&s, answer->soa, answer->qname);
    if (s.full) {
        s = (struct sink){.p = out, .room = room - (query->edns ? OPT_BYTES : 0)};
        put_header(&s, query, flags | FLAG_TC, 0, 0);
        s.len = body;
    }
    s.room = room;
    if (query->edns)
        put_opt(&s, answer->status == SIM_LOOKUP_BOGUS, block);
    return s.len;
}

size_t dns_write_error(const uint8_t *bytes, unsigned rcode, uint8_t out[12])
{
    memset(out, 0, HEADER_BYTES);
    memcpy(out, bytes, 2);
    out[2] = 0x80 | (bytes[2] & 0x79);
    out[3] = (uint8_t)(0x80 | rcode);
    return HEADER_BYTES;
}
