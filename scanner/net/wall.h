/* wall - what time it is, by a clock that nobody sets meanwhile.
 *
 * Records carry times, and certificates are judged by them, over a scan of hours. When the
 * machine's clock is set in between (by hand, by a first NTP answer, by a host that restores a
 * snapshot), what stands in one output would no longer fit together, and a jump of a day would make
 * sound certificates expire. So the wall clock is read once, and goes on with the clock of the time
 * since boot, which counts suspensions too and cannot be set.
 *
 * Times are milliseconds since 1970-01-01 UTC. A started clock may be read from any thread. */
#ifndef SCANNER_NET_WALL_H
#define SCANNER_NET_WALL_H

#include <stdint.h>

struct wall {
    int64_t boot_ms; /* when this machine was booted, by the wall clock at wall_start */
};
void wall_start(struct wall *w);
int64_t wall_ms(const struct wall *w);
/* By how much the machine's clock was set since, in milliseconds; drift is in it. */
int64_t wall_set_by_ms(const struct wall *w);

#endif
