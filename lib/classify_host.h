/* classify_host - shared by the files that judge the policy host; not for use outside them. */
#ifndef LIB_CLASSIFY_HOST_H
#define LIB_CLASSIFY_HOST_H

#include "lib/classify.h"

/* One policy host under judgement. */
struct host_case {
    const struct evidence *e;
    struct judgement *j;
    const char *host;
    const struct provider *provider; /* of the CNAME chain, NULL when none is known */
    struct findings *f;              /* where findings go; the real set, or one that is dropped */
    const char *failed_at;           /* stage of the first finding with rule void, NULL none */
    const char *undetermined_at;     /* stage at which nothing could be said, NULL none */
};

/* Adds a finding; one of rule void or effect U sets the stage at which the fetch ended. */
void host_fail(struct host_case *c, const char *stage, enum finding_code code, const char *target,
               const char *detail);
/* Text of the host's i-th address, NULL when it has none. */
const char *host_addr_text(const struct host_case *c, size_t i);

void host_judge_tls(struct host_case *c, const struct fetch_facts *f);  /* classify_host_tls.c */
void host_judge_http(struct host_case *c, const struct fetch_facts *f); /* classify_http.c */

#endif
