/* caps - every bound of the library in one table.
 *
 * Whatever comes from the network is cut at these. A bound that is hit is recorded in the evidence,
 * never silently dropped. Bytes and counts as the suffix says. */
#ifndef LIB_CAPS_H
#define LIB_CAPS_H

enum {
    NAME_MAX_BYTES = 253,                 /* RFC 1035 2.3.4, presentation form without final dot */
    LABEL_MAX_BYTES = 63,                 /* RFC 1035 2.3.4 */
    NAME_TEXT_MAX_BYTES = 1024,           /* a wire name with every byte escaped as \DDD */
    RAW_INPUT_MAX_BYTES = 512,            /* an invalid input line as kept in `raw` */
    TAG_MAX_BYTES = 1024,                 /* further CSV columns as kept in `tag` */
    TXT_RR_MAX_BYTES = 4096,              /* one TXT RR, strings concatenated */
    TXT_RRS_MAX = 64,                     /* TXT RRs kept of one answer */
    CNAME_CHAIN_MAX = 16,                 /* links followed and kept */
    MX_HOSTS_MAX = 64,                    /* MX RRs kept of one answer */
    ADDRESSES_MAX = 32,                   /* addresses kept of one host, both families */
    POLICY_BODY_MAX_BYTES = 65536,        /* RFC 8461 3.3 suggests 64 kilobytes */
    POLICY_MX_MAX = 16384,                /* mx values kept of one policy: 64 KiB hold no more */
    POLICY_MX_COMPARED_MAX = 512,         /* of them, asked for more than whether a host matches */
    STS_ID_MAX_BYTES = 32,                /* RFC 8461 3.1 */
    STS_EXT_NAME_MAX_BYTES = 32,          /* RFC 8461 3.1 */
    MAX_AGE_MAX_SECONDS = 31557600,       /* RFC 8461 3.2 */
    HTTP_FIELD_MAX_BYTES = 1024,          /* one kept header value */
    BANNER_MAX_BYTES = 512,               /* RFC 5321 4.5.3.1.5: a reply line */
    CERT_NAMES_MAX = 1000,                /* SAN dNSNames looked at of one certificate */
    RUA_MAX = 32,                         /* rua URIs kept of one TLSRPT record */
    FINDINGS_MAX = 512,                   /* findings of one domain */
    FINDINGS_PER_CODE_MAX = 64,           /* of them, of one code */
    DETAIL_MAX_BYTES = 512,               /* detail text of one finding */
    EVIDENCE_MAX_BYTES = 4 * 1024 * 1024, /* memory of one domain's evidence */
    RECORD_LINE_MAX_BYTES = 1024 * 1024,  /* one record as written (contract) */
};

#endif
