/* The judgement, given what a perfect scanner would see of the simulated world, says what the
 * world's truth says. The two are written apart; this is where they meet without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/judge.h"
#include "tests/simnet/classes.h"
#include "tests/simnet/truth_rules.h"
#include "tests/unit/ideal_evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 20000 };

struct fixture {
    struct judge ctx;
    name_psl *psl;
    struct providers *providers;
    struct evidence evidence;
    struct judgement judgement;
    struct sim_domain domain;
    unsigned differ;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(name_psl_load(NULL, &f->psl), ST_OK);
    assert_int_equal(providers_builtin(&f->providers), ST_OK);
    f->ctx = (struct judge){.psl = f->psl, .providers = f->providers};
    evidence_init(&f->evidence);
    judgement_init(&f->judgement);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    judgement_free(&f->judgement);
    evidence_free(&f->evidence);
    providers_free(f->providers);
    name_psl_free(f->psl);
    free(f);
    return 0;
}

static void print_codes(const char *title, const struct sim_codes *codes)
{
    fprintf(stderr, "  %s:", title);
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (sim_codes_has(codes, c))
            fprintf(stderr, " %s", sim_code_name(c));
    fputc('\n', stderr);
}

static void compare(struct fixture *f)
{
    const struct sim_domain *d = &f->domain;
    struct judgement *j = &f->judgement;
    struct sim_codes found = {{0}};
    for (size_t i = 0; i < j->findings.n; i++)
        if (sim_code_effect((int)j->findings.v[i].code) !=
            EFFECT_STATE) /* shown by status fields */
            sim_codes_add(&found, (int)j->findings.v[i].code);
    sim_codes_drop(&found, FC_pol_accept_set); /* not in the truth, see tests/simnet/README.md */
    bool same = sim_codes_equal(&found, &d->codes) && j->cause == d->cause &&
                strcmp(adoption_name(j->adoption), sim_adoption_name(d->adoption)) == 0 &&
                strcmp(verdict_name(j->verdict), sim_verdict_name(d->verdict)) == 0;
    if (same || f->differ++ >= 20)
        return;
    fprintf(stderr, "%s (%s): truth %s %s, judged %s %s\n", d->name,
            d->cls == NULL ? "-" : d->cls->name, sim_adoption_name(d->adoption),
            sim_verdict_name(d->verdict), adoption_name(j->adoption), verdict_name(j->verdict));
    print_codes("truth ", &d->codes);
    print_codes("judged", &found);
}

static void judge_names(struct fixture *f, double adoption, enum sim_truth_mode mode)
{
    static const char *const tlds[] = {"com", "de", "co.uk", "nl", "ru", "org"};
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {.version = "imc2025-v2", .seed = 11, .adoption_pct = adoption};
    assert_true(sim_world_new(&o, &w, &why));
    for (unsigned i = 0; i < NAMES; i++) {
        char name[SIM_NAME_MAX];
        /* Every fifth is a subdomain of the name before it. */
        snprintf(name, sizeof name, "%sname%u.%s", i % 5 == 4 ? "post." : "", i - (i % 5 == 4),
                 tlds[(i - (i % 5 == 4)) % (sizeof tlds / sizeof tlds[0])]);
        sim_domain_build(w, name, &f->domain);
        sim_truth_judge(&f->domain, mode);
        evidence_reset(&f->evidence);
        ideal_evidence(&f->domain, mode, &f->evidence);
        assert_int_equal(classify(&f->ctx, &f->evidence, &f->judgement), ST_OK);
        compare(f);
    }
    sim_world_free(w);
    assert_int_equal(f->differ, 0);
}

static void test_adopters(void **state)
{
    judge_names(*state, 100, SIM_TRUTH_FULL);
}

static void test_everybody(void **state)
{
    judge_names(*state, -1, SIM_TRUTH_FULL);
}

static void test_without_policy_and_probes(void **state)
{
    judge_names(*state, 100, SIM_TRUTH_DNS_ONLY);
    judge_names(*state, -1, SIM_TRUTH_DNS_ONLY);
}

static void test_deep(void **state)
{
    judge_names(*state, 100, SIM_TRUTH_DEEP);
    judge_names(*state, 30, SIM_TRUTH_DEEP);
}

/* Whatever a healthy domain's weaknesses are, nothing of it blocks mail, voids the policy or
 * divides senders. Healthy: built without a fault, trouble or oddity. */
static void test_healthy_domains_raise_no_alarm(void **state)
{
    struct fixture *f = *state;
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {.seed = 12, .adoption_pct = 100};
    unsigned healthy = 0;
    assert_true(sim_world_new(&o, &w, &why));
    for (unsigned i = 0; i < NAMES; i++) {
        char name[SIM_NAME_MAX];
        snprintf(name, sizeof name, "well%u.org", i);
        sim_domain_build(w, name, &f->domain);
        if (!f->domain.adopter || f->domain.cls != NULL)
            continue;
        healthy++;
        evidence_reset(&f->evidence);
        ideal_evidence(&f->domain, i % 2 ? SIM_TRUTH_FULL : SIM_TRUTH_DEEP, &f->evidence);
        assert_int_equal(classify(&f->ctx, &f->evidence, &f->judgement), ST_OK);
        for (size_t k = 0; k < f->judgement.findings.n; k++) {
            int code = (int)f->judgement.findings.v[k].code;
            enum effect effect = sim_code_effect(code);
            if (effect == EFFECT_BLOCKS || effect == EFFECT_FALLBACK || effect == EFFECT_DISAGREE)
                fail_msg("%s: %s", name, sim_code_name(code));
        }
    }
    assert_true(healthy > NAMES / 4);
    sim_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adopters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_policy_and_probes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_healthy_domains_raise_no_alarm, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
