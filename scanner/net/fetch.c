/* fetch - dialling, libcurl on the event loop, and how a transfer ended. */
#include "scanner/net/fetch_internal.h"

#include "scanner/net/tls_crypto.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FETCH_ARENA_MAX_BYTES = 512 << 10,     /* strings of one fetch, its body aside */
    FETCH_RIDE_OTHER_MAX_BYTES = 64 << 10, /* read for a rider beside its body */
    FETCH_CONNECT_TO_MAX_BYTES = ADDR_TEXT_MAX_BYTES + 16,
};

/* ---- life ----------------------------------------------------------------------------------- */

/* Takes the transfer out of libcurl; a connection that nobody else may use is closed with that. */
static void leave_curl(fetch_handle *h)
{
    fetcher *f = h->owner;
    if (h->easy != NULL) {
        OSSL_LIB_CTX *before = tls_crypto_enter();
        curl_multi_remove_handle(f->multi, h->easy);
        tls_crypto_leave(before);
        if (h->lead || h->ride != NULL)
            fetch_shared_unset(h->easy);
        if (f->n_idle < FETCH_IDLE_MAX)
            f->idle[f->n_idle++] = h->easy;
        else
            curl_easy_cleanup(h->easy);
        h->easy = NULL;
    }
    curl_slist_free_all(h->connect_to);
    h->connect_to = NULL;
    curl_slist_free_all(h->header);
    h->header = NULL;
    ERR_clear_error();
}

static void drop_connection(fetch_handle *h)
{
    fetch_shared_connection_free(h->cache, h->ctx);
    h->cache = NULL;
    h->ctx = NULL;
}

static void handle_free(fetch_handle *h)
{
    leave_curl(h);
    drop_connection(h);
    fetch_shared_leave(h->ride);
    *h->link = h->next;
    if (h->next != NULL)
        h->next->link = h->link;
    if (h->io != NULL)
        event_free(h->io);
    if (h->timer != NULL)
        event_free(h->timer);
    if (h->fd >= 0)
        close(h->fd);
    tls_record_release(&h->rec);
    response_free(&h->response);
    arena_free(&h->arena);
    free(h->url);
    free(h->host);
    free(h);
}

static void finish(fetch_handle *h)
{
    leave_curl(h);
    h->facts.tls = h->rec.facts;
    h->facts.http = h->response.http;
    h->facts.total_ms = (uint32_t)(now_ms() - h->start_ms);
    fetch_shared *made = h->lead ? fetch_shared_of(h) : NULL;
    drop_connection(h); /* what is not shared */
    struct fetch_outcome out = {.facts = h->facts,
                                .names = h->rec.names,
                                .chain = h->rec.chain,
                                .aia_url = h->rec.aia_url,
                                .silent_ms = h->silent_ms,
                                .shared = made};
    h->done(h->arg, &out);
    fetch_shared_leave(made);
    handle_free(h);
}

static void finish_conn(fetch_handle *h, enum conn conn)
{
    h->facts.conn = conn;
    finish(h);
}

/* ---- how a transfer ended ------------------------------------------------------------------- */

static enum tls_end tls_end_of(const fetch_handle *h, CURLcode code, bool timed_out)
{
    const struct tls_record *rec = &h->rec;
    bool answered = h->response.http.status != 0;
    /* In TLS 1.3 the server's last word on the handshake, such as certificate_required, comes after
     * our side of it is complete. */
    if (rec->established && (code == CURLE_OK || answered || rec->facts.alert < 0))
        return TLS_END_OK;
    if (timed_out && rec->facts.alert < 0)
        return TLS_END_TIMEOUT;
    return tls_record_failure(rec);
}

static enum http_end http_end_of(const fetch_handle *h, CURLcode code, bool timed_out)
{
    if (h->response.too_large)
        return HTTP_END_TOO_LARGE;
    if (timed_out)
        return HTTP_END_TIMEOUT;
    return code == CURLE_OK ? HTTP_END_OK : HTTP_END_TRUNCATED;
}

/* Over the connection of another: when it is gone, nothing can be said. */
static void finish_ride(fetch_handle *h, CURLcode code, bool timed_out)
{
    leave_curl(h);
    response_end(&h->response, http_end_of(h, code, timed_out));
    fetch_shared_tell(h);
    if (h->response.http.status == 0 && !timed_out)
        h->facts.conn = CONN_ABANDONED;
    finish(h);
}

