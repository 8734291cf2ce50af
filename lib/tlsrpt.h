/* tlsrpt - the TXT record set at _smtp._tls.D (RFC 8460 section 3). Pure. */
#ifndef LIB_TLSRPT_H
#define LIB_TLSRPT_H

#include "lib/evidence.h"
#include "lib/findings.h"

struct tlsrpt {
    bool present; /* something TLSRPT-like (`v=tlsrpt` in any case) is there */
    bool valid;   /* present and no finding of effect F */
    const char **rua;
    size_t n_rua;
};

/* Judges the RRs and adds every rpt_* finding that the bytes alone decide. domain NULL: unknown. */
enum status tlsrpt_judge(const struct txt_rr *rr, size_t n, const char *domain, struct findings *f,
                         struct tlsrpt *out);

/* The mail domain of a mailto URI, or the host of another one with "://", as it stands in it; empty
 * when there is none. *mail: it is a mailto URI, whose header fields (RFC 6068 2) name no host. */
struct slice tlsrpt_rua_host(struct slice uri, bool *mail);

#endif
