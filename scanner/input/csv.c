/* csv: fields of one row as slices of the line; quotes are taken off, never rewritten, since a name
 * with a quote in it is no name anyway. */
#include "scanner/input/reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIELDS_MAX = 256,   /* columns told apart; what follows belongs to the last one */
    ROW_LINES_MAX = 16, /* physical lines that one quoted field may span */
    NO_COLUMN = -1,
};

struct field {
    struct slice raw;   /* as it stood, with quotes */
    struct slice value; /* trimmed and without them */
};

struct csv {
    lines *l;
    bool started;
    int rank_column, domain_column;
    struct strbuf tag;
    struct field field[FIELDS_MAX];
    size_t n;
};

enum status csv_new(lines *l, csv **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ST_NOMEM;
    (*out)->l = l;
    strbuf_init(&(*out)->tag, LINE_MAX_BYTES + 1);
    return ST_OK;
}

void csv_free(csv *c)
{
    if (!c)
        return;
    strbuf_free(&c->tag);
    free(c);
}

/* ---- one row -------------------------------------------------------------------------------- */

/* Where the quoted field that begins at `at` (a quote) ends: behind its closing quote; "" inside is
 * an escaped quote. false when it stays open. */
static bool quoted_end(struct slice text, size_t at, size_t *end)
{
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.p[i] != '"')
            continue;
        if (i + 1 < text.len && text.p[i + 1] == '"') {
            i++;
            continue;
        }
        *end = i + 1;
        return true;
    }
    return false;
}

enum row_end { ROW_OK, ROW_OPEN, ROW_BAD };

/* Takes one field that begins at *at off the row; *at is then its comma or the end. */
static enum row_end take_field(struct slice text, size_t *at, bool last, struct field *f)
{
    size_t start = *at, end = start, i = start;
    while (i < text.len && (text.p[i] == ' ' || text.p[i] == '\t'))
        i++;
    bool quoted = i < text.len && text.p[i] == '"';
    if (quoted && !quoted_end(text, i, &end))
        return ROW_OPEN;
    struct slice inside = {NULL, 0};
    if (quoted) { /* only white space may stand between the closing quote and the comma */
        inside = (struct slice){text.p + i + 1, end - i - 2};
        while (end < text.len && (text.p[end] == ' ' || text.p[end] == '\t'))
            end++;
        if (end < text.len && text.p[end] != ',')
            return ROW_BAD;
    }
    const char *comma = memchr(text.p + end, ',', text.len - end);
    end = comma && !last ? (size_t)(comma - text.p) : text.len;
    f->raw = (struct slice){text.p + start, end - start};
    f->value = slice_trim(quoted ? inside : f->raw);
    *at = end;
    return ROW_OK;
}

static enum row_end split_row(csv *c, struct slice text)
{
    size_t at = 0;
    c->n = 0;
    for (;;) {
        enum row_end end = take_field(text, &at, c->n + 1 == FIELDS_MAX, &c->field[c->n]);
        if (end != ROW_OK)
            return end;
        c->n++;
        if (at >= text.len)
            return ROW_OK;
        at++; /* the comma */
        if (c->n == FIELDS_MAX)
            return ROW_OK;
    }
}

/* A quoted field may go on in the next lines. When it is not closed well within ROW_LINES_MAX, a
 * stray quote is likelier: then only the first line is bad, and the ones behind it are rows. */
static enum row_end read_row(csv *c, struct line *line)
{
    enum row_end end = split_row(c, line->text);
    for (int extra = 1; end == ROW_OPEN && extra < ROW_LINES_MAX; extra++) {
        if (lines_extend(c->l, line) != ST_OK)
            break;
        end = split_row(c, line->text);
    }
    if (end != ROW_OK)
        lines_shrink(c->l, line);
    return end;
}

/* ---- columns -------------------------------------------------------------------------------- */

static int column_named(const csv *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (slice_eq_nocase(c->field[i].value, slice_of(name)))
            return (int)i;
    return NO_COLUMN;
}

static int64_t number(struct slice s)
{
    int64_t value = 0;
    if (s.len == 0 || s.len > 18)
        return -1;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        value = value * 10 + (s.p[i] - '0');
    }
    return value;
}

/* Reads the layout from the first row; true when that row is a header and no item. Without one the
 * layout is `rank,domain`, or `domain,…` when the first field is a dotted name and no number. */
static bool learn_columns(csv *c)
{
    c->started = true;
    c->domain_column = column_named(c, "domain");
    if (c->domain_column != NO_COLUMN) {
        c->rank_column = column_named(c, "rank");
        if (c->rank_column == NO_COLUMN)
            c->rank_column = column_named(c, "globalrank");
        return true;
    }
    struct slice first = c->field[0].value;
    bool name_first = c->n == 1 || (number(first) < 0 && first.len > 0 &&
                                    memchr(first.p, '.', first.len) != NULL);
    c->rank_column = name_first ? NO_COLUMN : 0;
    c->domain_column = name_first ? 0 : 1;
    return false;
}

/* The columns that are neither rank nor domain, as they stood. */
static struct slice further_columns(csv *c)
{
    bool any = false;
    strbuf_clear(&c->tag);
    for (size_t i = 0; i < c->n; i++) {
        if ((int)i == c->rank_column || (int)i == c->domain_column)
            continue;
        if (any)
            strbuf_addc(&c->tag, ',');
        strbuf_add(&c->tag, c->field[i].raw.p, c->field[i].raw.len);
        any = true;
    }
    if (!any)
        return (struct slice){NULL, 0};
    return (struct slice){c->tag.p ? c->tag.p : "", c->tag.len};
}

enum status csv_next(csv *c, struct raw_item *out)
{
    struct line line;
    enum row_end end;
    do {
        do {
            enum status st = lines_next(c->l, &line);
            if (st != ST_OK)
                return st;
        } while (line_is_blank(line.text));
        end = line.too_long ? ROW_BAD : read_row(c, &line);
    } while (!c->started && end == ROW_OK && learn_columns(c));

    *out = (struct raw_item){.rank = -1, .raw = line.text};
    if (line.too_long)
        out->reason = REASON_LINE_TOO_LONG;
    else if (end != ROW_OK)
        out->reason = "csv_quotes";
    else if ((size_t)c->domain_column >= c->n)
        out->reason = "csv_no_domain";
    if (out->reason)
        return ST_OK;
    out->name = c->field[c->domain_column].value;
    if (c->rank_column != NO_COLUMN && (size_t)c->rank_column < c->n)
        out->rank = number(c->field[c->rank_column].value);
    out->tag = further_columns(c);
    return c->tag.error == ST_NOMEM ? ST_NOMEM : ST_OK;
}
