/* clock - time that only goes forward, for deadlines, rates and durations (CLOCK_MONOTONIC). What
 * time of day it is says net/wall. Any thread. */
#ifndef SCANNER_CLOCK_H
#define SCANNER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static inline uint64_t clock_ms(void)
{
    return clock_us() / 1000;
}

#endif
