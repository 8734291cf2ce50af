/* guard - what is never contacted: special-purpose addresses and the user's own list.
 *
 * Built-in ranges: RFC 6890 and its registries, and what else a public name must not point to
 * (data/blocklist.conf, compiled in), and this machine's own addresses. --allow makes exceptions to
 * these, never to the user's list. Built once, then read by all threads; no locks. */
#ifndef SCANNER_NET_GUARD_H
#define SCANNER_NET_GUARD_H

#include "scanner/net/addr.h"
#include "scanner/net/addr_set.h"

typedef struct guard guard;

enum guard_verdict {
    GUARD_OK,
    GUARD_SPECIAL,     /* special-purpose: CONN_BLOCKED */
    GUARD_BLOCKLISTED, /* on the user's list: CONN_BLOCKLISTED */
};

enum status guard_new(guard **out); /* ST_NOMEM */
void guard_free(guard *g);          /* NULL is fine */
/* One entry of --allow: a CIDR or an address. ST_INVALID when it is neither; ST_NOMEM. */
enum status guard_allow(guard *g, const char *cidr);
/* The text of a blocklist file: one entry a line, `example.com` that name, `.example.com` it and
 * all below, or a CIDR; `#` begins a comment. ST_INVALID with *line of the first bad line. */
enum status guard_blocklist(guard *g, struct slice text, size_t *line);
/* Adds the addresses that this machine's interfaces have now to the built-in ranges. ST_IO with
 * errno; ST_NOMEM. */
enum status guard_own_addresses(guard *g);

enum guard_verdict guard_address(const guard *g, const struct net_addr *a);
/* Everything that guard_address refuses, to be told to a resolver that must not ask there either:
 * the 6to4 and NAT64 forms of IPv4 ranges stand in it too. Filled, sealed and then the caller's. */
enum status guard_ranges(const guard *g, struct addr_set *out);
/* Names only know the user's list. name: presentation form, in which odd bytes may be escaped as
 * \DDD (dns_name.h). */
enum guard_verdict guard_name(const guard *g, const char *name);

#endif
