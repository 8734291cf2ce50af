/* tls_server - an HTTPS and an SMTP server in a process of their own, for benchmarks. */
#ifndef BENCHMARKS_TLS_SERVER_H
#define BENCHMARKS_TLS_SERVER_H

#include "scanner/net/addr.h"
#include <sys/types.h>

#define BENCH_HOST "mta-sts.bench.example"

struct bench_servers {
    struct endpoint https, smtp; /* on 127.0.0.1 */
    pid_t pid;
};
/* What they serve. All false: keys on P-256 throughout, and each connection has a certificate of
 * its own, as if it were to another host, under the same intermediate. */
struct bench_pki {
    bool large_ca; /* root RSA-4096, intermediate P-384, as large authorities have them today */
    bool one_leaf; /* the same certificate for all, as a provider serves for its many names */
};
/* ca_file is a new file with the root. */
bool bench_servers_start(struct bench_servers *s, const struct bench_pki *pki, char ca_file[64]);
void bench_servers_stop(struct bench_servers *s);

#endif
