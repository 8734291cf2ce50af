/* dmarc - the TXT record set at _dmarc.D, as evidence for studies that want DMARC beside MTA-STS
 * (RFC 7489 6.3, 6.6.3). Says whether it is valid, its policy and where reports go; nothing is
 * found about it. Pure. */
#ifndef LIB_DMARC_H
#define LIB_DMARC_H

#include "lib/evidence.h"

struct dmarc {
    bool present;       /* something that begins `v=DMARC1`, in any case */
    bool valid;         /* exactly one record, and receivers find a policy in it */
    const char *policy; /* "none", "quarantine", "reject"; NULL unless valid */
    const char **rua;   /* as they stood, escaped; at most RUA_MAX */
    size_t n_rua;
};

/* Strings come from `arena` or are static. ST_NOMEM. */
enum status dmarc_judge(const struct txt_rr *rr, size_t n, struct arena *arena, struct dmarc *out);

#endif
