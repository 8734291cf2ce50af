#include "scanner/worker/backoff.h"

static bool is_same_event(const struct backoff *b, uint64_t went_us)
{
    return b->limited_us > 0 && went_us <= b->limited_us;
}

/* The gap doubles; after too many in a row the address is given up. */
static bool double_gap(struct backoff *b, uint64_t now_us, uint64_t *due_us)
{
    const uint64_t first = BACKOFF_FIRST_MS * 1000ULL, most = BACKOFF_MAX_MS * 1000ULL;
    if (b->forget_us <= now_us) {
        b->gap_us = 0;
        b->in_row = 0;
    }
    b->gap_us = b->gap_us == 0 ? first : 2 * b->gap_us;
    if (b->gap_us > most)
        b->gap_us = most;
    b->limited_us = now_us;
    b->in_row++;
    bool give_up = b->in_row >= BACKOFF_GIVE_UP_AFTER;
    *due_us = now_us + (give_up ? BACKOFF_REMEMBER_MS * 1000ULL : b->gap_us);
    b->forget_us = *due_us + BACKOFF_REMEMBER_GAP_MS * 1000ULL;
    return give_up;
}

/* The peer named a time: nobody comes before, and when it is longer than we ever wait, nobody waits
 * for it. */
static bool stay_away(struct backoff *b, uint64_t asked_us, uint64_t now_us, uint64_t *due_us)
{
    const uint64_t remember = BACKOFF_REMEMBER_MS * 1000ULL;
    uint64_t until = now_us + (asked_us < remember ? asked_us : remember);
    if (until <= *due_us)
        return false;
    *due_us = until;
    b->forget_us = until + BACKOFF_REMEMBER_GAP_MS * 1000ULL;
    return asked_us > BACKOFF_MAX_MS * 1000ULL;
}

bool backoff_limited(struct backoff *b, uint64_t went_us, uint64_t asked_us, uint64_t now_us,
                     uint64_t *due_us)
{
    bool give_up = !is_same_event(b, went_us) && double_gap(b, now_us, due_us);
    return stay_away(b, asked_us, now_us, due_us) || give_up;
}

void backoff_welcome(struct backoff *b, uint64_t went_us)
{
    if (is_same_event(b, went_us))
        return;
    b->gap_us = b->forget_us = 0;
    b->in_row = 0;
}
