/*
 * domain: everything that the world says of one domain, as plain data, truth included.
 *
 * sim_domain_build makes it from the name alone. The world decides first (class, mode, hosting, MX
 * set), then builds records, policy and certificates from these decisions; what it decided is what
 * the truth is told from. Nothing here reads a record or a policy back.
 */
#ifndef SIMNET_DOMAIN_H
#define SIMNET_DOMAIN_H

#include "tests/simnet/addresses.h"
#include "tests/simnet/codes.h"
#include "tests/simnet/draw.h"
#include "tests/simnet/world.h"

enum {
    SIM_MX_MAX = 6,
    SIM_TXT_MAX = 10,
    SIM_PATTERNS_MAX = 8,
    SIM_PATTERN_BYTES = SIM_NAME_MAX + 32,
    SIM_TEXT_BYTES = 6144,
};

/* How a question ends, CNAME aside. */
enum sim_lookup {
    SIM_LOOKUP_FOUND,
    SIM_LOOKUP_NODATA,
    SIM_LOOKUP_NXDOMAIN,
    SIM_LOOKUP_SERVFAIL,
    SIM_LOOKUP_REFUSED,
    SIM_LOOKUP_BOGUS, /* SERVFAIL with the extended error "DNSSEC Bogus" (RFC 8914) */
    SIM_LOOKUP_TIMEOUT,
};

enum sim_adoption {
    SIM_ABSENT,
    SIM_UNDETERMINED,
    SIM_BROKEN,
    SIM_NONE,
    SIM_TESTING,
    SIM_ENFORCE,
    SIM_INVALID_INPUT,
    SIM_ADOPTION_COUNT
};

enum sim_verdict {
    SIM_NOT_APPLICABLE,
    SIM_UNPROTECTED,
    SIM_OFF,
    SIM_PROTECTED,
    SIM_DEGRADED,
    SIM_UNDELIVERABLE,
    SIM_READY,
    SIM_WOULD_BLOCK,
    SIM_VERDICT_UNDETERMINED,
    SIM_VERDICT_COUNT
};

struct sim_txt_rr {
    const char *text; /* in the domain's text area */
    size_t len;
    size_t split; /* the first character-string ends here; 0: as few strings as can be */
};

/* The TXT RRset of one name. */
struct sim_txt_set {
    enum sim_lookup status;
    char cname[SIM_NAME_MAX]; /* first link; "" for none */
    bool cname_loop;          /* the target points back to the owner */
    struct sim_txt_rr rr[SIM_TXT_MAX];
    size_t n;
    uint32_t ttl;
};

struct sim_policy_host {
    enum sim_lookup status;
    char cname[SIM_NAME_MAX];
    int hoster; /* index in providers.h or -1 */
    uint32_t addr[4];
    size_t addr_count;
    bool v6;              /* an AAAA record, ::1, where nobody listens */
    bool wildcard;        /* *.D has the same addresses */
    bool addr_differ;     /* the second address serves another policy */
    const char *alt_path; /* the policy lies there, and at its own place is a 404; or NULL */
    struct sim_tls tls;
    struct sim_http http; /* body is rendered from the policy unless body_fixed */
    bool body_fixed;
    bool policy_seen; /* a client that goes on past a bad certificate gets the policy's bytes */
};

/* A policy as the world would write it down. A NULL value leaves the line out. */
struct sim_policy {
    enum sim_adoption mode; /* SIM_NONE, SIM_TESTING or SIM_ENFORCE */
    uint32_t max_age_s;
    const char *prefix; /* bytes before the first line (a BOM), or NULL */
    const char *version_value, *mode_value, *max_age_value;
    const char *before, *after; /* whole further lines without line end, or NULL */
    char mx[SIM_PATTERNS_MAX][SIM_PATTERN_BYTES];
    size_t mx_count;
    bool lf;               /* line ends: LF, else CRLF */
    bool escaped;          /* literal \n instead of line ends */
    bool pattern_unused;   /* a pattern that matches no MX */
    bool wildcard_no_need; /* a wildcard whose MX hosts have fixed names */
};

