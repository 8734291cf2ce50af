/* Units of scanner/worker/retry.c. */
#include "scanner/worker/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 1000 };

static void failed(struct evidence *e, const char *domain, uint64_t index)
{
    evidence_reset(e);
    e->domain = arena_dup(&e->arena, slice_of(domain));
    e->index = index;
    e->rank = 7;
    e->tag = arena_dup(&e->arena, SLICE_LIT("a,b"));
    e->ts_ms = 123456;
    e->duration_ms = 15000;
    e->sts.dns.status = LOOKUP_SERVFAIL;
    e->sts.dns.rcode = 2;
    e->sts.dns.ede = 22;
}

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct retry_list r;
    struct evidence e;
    evidence_init(&e);
    retry_init(&r, 2, LINE_BYTES);
    failed(&e, "one.example", 1);
    assert_int_equal(retry_add(&r, &e, (struct slice){NULL, 0}), ST_OK);
    failed(&e, "two.example", 2);
    assert_int_equal(retry_add(&r, &e, SLICE_LIT("{}\n")), ST_OK);
    failed(&e, "three.example", 3);
    assert_int_equal(retry_add(&r, &e, (struct slice){NULL, 0}), ST_LIMIT);

    struct retry_domain *d = retry_take(&r);
    assert_string_equal(d->domain, "one.example");
    assert_int_equal(d->index, 1);
    assert_null(d->line);
    retry_domain_free(d);
    d = retry_take(&r);
    assert_string_equal(d->domain, "two.example");
    assert_string_equal(d->line, "{}\n");
    assert_int_equal(d->line_len, 3);
    retry_domain_free(d);
    assert_null(retry_take(&r));
    assert_int_equal(r.line_bytes, 0);
    /* And it can be filled again. */
    assert_int_equal(retry_add(&r, &e, (struct slice){NULL, 0}), ST_OK);
    retry_free(&r);
    evidence_free(&e);
}

static void test_evidence_of_the_first_pass(void **state)
{
    (void)state;
    struct retry_list r;
    struct evidence e, back;
    evidence_init(&e);
    evidence_init(&back);
    retry_init(&r, 10, LINE_BYTES);
    failed(&e, "one.example", 41);
    assert_int_equal(retry_add(&r, &e, (struct slice){NULL, 0}), ST_OK);
    evidence_reset(&e); /* nothing may point into it */
    struct retry_domain *d = retry_take(&r);
    assert_int_equal(retry_evidence(d, &back), ST_OK);
    retry_domain_free(d);
    assert_string_equal(back.domain, "one.example");
    assert_string_equal(back.tag, "a,b");
    assert_int_equal(back.index, 41);
    assert_int_equal(back.rank, 7);
    assert_int_equal(back.ts_ms, 123456);
    assert_int_equal(back.sts.dns.status, LOOKUP_SERVFAIL);
    assert_int_equal(back.sts.dns.rcode, 2);
    assert_int_equal(back.sts.dns.ede, 22);
    assert_true(back.policy.skipped);
    assert_true(back.mx.probe_skipped);
    retry_free(&r);
    evidence_free(&back);
    evidence_free(&e);
}

static void test_lines_are_bounded(void **state)
{
    (void)state;
    struct retry_list r;
    struct evidence e;
    char line[LINE_BYTES];
    memset(line, 'x', LINE_BYTES);
    evidence_init(&e);
    retry_init(&r, 10, LINE_BYTES);
    failed(&e, "one.example", 1);
    assert_true(retry_keeps_line(&r, LINE_BYTES));
    assert_false(retry_keeps_line(&r, LINE_BYTES + 1));
    assert_int_equal(retry_add(&r, &e, (struct slice){line, LINE_BYTES}), ST_OK);
    assert_false(retry_keeps_line(&r, 1));
    assert_int_equal(retry_add(&r, &e, (struct slice){line, 1}), ST_OK);
    assert_non_null(r.first->line);
    assert_null(r.first->next->line);
    retry_free(&r);
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_evidence_of_the_first_pass),
        cmocka_unit_test(test_lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
