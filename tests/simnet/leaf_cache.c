#include "tests/simnet/leaf_cache.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX_BYTES (6 * sizeof(int32_t) + (SIM_CERT_NAMES_MAX + 1) * SIM_NAME_MAX)

struct entry {
    struct entry *bucket_next;
    struct entry *newer;
    struct entry *older;
    struct ca_leaf leaf;
    unsigned holds;
    bool pinned;
    uint64_t hash;
    size_t key_len;
    unsigned char key[];
};

struct leaf_cache {
    const struct sim_ca *ca;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    size_t max;
    struct entry *newest;
    struct entry *oldest;
    uint64_t issued;
    struct ca_serial serial; /* of the next one */
};

struct key {
    unsigned char bytes[KEY_MAX_BYTES];
    size_t len;
};

static bool key_add(struct key *key, const char *text)
{
    size_t len = strlen(text) + 1; /* the NUL divides one name from the next */
    if (len > sizeof key->bytes - key->len)
        return false;
    memcpy(key->bytes + key->len, text, len);
    key->len += len;
    return true;
}

static bool key_add_number(struct key *key, int32_t number)
{
    if (sizeof number > sizeof key->bytes - key->len)
        return false;
    memcpy(key->bytes + key->len, &number, sizeof number);
    key->len += sizeof number;
    return true;
}

/* Everything that makes one leaf differ from another. */
static bool key_make(struct key *key, const struct sim_cert *cert)
{
    key->len = 0;
    bool ok = key_add_number(key, (int32_t)cert->issuer) &&
              key_add_number(key, (int32_t)cert->key) &&
              key_add_number(key, cert->sha1_signature) &&
              key_add_number(key, cert->not_before_h) && key_add_number(key, cert->not_after_h) &&
              key_add_number(key, (int32_t)cert->series) && key_add(key, cert->cn);
    for (unsigned i = 0; ok && i < cert->san_count; i++)
        ok = key_add(key, cert->san[i]);
    return ok;
}

/* FNV-1a */
static uint64_t key_hash(const struct key *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key->len; i++)
        hash = (hash ^ key->bytes[i]) * 0x100000001b3u;
    return hash ^ (hash >> 32);
}

struct leaf_cache *leaf_cache_create(const struct sim_ca *ca, size_t max)
{
    struct leaf_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->ca = ca;
    cache->max = max;
    cache->bucket_count = 1;
    while (cache->bucket_count < max)
        cache->bucket_count *= 2;
    cache->buckets = calloc(cache->bucket_count, sizeof(struct entry *));
    if (!cache->buckets || !ca_serial_draw(&cache->serial)) {
        free(cache->buckets);
        free(cache);
        return NULL;
    }
    return cache;
}

static void unlink_entry(struct leaf_cache *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct leaf_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static struct entry **bucket_of(struct leaf_cache *cache, uint64_t hash)
{
    return &cache->buckets[hash & (cache->bucket_count - 1)];
}

/* Takes the entry out of the cache; it stays whole. */
static void detach(struct leaf_cache *cache, struct entry *entry)
{
    struct entry **at = bucket_of(cache, entry->hash);
    while (*at != entry)
        at = &(*at)->bucket_next;
    *at = entry->bucket_next;
    unlink_entry(cache, entry);
    cache->count--;
}

static void entry_free(struct entry *entry)
{
    X509_free(entry->leaf.cert);
    free(entry);
}

void leaf_cache_free(struct leaf_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest) {
        struct entry *entry = cache->oldest;
        detach(cache, entry);
        entry_free(entry);
    }
    free(cache->buckets);
    free(cache);
}

static struct entry *find(struct leaf_cache *cache, const struct key *key, uint64_t hash)
{
    struct entry *entry = *bucket_of(cache, hash);
    while (entry && (entry->hash != hash || entry->key_len != key->len ||
                     memcmp(entry->key, key->bytes, key->len) != 0))
        entry = entry->bucket_next;
    return entry;
}

static struct entry *oldest_free(struct leaf_cache *cache)
{
    struct entry *entry = cache->oldest;
    while (entry && (entry->holds > 0 || entry->pinned))
        entry = entry->newer;
    return entry;
}

/* A certificate that nobody needs any more, or NULL when the cache is not full. */
static X509 *take_old_cert(struct leaf_cache *cache)
{
    struct entry *entry = cache->count < cache->max ? NULL : oldest_free(cache);
    if (!entry)
        return NULL;
    X509 *cert = entry->leaf.cert;
    entry->leaf.cert = NULL;
    detach(cache, entry);
    entry_free(entry);
    return cert;
}

static struct entry *issue(struct leaf_cache *cache, const struct sim_cert *cert,
                           const struct key *key, uint64_t hash)
{
    struct entry *entry = calloc(1, sizeof *entry + key->len);
    if (!entry)
        return NULL;
    entry->leaf.cert = take_old_cert(cache);
    if (!ca_issue(cache->ca, cert, &cache->serial, &entry->leaf)) {
        entry_free(entry);
        return NULL;
    }
    entry->pinned = cert->shared;
    entry->hash = hash;
    entry->key_len = key->len;
    memcpy(entry->key, key->bytes, key->len);
    entry->bucket_next = *bucket_of(cache, hash);
    *bucket_of(cache, hash) = entry;
    link_newest(cache, entry);
    cache->count++;
    cache->issued++;
    ca_serial_next(&cache->serial);
    return entry;
}

const struct ca_leaf *leaf_cache_take(struct leaf_cache *cache, const struct sim_cert *cert)
{
    struct key key;
    if (!key_make(&key, cert))
        return NULL;
    uint64_t hash = key_hash(&key);
    struct entry *entry = find(cache, &key, hash);
    if (entry) {
        unlink_entry(cache, entry);
        link_newest(cache, entry);
    } else {
        entry = issue(cache, cert, &key, hash);
    }
    if (!entry)
        return NULL;
    entry->holds++;
    return &entry->leaf;
}

void leaf_cache_release(const struct ca_leaf *leaf)
{
    if (leaf)
        ((struct entry *)(void *)((char *)(uintptr_t)leaf - offsetof(struct entry, leaf)))->holds--;
}

uint64_t leaf_cache_issued(const struct leaf_cache *cache)
{
    return cache->issued;
}
