#include "scanner/output/done_set.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64, PAGE_WORDS = DONE_PAGE_INDEXES / WORD_BITS };

struct done_page {
    uint32_t n;
    uint64_t word[PAGE_WORDS];
};

/* Stands for every page all of whose indexes are done. Never written. */
static const struct done_page full_page = {.n = DONE_PAGE_INDEXES};

static bool is_full(const struct done_page *p)
{
    return p == &full_page;
}

static struct done_page *full(void)
{
    return (struct done_page *)(uintptr_t)&full_page;
}

void done_set_init(struct done_set *s)
{
    *s = (struct done_set){.n = 0};
}

void done_set_free(struct done_set *s)
{
    for (size_t i = 0; i < s->n_pages; i++)
        if (!is_full(s->page[i]))
            free(s->page[i]);
    free(s->page);
    free(s->marks);
    done_set_init(s);
}

/* The directory grows by half: n_pages is its size. */
static enum status reach(struct done_set *s, size_t at)
{
    if (at < s->n_pages)
        return ST_OK;
    size_t n = at + 16 + at / 2;
    struct done_page **more = realloc(s->page, n * sizeof(struct done_page *));
    if (!more)
        return ST_NOMEM;
    memset(more + s->n_pages, 0, (n - s->n_pages) * sizeof(struct done_page *));
    s->page = more;
    if (s->marks) {
        uint64_t *marks = realloc(s->marks, n * sizeof *marks);
        if (!marks)
            return ST_NOMEM;
        memset(marks + s->n_pages, 0, (n - s->n_pages) * sizeof *marks);
        s->marks = marks;
    }
    s->n_pages = n;
    return ST_OK;
}

enum status done_set_add(struct done_set *s, uint64_t index, bool *fresh)
{
    *fresh = false;
    if (index >= DONE_INDEX_MAX)
        return ST_LIMIT;
    size_t at = (size_t)(index / DONE_PAGE_INDEXES);
    size_t word = (size_t)(index % DONE_PAGE_INDEXES) / WORD_BITS;
    uint64_t bit = (uint64_t)1 << (index % WORD_BITS);
    enum status st = reach(s, at);
    if (st != ST_OK)
        return st;
    struct done_page *p = s->page[at];
    if (!p && !(p = s->page[at] = calloc(1, sizeof *p)))
        return ST_NOMEM;
    if (is_full(p) || (p->word[word] & bit))
        return ST_OK;
    p->word[word] |= bit;
    *fresh = true;
    s->n++;
    if (++p->n == DONE_PAGE_INDEXES) {
        s->page[at] = full();
        free(p);
    }
    return ST_OK;
}

enum status done_set_mark(struct done_set *s, uint64_t index, uint64_t mark)
{
    if (!s->marks && !(s->marks = calloc(s->n_pages, sizeof *s->marks)))
        return ST_NOMEM;
    s->marks[index / DONE_PAGE_INDEXES] += mark;
    return ST_OK;
}

uint64_t done_set_marks(const struct done_set *s, uint64_t page)
{
    return s->marks && page < s->n_pages ? s->marks[page] : 0;
}

bool done_set_has(const struct done_set *s, uint64_t index)
{
    uint64_t at = index / DONE_PAGE_INDEXES;
    if (at >= s->n_pages || !s->page[at])
        return false;
    const struct done_page *p = s->page[at];
    size_t word = (size_t)(index % DONE_PAGE_INDEXES) / WORD_BITS;
    return is_full(p) || (p->word[word] >> (index % WORD_BITS) & 1);
}

/* The first index at or after `from` that is (or is not) in the set; `end` when none is before it.
 * Whole pages and words are passed over at once. */
static uint64_t seek(const struct done_set *s, uint64_t from, uint64_t end, bool present)
{
    while (from < end) {
        uint64_t at = from / DONE_PAGE_INDEXES;
        const struct done_page *p = at < s->n_pages ? s->page[at] : NULL;
        if (!p || is_full(p)) {
            if ((p != NULL) == present)
                return from;
            from = (at + 1) * DONE_PAGE_INDEXES;
            continue;
        }
        uint64_t word = p->word[from % DONE_PAGE_INDEXES / WORD_BITS];
        if ((word >> (from % WORD_BITS) & 1) == present)
            return from;
        bool whole = from % WORD_BITS == 0 && word == (present ? 0 : UINT64_MAX);
        from += whole ? WORD_BITS : 1;
    }
    return end;
}

bool done_set_next_gap(const struct done_set *s, uint64_t from, uint64_t end, uint64_t *first,
                       uint64_t *last)
{
    *first = seek(s, from, end, false);
    if (*first >= end)
        return false;
    *last = seek(s, *first, end, true) - 1;
    return true;
}
