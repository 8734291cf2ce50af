#include "benchmarks/tls_server.h"

#include "tests/unit/net_server.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_PER_SERVER = 64 }; /* blocking; as many connections are served at once */

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 70\r\nConnection: close\r\n\r\n"
    "version: STSv1\r\nmode: enforce\r\nmx: mx.bench.example\r\nmax_age: 604800\r\n";

struct issued {
    struct pki_cert issuer, leaf;
};

/* The leaf again under another serial number, for this connection alone. */
static int issue_anew(SSL *ssl, void *arg)
{
    const struct issued *issued = arg;
    uint64_t serial;
    X509 *x = X509_dup(issued->leaf.x509);
    int ok = x != NULL && RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
             ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1 &&
             X509_sign(x, issued->issuer.key, EVP_sha256()) > 0 && SSL_use_certificate(ssl, x) == 1;
    X509_free(x);
    return ok;
}

struct server {
    int fd;
    SSL_CTX *ctx;
};

static void *serve_https(void *arg)
{
    const struct server *s = arg;
    char request[4096];
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        SSL *ssl = fd < 0 ? NULL : net_tls_accept(s->ctx, fd);
        if (ssl != NULL) {
            if (SSL_read(ssl, request, sizeof request) > 0)
                SSL_write(ssl, ANSWER, sizeof ANSWER - 1);
            net_tls_close(ssl);
        }
        close(fd);
    }
    return NULL;
}

static bool say(SSL *ssl, int fd, const char *reply, char *command, size_t size)
{
    int len = (int)strlen(reply);
    if ((ssl != NULL ? SSL_write(ssl, reply, len) : (int)send(fd, reply, (size_t)len, 0)) != len)
        return false;
    return (ssl != NULL ? SSL_read(ssl, command, (int)size) : (int)recv(fd, command, size, 0)) > 0;
}

static void *serve_smtp(void *arg)
{
    const struct server *s = arg;
    char command[1024];
    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd >= 0 && say(NULL, fd, "220 mx ESMTP\r\n", command, sizeof command) &&
            say(NULL, fd, "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n", command,
                sizeof command) &&
            send(fd, "220 go\r\n", 8, 0) == 8) {
            SSL *ssl = net_tls_accept(s->ctx, fd);
            if (ssl != NULL) {
                if (SSL_read(ssl, command, sizeof command) > 0 &&
                    say(ssl, fd, "250-mx\r\n250 PIPELINING\r\n", command, sizeof command))
                    SSL_write(ssl, "221 bye\r\n", 9);
                net_tls_close(ssl);
            }
        }
        close(fd);
    }
    return NULL;
}

static int listen_at(struct endpoint *at)
{
    struct sockaddr_storage ss;
    *at = (struct endpoint){.ip = {.family = 4, .b = {127, 0, 0, 1}}};
    socklen_t len = endpoint_sockaddr(at, &ss);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
        return -1;
    uint16_t port;
    memcpy(&port, (const char *)&ss + 2, sizeof port);
    at->port = (uint16_t)(port >> 8 | port << 8);
    return fd;
}

static void serve(const struct server *https, const struct server *smtp)
{
    pthread_t t;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < THREADS_PER_SERVER; i++) {
        pthread_create(&t, NULL, serve_https, (void *)(uintptr_t)https);
        pthread_create(&t, NULL, serve_smtp, (void *)(uintptr_t)smtp);
    }
    for (;;)
        pause();
}

bool bench_servers_start(struct bench_servers *s, const struct bench_pki *pki, char ca_file[64])
{
    bool large = pki->large_ca;
    struct issued issued;
    struct pki_cert root =
        pki_make(&(struct pki_spec){.cn = "Bench Root", .ca = true, .rsa_bits = large ? 4096 : 0});
    issued.issuer = pki_make(&(struct pki_spec){
        .cn = "Bench Issuer", .ca = true, .issuer = &root, .key = large ? "P-384" : NULL});
    issued.leaf = pki_make(&(struct pki_spec){.san = "DNS:" BENCH_HOST, .issuer = &issued.issuer});
    struct net_tls tls = {.leaf = &issued.leaf, .extra = {&issued.issuer}, .n_extra = 1};
    const struct pki_cert *anchors[] = {&root};
    pki_write_pem(ca_file, anchors, 1);
    SSL_CTX *ctx = net_tls_ctx(&tls);
    if (!pki->one_leaf)
        SSL_CTX_set_cert_cb(ctx, issue_anew, &issued);
    struct server https = {listen_at(&s->https), ctx}, smtp = {listen_at(&s->smtp), ctx};
    s->pid = https.fd < 0 || smtp.fd < 0 ? -1 : fork();
    if (s->pid == 0)
        serve(&https, &smtp);
    close(https.fd);
    close(smtp.fd);
    SSL_CTX_free(ctx);
    pki_free(&root);
    pki_free(&issued.issuer);
    pki_free(&issued.leaf);
    return s->pid > 0;
}

void bench_servers_stop(struct bench_servers *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}
