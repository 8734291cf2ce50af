#include "scanner/net/route.h"

#include "scanner/net/addr.h"
#include <errno.h>
#include <unistd.h>

static bool local_address(int fd, struct net_addr *out)
{
    struct sockaddr_storage ss;
    struct endpoint at;
    socklen_t len = sizeof ss;
    if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
        !endpoint_of_sockaddr((struct sockaddr *)&ss, &at))
        return false;
    *out = at.ip;
    return true;
}

bool route_source(uint8_t family, struct net_addr *out)
{
    /* Any global unicast address will do: connecting a datagram socket only asks the routing table.
     * These are a.root-servers.net, which are not likely to move. */
    struct endpoint e = {.port = 53, .ip = {.family = family}};
    static const uint8_t v4[4] = {198, 41, 0, 4};
    static const uint8_t v6[16] = {0x20, 0x01, 0x05, 0x03, 0xba, 0x3e, 0, 0,
                                   0,    0,    0,    0,    0,    2,    0, 0x30};
    for (int i = 0; i < (family == 4 ? 4 : 16); i++)
        e.ip.b[i] = family == 4 ? v4[i] : v6[i];
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(&e, &ss);
    int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool ok = connect(fd, (struct sockaddr *)&ss, len) == 0 && local_address(fd, out);
    close(fd);
    return ok;
}

bool route_is_ours(const struct net_addr *a)
{
    struct endpoint e = {.port = 0, .ip = *a};
    struct sockaddr_storage ss;
    socklen_t len = endpoint_sockaddr(&e, &ss);
    int fd = socket(a->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool ok = bind(fd, (struct sockaddr *)&ss, len) == 0;
    int why = errno;
    close(fd);
    errno = why;
    return ok;
}

bool route_exists(uint8_t family)
{
    struct net_addr ignored;
    return route_source(family, &ignored);
}
