/* local_resolver - a private unbound for one scan: --local-resolver.
 *
 * It answers on a free port of 127.0.0.1, asks the authorities itself, and gets its configuration
 * through a descriptor: no file is written, so that nothing is left behind whatever happens, and
 * Debian's AppArmor profile of unbound, which lets it read little else than /etc/unbound, does not
 * mind. When we are root it runs as the user unbound. It ends with us, even by kill -9; when it
 * ends before us it is started again on the same port, a few times.
 *
 * Thread: that of the event base, which must also be the one that starts it (child.h). */
#ifndef SCANNER_LOCAL_RESOLVER_H
#define SCANNER_LOCAL_RESOLVER_H

#include "scanner/local_resolver_conf.h"
#include "scanner/net/addr.h"
#include <event2/event.h>

enum {
    RESOLVER_START_MS = 30000, /* until it must serve: a busy machine, a long blocklist */
    RESOLVER_STOP_MS = 5000,   /* from SIGTERM to SIGKILL */
    RESOLVER_RESTARTS_MAX = 5, /* of one scan */
    RESOLVER_RESTART_MS = 1000,
    RESOLVER_ERROR_MAX_BYTES = 2048,
};

typedef struct local_resolver local_resolver;

/* It has ended unasked; again: it is started once more. `how` says why, with its last words. */
typedef void (*resolver_ended_fn)(void *arg, const char *how, bool again);

/* Starts one and waits until it serves. port, trust_anchor, serves_limits and extra of the plan are
 * found here; extra_file is a user's own configuration, read now, or NULL. ST_NOT_FOUND when
 * unbound is not installed, otherwise any failure; `error` says it for a person. */
enum status local_resolver_start(const struct resolver_plan *plan, const char *extra_file,
                                 local_resolver **out, char error[RESOLVER_ERROR_MAX_BYTES]);
/* Watches it from the base's loop from now on; nothing is noticed before. */
enum status local_resolver_watch(local_resolver *r, struct event_base *base,
                                 resolver_ended_fn ended, void *arg);

/* Another plan, as after SIGHUP. When that changes its configuration it is started anew, on the
 * same port and not counted as a restart; who asks meanwhile waits. On failure it goes on as it
 * was. Only while it is watched. */
enum status local_resolver_replan(local_resolver *r, const struct resolver_plan *plan,
                                  bool *changed, char error[RESOLVER_ERROR_MAX_BYTES]);

const struct endpoint *local_resolver_endpoint(const local_resolver *r);

struct resolver_report {
    char version[32]; /* "unbound 1.17.1" */
    bool validates;   /* a trust anchor was found */
    uint32_t restarts;
    double cpu_s; /* of all that have ended */
    uint64_t peak_bytes;
};
/* What is known so far; cost is known once local_resolver_stop was called. */
struct resolver_report local_resolver_report(const local_resolver *r);

/* Ends it; waits for that RESOLVER_STOP_MS at most. The endpoint and the report live on. */
void local_resolver_stop(local_resolver *r);
/* Stops it too. NULL is fine. */
void local_resolver_free(local_resolver *r);

#endif
