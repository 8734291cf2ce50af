/* record_in - the pieces that record_read puts together; not for use outside it.
 *
 * The mirror of record_out.h: members that are missing take the default that the writer left out.
 * The first fault is kept in `error`; readers go on with defaults, so it is checked once at the
 * end. Strings are copied into the arena. */
#ifndef LIB_RECORD_IN_H
#define LIB_RECORD_IN_H

#include "lib/record_json.h"

#include <jansson.h>

struct record_in {
    struct arena *arena;
    const char *error; /* static text, NULL while all is well */
    bool nomem;        /* the arena is full or out of memory */
};

/* Arrays longer than this are refused: no evidence has more of anything. */
#define RECORD_LIST_MAX 65536

/* Keeps the first one. */
void record_in_fault(struct record_in *r, const char *error);
/* A member of whatever kind, of an object or of that kind; NULL when missing or null. */
const json_t *record_in_member(const json_t *obj, const char *key);
const json_t *record_in_object(struct record_in *r, const json_t *obj, const char *key);
const json_t *record_in_array(struct record_in *r, const json_t *obj, const char *key);
void *record_in_alloc(struct record_in *r, size_t n, size_t size); /* zeroed; NULL for n 0 */

const char *record_in_text(struct record_in *r, const json_t *obj,
                           const char *key); /* NULL: none */
const char *record_in_string(struct record_in *r, const json_t *value);
struct slice record_in_bytes(struct record_in *r, const json_t *value); /* escapes undone */
int64_t record_in_int(struct record_in *r, const json_t *obj, const char *key, int64_t min,
                      int64_t max, int64_t missing);
bool record_in_flag(struct record_in *r, const json_t *obj, const char *key);
int64_t record_in_time(struct record_in *r, const json_t *obj, const char *key);
void record_in_strings(struct record_in *r, const json_t *obj, const char *key,
                       struct strlist *out);
/* Which of `count` words stands there; name(i) is the i-th. */
unsigned record_in_word(struct record_in *r, const json_t *obj, const char *key,
                        const char *(*name)(unsigned), unsigned count, unsigned missing);
enum lookup record_in_lookup(struct record_in *r, const json_t *obj, const char *key,
                             enum lookup missing);

void record_in_dns(struct record_in *r, const json_t *obj, size_t records,
                   const struct strlist *chain, struct dns_facts *out);
void record_in_txt_set(struct record_in *r, const json_t *obj, struct txt_facts *out);
void record_in_addrs(struct record_in *r, const json_t *obj, struct addr_facts *out);
void record_in_fetch(struct record_in *r, const json_t *obj, struct fetch_facts *out,
                     uint32_t *dns_ms);
void record_in_probe(struct record_in *r, const json_t *obj, struct probe_facts *out);

#endif
