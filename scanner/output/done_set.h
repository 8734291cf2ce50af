/* done_set - which input indexes are done: a set of 64-bit numbers, most of them in long ranges.
 *
 * Kept in pages of DONE_PAGE_INDEXES: a page that is full costs nothing but its place, one that is
 * not a bit an index. So a million names that are all done take some bytes, and of a shard, whose
 * indexes lie scattered, one bit for each line of the input. One owner; reading from several
 * threads is fine while nobody adds. */
#ifndef SCANNER_OUTPUT_DONE_SET_H
#define SCANNER_OUTPUT_DONE_SET_H

#include "lib/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DONE_PAGE_INDEXES = 65536 };
/* No index is larger: 69 thousand million lines. Bounds what a damaged record can make us take. */
#define DONE_INDEX_MAX ((uint64_t)1 << 36)

struct done_page;
struct done_set {
    struct done_page **page;
    uint64_t *marks; /* as many; NULL as long as there are none */
    size_t n_pages;
    uint64_t n; /* indexes in it */
};

void done_set_init(struct done_set *s);
void done_set_free(struct done_set *s);
/* *fresh: index was not in it. ST_LIMIT beyond DONE_INDEX_MAX, ST_NOMEM. */
enum status done_set_add(struct done_set *s, uint64_t index, bool *fresh);
/* Adds a mark of what was done at an index that is in the set. All that is kept of marks is their
 * sum over each page, so that they can be compared whatever their order. ST_NOMEM. */
enum status done_set_mark(struct done_set *s, uint64_t index, uint64_t mark);
uint64_t done_set_marks(const struct done_set *s, uint64_t page); /* index / DONE_PAGE_INDEXES */
bool done_set_has(const struct done_set *s, uint64_t index);
/* The first range [*first, *last] of indexes at or after `from` and below `end` that are not in it.
 * false when there is none. */
bool done_set_next_gap(const struct done_set *s, uint64_t from, uint64_t end, uint64_t *first,
                       uint64_t *last);

#endif
