/* net_world - what fetch and probe tests stand on: an authority, its leaf, a guard that allows
 * loopback, an event loop. */
#ifndef TESTS_UNIT_NET_WORLD_H
#define TESTS_UNIT_NET_WORLD_H

#include "scanner/net/guard.h"
#include "scanner/net/tls_verify.h"
#include "tests/unit/net_server.h"
#include <event2/event.h>

#define NET_HOST "mta-sts.good.example"

struct net_world {
    struct pki_cert root, intermediate, leaf; /* leaf: NET_HOST, from the intermediate */
    struct pki_cert other_root;               /* known to nobody */
    tls_trust *trust;
    guard *guard;
    struct event_base *base;
    struct arena arena; /* results are copied here */
};
int net_world_setup(void **state);
int net_world_teardown(void **state);
/* The usual server: leaf and intermediate. */
struct net_tls net_world_tls(const struct net_world *w);

#endif
