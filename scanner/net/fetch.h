/* fetch - one HTTPS GET from one address, as RFC 8461 3.3 asks: SNI, no redirects, no cache, 64
 * KiB, an absolute deadline; HTTP/2 by ALPN. libcurl multi_socket on the event loop.
 *
 * The guard stands before the connect, in the socket callback. Environment proxies are ignored.
 * Thread: that of the event base. Callbacks come from the loop, never from inside fetch_start. */
#ifndef SCANNER_NET_FETCH_H
#define SCANNER_NET_FETCH_H

#include "scanner/net/dial.h"
#include "scanner/net/tls_verify.h"
#include <event2/event.h>

enum { FETCH_URL_MAX_BYTES = 2048 };

/* One HTTP/2 connection whose certificate is for several hosts (RFC 9113 9.1.1): made by a fetch
 * that leads, used by fetches that ride on it. A real sender does not do this, and what another
 * host's own certificate is stays unseen, so that it is for those who ask for it (--coalesce). */
typedef struct fetch_shared fetch_shared;

/* What is pointed at must outlive the fetcher. fetch_memory_start is the program's, as is ignoring
 * SIGPIPE. */
struct fetch_config {
    const tls_trust *trust;
    signatures *signatures; /* of the thread; NULL: every signature is verified */
    const guard *guard;
    const char *user_agent;
    const struct net_addr *sources;
    size_t n_sources;
    struct dial_listener listener;
};

struct fetch_request {
    const char *host;   /* SNI, Host; copied */
    struct net_addr ip; /* connected to, whatever the name says */
    uint16_t port;
    const char *path; /* "/.well-known/mta-sts.txt" */
    bool plain;       /* http, for AIA and wrong-path checks */
    bool http1;       /* offers no HTTP/2 */
    size_t body_max_bytes;
    uint32_t deadline_ms; /* from now, absolute */
    bool lead;            /* others may use the connection afterwards, see fetch_outcome.shared */
    fetch_shared *ride;   /* NULL: a connection of its own. Else over this one: ip and port are its,
                             no other is ever made; path as always */
};

/* Lives until the callback returns, but for the chain, which may be taken by cert_chain_ref. */
struct fetch_outcome {
    struct fetch_facts facts; /* tls.covers is left 0: the caller knows the other names */
    struct cert_names names;
    struct cert_chain *chain;
    const char *aia_url;
    uint32_t silent_ms; /* from the request to the first byte of the answer */
    /* The server did nothing and may be asked anew by another connection (RFC 9113 8.7), or by
     * HTTP/1.1 at that (HTTP_1_1_REQUIRED). It is the caller who may connect again. */
    bool taken_back;
    /* Of a fetch that leads and got a 200 over HTTP/2 with a valid certificate; else NULL. The
     * connection stays open until the receiver gives it to fetch_shared_close. */
    fetch_shared *shared;
};
typedef void (*fetch_done_fn)(void *arg, const struct fetch_outcome *out);

typedef struct fetcher fetcher;
typedef struct fetch_handle fetch_handle;
enum status fetcher_new(struct event_base *base, const struct fetch_config *config, fetcher **out);
/* From now on this guard stands before the connect; it must outlive the fetcher, too. */
void fetcher_use_guard(fetcher *f, const guard *g);
/* Ends what is under way as CONN_ABANDONED or TLS/HTTP ends as they stand (callbacks are called).
 */
void fetcher_free(fetcher *f);
/* ST_INVALID for a host or path that cannot stand in a URL. `handle` may be NULL. */
enum status fetch_start(fetcher *f, const struct fetch_request *req, fetch_done_fn done, void *arg,
                        fetch_handle **handle);
/* Whether its certificate is for that host, too (RFC 9525, as any certificate is judged). */
bool fetch_shared_covers(const fetch_shared *s, const char *host);
/* The connection is closed, once nobody rides on it any more. Before or after fetcher_free. A rider
 * that finds it closed by the peer ends as CONN_ABANDONED, or with what HTTP shows. */
void fetch_shared_close(fetch_shared *s);
/* The callback will not come; the handle is dead afterwards (as it is after the callback). */
void fetch_cancel(fetcher *f, fetch_handle *handle);

#endif
