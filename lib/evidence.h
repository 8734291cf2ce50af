/* evidence - everything that was seen of one domain, as plain data.
 *
 * The scanner's network half fills this struct, classify() judges it, record_json writes and reads
 * it. It holds all that judgement needs and no judgement itself: what is read back from an old
 * record classifies to the same findings, without parsing a certificate again.
 *
 * Ownership: every pointer points into `arena` (or at static text); evidence_free frees all of it.
 * A struct belongs to one thread at a time. Times are milliseconds since 1970-01-01 UTC where the
 * name ends in _ms, seconds where it ends in _s; durations say their unit in the name.
 * Text that came from the network (header fields, banners, replies) is kept escaped (text_escape of
 * name.h); only txt_rr, http body and raw hold the bytes themselves. */
#ifndef LIB_EVIDENCE_H
#define LIB_EVIDENCE_H

#include "lib/bytes.h"
#include "lib/caps.h"

struct strlist {
    const char **v;
    size_t n;
};

/* ---- DNS ---------------------------------------------------------------------------------- */

/* How one DNS question ended. NODATA, NXDOMAIN and the failures are never mixed up: only the first
 * two say that something is not there (RFC 2308). */
enum lookup {
    LOOKUP_SKIPPED = 0, /* not asked */
    LOOKUP_FOUND,       /* records of the asked type at the end of the chain */
    LOOKUP_NODATA,      /* NOERROR without such records */
    LOOKUP_NXDOMAIN,
    LOOKUP_SERVFAIL,
    LOOKUP_REFUSED,
    LOOKUP_BOGUS,     /* SERVFAIL that DNSSEC explains: answers with CD=1, or EDE 6-12 (RFC 8914) */
    LOOKUP_TIMEOUT,   /* no answer from any server until the deadline */
    LOOKUP_MALFORMED, /* answers that cannot be read, or another rcode */
    LOOKUP_CNAME_LOOP, /* a loop, or a chain longer than CNAME_CHAIN_MAX */
    LOOKUP_ABANDONED,  /* our own limits, deadline or end of the scan: says nothing */
    LOOKUP_COUNT
};
const char *lookup_name(enum lookup l); /* "found", "nodata", ... as in JSON */
/* Neither found nor a clean no: SERVFAIL ... ABANDONED. CNAME_LOOP is an answer, so it is not. */
bool lookup_is_undetermined(enum lookup l);
/* NODATA or NXDOMAIN. */
bool lookup_is_negative(enum lookup l);
/* RFC 8914 4.7-4.13, DNSSEC Bogus to NSEC Missing: extended errors that say that validation failed.
 */
bool lookup_ede_is_dnssec(int ede);

struct dns_facts {
    enum lookup status;
    int rcode;            /* of the last reply, -1 when none came */
    int ede;              /* extended DNS error (RFC 8914), -1 when none */
    bool ad;              /* authenticated data bit of the reply */
    uint32_t ttl_s;       /* smallest TTL of the answer RRset, or of the negative SOA */
    struct strlist cname; /* targets in chain order, presentation form, no final dot */
    const char *soa;      /* owner of the SOA of a negative answer, NULL when none */
    const char *resolver; /* "ADDR:PORT" that answered, NULL when none did */
};

struct txt_rr {
    const char *p;    /* the character-strings concatenated (RFC 8461 3.1), NUL-terminated */
    size_t len;       /* bytes; the text may hold NULs */
    uint16_t strings; /* how many character-strings the RR had */
};

struct txt_facts {
    struct dns_facts dns;
    struct txt_rr *rr;
    size_t n;
    bool truncated; /* RRs or bytes beyond the caps were dropped */
};

struct net_addr {
    uint8_t family; /* 4, 6, or 0 for none */
    uint8_t b[16];  /* network order, the first 4 bytes for IPv4 */
};

struct addr_facts {
    struct dns_facts v4;   /* the A question (its chain is the host's chain) */
    struct dns_facts v6;   /* the AAAA question */
    struct net_addr *addr; /* in the order IPv4, IPv6 */
    size_t n;
};

/* ---- connections ----------------------------------------------------------------------------- */

enum conn {
    CONN_NONE = 0,    /* not tried */
    CONN_OK,          /* TCP connection made */
    CONN_REFUSED,     /* RST */
    CONN_TIMEOUT,     /* nothing until the deadline */
    CONN_UNREACHABLE, /* ICMP unreachable from the network */
    CONN_BLOCKED,     /* a special-purpose address: never contacted (the guard) */
    CONN_BLOCKLISTED, /* on the user's own list: never contacted */
    CONN_NO_ROUTE,    /* a family that the scan does not use, or that this machine cannot route */
    CONN_ABANDONED,   /* our own limits or the end of the scan: says nothing */
    CONN_COUNT
};
const char *conn_name(enum conn c);

