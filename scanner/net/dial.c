#include "scanner/net/dial.h"

#include "scanner/clock.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <unistd.h>

int64_t now_ms(void)
{
    return (int64_t)clock_ms();
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

/* Whether the kernel keeps ICMP errors with their senders. Only while connecting: afterwards they
 * would end a connection that a sender's would outlive. */
static void error_queue(int fd, uint8_t family, int on)
{
    if (family == 4)
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

enum conn dial_open(struct dialer *d, const struct endpoint *to, int *fd)
{
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(to, &ss);
    enum conn result = dial_socket(d, &to->ip, fd);
    if (result != CONN_OK)
        return result;
    error_queue(*fd, to->ip.family, 1);
    if (connect(*fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS)
        return CONN_OK;
    /* At once and without a packet: this machine has no way there. */
    bool no_route = errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ENETDOWN;
    result = no_route ? CONN_NO_ROUTE : conn_of_errno(errno);
    close(*fd);
    *fd = -1;
    return result;
}

static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    struct endpoint x, y;
    return endpoint_of_sockaddr(a, &x) && endpoint_of_sockaddr(b, &y) && net_addr_eq(&x.ip, &y.ip);
}

/* Whether it was this machine that called the host unreachable: its gateway does not answer ARP or
 * ND, so the link is down. A router's word for it comes from another address. */
static bool is_our_own_word(int fd)
{
    union {
        char bytes[256];
        struct cmsghdr align;
    } control;
    struct sockaddr_storage self;
    socklen_t len = sizeof self;
    if (getsockname(fd, (struct sockaddr *)&self, &len) != 0)
        return false;
    for (;;) {
        struct msghdr msg = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
            return false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
            if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
                !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
                continue;
            struct sock_extended_err *e = (struct sock_extended_err *)(void *)CMSG_DATA(c);
            if (e->ee_origin == SO_EE_ORIGIN_LOCAL ||
                same_host(SO_EE_OFFENDER(e), (struct sockaddr *)&self))
                return true;
        }
    }
}

enum conn dial_result(int fd)
{
    int error = 0, family = AF_INET;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (conn_of_errno(error) == CONN_UNREACHABLE && is_our_own_word(fd))
        return CONN_ABANDONED;
    len = sizeof family;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
    error_queue(fd, family == AF_INET ? 4 : 6, 0);
    /* Made, and reset before we looked: a refusal would be ECONNREFUSED. */
    return error == ECONNRESET ? CONN_OK : conn_of_errno(error);
}

void dial_tell(const struct dial_listener *l, enum conn result, const struct net_addr *host)
{
    if (l->fn != NULL && (result == CONN_OK || result == CONN_REFUSED))
        l->fn(l->arg, host);
}
