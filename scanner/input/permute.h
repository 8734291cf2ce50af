/* permute - a seeded shuffle within a bounded window, so that neighbours of one hoster are spread.
 *
 * Holds up to PERMUTE_WINDOW_ITEMS items; each one taken out is a random one of those held. The
 * order is a function of the seed and the sequence of items put in. One thread. */
#ifndef SCANNER_INPUT_PERMUTE_H
#define SCANNER_INPUT_PERMUTE_H

#include "scanner/input/input.h"

enum {
    PERMUTE_WINDOW_ITEMS = 16384,
    PERMUTE_HELD_MAX_ITEMS = 4 * PERMUTE_WINDOW_ITEMS, /* when they may not be handed out yet */
};

typedef struct permute permute;
enum status permute_new(uint64_t seed, permute **out);
void permute_free(permute *p);
size_t permute_held(const permute *p); /* items */
/* Copies the item. ST_LIMIT beyond PERMUTE_HELD_MAX_ITEMS. */
enum status permute_put(permute *p, const struct input_item *item);
/* A random item of those held, valid until the next permute_put or permute_take; ST_EOF when empty.
 */
enum status permute_take(permute *p, struct input_item *out);

#endif
