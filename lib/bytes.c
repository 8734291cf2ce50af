#include "lib/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- slices --------------------------------------------------------------------------------- */

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

struct slice slice_of(const char *cstr)
{
    if (cstr == NULL)
        return (struct slice){"", 0};
    return (struct slice){cstr, strlen(cstr)};
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && equal_nocase(a.p, b.p, a.len);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

bool slice_contains_nocase(struct slice s, struct slice sub)
{
    if (sub.len == 0)
        return true;
    for (size_t i = 0; s.len >= sub.len && i <= s.len - sub.len; i++)
        if (equal_nocase(s.p + i, sub.p, sub.len))
            return true;
    return false;
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct slice){s.p + 1, s.len - 1};
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

struct slice slice_take(struct slice *rest, char separator, bool *last)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->p, separator, rest->len);
    *last = end == NULL;
    struct slice taken = {rest->p, *last ? rest->len : (size_t)(end - rest->p)};
    size_t used = taken.len + (*last ? 0 : 1);
    *rest = (struct slice){rest->len > 0 ? rest->p + used : rest->p, rest->len - used};
    return taken;
}

/* ---- arena ---------------------------------------------------------------------------------- */

enum {
    CHUNK_FIRST_BYTES = 1024,      /* an absent domain fits; there is one for each in flight */
    CHUNK_GROWN_BYTES = 64 * 1024, /* later chunks double until here */
};

struct arena_chunk {
    struct arena_chunk *next; /* the older one */
    size_t size, used;        /* of data */
    _Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t cap_bytes)
{
    arena_init_sized(a, cap_bytes, CHUNK_FIRST_BYTES);
}

void arena_init_sized(struct arena *a, size_t cap_bytes, size_t first_bytes)
{
    *a = (struct arena){.cap_bytes = cap_bytes, .first_bytes = first_bytes};
}

static struct arena_chunk *chunk_add(struct arena *a, size_t need)
{
    size_t size = a->first_bytes;
    if (a->chunks != NULL)
        size = a->chunks->size < CHUNK_GROWN_BYTES / 2 ? 2 * a->chunks->size : CHUNK_GROWN_BYTES;
    if (size < need)
        size = need;
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (c == NULL)
        return NULL;
    c->next = a->chunks;
    c->size = size;
    c->used = 0;
    a->chunks = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size == 0)
        size = 1;
    if (size > SIZE_MAX - sizeof(struct arena_chunk) - align)
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    if (size > a->cap_bytes || a->used_bytes > a->cap_bytes - size)
        return NULL;

    struct arena_chunk *c = a->chunks;
    if (c == NULL || c->size - c->used < size)
        c = chunk_add(a, size);
    if (c == NULL)
        return NULL;
    void *p = c->data + c->used;
    c->used += size;
    a->used_bytes += size;
    memset(p, 0, size);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, n * size);
}

char *arena_dup(struct arena *a, struct slice s)
{
    if (s.len == SIZE_MAX)
        return NULL;
    char *p = arena_alloc(a, s.len + 1);
    if (p != NULL && s.len > 0)
        memcpy(p, s.p, s.len);
    return p;
}

char *arena_join(struct arena *a, const char *first, const char *second)
{
    size_t n = strlen(first), m = strlen(second);
    char *p = arena_alloc(a, n + m + 1);
    if (p != NULL) {
        memcpy(p, first, n);
        memcpy(p + n, second, m);
    }
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *p = NULL;

    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    if (len >= 0)
        p = arena_alloc(a, (size_t)len + 1);
    if (p != NULL)
        vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}

static void chunks_free_until(struct arena *a, const struct arena_chunk *keep)
{
    while (a->chunks != keep) {
        struct arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free(c);
    }
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *first = a->chunks;
    while (first != NULL && first->next != NULL)
        first = first->next;
    /* A first chunk that one huge item made huge is not kept: memory would never come back. */
    if (first != NULL && first->size > CHUNK_GROWN_BYTES)
        first = NULL;
    chunks_free_until(a, first);
    if (first != NULL)
        first->used = 0;
    a->used_bytes = 0;
}

void arena_free(struct arena *a)
{
    chunks_free_until(a, NULL);
    a->used_bytes = 0;
}

/* ---- strbuf --------------------------------------------------------------------------------- */

void strbuf_init(struct strbuf *b, size_t cap_bytes)
{
    *b = (struct strbuf){.p = NULL, .len = 0, .alloc = 0, .cap_bytes = cap_bytes, .error = ST_OK};
}

void strbuf_free(struct strbuf *b)
{
    if (b == NULL)
        return;
    free(b->p);
    b->p = NULL;
    b->len = b->alloc = 0;
}

void strbuf_clear(struct strbuf *b)
{
    b->len = 0;
    b->error = ST_OK;
    if (b->p != NULL)
        b->p[0] = '\0';
}

enum status strbuf_reserve(struct strbuf *b, size_t more)
{
    if (b->error != ST_OK)
        return b->error;
    if (b->len > b->cap_bytes || more > b->cap_bytes - b->len || more > SIZE_MAX / 2 - b->len - 1)
        return b->error = ST_LIMIT;
    size_t need = b->len + more + 1;
    if (need <= b->alloc)
        return ST_OK;
    /* The first time as much as is asked for, since who asks for much knows how much. */
    size_t alloc = b->alloc > 0 ? b->alloc : need > 64 ? need : 64;
    while (alloc < need)
        alloc *= 2;
    if (alloc - 1 > b->cap_bytes)
        alloc = b->cap_bytes + 1;
    char *p = realloc(b->p, alloc);
    if (p == NULL)
        return b->error = ST_NOMEM;
    b->p = p;
    b->alloc = alloc;
    return ST_OK;
}

const char digit_pairs[201] = "00010203040506070809101112131415161718192021222324"
                              "25262728293031323334353637383940414243444546474849"
                              "50515253545556575859606162636465666768697071727374"
                              "75767778798081828384858687888990919293949596979899";

static size_t digits_of(uint64_t value)
{
    size_t n = 1;
    for (; value >= 10000; value /= 10000)
        n += 4;
    return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

enum status strbuf_addu(struct strbuf *b, uint64_t value)
{
    size_t n = digits_of(value), at = n;
    char *to = strbuf_room(b, n);
    if (to == NULL)
        return b->error;
    for (; at >= 2; value /= 100)
        digits_put2(to + (at -= 2), (uint32_t)(value % 100));
    if (at > 0)
        to[0] = (char)('0' + value);
    strbuf_grew(b, n);
    return ST_OK;
}

enum status strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    enum status st = len < 0 ? (b->error = ST_INTERNAL) : strbuf_reserve(b, (size_t)len);
    if (st == ST_OK) {
        vsnprintf(b->p + b->len, (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(ap);
    return st;
}

/* ---- numbers -------------------------------------------------------------------------------- */

void hex_put(char *out, const void *p, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *byte = p;
    for (size_t i = 0; i < len; i++) {
        *out++ = digit[byte[i] >> 4];
        *out++ = digit[byte[i] & 15];
    }
}

const char *grouped(uint64_t n, char out[GROUPED_MAX_BYTES])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
