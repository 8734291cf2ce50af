/* findings - the one table of everything that can be said about a domain.
 *
 * The table itself stands in findings_table.h as an X-macro, one row a code in the order of the
 * public table (docs/findings.md is generated from it). Stage order and row order are the order in
 * which findings are written and in which the cause is chosen. */
#ifndef LIB_FINDINGS_H
#define LIB_FINDINGS_H

#include "lib/bytes.h"

enum stage {
    STAGE_DNS,
    STAGE_POLICY_HOST,
    STAGE_POLICY,
    STAGE_MX_CONSISTENCY,
    STAGE_MX_TLS,
    STAGE_TLSRPT,
    STAGE_DRIFT,
    STAGE_DANE,
    STAGE_COUNT
};

enum effect {
    EFFECT_STATE,        /* '-': shown by status fields, never listed */
    EFFECT_BLOCKS,       /* 'B' blocks or can block mail under enforce */
    EFFECT_FALLBACK,     /* 'F' policy void, senders fall back to opportunistic TLS */
    EFFECT_DISAGREE,     /* 'D' senders disagree */
    EFFECT_WEAK,         /* 'W' weakness or latent fault */
    EFFECT_INFO,         /* 'I' information */
    EFFECT_UNDETERMINED, /* 'U' undetermined, kept out of every percentage */
};

enum rule {
    RULE_NONE,
    RULE_VOID, /* no policy for a sender */
    RULE_MX,   /* that MX address fails */
    RULE_SUM,  /* sums others up, never the cause */
};

/* FC_sts_absent, FC_sts_dns_timeout, ... one per row, in table order. */
#define FINDING_ROW(code, stage, effect, rule, text) FC_##code,
enum finding_code {
#include "lib/findings_table.h"
    FINDING_CODE_COUNT
};
#undef FINDING_ROW

struct finding_row {
    const char *code;
    enum stage stage;
    enum effect effect;
    enum rule rule;
    const char *text; /* the condition, one sentence for a mail administrator */
};

const struct finding_row *finding_row(enum finding_code code);

/* Words for people: findings_help.h, one row a code. */
struct finding_help {
    const char *section; /* of the RFC that the row rests on, "RFC 8461 3.1" */
    const char *why;     /* why it matters */
    const char *mend;    /* how to mend it */
};
const struct finding_help *finding_help(enum finding_code code);

/* ST_NOT_FOUND for a code that is not in the table. */
enum status finding_by_name(struct slice code, enum finding_code *out);
const char *stage_name(enum stage stage); /* "dns", "policy_host", ... */
char effect_letter(enum effect effect);   /* '-', 'B', 'F', ... */

struct finding {
    enum finding_code code;
    const char *target; /* host, pattern, key or address concerned; NULL when none */
    const char
        *detail; /* evidence bytes as UTF-8 text (escaped as in the contract); NULL when none */
};

/* A set of findings; entries and strings live in the arena given at init. Rows with EFFECT_STATE
 * may be added (has() sees them) but are not listed in records. At most FINDINGS_PER_CODE_MAX of
 * one code and FINDINGS_MAX in all are kept, so that one noisy fault cannot crowd out the others.
 */
struct findings {
    struct arena *arena;
    struct finding *v;
    size_t n, alloc;
    enum status error; /* ST_NOMEM: nothing is added any more; ST_LIMIT: some were dropped */
};

void findings_init(struct findings *f, struct arena *arena);
/* Adds one finding unless the same (code, target) is there. target and detail are copied, detail
 * cut at DETAIL_MAX_BYTES, both escaped to valid UTF-8 (text_escape): give them raw. An
 * empty detail is none. */
void findings_add(struct findings *f, enum finding_code code, const char *target,
                  struct slice detail);
bool findings_has(const struct findings *f, enum finding_code code);
bool findings_has_for(const struct findings *f, enum finding_code code, const char *target);
/* Table order; within a code the order of adding. */
void findings_sort(struct findings *f);

#endif
