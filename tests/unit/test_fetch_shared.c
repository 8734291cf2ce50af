/* Units of scanner/net/fetch_shared.c: one connection for several hosts. */
#include "scanner/net/fetch.h"
#include "tests/unit/net_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define POLICY "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 604800\n"
#define SECOND "mta-sts.second.example"
#define THIRD "mta-sts.third.example"

enum { RIDERS_MAX = 8 };

/* A server whose certificate is for three hosts, and a fetcher that knows its root. */
struct stage {
    struct net_world *world;
    struct pki_cert leaf;
    struct net_h2 h2;
    struct net_server server;
    fetcher *fetcher;
    fetch_shared *shared;
    struct fetch_facts facts[RIDERS_MAX];
    size_t under_way, names_seen;
};

struct call {
    struct stage *stage;
    size_t at;
};

static void open_stage(struct stage *s, struct net_world *w)
{
    *s = (struct stage){.world = w};
    s->leaf = pki_make(&(struct pki_spec){.san = "DNS:" NET_HOST ",DNS:" SECOND ",DNS:" THIRD,
                                          .issuer = &w->intermediate});
    s->h2 = (struct net_h2){
        .tls = net_world_tls(w), .status = "200", .type = "text/plain", .body = POLICY};
    s->h2.tls.leaf = &s->leaf;
    s->h2.tls.h2 = true;
    struct fetch_config config = {.trust = w->trust, .guard = w->guard, .user_agent = "test/1"};
    assert_int_equal(fetcher_new(w->base, &config, &s->fetcher), ST_OK);
    net_server_start(&s->server, "127.0.0.1", net_h2_speak, &s->h2);
}

static void close_stage(struct stage *s)
{
    if (s->shared != NULL)
        fetch_shared_close(s->shared);
    fetcher_free(s->fetcher);
    net_server_stop(&s->server);
    pki_free(&s->leaf);
}

static void on_done(void *arg, const struct fetch_outcome *out)
{
    struct call *call = arg;
    struct stage *s = call->stage;
    if (out->shared != NULL)
        s->shared = out->shared;
    s->names_seen = out->names.n;
    assert_int_equal(fetch_facts_copy(&s->world->arena, &out->facts, &s->facts[call->at]), ST_OK);
    s->under_way--;
}

static void begin(struct stage *s, struct call *call, const char *host, bool lead)
{
    struct fetch_request req = {.host = host,
                                .ip = s->server.at.ip,
                                .port = s->server.at.port,
                                .path = "/.well-known/mta-sts.txt",
                                .body_max_bytes = POLICY_BODY_MAX_BYTES,
                                .deadline_ms = 60000,
                                .lead = lead,
                                .ride = lead ? NULL : s->shared};
    s->under_way++;
    assert_int_equal(fetch_start(s->fetcher, &req, on_done, call, NULL), ST_OK);
}

static void wait_for_all(struct stage *s)
{
    while (s->under_way > 0)
        event_base_loop(s->world->base, EVLOOP_ONCE);
}

static struct fetch_facts *fetch(struct stage *s, const char *host, bool lead)
{
    struct call call = {.stage = s};
    begin(s, &call, host, lead);
    wait_for_all(s);
    return &s->facts[0];
}

static void assert_policy(const struct fetch_facts *f, bool coalesced)
{
    assert_int_equal(f->conn, CONN_OK);
    assert_int_equal(f->http.end, HTTP_END_OK);
    assert_int_equal(f->http.status, 200);
    assert_string_equal(f->http.version, "2");
    assert_int_equal(f->http.body.len, strlen(POLICY));
    assert_memory_equal(f->http.body.p, POLICY, strlen(POLICY));
    assert_true(tls_facts_valid(&f->tls));
    assert_int_equal(f->http.coalesced, coalesced);
}

static void test_riders(void **state)
{
    struct stage s;
    struct call calls[RIDERS_MAX];
    open_stage(&s, *state);
    assert_policy(fetch(&s, NET_HOST, true), false);
    assert_non_null(s.shared);
    assert_true(fetch_shared_covers(s.shared, SECOND));
    assert_false(fetch_shared_covers(s.shared, "mta-sts.fourth.example"));
    char cert_sha256[65];
    memcpy(cert_sha256, s.facts[0].tls.cert_sha256, sizeof cert_sha256);

    assert_policy(fetch(&s, SECOND, false), true);
    assert_string_equal(s.h2.authority, SECOND);
    assert_string_equal(s.facts[0].tls.cert_sha256, cert_sha256);
    assert_int_equal(s.facts[0].tls.name, NAME_MATCH_OK);
    assert_int_equal(s.names_seen, 3);

    /* At once. */
    for (size_t i = 0; i < RIDERS_MAX; i++) {
        calls[i] = (struct call){&s, i};
        begin(&s, &calls[i], i % 2 == 0 ? SECOND : THIRD, false);
    }
    wait_for_all(&s);
    for (size_t i = 0; i < RIDERS_MAX; i++)
        assert_policy(&s.facts[i], true);
    assert_int_equal(atomic_load(&s.server.connections), 1);
    assert_int_equal(s.h2.requests, 2 + RIDERS_MAX);

    /* Who has the same host and does not ride has a connection of its own. */
    struct call own = {.stage = &s};
    fetch_shared *shared = s.shared;
    s.shared = NULL;
    fetch_shared_close(shared); /* the server speaks with one client at a time */
    begin(&s, &own, NET_HOST, false);
    wait_for_all(&s);
    assert_policy(&s.facts[0], false);
    assert_int_equal(atomic_load(&s.server.connections), 2);
    close_stage(&s);
}

