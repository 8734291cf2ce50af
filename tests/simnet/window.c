#include "tests/simnet/window.h"

#include <stdbool.h>
#include <stdlib.h>

#define WINDOW_START_ARRIVALS 8

static bool window_widen(struct window *window)
{
    uint32_t cap = window->cap ? window->cap * 2 : WINDOW_START_ARRIVALS;
    if (cap > WINDOW_MAX_ARRIVALS)
        return false;
    uint64_t *at_ms = calloc(cap, sizeof *at_ms);
    if (!at_ms)
        return false;
    for (uint32_t i = 0; i < window->count; i++)
        at_ms[i] = window->at_ms[(window->head + i) % window->cap];
    free(window->at_ms);
    window->at_ms = at_ms;
    window->cap = cap;
    window->head = 0;
    return true;
}

uint32_t window_add(struct window *window, uint64_t at_ms)
{
    while (window->count > 0 && window->at_ms[window->head] + WINDOW_MS <= at_ms) {
        window->head = (window->head + 1) % window->cap;
        window->count--;
    }
    if (window->count == window->cap && !window_widen(window)) {
        if (window->cap == 0)
            return 1;
        window->head = (window->head + 1) % window->cap;
        window->count--;
    }
    window->at_ms[(window->head + window->count) % window->cap] = at_ms;
    return ++window->count;
}

void window_free(struct window *window)
{
    free(window->at_ms);
}
