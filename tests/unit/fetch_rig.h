/* fetch_rig - what the tests of the fetcher share: one fetch from a server on loopback, and what
 * came of it. On the world of net_world, whose arena keeps the facts. */
#ifndef TESTS_UNIT_FETCH_RIG_H
#define TESTS_UNIT_FETCH_RIG_H

#include "scanner/net/fetch.h"
#include "tests/unit/net_world.h"

#define POLICY "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\nmax_age: 604800\r\n"
#define POLICY_BYTES "69"
#define ANSWER                                                                                    \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " POLICY_BYTES \
    "\r\nLast-Modified: Sat, 21 Nov 2026 22:00:00 GMT\r\nServer: test\xff\r\n\r\n" POLICY

enum { PATIENT_MS = 30000, SHORT_MS = 150 };

struct fetched {
    struct net_world *w;
    bool called;
    struct fetch_facts facts;
    bool taken_back;
    struct cert_chain *chain; /* one reference, or NULL */
};

/* A fetch_done_fn whose arg is a struct fetched with w set; ends the loop. */
void fetch_take(void *arg, const struct fetch_outcome *out);

struct fetch_config fetch_config_of(const struct net_world *w);
/* For the policy of NET_HOST, patiently. */
struct fetch_request fetch_request_to(const struct endpoint *at);
/* A fetcher that makes this one fetch. */
struct fetched fetch_once(struct net_world *w, const struct fetch_request *req);
/* From a server that is spoken so, on one connection; of `changes` (NULL: none) deadline_ms,
 * body_max_bytes and plain are taken. */
struct fetch_facts fetch_with(struct net_world *w, void (*speak)(int, void *), void *server,
                              const struct fetch_request *changes);
struct fetch_facts fetch_from(struct net_world *w, struct net_https *s);
/* A server that answers with this text. */
struct net_https fetch_answering(const struct net_world *w, const char *text);
/* Servers: takes the hello and says nothing; closes instead (arg: NULL, or anything for a reset).
 */
void fetch_speak_silence(int fd, void *arg);
void fetch_speak_close(int fd, void *arg);

#endif
