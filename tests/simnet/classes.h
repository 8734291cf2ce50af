/*
 * classes: the faults and oddities of the world's adopters, one row each.
 *
 * A row is a name, a weight, what it needs of the domain that it is put upon, a function that
 * builds the faulty part, and the codes that part must yield. The codes that follow from everything
 * else (mode, line ends, TLSRPT ...) are added by domain.c; so a class only speaks of its own
 * fault.
 */
#ifndef SIMNET_CLASSES_H
#define SIMNET_CLASSES_H

#include "tests/simnet/domain.h"

/* What a class needs of the domain below it; a set. */
enum sim_need {
    SIM_NEED_OWN_TXT = 1u << 0,   /* _mta-sts is no CNAME */
    SIM_NEED_OWN_HOST = 1u << 1,  /* mta-sts is no CNAME to a hoster */
    SIM_NEED_HOSTED = 1u << 2,    /* both are CNAMEs to a hoster */
    SIM_NEED_OWN_MX = 1u << 3,    /* MX hosts below the domain */
    SIM_NEED_ONE_MX = 1u << 4,    /* exactly one, own */
    SIM_NEED_TWO_MX = 1u << 5,    /* exactly two, own, different preference */
    SIM_NEED_ENFORCE = 1u << 6,   /* mode enforce */
    SIM_NEED_TESTING = 1u << 7,   /* mode testing */
    SIM_NEED_MODE_NONE = 1u << 8, /* mode none */
    SIM_NEED_NOT_NONE = 1u << 9,  /* mode enforce or testing */
    /* enforce, CRLF, weeks of max_age: no finding but the class's own concerns the policy */
    SIM_NEED_PLAIN_POLICY = 1u << 10,
    SIM_NEED_SHORT_NAME = 1u << 11,   /* host names fit a certificate's CN (64 bytes) */
    SIM_NEED_TWO_LABELS = 1u << 12,   /* the domain is label.tld */
    SIM_NEED_NO_RPT_CODES = 1u << 13, /* TLSRPT in order */
    SIM_NEED_SHARED_MX = 1u << 14,    /* MX hosts of a shared provider other than Microsoft */
};

enum sim_class_kind {
    SIM_CLASS_FAULT,   /* misconfigured: the share that IMC 2025 measured */
    SIM_CLASS_TROUBLE, /* nothing wrong with the domain, but it cannot be judged */
    SIM_CLASS_ODDITY,  /* in order, with a weakness or a remark */
    SIM_CLASS_STUCK,   /* its hosts hold a client till its deadline; only where asked for */
};

enum { SIM_CLASS_CODES_MAX = 4 };

