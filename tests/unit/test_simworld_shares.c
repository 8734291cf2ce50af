/* The proportions of the simulated world, counted over its own truth: what tests/simnet/README.md
 * says of a version holds within the error of a sample. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/simnet/classes.h"
#include "tests/simnet/names.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/ranks.h"
#include "tests/simnet/truth_rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    NAMES = 300000,
    RANKED_NAMES = 1000000,
    DENSE_NAMES = 60000,
};

/* Domains that do not exist any more never adopt. */
#define EXISTING 0.94

struct names {
    char *text;
    char **name;
    size_t n;
};

/* Names as simnet prints them, with a rank in front. */
static void print_names(struct names *names, uint64_t count)
{
    size_t size = 0;
    FILE *out = open_memstream(&names->text, &size);
    assert_non_null(out);
    assert_true(sim_names_print(5, count, out));
    fclose(out);
    names->name = calloc(count, sizeof *names->name);
    names->n = 0;
    assert_non_null(names->name);
    char *save = NULL;
    for (char *p = strtok_r(names->text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
        names->name[names->n++] = strchr(p, ',') + 1;
    assert_int_equal(names->n, count);
}

static void free_names(struct names *names)
{
    free(names->text);
    free(names->name);
}

static struct sim_world *world_of(const char *version, double adoption,
                                  const struct sim_ranks *ranks)
{
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {
        .version = version, .seed = 1, .adoption_pct = adoption, .ranks = ranks};
    assert_true(sim_world_new(&o, &w, &why));
    return w;
}

/* `hits` of `n` is a share of `pct` per cent, within four standard errors: one sample in 15,000
 * lies farther off, and a sample stays what it is. */
static void assert_share(const char *what, size_t hits, size_t n, double pct)
{
    double p = pct / 100;
    double off = fabs((double)hits - (double)n * p);
    if (off > 4 * sqrt((double)n * p * (1 - p)) + 1)
        fail_msg("%s: %zu of %zu is %.3f %%, not %.3f %%", what, hits, n,
                 100.0 * (double)hits / (double)n, pct);
}

/* ---- adoption -------------------------------------------------------------------------------- */

static void test_adoption_by_tld(void **state)
{
    (void)state;
    static const struct {
        const char *version, *tld;
        double pct;
    } wanted[] = {
        {"imc2025-v3", "com", 0.70}, {"imc2025-v3", "org", 0.82}, {"imc2025-v3", "net", 0.76},
        {"imc2025-v3", "de", 1.10},  {"imc2025-v3", "nl", 1.20},  {"imc2025-v3", "se", 1.20},
        {"imc2025-v3", "ru", 0.08},  {"imc2025-v3", "jp", 0.09},  {"imc2025-v3", "pl", 0.60},
        {"2026-v2", "com", 0.73},    {"2026-v2", "ru", 0.12},     {"2026-v2", "de", 0.73},
    };
    struct names names;
    print_names(&names, NAMES);
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        struct sim_world *w = world_of(wanted[k].version, -1, NULL);
        size_t n = 0, adopters = 0;
        for (size_t i = 0; i < names.n; i++) {
            if (strcmp(strrchr(names.name[i], '.') + 1, wanted[k].tld) != 0)
                continue;
            n++;
            adopters += sim_domain_adopts(w, names.name[i]);
        }
        assert_true(n > 1000);
        assert_share(wanted[k].tld, adopters, n, wanted[k].pct * EXISTING);
        sim_world_free(w);
    }
    free_names(&names);
}

static struct sim_ranks *ranks_of(const struct names *names)
{
    char path[] = "/tmp/stscan-ranks-XXXXXX";
    int fd = mkstemp(path);
    struct sim_ranks *ranks;
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    for (size_t i = 0; i < names->n; i++)
        fprintf(out, "%s\n", names->name[i]);
    assert_int_equal(fclose(out), 0);
    assert_true(sim_ranks_read(path, &ranks));
    unlink(path);
    return ranks;
}

static void test_adoption_by_rank(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        size_t from, until;
        double pct; /* the mean of the line between the points of world.c */
    } wanted[] = {
        {"imc2025-v3", 0, 10000, 1.20},         {"imc2025-v3", 10000, 31623, 1.10},
        {"imc2025-v3", 31623, 100000, 0.90},    {"imc2025-v3", 100000, 316228, 0.70},
        {"imc2025-v3", 900000, 1000000, 0.415}, {"2026-v2", 0, 1000000, 0.705},
    };
    struct names names;
    print_names(&names, RANKED_NAMES);
    struct sim_ranks *ranks = ranks_of(&names);
    assert_int_equal(sim_ranks_find(ranks, names.name[0]), 1);
    assert_int_equal(sim_ranks_find(ranks, names.name[RANKED_NAMES - 1]), RANKED_NAMES);
    assert_int_equal(sim_ranks_find(ranks, "not.on.the.list"), 0);
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        struct sim_world *w = world_of(wanted[k].version, -1, ranks);
        size_t adopters = 0;
        for (size_t i = wanted[k].from; i < wanted[k].until; i++)
            adopters += sim_domain_adopts(w, names.name[i]);
        assert_share("of a stretch of ranks", adopters, wanted[k].until - wanted[k].from,
                     wanted[k].pct * EXISTING);
        sim_world_free(w);
    }
    sim_ranks_free(ranks);
    free_names(&names);
}

