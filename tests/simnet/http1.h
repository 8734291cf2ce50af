/*
 * http1 - the server's side of HTTP/1.1 (RFC 9112) over one connection
 *
 * GET and HEAD without request bodies, one request after the other, keep-alive. Anything else is
 * answered with 400 and the connection ends. Callbacks of the connection's protocol are handed on
 * to http1_ready and http1_alarm.
 */
#ifndef SIMNET_HTTP1_H
#define SIMNET_HTTP1_H

#include "tests/simnet/conn.h"
#include "tests/simnet/http_reply.h"

#define HTTP1_HEAD_MAX_BYTES 16384

struct http1;

/* answer is called with conn as owner. NULL: out of memory. */
struct http1 *http1_create(struct conn *conn, http_answer_fn *answer);
void http1_free(struct http1 *http1);
void http1_ready(struct http1 *http1);
void http1_alarm(struct http1 *http1);

#endif
