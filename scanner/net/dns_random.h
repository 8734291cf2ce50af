/* dns_random - unpredictable numbers for ids, ports and jitter: getrandom(2), a buffer at a time.
 */
#ifndef SCANNER_NET_DNS_RANDOM_H
#define SCANNER_NET_DNS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct dns_random {
    size_t left; /* bytes of b not given out yet; zeroed is a valid empty buffer */
    uint8_t b[1024];
};

uint16_t dns_random_u16(struct dns_random *r);
/* Uniform enough in [0, n) for jitter and choices; n from 1 to 65536. */
uint32_t dns_random_below(struct dns_random *r, uint32_t n);
/* ms less or more by up to a quarter, so that what was sent together is not retried together. */
uint32_t dns_random_jitter(struct dns_random *r, uint32_t ms);

#endif
