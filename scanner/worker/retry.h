/* retry - undetermined domains that are withheld for a second pass at the end.
 *
 * A worker keeps those of its own. Each is a compact copy: the input item and how its record lookup
 * ended; where more was seen (adopters), the finished record line beside it, up to a bound. What is
 * never walked again (brake, signal) is written from that as a provisional record, so that the user
 * sees it and a resume does it again.
 *
 * A list of ten million names withholds a hundred thousand, for the whole first pass: so they lie
 * one behind the other in large chunks, some 70 bytes each, and leave no holes between memory that
 * comes and goes. Oldest first; a chunk goes when its last one was taken. One thread. */
#ifndef SCANNER_WORKER_RETRY_H
#define SCANNER_WORKER_RETRY_H

#include "lib/evidence.h"

enum { RETRY_CHUNK_BYTES = 128 << 10 };

/* What retry_take shows: borrowed from the list until the next call of it. */
struct retry_domain {
    uint64_t index;
    int64_t rank;
    int64_t ts_ms;
    uint32_t duration_ms;
    enum lookup lookup; /* how the record lookup ended */
    int rcode, ede;
    const char *domain, *tag; /* tag NULL: none */
    struct slice line;        /* the record as it would have been written; empty: not kept */
};

struct retry_chunk;
struct retry_list {
    struct retry_chunk *first, *last;
    size_t n;
    size_t bytes, bytes_max;           /* of all, */
    size_t line_bytes, line_bytes_max; /* of their lines */
};

/* At most so many bytes in all, and so many of them lines. */
void retry_init(struct retry_list *r, size_t bytes_max, size_t line_bytes_max);
/* Whether a line of so many bytes would be kept. */
bool retry_keeps_line(const struct retry_list *r, size_t len);
/* Copies what is needed of e and of its line (empty: none). ST_LIMIT when the list is full: then
 * the domain is to be written as it is. */
enum status retry_add(struct retry_list *r, const struct evidence *e, struct slice line);
/* The oldest one; false when there is none. */
bool retry_take(struct retry_list *r, struct retry_domain *out);
/* Evidence of the first pass for a provisional record, when there is no line. e is reset first. */
enum status retry_evidence(const struct retry_domain *d, struct evidence *e);
void retry_free(struct retry_list *r);

#endif
