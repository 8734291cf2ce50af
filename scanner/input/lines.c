/* lines: a window over the source that always holds the line at hand whole. */
#include "scanner/input/lines.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_LINES = 4 }; /* so that moving a line to the front is rare */

struct lines {
    source *src;
    enum status ended; /* of the source; ST_OK while it may have more */
    bool started;
    bool skipping;     /* the rest of an over-long line comes next */
    size_t start, end; /* unread part of the window */
    size_t line_start; /* the line handed out last */
    size_t first_next; /* where its first physical line ended */
    size_t max, window_bytes;
    char window[];
};

enum status lines_new(source *src, size_t max_bytes, lines **out)
{
    size_t window = WINDOW_LINES * max_bytes;
    *out = malloc(sizeof **out + window);
    if (!*out)
        return ST_NOMEM;
    **out = (struct lines){.src = src, .max = max_bytes, .window_bytes = window};
    return ST_OK;
}

void lines_free(lines *l)
{
    free(l);
}

/* Reads more behind `end`, keeping what begins at *keep, which moves to the window's front. */
static void refill(lines *l, size_t *keep)
{
    size_t from = *keep;
    if (from > 0) {
        memmove(l->window, l->window + from, l->end - from);
        l->start -= from;
        l->end -= from;
        l->first_next -= from <= l->first_next ? from : l->first_next;
        *keep = 0;
    }
    size_t len;
    l->ended = source_read(l->src, l->window + l->end, l->window_bytes - l->end, &len);
    if (l->ended == ST_OK)
        l->end += len;
}

/* Position of the next LF at or behind `from`, reading more as needed while the line that begins at
 * *keep stays within bounds; false when there is none there. */
static bool find_end(lines *l, size_t *keep, size_t from, size_t *at)
{
    for (;;) {
        const char *lf = memchr(l->window + from, '\n', l->end - from);
        if (lf) {
            *at = (size_t)(lf - l->window);
            return *at - *keep <= l->max;
        }
        if (l->end - *keep > l->max || l->ended != ST_OK)
            return false;
        size_t done = l->end - *keep; /* already searched */
        refill(l, keep);
        from = *keep + done;
    }
}

static struct slice without_cr(const char *p, size_t len)
{
    if (len > 0 && p[len - 1] == '\r')
        len--;
    return (struct slice){p, len};
}

static void skip_rest(lines *l)
{
    while (l->skipping) {
        const char *lf = memchr(l->window + l->start, '\n', l->end - l->start);
        l->start = lf ? (size_t)(lf - l->window) + 1 : l->end;
        l->skipping = !lf && l->ended == ST_OK;
        if (l->skipping)
            refill(l, &(size_t){l->start});
    }
}

static void drop_bom(lines *l)
{
    static const char bom[3] = "\xef\xbb\xbf";
    l->started = true;
    while (l->end < sizeof bom && memcmp(l->window, bom, l->end) == 0 && l->ended == ST_OK)
        refill(l, &(size_t){0});
    if (l->end >= sizeof bom && memcmp(l->window, bom, sizeof bom) == 0)
        l->start += sizeof bom;
}

enum status lines_next(lines *l, struct line *out)
{
    if (!l->started)
        drop_bom(l);
    skip_rest(l);
    size_t lf;
    l->line_start = l->start;
    out->too_long = false;
    if (find_end(l, &l->line_start, l->start, &lf)) {
        out->text = without_cr(l->window + l->line_start, lf - l->line_start);
        l->start = l->first_next = lf + 1;
        return ST_OK;
    }
    size_t len = l->end - l->line_start;
    if (len > l->max) {
        out->text = (struct slice){l->window + l->line_start, l->max};
        out->too_long = l->skipping = true;
        return ST_OK;
    }
    l->start = l->first_next = l->end;
    if (len == 0 || l->ended != ST_EOF)
        return l->ended;
    out->text = without_cr(l->window + l->line_start, len);
    return ST_OK;
}

bool lines_pauses(lines *l, unsigned wait_ms)
{
    while (l->ended == ST_OK && l->end - l->start <= l->max &&
           !memchr(l->window + l->start, '\n', l->end - l->start)) {
        if (source_pauses(l->src, wait_ms))
            return true;
        refill(l, &l->start);
    }
    return false;
}

enum status lines_extend(lines *l, struct line *line)
{
    size_t lf;
    if (line->too_long)
        return ST_LIMIT;
    size_t old_len = line->text.len;
    bool found = find_end(l, &l->line_start, l->start, &lf);
    /* The window may have moved under the line. */
    line->text = (struct slice){l->window + l->line_start, old_len};
    if (!found && (l->end - l->line_start > l->max || l->ended != ST_EOF || l->start == l->end))
        return ST_LIMIT;
    size_t end = found ? lf : l->end;
    line->text = without_cr(l->window + l->line_start, end - l->line_start);
    l->start = found ? lf + 1 : l->end;
    return ST_OK;
}

void lines_shrink(lines *l, struct line *line)
{
    l->start = l->first_next;
    size_t len = l->first_next - l->line_start;
    if (len > 0 && l->window[l->first_next - 1] == '\n')
        len--;
    line->text = without_cr(l->window + l->line_start, len);
}
