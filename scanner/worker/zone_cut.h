/* zone_cut - which zone does a name lie in? Asked from the name upwards, one NS question a step.
 *
 * A negative answer to such a question carries the SOA of the zone (RFC 2308 3), so that two steps
 * mostly do; a resolver that leaves the SOA out costs one a label. Pure. */
#ifndef SCANNER_WORKER_ZONE_CUT_H
#define SCANNER_WORKER_ZONE_CUT_H

#include "lib/evidence.h"

/* Whether `answer` to (asked, NS) shows that a zone begins at the name asked. */
bool zone_cut_here(const struct dns_facts *answer);
/* The next name to ask when it does not: a suffix of `asked`, `top` or below. NULL when there is
 * none, or when the answer says nothing. */
const char *zone_cut_next(const char *asked, const struct dns_facts *answer, const char *top);

#endif
