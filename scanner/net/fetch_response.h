/* fetch_response - collects one HTTP answer within bounds: header lines and body bytes in, facts
 * out. Pure: no I/O, so that it can be fed by a test. */
#ifndef SCANNER_NET_FETCH_RESPONSE_H
#define SCANNER_NET_FETCH_RESPONSE_H

#include "lib/evidence.h"

enum {
    HTTP_HEADERS_MAX_BYTES = 64 * 1024, /* of one answer, interim answers included; beyond it the
                                           answer is broken off: HTTP_END_TRUNCATED */
    RETRY_AFTER_MAX_MS = 24 * 3600 * 1000,
};

struct response {
    struct http_facts http; /* strings in arena; complete after response_end */
    struct arena *arena;
    struct strbuf body; /* as it came, at most body_max_bytes */
    size_t body_max_bytes;
    size_t header_bytes;   /* of all answers on the connection, interim ones too */
    bool in_body;          /* the final answer's header section ended; trailers are ignored */
    bool too_large;        /* more body than body_max_bytes */
    const char *challenge; /* mark seen in the header fields so far */
};

void response_init(struct response *r, struct arena *arena, size_t body_max_bytes);
void response_free(struct response *r);
/* One header line, its end included. False when the bounds are passed: give up. */
bool response_header(struct response *r, struct slice line);
/* Bytes of the body. False when it is too large: give up. */
bool response_body(struct response *r, struct slice bytes);
/* How it ended. Decodes a Content-Encoding that came unasked (gzip, deflate), which may turn
 * HTTP_END_OK into TOO_LARGE or TRUNCATED; looks for the marks of bot challenges. http.body points
 * into arena. */
void response_end(struct response *r, enum http_end end);

/* gzip, zlib or raw deflate, within out->cap_bytes. ST_OK; ST_LIMIT when there is more (out holds
 * the bytes up to the cap); ST_INVALID when it is broken or cut short; ST_UNSUPPORTED for an
 * encoding that is none of these. `encoding` is the field's value. */
enum status content_decode(struct slice encoding, struct slice in, struct strbuf *out);

/* How long a Retry-After asks to stay away (RFC 9110 10.2.3: seconds, or a date), at most
 * RETRY_AFTER_MAX_MS; 0 when it says nothing that can be read, or value is NULL. */
uint64_t retry_after_ms(const char *value, int64_t wall_now_ms);

/* Name of the bot challenge or WAF that a header field shows, NULL when none. */
const char *challenge_of_field(struct slice name, struct slice value);
/* The same of a refusing answer's body. */
const char *challenge_of_body(int status, struct slice server, struct slice body);

#endif
