/*
 * http_reply - one HTTP response, ready to be sent by HTTP/1.1 or HTTP/2
 *
 * Made from what the world says of a request. The body is read piece by piece, so that a body that
 * never ends costs no memory.
 */
#ifndef SIMNET_HTTP_REPLY_H
#define SIMNET_HTTP_REPLY_H

#include "tests/simnet/world.h"

#define HTTP_REPLY_HEADERS_MAX 6
#define HTTP_REPLY_VALUE_MAX (SIM_NAME_MAX + 64)

struct http_header {
    char name[64]; /* lower case, as HTTP/2 wants it (RFC 9113 section 8.2) */
    char value[HTTP_REPLY_VALUE_MAX];
};

struct http_reply {
    unsigned status;
    struct http_header headers[HTTP_REPLY_HEADERS_MAX];
    size_t header_count; /* without content-length */
    uint8_t *body;       /* owned; NULL when body_len is 0 */
    size_t body_len;
    size_t total_len;  /* with the padding; SIM_HTTP_PAD_ENDLESS: no end */
    size_t send_len;   /* so much of it is sent, then what delivery says */
    bool length_known; /* send content-length: total_len */
    enum sim_http_delivery delivery;
    uint32_t delay_ms;
};

/* NULL: out of memory. */
struct http_reply *http_reply_create(const struct sim_http *http);
/* A whole reply of these bytes, which are copied. */
struct http_reply *http_reply_of_bytes(unsigned status, const char *type, const void *p,
                                       size_t len);
/* name in lower case. Left out when there are HTTP_REPLY_HEADERS_MAX already. */
void http_reply_add_header(struct http_reply *reply, const char *name, const char *value);
void http_reply_free(struct http_reply *reply);

/* Copies body bytes from offset on; returns their number, 0 at send_len. */
size_t http_reply_read(const struct http_reply *reply, size_t offset, void *buf, size_t size);

/* Answers one request. host is lower case, without port, "" when there was none; path is as sent.
 * The caller frees the reply. NULL: out of memory. */
typedef struct http_reply *http_answer_fn(void *owner, const char *method, const char *host,
                                          const char *path);

/* Copies a Host or :authority in lower case without its port. Too long: "". */
void http_host_copy(char out[SIM_NAME_MAX], const char *p, size_t len);

#endif
