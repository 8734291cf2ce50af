/* free_port - a port for a server of ours on loopback. */
#ifndef SCANNER_NET_FREE_PORT_H
#define SCANNER_NET_FREE_PORT_H

#include "lib/status.h"
#include <stdint.h>

/* A port of 127.0.0.1 that nobody holds, neither by UDP nor by TCP; somebody may take it before it
 * is used. ST_IO when there is none. */
enum status free_port_find(uint16_t *out);

#endif
