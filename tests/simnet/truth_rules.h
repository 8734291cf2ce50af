/*
 * truth_rules: what a perfect scan must report of a domain, told from how it was built.
 *
 * Rules that the contract leaves open are decided in README.md of this directory.
 */
#ifndef SIMNET_TRUTH_RULES_H
#define SIMNET_TRUTH_RULES_H

#include "tests/simnet/domain.h"

enum sim_truth_mode {
    SIM_TRUTH_FULL,     /* -4: stages for adopters only, as scan does by default */
    SIM_TRUTH_DNS_ONLY, /* --no-policy --no-probe; TLSRPT is asked of every domain */
    SIM_TRUTH_DEEP      /* --deep --all-policy --all-mx -4 -6 */
};

/* Fills in adoption, verdict, cause and codes. Call it once after sim_domain_build. */
void sim_truth_judge(struct sim_domain *d, enum sim_truth_mode mode);

const char *sim_adoption_name(enum sim_adoption a);
const char *sim_verdict_name(enum sim_verdict v);

#endif
