/* providers - who hosts a policy or receives the mail, told from names (data/providers.tsv).
 *
 * The table is parsed from bytes once, then shared read-only by all threads. Patterns match on
 * label boundaries, the longest wins. */
#ifndef LIB_PROVIDERS_H
#define LIB_PROVIDERS_H

#include "lib/bytes.h"
#include "lib/name.h"

enum provider_kind {
    PROVIDER_MAILBOX,
    PROVIDER_GATEWAY,
    PROVIDER_STS_HOSTING,
    PROVIDER_PLATFORM, /* web platform or CDN where policies are hosted */
};

struct provider {
    const char *name; /* "microsoft", "powerdmarc" */
    enum provider_kind kind;
    bool multi_tenant;    /* hosts of many customers stand under one domain */
    bool claimable;       /* a dangling name there can be taken by a stranger */
    bool fixed_mx;        /* the MX name is the same for all customers, or otherwise fixed */
    bool exchange_online; /* one tenant receives for one domain: wildcard is right */
};

struct providers;
/* ST_INVALID with *line (1-based) of the first bad line, or the last line when a pattern stands
 * twice in one role. The text need not outlive the call. */
enum status providers_parse(struct slice tsv, struct providers **out, size_t *line);
/* The table that is compiled in, from data/providers.tsv. */
enum status providers_builtin(struct providers **out);
void providers_free(struct providers *p);

/* By an MX name, or by a policy host's or record's CNAME target; NULL when unknown. p may be NULL.
 */
const struct provider *provider_of_mx(const struct providers *p, struct slice mx_name);
const struct provider *provider_of_policy_host(const struct providers *p, struct slice cname);

#endif
