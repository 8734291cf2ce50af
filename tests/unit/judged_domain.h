/* judged_domain - evidence of one healthy domain that a test then spoils in one respect.
 *
 * example.com: a valid record, a policy in mode enforce with its two MX hosts by name, each with
 * one IPv4 address that passes, and a TLSRPT record. Healthy means: no finding of effect B, F or D
 * and verdict protected. */
#ifndef TESTS_UNIT_JUDGED_DOMAIN_H
#define TESTS_UNIT_JUDGED_DOMAIN_H

#include "lib/judge.h"

#define DOMAIN_NOW_S INT64_C(1800000000)

struct domain {
    struct evidence e;
    struct judgement j;
    struct judge ctx;
    struct fetch_facts *f;     /* two tries; n_fetch is 1 and counts the first */
    struct mx_host *mx[2];     /* mx1.example.com (10), mx2.example.com (20) */
    struct probe_facts *pr[2]; /* of each host, room for two; n_probe is 1 */
};

void domain_make(struct domain *d);
void domain_free(struct domain *d);

/* Judges; fails the test unless that works. */
void domain_judge(struct domain *d);

/* A TXT answer of these strings (NULL ends the list). */
void domain_txt(struct domain *d, struct txt_facts *t, const char *first, ...)
    __attribute__((sentinel));
void domain_chain(struct domain *d, struct dns_facts *dns, const char *target);
/* Replaces a host's addresses; "" gives none, with both lookups answering NODATA. */
void domain_addr(struct domain *d, struct addr_facts *a, const char *v4, const char *v6);
void domain_body(struct domain *d, const char *body);
/* A policy in mode enforce with this mx line (and, unless NULL, another). */
void domain_policy_mx(struct domain *d, const char *a, const char *b);
/* Renames an MX host. */
void domain_mx_name(struct domain *d, size_t i, const char *name);
/* A second address of a host with a probe like the first one's. */
void domain_second_probe(struct domain *d, size_t i, const char *ip);
/* The first address of the policy host breaks the handshake, the second was not tried to its end.
 */
void domain_half_tried(struct domain *d);
struct net_addr domain_ip(const char *text);

/* One row: the code appears when `holds` has spoiled the domain, and not after `near`. */
struct code_case {
    enum finding_code code;
    void (*holds)(struct domain *);
    void (*near)(struct domain *);
};
void domain_check_cases(const struct code_case *cases, size_t n);

#define HOLDS(code) static void holds_##code(struct domain *d)
#define NEAR(code) static void near_##code(struct domain *d)
#define CODE_CASE(code)                      \
    {                                        \
        FC_##code, holds_##code, near_##code \
    }

#endif
