/* addr - socket addresses, and the prefix that politeness is counted by.
 *
 * Pure helpers around struct net_addr (lib/evidence.h). */
#ifndef SCANNER_NET_ADDR_H
#define SCANNER_NET_ADDR_H

#include "lib/evidence.h"
#include <sys/socket.h>

struct endpoint {
    struct net_addr ip;
    uint16_t port; /* host order */
};

/* "ADDR", "ADDR:PORT", "[V6]:PORT"; default_port when none is given. ST_INVALID otherwise.
 * Port 0 is taken as it stands. */
enum status endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out);
/* "192.0.2.1:53" or "[2001:db8::1]:53". */
#define ENDPOINT_TEXT_MAX_BYTES (ADDR_TEXT_MAX_BYTES + 9)
void endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX_BYTES]);
/* Fills ss; returns the length to hand to connect or bind. */
socklen_t endpoint_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss);
/* The way back, of an address as long as its family has them; false when that is another one. */
bool endpoint_of_sockaddr(const struct sockaddr *sa, struct endpoint *out);

/* The name that its PTR record stands at, without final dot (RFC 1035 3.5, RFC 3596 2.5). */
#define ADDR_REVERSE_MAX_BYTES 73
void addr_reverse_name(const struct net_addr *a, char out[ADDR_REVERSE_MAX_BYTES]);

/* What an address really is: IPv4-mapped, 6to4 (RFC 3056) and NAT64 (RFC 6052, 64:ff9b::/96)
 * addresses give their embedded IPv4 address, any other one itself. */
struct net_addr addr_canonical(const struct net_addr *a);
/* Key of the canonical address's /24 or /48; two addresses share a key iff they share the prefix.
 */
uint64_t addr_prefix_key(const struct net_addr *a);
/* Where something stands that there is one of for IPv4 and one for IPv6. */
static inline unsigned addr_family_slot(uint8_t family)
{
    return family == 6;
}

#endif
