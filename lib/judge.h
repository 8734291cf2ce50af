/* judge - from evidence to adoption, findings, verdict, cause. Pure: the whole judgement of one
 * domain is a function of its evidence and of read-only tables. */
#ifndef LIB_JUDGE_H
#define LIB_JUDGE_H

#include "lib/dmarc.h"
#include "lib/evidence.h"
#include "lib/findings.h"
#include "lib/name.h"
#include "lib/policy.h"
#include "lib/providers.h"
#include "lib/record.h"
#include "lib/tlsrpt.h"

enum adoption {
    ADOPTION_ABSENT,
    ADOPTION_UNDETERMINED,
    ADOPTION_BROKEN,
    ADOPTION_NONE,
    ADOPTION_TESTING,
    ADOPTION_ENFORCE,
    ADOPTION_INVALID_INPUT,
    ADOPTION_EXCLUDED,
    ADOPTION_COUNT
};
enum verdict {
    VERDICT_NOT_APPLICABLE,
    VERDICT_UNPROTECTED,
    VERDICT_OFF,
    VERDICT_PROTECTED,
    VERDICT_DEGRADED,
    VERDICT_UNDELIVERABLE,
    VERDICT_READY,
    VERDICT_WOULD_BLOCK,
    VERDICT_UNDETERMINED,
    VERDICT_COUNT
};
const char *adoption_name(enum adoption a);
/* A domain with a record or an attempt at one: broken, none, testing, enforce. */
bool adoption_is_adopter(enum adoption a);
/* How many of them there are. */
uint64_t adoption_adopters(const uint64_t count[ADOPTION_COUNT]);
const char *verdict_name(enum verdict v);
/* ST_NOT_FOUND for a word that is none of theirs. */
enum status adoption_by_name(struct slice word, enum adoption *out);
enum status verdict_by_name(struct slice word, enum verdict *out);

/* How one component of the record stands; the words of the contract's status fields. */
enum component {
    COMPONENT_SKIPPED = 0,
    COMPONENT_FOUND,   /* record, tlsrpt, mx */
    COMPONENT_ABSENT,  /* record, tlsrpt, mx */
    COMPONENT_INVALID, /* record, tlsrpt, policy: there, and void */
    COMPONENT_UNDETERMINED,
    COMPONENT_VALID,    /* policy */
    COMPONENT_FAILED,   /* policy: not fetched, see policy_stage */
    COMPONENT_NULL_MX,  /* mx */
    COMPONENT_IMPLICIT, /* mx: no MX, but an address */
    COMPONENT_COUNT
};
const char *component_name(enum component c);

/* Where the gathering of a policy failed: policy.stage of a record, judgement.policy_stage. */
enum fail_stage { FAIL_DNS, FAIL_TCP, FAIL_TLS, FAIL_HTTP, FAIL_SYNTAX, FAIL_STAGE_COUNT };
const char *fail_stage_name(enum fail_stage stage); /* "dns", ... */

/* Tables, shared read-only; either may be NULL (rows that need it are then not given). */
struct judge {
    const name_psl *psl;
    const struct providers *providers;
};

/* How one MX host stands. */
struct mx_judgement {
    const char *matched_by;  /* the pattern, NULL when unlisted */
    const char *provider;    /* name, or registrable domain of an unknown one; NULL */
    bool set_aside;          /* refuses, does not answer, has no address: senders go on */
    bool unknown;            /* what is not known of it could change the verdict */
    size_t passing, failing; /* addresses */
};

struct judgement {
    struct arena arena;
    enum adoption adoption;
    enum verdict verdict;
    int cause;                /* enum finding_code, or -1 for null */
    struct findings findings; /* sorted */
    enum component record_status, tlsrpt_status, policy_status, mx_status, dmarc_status;
    const char *policy_stage; /* fail_stage_name of where it failed; NULL */
    struct sts_record record;
    struct policy policy;
    struct tlsrpt tlsrpt;
    struct dmarc dmarc;
    const char *policy_provider;
    struct mx_judgement *mx;     /* as many as evidence mx.n */
    const char *exchange_online; /* "5.4.8", "5.7.5" or NULL */
    const char **accepted_by;
    size_t n_accepted_by;
};

void judgement_init(struct judgement *j);
void judgement_reset(struct judgement *j);
void judgement_free(struct judgement *j);

/* Judges e into j (reset first). The strings of j live in its own arena or in e's. */
enum status classify(const struct judge *ctx, const struct evidence *e, struct judgement *j);

/* After the record and its CNAME are known: should policy and MX be gathered? (contract: an
 * STS-like TXT, or a CNAME meant for MTA-STS, or an adopter in the baseline.) */
bool evidence_is_adopter(const struct judge *ctx, const struct evidence *e);

/* One file a stage; each adds its findings. The order of calls is the order of stages. */
enum status classify_dns(const struct judge *ctx, const struct evidence *e, struct judgement *j);
enum status classify_policy_host(const struct judge *ctx, const struct evidence *e,
                                 struct judgement *j);
enum status classify_policy(const struct judge *ctx, const struct evidence *e, struct judgement *j);
enum status classify_mx(const struct judge *ctx, const struct evidence *e, struct judgement *j);
enum status classify_mx_tls(const struct judge *ctx, const struct evidence *e, struct judgement *j);
enum status classify_tlsrpt(const struct judge *ctx, const struct evidence *e, struct judgement *j);
/* Adoption, verdict, cause and the rows with rule sum (verdict.c). */
enum status verdict_decide(const struct judge *ctx, const struct evidence *e, struct judgement *j);

/* Whether a fetch by itself gives a policy that holds: a whole 200, media type and body without a
 * fault that voids it. scratch: for the parsing. */
bool judge_fetch_holds(struct arena *scratch, const struct fetch_facts *f);

#endif
