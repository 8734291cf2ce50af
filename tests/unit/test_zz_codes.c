/* Every code that a single scan can show is seen by a test. Runs last: it reads what the other
 * programs left. */
#include "tests/unit/codes_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The programs whose tests see codes. */
#define PROGRAMS_MIN 5

/* Stages of later work, and rows that need TLSA. */
static bool is_later(const struct finding_row *row)
{
    return row->stage == STAGE_DRIFT || row->stage == STAGE_DANE ||
           strcmp(row->code, "rpt_host_missing") == 0;
}

static void test_all_codes_are_seen(void **state)
{
    (void)state;
    bool seen[FINDING_CODE_COUNT] = {false};
    size_t programs = codes_seen_load(seen), n = 0, missing = 0;
    for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
        const struct finding_row *row = finding_row((enum finding_code)i);
        n += seen[i];
        if (!seen[i] && !is_later(row) && programs >= PROGRAMS_MIN) {
            printf("no test has seen %s\n", row->code);
            missing++;
        }
    }
    printf("codes seen by the tests: %zu of %d\n", n, (int)FINDING_CODE_COUNT);
    fflush(stdout);
    if (programs < PROGRAMS_MIN)
        skip();
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_codes_are_seen)};
    return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
