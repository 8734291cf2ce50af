/* dns_fake - a resolver on loopback that does what a test tells it, on the test's event base.
 *
 * It reads queries over UDP and TCP and hands each to the test's handler, which answers, lies,
 * waits or says nothing. Stopped, its port refuses; it can come back on the same port. */
#ifndef TESTS_UNIT_DNS_FAKE_H
#define TESTS_UNIT_DNS_FAKE_H

#include "tests/unit/dns_message.h"
#include <event2/bufferevent.h>
#include <netinet/in.h>

struct fake;

/* May be copied and answered later, by TCP as long as the connection stands. */
struct fake_query {
    uint8_t msg[512];
    size_t len;
    struct dns_header h;
    char qname[NAME_TEXT_MAX_BYTES];
    uint16_t qtype;
    bool edns;
    struct sockaddr_in from;
    struct bufferevent *tcp; /* NULL: UDP */
};
typedef void (*fake_fn)(struct fake *f, const struct fake_query *q);

struct fake {
    struct event_base *base;
    fake_fn on_query;
    struct endpoint at; /* 127.0.0.1 and the port */
    size_t udp, tcp;    /* queries seen */
    struct msg reply;   /* for handlers to build in */
    void *arg;          /* of the test */
    /* private */
    int fd;
    struct event *ev;
    struct evconnlistener *listener;
    int refusing; /* a bound socket that does not listen; -1 */
};

/* Port 0 takes an ephemeral one. */
void fake_start(struct fake *f, struct event_base *base, fake_fn on_query);
void fake_stop(struct fake *f);
void fake_start_again(struct fake *f);
/* TCP is refused from now on, and taken again; the port stays the fake's. */
void fake_refuse(struct fake *f);
void fake_listen(struct fake *f);

/* Begins f->reply as an answer to q, with further flags (rcode included). */
struct msg *fake_begin(struct fake *f, const struct fake_query *q, unsigned flags);
void fake_send(struct fake *f, const struct fake_query *q); /* f->reply */
void fake_send_raw(struct fake *f, const struct fake_query *q, const void *p, size_t len);
/* The reply comes from another port of this address. */
void fake_send_elsewhere(struct fake *f, const struct fake_query *q);

/* Handlers: a TXT "ok"; a bare rcode; nothing. */
void fake_answer(struct fake *f, const struct fake_query *q);
void fake_rcode(struct fake *f, const struct fake_query *q, unsigned rcode);
void fake_ignore(struct fake *f, const struct fake_query *q);

#endif
