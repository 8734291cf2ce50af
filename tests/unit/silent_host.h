/* silent_host - takes connections on loopback, reads nothing and says nothing. On the caller's
 * loop. Asserts whatever must hold. */
#ifndef TESTS_UNIT_SILENT_HOST_H
#define TESTS_UNIT_SILENT_HOST_H

#include "scanner/net/addr.h"

#include <event2/event.h>

enum { SILENT_HOST_CLIENTS_MAX = 512 };

struct silent_host {
    struct event_base *base;
    struct endpoint at; /* where it listens */
    int fd;
    struct event *listen;
    size_t n;         /* connections taken */
    size_t n_greeted; /* those on which something came: with `wanted` of them the loop ends */
    size_t wanted;
    struct event *client[SILENT_HOST_CLIENTS_MAX];
};

void silent_host_start(struct silent_host *s, struct event_base *base);
/* Closes all of it. */
void silent_host_stop(struct silent_host *s);

#endif
