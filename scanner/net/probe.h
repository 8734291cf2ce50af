/* probe - one SMTP STARTTLS probe of one address (RFC 5321, 3207): banner, EHLO (HELO when that is
 * rejected), STARTTLS, handshake with SNI, EHLO again, QUIT. Never MAIL FROM.
 *
 * Raw OpenSSL on the event loop. Each phase has a deadline of its own within the absolute one. 4xx
 * and 421 are `limited`, never "no STARTTLS". The guard stands before the connect.
 * Thread: that of the event base. Callbacks come from the loop, never from inside probe_start. */
#ifndef SCANNER_NET_PROBE_H
#define SCANNER_NET_PROBE_H

#include "scanner/net/dial.h"
#include "scanner/net/tls_verify.h"
#include <event2/event.h>

/* No phase that may end a probe as timed out has a shorter deadline of its own. */
enum { PROBE_PHASE_MIN_MS = 20000 };

/* What is pointed at must outlive the prober. */
struct probe_config {
    const tls_trust *trust;
    signatures *signatures; /* of the thread; NULL: every signature is verified */
    const guard *guard;
    const char *ehlo_name;
    const struct net_addr *sources;
    size_t n_sources;
    struct dial_listener listener;
};

struct probe_request {
    const char *mx_name; /* SNI (RFC 8461 4.2); NULL: without SNI (--deep). Copied */
    struct net_addr ip;
    uint16_t port;
    uint32_t deadline_ms; /* from now, absolute */
};

struct probe_outcome {
    struct probe_facts facts; /* tls.covers is left 0; names are judged for mx_name */
    struct cert_names names;
    struct cert_chain *chain; /* may be taken by cert_chain_ref */
    const char *aia_url;
};
typedef void (*probe_done_fn)(void *arg, const struct probe_outcome *out);

typedef struct prober prober;
typedef struct probe_handle probe_handle;
/* ST_USAGE when the EHLO name is none: empty, over-long, or with white space in it. */
enum status prober_new(struct event_base *base, const struct probe_config *config, prober **out);
/* From now on this guard stands before the connect; it must outlive the prober, too. */
void prober_use_guard(prober *p, const guard *g);
/* Ends what is under way as PROBE_ABANDONED (callbacks are called). */
void prober_free(prober *p);
enum status probe_start(prober *p, const struct probe_request *req, probe_done_fn done, void *arg,
                        probe_handle **handle);
/* The callback will not come; the handle is dead afterwards (as it is after the callback). */
void probe_cancel(prober *p, probe_handle *handle);
/* Where a probe stands: "connect", "banner", "ehlo", ... Static text. */
const char *probe_phase_name(const probe_handle *handle);

#endif
