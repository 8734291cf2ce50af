/* Units of scanner/net/probe.c, against servers on loopback. */
#include "scanner/net/probe.h"
#include "tests/unit/net_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define EHLO_OK "250-mx.good.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n"

enum { PATIENT_MS = 30000, SHORT_MS = 150 };

struct result {
    struct net_world *w;
    bool called;
    struct probe_facts facts;
    struct cert_chain *chain;
    const char *aia_url;
};

static void on_done(void *arg, const struct probe_outcome *out)
{
    struct result *r = arg;
    r->called = true;
    assert_int_equal(probe_facts_copy(&r->w->arena, &out->facts, &r->facts), ST_OK);
    r->chain = cert_chain_ref(out->chain);
    r->aia_url = out->aia_url == NULL ? NULL : arena_dup(&r->w->arena, slice_of(out->aia_url));
    event_base_loopbreak(r->w->base);
}

static struct probe_config config(const struct net_world *w)
{
    return (struct probe_config){
        .trust = w->trust, .guard = w->guard, .ehlo_name = "scanner.example"};
}

static struct result probe_at(struct net_world *w, const struct endpoint *at, const char *name,
                              uint32_t deadline_ms)
{
    struct result r = {.w = w};
    struct probe_config c = config(w);
    prober *p;
    assert_int_equal(prober_new(w->base, &c, &p), ST_OK);
    struct probe_request req = {
        .mx_name = name, .ip = at->ip, .port = at->port, .deadline_ms = deadline_ms};
    assert_int_equal(probe_start(p, &req, on_done, &r, NULL), ST_OK);
    assert_false(r.called);
    while (!r.called)
        assert_int_equal(event_base_dispatch(w->base), 0);
    prober_free(p);
    assert_true(net_addr_eq(&r.facts.ip, &at->ip));
    return r;
}

static struct net_smtp good(const struct net_world *w)
{
    return (struct net_smtp){.tls = net_world_tls(w),
                             .banner = "220 mx.good.example ESMTP\r\n",
                             .ehlo = EHLO_OK,
                             .helo = "250 mx.good.example\r\n",
                             .starttls = "220 go ahead\r\n",
                             .ehlo_tls = "250 mx.good.example\r\n",
                             .quit = "221 bye\r\n"};
}

/* Probes one server that behaves as s says; s->log then holds the commands. The server has an
 * address of this process: at 127.0.0.1 anybody's test may knock who expects nobody at a port. */
static struct probe_facts probe_as(struct net_world *w, struct net_smtp *s, uint32_t deadline_ms)
{
    struct net_server server;
    char own[ADDR_TEXT_MAX_BYTES];
    unsigned pid = (unsigned)getpid();
    snprintf(own, sizeof own, "127.0.%u.%u", 1 + pid / 254 % 254, 1 + pid % 254);
    net_server_start(&server, own, net_smtp_speak, s);
    struct result r = probe_at(w, &server.at, NET_HOST, deadline_ms);
    net_server_stop(&server);
    cert_chain_unref(r.chain);
    return r.facts;
}

static void test_good(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_int_equal(f.end, PROBE_OK);
    assert_int_equal(f.conn, CONN_OK);
    assert_true(f.starttls);
    assert_false(f.injected);
    assert_int_equal(f.tls.end, TLS_END_OK);
    assert_int_equal(f.tls.version, TLS1_3_VERSION);
    assert_int_equal(f.tls.cert_errors, 0);
    assert_int_equal(f.tls.name, NAME_MATCH_OK);
    assert_int_equal(strlen(f.tls.cert_sha256), 64);
    assert_true(tls_facts_valid(&f.tls));
    assert_string_equal(f.banner, "220 mx.good.example ESMTP");
    assert_string_equal(s.log, "EHLO scanner.example\nSTARTTLS\nTLS\nEHLO scanner.example\nQUIT\n");
    assert_true(f.ts_ms > 0);
}

/* Pieces of memory that are left for events; less than 0: no bound. */
static int event_pieces = -1;

static void *event_memory(size_t size)
{
    if (event_pieces == 0)
        return NULL;
    event_pieces -= event_pieces > 0;
    return malloc(size);
}

