#include "scanner/net/page_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PAGE_MAX_BYTES = 1024 * 1024, ACCEPT_PAUSE_S = 1 };

/* What a client is told. */
enum code {
    CODE_OK = 200,
    CODE_BAD_REQUEST = 400,
    CODE_NOT_FOUND = 404,
    CODE_BAD_METHOD = 405,
    CODE_TOO_LARGE = 431, /* RFC 6585 5 */
    CODE_FAILED = 500,
};

struct visit {
    struct visit *next, **at; /* the server's list, and what points here in it */
    page_server *server;
    struct bufferevent *io;
    struct event *deadline;
    enum code code; /* as far as the request line decides it; 0: it has not come yet */
    bool head;      /* no body is wanted */
    size_t taken;   /* bytes of the request */
};

struct page_server {
    struct evconnlistener *listener;
    struct event *pause; /* from accepting, when no descriptor was left */
    struct endpoint at;
    const char *path;
    page_fn page;
    void *arg;
    struct visit *visits;
    unsigned n_visits;
};

static void visit_end(struct visit *v)
{
    page_server *s = v->server;
    if (v->at) {
        *v->at = v->next;
        if (v->next)
            v->next->at = v->at;
        if (s->n_visits-- == PAGE_CONNECTIONS_MAX)
            evconnlistener_enable(s->listener);
    }
    if (v->deadline)
        event_free(v->deadline);
    if (v->io)
        bufferevent_free(v->io);
    free(v);
}

/* ---- the request ---------------------------------------------------------------------------- */

/* A target's path: without a query, and of the absolute form (RFC 9112 3.2.2) what is behind the
 * host. */
static struct slice path_of(struct slice target)
{
    static const char scheme[] = "http://";
    if (slice_starts(target, SLICE_LIT(scheme))) {
        const char *host = target.p + sizeof scheme - 1;
        const char *slash = memchr(host, '/', target.len - (sizeof scheme - 1));
        target =
            slash ? (struct slice){slash, target.len - (size_t)(slash - target.p)} : SLICE_LIT("/");
    }
    const char *query = memchr(target.p, '?', target.len);
    return query ? (struct slice){target.p, (size_t)(query - target.p)} : target;
}

/* `METHOD SP TARGET SP HTTP/1.x` (RFC 9112 3). */
static enum code judge_line(struct visit *v, struct slice line)
{
    const char *one = memchr(line.p, ' ', line.len);
    const char *end = line.p + line.len;
    const char *two = one ? memchr(one + 1, ' ', (size_t)(end - one - 1)) : NULL;
    if (!two || two == one + 1 ||
        !slice_starts((struct slice){two + 1, (size_t)(end - two - 1)}, SLICE_LIT("HTTP/1.")))
        return CODE_BAD_REQUEST;
    struct slice method = {line.p, (size_t)(one - line.p)};
    v->head = slice_eq(method, SLICE_LIT("HEAD"));
    if (!v->head && !slice_eq(method, SLICE_LIT("GET")))
        return CODE_BAD_METHOD;
    struct slice path = path_of((struct slice){one + 1, (size_t)(two - one - 1)});
    return slice_eq(path, slice_of(v->server->path)) ? CODE_OK : CODE_NOT_FOUND;
}

/* Takes lines as they come; true when the empty one behind the header has. */
static bool request_is_whole(struct visit *v, struct evbuffer *in)
{
    size_t len;
    char *line;
    while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF))) {
        bool empty = len == 0, first = v->code == 0;
        v->taken += len + 2;
        if (first && !empty)
            v->code = judge_line(v, (struct slice){line, len});
        free(line);
        if (v->taken > PAGE_REQUEST_MAX_BYTES)
            break;
        if (empty && !first)
            return true;
    }
    if (v->taken + evbuffer_get_length(in) <= PAGE_REQUEST_MAX_BYTES)
        return false;
    v->code = CODE_TOO_LARGE;
    return true;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static const char *reason_of(enum code code)
{
    switch (code) {
    case CODE_OK:
        return "OK";
    case CODE_BAD_REQUEST:
        return "Bad Request";
    case CODE_NOT_FOUND:
        return "Not Found";
    case CODE_BAD_METHOD:
        return "Method Not Allowed";
    case CODE_TOO_LARGE:
        return "Request Header Fields Too Large";
    case CODE_FAILED:
        break;
    }
    return "Internal Server Error";
}

static void on_written(struct bufferevent *io, void *arg)
{
    (void)io;
    visit_end(arg);
}