/* ---- what adopters are like ------------------------------------------------------------------ */

struct tally {
    size_t adopters, faults, of_stage[STAGE_COUNT];
    size_t plain, hosted, of_hoster[16]; /* plain: no class asks anything of their hosting */
};

/* The stage whose row names the fault first; a class that is none has none. */
static enum stage stage_of(const struct sim_class *cls)
{
    return sim_code_stage(cls->codes[0]);
}

static void count(struct tally *t, const struct sim_domain *d)
{
    if (!d->adopter)
        return;
    t->adopters++;
    if (d->cls != NULL && d->cls->kind == SIM_CLASS_FAULT) {
        t->faults++;
        t->of_stage[stage_of(d->cls)]++;
    }
    if (d->cls != NULL)
        return;
    t->plain++;
    t->hosted += d->host.hoster >= 0;
    if (d->host.hoster >= 0)
        t->of_hoster[d->host.hoster]++;
}

static void count_dense(const char *version, struct tally *t)
{
    struct names names;
    struct sim_world *w = world_of(version, 100, NULL);
    struct sim_domain *d = malloc(sizeof *d);
    assert_non_null(d);
    print_names(&names, DENSE_NAMES);
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < names.n; i++) {
        sim_domain_build(w, names.name[i], d);
        count(t, d);
    }
    free(d);
    free_names(&names);
    sim_world_free(w);
}

/* The classes' weights, stage by stage: what a fault is, given that there is one. */
static double weight_of_stage(enum stage stage)
{
    double all = 0, here = 0;
    for (unsigned i = 0; i < sim_class_count(); i++) {
        const struct sim_class *cls = sim_class(i);
        if (cls->kind != SIM_CLASS_FAULT)
            continue;
        all += cls->weight;
        here += stage_of(cls) == stage ? cls->weight : 0;
    }
    return 100 * here / all;
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        double pct;
    } wanted[] = {{"imc2025-v3", 29.6}, {"2026-v2", 20.0}};
    /* Most of what is wrong is wrong with the policy host (IMC 2025). */
    static const struct {
        enum stage stage;
        double from, until;
    } stages[] = {{STAGE_DNS, 5, 9},
                  {STAGE_POLICY_HOST, 55, 63},
                  {STAGE_POLICY, 6, 10},
                  {STAGE_MX_CONSISTENCY, 8, 13},
                  {STAGE_MX_TLS, 13, 19}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct tally t;
        count_dense(wanted[i].version, &t);
        assert_share("misconfigured", t.faults, t.adopters, wanted[i].pct);
        for (size_t s = 0; s < sizeof stages / sizeof stages[0]; s++) {
            double pct = 100.0 * (double)t.of_stage[stages[s].stage] / (double)t.faults;
            if (pct < stages[s].from || pct > stages[s].until)
                fail_msg("stage %d: %.1f %% of the faults", (int)stages[s].stage, pct);
            /* names too long for a class, or without two labels, shift a little */
            assert_true(fabs(pct - weight_of_stage(stages[s].stage)) < 1.5);
        }
    }
}

static void test_hosters(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        double hosted;
    } wanted[] = {{"imc2025-v3", 33}, {"2026-v2", 42}};
    double all = 0;
    for (unsigned i = 0; i < sim_hoster_count(); i++)
        all += sim_hoster(i)->weight;
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        struct tally t;
        count_dense(wanted[k].version, &t);
        assert_share("hosted", t.hosted, t.plain, wanted[k].hosted);
        for (unsigned i = 0; i < sim_hoster_count(); i++)
            assert_share(sim_hoster(i)->name, t.of_hoster[i], t.hosted,
                         100 * sim_hoster(i)->weight / all);
    }
}

