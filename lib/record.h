/* record - the TXT record set at _mta-sts.D (RFC 8461 3.1). Pure: bytes in, result out. */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include "lib/evidence.h"
#include "lib/findings.h"

enum record_state {
    RECORD_NOTHING, /* no TXT that is STS-like: nothing here is an attempt at MTA-STS */
    RECORD_VALID,   /* exactly one valid record */
    RECORD_INVALID, /* a finding with rule void holds */
};

struct sts_record {
    enum record_state state;
    const char *id; /* of the record judged, also when faulty, escaped; NULL when it has none */
    int rr;         /* index of the RR judged, -1 when none */
};

/* Contains `v=sts` in any case (contract: STS-like). */
bool record_is_sts_like(struct slice txt);

/* Judges the RRs of an answer and adds every sts_* finding that the TXT bytes alone decide:
 * sts_multiple ... sts_multi_string, sts_foreign_txt, sts_only_foreign_txt. What needs the chain or
 * other lookups is classify_dns's. Strings are allocated from f->arena. */
enum status record_judge(const struct txt_rr *rr, size_t n, struct findings *f,
                         struct sts_record *out);

#endif
