/* route - which families this machine can send to. Any thread. */
#ifndef SCANNER_NET_ROUTE_H
#define SCANNER_NET_ROUTE_H

#include "lib/evidence.h"

/* Whether the kernel knows a route to the public addresses of a family (4 or 6). Sends nothing. */
bool route_exists(uint8_t family);
/* The same, and the local address that packets to them would carry. */
bool route_source(uint8_t family, struct net_addr *out);
/* Whether packets may be sent from an address: it is this machine's. Sends nothing. False with
 * errno. */
bool route_is_ours(const struct net_addr *a);

#endif
