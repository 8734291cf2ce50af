#include "benchmarks/bare_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOTS_MAX = 1024 };

/* SMTP: what is sent once `expect` begins the last line read; TLS begins with the step that says
 * so, and the second EHLO with its end. */
struct step {
    const char *expect, *send;
    bool handshake;
};
static const struct step smtp_steps[] = {
    {"220 ", "EHLO bench.example\r\n", false},
    {"250 ", "STARTTLS\r\n", false},
    {"220 ", NULL, true},
    {"250 ", "QUIT\r\n", false},
    {"221 ", NULL, false},
};

struct slot {
    int fd;
    SSL *ssl;
    size_t step;
    bool shaking;
    size_t got;
};
struct run {
    const struct endpoint *at;
    bool smtp;
    const char *host;
    X509_STORE *store;
    SSL_CTX *shared;
    int epoll;
    size_t left, good, open;
};

static SSL_CTX *new_ctx(struct run *r)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set1_cert_store(ctx, r->store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

static void begin_tls(struct run *r, struct slot *s)
{
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    SSL_CTX *ctx = r->shared != NULL ? r->shared : new_ctx(r);
    s->ssl = SSL_new(ctx);
    if (ctx != r->shared)
        SSL_CTX_free(ctx);
    SSL_set_fd(s->ssl, s->fd);
    SSL_set_tlsext_host_name(s->ssl, r->host);
    SSL_set1_host(s->ssl, r->host);
    if (!r->smtp)
        SSL_set_alpn_protos(s->ssl, alpn, sizeof alpn - 1);
    SSL_set_connect_state(s->ssl);
    s->shaking = true;
}

static void open_slot(struct run *r, struct slot *s)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(r->at, &ss);
    int on = 1;
    *s = (struct slot){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(s->fd, (struct sockaddr *)&ss, len) != 0 && errno != EINPROGRESS) {
        perror("connect");
        exit(1);
    }
    /* The SMTP server speaks first; TLS begins when the connection is made. */
    struct epoll_event ev = {.events = r->smtp ? EPOLLIN : EPOLLOUT, .data.ptr = s};
    epoll_ctl(r->epoll, EPOLL_CTL_ADD, s->fd, &ev);
    r->open++;
    r->left--;
}

static void close_slot(struct run *r, struct slot *s, bool good)
{
    if (s->ssl != NULL)
        SSL_shutdown(s->ssl);
    SSL_free(s->ssl);
    ERR_clear_error();
    close(s->fd);
    r->good += good;
    r->open--;
    if (r->left > 0)
        open_slot(r, s);
}

static void send_text(struct slot *s, const char *text)
{
    int len = (int)strlen(text);
    if ((s->ssl != NULL ? SSL_write(s->ssl, text, len)
                        : (int)send(s->fd, text, (size_t)len, MSG_NOSIGNAL)) != len)
        abort();
}

static void greet(struct run *r, struct slot *s)
{
    char text[512];
    s->shaking = false;
    if (r->smtp)
        snprintf(text, sizeof text, "EHLO bench.example\r\n");
    else
        snprintf(text, sizeof text,
                 "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                 r->host);
    send_text(s, text);
    s->step += r->smtp;
}

/* -1: nothing more for now; 0: the end. */
static int get_text(struct slot *s, char *p, size_t size)
{
    if (s->ssl == NULL)
        return (int)recv(s->fd, p, size, 0);
    int n = SSL_read(s->ssl, p, (int)size);
    return n > 0 ? n : SSL_get_error(s->ssl, n) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static bool last_line_begins(const char *p, size_t len, const char *with)
{
    if (len == 0 || p[len - 1] != '\n')
        return false;
    size_t start = len - 1;
    while (start > 0 && p[start - 1] != '\n')
        start--;
    return len - start >= strlen(with) && memcmp(p + start, with, strlen(with)) == 0;
}

static void on_event(struct run *r, struct slot *s)
{
    char text[8192];
    if (!r->smtp && s->ssl == NULL) {
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};
        epoll_ctl(r->epoll, EPOLL_CTL_MOD, s->fd, &ev);
        begin_tls(r, s);
    }
    for (;;) {
        if (s->shaking) {
            int rc = SSL_do_handshake(s->ssl);
            if (rc != 1) {
                if (SSL_get_error(s->ssl, rc) != SSL_ERROR_WANT_READ)
                    close_slot(r, s, false);
                return;
            }
            greet(r, s);
        }
        int n = get_text(s, text, sizeof text);
        if (n < 0)
            return;
        if (n == 0) {
            close_slot(r, s, !r->smtp && s->got > 0);
            return;
        }
        s->got += (size_t)n;
        const struct step *step = &smtp_steps[s->step];
        if (!r->smtp || !last_line_begins(text, (size_t)n, step->expect))
            continue;
        if (step->handshake) {
            begin_tls(r, s);
            continue;
        }
        if (step->send == NULL) {
            close_slot(r, s, true);
            return;
        }
        send_text(s, step->send);
        s->step++;
    }
}

size_t bare_run(const struct endpoint *at, bool smtp, const char *host, X509_STORE *store, size_t n,
                size_t in_flight)
{
    static struct slot slots[SLOTS_MAX];
    struct epoll_event events[64];
    struct run r = {.at = at, .smtp = smtp, .host = host, .store = store, .left = n};
    r.epoll = epoll_create1(EPOLL_CLOEXEC);
    r.shared = smtp ? new_ctx(&r) : NULL;
    for (size_t i = 0; i < in_flight && i < SLOTS_MAX && r.left > 0; i++)
        open_slot(&r, &slots[i]);
    while (r.open > 0) {
        int ready = epoll_wait(r.epoll, events, 64, 60000);
        if (ready <= 0)
            break;
        for (int i = 0; i < ready; i++)
            on_event(&r, events[i].data.ptr);
    }
    SSL_CTX_free(r.shared);
    close(r.epoll);
    return r.good;
}
