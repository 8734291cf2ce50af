/* tlsrpt_rua - the destinations of a TLSRPT record (RFC 8460 section 3, RFC 6068). Pure. */
#ifndef LIB_TLSRPT_RUA_H
#define LIB_TLSRPT_RUA_H

#include "lib/tlsrpt.h"

/* Splits the value of `rua` at its commas into out->rua (at most RUA_MAX, escaped text from
 * f->arena) and adds the rpt_rua_* findings that the bytes decide; rpt_rua_missing when it names
 * nothing. domain NULL: unknown, rpt_rua_self is not judged. */
enum status tlsrpt_rua_judge(struct slice value, const char *domain, struct findings *f,
                             struct tlsrpt *out);

#endif
