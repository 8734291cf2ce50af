#include "tests/simnet/codes.h"

#include <string.h>

struct row {
    const char *name;
    enum stage stage;
    enum effect effect;
    enum rule rule;
};

#define FINDING_ROW(code, stage, effect, rule, text) {#code, stage, effect, rule},
static const struct row rows[] = {
#include "lib/findings_table.h"
};
#undef FINDING_ROW

_Static_assert(sizeof rows / sizeof rows[0] <= SIM_CODE_WORDS * 64, "the set holds every code");
_Static_assert(sizeof rows / sizeof rows[0] == FINDING_CODE_COUNT, "one row a code");

void sim_codes_add(struct sim_codes *set, int code)
{
    set->word[code / 64] |= UINT64_C(1) << (code % 64);
}

void sim_codes_drop(struct sim_codes *set, int code)
{
    set->word[code / 64] &= ~(UINT64_C(1) << (code % 64));
}

bool sim_codes_has(const struct sim_codes *set, int code)
{
    return (set->word[code / 64] >> (code % 64)) & 1;
}

bool sim_codes_equal(const struct sim_codes *a, const struct sim_codes *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

void sim_codes_drop_stage(struct sim_codes *set, enum stage stage)
{
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (rows[c].stage == stage)
            sim_codes_drop(set, c);
}

bool sim_codes_has_rule(const struct sim_codes *set, enum stage stage, enum rule rule)
{
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (rows[c].stage == stage && rows[c].rule == rule && sim_codes_has(set, c))
            return true;
    return false;
}

bool sim_codes_has_effect(const struct sim_codes *set, enum stage stage, enum effect effect)
{
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (rows[c].stage == stage && rows[c].effect == effect && sim_codes_has(set, c))
            return true;
    return false;
}

int sim_codes_cause(const struct sim_codes *set)
{
    for (int c = 0; c < FINDING_CODE_COUNT && rows[c].stage <= STAGE_MX_TLS; c++)
        if ((rows[c].rule == RULE_VOID || rows[c].rule == RULE_MX) && sim_codes_has(set, c))
            return c;
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (rows[c].effect == EFFECT_UNDETERMINED && sim_codes_has(set, c))
            return c;
    return SIM_CODE_NONE;
}

const char *sim_code_name(int code)
{
    return code < 0 ? NULL : rows[code].name;
}

enum stage sim_code_stage(int code)
{
    return rows[code].stage;
}

enum effect sim_code_effect(int code)
{
    return rows[code].effect;
}

enum rule sim_code_rule(int code)
{
    return rows[code].rule;
}
