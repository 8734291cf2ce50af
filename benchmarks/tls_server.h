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
/* Keys of the root, its one intermediate and the leaf. */
enum bench_chain {
    BENCH_CHAIN_P256,     /* P-256 throughout */
    BENCH_CHAIN_LARGE_CA, /* RSA-4096, P-384, P-256, as of large authorities of today */
};
/* ca_file is a new file with the root. */
bool bench_servers_start(struct bench_servers *s, enum bench_chain chain, char ca_file[64]);
void bench_servers_stop(struct bench_servers *s);

#endif