struct sim_class {
    const char *name;
    enum sim_class_kind kind;
    uint32_t weight; /* among the classes of its kind */
    uint32_t needs;
    void (*build)(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
    int param;                      /* as the builder says */
    const char *text;               /* as the builder says; `$` is the domain, in a record the id */
    int codes[SIM_CLASS_CODES_MAX]; /* ends at 0: sts_absent is a state, never listed */
};

/* What an MX host's kind means for a sender and for the truth. */
struct sim_kind_truth {
    int code;       /* finding of the host, SIM_CODE_NONE for none */
    bool set_aside; /* a sender goes on to the next host */
    bool unknown;   /* says nothing about TLS */
    bool fails;     /* a finding with rule mx */
    bool cert_seen; /* a certificate was captured */
    bool cert_bad;  /* and is PKIX-invalid for the name */
};
const struct sim_kind_truth *sim_kind_truth(enum sim_smtp_kind kind);

unsigned sim_class_count(void);
const struct sim_class *sim_class(unsigned i);
/* One of a kind by weight, among those of the world with that number that `name` can bear. NULL
 * when there is none. */
const struct sim_class *sim_class_draw(enum sim_class_kind kind, unsigned world, const char *name,
                                       struct sim_draw *draw);

/*
 * The builders, by the part of the domain that they break.
 *
 * sim_break_record: `text` replaces the TXT RRset of _mta-sts, RRs divided by `|`, `$` is an id.
 * param: the record is split into two character-strings at this byte (0: no).
 */
void sim_break_record(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);

enum sim_record_fault {
    SIM_RECORD_DANGLING,
    SIM_RECORD_LOOP,
    SIM_RECORD_LARGE,
    SIM_RECORD_TTL,
    SIM_RECORD_WILDCARD, /* *.D TXT is the record as well */
    SIM_RECORD_STALE,    /* one of the zone's name servers has another one */
};
/* What is wrong with the record's name or set rather than its text. */
void sim_break_record_name(struct sim_domain *d, struct sim_draw *draw,
                           const struct sim_class *cls);

enum sim_host_fault {
    SIM_HOST_ABSENT,
    SIM_HOST_DNS_ERROR,
    SIM_HOST_CNAME_DANGLING,
    SIM_HOST_PRIVATE,
    SIM_HOST_REFUSED,
    SIM_HOST_BLACKHOLE,
    SIM_HOST_TLS_ALERT,
    SIM_HOST_TLS_NOT_SPOKEN,
    SIM_HOST_TLS_FAILED,
    SIM_HOST_TLS_OLD,
    SIM_HOST_CNAME_FOREIGN_CERT, /* CNAME to a web platform whose certificate covers only itself */
    SIM_HOST_HALF_DELEGATED,     /* own TXT record, policy host at a hoster */
    SIM_HOST_REDIRECT,
    SIM_HOST_STALL,
    SIM_HOST_TRUNCATED,
    SIM_HOST_TOO_LARGE,
    SIM_HOST_EMPTY,
    SIM_HOST_HTML,
    SIM_HOST_TAKEOVER, /* CNAME to a site on a platform that nobody has claimed */
    SIM_HOST_GZIP,     /* gzip though nobody asked */
    SIM_HOST_SLOW,
    SIM_HOST_CHALLENGE,  /* a bot challenge instead of the policy */
    SIM_HOST_WRONG_PATH, /* the policy lies beside its place */
    SIM_HOST_WILDCARD,   /* *.D has the same addresses */
    SIM_HOST_DISAGREE,   /* two addresses, two policies */
    SIM_HOST_V6_DEAD,    /* nobody listens at its IPv6 address */
    SIM_HOST_V6_ONLY,    /* and it has no other */
    SIM_HOST_TLS_SILENT, /* the connection is accepted, and nothing comes of it */
    SIM_HOST_TLS_DRIP,
    SIM_HOST_BODY_DRIP,
};
void sim_break_host(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* param: enum sim_cert_fault. */
void sim_break_host_cert(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* param: HTTP status; 0 leaves it. text: Content-Type; NULL leaves it, "" sends none. */
void sim_break_http(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);

enum sim_policy_field {
    SIM_FIELD_VERSION,
    SIM_FIELD_MODE,
    SIM_FIELD_MAX_AGE,
    SIM_FIELD_MX_ADD,  /* one more pattern */
    SIM_FIELD_MX_NONE, /* no pattern at all */
    SIM_FIELD_BEFORE,  /* a whole line before the first */
    SIM_FIELD_AFTER,   /* a whole line after the last */
    SIM_FIELD_PREFIX,  /* bytes before the first line */
    SIM_FIELD_ESCAPED, /* literal \n for line ends */
};
/* param: the field; text: its value, NULL leaves the line out. */
void sim_break_policy(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);

enum sim_mx_fault {
    SIM_MX_FAULT_NULL,
    SIM_MX_FAULT_NONE,
    SIM_MX_FAULT_IMPLICIT,
    SIM_MX_FAULT_LOOKUP,
    SIM_MX_FAULT_TLD,
    SIM_MX_FAULT_TYPO,
    SIM_MX_FAULT_3LD,
    SIM_MX_FAULT_DOMAIN,
    SIM_MX_FAULT_MIGRATED,
    SIM_MX_FAULT_UNLISTED_BACKUP,
    SIM_MX_FAULT_UNLISTED_PRIMARY,
    SIM_MX_FAULT_WILDCARD_DEPTH,
    SIM_MX_FAULT_WILDCARD_APEX,
    SIM_MX_FAULT_WILDCARD_OWN,
    SIM_MX_FAULT_PATTERN_UNUSED,
    SIM_MX_FAULT_NO_ADDRESS, /* of the second of two */
    SIM_MX_FAULT_PRIVATE,    /* of the second of two */
    SIM_MX_FAULT_CNAME,
    SIM_MX_FAULT_CNAME_TARGET_LISTED,
    SIM_MX_FAULT_NULL_MIXED,
    SIM_MX_FAULT_EXCHANGE_V1, /* a new Exchange name, the policy has the old pattern */
    SIM_MX_FAULT_LOCALHOST,   /* one more MX: localhost */
    SIM_MX_FAULT_MS_CHECK,    /* one more MX: Microsoft's proof of ownership */
    SIM_MX_FAULT_DUPLICATE,
    SIM_MX_FAULT_UNLISTABLE, /* its name has an underscore */
    SIM_MX_FAULT_V6_DEAD,    /* nobody listens at its IPv6 address */
    SIM_MX_FAULT_V6_ONLY,    /* and it has no other */
};
void sim_break_mx(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* param: enum sim_smtp_kind, of every own MX host. */
void sim_break_mx_host(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* The same of one of two: the backup, or the primary. */
void sim_break_one_of_two(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* The same of the second of two addresses of the first MX host. */
void sim_break_mx_address(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* The TLSRPT record stands under a name where nobody looks for it. */
void sim_break_rpt_label(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);
/* text replaces the TXT RRset of _smtp._tls, RRs divided by `|`; NULL: there is none. */
void sim_break_rpt(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls);

/* ---- what builders use ---- */

/* printf into the domain's text area; the text lives as long as the domain. "" when it is full. */
const char *sim_text(struct sim_domain *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_txt_add(struct sim_txt_set *set, const char *text);
void sim_txt_clear(struct sim_txt_set *set);
/* A record id: a date as most publish it. */
const char *sim_record_id(struct sim_domain *d, struct sim_draw *draw);
/* `text` with every `$` replaced by `with`, in the domain's text area. */
const char *sim_template(struct sim_domain *d, const char *text, const char *with);
void sim_policy_mx(struct sim_policy *policy, const char *pattern);

/* Certificate faults, for policy hosts and MX hosts alike. */
enum sim_cert_fault {
    SIM_CERT_GOOD,
    SIM_CERT_NAME,
    SIM_CERT_CN_ONLY,
    SIM_CERT_APEX_ONLY,
    SIM_CERT_PARENT, /* covers the host's parent, for an MX host the policy domain */
    SIM_CERT_WILDCARD_BAD,
    SIM_CERT_EXPIRED,
    SIM_CERT_FUTURE,
    SIM_CERT_SELF_SIGNED,
    SIM_CERT_UNTRUSTED,
    SIM_CERT_INCOMPLETE,
    SIM_CERT_EXPIRING,
    SIM_CERT_WEAK,
    SIM_CERT_REVOKED, /* as the stapled OCSP response says */
};

/* A certificate for `host` with this fault; what may vary is drawn from `hash`. */
void sim_cert_make(enum sim_cert_fault fault, const char *host, uint64_t hash,
                   struct sim_cert *out);

#endif
