/* addr_set - a set of address ranges that is filled once and then asked often.
 *
 * Sorted ranges that do not overlap: a look-up is a binary search without allocation. IPv4 and IPv6
 * live side by side; an address is only ever compared with its own family.
 *
 * Thread: one fills it; after addr_set_seal any number read it. */
#ifndef SCANNER_NET_ADDR_SET_H
#define SCANNER_NET_ADDR_SET_H

#include "lib/evidence.h"

struct addr_range {
    struct net_addr lo, hi; /* both within */
};
struct addr_set {
    struct addr_range *v;
    size_t n, alloc;
};

enum { ADDR_SET_MAX_RANGES = 4 * 1024 * 1024 }; /* 144 MB: more is no list of exceptions */

/* "192.0.2.0/24", "2001:db8::/32", or one address. Bits behind the prefix are ignored. */
enum status addr_range_parse(struct slice cidr, struct addr_range *out);

/* A zeroed struct is an empty set. ST_NOMEM, ST_LIMIT. */
enum status addr_set_add(struct addr_set *s, const struct addr_range *r);
/* Sorts and merges. To be called after the last addr_set_add and before addr_set_has; more may be
 * added and sealed again. */
void addr_set_seal(struct addr_set *s);
bool addr_set_has(const struct addr_set *s, const struct net_addr *a);
/* Adds what `from` holds and `without` does not to out, which is then to be sealed. Both are
 * sealed. */
enum status addr_set_add_difference(struct addr_set *out, const struct addr_set *from,
                                    const struct addr_set *without);
void addr_set_free(struct addr_set *s);

/* Takes the largest network off the front of a range: its first address is the range's own, *bits
 * its prefix length. False when that was the last of it. */
bool addr_range_take_network(struct addr_range *rest, struct net_addr *network, unsigned *bits);

#endif
