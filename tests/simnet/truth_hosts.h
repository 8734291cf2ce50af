/*
 * truth_hosts: what a perfect scan must report of a domain's MX hosts: their rows, and how a sender
 * fares with them. A part of truth_rules.
 */
#ifndef SIMNET_TRUTH_HOSTS_H
#define SIMNET_TRUTH_HOSTS_H

#include "tests/simnet/truth_rules.h"

struct sim_tally {
    size_t pass, fail, unknown;        /* addresses */
    size_t certs, bad_certs, some_bad; /* hosts of which a certificate was seen */
};

/* Whether DNS has an address of the host, of either family. */
bool sim_mx_has_address(const struct sim_mx *mx);
struct sim_tally sim_count_hosts(const struct sim_domain *d, enum sim_truth_mode mode);
/* The rows of the MX set and of its hosts, whatever becomes of the policy. */
void sim_add_mx_codes(struct sim_domain *d, enum sim_truth_mode mode, struct sim_tally t);

#endif