/* A socket that nobody can wait for, as there is only memory for the timer: a matter of ours, and
 * no timeout of the peer's. */
static void test_no_memory_for_events(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct net_server server;
    struct result r = {.w = w};
    struct probe_config c = config(w);
    prober *p;
    net_server_start(&server, "127.0.0.1", net_smtp_speak, &s);
    assert_int_equal(prober_new(w->base, &c, &p), ST_OK);
    struct probe_request req = {
        .mx_name = NET_HOST, .ip = server.at.ip, .port = server.at.port, .deadline_ms = PATIENT_MS};
    event_pieces = 1;
    assert_int_equal(probe_start(p, &req, on_done, &r, NULL), ST_OK);
    event_pieces = -1;
    while (!r.called)
        assert_int_equal(event_base_dispatch(w->base), 0);
    assert_int_equal(r.facts.end, PROBE_ABANDONED);
    prober_free(p);
    net_server_stop(&server);
}

static void test_good_v6(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct net_server server;
    net_server_start(&server, "::1", net_smtp_speak, &s);
    struct result r = probe_at(w, &server.at, NET_HOST, PATIENT_MS);
    net_server_stop(&server);
    assert_int_equal(r.facts.end, PROBE_OK);
    assert_int_equal(r.chain->n, 2);
    cert_chain_unref(r.chain);
}

static void test_without_sni(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct net_server server;
    s.tls.refuse_sni = true; /* the callback of a server without SNI is not asked with a name */
    net_server_start(&server, "127.0.0.1", net_smtp_speak, &s);
    struct result r = probe_at(w, &server.at, NULL, PATIENT_MS);
    net_server_stop(&server);
    assert_int_equal(r.facts.tls.name, NAME_MATCH_UNKNOWN);
    cert_chain_unref(r.chain);
}

/* Replies at banner and EHLO, and what they end in. */
static void test_replies(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *banner, *ehlo, *helo;
        enum probe_end end;
        int code;
        const char *log;
    } c[] = {
        {"421 busy\r\n", NULL, NULL, PROBE_LIMITED, 421, "QUIT\n"},
        {"450 later\r\n", NULL, NULL, PROBE_LIMITED, 450, "QUIT\n"},
        {"554-no\r\n554 go away\r\n", NULL, NULL, PROBE_LIMITED, 554, "QUIT\n"},
        {"521 no mail\r\n", NULL, NULL, PROBE_LIMITED, 521, "QUIT\n"},
        {"550 no\r\n", NULL, NULL, PROBE_LIMITED, 550, "QUIT\n"},
        {"530 no\r\n", NULL, NULL, PROBE_PROTOCOL_ERROR, 530, "QUIT\n"},
        {"250 hello\r\n", NULL, NULL, PROBE_PROTOCOL_ERROR, 250, "QUIT\n"},
        {"220 x\r\n", "421 busy\r\n", NULL, PROBE_LIMITED, 421, "EHLO scanner.example\nQUIT\n"},
        {"220 x\r\n", "550 your address\r\n", NULL, PROBE_LIMITED, 550,
         "EHLO scanner.example\nQUIT\n"},
        {"220 x\r\n", "502 what\r\n", "250 x\r\n", PROBE_NO_STARTTLS, 250,
         "EHLO scanner.example\nHELO scanner.example\nQUIT\n"},
        {"220 x\r\n", "500 what\r\n", "502 no\r\n", PROBE_PROTOCOL_ERROR, 502,
         "EHLO scanner.example\nHELO scanner.example\nQUIT\n"},
        {"220 x\r\n", "500 what\r\n", "421 no\r\n", PROBE_LIMITED, 421,
         "EHLO scanner.example\nHELO scanner.example\nQUIT\n"},
        {"220 x\r\n", "250-x\r\n250 SIZE\r\n", NULL, PROBE_NO_STARTTLS, 250,
         "EHLO scanner.example\nQUIT\n"},
        {"220 x\r\n", "", NULL, PROBE_PROTOCOL_ERROR, 0, "EHLO scanner.example\n"},
        {"220 x\r\n", "!", NULL, PROBE_PROTOCOL_ERROR, 0, "EHLO scanner.example\n"},
        {"SSH-2.0-OpenSSH\r\n", NULL, NULL, PROBE_PROTOCOL_ERROR, 0, ""},
        {"", NULL, NULL, PROBE_PROTOCOL_ERROR, 0, ""},
        {"!", NULL, NULL, PROBE_PROTOCOL_ERROR, 0, ""},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct net_smtp s = good(w);
        s.banner = c[i].banner;
        s.ehlo = c[i].ehlo;
        s.helo = c[i].helo;
        struct probe_facts f = probe_as(w, &s, PATIENT_MS);
        if (f.end != c[i].end || f.reply_code != c[i].code || strcmp(s.log, c[i].log) != 0)
            fail_msg("%zu: %s, %d, %s", i, probe_end_name(f.end), f.reply_code, s.log);
        assert_int_equal(f.conn, CONN_OK);
        assert_int_equal(f.tls.end, TLS_END_NONE);
    }
}

