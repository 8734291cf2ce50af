/* findings: the table against the public one, and the set. */
#include "lib/findings.h"

#include "lib/caps.h"
#include "lib/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static FILE *open_shared(const char *path)
{
    char full[512];
    const char *shared = getenv("STSCAN_SHARED");
    snprintf(full, sizeof full, "%s/%s", shared ? shared : "../shared", path);
    return fopen(full, "r");
}

static const char *rule_word(enum rule rule)
{
    static const char *const words[] = {
        [RULE_NONE] = "-", [RULE_VOID] = "void", [RULE_MX] = "mx", [RULE_SUM] = "sum"};
    return words[rule];
}

/* code, stage, effect, rule, condition and order are those of the public table. */
static void test_public_table(void **state)
{
    (void)state;
    char line[4096], want[4096];
    size_t n = 0;
    FILE *in = open_shared("design/findings.tsv");
    if (!in) {
        printf("the public table is missing: skipped\n");
        skip();
    }
    assert_non_null(fgets(line, sizeof line, in)); /* the head */
    while (fgets(line, sizeof line, in)) {
        const struct finding_row *row = finding_row((enum finding_code)n++);
        assert_non_null(row);
        line[strcspn(line, "\n")] = '\0';
        snprintf(want, sizeof want, "%s\t%s\t%c\t%s\t%s", row->code, stage_name(row->stage),
                 effect_letter(row->effect), rule_word(row->rule), row->text);
        assert_string_equal(line, want);
    }
    fclose(in);
    assert_int_equal(n, FINDING_CODE_COUNT);
}

static void test_names(void **state)
{
    (void)state;
    enum finding_code code;
    for (unsigned i = 0; i < FINDING_CODE_COUNT; i++) {
        const char *name = finding_row((enum finding_code)i)->code;
        assert_int_equal(finding_by_name(slice_of(name), &code), ST_OK);
        assert_int_equal(code, i);
        if (i > 0)
            assert_true(finding_row((enum finding_code)i)->stage >=
                        finding_row((enum finding_code)(i - 1))->stage);
    }
    assert_int_equal(finding_by_name(SLICE_LIT("sts_absen"), &code), ST_NOT_FOUND);
    assert_int_equal(finding_by_name(SLICE_LIT(""), &code), ST_NOT_FOUND);
    assert_null(finding_row(FINDING_CODE_COUNT));
    assert_int_equal(effect_letter(EFFECT_UNDETERMINED), 'U');
    assert_string_equal(stage_name(STAGE_DANE), "dane");
}

static void test_set(void **state)
{
    (void)state;
    struct arena arena;
    struct findings f;
    arena_init(&arena, 1 << 20);
    findings_init(&f, &arena);
    findings_add(&f, FC_http_404, "b.example", SLICE_LIT("x"));
    findings_add(&f, FC_sts_multiple, NULL, (struct slice){NULL, 0});
    findings_add(&f, FC_http_404, "a.example", (struct slice){NULL, 0});
    findings_add(&f, FC_http_404, "b.example", SLICE_LIT("again"));
    findings_add(&f, FC_sts_multiple, NULL, SLICE_LIT("again"));
    assert_int_equal(f.n, 3);
    findings_sort(&f);
    assert_int_equal(f.v[0].code, FC_sts_multiple);
    assert_null(f.v[0].detail);
    assert_string_equal(f.v[1].target, "b.example"); /* order of adding within a code */
    assert_string_equal(f.v[1].detail, "x");
    assert_true(findings_has_for(&f, FC_http_404, "a.example"));
    assert_false(findings_has_for(&f, FC_http_404, NULL));
    assert_true(findings_has_for(&f, FC_sts_multiple, NULL));
    assert_false(findings_has(&f, FC_http_status));
    arena_free(&arena);
}

/* Bytes become escaped text, cut on a whole character or escape. */
static void test_details(void **state)
{
    (void)state;
    struct arena arena;
    struct findings f;
    char bytes[DETAIL_MAX_BYTES + 8];
    arena_init(&arena, 1 << 20);
    findings_init(&f, &arena);
    findings_add(&f, FC_http_404, "\xff", (struct slice){"a\\\0\x80", 4});
    assert_string_equal(f.v[0].target, "\\xff");
    assert_memory_equal(f.v[0].detail, "a\\\\\0\\x80", 9);
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 1; i + 1 < sizeof bytes; i += 2)
        memcpy(bytes + i, "\xc3\xa9", 2);
    findings_add(&f, FC_http_status, NULL, (struct slice){bytes, sizeof bytes});
    assert_int_equal(strlen(f.v[1].detail), DETAIL_MAX_BYTES - 1);
    memset(bytes, 0xff, sizeof bytes);
    findings_add(&f, FC_http_limited, NULL, (struct slice){bytes, sizeof bytes});
    assert_int_equal(strlen(f.v[2].detail), DETAIL_MAX_BYTES);
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes + DETAIL_MAX_BYTES - 2, "\xc3\xa9\xc3\xa9", 4);
    findings_add(&f, FC_http_timeout, NULL, (struct slice){bytes, DETAIL_MAX_BYTES});
    assert_memory_equal(f.v[3].detail, bytes, DETAIL_MAX_BYTES); /* just as long as may be */
    assert_int_equal(strlen(f.v[3].detail), DETAIL_MAX_BYTES);
    /* What escaping made too long is cut between characters of two to four bytes. */
    static const struct {
        const char *character;
        size_t backslashes, want_len;
    } cuts[] = {{"\xc3\xa9", 2, 512}, {"\xe2\x82\xac", 2, 511}, {"\xf0\x9f\x93\xa7", 4, 512}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t len = strlen(cuts[i].character), at = cuts[i].backslashes;
        memset(bytes, '\\', at);
        for (; at + len <= DETAIL_MAX_BYTES; at += len)
            memcpy(bytes + at, cuts[i].character, len);
        findings_add(&f, FC_http_empty, cuts[i].character, (struct slice){bytes, at});
        const char *detail = f.v[f.n - 1].detail;
        assert_int_equal(strlen(detail), cuts[i].want_len);
        assert_string_equal(detail + cuts[i].want_len - len, cuts[i].character);
    }
    struct strbuf raw;
    strbuf_init(&raw, 4096);
    assert_int_equal(text_unescape(&raw, slice_of(f.v[2].detail)), ST_OK);
    strbuf_free(&raw);
    arena_free(&arena);
}

/* One noisy code does not crowd out the others. */
static void test_bounds(void **state)
{
    (void)state;
    struct arena arena;
    struct findings f;
    char target[32];
    arena_init(&arena, 1 << 22);
    findings_init(&f, &arena);
    for (int i = 0; i < 2 * FINDINGS_MAX; i++) {
        snprintf(target, sizeof target, "%d.example", i);
        findings_add(&f, FC_pol_mx_syntax, target, (struct slice){NULL, 0});
    }
    assert_int_equal(f.n, FINDINGS_PER_CODE_MAX);
    assert_int_equal(f.error, ST_LIMIT);
    findings_add(&f, FC_mx_unlisted_all, NULL, (struct slice){NULL, 0});
    assert_true(findings_has(&f, FC_mx_unlisted_all));
    arena_free(&arena);
    arena_init(&arena, 16);
    findings_init(&f, &arena);
    findings_add(&f, FC_pol_mx_syntax, NULL, (struct slice){NULL, 0});
    assert_int_equal(f.error, ST_NOMEM);
    assert_int_equal(f.n, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_table), cmocka_unit_test(test_names),
        cmocka_unit_test(test_set),          cmocka_unit_test(test_details),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
