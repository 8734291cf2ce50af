#include "scanner/net/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 50 };

/* Binds one socket to *port, or to one that the kernel chooses when it is 0. -1 when it cannot. */
static int hold(int type, in_port_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = *port};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
        *port = at.sin_port;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

enum status free_port_find(uint16_t *out)
{
    for (int i = 0; i < TRIES; i++) {
        in_port_t port = 0;
        int udp = hold(SOCK_DGRAM, &port);
        int tcp = udp >= 0 ? hold(SOCK_STREAM, &port) : -1;
        bool free_for_both = udp >= 0 && tcp >= 0;
        if (udp >= 0)
            close(udp);
        if (tcp >= 0)
            close(tcp);
        if (free_for_both) {
            *out = ntohs(port);
            return ST_OK;
        }
    }
    return ST_IO;
}
