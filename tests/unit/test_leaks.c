/* No descriptor is left over by a connection, however it ends: good, refused, reset, closed, ended
 * by an alert, cut at a cap or at the deadline, cancelled. LEAK_CONNECTIONS says how many are made
 * (the long form: 200000). */
#include "scanner/net/fetch.h"
#include "scanner/net/probe.h"
#include "tests/unit/net_world.h"

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    CONNECTIONS = 3000,
    WARM_UP = 300, /* what is opened once and kept is open then */
    AT_ONCE = 48,
    DEADLINE_MS = 20000,
    SHORT_DEADLINE_MS = 30,
    BODY_MAX_BYTES = 65536,
    SETTLE_MS = 30000, /* the servers, which are in this process, close last */
};

enum peer {
    PEER_TLS,
    PEER_ALERT,
    PEER_PLAIN,
    PEER_ENDLESS,
    PEER_RESET,
    PEER_CLOSE,
    PEER_TARPIT,
    PEER_SMTP,
    PEER_COUNT
};

/* What is tried in turn; cheap ends are more frequent. */
static const struct way {
    enum peer peer;
    bool refused, probe, plain, cancel;
    uint32_t deadline_ms;
} ways[] = {
    {.peer = PEER_TLS},
    {.peer = PEER_RESET},
    {.refused = true},
    {.peer = PEER_PLAIN, .plain = true},
    {.peer = PEER_CLOSE, .probe = true},
    {.refused = true, .probe = true},
    {.peer = PEER_ALERT},
    {.peer = PEER_RESET, .probe = true},
    {.peer = PEER_CLOSE},
    {.peer = PEER_TARPIT, .deadline_ms = SHORT_DEADLINE_MS},
    {.peer = PEER_PLAIN, .plain = true, .cancel = true},
    {.peer = PEER_RESET, .plain = true},
    {.peer = PEER_SMTP, .probe = true},
    {.peer = PEER_ENDLESS, .plain = true},
    {.refused = true, .plain = true},
    {.peer = PEER_TARPIT, .probe = true, .deadline_ms = SHORT_DEADLINE_MS},
    {.peer = PEER_CLOSE, .plain = true},
    {.peer = PEER_RESET, .probe = true, .cancel = true},
    {.peer = PEER_RESET},
    {.refused = true, .probe = true},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

struct rig {
    struct net_world *w;
    struct net_server server[PEER_COUNT];
    struct net_https tls, alert, plain, endless;
    struct net_smtp smtp;
    int refusing; /* bound, not listening */
    struct endpoint refused;
    fetcher *fetcher;
    prober *prober;
    unsigned under_way;
    unsigned fetch_conn[CONN_COUNT], tls_end[TLS_END_COUNT], http_end[HTTP_END_COUNT];
    unsigned probe_end[PROBE_END_COUNT];
};

static void speak_reset(int fd, void *arg)
{
    (void)arg;
    net_reset(fd);
}

static void speak_close(int fd, void *arg)
{
    (void)fd;
    (void)arg;
}

static void speak_tarpit(int fd, void *arg)
{
    (void)arg;
    net_drain(fd);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* Once the servers have closed theirs: at most `expected`, or what is left over in the end. */
static unsigned settled_descriptors(unsigned expected)
{
    unsigned n = open_descriptors();
    for (int ms = 0; n > expected && ms < SETTLE_MS; ms += 10) {
        poll(NULL, 0, 10);
        n = open_descriptors();
    }
    return n;
}

static void on_fetch(void *arg, const struct fetch_outcome *out)
{
    struct rig *r = arg;
    r->under_way--;
    r->fetch_conn[out->facts.conn]++;
    r->tls_end[out->facts.tls.end]++;
    r->http_end[out->facts.http.end]++;
}

static void on_probe(void *arg, const struct probe_outcome *out)
{
    struct rig *r = arg;
    r->under_way--;
    r->probe_end[out->facts.end]++;
}

static void start(struct rig *r, const struct way *way)
{
    struct endpoint to = way->refused ? r->refused : r->server[way->peer].at;
    uint32_t deadline_ms = way->deadline_ms > 0 ? way->deadline_ms : DEADLINE_MS;
    r->under_way++;
    if (way->probe) {
        struct probe_request req = {
            .mx_name = NET_HOST, .ip = to.ip, .port = to.port, .deadline_ms = deadline_ms};
        probe_handle *h;
        assert_int_equal(probe_start(r->prober, &req, on_probe, r, &h), ST_OK);
        if (way->cancel)
            probe_cancel(r->prober, h);
    } else {
        struct fetch_request req = {.host = NET_HOST,
                                    .ip = to.ip,
                                    .port = to.port,
                                    .path = "/",
                                    .plain = way->plain,
                                    .body_max_bytes = BODY_MAX_BYTES,
                                    .deadline_ms = deadline_ms};
        fetch_handle *h;
        assert_int_equal(fetch_start(r->fetcher, &req, on_fetch, r, &h), ST_OK);
        if (way->cancel)
            fetch_cancel(r->fetcher, h);
    }
    r->under_way -= way->cancel;
}

static void make(struct rig *r, unsigned connections)
{
    for (unsigned made = 0; made < connections || r->under_way > 0;) {
        while (made < connections && r->under_way < AT_ONCE)
            start(r, &ways[made++ % WAYS]);
        if (r->under_way > 0)
            event_base_loop(r->w->base, EVLOOP_ONCE);
    }
    event_base_loop(r->w->base, EVLOOP_NONBLOCK);
}

static void serve(struct rig *r)
{
    static const char policy[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static char endless[8192] = "HTTP/1.1 200 OK\r\n\r\n";
    memset(endless + strlen(endless), 'x', sizeof endless - 1 - strlen(endless));
    struct net_tls tls = net_world_tls(r->w);
    r->tls = (struct net_https){.tls = tls, .answer = policy};
    r->alert = (struct net_https){.tls = tls, .answer = policy};
    r->alert.tls.refuse_sni = true;
    r->plain = (struct net_https){.plain = true, .answer = policy};
    r->endless = (struct net_https){.plain = true, .answer = endless, .answer_times = 100};
    r->smtp = (struct net_smtp){.tls = tls,
                                .banner = "220 mx.example ESMTP\r\n",
                                .ehlo = "250-mx.example\r\n250 STARTTLS\r\n",
                                .starttls = "220 go ahead\r\n",
                                .ehlo_tls = "250 mx.example\r\n",
                                .quit = "221 bye\r\n"};
    net_server_start(&r->server[PEER_TLS], "127.0.0.1", net_https_speak, &r->tls);
    net_server_start(&r->server[PEER_ALERT], "127.0.0.1", net_https_speak, &r->alert);
    net_server_start(&r->server[PEER_PLAIN], "127.0.0.1", net_https_speak, &r->plain);
    net_server_start(&r->server[PEER_ENDLESS], "127.0.0.1", net_https_speak, &r->endless);
    net_server_start(&r->server[PEER_RESET], "127.0.0.1", speak_reset, NULL);
    net_server_start(&r->server[PEER_CLOSE], "127.0.0.1", speak_close, NULL);
    net_server_start(&r->server[PEER_TARPIT], "127.0.0.1", speak_tarpit, NULL);
    net_server_start(&r->server[PEER_SMTP], "127.0.0.1", net_smtp_speak, &r->smtp);

    struct sockaddr_storage ss;
    struct sockaddr_in at;
    r->refused = (struct endpoint){.ip = r->server[0].at.ip};
    socklen_t len = endpoint_sockaddr(&r->refused, &ss);
    r->refusing = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->refusing, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(getsockname(r->refusing, (struct sockaddr *)&ss, &len), 0);
    memcpy(&at, &ss, sizeof at);
    r->refused.port = ntohs(at.sin_port);
}

static void test_no_descriptor_is_left(void **state)
{
    static struct rig rig;
    struct rig *r = &rig;
    const char *many = getenv("LEAK_CONNECTIONS");
    unsigned connections = many != NULL ? (unsigned)strtoul(many, NULL, 10) : CONNECTIONS;
    unsigned nothing = open_descriptors();
    r->w = *state;
    serve(r);
    struct fetch_config fetch = {.trust = r->w->trust, .guard = r->w->guard, .user_agent = "test"};
    struct probe_config probe = {
        .trust = r->w->trust, .guard = r->w->guard, .ehlo_name = "scanner.example"};
    assert_int_equal(fetcher_new(r->w->base, &fetch, &r->fetcher), ST_OK);
    assert_int_equal(prober_new(r->w->base, &probe, &r->prober), ST_OK);
    unsigned idle = open_descriptors();

    make(r, WARM_UP);
    unsigned before = settled_descriptors(idle);
    make(r, connections);
    unsigned after = settled_descriptors(before);
    print_message("%u descriptors before, %u after %u connections\n", before, after, connections);
    assert_int_equal(after, before);

    /* All of these ends did happen. */
    assert_true(r->fetch_conn[CONN_REFUSED] > 0 && r->fetch_conn[CONN_OK] > 0);
    assert_true(r->tls_end[TLS_END_OK] > 0 && r->tls_end[TLS_END_ALERT] > 0 &&
                r->tls_end[TLS_END_CLOSED] > 0 && r->tls_end[TLS_END_TIMEOUT] > 0);
    assert_true(r->http_end[HTTP_END_OK] > 0 && r->http_end[HTTP_END_TOO_LARGE] > 0);
    assert_true(r->probe_end[PROBE_OK] > 0 && r->probe_end[PROBE_REFUSED] > 0 &&
                r->probe_end[PROBE_TIMEOUT] > 0 && r->probe_end[PROBE_PROTOCOL_ERROR] > 0);

    /* Nor by the end in the middle of everything. */
    for (unsigned i = 0; i < WAYS; i++)
        start(r, &ways[i]);
    fetcher_free(r->fetcher);
    prober_free(r->prober);
    close(r->refusing);
    for (int i = 0; i < PEER_COUNT; i++)
        net_server_stop(&r->server[i]);
    assert_int_equal(settled_descriptors(nothing), nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_descriptor_is_left, net_world_setup,
                                        net_world_teardown),
    };
    return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}