enum tls_end {
    TLS_END_NONE = 0, /* no handshake was tried */
    TLS_END_OK,       /* handshake complete (certificates are judged apart) */
    TLS_END_ALERT,    /* the peer sent a fatal alert, see alert */
    TLS_END_NOT_TLS,  /* the peer answered with something that is not TLS */
    TLS_END_CLOSED,   /* connection closed or reset in the handshake, without an alert */
    TLS_END_TIMEOUT,  /* silent until the deadline */
    TLS_END_FAILED,   /* any other failure of the handshake */
    TLS_END_COUNT
};
const char *tls_end_name(enum tls_end e);

#define TLS_VERSION_MIN 0x0303        /* TLS 1.2: RFC 8461 section 7.2 */
#define TLS_ALERT_PROTOCOL_VERSION 70 /* RFC 8446 section 6.2 */

/* Faults of a presented chain; a set. The names in JSON are those of the contract's tls.errors. */
enum cert_error {
    CERT_EXPIRED = 1u << 0,
    CERT_NOT_YET_VALID = 1u << 1,
    CERT_SELF_SIGNED = 1u << 2,      /* the leaf is its own issuer */
    CERT_UNTRUSTED = 1u << 3,        /* ends in an unknown issuer, and no AIA fetch mended it */
    CERT_INCOMPLETE_CHAIN = 1u << 4, /* invalid as served, valid after the AIA fetch */
    CERT_REVOKED = 1u << 5,          /* stapled OCSP says so */
    CERT_WEAK_KEY = 1u << 6,         /* RSA or DH below 2048 bits */
    CERT_WEAK_SIGNATURE = 1u << 7,   /* SHA-1 or MD5 below the root */
    CERT_INVALID_OTHER = 1u << 8,    /* any other reason why X509_verify_cert fails */
};

/* What the names of a certificate say of one host (RFC 8461 3.3 and 4.2: SAN dNSName only). */
enum name_match {
    NAME_MATCH_UNKNOWN = 0,  /* no certificate was seen for this name */
    NAME_MATCH_OK,           /* a SAN dNSName matches */
    NAME_MATCH_NONE,         /* no other case fits */
    NAME_MATCH_CN_ONLY,      /* only the subject's CN matches and there is no SAN that does */
    NAME_MATCH_WILDCARD_BAD, /* only a partial or multi-label reading of a wildcard would match */
    NAME_MATCH_COUNT
};
const char *name_match_name(enum name_match m);

/* Which other names the SAN covers; a set. */
enum cert_covers {
    COVERS_CNAME_TARGET = 1u << 0,   /* the last target of the host's CNAME chain */
    COVERS_APEX = 1u << 1,           /* policy host: D, www.D; a generic web host */
    COVERS_POLICY_DOMAIN = 1u << 2,  /* MX: the policy domain itself */
    COVERS_POLICY_PATTERN = 1u << 3, /* MX: a name of the policy's mx patterns */
};

struct tls_facts {
    enum tls_end end;
    int alert;                         /* alert description (RFC 8446 6), -1 when none */
    uint16_t version;                  /* 0x0303 TLS 1.2, 0x0304 TLS 1.3, 0 unknown */
    const char *cipher;                /* IANA name, NULL when unknown */
    uint32_t cert_errors;              /* set of enum cert_error */
    int verify_code;                   /* first X509_V_ERR_* seen, 0 when none */
    enum name_match name;              /* for the host that was asked (SNI) */
    uint32_t covers;                   /* set of enum cert_covers */
    int64_t not_before_s, not_after_s; /* of the leaf, 0 unknown */
    const char *cert_sha256; /* lower-case hex of the leaf's DER, NULL when none was seen */
    const char *error;       /* library's text of the failure, NULL when none */
};
/* Handshake complete at TLS 1.2 or later, no fault that makes a sender refuse, name matches. */
bool tls_facts_valid(const struct tls_facts *t);
/* TLS 1.1 or lower is all that the host negotiates (RFC 8461 7.2): agreed on, refused to us by
 * alert, or, as SSL 3.0, chosen by the server and refused by our own side. */
bool tls_facts_version_low(const struct tls_facts *t);

/* ---- the policy host ------------------------------------------------------------------------ */

enum http_end {
    HTTP_END_NONE = 0,  /* no request was sent */
    HTTP_END_OK,        /* a whole response */
    HTTP_END_TIMEOUT,   /* headers or body not complete at the deadline */
    HTTP_END_TRUNCATED, /* short body, chunk or protocol error */
    HTTP_END_TOO_LARGE, /* more than POLICY_BODY_MAX_BYTES */
    HTTP_END_COUNT
};
const char *http_end_name(enum http_end e);