struct sim_mx {
    char name[SIM_NAME_MAX];
    uint16_t preference;
    enum sim_lookup status; /* of its address lookup */
    char cname[SIM_NAME_MAX];
    int provider; /* index in providers.h or -1 */
    enum sim_smtp_kind kind;
    bool split; /* its second address behaves otherwise */
    enum sim_smtp_kind second_kind;
    uint32_t addr[4];
    size_t addr_count;
    bool v6;         /* an AAAA record, ::1, where nobody listens */
    bool is_private; /* its address is in RFC 1918 space */
    bool listed;     /* a pattern matches it */
};

/* A TXT record under a name where nobody looks for it. */
struct sim_astray {
    const char *label; /* before the domain, with its dot; "" at the domain itself; NULL: none */
    struct sim_txt_rr rr;
};

enum sim_mx_state { SIM_MX_FOUND, SIM_MX_IMPLICIT, SIM_MX_NULL, SIM_MX_NONE, SIM_MX_FAILED };

struct sim_class;

/* About 20 KiB, with pointers into itself: build it in place, do not copy it. */
struct sim_domain {
    const struct sim_world *world;
    char name[SIM_NAME_MAX];
    uint64_t hash;
    bool adopter;
    const struct sim_class *cls; /* NULL: nothing special */

    enum sim_adoption adoption;
    enum sim_verdict verdict;
    int cause; /* code or SIM_CODE_NONE */
    struct sim_codes codes;

    struct sim_txt_set sts;      /* _mta-sts.D */
    struct sim_txt_set rpt;      /* _smtp._tls.D */
    struct sim_txt_rr sts_stale; /* what the zone's second name server has instead; or no text */
    enum sim_mx_state mx_state;
    size_t mx_count;
    const char *registrable; /* registrable domain, in name; NULL for adopters */
    bool missing;            /* the registrable domain does not exist */
    bool wildcard_txt;       /* *.D TXT "v=spf1 -all" */
    bool wildcard_web;       /* *.D CNAME to a web host */
    bool wildcard_sts;       /* *.D TXT is the MTA-STS record */
    bool orphan;             /* a policy is served though no record announces it */
    struct sim_astray sts_astray;
    struct sim_astray rpt_astray;
    uint32_t apex_addr; /* A at D; 0: none */

    /* Big, and not even zeroed for a domain that has neither: one that does not adopt has host and
     * policy when it is an orphan, mx after sim_domain_add_mx. */
    struct sim_policy_host host;
    struct sim_policy policy;
    struct sim_mx mx[SIM_MX_MAX];

    size_t text_used;
    char text[SIM_TEXT_BYTES];
};

/* The whole domain but adoption, verdict and cause, which sim_truth_judge (truth_rules.h) adds.
 * `name` is a normalized domain name (normalize.h). */
void sim_domain_build(const struct sim_world *world, const char *name, struct sim_domain *out);

/* Gives a domain that publishes no MTA-STS the MX set that adopters have from the start. */
void sim_domain_add_mx(const struct sim_world *world, struct sim_domain *d);

/* Whether the name publishes MTA-STS, well or not, the stuck ones included; cheap. */
bool sim_domain_adopts(const struct sim_world *world, const char *name);
/* Whether it is one of those whose hosts hold a client; cheap. */
bool sim_domain_is_stuck(const struct sim_world *world, const char *name);
/* The name's registrable domain as part of it; the name itself when it has none. Thread-safe. */
const char *sim_registrable(const struct sim_world *world, const char *name);
/* Whether a registrable domain does not exist any more. */
bool sim_is_missing(const struct sim_world *world, const char *registrable);
/* The same by a draw for it with the third salt. */
bool sim_is_missing_by(const struct sim_world *world, struct sim_draw draw);
/* How the host's at-th address behaves. */
enum sim_smtp_kind sim_mx_kind(const struct sim_mx *mx, size_t at);
uint64_t sim_world_seed(const struct sim_world *world);
/* What is drawn for almost every name: "domain", "absent", "missing". */
const struct sim_salts *sim_world_salts(const struct sim_world *world);

#endif
