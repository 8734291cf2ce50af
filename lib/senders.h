/* senders - which known implementations get a policy from this record and this response. Pure.
 *
 * Every sender reads the same bytes a little differently: one tolerant parser runs once for each of
 * them under a row of switches (senders.c; each switch names the source it was taken from). The
 * answer is about syntax and HTTP only: "accepts" means that the implementation ends with a policy
 * in hand, whatever its mode (refusing mode none is obeying it), from a host whose connection and
 * certificate were fine. A body that was cut at POLICY_BODY_MAX_BYTES must not be given: senders
 * without a limit would be wronged. */
#ifndef LIB_SENDERS_H
#define LIB_SENDERS_H

#include "lib/evidence.h"

/* Implementations looked at: rfc8461, mox, chasquid, postfix-mta-sts-resolver, postfix-tlspol,
 * go-mtasts, checkdmarc, ncsc-mailcheck, mimecast. */
enum { SENDERS_COUNT = 9 };

/* The names of those that accept, in the order above; at most SENDERS_COUNT. `rr` are the TXT RRs
 * at _mta-sts.D; of the response at the policy URL status, content_type and body count. *names is
 * allocated from arena, its strings are static. */
enum status senders_judge(struct arena *arena, const struct txt_rr *rr, size_t n,
                          const struct http_facts *response, const char ***names, size_t *n_names);

/* The sender of that index, 0 to SENDERS_COUNT - 1. */
const char *sender_name(size_t index);

#endif
