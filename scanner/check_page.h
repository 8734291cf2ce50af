/* check_page - the parts that a page of `stscan check` is set from: marks, colours, wrapped text.
 * Internal to check_*.c. */
#ifndef SCANNER_CHECK_PAGE_H
#define SCANNER_CHECK_PAGE_H

#include "scanner/check_text.h"

enum { PAGE_LABEL_WIDTH = 8, PAGE_INDENT_BYTES = 4, PAGE_TEXT_COLUMN = 12 };

struct page {
    FILE *to;
    const struct check_style *style;
};

enum page_colour { PLAIN, BOLD, DIM, GREEN, RED, YELLOW };
void page_colour(const struct page *p, enum page_colour c);
void page_coloured(const struct page *p, enum page_colour c, const char *text);

enum page_mark { MARK_GOOD, MARK_BAD, MARK_WARN, MARK_UNKNOWN, MARK_NONE };
void page_mark(const struct page *p, enum page_mark m);
/* The head of a component's line: its mark and name. */
void page_component(const struct page *p, enum page_mark m, const char *name);
/* A label and words wrapped at CHECK_COLUMNS; text may come from outside. */
void page_wrapped(const struct page *p, const char *label, const char *text);
enum page_mark page_mark_of(enum component c);

/* check_components.c: record, policy, MX, TLSRPT, one line each and what belongs to it. */
void page_components(const struct page *p, const struct evidence *e, const struct judgement *j);

#endif
