/* fetch - a fetch from its dialling to what it says in the end; fetch_curl.c is the transfer. */
#include "scanner/net/fetch_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FETCH_ARENA_MAX_BYTES = 512 << 10,     /* strings of one fetch, its body aside */
    FETCH_RIDE_OTHER_MAX_BYTES = 64 << 10, /* read for a rider beside its body */
};

/* ---- life ----------------------------------------------------------------------------------- */

static void drop_connection(fetch_handle *h)
{
    fetch_shared_connection_free(h->cache, h->ctx);
    h->cache = NULL;
    h->ctx = NULL;
}

static void handle_free(fetch_handle *h)
{
    fetch_curl_leave(h);
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
    fetch_curl_leave(h);
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
                                .taken_back = h->taken_back,
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
    fetch_curl_leave(h);
    response_end(&h->response, http_end_of(h, code, timed_out));
    fetch_shared_tell(h);
    if (h->response.http.status == 0 && !timed_out)
        h->facts.conn = CONN_ABANDONED;
    finish(h);
}

void fetch_finish_transfer(fetch_handle *h, CURLcode code, bool timed_out)
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
    fetch_curl_leave(h);
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
    else if (fetch_curl_enter(h) != ST_OK)
        finish_conn(h, CONN_ABANDONED);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    fetch_handle *h = arg;
    int64_t now = now_ms();
    (void)fd;
    (void)what;
    if (h->unheard) {
        finish_conn(h, CONN_ABANDONED);
    } else if (h->easy == NULL && h->fd < 0) {
        finish(h); /* it never began: facts.conn says why */
    } else if (!deadline_is_up(&h->deadline, now)) {
        arm_timer(h, h->deadline.at_ms - now);
    } else if (h->easy == NULL) {
        finish_conn(h, CONN_TIMEOUT);
    } else {
        fetch_finish_transfer(h, CURLE_OPERATION_TIMEDOUT, true);
    }
}

void fetch_abandon_soon(fetch_handle *h)
{
    h->unheard = true;
    arm_timer(h, 0);
}

/* ---- beginning ------------------------------------------------------------------------------ */

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

/* A fetch that has not begun; what it rides on has one user more. */
static fetch_handle *handle_new(fetcher *f, const struct fetch_request *req)
{
    fetch_handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->owner = f;
    h->fd = h->curl_fd = -1;
    h->plain = req->plain;
    h->http1 = req->http1;
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
    h->lead = req->lead && !req->plain;
    h->ride = req->ride;
    if (h->ride != NULL) {
        h->ride->users++;
        h->ride->rec.received_max += req->body_max_bytes + FETCH_RIDE_OTHER_MAX_BYTES;
    }
    return h;
}

enum status fetch_start(fetcher *f, const struct fetch_request *req, fetch_done_fn done, void *arg,
                        fetch_handle **handle)
{
    if (!is_url_host(req->host) || !is_url_path(req->path))
        return ST_INVALID;
    fetch_handle *h = handle_new(f, req);
    if (h == NULL)
        return ST_NOMEM;
    h->done = done;
    h->arg = arg;
    h->host = strdup(req->host);
    h->timer = evtimer_new(f->base, on_timer, h);
    enum status st = h->host != NULL && h->timer != NULL ? make_url(h, req->path) : ST_NOMEM;
    if (st == ST_OK)
        st = h->ride != NULL ? fetch_curl_enter(h) : dial(h);
    if (st != ST_OK) {
        handle_free(h);
        return st;
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
    if (fetch_curl_open(f) != ST_OK) {
        fetcher_free(f);
        return ST_NOMEM;
    }
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
    fetch_curl_close(f);
    free(f);
}
