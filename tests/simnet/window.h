/*
 * window - how many arrivals the last second held
 *
 * A ring of times that grows as far as WINDOW_MAX_ARRIVALS: beyond it the count stands still.
 */
#ifndef SIMNET_WINDOW_H
#define SIMNET_WINDOW_H

#include <stdint.h>

#define WINDOW_MS 1000
#define WINDOW_MAX_ARRIVALS 4096

/* Zeroed memory is an empty window. */
struct window {
    uint64_t *at_ms; /* oldest first, from head on */
    uint32_t cap;
    uint32_t head;
    uint32_t count;
};

/* An arrival; one that is a few ms before the last counts where it comes. Returns how many arrived
 * in the WINDOW_MS that end with it, itself included. */
uint32_t window_add(struct window *window, uint64_t at_ms);
void window_free(struct window *window);

#endif
