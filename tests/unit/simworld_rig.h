/* simworld_rig - what the tests of the simulated world share: worlds, names in them, domains. What
 * is made is the caller's: sim_world_free, free. */
#ifndef TESTS_UNIT_SIMWORLD_RIG_H
#define TESTS_UNIT_SIMWORLD_RIG_H

#include "tests/simnet/truth_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline struct sim_world *world_of(uint64_t seed, double adoption)
{
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {.seed = seed, .adoption_pct = adoption};
    assert_true(sim_world_new(&o, &w, &why));
    return w;
}

static inline void name_of(unsigned i, char out[SIM_NAME_MAX])
{
    static const char *const tlds[] = {"com", "de", "co.uk", "nl", "ru", "org", "gov"};
    snprintf(out, SIM_NAME_MAX, "name%u.%s", i, tlds[i % (sizeof tlds / sizeof tlds[0])]);
}

static inline struct sim_domain *build(const struct sim_world *w, const char *name,
                                       enum sim_truth_mode mode)
{
    struct sim_domain *d = malloc(sizeof *d);
    assert_non_null(d);
    memset(d, 0xa5, sizeof *d); /* servers build one domain where another was */
    sim_domain_build(w, name, d);
    sim_truth_judge(d, mode);
    return d;
}

#endif
