#include "scanner/net/page_server.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PAGE_MAX_BYTES = 1024 * 1024 };

struct page_server {
    struct evhttp *http;
    struct endpoint at;
    page_fn page;
    void *arg;
};

static void on_request(struct evhttp_request *req, void *arg)
{
    const page_server *s = arg;
    struct strbuf text;
    strbuf_init(&text, PAGE_MAX_BYTES);
    enum status st = s->page(s->arg, &text);
    struct evbuffer *body = st == ST_OK ? evbuffer_new() : NULL;
    if (body && evbuffer_add(body, text.p, text.len) == 0) {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
                          "text/plain; version=0.0.4; charset=utf-8");
        evhttp_send_reply(req, HTTP_OK, "OK", body);
    } else {
        evhttp_send_error(req, HTTP_INTERNAL, NULL);
    }
    if (body)
        evbuffer_free(body);
    strbuf_free(&text);
}

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

enum status page_server_new(struct event_base *base, const struct endpoint *at, const char *path,
                            page_fn page, void *arg, page_server **out)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    page_server *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NOMEM;
    *s = (page_server){.http = evhttp_new(base), .at = *at, .page = page, .arg = arg};
    enum status st = s->http ? ST_OK : ST_NOMEM;
    if (st == ST_OK) {
        evhttp_set_max_headers_size(s->http, PAGE_REQUEST_MAX_BYTES);
        evhttp_set_max_body_size(s->http, PAGE_REQUEST_MAX_BYTES);
        evhttp_set_timeout(s->http, PAGE_TIMEOUT_S);
        evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
        net_addr_text(&at->ip, ip);
        struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(s->http, ip, at->port);
        if (!bound || evhttp_set_cb(s->http, path, on_request, s) != 0)
            st = ST_IO;
        else
            learn_port(s, evhttp_bound_socket_get_fd(bound));
    }
    if (st != ST_OK) {
        page_server_free(s);
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
    free(s);
}
