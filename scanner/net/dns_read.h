/* dns_read - a bounds-checked reader over one DNS message: the only way its parsers touch bytes.
 *
 * A read that does not fit returns ST_TRUNCATED and leaves the reader where it was. dns_mark and
 * dns_rewind go back, for what is read twice. Numbers are big-endian (RFC 1035 2.3.2). */
#ifndef SCANNER_NET_DNS_READ_H
#define SCANNER_NET_DNS_READ_H

#include "lib/status.h"
#include <stddef.h>
#include <stdint.h>

struct dns_reader {
    const uint8_t *msg; /* borrowed; names are read by offsets from its beginning */
    size_t len;         /* bytes that may be read: at <= len */
    size_t at;
};

static inline struct dns_reader dns_reader_of(const uint8_t *msg, size_t len)
{
    return (struct dns_reader){.msg = msg, .len = len, .at = 0};
}

/* The next `len` bytes of r as a reader of their own, which keeps r's offsets. */
static inline enum status dns_read_part(struct dns_reader *r, size_t len, struct dns_reader *part)
{
    if (r->len - r->at < len)
        return ST_TRUNCATED;
    *part = (struct dns_reader){.msg = r->msg, .len = r->at + len, .at = r->at};
    r->at += len;
    return ST_OK;
}

static inline size_t dns_left(const struct dns_reader *r)
{
    return r->len - r->at;
}

static inline size_t dns_mark(const struct dns_reader *r)
{
    return r->at;
}

/* `mark` comes from dns_mark of the same reader (or of one over the same message and length). */
static inline void dns_rewind(struct dns_reader *r, size_t mark)
{
    r->at = mark <= r->len ? mark : r->len;
}

static inline enum status dns_read_bytes(struct dns_reader *r, size_t len, const uint8_t **out)
{
    if (dns_left(r) < len)
        return ST_TRUNCATED;
    *out = r->msg + r->at;
    r->at += len;
    return ST_OK;
}

static inline enum status dns_read_u8(struct dns_reader *r, uint8_t *out)
{
    const uint8_t *b;
    if (dns_read_bytes(r, 1, &b) != ST_OK)
        return ST_TRUNCATED;
    *out = b[0];
    return ST_OK;
}

static inline enum status dns_read_u16(struct dns_reader *r, uint16_t *out)
{
    const uint8_t *b;
    if (dns_read_bytes(r, 2, &b) != ST_OK)
        return ST_TRUNCATED;
    *out = (uint16_t)(b[0] << 8 | b[1]);
    return ST_OK;
}

static inline enum status dns_read_u32(struct dns_reader *r, uint32_t *out)
{
    const uint8_t *b;
    if (dns_read_bytes(r, 4, &b) != ST_OK)
        return ST_TRUNCATED;
    *out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return ST_OK;
}

#endif
