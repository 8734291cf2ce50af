#include "tests/simnet/pool.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_IS_OFF true
#endif
#endif
#if !defined(POOL_IS_OFF)
#if defined(__SANITIZE_ADDRESS__)
#define POOL_IS_OFF true
#else
#define POOL_IS_OFF false
#endif
#endif

enum {
    SMALLEST_BYTES = 64,              /* head included */
    STEPS = 4,                        /* sizes from one power of two to the next */
    SIZES = 9 * STEPS,                /* up to 28 KiB: an SSL's buffers have 17 */
    CHUNK_BYTES = 1024 * 1024,        /* of which the system gives what is touched */
    CUT_MAX_BYTES = CHUNK_BYTES / 16, /* larger pieces are not cut from a chunk */
};

/* Before each piece, as wide as malloc() aligns. */
union head {
    _Alignas(max_align_t) union head *next; /* of those that are free */
    size_t size;                            /* its number; SIZES: too large to be kept */
};

/* What a thread keeps. OpenSSL's allocator is told nothing but how many bytes, so that the thread
 * itself is all that this can be found by. */
struct pool {
    union head *free[SIZES];
    char *chunk;
    size_t chunk_left;
};
static _Thread_local struct pool mine;

static size_t bytes_of(size_t size)
{
    size_t base = (size_t)SMALLEST_BYTES << size / STEPS;
    return base + base / STEPS * (size % STEPS);
}

/* The smallest that holds so many bytes. */
static size_t size_for(size_t bytes)
{
    if (bytes <= SMALLEST_BYTES)
        return 0;
    size_t doublings = 63 - (size_t)__builtin_clzll((bytes - 1) / SMALLEST_BYTES);
    size_t base = (size_t)SMALLEST_BYTES << doublings, step = base / STEPS;
    size_t size = doublings * STEPS + (bytes - base + step - 1) / step;
    return size < SIZES ? size : SIZES;
}

static union head *cut(struct pool *pool, size_t bytes)
{
    if (bytes > CUT_MAX_BYTES)
        return malloc(bytes);
    if (bytes > pool->chunk_left) {
        pool->chunk = malloc(CHUNK_BYTES);
        pool->chunk_left = pool->chunk != NULL ? CHUNK_BYTES : 0;
    }
    if (pool->chunk == NULL)
        return NULL;
    union head *head = (union head *)(void *)pool->chunk;
    pool->chunk += bytes;
    pool->chunk_left -= bytes;
    return head;
}

/* The next one was last used long ago: it comes back to the cache before it is asked for. */
static union head *pop(struct pool *pool, size_t size)
{
    union head *head = pool->free[size];
    pool->free[size] = head->next;
    __builtin_prefetch(head->next, 1);
    return head;
}

static void *take(size_t len, const char *file, int line)
{
    struct pool *pool = &mine;
    (void)file;
    (void)line;
    if (len == 0 || len > SIZE_MAX - sizeof(union head))
        return NULL;
    size_t size = size_for(len + sizeof(union head));
    union head *head;
    if (size == SIZES)
        head = malloc(len + sizeof(union head));
    else if (pool->free[size] != NULL)
        head = pop(pool, size);
    else
        head = cut(pool, bytes_of(size));
    if (head == NULL)
        return NULL;
    head->size = size;
    return head + 1;
}

static void give_back(void *p, const char *file, int line)
{
    union head *head = p;
    (void)file;
    (void)line;
    if (p == NULL)
        return;
    size_t size = (--head)->size;
    if (size == SIZES) {
        free(head);
        return;
    }
    head->next = mine.free[size];
    mine.free[size] = head;
}

static void *retake(void *p, size_t len, const char *file, int line)
{
    if (p == NULL)
        return take(len, file, line);
    if (len == 0) {
        give_back(p, file, line);
        return NULL;
    }
    union head *head = (union head *)p - 1;
    if (head->size == SIZES) { /* stays one of those that are not kept */
        head = len > SIZE_MAX - sizeof *head ? NULL : realloc(head, len + sizeof *head);
        return head != NULL ? head + 1 : NULL;
    }
    size_t room = bytes_of(head->size) - sizeof *head;
    if (len <= room)
        return p;
    void *wider = take(len, file, line);
    if (wider == NULL)
        return NULL;
    memcpy(wider, p, room);
    give_back(p, file, line);
    return wider;
}

bool pool_serve_openssl(void)
{
    return !POOL_IS_OFF && CRYPTO_set_mem_functions(take, retake, give_back) == 1;
}

/* ---- for others ------------------------------------------------------------------------------ */

void *pool_malloc(size_t len)
{
    size_t some = len > 0 ? len : 1; /* NULL is for memory that ran out */
    return POOL_IS_OFF ? malloc(some) : take(some, NULL, 0);
}

void *pool_calloc(size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    return pool_zalloc(count * size);
}

void *pool_zalloc(size_t len)
{
    void *p = pool_malloc(len);
    if (p != NULL)
        memset(p, 0, len);
    return p;
}

void *pool_realloc(void *p, size_t len)
{
    return POOL_IS_OFF ? realloc(p, len) : retake(p, len, NULL, 0);
}

void pool_free(void *p)
{
    if (POOL_IS_OFF)
        free(p);
    else
        give_back(p, NULL, 0);
}
