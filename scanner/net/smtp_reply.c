#include "scanner/net/smtp_reply.h"

#include <string.h>

void smtp_reply_reset(struct smtp_reply *r)
{
    r->code = 0;
    r->complete = r->starttls = false;
    r->first[0] = '\0';
    r->first_len = 0;
    r->lines = r->bytes = 0;
    r->line_len = 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Keeps text as the first line's, without NULs at its cut end; bytes are kept as they came. */
static void keep_first(struct smtp_reply *r, struct slice text)
{
    r->first_len = text.len < BANNER_MAX_BYTES ? text.len : BANNER_MAX_BYTES;
    if (r->first_len > 0)
        memcpy(r->first, text.p, r->first_len);
    r->first[r->first_len] = '\0';
}

/* One line without its end: 3DIGIT, then "-" when more follow, SP or nothing when it is the last
 * (RFC 5321 4.2, 4.2.1). All lines of a reply carry one code. */
static enum status take_line(struct smtp_reply *r, struct slice line)
{
    bool more = line.len > 3 && line.p[3] == '-';
    bool form = line.len >= 3 && line.p[0] >= '2' && line.p[0] <= '5' && is_digit(line.p[1]) &&
                is_digit(line.p[2]) && (line.len == 3 || more || line.p[3] == ' ');
    if (!form) {
        if (r->lines == 0)
            keep_first(r, line); /* what a port that does not speak SMTP said */
        return ST_INVALID;
    }
    int code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
    size_t skip = line.len > 3 ? 4 : 3;
    struct slice text = {line.p + skip, line.len - skip};
    if (r->lines == 0) {
        r->code = code;
        keep_first(r, text);
    } else if (code != r->code) {
        return ST_INVALID;
    }
    if (r->lines == SMTP_REPLY_MAX_LINES)
        return ST_LIMIT;
    r->lines++;
    /* The first line of an EHLO reply is the greeting; keywords stand in the others
     * (RFC 5321 4.1.1.1). A keyword ends at a space or the line's end. */
    if (r->lines > 1) {
        const char *space = text.len == 0 ? NULL : memchr(text.p, ' ', text.len);
        struct slice keyword = {text.p, space == NULL ? text.len : (size_t)(space - text.p)};
        r->starttls |= slice_eq_nocase(keyword, SLICE_LIT("STARTTLS"));
    }
    r->complete = !more;
    return ST_OK;
}

enum status smtp_reply_feed(struct smtp_reply *r, const char *p, size_t len, size_t *used)
{
    size_t at = 0;
    enum status st = ST_OK;
    while (st == ST_OK && !r->complete && at < len) {
        char c = p[at++];
        if (++r->bytes > SMTP_REPLY_MAX_BYTES) {
            st = ST_LIMIT;
        } else if (c != '\n') {
            if (r->line_len < sizeof r->line)
                r->line[r->line_len++] = c;
        } else {
            struct slice line = {r->line, r->line_len};
            if (line.len > 0 && line.p[line.len - 1] == '\r')
                line.len--;
            st = take_line(r, line);
            r->line_len = 0;
        }
    }
    *used = at;
    return st;
}
