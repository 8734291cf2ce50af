/*
 * simserve_fixture - what the tests of simnet's HTTPS and SMTP servers stand on
 *
 * The servers ask the world how to behave. Here the world is a double: the functions of world.h are
 * defined below and hand out what the test has put in place under locked() and unlock(). Include it
 * in the one source of a test program. Each connection goes to an address of its own.
 */
#ifndef TESTS_SIMSERVE_FIXTURE_H
#define TESTS_SIMSERVE_FIXTURE_H

#include "tests/simnet/ca.h"
#include "tests/unit/simserve_client.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "mta-sts.example.com"
#define PATH "/.well-known/mta-sts.txt"
#define REFUSED_NET 4
#define BLACKHOLE_NET 5
#define BODY "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmax_age: 604800\r\n"

#define BODY_LEN (sizeof BODY - 1) /* 68, 0x44 */

struct sim_world {
    pthread_mutex_t lock;
    struct sim_tls tls; /* of both services */
    struct sim_http http;
    struct sim_smtp smtp;
    char asked[SIM_NAME_MAX]; /* the name that SMTP's TLS was asked for */
    bool asked_by_sni;
};

static struct fixture {
    struct sim_world world;
    struct sim_ca *ca;
    struct sim_server *https;
    struct sim_server *smtp;
    SSL_CTX *ctx;
    uint32_t next_addr;
    char dir[64];
} fix;

/* What the last client_read of a test gave. */
static struct client_text text;

/* --- The double --- */

bool sim_address_plan(uint32_t addr, enum sim_service service, enum sim_reach *reach)
{
    (void)service;
    uint32_t net = addr >> 16 & 255;
    *reach = net == REFUSED_NET     ? SIM_REACH_REFUSED
             : net == BLACKHOLE_NET ? SIM_REACH_BLACKHOLE
                                    : SIM_REACH_LISTEN;
    return true;
}

static struct sim_world *locked(const struct sim_world *world)
{
    (void)world;
    pthread_mutex_lock(&fix.world.lock);
    return &fix.world;
}

static void unlock(void)
{
    pthread_mutex_unlock(&fix.world.lock);
}

void sim_world_https_tls(const struct sim_world *world, uint32_t addr, const char *sni,
                         struct sim_tls *out, bool *h2)
{
    (void)addr;
    (void)sni;
    struct sim_world *w = locked(world);
    *out = w->tls;
    *h2 = w->http.h2;
    unlock();
}

void sim_world_https(const struct sim_world *world, uint32_t addr, const char *host,
                     const char *path, struct sim_http *out)
{
    (void)addr;
    *out = locked(world)->http;
    if (strcmp(path, PATH) != 0 || strcmp(host, NAME) != 0)
        out->status = 404;
    unlock();
}

void sim_world_smtp(const struct sim_world *world, uint32_t addr, struct sim_smtp *out)
{
    (void)addr;
    *out = locked(world)->smtp;
    unlock();
}

void sim_world_smtp_tls(const struct sim_world *world, uint32_t addr, const char *name,
                        bool has_sni, struct sim_tls *out)
{
    (void)addr;
    struct sim_world *w = locked(world);
    *out = w->tls;
    w->asked_by_sni = has_sni;
    snprintf(w->asked, sizeof w->asked, "%s", name ? name : "");
    unlock();
}

/* --- Fixture --- */

/* Back to a world where everything is in order. */
static inline int reset_world(void **state)
{
    (void)state;
    struct sim_world *w = locked(NULL);
    memset(&w->tls, 0, sizeof w->tls);
    memset(&w->http, 0, sizeof w->http);
    memset(&w->smtp, 0, sizeof w->smtp);
    memcpy(w->tls.cert.cn, NAME, sizeof NAME);
    memcpy(w->tls.cert.san[0], NAME, sizeof NAME);
    w->tls.cert.san_count = 1;
    w->tls.cert.not_before_h = -24;
    w->tls.cert.not_after_h = 24 * 60;
    w->http.status = 200;
    w->http.content_type = "text/plain";
    w->http.body_len = sizeof BODY - 1;
    memcpy(w->http.body, BODY, sizeof BODY - 1);
    w->http.h2 = true;
    w->smtp.banner_code = 220;
    snprintf(w->smtp.banner_text, sizeof w->smtp.banner_text, "mx.example.com ESMTP");
    w->smtp.ehlo_code = 250;
    w->smtp.helo_code = 250;
    w->smtp.starttls = true;
    w->smtp.starttls_code = 220;
    unlock();
    return 0;
}

static inline int set_up(void **state)
{
    char ca_file[96];
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&fix.world.lock, NULL);
    snprintf(fix.dir, sizeof fix.dir, "/tmp/test_simserve.XXXXXX");
    fix.next_addr = 0x7f280001;
    if (!mkdtemp(fix.dir) || !sim_ca_new(fix.dir, &fix.ca))
        return -1;
    struct sim_server_options options = {.world = &fix.world, .ca = fix.ca, .threads = 2};
    if (!sim_https_server_start(&options, &fix.https) ||
        !sim_smtp_server_start(&options, &fix.smtp) ||
        !sim_ca_set_aia(fix.ca, "http://aia.example" SIM_AIA_PATH))
        return -1;
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", fix.dir);
    fix.ctx = client_context(ca_file);
    unlink(ca_file);
    rmdir(fix.dir);
    return fix.ctx ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(fix.ctx);
    sim_server_stop(fix.https);
    sim_server_stop(fix.smtp);
    sim_ca_free(fix.ca);
    return 0;
}

static inline uint32_t https_addr(void)
{
    uint32_t addr = fix.next_addr;
    fix.next_addr += 256; /* a /24 each: both workers get their share */
    assert_true(sim_server_listen(fix.https, addr, "first." NAME));
    return addr;
}

static inline int https_connect(void)
{
    int fd = client_connect(https_addr(), sim_server_port(fix.https));
    assert_true(fd >= 0);
    return fd;
}

static inline int smtp_connect(void)
{
    uint32_t addr = fix.next_addr;
    fix.next_addr += 256;
    assert_true(sim_server_listen(fix.smtp, addr, "mx.example.com"));
    int fd = client_connect(addr, sim_server_port(fix.smtp));
    assert_true(fd >= 0);
    return fd;
}

static inline long verify_now(X509 **leaf)
{
    struct client_tls tls;
    int fd = https_connect();
    client_handshake(&tls, fix.ctx, fd, NAME, NULL);
    assert_non_null(tls.ssl);
    long verify = tls.verify;
    if (leaf)
        *leaf = SSL_get1_peer_certificate(tls.ssl);
    client_tls_free(&tls);
    close(fd);
    return verify;
}

static inline void set_tls_mode(enum sim_tls_mode mode)
{
    locked(NULL)->tls.mode = mode;
    unlock();
}

#endif
