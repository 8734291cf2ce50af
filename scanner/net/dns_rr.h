/* dns_rr - resource records of one message (RFC 1035 4.1.3), and the data of the types we ask for.
 *
 * Pure functions. Grammar that is broken is ST_INVALID or ST_TRUNCATED, whichever; no memory in the
 * arena is ST_NOMEM. */
#ifndef SCANNER_NET_DNS_RR_H
#define SCANNER_NET_DNS_RR_H

#include "scanner/net/dns.h"
#include "scanner/net/dns_name.h"

enum {
    DNS_CLASS_IN = 1,
    DNS_TYPE_OPT = 41,  /* RFC 6891 6.1.1 */
    DNS_TLSA_MAX = 64,  /* TLSA RRs kept of one answer */
    DNS_NAMES_MAX = 64, /* NS and other names kept of one answer */
};

struct dns_rr {
    struct dns_name owner;
    uint16_t type, class;
    uint32_t ttl;            /* as it stands: OPT uses it for other things */
    struct dns_reader rdata; /* ends with the RDATA, names in it may point back */
};

enum status dns_rr_read(struct dns_reader *r, struct dns_rr *out);
/* RFC 2181 8: a TTL with the top bit set counts as 0. */
uint32_t dns_ttl(uint32_t raw);

/* The records of one answer, collected one by one. */
struct dns_rrset {
    const struct dns_rr_kind *kind;
    void *v;
    size_t n, room;
    bool truncated; /* RRs or bytes beyond the caps were dropped */
};

/* Makes room for `count` records of the type, or its cap. ST_UNSUPPORTED for a type not asked. */
enum status dns_rrset_begin(struct dns_rrset *set, uint16_t type, size_t count,
                            struct arena *arena);
/* Adds one record from its RDATA, which must be used up by it. */
enum status dns_rrset_add(struct dns_rrset *set, struct dns_reader rdata, struct arena *arena);
/* Hands the records over to the answer. */
void dns_rrset_end(const struct dns_rrset *set, struct dns_answer *out);

/* What a negative answer is cached for: the smaller of the SOA's TTL and its MINIMUM (RFC 2308 5).
 * ST_INVALID when the RDATA is no SOA. */
enum status dns_soa_negative_ttl(const struct dns_rr *soa, uint32_t *out);

/* What an OPT record says beyond the header (RFC 6891 6.1.3, RFC 8914). */
struct dns_opt {
    uint8_t rcode_high; /* upper eight bits of the extended rcode */
    int ede;            /* INFO-CODE, -1 when none; one of 6-12 (DNSSEC) goes before others */
};
enum status dns_opt_read(const struct dns_rr *rr, struct dns_opt *out);

#endif
