#include "scanner/worker/ratelimit.h"

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void ratelimit_init(struct ratelimit *r, uint64_t events, uint64_t period_us, uint64_t burst)
{
    *r = (struct ratelimit){.interval_us = 0};
    if (events == 0)
        return;
    /* Rounded up: never faster than asked for. */
    r->interval_us = period_us / events + (period_us % events != 0);
    uint64_t ahead = burst > 1 ? burst - 1 : 0;
    r->burst_us = r->interval_us > 0 && ahead > UINT64_MAX / r->interval_us
                      ? UINT64_MAX
                      : ahead * r->interval_us;
}

uint64_t ratelimit_wait_us(const struct ratelimit *r, uint64_t now_us)
{
    uint64_t horizon = add(now_us, r->burst_us);
    return r->due_us > horizon ? r->due_us - horizon : 0;
}

void ratelimit_take(struct ratelimit *r, uint64_t now_us)
{
    r->due_us = add(r->due_us > now_us ? r->due_us : now_us, r->interval_us);
}
