#include "scanner/net/page_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PAGE_MAX_BYTES = 1024 * 1024, SWEEP_MS = 100 };

/* A connection: evhttp's, but we hold a reference, so that it can be looked at. */
struct visit {
    struct bufferevent *io; /* NULL: the place is free */
    unsigned sweeps;        /* that it has seen */
};

struct page_server {
    struct evhttp *http;
    struct evconnlistener *listener; /* evhttp's */
    struct event *sweep;
    struct endpoint at;
    page_fn page;
    void *arg;
    struct visit visit[PAGE_CONNECTIONS_MAX];
    unsigned n_visits;
};

/* ---- connections ---------------------------------------------------------------------------- */

static void sweep_soon(const page_server *s)
{
    static const struct timeval soon = {0, SWEEP_MS * 1000L};
    event_add(s->sweep, &soon);
}

/* evhttp makes a connection of what was accepted: this is to be its bufferevent. NULL, for want of
 * memory, has evhttp make one by itself, which nobody counts. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    page_server *s = arg;
    struct bufferevent *io = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    for (unsigned i = 0; io && i < PAGE_CONNECTIONS_MAX; i++) {
        if (s->visit[i].io)
            continue;
        bufferevent_incref(io);
        s->visit[i] = (struct visit){.io = io};
        if (++s->n_visits == PAGE_CONNECTIONS_MAX)
            evconnlistener_disable(s->listener);
        sweep_soon(s);
        break;
    }
    return io;
}

static void leave(page_server *s, struct visit *v)
{
    bufferevent_decref(v->io);
    v->io = NULL;
    s->n_visits--;
}

/* evhttp has given it up: nobody is told of it any more. */
static bool is_over(struct bufferevent *io)
{
    bufferevent_event_cb told;
    bufferevent_getcb(io, NULL, NULL, &told, NULL);
    return told == NULL;
}

/* Gives the places back of those that evhttp is done with, and shuts those down whose time is up:
 * evhttp's own timeout begins anew with each byte. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    page_server *s = arg;
    (void)fd;
    (void)what;
    for (unsigned i = 0; i < PAGE_CONNECTIONS_MAX; i++) {
        struct visit *v = &s->visit[i];
        if (!v->io)
            continue;
        bool over = is_over(v->io);
        bool late = ++v->sweeps > PAGE_TIMEOUT_S * 1000 / SWEEP_MS;
        if (late && !over)
            shutdown(bufferevent_getfd(v->io), SHUT_RDWR); /* which evhttp reads as its end */
        if (late || over)
            leave(s, v);
    }
    if (s->n_visits < PAGE_CONNECTIONS_MAX)
        evconnlistener_enable(s->listener);
    if (s->n_visits > 0)
        sweep_soon(s);
}

/* No descriptor or memory: who waits would be tried again in every turn of the loop. */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
    const page_server *s = arg;
    evconnlistener_disable(listener);
    sweep_soon(s);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* To HEAD evhttp would send what it is given, so that it is given the length alone. */
static void on_request(struct evhttp_request *req, void *arg)
{
    const page_server *s = arg;
    bool head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    char length[32];
    struct strbuf text;
    strbuf_init(&text, PAGE_MAX_BYTES);
    enum status st = s->page(s->arg, &text);
    struct evbuffer *body = st == ST_OK ? evbuffer_new() : NULL;
    if (body && (head || evbuffer_add(body, text.p, text.len) == 0)) {
        snprintf(length, sizeof length, "%zu", text.len);
        evhttp_add_header(headers, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        evhttp_add_header(headers, "Content-Length", length);
        evhttp_send_reply(req, HTTP_OK, "OK", body);
    } else {
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
    }
    if (body)
        evbuffer_free(body);
    strbuf_free(&text);
}

/* ---- the server ----------------------------------------------------------------------------- */

/* The port that the kernel chose. */
static void learn_port(page_server *s, evutil_socket_t fd)
{
    struct sockaddr_storage ss;
    struct endpoint at;
    socklen_t len = sizeof ss;
    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
        endpoint_of_sockaddr((struct sockaddr *)&ss, &at))
        s->at.port = at.port;
}

static enum status serve(page_server *s, const struct endpoint *at, const char *path)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    evhttp_set_max_headers_size(s->http, PAGE_REQUEST_MAX_BYTES);
    evhttp_set_max_body_size(s->http, PAGE_REQUEST_MAX_BYTES);
    evhttp_set_timeout(s->http, PAGE_TIMEOUT_S);
    evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_bevcb(s->http, on_connection, s);
    net_addr_text(&at->ip, ip);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(s->http, ip, at->port);
    if (!bound || evhttp_set_cb(s->http, path, on_request, s) != 0)
        return ST_IO;
    s->listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(s->listener, on_accept_failed);
    learn_port(s, evhttp_bound_socket_get_fd(bound));
    return ST_OK;
}

enum status page_server_new(struct event_base *base, const struct endpoint *at, const char *path,
                            page_fn page, void *arg, page_server **out)
{
    page_server *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    *s = (page_server){.http = evhttp_new(base), .at = *at, .page = page, .arg = arg};
    s->sweep = evtimer_new(base, on_sweep, s);
    enum status st = s->http && s->sweep ? serve(s, at, path) : ST_NOMEM;
    if (st != ST_OK) {
        int err = errno;
        page_server_free(s);
        errno = err;
        return st;
    }
    *out = s;
    return ST_OK;
}

struct endpoint page_server_endpoint(const page_server *s)
{
    return s->at;
}

void page_server_free(page_server *s)
{
    if (!s)
        return;
    if (s->http)
        evhttp_free(s->http);
    for (unsigned i = 0; i < PAGE_CONNECTIONS_MAX; i++)
        if (s->visit[i].io)
            leave(s, &s->visit[i]);
    if (s->sweep)
        event_free(s->sweep);
    free(s);
}