static void finish_transfer(fetch_handle *h, CURLcode code, bool timed_out)
{
    curl_off_t connected_us = 0, secured_us = 0, asked_us = 0, answered_us = 0;
    curl_easy_getinfo(h->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
    curl_easy_getinfo(h->easy, CURLINFO_APPCONNECT_TIME_T, &secured_us);
    curl_easy_getinfo(h->easy, CURLINFO_PRETRANSFER_TIME_T, &asked_us);
    curl_easy_getinfo(h->easy, CURLINFO_STARTTRANSFER_TIME_T, &answered_us);
    if (answered_us > asked_us)
        h->silent_ms = (uint32_t)((answered_us - asked_us) / 1000);
    /* Once the peer has spoken, out of memory is libcurl's word for a header line over its bound.
     */
    bool ours = (code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT) && !h->plain &&
                !h->rec.established;
    if (h->ride != NULL) {
        finish_ride(h, code, timed_out);
        return;
    }
    leave_curl(h);
    if (ours) {
        finish_conn(h, CONN_ABANDONED);
        return;
    }
    if (secured_us > connected_us)
        h->facts.tls_ms = (uint32_t)((secured_us - connected_us) / 1000);
    if (!h->plain)
        tls_record_end(&h->rec, tls_end_of(h, code, timed_out), h->host);
    if (h->plain || h->rec.facts.end == TLS_END_OK)
        response_end(&h->response, http_end_of(h, code, timed_out));
    finish(h);
}

/* Transfers that libcurl is done with. Callbacks may start and cancel fetches meanwhile. */
static void collect(fetcher *f)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(f->multi, &left)) != NULL;) {
        fetch_handle *h = NULL;
        CURLcode code = msg->data.result;
        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&h);
        finish_transfer(h, code, false);
    }
}

/* ---- callbacks of libcurl: data ------------------------------------------------------------- */

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    fetch_handle *h = arg;
    return response_header(&h->response, (struct slice){p, size * n}) ? size * n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    fetch_handle *h = arg;
    return response_body(&h->response, (struct slice){p, size * n}) ? size * n : 0;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
    fetch_handle *h = arg;
    (void)easy;
    if (tls_verify_setup(ctx, h->owner->trust) != ST_OK ||
        tls_verify_attach_ctx(ctx, &h->rec) != ST_OK || SSL_CTX_up_ref(ctx) != 1)
        return CURLE_OUT_OF_MEMORY;
    fetch_shared_connection_free(NULL, h->ctx);
    h->ctx = ctx;
    return CURLE_OK;
}

/* ---- callbacks of libcurl: sockets ---------------------------------------------------------- */

/* The address behind libcurl's struct, whose declared member is shorter than an IPv6 one. */
static bool is_address_of(const struct curl_sockaddr *sa, const struct endpoint *to)
{
    struct sockaddr_storage want, got = {.ss_family = AF_UNSPEC};
    socklen_t len = endpoint_sockaddr(to, &want);
    if (sa->socktype != SOCK_STREAM || sa->addrlen != len)
        return false;
    memcpy(&got, (const char *)sa + offsetof(struct curl_sockaddr, addr), len);
    return memcmp(&want, &got, len) == 0;
}

/* libcurl may open no socket of its own, and none to elsewhere: it gets the connected one, and when
 * it has to begin anew (a server that takes HTTP/2 back) another one from behind the guard. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
    fetch_handle *h = arg;
    int fd = h->fd;
    if (purpose != CURLSOCKTYPE_IPCXN || h->ride != NULL || !is_address_of(sa, &h->to))
        return CURL_SOCKET_BAD;
    h->fd = -1;
    h->handed_over = fd >= 0;
    if (fd < 0 && dial_socket(&h->owner->dialer, &h->to.ip, &fd) != CONN_OK)
        return CURL_SOCKET_BAD;
    return fd;
}

static int on_socket_options(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    const fetch_handle *h = arg;
    (void)fd;
    (void)purpose;
    return h->handed_over ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

static void act(fetcher *f, curl_socket_t fd, int flags)
{
    int running;
    OSSL_LIB_CTX *before = tls_crypto_enter();
    curl_multi_socket_action(f->multi, fd, flags, &running);
    tls_crypto_leave(before);
    collect(f);
}

static void on_curl_io(evutil_socket_t fd, short what, void *arg)
{
    fetcher *f = arg;
    int flags = 0;
    if ((what & EV_READ) != 0)
        flags |= CURL_CSELECT_IN;
    if ((what & EV_WRITE) != 0)
        flags |= CURL_CSELECT_OUT;
    act(f, fd, flags);
}

static void on_curl_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl says what it waits for on a socket; ev is what was assigned to it. */
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    fetcher *f = arg;
    struct event *ev = assigned;
    short events = EV_PERSIST;
    (void)easy;
    if (ev != NULL && what == CURL_POLL_REMOVE) {
        event_free(ev);
        curl_multi_assign(f->multi, fd, NULL);
        return 0;
    }
    if (what == CURL_POLL_REMOVE)
        return 0;
    events = (short)(events | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
    if (ev == NULL) {
        ev = event_new(f->base, fd, events, on_curl_io, f);
        if (ev == NULL)
            return -1;
        curl_multi_assign(f->multi, fd, ev);
    } else {
        event_del(ev);
        event_assign(ev, f->base, fd, events, on_curl_io, f);
    }
    return event_add(ev, NULL);
}