static void speak_unfinished_line(int fd, void *arg)
{
    (void)arg;
    assert_true(send(fd, "554 go away", 11, MSG_NOSIGNAL) == 11);
}

static void test_last_line_without_end(void **state)
{
    struct net_world *w = *state;
    struct net_server server;
    net_server_start(&server, "127.0.0.1", speak_unfinished_line, NULL);
    struct result r = probe_at(w, &server.at, NET_HOST, PATIENT_MS);
    net_server_stop(&server);
    assert_int_equal(r.facts.end, PROBE_LIMITED);
    assert_string_equal(r.facts.banner, "554 go away");
    assert_string_equal(r.facts.reply, "554 go away");
}

static void test_not_smtp_is_kept(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    s.banner = "SSH-2.0-\xffOpen\\SSH\r\n";
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_int_equal(f.end, PROBE_PROTOCOL_ERROR);
    assert_string_equal(f.banner, "SSH-2.0-\\xffOpen\\\\SSH");
}

static void test_starttls_refused(void **state)
{
    struct net_world *w = *state;
    static const char *const reply[] = {"454 not now\r\n", "502 no\r\n", "450 later\r\n"};
    for (size_t i = 0; i < 3; i++) {
        struct net_smtp s = good(w);
        s.starttls = reply[i];
        struct probe_facts f = probe_as(w, &s, PATIENT_MS);
        assert_int_equal(f.end, PROBE_STARTTLS_REFUSED);
        assert_true(f.starttls);
        assert_int_equal(f.reply_code, strtol(reply[i], NULL, 10));
        assert_string_equal(s.log, "EHLO scanner.example\nSTARTTLS\nQUIT\n");
    }
    struct net_smtp s = good(w);
    s.starttls = "421 bye\r\n"; /* whatever it was asked, it closes: nothing about its TLS */
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_int_equal(f.end, PROBE_LIMITED);
    assert_true(f.starttls);
    assert_int_equal(f.reply_code, 421);
    s = good(w);
    s.starttls = "354 what\r\n";
    assert_int_equal(probe_as(w, &s, PATIENT_MS).end, PROBE_PROTOCOL_ERROR);
    s = good(w);
    s.starttls = "";
    assert_int_equal(probe_as(w, &s, PATIENT_MS).end, PROBE_PROTOCOL_ERROR);
}

/* Plaintext behind the 220 is flagged, dropped, and TLS goes on. */
static void test_injection(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    s.starttls = "220 go ahead\r\n250 injected\r\n";
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_true(f.injected);
    assert_int_equal(f.end, PROBE_OK);
}

static void test_handshake_failures(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *after; /* NULL: a real server, with an alert */
        enum tls_end end;
        int alert;
    } c[] = {
        {NULL, TLS_END_ALERT, SSL_AD_UNRECOGNIZED_NAME},
        {"", TLS_END_CLOSED, -1},
        {"!", TLS_END_CLOSED, -1},
        {"250 plain text goes on\r\n", TLS_END_NOT_TLS, -1},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct net_smtp s = good(w);
        s.after_starttls = c[i].after;
        s.tls.refuse_sni = c[i].after == NULL;
        struct probe_facts f = probe_as(w, &s, PATIENT_MS);
        assert_int_equal(f.end, PROBE_TLS_FAILED);
        assert_int_equal(f.tls.end, c[i].end);
        assert_int_equal(f.tls.alert, c[i].alert);
    }
}

