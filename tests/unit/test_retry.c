/* Units of scanner/worker/retry.c. */
#include "scanner/worker/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BYTES = 10000, LINE_BYTES = 1000 };

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

static void add(struct retry_list *r, struct evidence *e, const char *domain, uint64_t index,
                struct slice line, enum status wanted)
{
    failed(e, domain, index);
    assert_int_equal(retry_add(r, e, line), wanted);
    evidence_reset(e); /* nothing may point into it */
}

static const struct slice no_line;

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct retry_list r;
    struct retry_domain d;
    struct evidence e;
    evidence_init(&e);
    retry_init(&r, BYTES, LINE_BYTES);
    add(&r, &e, "one.example", 1, no_line, ST_OK);
    add(&r, &e, "two.example", 2, SLICE_LIT("{}\n"), ST_OK);
    assert_int_equal(r.n, 2);

    assert_true(retry_take(&r, &d));
    assert_string_equal(d.domain, "one.example");
    assert_int_equal(d.index, 1);
    assert_int_equal(d.line.len, 0);
    assert_true(retry_take(&r, &d));
    assert_string_equal(d.domain, "two.example");
    assert_true(slice_eq(d.line, SLICE_LIT("{}\n")));
    assert_false(retry_take(&r, &d));
    assert_int_equal(r.n, 0);
    assert_int_equal(r.bytes, 0);
    assert_int_equal(r.line_bytes, 0);
    assert_null(r.first);
    /* And it can be filled again. */
    add(&r, &e, "three.example", 3, no_line, ST_OK);
    assert_true(retry_take(&r, &d));
    assert_string_equal(d.domain, "three.example");
    retry_free(&r);
    evidence_free(&e);
}

static void test_many_of_all_sizes_in_turn(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct retry_list r;
    struct retry_domain d;
    struct evidence e;
    static char line[RETRY_CHUNK_BYTES + 1];
    char name[32];
    memset(line, 'x', sizeof line);
    evidence_init(&e);
    retry_init(&r, (size_t)1 << 30, (size_t)1 << 30);
    uint64_t taken = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "d%d.example", (int)i);
        /* Now and then one that is larger than a chunk, and one that is taken meanwhile. */
        size_t len = i % 1000 == 7 ? sizeof line : i % 300;
        add(&r, &e, name, i, (struct slice){line, len}, ST_OK);
        if (i % 3 == 0) {
            assert_true(retry_take(&r, &d));
            assert_int_equal(d.index, taken++);
        }
    }
    while (retry_take(&r, &d)) {
        snprintf(name, sizeof name, "d%d.example", (int)taken);
        assert_int_equal(d.index, taken);
        assert_string_equal(d.domain, name);
        assert_string_equal(d.tag, "a,b");
        assert_int_equal(d.line.len, taken % 1000 == 7 ? sizeof line : taken % 300);
        taken++;
    }
    assert_int_equal(taken, MANY);
    assert_int_equal(r.bytes, 0);
    retry_free(&r);
    evidence_free(&e);
}

static void test_evidence_of_the_first_pass(void **state)
{
    (void)state;
    struct retry_list r;
    struct retry_domain d;
    struct evidence e, back;
    evidence_init(&e);
    evidence_init(&back);
    retry_init(&r, BYTES, LINE_BYTES);
    add(&r, &e, "one.example", 41, no_line, ST_OK);
    assert_true(retry_take(&r, &d));
    assert_int_equal(d.duration_ms, 15000);
    assert_int_equal(retry_evidence(&d, &back), ST_OK);
    retry_free(&r);
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
    evidence_free(&back);
    evidence_free(&e);
}

static void test_all_bytes_are_bounded(void **state)
{
    (void)state;
    struct retry_list r;
    struct retry_domain d;
    struct evidence e;
    evidence_init(&e);
    retry_init(&r, BYTES, LINE_BYTES);
    failed(&e, "one.example", 1);
    enum status st;
    while ((st = retry_add(&r, &e, no_line)) == ST_OK)
        assert_true(r.bytes <= BYTES);
    assert_int_equal(st, ST_LIMIT);
    assert_in_range(r.n, BYTES / 100, BYTES / 50);
    assert_true(retry_take(&r, &d));
    assert_int_equal(retry_add(&r, &e, no_line), ST_OK);
    retry_free(&r);
    evidence_free(&e);
}

static void test_lines_are_bounded(void **state)
{
    (void)state;
    struct retry_list r;
    struct retry_domain d;
    struct evidence e;
    char line[LINE_BYTES];
    memset(line, 'x', LINE_BYTES);
    evidence_init(&e);
    retry_init(&r, BYTES, LINE_BYTES);
    assert_true(retry_keeps_line(&r, LINE_BYTES));
    assert_false(retry_keeps_line(&r, LINE_BYTES + 1));
    add(&r, &e, "one.example", 1, (struct slice){line, LINE_BYTES}, ST_OK);
    assert_false(retry_keeps_line(&r, 1));
    add(&r, &e, "one.example", 1, (struct slice){line, 1}, ST_OK);
    assert_true(retry_take(&r, &d));
    assert_int_equal(d.line.len, LINE_BYTES);
    assert_true(retry_take(&r, &d));
    assert_int_equal(d.line.len, 0);
    retry_free(&r);
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_many_of_all_sizes_in_turn),
        cmocka_unit_test(test_evidence_of_the_first_pass),
        cmocka_unit_test(test_all_bytes_are_bounded),
        cmocka_unit_test(test_lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
