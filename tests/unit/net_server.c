#include "tests/unit/net_server.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the listener --------------------------------------------------------------------------- */

static void *run(void *arg)
{
    struct net_server *s = arg;
    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        atomic_fetch_add(&s->connections, 1);
        s->speak(fd, s->arg);
        close(fd);
    }
}

enum { BACKLOG = 64 };

static void listen_at(struct net_server *s, const char *ip, int backlog,
                      void (*speak)(int fd, void *arg), void *arg)
{
    struct sockaddr_storage ss;
    memset(s, 0, sizeof *s);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(net_addr_parse(slice_of(ip), &s->at.ip), ST_OK);
    s->speak = speak;
    s->arg = arg;
    s->fd = socket(s->at.ip.family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    socklen_t len = endpoint_sockaddr(&s->at, &ss);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(listen(s->fd, backlog), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&ss, &len), 0);
    uint16_t port; /* stands at the same place in both families */
    memcpy(&port, (const char *)&ss + 2, sizeof port);
    s->at.port = (uint16_t)(port >> 8 | port << 8);
    s->filler = -1;
}

void net_server_start(struct net_server *s, const char *ip, void (*speak)(int fd, void *arg),
                      void *arg)
{
    listen_at(s, ip, BACKLOG, speak, arg);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

/* A queue of none takes one connection, and drops the SYNs of all others. */
void net_server_start_asleep(struct net_server *s, const char *ip, void (*speak)(int fd, void *arg),
                             void *arg)
{
    struct sockaddr_storage ss;
    listen_at(s, ip, 0, speak, arg);
    socklen_t len = endpoint_sockaddr(&s->at, &ss);
    s->filler = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(s->filler, (struct sockaddr *)&ss, len), 0);
}

void net_server_wake(struct net_server *s)
{
    close(s->filler);
    s->filler = -1;
    int first = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
    assert_true(first >= 0);
    close(first);
    assert_int_equal(listen(s->fd, BACKLOG), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void net_server_stop(struct net_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    if (s->filler < 0)
        pthread_join(s->thread, NULL);
    else
        close(s->filler);
    close(s->fd);
}

void net_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void net_drain(int fd)
{
    char buffer[4096];
    while (recv(fd, buffer, sizeof buffer, 0) > 0)
        ;
}

static void send_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

/* ---- TLS ------------------------------------------------------------------------------------ */

static int pick_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char h2[] = "\x02h2", h1[] = "\x08http/1.1";
    const struct net_tls *t = arg;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, t->h2 ? h2 : h1,
                              (unsigned)(t->h2 ? sizeof h2 : sizeof h1) - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int refuse_name(SSL *ssl, int *alert, void *arg)
{
    (void)ssl;
    (void)arg;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int staple(SSL *ssl, void *arg)
{
    const struct net_tls *t = arg;
    uint8_t *copy = OPENSSL_memdup(t->ocsp, t->ocsp_len);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)t->ocsp_len);
    return SSL_TLSEXT_ERR_OK;
}

/* No prime, but of that length: finding one takes minutes. */
static EVP_PKEY *dh_parameters(int bits)
{
    BIGNUM *p = BN_new(), *g = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(BN_rand(p, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    BN_set_word(g, 2);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, p);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, g);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
    assert_int_equal(EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEY_PARAMETERS, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(maker);
    BN_free(p);
    BN_free(g);
    return key;
}

SSL_CTX *net_tls_ctx(const struct net_tls *t)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, t->min_version != 0 ? t->min_version : TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, t->max_version);
    if (t->ciphers != NULL)
        SSL_CTX_set_cipher_list(ctx, t->ciphers);
    if (t->dh_bits == 0)
        SSL_CTX_set_dh_auto(ctx, 1);
    else
        assert_int_equal(SSL_CTX_set0_tmp_dh_pkey(ctx, dh_parameters(t->dh_bits)), 1);
    SSL_CTX_use_certificate(ctx, t->leaf->x509);
    SSL_CTX_use_PrivateKey(ctx, t->leaf->key);
    for (size_t i = 0; i < t->n_extra; i++)
        SSL_CTX_add1_chain_cert(ctx, t->extra[i]->x509);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_alpn_select_cb(ctx, pick_alpn, (void *)(uintptr_t)t);
    if (t->refuse_sni)
        SSL_CTX_set_tlsext_servername_callback(ctx, refuse_name);
    if (t->want_client_cert)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (t->ocsp != NULL) {
        SSL_CTX_set_tlsext_status_cb(ctx, staple);
        SSL_CTX_set_tlsext_status_arg(ctx, (void *)(uintptr_t)t);
    }
    return ctx;
}