struct http_facts {
    enum http_end end;
    int status;                   /* 0 when no status line came */
    const char *version;          /* "1.0", "1.1", "2"; NULL unknown */
    const char *content_type;     /* field value as it stood, escaped; NULL when absent */
    const char *content_encoding; /* NULL when absent */
    const char *last_modified;    /* NULL when absent */
    const char *location;         /* NULL when absent */
    const char *retry_after;      /* NULL when absent */
    const char *server;           /* NULL when absent */
    const char *challenge;        /* the mark of a bot challenge or WAF that was seen; NULL */
    struct slice body;            /* decoded body, at most POLICY_BODY_MAX_BYTES */
    uint64_t body_total;          /* bytes that came, more than body.len when cut */
    bool coalesced;               /* came over another host's connection (--coalesce) */
};

/* Beyond it a fetch is slow: the default timeout of postfix-mta-sts-resolver. */
enum { HTTP_SLOW_MS = 4000 };

/* One try to fetch the policy from one address. */
struct fetch_facts {
    struct net_addr ip;
    enum conn conn;
    struct tls_facts tls;
    struct http_facts http;
    uint32_t connect_ms, tls_ms, total_ms;
    uint32_t own_ms; /* of total_ms, as far as it may be the scanner's: its own loop was late */
};

/* The policy (or something like it) at another place than RFC 8461 3.3 says. */
struct alt_path {
    const char *url; /* where it was found */
    int status;
    bool looks_like_policy;
};

struct policy_facts {
    bool skipped;     /* the stage was left out */
    const char *host; /* "mta-sts.D" */
    struct addr_facts addrs;
    struct addr_facts sibling; /* a random sibling label of the host, SKIPPED when not asked */
    struct fetch_facts *fetch; /* tries in order */
    size_t n_fetch;
    uint32_t dns_ms;      /* looking up the addresses took this long */
    int chosen;           /* index of the try whose response is judged, -1 when none */
    struct alt_path *alt; /* wrong places looked at, beside a 404 */
    size_t n_alt;
};

/* The stage was left out, or never begun. */
bool policy_facts_skipped(const struct policy_facts *p);

/* ---- MX -------------------------------------------------------------------------------------- */

/* Status words of the contract's probes[].status, plus PROBE_ABANDONED (our own limits). */
enum probe_end {
    PROBE_NONE = 0,
    PROBE_OK,               /* TLS established after STARTTLS (certificates are judged apart) */
    PROBE_NO_STARTTLS,      /* 220 and EHLO fine, no STARTTLS offered */
    PROBE_STARTTLS_REFUSED, /* offered, then answered 4xx or 5xx, but for 421 */
    PROBE_TLS_FAILED,       /* the handshake failed, see tls */
    PROBE_REFUSED,          /* TCP refused or unreachable */
    PROBE_TIMEOUT,          /* connect or banner timeout */
    PROBE_LIMITED,          /* 421 at any time; 521, 550, 554 or any 4xx at banner or EHLO */
    PROBE_PROTOCOL_ERROR,   /* EHLO and HELO rejected, or not SMTP */
    PROBE_BLOCKED,          /* the guard or the user's list: never contacted */
    PROBE_NO_ROUTE,         /* a family that the scan does not use */
    PROBE_ABANDONED,        /* our own limits or the end of the scan: says nothing */
    PROBE_END_COUNT
};
const char *probe_end_name(enum probe_end e);

struct probe_facts {
    struct net_addr ip;
    const char *sni; /* the other host's name that was asked with; NULL: this host's own */
    enum probe_end end;
    enum conn conn;
    int reply_code;     /* of the reply that ended it (banner, EHLO, STARTTLS); 0 none */
    const char *reply;  /* first line of that reply, NULL none */
    const char *banner; /* first line of the greeting, raw bytes escaped; NULL none */
    bool starttls;      /* offered in the EHLO reply */
    bool helo;          /* EHLO was rejected and HELO taken */
    bool injected;      /* plaintext followed the 220 of STARTTLS in the same packet */
    bool no_sni_tried;  /* --deep: a second handshake without SNI was made */
    struct tls_facts tls;
    struct tls_facts tls_no_sni;
    int64_t ts_ms; /* when the probe ended: shared by all domains of the address */
};

struct mx_host {
    const char *name; /* presentation form, lower case, no final dot; "." for the null MX */
    uint16_t preference;
    bool implicit; /* no MX record: the domain itself (RFC 5321 5.1) */
    struct addr_facts addrs;
    struct probe_facts *probe; /* one per address probed */
    size_t n_probe;
};

