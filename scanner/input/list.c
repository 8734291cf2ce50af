#include "scanner/input/reader.h"

bool line_is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '#')
            return true;
        if (text.p[i] != ' ' && text.p[i] != '\t' && text.p[i] != '\r')
            return false;
    }
    return true;
}

enum status list_next(lines *l, struct raw_item *out)
{
    struct line line;
    do {
        enum status st = lines_next(l, &line);
        if (st != ST_OK)
            return st;
    } while (line_is_blank(line.text));
    *out = (struct raw_item){.rank = -1, .name = line.text, .raw = line.text};
    if (line.too_long)
        out->reason = REASON_LINE_TOO_LONG;
    return ST_OK;
}
