/* bare_client - the least that fetches a policy or probes an MX: OpenSSL and epoll, nothing else.
 * The reference that bench_tls compares with. */
#ifndef BENCHMARKS_BARE_CLIENT_H
#define BENCHMARKS_BARE_CLIENT_H

#include "scanner/net/addr.h"
#include <openssl/ssl.h>

/* Makes n connections, in_flight at once, verified strictly for `host`; returns how many ended as
 * they should. smtp: STARTTLS with one context for all, else an HTTPS GET with one for each. */
size_t bare_run(const struct endpoint *at, bool smtp, const char *host, X509_STORE *store, size_t n,
                size_t in_flight);

#endif
