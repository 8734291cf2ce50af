/* dns_name: between wire, memory and text. */
#include "scanner/net/dns_name.h"

#include <string.h>

enum {
    NAMES_BEGIN_AT = 12,    /* behind the header */
    LABEL_KIND_MASK = 0xc0, /* RFC 1035 4.1.4: 00 a label, 11 a pointer, others reserved */
    LABEL_KIND_POINTER = 0xc0,
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Appends one label (without its length byte), in lower case. Room for the root label stays. */
static enum status add_label(struct dns_name *n, const uint8_t *label, size_t len)
{
    if ((size_t)n->len + 1 + len + 1 > DNS_NAME_MAX_BYTES)
        return ST_INVALID;
    n->b[n->len] = (uint8_t)len;
    uint8_t *to = n->b + n->len + 1;
    for (size_t i = 0; i < len; i++)
        to[i] = lower(label[i]);
    n->len = (uint8_t)(n->len + 1 + len);
    return ST_OK;
}

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

enum status dns_name_read(struct dns_reader *r, struct dns_name *out)
{
    struct dns_reader walk = *r;
    size_t before = dns_mark(r), end = 0;
    unsigned pointers = 0;
    enum status st;

    out->len = 0;
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
                end = dns_mark(r) + out->len + 2; /* labels so far and the pointer */
            continue;
        }
        if ((len & LABEL_KIND_MASK) != 0)
            return ST_INVALID;
        if ((st = dns_read_bytes(&walk, len, &label)) != ST_OK ||
            (st = add_label(out, label, len)) != ST_OK)
            return st;
    }
    out->b[out->len++] = 0;
    dns_rewind(r, pointers > 0 ? end : dns_mark(&walk));
    return ST_OK;
}

/* One byte of a label in text form, escapes undone; *text is moved behind it. */
static enum status text_byte(const char **text, uint8_t *out)
{
    const char *p = *text;
    if (*p != '\\') {
        *out = (uint8_t)*p;
        *text = p + 1;
        return ST_OK;
    }
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

enum status dns_name_from_text(const char *text, struct dns_name *out)
{
    uint8_t label[LABEL_MAX_BYTES];
    enum status st;

    out->len = 0;
    if (strcmp(text, ".") == 0)
        text++;
    else if (*text == '\0')
        return ST_INVALID;
    while (*text != '\0') {
        size_t len = 0;
        while (*text != '\0' && *text != '.') {
            if (len == sizeof label)
                return ST_INVALID;
            if ((st = text_byte(&text, &label[len++])) != ST_OK)
                return st;
        }
        if (len == 0 || (*text == '.' && text[1] == '\0'))
            return ST_INVALID;
        if ((st = add_label(out, label, len)) != ST_OK)
            return st;
        if (*text == '.')
            text++;
    }
    out->b[out->len++] = 0;
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
    size_t w = 0;
    for (size_t at = 0; at < n->len && n->b[at] != 0; at += 1u + n->b[at]) {
        if (w > 0)
            out[w++] = '.';
        for (size_t i = 1; i <= n->b[at]; i++)
            w += byte_text(n->b[at + i], out + w);
    }
    if (w == 0)
        out[w++] = '.';
    out[w] = '\0';
    return w;
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}
