/* fetch_curl - libcurl on the event loop: multi_socket, easy handles kept for reuse, and the
 * callbacks by which sockets come from behind the guard and handshakes are recorded. */
#include "scanner/net/fetch_internal.h"

#include "scanner/net/tls_crypto.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { FETCH_CONNECT_TO_MAX_BYTES = ADDR_TEXT_MAX_BYTES + 16 };

/* ---- what it hands over --------------------------------------------------------------------- */

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

/* ---- its sockets ---------------------------------------------------------------------------- */

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

/* libcurl may open no socket of its own, and none to elsewhere: it gets the connected one, once.
 * When it would begin anew (a server that takes the request back, or HTTP/2) no limiter would know
 * of the connection: that is the caller's. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
    fetch_handle *h = arg;
    int fd = h->fd;
    if (purpose != CURLSOCKTYPE_IPCXN || h->ride != NULL || !is_address_of(sa, &h->to))
        return CURL_SOCKET_BAD;
    if (fd < 0) {
        h->taken_back = true;
        return CURL_SOCKET_BAD;
    }
    h->fd = -1;
    h->curl_fd = fd;
    return fd;
}

static int on_socket_options(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg;
    (void)fd;
    (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* Bounds what is read over plain HTTP, as tls_verify does in TLS: libcurl tells nobody of what
 * stands between chunks. */
static int on_progress(void *arg, curl_off_t down_max, curl_off_t down, curl_off_t up_max,
                       curl_off_t up)
{
    const fetch_handle *h = arg;
    struct tcp_info info = {.tcpi_bytes_received = 0};
    socklen_t len = sizeof info;
    int unread = 0;
    (void)down_max, (void)down, (void)up_max, (void)up;
    if (h->curl_fd < 0 || getsockopt(h->curl_fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        ioctl(h->curl_fd, SIOCINQ, &unread) != 0)
        return 0;
    return info.tcpi_bytes_received > h->rec.received_max + (size_t)unread;
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
        fetch_finish_transfer(h, code, false);
    }
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

/* Telling libcurl would end all that it has under way. */
static void cannot_watch(CURL *easy)
{
    fetch_handle *h = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&h) == CURLE_OK && h != NULL)
        fetch_abandon_soon(h);
}

/* libcurl says what it waits for on a socket; ev is what was assigned to it. */
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    fetcher *f = arg;
    struct event *ev = assigned;
    short events = EV_PERSIST;
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
        curl_multi_assign(f->multi, fd, ev);
    } else {
        event_del(ev);
        event_assign(ev, f->base, fd, events, on_curl_io, f);
    }
    if (ev == NULL || event_add(ev, NULL) != 0)
        cannot_watch(easy);
    return 0;
}

/* A timer that is due no later stays as it is, and libcurl says what is left when it came too
 * early. To add it anew would take it from the queue of what this turn of the loop has yet to call:
 * where each turn begins a fetch it would never be called, and no fetch would go on. */
static int on_curl_timeout(CURLM *multi, long timeout_ms, void *arg)
{
    fetcher *f = arg;
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    int64_t at_ms = now_ms() + timeout_ms;
    (void)multi;
    if (timeout_ms < 0)
        return event_del(f->timer);
    if (event_pending(f->timer, EV_TIMEOUT, NULL) && f->timer_at_ms <= at_ms)
        return 0;
    f->timer_at_ms = at_ms;
    return event_add(f->timer, &tv);
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
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    return c;
}

enum status fetch_curl_enter(fetch_handle *h)
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
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
                     (long)(h->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, h);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, h->plain ? 0L : 1L);
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

void fetch_curl_leave(fetch_handle *h)
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

/* ---- for all fetches ------------------------------------------------------------------------ */

enum status fetch_curl_open(fetcher *f)
{
    f->multi = curl_multi_init();
    f->timer = evtimer_new(f->base, on_curl_timer, f);
    if (f->multi == NULL || f->timer == NULL)
        return ST_NOMEM;
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_curl_timeout);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return ST_OK;
}

void fetch_curl_close(fetcher *f)
{
    while (f->n_idle > 0)
        curl_easy_cleanup(f->idle[--f->n_idle]);
    if (f->multi != NULL)
        curl_multi_cleanup(f->multi);
    if (f->timer != NULL)
        event_free(f->timer);
}
