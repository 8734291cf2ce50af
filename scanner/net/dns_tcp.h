/* dns_tcp - asks one server over TCP, through c-ares, for what came truncated over UDP.
 *
 * c-ares 1.18 holds one connection a channel and can take back single questions not at all. So
 * there are several channels with few questions each, a question that is forgotten goes on without
 * an owner, and a channel whose questions are all forgotten is destroyed. The raw reply is handed
 * on; errors that c-ares would judge for itself are passed through.
 *
 * Thread: that of the event base. Callbacks come from the loop, never from inside dns_tcp_ask. */
#ifndef SCANNER_NET_DNS_TCP_H
#define SCANNER_NET_DNS_TCP_H

#include "scanner/net/addr.h"
#include <event2/event.h>
#include <stddef.h>

enum {
    DNS_TCP_CHANNELS_MAX = 4,
    DNS_TCP_ASKS_PER_CHANNEL = 32,
};

struct dns_tcp;
struct dns_tcp_ask;
/* reply is NULL when the connection failed or nothing came in time; it lives until the callback
 * returns, and the ask is gone. */
typedef void (*dns_tcp_fn)(void *arg, const uint8_t *reply, size_t len);

/* source: local address to connect from, or NULL. timeout_ms bounds each question. Connects to
 * nothing yet. */
enum status dns_tcp_new(struct event_base *base, const struct endpoint *server,
                        const struct net_addr *source, uint32_t timeout_ms, struct dns_tcp **out);
/* Forgets everything; no callbacks. NULL is fine. */
void dns_tcp_free(struct dns_tcp *tcp);
/* The query is copied. ST_AGAIN when all channels are full or cannot be made. */
enum status dns_tcp_ask(struct dns_tcp *tcp, const uint8_t *query, size_t len, dns_tcp_fn done,
                        void *arg, struct dns_tcp_ask **out);
/* The callback will not come. */
void dns_tcp_forget(struct dns_tcp_ask *ask);

#endif
