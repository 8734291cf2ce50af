/* check_suggest - the record and policy that a domain should publish instead. Pure. */
#ifndef SCANNER_CHECK_SUGGEST_H
#define SCANNER_CHECK_SUGGEST_H

#include "lib/judge.h"

/* Each appends its text and returns ST_OK, or ST_NOT_FOUND when what stands there needs no change
 * (or nothing can be said, as without a policy host). */

/* The TXT record for _mta-sts.D: when the one there is faulty, or the policy is to be changed. */
enum status suggest_record(const struct evidence *e, const struct judgement *j, struct strbuf *out);
/* The policy file, with LF line ends: its mx lines are the MX hosts there are. It asks for mode
 * testing as long as an MX host fails, since enforcing would then lose mail. */
enum status suggest_policy(const struct evidence *e, const struct judgement *j, struct strbuf *out);
/* The TXT record for _smtp._tls.D. */
enum status suggest_tlsrpt(const struct evidence *e, const struct judgement *j, struct strbuf *out);

#endif
