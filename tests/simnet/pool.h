/*
 * pool - memory for connections: OpenSSL asks for hundreds of small pieces with each handshake
 *
 * Freed pieces stay with the thread that freed them, by size, and are handed out again without a
 * lock and without looking at their neighbours. The memory of a process so grows to the most that
 * it needed at once, and shrinks no more: fine for servers whose every connection is like the last
 * one.
 */
#ifndef SIMNET_POOL_H
#define SIMNET_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else is done with OpenSSL. False: it keeps the usual memory, since it has some
 * already, or since AddressSanitizer is to see each piece by itself. */
bool pool_serve_openssl(void);

/* The same for what else a connection needs. Zeroed; NULL: out of memory. */
void *pool_zalloc(size_t len);
void pool_free(void *p);

/* The usual four functions, for libraries that are told what to use. */
void *pool_malloc(size_t len);
void *pool_calloc(size_t count, size_t size);
void *pool_realloc(void *p, size_t len);

#endif
