#include "tests/unit/dns_message.h"

#include <stdlib.h>
#include <string.h>

void msg_bytes(struct msg *m, const void *p, size_t len)
{
    if (len > sizeof m->b - m->len)
        abort();
    if (len > 0)
        memcpy(m->b + m->len, p, len);
    m->len += len;
}

void msg_u8(struct msg *m, unsigned v)
{
    uint8_t b = (uint8_t)v;
    msg_bytes(m, &b, 1);
}

void msg_u16(struct msg *m, unsigned v)
{
    msg_u8(m, v >> 8);
    msg_u8(m, v & 0xff);
}

void msg_u32(struct msg *m, uint32_t v)
{
    msg_u16(m, v >> 16);
    msg_u16(m, v & 0xffff);
}

void msg_set_u16(struct msg *m, size_t at, unsigned v)
{
    m->b[at] = (uint8_t)(v >> 8);
    m->b[at + 1] = (uint8_t)v;
}

void msg_name(struct msg *m, const char *text)
{
    struct dns_name n;
    if (dns_name_from_text(text, &n) != ST_OK)
        abort();
    msg_bytes(m, n.b, n.len);
}

void msg_pointer(struct msg *m, size_t to)
{
    msg_u16(m, 0xc000u | (unsigned)to);
}

void msg_begin(struct msg *m, uint16_t id, unsigned flags, const char *qname, unsigned qtype)
{
    m->len = 0;
    msg_u16(m, id);
    msg_u16(m, flags);
    msg_u16(m, 1);
    msg_bytes(m, "\0\0\0\0\0\0", 6);
    msg_name(m, qname);
    msg_u16(m, qtype);
    msg_u16(m, 1);
}

void msg_rr(struct msg *m, enum msg_section section, const char *owner, unsigned type, uint32_t ttl)
{
    size_t at = (size_t)section;
    msg_set_u16(m, at, (unsigned)(m->b[at] << 8 | m->b[at + 1]) + 1);
    if (owner == NULL)
        msg_pointer(m, MSG_QNAME_AT);
    else
        msg_name(m, owner);
    msg_u16(m, type);
    msg_u16(m, 1);
    msg_u32(m, ttl);
    m->rdlength_at = m->len;
    msg_u16(m, 0);
}

void msg_rr_end(struct msg *m)
{
    msg_set_u16(m, m->rdlength_at, (unsigned)(m->len - m->rdlength_at - 2));
}

void msg_txt(struct msg *m, const char *owner, uint32_t ttl, const char *text)
{
    msg_rr(m, MSG_AN, owner, DNS_TXT, ttl);
    msg_u8(m, (unsigned)strlen(text));
    msg_bytes(m, text, strlen(text));
    msg_rr_end(m);
}

void msg_cname(struct msg *m, const char *owner, const char *target)
{
    msg_rr(m, MSG_AN, owner, DNS_CNAME, 300);
    msg_name(m, target);
    msg_rr_end(m);
}

void msg_mx(struct msg *m, const char *owner, unsigned preference, const char *host)
{
    msg_rr(m, MSG_AN, owner, DNS_MX, 300);
    msg_u16(m, preference);
    msg_name(m, host);
    msg_rr_end(m);
}

void msg_a(struct msg *m, const char *owner, uint32_t ip)
{
    msg_rr(m, MSG_AN, owner, DNS_A, 300);
    msg_u32(m, ip);
    msg_rr_end(m);
}

void msg_soa(struct msg *m, const char *owner, uint32_t ttl, uint32_t minimum)
{
    msg_rr(m, MSG_NS, owner, DNS_SOA, ttl);
    msg_name(m, "ns.example");
    msg_name(m, "hostmaster.example");
    for (uint32_t i = 1; i <= 4; i++)
        msg_u32(m, i);
    msg_u32(m, minimum);
    msg_rr_end(m);
}

void msg_opt(struct msg *m, unsigned rcode_high, int ede)
{
    msg_rr(m, MSG_AR, ".", 41, (uint32_t)rcode_high << 24);
    if (ede >= 0) {
        msg_u16(m, 15);
        msg_u16(m, 2);
        msg_u16(m, (unsigned)ede);
    }
    msg_rr_end(m);
}
