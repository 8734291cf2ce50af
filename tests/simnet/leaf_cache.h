/*
 * leaf_cache - the certificates that one thread has issued lately
 *
 * A name's leaf is issued when the first client asks for it and kept until about `max` others have
 * been asked for since, so that memory does not grow with the list that is scanned. The least
 * recently used is turned into the one that comes (ca_issue), and so a leaf is held while a
 * handshake uses it: what is held does not go, and the cache may exceed max by so many. The few
 * that are `shared` stay for good, so that clients see the same bytes at each of a host's
 * addresses. One cache per thread; no locks.
 */
#ifndef SIMNET_LEAF_CACHE_H
#define SIMNET_LEAF_CACHE_H

#include "tests/simnet/ca.h"

#include <stdint.h>

#define LEAF_CACHE_MAX 256

struct leaf_cache;

/* ca must outlive the cache. max: at least 1; LEAF_CACHE_MAX unless a test wants less. */
struct leaf_cache *leaf_cache_create(const struct sim_ca *ca, size_t max);
void leaf_cache_free(struct leaf_cache *cache);

/* The leaf for cert, issued now or before, and held for the caller. NULL: OpenSSL failed. */
const struct ca_leaf *leaf_cache_take(struct leaf_cache *cache, const struct sim_cert *cert);
/* Ends one hold; leaf may be NULL. Before leaf_cache_free(). */
void leaf_cache_release(const struct ca_leaf *leaf);

/* How many signatures the cache has cost so far. */
uint64_t leaf_cache_issued(const struct leaf_cache *cache);

#endif
