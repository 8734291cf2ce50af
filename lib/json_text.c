/* json_text: JSON strings from text and from network bytes, in one pass and without allocation of
 * their own. Whatever comes in, what goes out is valid UTF-8: a byte outside it is written \xhh. */
#include "lib/record_json.h"

#include <string.h>

/* Printable ASCII that JSON takes as it is. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* Some byte's high bit is set when one of the eight is zero. */
static uint64_t zero_byte(uint64_t x)
{
    return (x - EACH_BYTE(1)) & ~x;
}

/* is_plain of eight bytes at once. */
static bool are_plain(const unsigned char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    uint64_t odd =
        x | (x - EACH_BYTE(0x20)) | zero_byte(x ^ EACH_BYTE('"')) | zero_byte(x ^ EACH_BYTE('\\'));
    return (odd & EACH_BYTE(0x80)) == 0;
}

/* Where the plain bytes from p[at] on end. */
static size_t skip_plain(const unsigned char *p, size_t at, size_t len)
{
    while (len - at >= 8 && are_plain(p + at))
        at += 8;
    while (at < len && is_plain(p[at]))
        at++;
    return at;
}

static void add_special(struct strbuf *out, unsigned char c, bool raw)
{
    static const char hex[] = "0123456789abcdef";
    char esc[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"':
        strbuf_add(out, "\\\"", 2);
        break;
    case '\\':
        strbuf_add(out, "\\\\\\\\", raw ? 4 : 2);
        break;
    case '\n':
        strbuf_add(out, "\\n", 2);
        break;
    case '\r':
        strbuf_add(out, "\\r", 2);
        break;
    case '\t':
        strbuf_add(out, "\\t", 2);
        break;
    default:
        strbuf_add(out, esc, sizeof esc);
    }
}

static void add_invalid(struct strbuf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char esc[5] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};
    strbuf_add(out, esc, sizeof esc);
}

/* Copies s, which must have eight bytes at least, to `to` as far as it is plain, eight bytes at a
 * time, the last ones with those before them; false when it is not. Writes nothing behind s.len. */
static bool copy_plain(char *to, struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;
    for (; s.len - at >= 8; at += 8) {
        if (!are_plain(p + at))
            return false;
        memcpy(to + at, p + at, 8);
    }
    at = s.len - 8;
    memcpy(to + at, p + at, 8);
    return are_plain(p + at);
}

static bool copy_short_plain(char *to, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_plain((unsigned char)s.p[i]))
            return false;
        to[i] = s.p[i];
    }
    return true;
}

/* Most strings are plain: they are copied while they are looked at. */
static bool add_plain_string(struct strbuf *out, struct slice s)
{
    char *to = strbuf_room(out, s.len + 2);
    if (!to || !(s.len >= 8 ? copy_plain(to + 1, s) : copy_short_plain(to + 1, s)))
        return false;
    to[0] = to[s.len + 1] = '"';
    strbuf_grew(out, s.len + 2);
    return true;
}

/* raw doubles a backslash first, as text_escape does; text has been through that already. */
static enum status add_string(struct strbuf *out, struct slice s, bool raw)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t run = 0; /* start of the bytes that go out as they are */
    if (add_plain_string(out, s))
        return ST_OK;
    strbuf_addc(out, '"');
    for (size_t i = 0; (i = skip_plain(p, i, s.len)) < s.len;) {
        size_t take = p[i] >= 0x80 ? utf8_sequence((struct slice){s.p + i, s.len - i}) : 0;
        if (take > 0) {
            i += take;
            continue;
        }
        if (i > run)
            strbuf_add(out, p + run, i - run);
        if (p[i] < 0x80)
            add_special(out, p[i], raw);
        else
            add_invalid(out, p[i]);
        run = ++i;
    }
    if (s.len > run)
        strbuf_add(out, p + run, s.len - run);
    return strbuf_addc(out, '"');
}

enum status json_add_string(struct strbuf *out, struct slice utf8)
{
    return add_string(out, utf8, false);
}

enum status json_add_bytes(struct strbuf *out, struct slice raw)
{
    return add_string(out, raw, true);
}
