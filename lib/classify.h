/* classify - what the files classify_*.c share; not for use outside them. Pure. */
#ifndef LIB_CLASSIFY_H
#define LIB_CLASSIFY_H

#include "lib/judge.h"

/* Adds a finding with a text as detail (raw bytes, NULL none). */
void classify_add(struct judgement *j, enum finding_code code, const char *target,
                  const char *detail);
/* What a stage returns: only running out of memory is an error, a full set of findings is not. */
enum status classify_status(const struct judgement *j);

/* Whether the CNAME at _mta-sts.D is meant for MTA-STS or is a zone-wide wildcard's. */
enum cname_meant { CNAME_NONE, CNAME_NOT_MEANT, CNAME_MEANT, CNAME_UNKNOWN };
enum cname_meant classify_cname_meant(const struct judge *ctx, const struct evidence *e);
bool classify_has_sts_like(const struct txt_facts *t);

/* The chain of an address lookup: that of A, or of AAAA when A has none. */
const struct strlist *addr_facts_chain(const struct addr_facts *a);
/* The hoster of MTA-STS that a chain leads to; NULL when none of its names is one's. */
const struct provider *classify_sts_hoster(const struct judge *ctx, const struct strlist *chain);

/* No address and none in doubt: both families answered no (or loop), or the name is not there. */
bool addr_facts_absent(const struct addr_facts *a);
/* No address, and a family's lookup failed. */
bool addr_facts_undetermined(const struct addr_facts *a);
/* Why the address lookups failed, for details; NULL when they did not. */
const char *addr_facts_failure(const struct addr_facts *a);

/* The try of the policy fetch that is judged; NULL when there is none. */
const struct fetch_facts *classify_fetch(const struct policy_facts *p);
/* A whole 200 response with a body that is neither blank nor HTML: what classify_policy judges. */
bool classify_fetch_has_policy(const struct fetch_facts *f);

/* The leaf is valid now and its notAfter is within CERT_EXPIRING_DAYS. */
#define CERT_EXPIRING_DAYS 14
bool classify_cert_expiring(const struct tls_facts *t, int64_t now_ms);

/* The MX record set and the names in it: mx_status and findings. A part of classify_dns. */
void classify_mx_dns(const struct evidence *e, struct judgement *j);
/* "." beside other MX is no host (contract: ignored). */
bool mx_host_is_null(const struct mx_host *h);

#endif
