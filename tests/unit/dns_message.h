/* dns_message - writes DNS messages by hand, right or wrong, for tests.
 *
 * Nothing is checked: what is appended stands. Counts are those that the caller sets, so that they
 * may lie. */
#ifndef TESTS_UNIT_DNS_MESSAGE_H
#define TESTS_UNIT_DNS_MESSAGE_H

#include "scanner/net/dns_reply.h"

enum {
    MSG_QR = 0x8000,
    MSG_AA = 0x0400,
    MSG_TC = 0x0200,
    MSG_RD = 0x0100,
    MSG_RA = 0x0080,
    MSG_AD = 0x0020,
    MSG_CD = 0x0010,
    MSG_QNAME_AT = 12,
};

struct msg {
    uint8_t b[65535];
    size_t len;
    size_t rdlength_at; /* of the record that is open */
};

void msg_u8(struct msg *m, unsigned v);
void msg_u16(struct msg *m, unsigned v);
void msg_u32(struct msg *m, uint32_t v);
void msg_bytes(struct msg *m, const void *p, size_t len);
void msg_name(struct msg *m, const char *text); /* uncompressed */
void msg_pointer(struct msg *m, size_t to);
void msg_set_u16(struct msg *m, size_t at, unsigned v);

/* Header (with one question) and question. */
void msg_begin(struct msg *m, uint16_t id, unsigned flags, const char *qname, unsigned qtype);
enum msg_section { MSG_AN = 6, MSG_NS = 8, MSG_AR = 10 };
/* Opens a record and counts it in its section; owner NULL is a pointer to the question's name. */
void msg_rr(struct msg *m, enum msg_section section, const char *owner, unsigned type,
            uint32_t ttl);
void msg_rr_end(struct msg *m); /* sets RDLENGTH */

/* Whole records. */
void msg_txt(struct msg *m, const char *owner, uint32_t ttl, const char *text);
void msg_cname(struct msg *m, const char *owner, const char *target);
void msg_mx(struct msg *m, const char *owner, unsigned preference, const char *host);
void msg_a(struct msg *m, const char *owner, uint32_t ip);
void msg_soa(struct msg *m, const char *owner, uint32_t ttl, uint32_t minimum);
void msg_opt(struct msg *m, unsigned rcode_high, int ede);

#endif
