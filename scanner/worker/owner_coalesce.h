/* owner_coalesce - policies of several hosts over one HTTP/2 connection (--coalesce).
 *
 * RFC 9113 9.1.1: a connection may be used for another host when its certificate is for that host,
 * too, and the host has the same address. A policy fetch that has no such connection makes one
 * (it leads), and others that come to the same address meanwhile wait for it, for a bounded time.
 * Whatever such a fetch gives but a valid policy (421, any error) is fetched again by a connection
 * of its own. Only connections whose certificate is for further policy hosts are kept.
 *
 * Each request passes the gate as a connection does, so that the rates count requests; who waited
 * in vain goes there again. A connection that is kept holds one place at the gate besides. One an
 * owner; its thread. */
#ifndef SCANNER_WORKER_OWNER_COALESCE_H
#define SCANNER_WORKER_OWNER_COALESCE_H

#include "scanner/worker/owner.h"

/* Without it (NULL) every fetch has a connection of its own. */
struct coalesce;
enum status coalesce_new(struct coalesce **out);
/* After coalesce_end. */
void coalesce_free(struct coalesce *c);

/* A job that came out of the gate: true when it may begin now, with its route set when it leads or
 * rides; false when it waits. */
bool coalesce_admit(struct owner *o, struct job *job);
/* A fetch ended that leads or rides, or with out NULL could not begin, which says nothing of the
 * connection that it was to ride on. True: its place at the gate is now the connection's own. */
bool coalesce_over(struct owner *o, struct job *job, const struct fetch_outcome *out);
/* Whether what a rider got will do. */
bool coalesce_served(const struct fetch_outcome *out);
/* Closes what is idle, and lets go who waited long enough. Called once a turn of the loop. */
void coalesce_sweep(struct owner *o);
/* Nobody waits any more, and what is unused is closed; what is under way comes to coalesce_over. */
void coalesce_end(struct owner *o);

/* The connection that a job rides on; NULL when it has its own. */
fetch_shared *coalesce_ride(const struct job *job);

#endif
