#include "scanner/net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool deadline_is_up(struct deadline *d, int64_t now)
{
    int64_t late = now - d->at_ms;
    if (late < 0)
        return false;
    if (d->extended || late < DEADLINE_LATE_MS)
        return true;
    d->extended = true;
    d->at_ms = now + (late < DEADLINE_EXTENSION_MAX_MS ? late : DEADLINE_EXTENSION_MAX_MS);
    return false;
}

/* What the network answered. Errors of this machine say nothing of the peer. */
static enum conn conn_of_errno(int error)
{
    switch (error) {
    case 0:
        return CONN_OK;
    case ECONNREFUSED:
        return CONN_REFUSED;
    case ETIMEDOUT:
        return CONN_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EPROTO:
        return CONN_UNREACHABLE;
    default:
        return CONN_ABANDONED;
    }
}

/* The next source of the family in turn; false when sources are given and none has it. */
static bool pick_source(struct dialer *d, uint8_t family, struct endpoint *out)
{
    for (size_t i = 0; i < d->n_sources; i++) {
        const struct net_addr *a = &d->sources[(d->next + i) % d->n_sources];
        if (a->family == family) {
            d->next = (d->next + i + 1) % d->n_sources;
            *out = (struct endpoint){.ip = *a};
            return true;
        }
    }
    return false;
}

enum conn dial_socket(struct dialer *d, const struct net_addr *to, int *fd)
{
    enum guard_verdict verdict = guard_address(d->guard, to);
    struct endpoint source = {.port = 0};
    *fd = -1;
    if (verdict != GUARD_OK)
        return verdict == GUARD_SPECIAL ? CONN_BLOCKED : CONN_BLOCKLISTED;
    if (d->n_sources > 0 && !pick_source(d, to->family, &source))
        return CONN_NO_ROUTE;

    int family = to->family == 4 ? AF_INET : AF_INET6;
    int s = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (s < 0)
        return errno == EAFNOSUPPORT ? CONN_NO_ROUTE : CONN_ABANDONED;
    if (d->n_sources > 0) {
        struct sockaddr_storage ss;
        socklen_t len = endpoint_sockaddr(&source, &ss);
        int on = 1;
        /* The port is chosen at connect, so that one port serves many destinations. */
        setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(s, (struct sockaddr *)&ss, len) != 0) {
            close(s);
            return CONN_ABANDONED;
        }
    }
    *fd = s;
    return CONN_OK;
}

enum conn dial_open(struct dialer *d, const struct endpoint *to, int *fd)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(to, &ss);
    enum conn result = dial_socket(d, &to->ip, fd);
    if (result != CONN_OK)
        return result;
    if (connect(*fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS)
        return CONN_OK;
    /* At once and without a packet: this machine has no way there. */
    bool no_route = errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ENETDOWN;
    result = no_route ? CONN_NO_ROUTE : conn_of_errno(errno);
    close(*fd);
    *fd = -1;
    return result;
}

enum conn dial_result(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    /* Made, and reset before we looked: a refusal would be ECONNREFUSED. */
    return error == ECONNRESET ? CONN_OK : conn_of_errno(error);
}