/* TLS 1.3: the alert comes when our side is done. */
static void test_client_cert_required(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    s.tls.want_client_cert = true;
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_int_equal(f.end, PROBE_TLS_FAILED);
    assert_int_equal(f.tls.end, TLS_END_ALERT);
    assert_int_equal(f.tls.alert, SSL_AD_CERTIFICATE_REQUIRED);
}

static void test_old_tls(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    s.tls.max_version = TLS1_1_VERSION;
    struct probe_facts f = probe_as(w, &s, PATIENT_MS);
    assert_int_equal(f.end, PROBE_OK);
    assert_int_equal(f.tls.version, TLS1_1_VERSION);
    assert_false(tls_facts_valid(&f.tls));
}

#define HELLO "EHLO scanner.example\n"

/* Probes with a deadline that is too short for the whole talk: it ends like this after so much was
 * said. On a slow machine that takes a longer deadline. */
static struct probe_facts probe_until(struct net_world *w, const struct net_smtp *how,
                                      const char *said, enum probe_end end)
{
    struct probe_facts f;
    struct net_smtp s;
    uint32_t deadline_ms = SHORT_MS;
    do {
        s = *how;
        f = probe_as(w, &s, deadline_ms);
        deadline_ms *= 2;
    } while ((f.end != end || strcmp(s.log, said) != 0) && deadline_ms < PATIENT_MS);
    assert_int_equal(f.end, end);
    assert_string_equal(s.log, said);
    return f;
}

static void test_timeouts(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    s.banner = NULL;
    assert_int_equal(probe_until(w, &s, "", PROBE_TIMEOUT).conn, CONN_OK);
    s = good(w);
    s.ehlo = NULL;
    probe_until(w, &s, HELLO, PROBE_TIMEOUT);
    s = good(w);
    s.after_starttls = "\x16"; /* the beginning of a record, and silence */
    struct probe_facts f = probe_until(w, &s, HELLO "STARTTLS\n", PROBE_TLS_FAILED);
    assert_int_equal(f.tls.end, TLS_END_TIMEOUT);
    /* What was learnt stays when the end of the talk is silence. */
    s = good(w);
    s.ehlo_tls = NULL;
    probe_until(w, &s, HELLO "STARTTLS\nTLS\n" HELLO, PROBE_OK);
    s = good(w);
    s.quit = NULL;
    probe_until(w, &s, HELLO "STARTTLS\nTLS\n" HELLO "QUIT\n", PROBE_OK);
    s = good(w);
    s.ehlo = "250 x\r\n";
    s.quit = NULL;
    probe_until(w, &s, HELLO "QUIT\n", PROBE_NO_STARTTLS);
}

static void speak_endless(int fd, void *line)
{
    while (send(fd, line, strlen(line), MSG_NOSIGNAL) > 0)
        ;
}