struct mx_facts {
    struct dns_facts dns;
    struct mx_host *host; /* by preference, then name; the null MX as host "." */
    size_t n;
    bool truncated;     /* more than MX_HOSTS_MAX */
    bool probe_skipped; /* probing was left out (--no-probe, no --ehlo-name, or not an adopter) */
    struct addr_facts apex; /* A and AAAA of the domain, asked when there is no MX */
};

/* ---- costlier evidence ----------------------------------------------------------------------- */

/* One authoritative server's answer for _mta-sts.D (--deep). */
struct ns_view {
    const char *server; /* name and address; the name alone of one that was not asked */
    struct txt_facts txt;
};

/* Whether one rua destination of the TLSRPT record can receive. */
struct rua_facts {
    const char *uri;
    const char *host;     /* mail domain or https host */
    enum lookup mx, addr; /* what was asked of it */
    bool null_mx;
};

struct label_txt {
    const char *label; /* owner name asked */
    struct txt_facts txt;
};

/* ---- the domain ----------------------------------------------------------------------------- */

enum input_state { INPUT_OK = 0, INPUT_INVALID, INPUT_EXCLUDED };

struct evidence {
    struct arena arena;
    enum input_state input;
    const char *input_reason; /* why invalid, a static word; NULL */
    const char *domain;       /* lower-case A-labels, no final dot; "" when invalid */
    struct slice raw;         /* the invalid input line, at most RAW_INPUT_MAX_BYTES */
    uint64_t index;           /* input line from 0 */
    int64_t rank;             /* -1 when none */
    const char *tag;          /* NULL when none */
    int64_t ts_ms;            /* when the walk began */
    uint32_t duration_ms;     /* without the waiting for our own limiters */
    bool deadline_hit;        /* --timeout-domain or the watchdog ended it */
    bool adopter_in_baseline;
    bool cut; /* read from a record that had been cut to its maximal length */

    struct txt_facts sts;         /* _mta-sts.D */
    struct label_txt sts_sibling; /* a random sibling label of _mta-sts.D; tells wildcards */
    struct txt_facts rpt;         /* _smtp._tls.D */
    struct txt_facts dmarc;       /* _dmarc.D */
    struct policy_facts policy;
    struct mx_facts mx;

    struct txt_facts parent_sts; /* for subdomains, _mta-sts of the nearest domain above that has a
                                    record, or of the last one asked */
    struct label_txt *elsewhere; /* STS-like TXT looked for at other labels (--deep) */
    size_t n_elsewhere;
    struct label_txt *rpt_elsewhere; /* TLSRPT at wrong labels */
    size_t n_rpt_elsewhere;
    struct ns_view *ns;
    size_t n_ns;
    struct rua_facts *rua;
    size_t n_rua;
};

/* Zeroes the struct and sets up its arena; allocates nothing. */
void evidence_init(struct evidence *e);
/* Back to the state after evidence_init, keeping the arena's first chunk. */
void evidence_reset(struct evidence *e);
void evidence_free(struct evidence *e);

/* A part as it stands before anything was asked: all empty, and -1 where that says "none". Parts
 * inside a struct evidence are made by evidence_init; these are for elements of arrays. */
void dns_facts_init(struct dns_facts *d);
void txt_facts_init(struct txt_facts *t);
void addr_facts_init(struct addr_facts *a);
void tls_facts_init(struct tls_facts *t);
void fetch_facts_init(struct fetch_facts *f);
void probe_facts_init(struct probe_facts *p);
void mx_host_init(struct mx_host *h);

/* Deep copies into `arena`, for results that are shared between domains. */
enum status dns_facts_copy(struct arena *arena, const struct dns_facts *in, struct dns_facts *out);
enum status txt_facts_copy(struct arena *arena, const struct txt_facts *in, struct txt_facts *out);
enum status addr_facts_copy(struct arena *arena, const struct addr_facts *in,
                            struct addr_facts *out);
enum status tls_facts_copy(struct arena *arena, const struct tls_facts *in, struct tls_facts *out);
enum status fetch_facts_copy(struct arena *arena, const struct fetch_facts *in,
                             struct fetch_facts *out);
enum status probe_facts_copy(struct arena *arena, const struct probe_facts *in,
                             struct probe_facts *out);
/* Hosts with their names, preferences and the dns part; addresses and probes are not copied. */
enum status mx_facts_copy_names(struct arena *arena, const struct mx_facts *in,
                                struct mx_facts *out);

/* Text of an address ("192.0.2.1", "2001:db8::1"); out holds ADDR_TEXT_MAX_BYTES. */
#define ADDR_TEXT_MAX_BYTES 46
void net_addr_text(const struct net_addr *a, char out[ADDR_TEXT_MAX_BYTES]);
enum status net_addr_parse(struct slice text, struct net_addr *out);
bool net_addr_eq(const struct net_addr *a, const struct net_addr *b);

#endif
