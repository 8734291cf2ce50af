#include "scanner/worker/brake.h"

void brake_init(struct brake *b, double min_pct, uint32_t window)
{
    *b = (struct brake){.min_pct = min_pct, .window = window};
}

static struct brake_report *report_at(struct brake *b, uint32_t i)
{
    return &b->ring[(b->first + i) % BRAKE_REPORTS_MAX];
}

double brake_success_pct(const struct brake *b)
{
    return b->tried > 0 ? 100.0 * (double)b->answered / (double)b->tried : 100.0;
}

static bool is_under(const struct brake *b)
{
    return b->min_pct > 0 && b->tried > 0 && brake_success_pct(b) < b->min_pct;
}

/* Forgets the oldest report. */
static void drop_oldest(struct brake *b)
{
    struct brake_report *r = report_at(b, 0);
    b->tried -= r->tried;
    b->answered -= r->answered;
    b->first = (b->first + 1) % BRAKE_REPORTS_MAX;
    b->n--;
}

bool brake_add(struct brake *b, uint32_t tried, uint32_t answered)
{
    if (tried == 0)
        return false;
    b->all_tried += tried;
    b->tried += tried;
    b->answered += answered;
    /* Small reports are joined to the last one, so that the ring always spans a window. */
    struct brake_report *last = b->n > 0 ? report_at(b, b->n - 1) : 0;
    if (last && last->tried + tried <= b->window / (BRAKE_REPORTS_MAX / 4) + 1) {
        last->tried += tried;
        last->answered += answered;
    } else {
        if (b->n == BRAKE_REPORTS_MAX)
            drop_oldest(b);
        *report_at(b, b->n++) = (struct brake_report){tried, answered};
    }
    while (b->n > 1 && b->tried - report_at(b, 0)->tried >= b->window)
        drop_oldest(b);
    return b->all_tried >= b->window && is_under(b);
}

/* As if the answers of earlier runs had been spread evenly; a window of them is enough. */
void brake_go_on(struct brake *b, uint64_t tried, uint64_t answered)
{
    uint64_t known = tried < b->window ? tried : b->window, before = 0;
    for (uint64_t at = 0; at < known;) {
        uint64_t step = known - at < BRAKE_REPORT ? known - at : BRAKE_REPORT;
        at += step;
        uint64_t so_far = at * answered / tried;
        brake_add(b, (uint32_t)step, (uint32_t)(so_far - before));
        before = so_far;
    }
    b->all_tried += tried - known;
}

bool brake_at_end(const struct brake *b)
{
    return b->all_tried < b->window && is_under(b);
}
