/* net_server - servers on loopback for tests: one thread each, one connection after another.
 *
 * A server's behaviour is a function that speaks with the accepted socket; it may block, for the
 * client always closes in the end. Helpers speak TLS, HTTP/2 and SMTP. */
#ifndef TESTS_UNIT_NET_SERVER_H
#define TESTS_UNIT_NET_SERVER_H

#include "scanner/net/addr.h"
#include "tests/unit/net_pki.h"
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

struct net_server {
    struct endpoint at;
    atomic_int connections;
    /* private */
    int fd, filler; /* filler: the connection for which nobody else gets in; -1 */
    pthread_t thread;
    void (*speak)(int fd, void *arg);
    void *arg;
};
/* Listens on an ephemeral port of `ip`. speak does not close the socket. */
void net_server_start(struct net_server *s, const char *ip, void (*speak)(int fd, void *arg),
                      void *arg);
void net_server_stop(struct net_server *s);
/* The same, but until it wakes every SYN vanishes, as at a host that is cut off. */
void net_server_start_asleep(struct net_server *s, const char *ip, void (*speak)(int fd, void *arg),
                             void *arg);
void net_server_wake(struct net_server *s);

/* Closes with a reset instead of an orderly end. */
void net_reset(int fd);
/* Reads and drops until the peer closes. */
void net_drain(int fd);

/* How a TLS server is set up. */
struct net_tls {
    const struct pki_cert *leaf;
    const struct pki_cert *extra[99]; /* sent behind the leaf */
    size_t n_extra;
    int min_version, max_version; /* 0: the library's */
    const char *ciphers;          /* TLS 1.2 and below; NULL: the library's */
    bool h2;                      /* takes h2 by ALPN */
    bool refuse_sni;              /* unrecognized_name, fatal */
    bool want_client_cert;
    int dh_bits;         /* of ephemeral DH parameters, an odd number and 2; 0: the library's */
    const uint8_t *ocsp; /* stapled response, with ocsp_len */
    size_t ocsp_len;
};
SSL_CTX *net_tls_ctx(const struct net_tls *t);
/* Accepts; NULL when the handshake failed. net_tls_close ends it in order. */
SSL *net_tls_accept(SSL_CTX *ctx, int fd);
void net_tls_close(SSL *ssl);

/* An HTTPS server: answers every request with the bytes of `answer`. */
struct net_https {
    struct net_tls tls;
    bool plain; /* no TLS at all */
    const char *answer;
    size_t answer_len;
    bool hang;           /* keeps the connection open behind the answer until the client closes */
    bool no_bye;         /* closes without close_notify */
    bool reset;          /* resets behind the answer */
    char request[4096];  /* the last request, as far as it was read */
    size_t answer_times; /* the answer again and again; 0 is once */
};
void net_https_speak(int fd, void *https);

/* An HTTP/2 server: every request is answered with status, this type and body. */
struct net_h2 {
    struct net_tls tls;
    const char *status;
    const char *type;
    const char *body;
    const char *misdirected; /* the host that gets 421 instead; NULL */
    uint32_t refuse;         /* error code by which every stream is reset; 0: none is */
    int leave_after;         /* GOAWAY with the answer to this request; 0: never */
    char authority[256];     /* of the last request */
    int requests;
};
void net_h2_speak(int fd, void *h2);

/* An SMTP server: what it says, by command. NULL: it says nothing and waits for the end; "":
 * closes; "!": resets. `starttls` beginning "220" leads to a handshake. */
struct net_smtp {
    struct net_tls tls;
    const char *banner, *ehlo, *helo, *starttls, *ehlo_tls, *quit;
    const char *after_starttls; /* what is done instead of a handshake: sent raw */
    char log[1024];             /* commands as they came, one a line, "TLS" when established */
};
void net_smtp_speak(int fd, void *smtp);

#endif
