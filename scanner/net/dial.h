/* dial - opens TCP sockets: the one place where fetcher and prober do, behind the guard.
 *
 * Non-blocking and without events: dial_open begins, the caller waits until the descriptor can be
 * written, dial_result says how it ended. Outcomes keep apart what the network said (refused,
 * unreachable, timed out) and what is our own side (no route, no ports, no descriptors). */
#ifndef SCANNER_NET_DIAL_H
#define SCANNER_NET_DIAL_H

#include "scanner/net/guard.h"

/* Belongs to one thread; guard and sources are borrowed. */
struct dialer {
    const guard *guard;
    const struct net_addr *sources; /* local addresses used in turn; n_sources 0: the system's */
    size_t n_sources;
    size_t next;
};

/* A socket that `to` may be contacted from: CONN_OK with *fd, not connected yet; CONN_BLOCKED or
 * CONN_BLOCKLISTED by the guard; CONN_NO_ROUTE when no source has the family; CONN_ABANDONED when
 * this machine is out of descriptors or the like. */
enum conn dial_socket(struct dialer *d, const struct net_addr *to, int *fd);
/* dial_socket, and connect: CONN_OK and *fd with the connection under way (or made already). */
enum conn dial_open(struct dialer *d, const struct endpoint *to, int *fd);
/* Once fd can be written: CONN_OK, or how connecting failed. CONN_ABANDONED also when nobody but
 * this machine itself says that the host is unreachable: then its own link is down. */
enum conn dial_result(int fd);

/* Who is told that the host itself answered a connection under way, be it by a refusal; fn may be
 * NULL. A router's word is none. */
struct dial_listener {
    void (*fn)(void *arg, const struct net_addr *host);
    void *arg;
};
/* After dial_result. */
void dial_tell(const struct dial_listener *l, enum conn result, const struct net_addr *host);

/* Monotonic milliseconds. */
int64_t now_ms(void);

/* An absolute deadline that does not blame the peer for our own delay: a loop that comes to it
 * late, because it was busy, owes the peer the time it was late by, once. */
struct deadline {
    int64_t at_ms; /* now_ms() clock */
    bool extended;
};
enum {
    DEADLINE_LATE_MS = 100, /* lateness that is taken for normal */
    DEADLINE_EXTENSION_MAX_MS = 5000,
};
/* Called when the timer for at_ms fires: true when the time is really up; false with at_ms moved,
 * for which the timer is to be set again. */
bool deadline_is_up(struct deadline *d, int64_t now);

#endif
