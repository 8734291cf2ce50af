/* fetch_memory - where libcurl has its memory from.
 *
 * A transfer has up to three large buffers: to read into (16 KiB), for the request (64, HTTP/1) and
 * for frames (32, HTTP/2). Hardly a page of them is ever written to, above all where the host holds
 * the fetch and says nothing, as may be the case for two thousand at once. On the heap they would
 * lie where something was written before. So what is large is mapped: only pages that are used
 * count, and they are given back at once. */
#ifndef SCANNER_NET_FETCH_MEMORY_H
#define SCANNER_NET_FETCH_MEMORY_H

#include "lib/status.h"

enum { FETCH_MAPPED_FROM_BYTES = 16 << 10 };

/* Starts libcurl (curl_global_init), before there are threads and fetchers. ST_NOMEM. */
enum status fetch_memory_start(void);
/* Once for each start, after the last fetcher. */
void fetch_memory_end(void);

#endif
