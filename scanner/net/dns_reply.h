/* dns_reply - reads one DNS message within bounds (RFC 1035 4). Pure: bytes in, result out. */
#ifndef SCANNER_NET_DNS_REPLY_H
#define SCANNER_NET_DNS_REPLY_H

#include "scanner/net/dns.h"
#include "scanner/net/dns_name.h"

enum {
    DNS_HEADER_BYTES = 12,
    DNS_ANSWER_RRS_MAX = 1024,      /* RRs of an answer section looked at; more: truncated */
    DNS_ANSWER_MAX_BYTES = 1 << 20, /* what one reply can take of an arena, at all its caps */
};

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16, /* RFC 6891 9 */
};

struct dns_header {
    uint16_t id;
    bool qr, aa, tc, rd, ra, ad, cd;
    uint8_t opcode, rcode;
    uint16_t questions, answers, authorities, additionals;
};

enum status dns_header_read(struct dns_reader *r, struct dns_header *out);

/* Header and question only: enough to tell whose answer it is. qname in lower-case presentation
 * form. ST_INVALID when it cannot be read or has not exactly one question. */
enum status dns_reply_question(const uint8_t *msg, size_t len, struct dns_header *h,
                               char qname[NAME_TEXT_MAX_BYTES], uint16_t *qtype);

/* The whole reply to (qname, qtype): follows the CNAME chain within the answer section, whatever
 * the order of its records, collects the RRset at its end, TTL, SOA owner, EDE. Strings and arrays
 * come from `arena`. facts.resolver is left NULL. Fails with ST_NOMEM alone.
 *
 *   rcode NOERROR   FOUND, or NODATA; a referral (NS without SOA, RFC 2308 2.2) is no such answer
 *                   and counts as REFUSED
 *   rcode NXDOMAIN  NXDOMAIN, also at the end of a chain; with records there it is MALFORMED
 *   SERVFAIL, REFUSED as they are, with the chain as far as it goes
 *   else MALFORMED, as a reply that breaks the grammar, also where we would not look: then nothing
 *   but the rcode is taken from it. Bytes behind the last record are ignored.
 * CNAME_LOOP goes before NOERROR and NXDOMAIN. DNS_SOA: FOUND with n, no array. */
enum status dns_reply_parse(const uint8_t *msg, size_t len, const char *qname, enum dns_type qtype,
                            struct arena *arena, struct dns_answer *out);
/* The same for a name that is in wire form already. */
enum status dns_reply_parse_for(const uint8_t *msg, size_t len, const struct dns_name *qname,
                                enum dns_type qtype, struct arena *arena, struct dns_answer *out);

#endif
