#include "lib/name.h"

#include <string.h>

size_t utf8_sequence(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;

    /* The second byte's range excludes overlong forms, surrogates and what lies over U+10FFFF. */
    size_t len;
    unsigned char low = 0x80, high = 0xbf;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        low = p[0] == 0xe0 ? 0xa0 : 0x80;
        high = p[0] == 0xed ? 0x9f : 0xbf;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        low = p[0] == 0xf0 ? 0x90 : 0x80;
        high = p[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (s.len < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return len;
}

static const char hex_digits[] = "0123456789abcdef";

enum status text_escape(struct strbuf *out, struct slice raw)
{
    size_t plain = 0; /* start of the run not yet copied */
    size_t i = 0;
    while (i < raw.len) {
        size_t len = utf8_sequence((struct slice){raw.p + i, raw.len - i});
        if (len > 0 && raw.p[i] != '\\') {
            i += len;
            continue;
        }
        unsigned char byte = (unsigned char)raw.p[i];
        char escape[4] = {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 0xf]};
        strbuf_add(out, raw.p + plain, i - plain);
        if (len > 0)
            strbuf_add(out, "\\\\", 2);
        else
            strbuf_add(out, escape, sizeof escape);
        plain = ++i;
    }
    return strbuf_add(out, raw.p + plain, raw.len - plain);
}

const char *text_escape_dup(struct arena *arena, struct slice raw)
{
    const char *text = NULL;
    struct strbuf out;
    strbuf_init(&out, raw.len > SIZE_MAX / 4 ? SIZE_MAX : 4 * raw.len);
    while (raw.len > 0) {
        const char *nul = memchr(raw.p, '\0', raw.len);
        size_t run = nul == NULL ? raw.len : (size_t)(nul - raw.p);
        text_escape(&out, (struct slice){raw.p, run});
        if (nul != NULL)
            strbuf_adds(&out, "\\x00");
        run += nul != NULL;
        raw = (struct slice){raw.p + run, raw.len - run};
    }
    if (out.error == ST_OK)
        text = arena_dup(arena, (struct slice){out.p, out.len});
    strbuf_free(&out);
    return text;
}

/* -1 for what is no lower-case hex digit. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

enum status text_unescape(struct strbuf *out, struct slice text)
{
    size_t plain = 0;
    size_t i = 0;
    while (i < text.len) {
        if (text.p[i] != '\\') {
            i++;
            continue;
        }
        strbuf_add(out, text.p + plain, i - plain);
        size_t left = text.len - i;
        if (left >= 2 && text.p[i + 1] == '\\') {
            strbuf_addc(out, '\\');
            i += 2;
        } else if (left >= 4 && text.p[i + 1] == 'x' && hex_value(text.p[i + 2]) >= 0 &&
                   hex_value(text.p[i + 3]) >= 0) {
            strbuf_addc(out, (char)(hex_value(text.p[i + 2]) << 4 | hex_value(text.p[i + 3])));
            i += 4;
        } else {
            return ST_INVALID;
        }
        plain = i;
    }
    return strbuf_add(out, text.p + plain, text.len - plain);
}

bool text_is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] > 0x7f)
            return false;
    return true;
}

bool text_is_utf8(struct slice s)
{
    while (s.len > 0) {
        size_t len = utf8_sequence(s);
        if (len == 0)
            return false;
        s = (struct slice){s.p + len, s.len - len};
    }
    return true;
}