static int on_curl_timeout(CURLM *multi, long timeout_ms, void *arg)
{
    fetcher *f = arg;
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    (void)multi;
    return timeout_ms < 0 ? event_del(f->timer) : event_add(f->timer, &tv);
}

/* ---- easy handles --------------------------------------------------------------------------- */

/* Options that are the same for every fetch; they stay set while a handle lies idle. */
static CURL *easy_new(const fetcher *f)
{
    CURL *c = curl_easy_init();
    if (c == NULL)
        return NULL;
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* RFC 8461 3.3 */
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(c, CURLOPT_USERAGENT, f->user_agent);
    curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* else https_proxy leads round the guard */
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    /* A connection of its own for each fetch, and no memory of names. */
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 0L); /* the deadline is our own timer */
    /* Our verifier judges; libcurl's would end the handshake, and parse the bundle each time. */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* it would keep our store as its own */
    curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket_options);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    return c;
}

/* The connection is made: libcurl goes on from here. */
static enum status enter_curl(fetch_handle *h)
{
    fetcher *f = h->owner;
    char ip[ADDR_TEXT_MAX_BYTES], connect_to[FETCH_CONNECT_TO_MAX_BYTES];
    net_addr_text(&h->to.ip, ip);
    snprintf(connect_to, sizeof connect_to, h->to.ip.family == 6 ? "::[%s]:%u" : "::%s:%u", ip,
             h->to.port);
    h->connect_to = curl_slist_append(NULL, connect_to);
    CURL *c = f->n_idle > 0 ? f->idle[--f->n_idle] : easy_new(f);
    h->easy = c;
    if (c == NULL || h->connect_to == NULL)
        return ST_NOMEM;
    curl_easy_setopt(c, CURLOPT_CONNECT_TO, h->connect_to);
    curl_easy_setopt(c, CURLOPT_PRIVATE, h);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, h);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h);
    curl_easy_setopt(c, CURLOPT_SOCKOPTDATA, h);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
    /* Never before our own timer, which is the one that knows of our own delays. */
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(h->deadline.at_ms - h->start_ms) + 2 * DEADLINE_EXTENSION_MAX_MS);
    if (curl_easy_setopt(c, CURLOPT_URL, h->url) != CURLE_OK)
        return ST_NOMEM;
    free(h->url); /* it has a copy */
    h->url = NULL;
    if ((h->lead || h->ride != NULL) && fetch_shared_set(h) != ST_OK)
        return ST_NOMEM;
    return curl_multi_add_handle(f->multi, c) == CURLM_OK ? ST_OK : ST_NOMEM;
}

/* ---- dialling and the deadline -------------------------------------------------------------- */

static void arm_timer(fetch_handle *h, int64_t left_ms)
{
    if (left_ms < 0)
        left_ms = 0;
    struct timeval tv = {.tv_sec = (time_t)(left_ms / 1000),
                         .tv_usec = (suseconds_t)(left_ms % 1000) * 1000};
    event_add(h->timer, &tv);
}

static void on_connected(evutil_socket_t fd, short what, void *arg)
{
    fetch_handle *h = arg;
    (void)what;
    h->facts.conn = dial_result(fd);
    dial_tell(&h->owner->listener, h->facts.conn, &h->to.ip);
    h->facts.connect_ms = (uint32_t)(now_ms() - h->start_ms);
    if (h->facts.conn != CONN_OK)
        finish(h);
    else if (enter_curl(h) != ST_OK)
        finish_conn(h, CONN_ABANDONED);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    fetch_handle *h = arg;
    int64_t now = now_ms();
    (void)fd;
    (void)what;
    if (h->easy == NULL && h->fd < 0) {
        finish(h); /* it never began: facts.conn says why */
    } else if (!deadline_is_up(&h->deadline, now)) {
        arm_timer(h, h->deadline.at_ms - now);
    } else if (h->easy == NULL) {
        finish_conn(h, CONN_TIMEOUT);
    } else {
        finish_transfer(h, CURLE_OPERATION_TIMEDOUT, true);
    }
}

/* ---- the fetcher ---------------------------------------------------------------------------- */

