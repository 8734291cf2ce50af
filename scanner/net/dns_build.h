/* dns_build - the query that is sent: made once a question, patched for each try.
 *
 * c-ares builds header, tail and OPT record of each type once (RD, EDNS with 1232 bytes); the name
 * is set in between by ours, since c-ares 1.18 takes no \DDD, no NUL and no name under .onion. The
 * AD bit asks the resolver for its AD (RFC 6840 5.7). */
#ifndef SCANNER_NET_DNS_BUILD_H
#define SCANNER_NET_DNS_BUILD_H

#include "scanner/net/dns.h"
#include "scanner/net/dns_name.h"

enum {
    DNS_EDNS_BYTES = 1232, /* what passes nearly every path unfragmented: DNS flag day 2020 */
    DNS_OPT_BYTES = 11,    /* an OPT record without options (RFC 6891 6.1.2) */
    DNS_QUERY_MAX_BYTES = 12 + DNS_NAME_MAX_BYTES + 4 + DNS_OPT_BYTES,
    DNS_TEMPLATES_MAX = 9, /* types of enum dns_type */
};

/* Header, root name, type, class and OPT as c-ares wrote them. Zeroed is a valid empty set. */
struct dns_templates {
    size_t n;
    struct {
        uint16_t type;
        uint8_t b[12 + 1 + 4 + DNS_OPT_BYTES];
    } of[DNS_TEMPLATES_MAX];
};

struct dns_wire {
    uint16_t len;          /* with OPT */
    uint16_t question_len; /* name, type and class, from byte 12 on */
    uint8_t b[DNS_QUERY_MAX_BYTES];
};

/* ST_UNSUPPORTED for more than DNS_TEMPLATES_MAX different types, ST_NOMEM. recursion: the RD bit.
 */
enum status dns_build(struct dns_templates *templates, const struct dns_name *name,
                      enum dns_type type, bool recursion, struct dns_wire *out);

/* Sets what differs between tries; returns the bytes to send (without the OPT record when edns is
 * false). cd: checking disabled. */
size_t dns_wire_prepare(struct dns_wire *w, uint16_t id, bool edns, bool cd);

/* Whether msg answers this query's question: one question, same name (case ignored), type, class.
 */
bool dns_wire_answered_by(const struct dns_wire *w, const uint8_t *msg, size_t len);

#endif
