/* bytes - slices, an arena and a growing buffer: the three ways this code holds memory.
 *
 * slice    borrowed bytes with a length; never NUL-terminated by contract.
 * arena    memory of one domain: many small allocations, freed at once. Strings allocated from an
 *          arena are NUL-terminated and live until arena_reset or arena_free.
 * strbuf   one growing byte buffer with a hard cap given at its making.
 *
 * None of them is thread-safe; each belongs to one owner. */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include "lib/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p;
    size_t len;
};

#define SLICE_LIT(s) ((struct slice){(s), sizeof(s) - 1})
struct slice slice_of(const char *cstr); /* NULL gives an empty slice */
bool slice_eq(struct slice a, struct slice b);
bool slice_eq_nocase(struct slice a, struct slice b);         /* ASCII case only */
bool slice_starts(struct slice s, struct slice prefix);       /* exact bytes */
bool slice_contains_nocase(struct slice s, struct slice sub); /* ASCII case only */
/* Without the spaces and tabs at both ends (WSP of RFC 5234). */
struct slice slice_trim(struct slice s);
/* Takes what stands before the next separator off *rest, and the separator; all when there is none,
 * then *last is true. */
struct slice slice_take(struct slice *rest, char separator, bool *last);

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks; /* newest first; the first chunk is kept by arena_reset */
    size_t used_bytes;          /* handed out since the last reset */
    size_t cap_bytes;           /* hard bound, ST_LIMIT (NULL) beyond it */
    size_t first_bytes;         /* size of the first chunk */
};

/* cap_bytes bounds what may be handed out between two resets. Allocates nothing yet. */
void arena_init(struct arena *a, size_t cap_bytes);
/* The same with a first chunk of first_bytes, for small things that are kept in great numbers. */
void arena_init_sized(struct arena *a, size_t cap_bytes, size_t first_bytes);
/* Zeroed memory aligned for any type, or NULL when out of memory or over the cap. size 0 is 1. */
void *arena_alloc(struct arena *a, size_t size);
/* n elements of size bytes, checked against overflow. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* A NUL-terminated copy of s (which may hold NULs; the slice's length counts). NULL as above. */
char *arena_dup(struct arena *a, struct slice s);
/* The two texts joined: a name below a label, at the cost of no printf. */
char *arena_join(struct arena *a, const char *first, const char *second);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets everything but keeps the first chunk for reuse: no allocation per absent domain. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

struct strbuf {
    char *p;           /* NUL-terminated whenever non-NULL */
    size_t len;        /* bytes without that NUL */
    size_t alloc;      /* more than len, at most cap_bytes + 1; 0 when p is NULL */
    size_t cap_bytes;  /* hard bound on len */
    enum status error; /* first failure; later appends do nothing, so check once at the end */
};

void strbuf_init(struct strbuf *b, size_t cap_bytes);
void strbuf_free(struct strbuf *b);
void strbuf_clear(struct strbuf *b); /* len 0, error ST_OK, memory kept */
/* Room for `more` bytes and the final NUL. ST_LIMIT, ST_NOMEM, or an earlier error. */
enum status strbuf_reserve(struct strbuf *b, size_t more);
/* The appends are in the header because a record is a hundred small ones, most of a constant
 * length. Where the next bytes go, with room for `more` of them; NULL when there is none. The
 * caller writes there and tells how many by strbuf_grew. */
static inline char *strbuf_room(struct strbuf *b, size_t more)
{
    /* alloc is at most cap_bytes + 1, so that one comparison holds for both. */
    if (b->error != ST_OK || more >= b->alloc - b->len)
        if (strbuf_reserve(b, more) != ST_OK)
            return NULL;
    return b->p + b->len;
}
static inline void strbuf_grew(struct strbuf *b, size_t by)
{
    b->len += by;
    b->p[b->len] = '\0';
}
static inline enum status strbuf_add(struct strbuf *b, const void *p, size_t len)
{
    char *to = strbuf_room(b, len);
    if (!to)
        return b->error;
    if (len > 0)
        memcpy(to, p, len);
    strbuf_grew(b, len);
    return ST_OK;
}
static inline enum status strbuf_addc(struct strbuf *b, char c)
{
    return strbuf_add(b, &c, 1);
}
static inline enum status strbuf_adds(struct strbuf *b, const char *cstr)
{
    return strbuf_add(b, cstr, strlen(cstr));
}
enum status strbuf_addu(struct strbuf *b, uint64_t value); /* decimal */
/* Writes the last two decimal digits of value to out: no NUL. */
extern const char digit_pairs[201]; /* "000102...99" */
static inline void digits_put2(char *out, uint32_t value)
{
    memcpy(out, digit_pairs + 2 * (value % 100), 2);
}
enum status strbuf_printf(struct strbuf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes 2 * len lower-case hex digits to out: no NUL. */
void hex_put(char *out, const void *p, size_t len);

/* A number for people: 1234567 as 1,234,567. Returns out. */
enum { GROUPED_MAX_BYTES = 32 };
const char *grouped(uint64_t n, char out[GROUPED_MAX_BYTES]);

#endif