enum status fetcher_new(struct event_base *base, const struct fetch_config *config, fetcher **out)
{
    *out = NULL;
    fetcher *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ST_NOMEM;
    f->base = base;
    f->trust = config->trust;
    f->signatures = config->signatures;
    f->user_agent = config->user_agent;
    f->dialer = (struct dialer){
        .guard = config->guard, .sources = config->sources, .n_sources = config->n_sources};
    f->listener = config->listener;
    f->multi = curl_multi_init();
    f->timer = evtimer_new(base, on_curl_timer, f);
    if (f->multi == NULL || f->timer == NULL) {
        fetcher_free(f);
        return ST_NOMEM;
    }
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_curl_timeout);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    *out = f;
    return ST_OK;
}

void fetcher_use_guard(fetcher *f, const guard *g)
{
    f->dialer.guard = g;
}

void fetcher_free(fetcher *f)
{
    if (f == NULL)
        return;
    while (f->live != NULL)
        finish_conn(f->live, CONN_ABANDONED);
    while (f->n_idle > 0)
        curl_easy_cleanup(f->idle[--f->n_idle]);
    if (f->multi != NULL)
        curl_multi_cleanup(f->multi);
    if (f->timer != NULL)
        event_free(f->timer);
    free(f);
}

static bool is_url_host(const char *host)
{
    for (const char *p = host; *p != '\0'; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              *p == '-' || *p == '_' || *p == '.'))
            return false;
    return host[0] != '\0' && strlen(host) <= NAME_MAX_BYTES;
}

static bool is_url_path(const char *path)
{
    for (const char *p = path; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || *p == '#' || *p == '\\')
            return false;
    return path[0] == '/';
}

static enum status make_url(fetch_handle *h, const char *path)
{
    char url[FETCH_URL_MAX_BYTES];
    int len = snprintf(url, sizeof url, "%s://%s%s", h->plain ? "http" : "https",
                       h->ride != NULL ? h->ride->host : h->host, path);
    if (len < 0 || (size_t)len >= sizeof url)
        return ST_INVALID;
    h->url = strdup(url);
    return h->url != NULL ? ST_OK : ST_NOMEM;
}

/* Begins to connect; when that ends at once, facts.conn says how, and it is told from the loop. */
static enum status dial(fetch_handle *h)
{
    h->facts.conn = dial_open(&h->owner->dialer, &h->to, &h->fd);
    if (h->fd < 0)
        return ST_OK;
    h->facts.conn = CONN_NONE;
    h->io = event_new(h->owner->base, h->fd, EV_WRITE, on_connected, h);
    return h->io != NULL && event_add(h->io, NULL) == 0 ? ST_OK : ST_NOMEM;
}

enum status fetch_start(fetcher *f, const struct fetch_request *req, fetch_done_fn done, void *arg,
                        fetch_handle **handle)
{
    if (!is_url_host(req->host) || !is_url_path(req->path))
        return ST_INVALID;
    fetch_handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ST_NOMEM;
    h->owner = f;
    h->done = done;
    h->arg = arg;
    h->fd = -1;
    h->plain = req->plain;
    h->to = req->ride != NULL ? req->ride->to : (struct endpoint){.ip = req->ip, .port = req->port};
    h->next = f->live;
    h->link = &f->live;
    if (h->next != NULL)
        h->next->link = &h->next;
    f->live = h;
    arena_init(&h->arena, FETCH_ARENA_MAX_BYTES + req->body_max_bytes);
    tls_record_init(&h->rec, &h->arena, f->trust);
    h->rec.signatures = f->signatures;
    h->rec.received_max += req->body_max_bytes;
    response_init(&h->response, &h->arena, req->body_max_bytes);
    fetch_facts_init(&h->facts);
    h->facts.ip = h->to.ip;
    h->start_ms = now_ms();
    h->deadline.at_ms = h->start_ms + req->deadline_ms;
    h->host = strdup(req->host);
    h->timer = evtimer_new(f->base, on_timer, h);
    h->lead = req->lead && !req->plain;
    h->ride = req->ride;
    if (h->ride != NULL) {
        h->ride->users++;
        h->ride->rec.received_max += req->body_max_bytes + FETCH_RIDE_OTHER_MAX_BYTES;
    }
    enum status st = h->host != NULL && h->timer != NULL ? make_url(h, req->path) : ST_NOMEM;
    if (st != ST_OK) {
        handle_free(h);
        return st;
    }

    if ((h->ride != NULL ? enter_curl(h) : dial(h)) != ST_OK) {
        handle_free(h);
        return ST_NOMEM;
    }
    arm_timer(h, h->fd >= 0 || h->ride != NULL ? req->deadline_ms : 0);
    if (handle != NULL)
        *handle = h;
    return ST_OK;
}

void fetch_cancel(fetcher *f, fetch_handle *handle)
{
    (void)f;
    handle_free(handle);
}
