/*
 * leaf_cache - the certificates that one thread has issued lately
 *
 * A name's leaf is issued when the first client asks for it and kept until LEAF_CACHE_MAX others
 * have been asked for since (least recently used goes first), so that memory does not grow with the
 * list that is scanned. One cache per thread; no locks.
 */
#ifndef SIMNET_LEAF_CACHE_H
#define SIMNET_LEAF_CACHE_H

#include "tests/simnet/ca.h"

#include <stdint.h>

#define LEAF_CACHE_MAX 4096

struct leaf_cache;

/* ca must outlive the cache. max: at least 1; LEAF_CACHE_MAX unless a test wants less. */
struct leaf_cache *leaf_cache_create(const struct sim_ca *ca, size_t max);
void leaf_cache_free(struct leaf_cache *cache);

/* The leaf for cert, issued now or before; valid until the next call. NULL: OpenSSL failed. */
const struct ca_leaf *leaf_cache_get(struct leaf_cache *cache, const struct sim_cert *cert);

/* How many signatures the cache has cost so far. */
uint64_t leaf_cache_issued(const struct leaf_cache *cache);

#endif
