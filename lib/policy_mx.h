/* policy_mx - one value of an mx field: well-formed, or which one fault it has. Pure.
 *
 * RFC 8461 3.2: sts-policy-mx-value = ["*."] Domain, with Domain of RFC 5321 4.1.2: labels of
 * letters, digits and hyphens, no final dot, internationalised names as A-labels. */
#ifndef LIB_POLICY_MX_H
#define LIB_POLICY_MX_H

#include "lib/policy.h"

/* The most specific fault of a trimmed value, as the pol_mx_* row that names it; one a value.
 * FINDING_CODE_COUNT when it has none. pol_mx_ip and pol_mx_underscore are faults that void
 * nothing: such a value is kept as a pattern. */
enum finding_code policy_mx_fault(struct slice value);

/* Adds the rows of a pattern that is kept, in lower case, but weak: pol_mx_single_label,
 * pol_mx_public_suffix, pol_mx_wildcard_own, pol_mx_policy_host. */
void policy_mx_judge_pattern(const char *pattern, const struct policy_context *ctx,
                             struct findings *f);

#endif