SSL *net_tls_accept(SSL_CTX *ctx, int fd)
{
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    ERR_clear_error();
    return NULL;
}

void net_tls_close(SSL *ssl)
{
    SSL_shutdown(ssl);
    SSL_free(ssl);
    ERR_clear_error();
}

/* ---- HTTP/1.1 ------------------------------------------------------------------------------- */

static size_t get(SSL *ssl, int fd, char *p, size_t size)
{
    ssize_t n = ssl != NULL ? SSL_read(ssl, p, (int)size) : recv(fd, p, size, 0);
    return n > 0 ? (size_t)n : 0;
}

static void put(SSL *ssl, int fd, const char *p, size_t len)
{
    if (len == 0)
        return;
    if (ssl != NULL)
        SSL_write(ssl, p, (int)len);
    else
        send_all(fd, p, len);
}

void net_https_speak(int fd, void *arg)
{
    struct net_https *s = arg;
    SSL_CTX *ctx = s->plain ? NULL : net_tls_ctx(&s->tls);
    SSL *ssl = s->plain ? NULL : net_tls_accept(ctx, fd);
    size_t len = 0, n;
    if (s->plain || ssl != NULL) {
        s->request[0] = '\0';
        while (strstr(s->request, "\r\n\r\n") == NULL && len < sizeof s->request - 1 &&
               (n = get(ssl, fd, s->request + len, sizeof s->request - 1 - len)) > 0) {
            len += n;
            s->request[len] = '\0';
        }
        for (size_t i = 0; len > 0 && i <= s->answer_times; i++)
            put(ssl, fd, s->answer, s->answer_len > 0 ? s->answer_len : strlen(s->answer));
        if (s->hang)
            net_drain(fd);
        if (s->reset)
            net_reset(fd);
    } else {
        net_drain(fd);
    }
    if (ssl != NULL && (s->no_bye || s->reset))
        SSL_free(ssl);
    else if (ssl != NULL)
        net_tls_close(ssl);
    SSL_CTX_free(ctx);
}

/* ---- SMTP ----------------------------------------------------------------------------------- */

/* One line into line; false at the end of the stream. */
static bool get_line(SSL *ssl, int fd, char *line, size_t size)
{
    size_t len = 0;
    char c;
    while (get(ssl, fd, &c, 1) == 1) {
        if (c == '\n') {
            line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
            return true;
        }
        if (len < size - 1)
            line[len++] = c;
    }
    return false;
}

/* False when the connection is not to go on. */
static bool answer(SSL *ssl, int fd, const char *text)
{
    if (text == NULL) {
        net_drain(fd);
        return false;
    }
    if (strcmp(text, "!") == 0)
        net_reset(fd);
    if (text[0] == '\0' || strcmp(text, "!") == 0)
        return false;
    put(ssl, fd, text, strlen(text));
    return true;
}

static const char *reply_to(const struct net_smtp *s, const char *line, bool tls)
{
    if (strncmp(line, "EHLO ", 5) == 0)
        return tls ? s->ehlo_tls : s->ehlo;
    if (strncmp(line, "HELO ", 5) == 0)
        return s->helo;
    if (strcmp(line, "STARTTLS") == 0)
        return s->starttls;
    return strcmp(line, "QUIT") == 0 ? s->quit : "502 no\r\n";
}

void net_smtp_speak(int fd, void *arg)
{
    struct net_smtp *s = arg;
    SSL_CTX *ctx = NULL;
    SSL *ssl = NULL;
    char line[600];
    size_t used = 0;
    s->log[0] = '\0';
    bool go_on = answer(NULL, fd, s->banner);
    while (go_on && get_line(ssl, fd, line, sizeof line)) {
        used += (size_t)snprintf(s->log + used, sizeof s->log - used, "%s\n", line);
        const char *reply = reply_to(s, line, ssl != NULL);
        go_on = answer(ssl, fd, reply);
        if (!go_on || strcmp(line, "STARTTLS") != 0 || strncmp(reply, "220", 3) != 0)
            continue;
        if (s->after_starttls != NULL) {
            if (answer(NULL, fd, s->after_starttls))
                net_drain(fd);
            break;
        }
        ctx = net_tls_ctx(&s->tls);
        ssl = net_tls_accept(ctx, fd);
        go_on = ssl != NULL;
        if (go_on)
            used += (size_t)snprintf(s->log + used, sizeof s->log - used, "TLS\n");
    }
    if (ssl != NULL)
        net_tls_close(ssl);
    SSL_CTX_free(ctx);
}
