/* resolv_conf - the system's resolvers: the nameserver lines of a resolv.conf(5). */
#ifndef SCANNER_RESOLV_CONF_H
#define SCANNER_RESOLV_CONF_H

#include "scanner/net/addr.h"

#define RESOLV_CONF_PATH "/etc/resolv.conf"
enum { RESOLV_CONF_MAX = 8 }; /* more are passed over */

/* A malloc'd list at port 53. ST_NOT_FOUND when there is no file or no usable line. */
enum status resolv_conf_read(const char *path, struct endpoint **out, size_t *n);

#endif
