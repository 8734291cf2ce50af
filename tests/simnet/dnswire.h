/*
 * dnswire: DNS messages, bytes in and bytes out (RFC 1035, RFC 6891). No I/O.
 */
#ifndef SIMNET_DNSWIRE_H
#define SIMNET_DNSWIRE_H

#include "tests/simnet/zone.h"

enum {
    DNS_UDP_MAX_BYTES = 1232,   /* what we send at most in a datagram (DNS flag day 2020) */
    DNS_UDP_PLAIN_BYTES = 512,  /* without EDNS (RFC 1035 4.2.1) */
    DNS_TCP_MAX_BYTES = 65535,  /* RFC 1035 4.2.2 */
    DNS_QUERY_MAX_BYTES = 1024, /* over TCP longer queries are not read */
    /* Answers that go in trains (dns_train.h) are padded to a multiple, so that many have one
     * length; RFC 7830 section 4 allows it. */
    DNS_UDP_BLOCK_BYTES = 64,
};

struct dns_query {
    uint16_t id;
    bool recursion_desired;
    bool edns;
    uint16_t udp_size; /* of the client, at least DNS_UDP_PLAIN_BYTES */
    uint16_t qtype, qclass;
    char qname[SIM_NAME_MAX]; /* lower case; "" for the root */
    const uint8_t *question;  /* the question as it came, case kept */
    size_t question_len;
};

enum dns_parse {
    DNS_PARSE_OK,
    DNS_PARSE_IGNORE, /* not a query: no answer */
    DNS_PARSE_REFUSE, /* a query of another kind: answer NOTIMP or FORMERR by dns_write_error */
};

/* Reads a query; `out` points into the bytes. */
enum dns_parse dns_parse_query(const uint8_t *bytes, size_t len, struct dns_query *out);

/* Writes the answer in at most `room` bytes, with TC and without records when it does not fit.
 * Returns its length, or 0 when nothing is to be sent (SIM_LOOKUP_TIMEOUT). room >= 512. With EDNS
 * the answer is padded to a multiple of `block` bytes where that fits; 1 is no padding. */
size_t dns_write_answer(const struct dns_query *query, const struct sim_answer *answer,
                        uint8_t *out, size_t room, size_t block);

/* A bare header with an rcode for a message that cannot be read; `len` >= 12 of its bytes are
 * looked at. Returns 12. */
size_t dns_write_error(const uint8_t *bytes, unsigned rcode, uint8_t out[12]);

#endif
