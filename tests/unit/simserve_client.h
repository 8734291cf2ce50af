/*
 * simserve_client - a plain client for the tests of simnet's servers
 *
 * Blocking calls over loopback. Every read is bounded by CLIENT_WAIT_MS, so that a server that says
 * nothing fails a test instead of hanging it. It is less than the servers' CONN_LINGER_MS: a
 * connection that they forget to end does not end in time.
 */
#ifndef TESTS_SIMSERVE_CLIENT_H
#define TESTS_SIMSERVE_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_WAIT_MS 8000
#define CLIENT_TEXT_MAX (256 * 1024)

/* Returns the descriptor, or -1 with errno set. */
int client_connect(uint32_t addr, uint16_t port);

struct client_tls {
    SSL *ssl;      /* NULL when the handshake failed */
    int alert;     /* the fatal alert that was received, or -1 */
    int ssl_error; /* SSL_get_error() of the failed handshake */
    long reason;   /* ERR_GET_REASON() of it */
    long verify;   /* X509_V_*: what PKIX says of the chain */
    char alpn[16]; /* "" when none was chosen */
};

/* ca_file: the only anchor. Old versions and weak keys are accepted: they are judged by the test.
 */
SSL_CTX *client_context(const char *ca_file);

/* sni NULL: none. alpn in wire format, or NULL. */
void client_handshake(struct client_tls *tls, SSL_CTX *ctx, int fd, const char *sni,
                      const char *alpn);
void client_tls_free(struct client_tls *tls);

/* How a read ended. */
enum client_end {
    CLIENT_FOUND, /* the text that was waited for came */
    CLIENT_EOF,
    CLIENT_RESET,
    CLIENT_ERROR, /* TLS protocol error, or nothing came in time */
};

struct client_text {
    char p[CLIENT_TEXT_MAX]; /* NUL-terminated */
    size_t len;
};

/* Appends what comes until `until` has come (NULL: until the end). ssl NULL: in clear from fd. */
enum client_end client_read(int fd, SSL *ssl, const char *until, struct client_text *text);
bool client_write(int fd, SSL *ssl, const char *text);

/* One GET over HTTP/2. status 0: no complete response came. complete: the stream ended in order. */
struct client_h2 {
    unsigned status;
    char content_type[64];
    bool complete;
    enum client_end end; /* of the connection, when not complete */
    struct client_text body;
};
void client_get_h2(SSL *ssl, const char *host, const char *path, struct client_h2 *out);

#endif
