#include "scanner/net/fetch_memory.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Before what libcurl gets. */
struct block {
    size_t size;   /* of what it gets */
    size_t mapped; /* bytes mapped in all; 0: from the heap */
    _Alignas(max_align_t) char data[];
};

static struct block *block_of(void *p)
{
    return (struct block *)(void *)((char *)p - offsetof(struct block, data));
}

static void *get(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        return NULL;
    size_t all = sizeof(struct block) + size, mapped = size >= FETCH_MAPPED_FROM_BYTES ? all : 0;
    struct block *b = MAP_FAILED;
    if (mapped > 0)
        b = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b == MAP_FAILED) { /* small, or there are too many mappings */
        mapped = 0;
        b = malloc(all);
    }
    if (b == NULL)
        return NULL;
    b->size = size;
    b->mapped = mapped;
    return b->data;
}

static void give_back(void *p)
{
    struct block *b = p != NULL ? block_of(p) : NULL;
    if (b != NULL && b->mapped > 0)
        munmap(b, b->mapped);
    else
        free(b);
}

static void *get_zeros(size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    void *p = get(n * size);
    if (p != NULL && block_of(p)->mapped == 0)
        memset(p, 0, n * size);
    return p;
}

static void *get_other(void *p, size_t size)
{
    size_t old = p != NULL ? block_of(p)->size : 0;
    void *other = get(size);
    if (other == NULL)
        return NULL;
    if (p != NULL)
        memcpy(other, p, old < size ? old : size);
    give_back(p);
    return other;
}

static char *get_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = get(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

enum status fetch_memory_start(void)
{
    CURLcode code =
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, get, give_back, get_other, get_copy, get_zeros);
    return code == CURLE_OK ? ST_OK : ST_NOMEM;
}

void fetch_memory_end(void)
{
    curl_global_cleanup();
}
