#include "scanner/check_page.h"

#include "lib/name.h"

#include <string.h>

/* ---- harmless text -------------------------------------------------------------------------- */

/* Characters that move the cursor or turn the direction of writing. */
static bool is_unsafe(struct slice c)
{
    const unsigned char *p = (const unsigned char *)c.p;
    uint32_t code = p[0];
    if (c.len == 2)
        code = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    else if (c.len == 3)
        code = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void put_wire(FILE *to, struct slice text)
{
    while (text.len > 0) {
        size_t n = utf8_sequence(text);
        bool hex = n == 0 || is_unsafe((struct slice){text.p, n});
        n = n == 0 ? 1 : n;
        for (size_t i = 0; i < n; i++) {
            if (hex)
                fprintf(to, "\\x%02x", (unsigned char)text.p[i]);
            else
                fputc(text.p[i], to);
        }
        text = (struct slice){text.p + n, text.len - n};
    }
}

/* ---- style ---------------------------------------------------------------------------------- */

void page_colour(const struct page *p, enum page_colour c)
{
    static const char *const codes[] = {"0", "1", "2", "32", "31", "33"};
    if (p->style->colour)
        fprintf(p->to, "\033[%sm", codes[c]);
}

void page_coloured(const struct page *p, enum page_colour c, const char *text)
{
    page_colour(p, c);
    fputs(text, p->to);
    page_colour(p, PLAIN);
}

void page_mark(const struct page *p, enum page_mark m)
{
    static const char *const fine[] = {"✓", "✗", "!", "?", "·"};
    static const char *const ascii[] = {"+", "x", "!", "?", "-"};
    static const enum page_colour colours[] = {GREEN, RED, YELLOW, YELLOW, DIM};
    page_coloured(p, colours[m], (p->style->utf8 ? fine : ascii)[m]);
}

/* Words wrapped at CHECK_COLUMNS, each line after the first one indented. */
void page_wrapped(const struct page *p, const char *label, const char *text)
{
    size_t indent = PAGE_TEXT_COLUMN, at = indent;
    fprintf(p->to, "%*s", PAGE_INDENT_BYTES, "");
    page_colour(p, DIM);
    fprintf(p->to, "%-*s", PAGE_LABEL_WIDTH, label);
    page_colour(p, PLAIN);
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (at + 1 + len > CHECK_COLUMNS && at > indent) {
            fprintf(p->to, "\n%*s", (int)indent, "");
            at = indent;
        }
        if (at > indent)
            fputc(' ', p->to);
        put_wire(p->to, (struct slice){text, len});
        at += len + (at > indent);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', p->to);
}

void page_component(const struct page *p, enum page_mark m, const char *name)
{
    fputs("  ", p->to);
    page_mark(p, m);
    fputc(' ', p->to);
    page_colour(p, BOLD);
    fprintf(p->to, "%-*s", PAGE_LABEL_WIDTH, name);
    page_colour(p, PLAIN);
}