/* ---- mail ------------------------------------------------------------------------------------ */

/* Of the domains that receive mail, 96 % do so at hosts that they share; the providers by their
 * weights. */
static void test_mail_is_concentrated(void **state)
{
    (void)state;
    struct names names;
    struct sim_world *w = world_of("imc2025-v3", -1, NULL);
    struct sim_domain *d = malloc(sizeof *d);
    size_t with_mail = 0, shared = 0, of_provider[64] = {0};
    double all = 0;
    assert_non_null(d);
    print_names(&names, NAMES / 3);
    for (size_t i = 0; i < names.n; i++) {
        sim_domain_build(w, names.name[i], d);
        if (d->adopter || d->missing)
            continue;
        sim_domain_add_mx(w, d);
        if (d->mx_state != SIM_MX_FOUND)
            continue;
        with_mail++;
        shared += d->mx[0].provider >= 0;
        if (d->mx[0].provider >= 0)
            of_provider[d->mx[0].provider]++;
    }
    assert_share("at shared hosts", shared, with_mail, 96);
    for (unsigned i = 0; i < sim_mx_provider_count(); i++)
        all += sim_mx_provider(i)->weight;
    for (unsigned i = 0; i < sim_mx_provider_count(); i++)
        assert_share(sim_mx_provider(i)->name, of_provider[i], shared,
                     100 * sim_mx_provider(i)->weight / all);
    free(d);
    free_names(&names);
    sim_world_free(w);
}

/* ---- stuck hosts ----------------------------------------------------------------------------- */

/* Those that hold a client come on top: all other names stay as they were. In a calm world they
 * publish too, and hold nobody. */
static void test_stuck_names_come_on_top(void **state)
{
    (void)state;
    const char *why;
    struct names names;
    struct sim_world *without = world_of("imc2025-v3", -1, NULL), *w, *calm;
    struct sim_world_options o = {
        .version = "imc2025-v3", .seed = 1, .adoption_pct = -1, .stuck_pct = 0.5};
    struct sim_domain *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    unsigned seen[256] = {0};
    size_t stuck = 0;
    assert_true(a != NULL && b != NULL && sim_class_count() <= 256);
    assert_true(sim_world_new(&o, &w, &why));
    o.stuck_calm = true;
    assert_true(sim_world_new(&o, &calm, &why));
    print_names(&names, NAMES);
    for (size_t i = 0; i < names.n; i++) {
        bool is_stuck = sim_domain_is_stuck(w, names.name[i]);
        stuck += is_stuck;
        assert_false(sim_domain_is_stuck(calm, names.name[i]));
        assert_int_equal(sim_domain_adopts(calm, names.name[i]),
                         sim_domain_adopts(w, names.name[i]));
        if (!is_stuck && i % 10 != 0)
            continue;
        sim_domain_build(without, names.name[i], a);
        sim_domain_build(w, names.name[i], b);
        sim_truth_judge(a, SIM_TRUTH_FULL);
        sim_truth_judge(b, SIM_TRUTH_FULL);
        for (unsigned c = 0; is_stuck && c < sim_class_count(); c++)
            seen[c] += b->cls == sim_class(c);
        if (is_stuck)
            assert_true(b->adopter && b->cls->kind == SIM_CLASS_STUCK &&
                        sim_codes_has(&b->codes, b->cls->codes[0]));
        else
            assert_true(a->cls == b->cls && a->adoption == b->adoption &&
                        a->verdict == b->verdict && sim_codes_equal(&a->codes, &b->codes));
    }
    assert_share("stuck", stuck, names.n, 0.5 * EXISTING);
    for (unsigned c = 0; c < sim_class_count(); c++)
        assert_true((seen[c] > 0) == (sim_class(c)->kind == SIM_CLASS_STUCK));
    free(a);
    free(b);
    free_names(&names);
    sim_world_free(without);
    sim_world_free(calm);
    sim_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adoption_by_tld),
        cmocka_unit_test(test_adoption_by_rank),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_hosters),
        cmocka_unit_test(test_mail_is_concentrated),
        cmocka_unit_test(test_stuck_names_come_on_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
