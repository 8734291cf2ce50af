/* dns_name: between wire, memory and text. */
#include "scanner/net/dns_name.h"

#include <string.h>

enum {
    NAMES_BEGIN_AT = 12,    /* behind the header */
    LABEL_KIND_MASK = 0xc0, /* RFC 1035 4.1.4: 00 a label, 11 a pointer, others reserved */
    LABEL_KIND_POINTER = 0xc0,
};

/* ---- case ----------------------------------------------------------------------------------- */

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* Eight bytes in lower case. The sums carry into a byte's own top bit when its lower seven are 'A'
 * or more, and more than 'Z'. */
static uint64_t lower_eight(uint64_t x)
{
    uint64_t seven = x & EACH_BYTE(0x7f);
    uint64_t from_a = seven + EACH_BYTE(0x80 - 'A'), above_z = seven + EACH_BYTE(0x7f - 'Z');
    uint64_t upper = (from_a ^ above_z) & ~x & EACH_BYTE(0x80);
    return x | upper >> 2; /* 0x20, the difference of the cases */
}

static uint64_t load_eight(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static bool eight_match(const uint8_t *bytes, const uint8_t *lower)
{
    return lower_eight(load_eight(bytes)) == load_eight(lower);
}

bool dns_bytes_match(const uint8_t *bytes, const uint8_t *lower, size_t len)
{
    size_t at = 0;
    for (; len - at >= 8; at += 8)
        if (!eight_match(bytes + at, lower + at))
            return false;
    if (len >= 8) /* the rest, with what is before it */
        return eight_match(bytes + len - 8, lower + len - 8);
    for (; at < len; at++)
        if ((uint8_t)lower_eight(bytes[at]) != lower[at])
            return false;
    return true;
}

/* The whole name: a length byte is below 'A' and so left alone. What is behind the name does not
 * matter. */
static void lower_name(struct dns_name *n)
{
    _Static_assert(sizeof n->b % 8 == 0, "eight bytes at a time");
    for (size_t at = 0; at < n->len; at += 8) {
        uint64_t x = lower_eight(load_eight(n->b + at));
        memcpy(n->b + at, &x, sizeof x);
    }
}

/* ---- from the wire -------------------------------------------------------------------------- */

/* Goes where a pointer says: behind the header, and before the part of the name that holds it.
 * `before` is that part's beginning and falls with every jump. */
static enum status follow_pointer(struct dns_reader *r, uint8_t high, size_t *before)
{
    uint8_t low;
    if (dns_read_u8(r, &low) != ST_OK)
        return ST_TRUNCATED;
    size_t target = (size_t)(high & ~LABEL_KIND_MASK) << 8 | low;
    if (target < NAMES_BEGIN_AT || target >= *before)
        return ST_INVALID;
    dns_rewind(r, target);
    *before = target;
    return ST_OK;
}

/* Walks over a name, into `out` unless that is NULL, and leaves r behind it. */
static enum status walk_name(struct dns_reader *r, struct dns_name *out)
{
    struct dns_reader walk = *r;
    size_t before = dns_mark(r), end = 0, total = 0;
    unsigned pointers = 0;
    enum status st;

    for (;;) {
        uint8_t len;
        const uint8_t *label;
        if ((st = dns_read_u8(&walk, &len)) != ST_OK)
            return st;
        if (len == 0)
            break;
        if ((len & LABEL_KIND_MASK) == LABEL_KIND_POINTER) {
            if (pointers++ == DNS_POINTERS_MAX)
                return ST_INVALID;
            if ((st = follow_pointer(&walk, len, &before)) != ST_OK)
                return st;
            if (pointers == 1)
                end = dns_mark(r) + total + 2; /* labels so far and the pointer */
            continue;
        }
        if ((len & LABEL_KIND_MASK) != 0)
            return ST_INVALID;
        if ((st = dns_read_bytes(&walk, len, &label)) != ST_OK)
            return st;
        if (total + 1 + len + 1 > DNS_NAME_MAX_BYTES) /* room for the root label stays */
            return ST_INVALID;
        if (out != NULL)
            memcpy(out->b + total, label - 1, 1u + len);
        total += 1u + len;
    }
    if (out != NULL) {
        out->b[total] = 0;
        out->len = (uint8_t)(total + 1);
        lower_name(out);
    }
    dns_rewind(r, pointers > 0 ? end : dns_mark(&walk));
    return ST_OK;
}

enum status dns_name_read(struct dns_reader *r, struct dns_name *out)
{
    return walk_name(r, out);
}

enum status dns_name_skip(struct dns_reader *r)
{
    return walk_name(r, NULL);
}

/* ---- text ----------------------------------------------------------------------------------- */

/* The byte that an escape stands for; *text is moved behind it. */
static enum status escaped_byte(const char **text, uint8_t *out)
{
    const char *p = *text;
    if (p[1] == '\0')
        return ST_INVALID;
    if (p[1] < '0' || p[1] > '9') {
        *out = (uint8_t)p[1];
        *text = p + 2;
        return ST_OK;
    }
    unsigned value = 0;
    for (size_t i = 1; i <= 3; i++) {
        if (p[i] < '0' || p[i] > '9')
            return ST_INVALID;
        value = value * 10 + (unsigned)(p[i] - '0');
    }
    if (value > UINT8_MAX)
        return ST_INVALID;
    *out = (uint8_t)value;
    *text = p + 4;
    return ST_OK;
}

/* One label, up to its dot or the end of the text, of at most `room` bytes. */
static enum status read_label(const char **text, uint8_t *out, size_t room, size_t *len)
{
    const char *p = *text;
    size_t n = 0;
    for (; *p != '\0' && *p != '.'; n++) {
        if (n == room)
            return ST_INVALID;
        if (*p != '\\')
            out[n] = (uint8_t)*p++;
        else if (escaped_byte(&p, &out[n]) != ST_OK)
            return ST_INVALID;
    }
    *text = p;
    *len = n;
    return n > 0 ? ST_OK : ST_INVALID;
}

enum status dns_name_from_text(const char *text, struct dns_name *out)
{
    size_t at = 0, len;
    if (text[0] == '.' && text[1] == '\0')
        text++;
    else if (*text == '\0')
        return ST_INVALID;
    while (*text != '\0') {
        size_t room = DNS_NAME_MAX_BYTES - at; /* its length byte and the root's are in it */
        if (room < 2)
            return ST_INVALID;
        room = room - 2 < LABEL_MAX_BYTES ? room - 2 : LABEL_MAX_BYTES;
        if (read_label(&text, out->b + at + 1, room, &len) != ST_OK)
            return ST_INVALID;
        out->b[at] = (uint8_t)len;
        at += 1 + len;
        if (*text == '.' && *++text == '\0')
            return ST_INVALID;
    }
    out->b[at] = 0;
    out->len = (uint8_t)(at + 1);
    lower_name(out);
    return ST_OK;
}

static size_t byte_text(uint8_t c, char *out)
{
    if (c == '.' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c > ' ' && c < 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    out[1] = (char)('0' + c / 100);
    out[2] = (char)('0' + c / 10 % 10);
    out[3] = (char)('0' + c % 10);
    return 4;
}

/* 255 bytes hold at most 250 bytes of labels: 1,000 characters escaped, and the dots. */
_Static_assert(NAME_TEXT_MAX_BYTES >= 4 * 250 + 4, "an escaped name fits");

size_t dns_name_text(const struct dns_name *n, char out[NAME_TEXT_MAX_BYTES])
{
    char *to = out;
    for (size_t at = 0; at < n->len && n->b[at] != 0; at += 1u + n->b[at]) {
        const uint8_t *p = n->b + at + 1, *end = p + n->b[at];
        if (to > out)
            *to++ = '.';
        for (; p < end; p++) {
            *to = (char)*p;
            to += *p > '\\' && *p < 0x7f ? 1 : byte_text(*p, to);
        }
    }
    if (to == out)
        *to++ = '.';
    *to = '\0';
    return (size_t)(to - out);
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}
