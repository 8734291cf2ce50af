/* dns_name - domain names as DNS messages hold them (RFC 1035 3.1, 4.1.4).
 *
 * Pure functions. A name is kept uncompressed and in lower case, so that two are the same name when
 * their bytes are. Any byte may stand in a label: the text form writes `.` and `\` with a backslash
 * and whatever is not printable ASCII as \DDD (RFC 1035 5.1). */
#ifndef SCANNER_NET_DNS_NAME_H
#define SCANNER_NET_DNS_NAME_H

#include "lib/caps.h"
#include "scanner/net/dns_read.h"
#include <stdbool.h>

enum {
    DNS_NAME_MAX_BYTES = 255, /* RFC 1035 2.3.4, with the final root label */
    DNS_POINTERS_MAX = 127,   /* followed in one name: as many as it can have labels */
};

struct dns_name {
    uint8_t len;                       /* bytes in b; 1 for the root */
    uint8_t b[DNS_NAME_MAX_BYTES + 1]; /* one more than is used: 32 times eight */
};

/* Reads a name and leaves r behind it. Pointers must point backwards, behind the header: so they
 * end. ST_INVALID for other label types, pointers elsewhere and names over 255 bytes; ST_TRUNCATED
 * when it does not end within the message. */
enum status dns_name_read(struct dns_reader *r, struct dns_name *out);

/* The same without keeping the name: what is no name is no name here, too. */
enum status dns_name_skip(struct dns_reader *r);

/* From presentation form without final dot ("." is the root). ST_INVALID for an empty label, a
 * label over 63 bytes, a name over 255 or a broken escape. */
enum status dns_name_from_text(const char *text, struct dns_name *out);
/* To presentation form without final dot, "." for the root; returns its length. Always fits. */
size_t dns_name_text(const struct dns_name *n, char out[NAME_TEXT_MAX_BYTES]);

/* Whether `bytes` are those of `lower`, which are in lower case, letters of either case alike. */
bool dns_bytes_match(const uint8_t *bytes, const uint8_t *lower, size_t len);
bool dns_name_eq(const struct dns_name *a, const struct dns_name *b);

#endif
