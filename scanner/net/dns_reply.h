/* dns_reply - reads one DNS message within bounds (RFC 1035 4). Pure: bytes in, result out. */
#ifndef SCANNER_NET_DNS_REPLY_H
#define SCANNER_NET_DNS_REPLY_H

#include "scanner/net/dns.h"

struct dns_header {
    uint16_t id;
    bool qr, tc, rd, ra, ad, cd;
    uint8_t opcode, rcode;
};

/* Header and question only: enough to tell whose answer it is. qname in lower-case presentation
 * form. ST_INVALID when it cannot be read or has not exactly one question. */
enum status dns_reply_question(const uint8_t *msg, size_t len, struct dns_header *h,
                               char qname[NAME_TEXT_MAX_BYTES], uint16_t *qtype);

/* The whole reply to (qname, qtype): follows the CNAME chain within the answer section, collects
 * the RRset at its end, TTL, SOA owner, EDE. Strings and arrays come from `arena`. facts.resolver
 * is left NULL. A reply that breaks the grammar is LOOKUP_MALFORMED, not an error. */
enum status dns_reply_parse(const uint8_t *msg, size_t len, const char *qname, enum dns_type qtype,
                            struct arena *arena, struct dns_answer *out);

#endif
