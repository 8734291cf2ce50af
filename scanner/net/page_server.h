/* page_server - one page of text over HTTP, made anew for each GET: --metrics.
 *
 * evhttp on the caller's event base, with small caps: it is for a Prometheus on the same machine or
 * network, off unless asked for. Of more than PAGE_CONNECTIONS_MAX connections at once the later
 * wait to be accepted, and each is over by an absolute deadline. Thread: that of the base. */
#ifndef SCANNER_NET_PAGE_SERVER_H
#define SCANNER_NET_PAGE_SERVER_H

#include "scanner/net/addr.h"
#include <event2/event.h>

enum {
    PAGE_REQUEST_MAX_BYTES = 8192,
    PAGE_TIMEOUT_S = 10,       /* from the beginning of a connection to its end */
    PAGE_CONNECTIONS_MAX = 16, /* at once */
};

typedef struct page_server page_server;
/* Appends the page to out; on failure the answer is 500. */
typedef enum status (*page_fn)(void *arg, struct strbuf *out);

/* Listens at `at` (port 0: any; page_server_endpoint says which) and serves `path` alone.
 * ST_IO with errno when it cannot listen there. */
enum status page_server_new(struct event_base *base, const struct endpoint *at, const char *path,
                            page_fn page, void *arg, page_server **out);
struct endpoint page_server_endpoint(const page_server *s);
/* Closes what is connected. NULL is fine. */
void page_server_free(page_server *s);

#endif
