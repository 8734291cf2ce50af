/* match - MX names against policy patterns, and hosts against certificate names (RFC 6125). Pure.
 */
#ifndef LIB_MATCH_H
#define LIB_MATCH_H

#include "lib/evidence.h"

/* RFC 8461 4.1: exact, or "*." for exactly one left-most label. ASCII case is ignored, one final
 * dot of host too. */
bool mx_match(struct slice pattern, struct slice host);

/* DNS-ID of a certificate (RFC 6125 6.4.3): as above, and the wildcard must be the whole left-most
 * label with at least two labels behind it. */
bool dns_id_match(struct slice dns_id, struct slice host);

/* The names of one certificate, as extracted by the TLS layer: SAN dNSNames that are printable
 * ASCII without NUL, lower case; cn NULL when the subject has none that could be a host name. */
struct cert_names {
    const char **dns;
    size_t n;
    const char *cn;
    bool truncated; /* more than CERT_NAMES_MAX */
};
/* What these names say of `host`. NAME_MATCH_CN_ONLY when only the CN matches (as a DNS-ID would);
 * NAME_MATCH_WILDCARD_BAD when only a partial ("m*.x") or multi-label wildcard would. */
enum name_match cert_names_match(const struct cert_names *names, struct slice host);
/* The same of a policy host, of whose CN tls_cert_cn_only speaks only where there is no SAN dNSName
 * at all. */
enum name_match cert_names_match_policy_host(const struct cert_names *names, struct slice host);

/* Kinds of mismatch of an unlisted MX; one an MX, in this order (findings.tsv, contract). */
enum mx_mismatch {
    MX_MISMATCH_UNLISTABLE,   /* `_` or other char that the mx ABNF cannot express */
    MX_MISMATCH_DEPTH,        /* would match if `*` spanned several labels */
    MX_MISMATCH_APEX,         /* "*.x" and the MX is x */
    MX_MISMATCH_EXCHANGE_V1,  /* <t>.<letter>-v1.mx.microsoft, only the outlook.com pattern */
    MX_MISMATCH_CNAME_TARGET, /* the policy lists the CNAME target of the MX */
    MX_MISMATCH_TYPO,
    MX_MISMATCH_TLD,
    MX_MISMATCH_3LD,
    MX_MISMATCH_DOMAIN,
};

/* Edit distance with transpositions (Damerau-Levenshtein, restricted), cut at limit + 1. */
unsigned edit_distance(struct slice a, struct slice b, unsigned limit);

#endif
