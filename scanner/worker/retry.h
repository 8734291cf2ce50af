/* retry - undetermined domains that are withheld for a second pass at the end.
 *
 * A worker keeps those of its own. Each is a compact copy: the input item and how its record lookup
 * ended; where more was seen (adopters), the finished record line beside it, up to a bound. What is
 * never walked again (brake, signal) is written from that as a provisional record, so that the user
 * sees it and a resume does it again. One thread. */
#ifndef SCANNER_WORKER_RETRY_H
#define SCANNER_WORKER_RETRY_H

#include "lib/evidence.h"

struct retry_domain {
    struct retry_domain *next;
    uint64_t index;
    int64_t rank;
    int64_t ts_ms;
    uint32_t duration_ms;
    enum lookup lookup; /* how the record lookup ended */
    int rcode, ede;
    const char *domain, *tag; /* tag NULL: none */
    const char *line;         /* the record as it would have been written; NULL: not kept */
    size_t line_len;
};

struct retry_list {
    struct retry_domain *first, **last;
    size_t n, n_max, line_bytes, line_bytes_max;
};

/* At most so many domains, and so many bytes of their lines. */
void retry_init(struct retry_list *r, size_t n_max, size_t line_bytes_max);
/* Whether a line of so many bytes would be kept. */
bool retry_keeps_line(const struct retry_list *r, size_t len);
/* Copies what is needed of e and of its line (empty: none). ST_LIMIT when the list is full: then
 * the domain is to be written as it is. */
enum status retry_add(struct retry_list *r, const struct evidence *e, struct slice line);
/* The oldest one, NULL when empty. The caller frees it with retry_domain_free. */
struct retry_domain *retry_take(struct retry_list *r);
void retry_domain_free(struct retry_domain *d);
/* Evidence of the first pass for a provisional record, when there is no line. e is reset first. */
enum status retry_evidence(const struct retry_domain *d, struct evidence *e);
void retry_free(struct retry_list *r);

#endif
