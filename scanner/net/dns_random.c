#include "scanner/net/dns_random.h"

#include <stdlib.h>
#include <sys/random.h>

uint16_t dns_random_u16(struct dns_random *r)
{
    if (r->left < 2) {
        /* Whole up to 256 bytes once the pool is ready; more may come in parts or not at all, and
         * an id that can be guessed must never be sent. */
        size_t have = 0;
        while (have < sizeof r->b) {
            ssize_t n = getrandom(r->b + have, sizeof r->b - have, 0);
            if (n > 0)
                have += (size_t)n;
            else if (n == 0)
                abort();
        }
        r->left = sizeof r->b;
    }
    r->left -= 2;
    return (uint16_t)(r->b[r->left] << 8 | r->b[r->left + 1]);
}

uint32_t dns_random_below(struct dns_random *r, uint32_t n)
{
    return (uint32_t)dns_random_u16(r) * n >> 16;
}

uint32_t dns_random_jitter(struct dns_random *r, uint32_t ms)
{
    uint64_t quarter = ms / 4;
    return (uint32_t)(ms - quarter + (2 * quarter * dns_random_u16(r) >> 16));
}
