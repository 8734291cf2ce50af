#include "scanner/net/wall.h"

#include <time.h>

static int64_t clock_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void wall_start(struct wall *w)
{
    w->boot_ms = clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME);
}

int64_t wall_ms(const struct wall *w)
{
    return w->boot_ms + clock_ms(CLOCK_BOOTTIME);
}

int64_t wall_set_by_ms(const struct wall *w)
{
    return clock_ms(CLOCK_REALTIME) - wall_ms(w);
}
