#include "scanner/net/probe_internal.h"

#include "lib/name.h"
#include "scanner/net/tls_crypto.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each phase within the absolute deadline. RFC 5321 4.5.3.2 lets a server take minutes; a probe
 * that waits less than a sender would calls it a timeout, never a missing STARTTLS. */
static const struct {
    const char *name;
    uint32_t deadline_ms;
} phases[PHASE_COUNT] = {
    [PHASE_CONNECT] = {"connect", PROBE_PHASE_MIN_MS},
    [PHASE_BANNER] = {"banner", 40000},
    [PHASE_EHLO] = {"ehlo", PROBE_PHASE_MIN_MS},
    [PHASE_HELO] = {"helo", PROBE_PHASE_MIN_MS},
    [PHASE_STARTTLS] = {"starttls", PROBE_PHASE_MIN_MS},
    [PHASE_HANDSHAKE] = {"handshake", PROBE_PHASE_MIN_MS},
    [PHASE_EHLO_TLS] = {"ehlo_tls", 10000},
    [PHASE_QUIT] = {"quit", 2000},
};

const char *probe_phase_name(const probe_handle *handle)
{
    return phases[handle->phase].name;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void handle_free(probe_handle *h)
{
    *h->link = h->next;
    if (h->next != NULL)
        h->next->link = h->link;
    if (h->io != NULL)
        event_free(h->io);
    if (h->timer != NULL)
        event_free(h->timer);
    if (h->ssl != NULL) {
        tls_verify_attach(h->ssl, NULL);
        SSL_free(h->ssl);
        ERR_clear_error();
    }
    if (h->fd >= 0)
        close(h->fd);
    tls_record_release(&h->rec);
    arena_free(&h->arena);
    free(h->mx_name);
    free(h);
}

void probe_finish(probe_handle *h)
{
    if (h->ssl != NULL && h->rec.established)
        SSL_shutdown(h->ssl); /* says close_notify, waits for none */
    h->facts.tls = h->rec.facts;
    h->facts.ts_ms = wall_ms(tls_trust_wall(h->owner->trust));
    struct probe_outcome out = {
        .facts = h->facts, .names = h->rec.names, .chain = h->rec.chain, .aia_url = h->rec.aia_url};
    h->done(h->arg, &out);
    handle_free(h);
}

void probe_finish_as(probe_handle *h, enum probe_end end)
{
    h->facts.end = end;
    probe_finish(h);
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void on_io(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);

static void arm_timer(probe_handle *h, int64_t now)
{
    int64_t left = h->deadline.at_ms > now ? h->deadline.at_ms - now : 0;
    struct timeval tv = {.tv_sec = (time_t)(left / 1000),
                         .tv_usec = (suseconds_t)(left % 1000) * 1000};
    event_add(h->timer, &tv);
}

void probe_want(probe_handle *h, short what)
{
    if (h->io != NULL && event_get_events(h->io) == (short)(what | EV_PERSIST))
        return;
    if (h->io == NULL)
        h->io = event_new(h->owner->base, h->fd, (short)(what | EV_PERSIST), on_io, h);
    else if (event_del(h->io) == 0)
        event_assign(h->io, h->owner->base, h->fd, (short)(what | EV_PERSIST), on_io, h);
    if (h->io == NULL || event_add(h->io, NULL) != 0) {
        h->unheard = true; /* told from the loop at once: the peer is not the silent one */
        arm_timer(h, INT64_MAX);
    }
}

void probe_enter(probe_handle *h, enum phase phase)
{
    int64_t now = now_ms(), at = now + phases[phase].deadline_ms;
    h->phase = phase;
    h->deadline = (struct deadline){.at_ms = at < h->end_at_ms ? at : h->end_at_ms};
    arm_timer(h, now);
    smtp_reply_reset(&h->reply);
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_connected(probe_handle *h)
{
    int on = 1;
    h->facts.conn = dial_result(h->fd);
    dial_tell(&h->owner->listener, h->facts.conn, &h->facts.ip);
    if (h->facts.conn == CONN_OK) {
        setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        probe_enter(h, PHASE_BANNER);
        probe_want(h, EV_READ);
        return;
    }
    switch (h->facts.conn) {
    case CONN_REFUSED:
    case CONN_UNREACHABLE:
        probe_finish_as(h, PROBE_REFUSED);
        break;
    case CONN_TIMEOUT:
        probe_finish_as(h, PROBE_TIMEOUT);
        break;
    default:
        probe_finish_as(h, PROBE_ABANDONED);
        break;
    }
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
    probe_handle *h = arg;
    (void)fd;
    if (h->phase == PHASE_CONNECT) {
        on_connected(h);
    } else if (h->phase == PHASE_HANDSHAKE) {
        probe_shake_hands(h);
    } else {
        if ((what & EV_WRITE) != 0)
            probe_flush(h);
        probe_read(h);
    }
}

/* A connection that never began. */
static enum probe_end end_of_dial(enum conn conn)
{
    switch (conn) {
    case CONN_BLOCKED:
    case CONN_BLOCKLISTED:
        return PROBE_BLOCKED;
    case CONN_NO_ROUTE:
        return PROBE_NO_ROUTE;
    case CONN_REFUSED:
    case CONN_UNREACHABLE:
        return PROBE_REFUSED;
    default:
        return PROBE_ABANDONED;
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    probe_handle *h = arg;
    int64_t now = now_ms();
    (void)fd;
    (void)what;
    if (h->fd < 0 || h->unheard) {
        probe_finish_as(h, h->unheard ? PROBE_ABANDONED : end_of_dial(h->facts.conn));
        return;
    }
    if (!deadline_is_up(&h->deadline, now)) {
        arm_timer(h, now);
        return;
    }
    switch (h->phase) {
    case PHASE_CONNECT:
        h->facts.conn = CONN_TIMEOUT;
        /* fall through */
    case PHASE_BANNER:
    case PHASE_EHLO:
    case PHASE_HELO:
    case PHASE_STARTTLS:
        probe_finish_as(h, PROBE_TIMEOUT);
        break;
    case PHASE_HANDSHAKE:
        tls_record_end(&h->rec, TLS_END_TIMEOUT, h->mx_name);
        probe_finish_as(h, PROBE_TLS_FAILED);
        break;
    case PHASE_EHLO_TLS:
        probe_finish_as(h, PROBE_OK);
        break;
    default:
        probe_finish(h);
        break;
    }
}

/* ---- the prober ----------------------------------------------------------------------------- */

/* A domain or an address literal; nothing that could end the line or begin a second word. */
static bool is_ehlo_name(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return len > 0 && len <= NAME_MAX_BYTES;
}

enum status prober_new(struct event_base *base, const struct probe_config *config, prober **out)
{
    *out = NULL;
    if (!is_ehlo_name(config->ehlo_name))
        return ST_USAGE;
    prober *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ST_NOMEM;
    p->base = base;
    p->trust = config->trust;
    p->signatures = config->signatures;
    p->ehlo_name = config->ehlo_name;
    p->dialer = (struct dialer){
        .guard = config->guard, .sources = config->sources, .n_sources = config->n_sources};
    p->listener = config->listener;
    p->ctx = SSL_CTX_new_ex(tls_crypto(), NULL, TLS_client_method());
    enum status st = p->ctx == NULL ? ST_NOMEM : tls_verify_setup(p->ctx, config->trust);
    if (st != ST_OK) {
        prober_free(p);
        return st;
    }
    *out = p;
    return ST_OK;
}

void prober_use_guard(prober *p, const guard *g)
{
    p->dialer.guard = g;
}

void prober_free(prober *p)
{
    if (p == NULL)
        return;
    while (p->live != NULL)
        probe_finish_as(p->live, PROBE_ABANDONED);
    SSL_CTX_free(p->ctx);
    free(p);
}

enum status probe_start(prober *p, const struct probe_request *req, probe_done_fn done, void *arg,
                        probe_handle **handle)
{
    probe_handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ST_NOMEM;
    *h = (struct probe_handle){.owner = p, .done = done, .arg = arg, .fd = -1};
    h->next = p->live;
    h->link = &p->live;
    if (h->next != NULL)
        h->next->link = &h->next;
    p->live = h;
    arena_init(&h->arena, PROBE_ARENA_MAX_BYTES);
    tls_record_init(&h->rec, &h->arena, p->trust);
    h->rec.signatures = p->signatures;
    probe_facts_init(&h->facts);
    h->facts.ip = req->ip;
    h->end_at_ms = now_ms() + req->deadline_ms;
    h->timer = evtimer_new(p->base, on_timer, h);
    if (req->mx_name != NULL)
        h->mx_name = strdup(req->mx_name);
    if (h->timer == NULL || (req->mx_name != NULL && h->mx_name == NULL)) {
        handle_free(h);
        return ST_NOMEM;
    }

    struct endpoint to = {.ip = req->ip, .port = req->port};
    h->facts.conn = dial_open(&p->dialer, &to, &h->fd);
    if (h->fd >= 0) {
        h->facts.conn = CONN_NONE;
        probe_enter(h, PHASE_CONNECT);
        probe_want(h, EV_WRITE);
    } else {
        arm_timer(h, 0); /* the outcome is told from the loop */
    }
    if (handle != NULL)
        *handle = h;
    return ST_OK;
}

void probe_cancel(prober *p, probe_handle *handle)
{
    (void)p;
    handle_free(handle);
}
