/*
 * http2 - the server's side of HTTP/2 (RFC 9113, by nghttp2) over one connection
 *
 * Answers any number of streams, each as its reply says. Callbacks of the connection's protocol are
 * handed on to http2_ready and http2_alarm.
 */
#ifndef SIMNET_HTTP2_H
#define SIMNET_HTTP2_H

#include "tests/simnet/conn.h"
#include "tests/simnet/http_reply.h"

#define HTTP2_STREAMS_MAX 100

struct http2;

/* Starts the session: queues our SETTINGS. answer is called with conn as owner. NULL: out of
 * memory. */
struct http2 *http2_create(struct conn *conn, http_answer_fn *answer);
void http2_free(struct http2 *http2);
void http2_ready(struct http2 *http2);
void http2_alarm(struct http2 *http2);

#endif
