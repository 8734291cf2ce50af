#include "tests/unit/fetch_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

void fetch_take(void *arg, const struct fetch_outcome *out)
{
    struct fetched *r = arg;
    r->called = true;
    r->taken_back = out->taken_back;
    assert_int_equal(fetch_facts_copy(&r->w->arena, &out->facts, &r->facts), ST_OK);
    r->chain = cert_chain_ref(out->chain);
    event_base_loopbreak(r->w->base);
}

struct fetch_config fetch_config_of(const struct net_world *w)
{
    return (struct fetch_config){.trust = w->trust, .guard = w->guard, .user_agent = "test/1"};
}

struct fetch_request fetch_request_to(const struct endpoint *at)
{
    return (struct fetch_request){.host = NET_HOST,
                                  .ip = at->ip,
                                  .port = at->port,
                                  .path = "/.well-known/mta-sts.txt",
                                  .body_max_bytes = POLICY_BODY_MAX_BYTES,
                                  .deadline_ms = PATIENT_MS};
}

struct fetched fetch_once(struct net_world *w, const struct fetch_request *req)
{
    struct fetched r = {.w = w};
    struct fetch_config c = fetch_config_of(w);
    fetcher *f;
    assert_int_equal(fetcher_new(w->base, &c, &f), ST_OK);
    assert_int_equal(fetch_start(f, req, fetch_take, &r, NULL), ST_OK);
    assert_false(r.called);
    while (!r.called)
        assert_int_equal(event_base_dispatch(w->base), 0);
    fetcher_free(f);
    return r;
}

struct fetch_facts fetch_with(struct net_world *w, void (*speak)(int, void *), void *server,
                              const struct fetch_request *changes)
{
    struct net_server s;
    net_server_start(&s, "127.0.0.1", speak, server);
    struct fetch_request req = fetch_request_to(&s.at);
    if (changes != NULL && changes->deadline_ms != 0)
        req.deadline_ms = changes->deadline_ms;
    if (changes != NULL && changes->body_max_bytes != 0)
        req.body_max_bytes = changes->body_max_bytes;
    if (changes != NULL)
        req.plain = changes->plain;
    struct fetched r = fetch_once(w, &req);
    net_server_stop(&s);
    assert_int_equal(atomic_load(&s.connections), 1);
    cert_chain_unref(r.chain);
    return r.facts;
}

struct fetch_facts fetch_from(struct net_world *w, struct net_https *s)
{
    return fetch_with(w, net_https_speak, s, NULL);
}

struct net_https fetch_answering(const struct net_world *w, const char *text)
{
    return (struct net_https){.tls = net_world_tls(w), .answer = text};
}

void fetch_speak_silence(int fd, void *arg)
{
    (void)arg;
    net_drain(fd);
}

void fetch_speak_close(int fd, void *arg)
{
    char hello[4096];
    recv(fd, hello, sizeof hello, 0);
    if (arg != NULL)
        net_reset(fd);
}
