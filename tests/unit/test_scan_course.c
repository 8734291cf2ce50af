/* Units of scanner/scan_course.c: what is reported when the workers are gone. */
#include "scanner/scan_course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The monitor asked shortly before the end, and the last worker's answer is read behind it. */
static void test_counters_after_the_end(void **state)
{
    (void)state;
    struct scan *s = calloc(1, sizeof *s);
    struct worker_report *r = calloc(1, sizeof *r);
    assert_non_null(s);
    assert_non_null(r);
    s->phase = PHASE_ENDING;
    s->asked = s->status_wanted = true;
    s->status_fd = -1;
    s->shared.n_workers = 1;
    s->shared.worker = NULL;
    r->kind = REPORT_STATS;
    r->stats = calloc(1, sizeof *r->stats);
    assert_non_null(r->stats);
    r->stats->records = 7;
    s->resume.stats.records = 100; /* of earlier runs: what is shown covers the whole scan */
    scan_on_report(&r->mail, s);
    assert_false(s->asked);
    assert_int_equal(s->known.records, 107);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
