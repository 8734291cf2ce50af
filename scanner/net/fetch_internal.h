/* fetch_internal - what the files of the fetcher share: fetch.c dials, keeps the deadline and says
 * how a fetch ended; fetch_curl.c has libcurl do the transfer on the event loop; fetch_shared.c
 * keeps a connection for further hosts. */
#ifndef SCANNER_NET_FETCH_INTERNAL_H
#define SCANNER_NET_FETCH_INTERNAL_H

#include "scanner/net/fetch.h"
#include "scanner/net/fetch_response.h"
#include <curl/curl.h>

enum { FETCH_IDLE_MAX = 64 /* easy handles kept for reuse */ };

struct fetcher {
    struct event_base *base;
    const tls_trust *trust;
    signatures *signatures;
    const char *user_agent;
    struct dialer dialer;
    struct dial_listener listener;
    CURLM *multi;
    struct event *timer; /* libcurl's own, */
    int64_t timer_at_ms; /* and when it is due, while it is pending */
    fetch_handle *live;  /* all that is under way */
    CURL *idle[FETCH_IDLE_MAX];
    size_t n_idle;
};

/* A fetch dials first (fd, io), then hands the connected socket to libcurl (easy). */
struct fetch_handle {
    fetcher *owner;
    fetch_handle *next, **link;
    fetch_done_fn done;
    void *arg;
    char *host;
    char *url; /* until libcurl has it */
    struct endpoint to;
    bool plain, http1;

    struct event *io, *timer;
    struct deadline deadline;
    int64_t start_ms;
    int fd;          /* ours until libcurl has it, then -1 */
    bool taken_back; /* libcurl asked for a second one */
    bool unheard;    /* nobody tells libcurl of its socket: no memory for an event */
    int curl_fd;     /* the socket given to libcurl, which may have closed it */
    CURL *easy;      /* NULL while dialling */
    SSL_CTX *ctx;    /* of libcurl's connection; one reference */
    struct curl_slist *connect_to, *header;
    bool lead;          /* its connection may be shared afterwards: */
    CURLSH *cache;      /* holds it, and nothing else */
    fetch_shared *ride; /* the connection of another that it goes over */

    struct arena arena;
    struct tls_record rec;
    struct response response;
    struct fetch_facts facts;
    uint32_t silent_ms; /* as in struct fetch_outcome */
};

/* A connection that hosts share. Lives while somebody holds it (whoever was given it, until
 * fetch_shared_close) or rides on it. */
struct fetch_shared {
    struct arena arena;    /* what rec points to */
    struct tls_record rec; /* of the handshake, and of all that is read */
    CURLSH *cache;
    SSL_CTX *ctx;
    const char *host; /* whom the connection was made for */
    struct endpoint to;
    size_t users; /* riders, the holder, and the fetch that made it while it ends */
};

/* ---- fetch.c ---- */

/* libcurl is done with it, or the deadline has passed: tells the caller. h is gone then, and the
 * callback may have started and cancelled other fetches. */
void fetch_finish_transfer(fetch_handle *h, CURLcode code, bool timed_out);
/* It cannot go on for want of our own means: it ends as CONN_ABANDONED, from the loop. */
void fetch_abandon_soon(fetch_handle *h);

/* ---- fetch_curl.c ---- */

/* f->multi and f->timer; after ST_NOMEM, too, fetch_curl_close is due. */
enum status fetch_curl_open(fetcher *f);
/* No fetch may be under way any more. */
void fetch_curl_close(fetcher *f);
/* The connection is made (h->fd), or rides on another: libcurl goes on from here, and
 * fetch_finish_transfer is called from the loop. */
enum status fetch_curl_enter(fetch_handle *h);
/* Takes the transfer out of libcurl; a connection that nobody else may use is closed with that.
 * Again is fine. */
void fetch_curl_leave(fetch_handle *h);

/* ---- fetch_shared.c ---- */

/* The connection of a fetch that ends, taken over with its arena and record; NULL when it cannot be
 * shared. It has two users then: the fetch, until fetch_shared_leave, and whoever is given it. */
fetch_shared *fetch_shared_of(fetch_handle *h);
/* One user less; NULL is fine. */
void fetch_shared_leave(fetch_shared *s);
/* Options of a transfer that may be shared (lead) or goes over a shared connection (ride). */
enum status fetch_shared_set(fetch_handle *h);
void fetch_shared_unset(CURL *easy);
/* What a rider knows of the connection: that of its maker, and whether it is for this host. */
void fetch_shared_tell(fetch_handle *h);
/* Closes what cache holds, and gives the context back; NULL is fine. */
void fetch_shared_connection_free(CURLSH *cache, SSL_CTX *ctx);

#endif
