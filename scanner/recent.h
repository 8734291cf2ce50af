/* recent - remembers 64-bit keys, the last ones when there are too many.
 *
 * A set in two generations: at least the last `cap` distinct keys are remembered, at most twice as
 * many; 16 bytes a key. Keys must be well mixed (hashes); two different things with the same key
 * are taken for one, so at 4 million keys with a chance of one in two million. One owner. */
#ifndef SCANNER_RECENT_H
#define SCANNER_RECENT_H

#include "lib/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent_table {
    uint64_t *slot;
    size_t n, size; /* size is a power of two, or 0 */
};
struct recent {
    struct recent_table now, before;
    size_t cap;
};

void recent_init(struct recent *r, size_t cap);
void recent_free(struct recent *r);
/* *fresh: key was not there. It is afterwards. ST_NOMEM: it is not, *fresh is true. */
enum status recent_add(struct recent *r, uint64_t key, bool *fresh);

#endif
