/* policy - the policy body (RFC 8461 3.2): one tolerant parser, strict judgement. Pure.
 *
 * Lines end at LF or CRLF. The four standard fields are read as the RFC and the contract say; every
 * departure becomes a pol_* finding. A malformed value of a standard field voids the policy. */
#ifndef LIB_POLICY_H
#define LIB_POLICY_H

#include "lib/evidence.h"
#include "lib/findings.h"
#include "lib/name.h"

enum policy_mode { POLICY_MODE_UNKNOWN = 0, POLICY_ENFORCE, POLICY_TESTING, POLICY_NONE };
const char *policy_mode_name(enum policy_mode m); /* "enforce", ...; NULL for UNKNOWN */

struct policy {
    bool valid;            /* no finding of rule void was added */
    enum policy_mode mode; /* as read, also of a void policy */
    int64_t max_age_s;     /* -1 when missing or unreadable */
    const char **mx;       /* the valid patterns, lower case, in file order */
    size_t n_mx;
    const char **mx_raw; /* every mx value as it stood, escaped */
    size_t n_mx_raw;
};

/* Context for the pol_* rows that need more than the bytes. */
struct policy_context {
    const char *domain;  /* policy domain; NULL when unknown (lint) */
    const name_psl *psl; /* NULL: pol_mx_public_suffix and registrable domains are not judged */
};

/* Parses and judges a body of at most POLICY_BODY_MAX_BYTES. Adds every pol_* finding that body and
 * domain decide (not pol_mx_wildcard_shared and pol_accept_set, which need tables of their own). */
enum status policy_judge(struct slice body, const struct policy_context *ctx, struct findings *f,
                         struct policy *out);

/* An HTML page, by its first significant bytes: then http_html_200 is given and no pol_* rows. */
bool policy_body_is_html(struct slice body);
/* No HTML page, and it speaks of a version of MTA-STS: a policy, whole or not, or the JSON object
 * that the drafts of RFC 8461 had in its place. */
bool policy_body_resembles(struct slice body);
/* Some line has one of the four standard keys, in whatever case. */
bool policy_body_has_field(struct slice body);
/* Empty or white space only. */
bool policy_body_is_blank(struct slice body);

/* One line of a body, for tools that walk it themselves (senders, lint). */
struct policy_line {
    struct slice raw;        /* without terminator */
    struct slice key, value; /* trimmed; key empty when there is no ':' */
    bool has_colon;
    bool crlf, lf; /* terminator; both false at the end of the body */
};
/* Advances *pos; false at the end of the body. */
bool policy_next_line(struct slice body, size_t *pos, struct policy_line *out);

#endif