static void test_misdirected(void **state)
{
    struct stage s;
    open_stage(&s, *state);
    s.h2.misdirected = SECOND;
    assert_policy(fetch(&s, NET_HOST, true), false);
    const struct fetch_facts *f = fetch(&s, SECOND, false);
    assert_int_equal(f->conn, CONN_OK);
    assert_int_equal(f->http.status, 421);
    assert_true(f->http.coalesced);
    assert_policy(fetch(&s, THIRD, false), true);
    assert_int_equal(atomic_load(&s.server.connections), 1);
    close_stage(&s);
}

/* The server leaves: a rider must not open a connection, which would be for the wrong host. */
static void test_connection_is_gone(void **state)
{
    struct stage s;
    open_stage(&s, *state);
    s.h2.leave_after = 2;
    assert_policy(fetch(&s, NET_HOST, true), false);
    assert_policy(fetch(&s, SECOND, false), true);
    assert_int_equal(fetch(&s, THIRD, false)->conn, CONN_ABANDONED);
    assert_int_equal(atomic_load(&s.server.connections), 1);
    assert_int_equal(s.h2.requests, 2);
    close_stage(&s);
}

static void test_what_is_not_shared(void **state)
{
    struct net_world *w = *state;
    struct stage s;
    open_stage(&s, w);
    fetch(&s, NET_HOST, false); /* nobody asked for it */
    assert_null(s.shared);
    fetch(&s, "mta-sts.fourth.example", true); /* the certificate is for others */
    assert_null(s.shared);
    s.h2.status = "404";
    fetch(&s, NET_HOST, true);
    assert_null(s.shared);
    close_stage(&s);

    open_stage(&s, w);
    struct pki_cert expired = pki_make(&(struct pki_spec){.san = "DNS:" NET_HOST ",DNS:" SECOND,
                                                          .issuer = &w->intermediate,
                                                          .from_s = -200,
                                                          .until_s = -100});
    s.h2.tls.leaf = &expired;
    fetch(&s, NET_HOST, true);
    assert_int_equal(s.facts[0].http.status, 200);
    assert_null(s.shared);
    close_stage(&s);
    pki_free(&expired);
}

static void test_http1_is_not_shared(void **state)
{
    struct net_world *w = *state;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 15\r\n\r\nversion: STSv1\n";
    struct net_https https = {
        .tls = net_world_tls(w), .answer = answer, .answer_len = sizeof answer - 1, .hang = true};
    struct stage s = {.world = w};
    struct fetch_config config = {.trust = w->trust, .guard = w->guard, .user_agent = "test/1"};
    assert_int_equal(fetcher_new(w->base, &config, &s.fetcher), ST_OK);
    net_server_start(&s.server, "127.0.0.1", net_https_speak, &https);
    assert_int_equal(fetch(&s, NET_HOST, true)->http.status, 200);
    assert_string_equal(s.facts[0].http.version, "1.1");
    assert_null(s.shared);
    fetcher_free(s.fetcher);
    net_server_stop(&s.server);
}

/* The fetcher ends under its riders; the connection is closed by whoever holds it. */
static void test_end_of_the_fetcher(void **state)
{
    struct stage s;
    struct call call = {.stage = &s};
    open_stage(&s, *state);
    assert_policy(fetch(&s, NET_HOST, true), false);
    begin(&s, &call, SECOND, false);
    fetch_shared_close(s.shared);
    s.shared = NULL;
    fetcher_free(s.fetcher);
    s.fetcher = NULL;
    assert_int_equal(s.under_way, 0);
    assert_int_equal(s.facts[0].conn, CONN_ABANDONED);
    close_stage(&s);

    open_stage(&s, *state);
    assert_policy(fetch(&s, NET_HOST, true), false);
    fetcher_free(s.fetcher);
    s.fetcher = NULL;
    close_stage(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_riders),
        cmocka_unit_test(test_misdirected),
        cmocka_unit_test(test_connection_is_gone),
        cmocka_unit_test(test_what_is_not_shared),
        cmocka_unit_test(test_http1_is_not_shared),
        cmocka_unit_test(test_end_of_the_fetcher),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
