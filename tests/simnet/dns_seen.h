/*
 * dns_seen: how fast questions came to one thread of a name server.
 *
 * Counted in tenths of a second, by the times at which the kernel received them (SO_TIMESTAMPNS),
 * so that a server that is late does not make its clients look rude. Of the first hour.
 */
#ifndef SIMNET_DNS_SEEN_H
#define SIMNET_DNS_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { DNS_SEEN_TENTHS = 36000, DNS_SEEN_FIRST_S = 8 };

/* Zeroed memory has seen nothing. */
struct dns_seen {
    int64_t first_ms;
    uint64_t questions;
    uint32_t tenth[DNS_SEEN_TENTHS];
};

/* n questions came at this time, of any clock that does not jump. */
void dns_seen_add(struct dns_seen *seen, int64_t at_ms, uint32_t n);
/* One NDJSON line: {"server":"dns","scope":"thread","questions":N,"max_per_second":N,
 * "seconds":[…]}: the most in any ten tenths in a row, and the first DNS_SEEN_FIRST_S seconds from
 * the first question on. False: the write failed. */
bool dns_seen_write(const struct dns_seen *seen, FILE *out);

#endif
