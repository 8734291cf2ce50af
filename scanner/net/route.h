/* route - which families this machine can send to. */
#ifndef SCANNER_NET_ROUTE_H
#define SCANNER_NET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the kernel knows a route to the public addresses of a family (4 or 6). Sends nothing. */
bool route_exists(uint8_t family);

#endif