static void test_endless(void **state)
{
    struct net_world *w = *state;
    static char more[] = "220-more\r\n", flood[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char *const lines[] = {more, flood};
    for (size_t i = 0; i < 2; i++) {
        struct net_server server;
        net_server_start(&server, "127.0.0.1", speak_endless, lines[i]);
        struct result r = probe_at(w, &server.at, NET_HOST, PATIENT_MS);
        net_server_stop(&server);
        assert_int_equal(r.facts.end, PROBE_PROTOCOL_ERROR);
    }
}

/* A port where nobody listens: bound, so that nobody else takes it. */
static void test_refused(void **state)
{
    struct net_world *w = *state;
    struct endpoint at = {.ip = {.family = 4, .b = {127, 0, 0, 1}}};
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(&at, &ss);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
    uint16_t port;
    memcpy(&port, (const char *)&ss + 2, sizeof port);
    at.port = (uint16_t)(port >> 8 | port << 8);
    struct result r = probe_at(w, &at, NET_HOST, PATIENT_MS);
    assert_int_equal(r.facts.end, PROBE_REFUSED);
    assert_int_equal(r.facts.conn, CONN_REFUSED);
    close(fd);
}

static void test_guard(void **state)
{
    struct net_world *w = *state;
    size_t line;
    struct net_smtp s = good(w);
    struct net_server server;
    net_server_start(&server, "127.1.0.1", net_smtp_speak, &s); /* not allowed: 127.0.0.0/16 is */
    struct result r = probe_at(w, &server.at, NET_HOST, PATIENT_MS);
    assert_int_equal(r.facts.end, PROBE_BLOCKED);
    assert_int_equal(r.facts.conn, CONN_BLOCKED);
    assert_int_equal(atomic_load(&server.connections), 0);
    net_server_stop(&server);
    assert_int_equal(guard_blocklist(w->guard, SLICE_LIT("127.0.9.9"), &line), ST_OK);
    struct endpoint listed = {.ip = {.family = 4, .b = {127, 0, 9, 9}}, .port = 25};
    r = probe_at(w, &listed, NET_HOST, PATIENT_MS);
    assert_int_equal(r.facts.end, PROBE_BLOCKED);
    assert_int_equal(r.facts.conn, CONN_BLOCKLISTED);
}

static void test_sources(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct net_server server;
    struct net_addr source = {.family = 4, .b = {127, 0, 0, 7}};
    struct probe_config c = config(w);
    struct result r = {.w = w}, no_route = {.w = w};
    prober *p;
    c.sources = &source;
    c.n_sources = 1;
    net_server_start(&server, "127.0.0.1", net_smtp_speak, &s);
    assert_int_equal(prober_new(w->base, &c, &p), ST_OK);
    struct probe_request req = {
        .mx_name = NET_HOST, .ip = server.at.ip, .port = server.at.port, .deadline_ms = PATIENT_MS};
    assert_int_equal(probe_start(p, &req, on_done, &r, NULL), ST_OK);
    while (!r.called)
        event_base_dispatch(w->base);
    assert_int_equal(r.facts.end, PROBE_OK);
    req.ip = (struct net_addr){.family = 6, .b = {[15] = 1}};
    assert_int_equal(probe_start(p, &req, on_done, &no_route, NULL), ST_OK);
    while (!no_route.called)
        event_base_dispatch(w->base);
    assert_int_equal(no_route.facts.end, PROBE_NO_ROUTE);
    prober_free(p);
    net_server_stop(&server);
    cert_chain_unref(r.chain);
}

static void test_cancel_and_free(void **state)
{
    struct net_world *w = *state;
    struct net_smtp s = good(w);
    struct net_server server;
    struct result cancelled = {.w = w}, abandoned = {.w = w};
    struct probe_config c = config(w);
    probe_handle *handle;
    prober *p;
    net_server_start(&server, "127.0.0.1", net_smtp_speak, &s);
    assert_int_equal(prober_new(w->base, &c, &p), ST_OK);
    struct probe_request req = {
        .mx_name = NET_HOST, .ip = server.at.ip, .port = server.at.port, .deadline_ms = PATIENT_MS};
    assert_int_equal(probe_start(p, &req, on_done, &cancelled, &handle), ST_OK);
    assert_string_equal(probe_phase_name(handle), "connect");
    assert_int_equal(probe_start(p, &req, on_done, &abandoned, NULL), ST_OK);
    probe_cancel(p, handle);
    prober_free(p);
    assert_false(cancelled.called);
    assert_true(abandoned.called);
    assert_int_equal(abandoned.facts.end, PROBE_ABANDONED);
    net_server_stop(&server);
}

static void test_ehlo_name(void **state)
{
    struct net_world *w = *state;
    static const char *const bad[] = {NULL, "", "a b", "a\r\nMAIL FROM:<>", "caf\xc3\xa9.example"};
    struct probe_config c = config(w);
    prober *p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c.ehlo_name = bad[i];
        assert_int_equal(prober_new(w->base, &c, &p), ST_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_no_memory_for_events),
        cmocka_unit_test(test_good_v6),
        cmocka_unit_test(test_without_sni),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_last_line_without_end),
        cmocka_unit_test(test_not_smtp_is_kept),
        cmocka_unit_test(test_starttls_refused),
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_handshake_failures),
        cmocka_unit_test(test_client_cert_required),
        cmocka_unit_test(test_old_tls),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_cancel_and_free),
        cmocka_unit_test(test_ehlo_name),
    };
    event_set_mem_functions(event_memory, realloc, free);
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