static void answer(struct visit *v)
{
    page_server *s = v->server;
    struct strbuf text;
    strbuf_init(&text, PAGE_MAX_BYTES);
    if (v->code == CODE_OK && s->page(s->arg, &text) != ST_OK)
        v->code = CODE_FAILED;
    if (v->code != CODE_OK) {
        strbuf_clear(&text);
        strbuf_printf(&text, "%d %s\n", (int)v->code, reason_of(v->code));
    }
    struct evbuffer *out = bufferevent_get_output(v->io);
    bufferevent_disable(v->io, EV_READ);
    bufferevent_setcb(v->io, NULL, on_written, NULL, v);
    int wrote = evbuffer_add_printf(out,
                                    "HTTP/1.1 %d %s\r\n"
                                    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                                    "Content-Length: %zu\r\n%sConnection: close\r\n\r\n",
                                    (int)v->code, reason_of(v->code), text.len,
                                    v->code == CODE_BAD_METHOD ? "Allow: GET, HEAD\r\n" : "");
    bool ok =
        wrote > 0 && text.error == ST_OK && (v->head || evbuffer_add(out, text.p, text.len) == 0);
    strbuf_free(&text);
    if (!ok)
        visit_end(v);
}

/* ---- a connection --------------------------------------------------------------------------- */

static void on_read(struct bufferevent *io, void *arg)
{
    struct visit *v = arg;
    if (request_is_whole(v, bufferevent_get_input(io)))
        answer(v);
}

static void on_event(struct bufferevent *io, short what, void *arg)
{
    (void)io;
    (void)what;
    visit_end(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    visit_end(arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int from_len, void *arg)
{
    static const struct timeval most = {PAGE_TIMEOUT_S, 0};
    page_server *s = arg;
    struct event_base *base = evconnlistener_get_base(listener);
    struct visit *v = calloc(1, sizeof *v);
    (void)from;
    (void)from_len;
    if (!v) {
        evutil_closesocket(fd);
        return;
    }
    v->server = s;
    if (!(v->io = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE))) {
        evutil_closesocket(fd);
        visit_end(v);
        return;
    }
    bufferevent_setcb(v->io, on_read, NULL, on_event, v);
    bufferevent_setwatermark(v->io, EV_READ, 0, PAGE_REQUEST_MAX_BYTES + 1);
    if (!(v->deadline = evtimer_new(base, on_deadline, v)) || event_add(v->deadline, &most) != 0 ||
        bufferevent_enable(v->io, EV_READ | EV_WRITE) != 0) {
        visit_end(v);
        return;
    }
    v->next = s->visits;
    v->at = &s->visits;
    if (v->next)
        v->next->at = &v->next;
    s->visits = v;
    if (++s->n_visits == PAGE_CONNECTIONS_MAX)
        evconnlistener_disable(listener);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    page_server *s = arg;
    (void)fd;
    (void)what;
    if (s->n_visits < PAGE_CONNECTIONS_MAX)
        evconnlistener_enable(s->listener);
}

/* No descriptor or memory: who waits would be tried again in every turn of the loop. */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
    static const struct timeval pause = {ACCEPT_PAUSE_S, 0};
    const page_server *s = arg;
    evconnlistener_disable(listener);
    event_add(s->pause, &pause);
}

/* ---- the server ----------------------------------------------------------------------------- */

/* The port that the kernel chose. */
static void learn_port(page_server *s)
{
    struct sockaddr_storage ss;
    struct endpoint at;
    socklen_t len = sizeof ss;
    if (getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&ss, &len) == 0 &&
        endpoint_of_sockaddr((struct sockaddr *)&ss, &at))
        s->at.port = at.port;
}

enum status page_server_new(struct event_base *base, const struct endpoint *at, const char *path,
                            page_fn page, void *arg, page_server **out)
{
    struct sockaddr_storage ss;
    page_server *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    *s = (page_server){.at = *at, .path = path, .page = page, .arg = arg};
    enum status st = (s->pause = evtimer_new(base, on_pause_over, s)) ? ST_OK : ST_NOMEM;
    if (st == ST_OK) {
        int len = (int)endpoint_sockaddr(at, &ss);
        s->listener = evconnlistener_new_bind(
            base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
            PAGE_CONNECTIONS_MAX, (struct sockaddr *)&ss, len);
        st = s->listener ? ST_OK : ST_IO;
    }
    if (st != ST_OK) {
        int err = errno;
        page_server_free(s);
        errno = err;
        return st;
    }
    evconnlistener_set_error_cb(s->listener, on_accept_failed);
    learn_port(s);
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
    while (s->visits)
        visit_end(s->visits);
    if (s->listener)
        evconnlistener_free(s->listener);
    if (s->pause)
        event_free(s->pause);
    free(s);
}
