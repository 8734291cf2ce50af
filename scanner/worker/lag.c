#include "scanner/worker/lag.h"

void lag_init(struct lag *l, uint64_t now_us)
{
    *l = (struct lag){.due_us = now_us + LAG_TICK_MS * 1000};
}

static uint64_t lateness(const struct lag *l, uint64_t now_us)
{
    return now_us > l->due_us ? now_us - l->due_us : 0;
}

struct lag_mark lag_mark(const struct lag *l, uint64_t now_us)
{
    uint64_t late = lateness(l, now_us);
    return (struct lag_mark){
        .late_us = l->late_us + (late > LAG_NOTED_MS * 1000 ? late : 0),
        .stalled_us = l->stalled_us + (late > LAG_STALL_MS * 1000 ? late : 0),
    };
}

/* Size i ends at LAG_NOTED_MS << (i + 1); the last one has no end. */
static unsigned size_of(uint64_t late_us)
{
    unsigned i = 0;
    while (i < LAG_SIZES - 1 && late_us > ((uint64_t)LAG_NOTED_MS << (i + 1)) * 1000)
        i++;
    return i;
}

bool lag_tick(struct lag *l, uint64_t now_us)
{
    struct lag_mark m = lag_mark(l, now_us);
    bool stalled = m.stalled_us > l->stalled_us;
    if (m.late_us > l->late_us)
        l->last_piece_us[size_of(lateness(l, now_us))] = now_us;
    l->due_us = now_us + LAG_TICK_MS * 1000;
    l->late_us = m.late_us;
    l->stalled_us = m.stalled_us;
    return stalled;
}

uint32_t lag_longest_ms(const struct lag *l, uint64_t since_us, uint64_t now_us)
{
    unsigned now = size_of(lateness(l, now_us)), i = LAG_SIZES;
    while (i > 0 && (l->last_piece_us[i - 1] == 0 || l->last_piece_us[i - 1] < since_us))
        i--;
    /* A piece of size 0 may be under way without being noted yet. */
    unsigned size = i > now ? i - 1 : now;
    return size == LAG_SIZES - 1 ? UINT32_MAX : (uint32_t)LAG_NOTED_MS << (size + 1);
}

uint32_t lag_late_ms(const struct lag *l, struct lag_mark from, uint64_t now_us)
{
    uint64_t ms = (lag_mark(l, now_us).late_us - from.late_us) / 1000;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

bool lag_spoils(const struct lag *l, struct lag_mark from, uint32_t wait_ms, uint64_t now_us)
{
    uint64_t stalled_us = lag_mark(l, now_us).stalled_us - from.stalled_us;
    return stalled_us * 100 >= wait_ms * 1000ULL * LAG_SPOILS_PCT;
}
