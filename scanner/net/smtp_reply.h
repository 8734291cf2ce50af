/* smtp_reply - reads SMTP replies from bytes (RFC 5321 4.2). Pure and incremental.
 *
 * Multi-line replies, bare LF tolerated, bytes outside ASCII kept; bounded lines and lengths. */
#ifndef SCANNER_NET_SMTP_REPLY_H
#define SCANNER_NET_SMTP_REPLY_H

#include "lib/bytes.h"
#include "lib/caps.h"

enum {
    SMTP_LINE_MAX_BYTES = 2048, /* longer lines are cut; RFC 5321 4.5.3.1.5 asks for 512 */
    SMTP_REPLY_MAX_LINES = 256,
    SMTP_REPLY_MAX_BYTES = 65536, /* of one reply; beyond it is a protocol error */
};

struct smtp_reply {
    int code;      /* 200-599 of the first line; 0 until known */
    bool complete; /* the last line (code SP) came */
    bool starttls; /* a line of the reply is the STARTTLS keyword (EHLO replies) */
    char first[BANNER_MAX_BYTES + 1]; /* text of the first line after the code, cut */
    size_t first_len;
    size_t lines, bytes;
    /* parser state */
    char line[SMTP_LINE_MAX_BYTES];
    size_t line_len;
};
void smtp_reply_reset(struct smtp_reply *r);
/* Consumes bytes up to the end of the reply; *used says how many, so that the rest (injected
 * plaintext) can be seen. ST_OK also when more bytes are needed (complete is false); ST_INVALID
 * when it is no SMTP reply; ST_LIMIT beyond the bounds. */
enum status smtp_reply_feed(struct smtp_reply *r, const char *p, size_t len, size_t *used);

#endif
