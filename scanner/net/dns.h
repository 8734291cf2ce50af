/* dns - asks many questions of a few resolvers, over UDP, on one event loop.
 *
 * Own engine: connected sockets, sendmmsg/recvmmsg, a timer wheel; c-ares only builds queries and
 * does TCP after TC. For a measurement it keeps apart what resolvers' clients mix up: NXDOMAIN,
 * NODATA, SERVFAIL, REFUSED, bogus, timeout, our own limits. A resolver that restarts
 * (ECONNREFUSED, silence) is backed off from and costs time, never answers: queries wait for it or
 * go to another one until their absolute deadline.
 *
 * Thread: everything is called from the thread of the event base. Callbacks come from the loop,
 * never from inside dns_query. */
#ifndef SCANNER_NET_DNS_H
#define SCANNER_NET_DNS_H

#include "scanner/net/addr.h"
#include <event2/event.h>

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_TLSA = 52,
};

struct dns_mx_rr {
    uint16_t preference;
    const char *host; /* presentation form, lower case, odd bytes as \DDD, no final dot; "." null */
};
struct dns_tlsa_rr {
    uint8_t usage, selector, matching;
    const uint8_t *data;
    size_t len;
};

/* Lives until the callback returns, but for facts.resolver, which lives as long as the engine (for
 * dns_query_at: until the callback returns). Copy what is to be kept. */
struct dns_answer {
    struct dns_facts facts;
    const struct txt_rr *txt;       /* DNS_TXT */
    const struct dns_mx_rr *mx;     /* DNS_MX */
    const struct net_addr *addr;    /* DNS_A, DNS_AAAA */
    const struct dns_tlsa_rr *tlsa; /* DNS_TLSA */
    const char *const *name;        /* DNS_NS, DNS_CNAME, DNS_PTR */
    size_t n;                       /* of the one that belongs to the type */
    bool truncated;                 /* RRs or bytes beyond the caps were dropped */
    bool authoritative;             /* the AA bit (RFC 1035 4.1.1): the server holds the zone */
    uint32_t waited_ms; /* time spent waiting for our own rate limit, not for the resolver */
};
typedef void (*dns_done_fn)(void *arg, const struct dns_answer *answer);

struct dns_config {
    const struct endpoint *servers;
    size_t n_servers;
    const struct net_addr
        *sources; /* local addresses to send from; n_sources 0: the system's choice */
    size_t n_sources;
    uint32_t rate_qps;    /* per server, this engine's share; 0: no limit */
    uint32_t deadline_ms; /* absolute, per question, without waiting for rate_qps */
    uint32_t retry_ms;    /* fixed interval between tries, jittered by a quarter */
    /* Questions on the wire at once; more wait in a queue. When resolvers are overloaded (most
     * answers come to second tries), the engine keeps fewer there until that ends. */
    uint32_t in_flight_max;
};

/* Servers of dns_query_at remembered at once, by one engine; each may hold a socket. */
enum { DNS_NAMED_MAX = 256 };

typedef struct dns_engine dns_engine;
typedef struct dns_query_handle dns_query_handle;

/* Copies the configuration. ST_INVALID: no server, a server without address or port, more than 32
 * servers, a time or in_flight_max of 0. Opens no socket yet, so it does not fail for want of a
 * route: that is found out, and waited for, when questions are sent. */
enum status dns_new(struct event_base *base, const struct dns_config *config, dns_engine **out);
/* Ends every question with LOOKUP_ABANDONED first (callbacks are called, and may ask nothing more).
 * Not to be called from a callback. NULL is fine. */
void dns_free(dns_engine *engine);

/* Asks. name: presentation form without final dot (escapes \. \\ \DDD are understood, "." is the
 * root), at most 255 bytes on the wire. ST_INVALID for a name that cannot be a question; ST_NOMEM;
 * ST_LIMIT beyond 500,000 questions; ST_BLOCKED while the engine is being freed. `handle` may be
 * NULL.
 *
 * There is no number of tries: a question is asked every retry_ms, of the servers in turn, until
 * one answers or deadline_ms is over. SERVFAIL, REFUSED and what cannot be read is asked again
 * LIMIT_DNS_SERVFAIL_TRIES times, other servers first, before it is believed; a believed SERVFAIL
 * is asked once more with CD=1. The last failure is reported when the deadline comes between. */
enum status dns_query(dns_engine *engine, const char *name, enum dns_type type, dns_done_fn done,
                      void *arg, dns_query_handle **handle);
/* The same for what only begins: it waits for our own limits behind all that dns_query asks, so
 * that what is under way is finished first and does not pile up. */
enum status dns_query_later(dns_engine *engine, const char *name, enum dns_type type,
                            dns_done_fn done, void *arg, dns_query_handle **handle);
/* The callback will not come. The handle is dead afterwards (as it is after the callback). */
void dns_cancel(dns_engine *engine, dns_query_handle *handle);

/* Asks one named server (an authoritative one) instead of the resolvers, without recursion: --deep.
 * At most 50 questions a second go to one such server. When DNS_NAMED_MAX of them have questions
 * under way, further ones wait for a place, in the order of asking; that is no time of theirs. */
enum status dns_query_at(dns_engine *engine, const struct endpoint *server, const char *name,
                         enum dns_type type, dns_done_fn done, void *arg,
                         dns_query_handle **handle);

/* How long the question has waited for our own limits so far, in ms; of NULL, how long questions to
 * the resolvers were held up by them in all. */
uint64_t dns_held_ms(dns_engine *engine, const dns_query_handle *handle);

struct dns_stats {
    uint64_t questions, sent, answers; /* sent: datagrams */
    uint64_t timeouts, retries;        /* tries that were not answered; datagrams sent again */
    uint64_t tcp;                      /* asked over TCP */
    uint64_t dropped;                  /* datagrams that answer none of our questions */
    uint64_t by_lookup[LOOKUP_COUNT];
};
void dns_stats(const dns_engine *engine, struct dns_stats *out);
/* Of each resolver; ramps up anew. */
void dns_set_rate(dns_engine *engine, uint32_t rate_qps);

#endif
