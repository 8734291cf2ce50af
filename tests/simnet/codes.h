/*
 * codes: sets of finding codes, as the truth holds them.
 *
 * Only the data of the public table is shared with the scanner (codes, their order, stage, effect
 * and rule); which of them hold is decided here from how the world was built.
 */
#ifndef SIMNET_CODES_H
#define SIMNET_CODES_H

#include "lib/findings.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_CODE_WORDS = 4, SIM_CODE_NONE = -1 };

struct sim_codes {
    uint64_t word[SIM_CODE_WORDS];
};

void sim_codes_add(struct sim_codes *set, int code);
void sim_codes_drop(struct sim_codes *set, int code);
bool sim_codes_has(const struct sim_codes *set, int code);
bool sim_codes_equal(const struct sim_codes *a, const struct sim_codes *b);
/* Takes out all codes of a stage. */
void sim_codes_drop_stage(struct sim_codes *set, enum stage stage);
/* Whether a code of this stage and rule is in the set. */
bool sim_codes_has_rule(const struct sim_codes *set, enum stage stage, enum rule rule);
bool sim_codes_has_effect(const struct sim_codes *set, enum stage stage, enum effect effect);
/* The cause as the contract defines it: first `void` or `mx` row of the stages dns to mx_tls, else
 * the first row with effect U, else SIM_CODE_NONE. */
int sim_codes_cause(const struct sim_codes *set);

const char *sim_code_name(int code);
enum stage sim_code_stage(int code);
enum effect sim_code_effect(int code);
enum rule sim_code_rule(int code);

#endif
