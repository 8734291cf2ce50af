/* Each sts_* row that the TXT bytes decide: it appears when its condition holds and not in the
 * nearest case where it does not. */
#include "lib/record.h"

#include "tests/unit/expect_codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

static struct txt_rr rr(struct slice text)
{
    return (struct txt_rr){.p = text.p, .len = text.len, .strings = 1};
}

static void judge_set(const struct txt_rr *rrs, size_t n, enum record_state state, const char *id,
                      const char *codes)
{
    struct arena arena;
    struct findings f;
    struct sts_record out;
    arena_init(&arena, 1 << 20);
    findings_init(&f, &arena);
    assert_int_equal(record_judge(rrs, n, &f, &out), ST_OK);
    expect_codes(&f, n > 0 ? (struct slice){rrs[0].p, rrs[0].len} : slice_of("(none)"), codes);
    assert_int_equal(out.state, state);
    if (id == NULL)
        assert_null(out.id);
    else
        assert_string_equal(out.id, id);
    arena_free(&arena);
}

struct row {
    struct slice text;
    const char *id;
    const char *codes;
};

static void judge_rows(const struct row *rows, size_t n, enum record_state state)
{
    for (size_t i = 0; i < n; i++) {
        struct txt_rr one = rr(rows[i].text);
        judge_set(&one, 1, state, rows[i].id, rows[i].codes);
    }
}

static void test_valid(void **state)
{
    (void)state;
    const struct row rows[] = {
        {SLICE_LIT("v=STSv1; id=20240101T0000;"), "20240101T0000", ""},
        {SLICE_LIT("v=STSv1;id=a"), "a", ""},
        {SLICE_LIT("v=STSv1; \t id=a  \t; \t"), "a", ""},
        {SLICE_LIT("v=STSv1; id=abcdefghijklmnopqrstuvwxyz012345"),
         "abcdefghijklmnopqrstuvwxyz012345", ""},
        {SLICE_LIT("v=STSv1; x=1; id=a"), "a", "sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; id=a; abcdefghijklmnopqrstuvwxyz01234_=!\"~"), "a", "sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; id=a; x=1; y=2"), "a", "sts_ext_unknown sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; id=a; id=b"), "a", "sts_dup_field"},
        {SLICE_LIT("v=STSv1; id=a; id=b-c"), "a", "sts_dup_field"},
        {SLICE_LIT("v=STSv1; v=STSv1; id=a"), "a", "sts_dup_field"},
        {SLICE_LIT("v=STSv1; id=a; x=1; x=2"), "a", "sts_dup_field sts_ext_unknown"},
        {SLICE_LIT("v=STSv1 ; id=a"), "a", "sts_version_ws"},
        {SLICE_LIT("v=STSv1\t;id=a"), "a", "sts_version_ws"},
        {SLICE_LIT("v=STSv1; id=a; mode=enforce; mx=*.example.com"), "a",
         "sts_policy_in_txt sts_policy_in_txt"},
        {SLICE_LIT("v=STSv1; id=a; model=x"), "a", "sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; id=a; ID=b"), "a", "sts_ext_unknown"},
    };
    judge_rows(rows, N(rows), RECORD_VALID);
}

static void test_version(void **state)
{
    (void)state;
    const struct row rows[] = {
        {SLICE_LIT("v=stsv1; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("V=STSv1; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STSv0; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STSv2; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STSv10; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STS1; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STSv1: id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("v=STSv1, id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT(" v=STSv1; id=a"), NULL, "sts_version_bad"},
        {SLICE_LIT("id=a; v=STSv1"), NULL, "sts_version_not_first"},
        {SLICE_LIT("id=a; v=STSv1;"), NULL, "sts_version_not_first"},
        {SLICE_LIT("id=a; v=STSv2"), NULL, "sts_version_bad"},
        {SLICE_LIT("id=a; xv=STSv1"), NULL, "sts_version_bad"},
    };
    judge_rows(rows, N(rows), RECORD_INVALID);
}

static void test_id(void **state)
{
    (void)state;
    const struct row rows[] = {
        {SLICE_LIT("v=STSv1"), NULL, "sts_id_missing"},
        {SLICE_LIT("v=STSv1;"), NULL, "sts_id_missing"},
        {SLICE_LIT("v=STSv1; "), NULL, "sts_id_missing"},
        {SLICE_LIT("v=STSv1; x=1"), NULL, "sts_id_missing sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; ID=1"), NULL, "sts_id_missing sts_ext_unknown"},
        {SLICE_LIT("v=STSv1; id =1"), NULL, "sts_id_missing sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id="), NULL, "sts_id_length"},
        {SLICE_LIT("v=STSv1; id=a; id="), "a", "sts_id_length sts_dup_field"},
        {SLICE_LIT("v=STSv1; id=abcdefghijklmnopqrstuvwxyz0123456"),
         "abcdefghijklmnopqrstuvwxyz0123456", "sts_id_length"},
        {SLICE_LIT("v=STSv1; id=a-b"), "a-b", "sts_id_chars"},
        {SLICE_LIT("v=STSv1; id=a-b; id=c"), "a-b", "sts_id_chars sts_dup_field"},
        {SLICE_LIT("v=STSv1; id=a b"), "a b", "sts_id_chars"},
        {SLICE_LIT("v=STSv1; id= a"), " a", "sts_id_chars"},
        {SLICE_LIT("v=STSv1; id=a "), "a ", "sts_id_chars"}, /* no ";": the space is the id's */
        {SLICE_LIT("v=STSv1; id=2024-01-01T00:00:00.000000000Z"), "2024-01-01T00:00:00.000000000Z",
         "sts_id_chars"},
        {SLICE_LIT("v=STSv1; id=2024-01-01T00:00:00.000000000+0000"),
         "2024-01-01T00:00:00.000000000+0000", "sts_id_chars sts_id_length"},
    };
    judge_rows(rows, N(rows), RECORD_INVALID);
}

static void test_syntax(void **state)
{
    (void)state;
    const struct row rows[] = {
        {SLICE_LIT("v=STSv1;; id=a"), "a", "sts_syntax_other"},
        {SLICE_LIT("v=STSv1; id=a;;"), "a", "sts_syntax_other"},
        {SLICE_LIT("v=STSv1; id=a; ;"), "a", "sts_syntax_other"},
        {SLICE_LIT("v=STSv1 id=a"), NULL, "sts_syntax_other"},
        {SLICE_LIT("v=STSv1 id=a;"), NULL, "sts_syntax_other"},
        {SLICE_LIT("v=STSv1; id=a; token"), "a", "sts_syntax_other"},
        {SLICE_LIT("v=STSv1; id=a; mode: enforce"), "a", "sts_policy_in_txt sts_syntax_other"},
        {SLICE_LIT("v=STSv1; id=a; x="), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; x=a=b"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; x=a b"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; x=\x01"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; _x=1"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; x\0=1"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; =1"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; abcdefghijklmnopqrstuvwxyz0123456=1"), "a", "sts_ext_invalid"},
        {SLICE_LIT("v=STSv1; id=a; mx=a, b"), "a", "sts_ext_invalid sts_policy_in_txt"},
        {SLICE_LIT("v=STSv1; id=a; mode="), "a", "sts_ext_invalid sts_policy_in_txt"},
    };
    judge_rows(rows, N(rows), RECORD_INVALID);
}

static void test_bytes_that_do_not_belong(void **state)
{
    (void)state;
    const struct row rows[] = {
        {SLICE_LIT("v=STSv1; id=a\xc2\xa0"), "a", "sts_non_ascii"},
        {SLICE_LIT("v=STSv1;\xc2\xa0id=a"), "a", "sts_non_ascii"},
        {SLICE_LIT("v=STSv1; id=a\x7f"), "a", "sts_non_ascii"},
        {SLICE_LIT("\xe2\x80\x9cv=STSv1; id=a;\xe2\x80\x9d"), "a", "sts_non_ascii"},
        {SLICE_LIT("v=STSv1; id=a; x=\xff"), "a", "sts_ext_invalid sts_non_ascii"},
        {SLICE_LIT("v=stsv1; id=\xff"), NULL, "sts_version_bad sts_non_ascii"},
        {SLICE_LIT("\"v=STSv1; id=a;\""), "a", "sts_literal_quotes"},
        {SLICE_LIT("v=STSv1; id=a\""), "a", "sts_literal_quotes"},
        {SLICE_LIT("v=STSv1; id=\"a\""), "\"a", "sts_literal_quotes"},
        {SLICE_LIT("v=STSv1; id=\"a\";"), "\"a\"", "sts_literal_quotes"},
        {SLICE_LIT("v=STSv1\\; id=a\\;"), "a", "sts_literal_quotes"},
        {SLICE_LIT("\\\"v=STSv1; id=a\\\""), "a", "sts_literal_quotes"},
        {SLICE_LIT("v=STSv1; id=a\\b"), "a\\\\b", "sts_id_chars"},
    };
    judge_rows(rows, N(rows), RECORD_INVALID);
}

static void test_sets(void **state)
{
    (void)state;
    const struct txt_rr good = rr(SLICE_LIT("v=STSv1; id=a"));
    const struct txt_rr other = rr(SLICE_LIT("v=STSv1; id=b"));
    const struct txt_rr spaced = rr(SLICE_LIT("v=STSv1 ; id=c"));
    const struct txt_rr spf = rr(SLICE_LIT("v=spf1 -all"));
    const struct txt_rr lower = rr(SLICE_LIT("v=stsv1; id=d"));
    const struct txt_rr faulty = rr(SLICE_LIT("v=STSv1; id=a-b"));

    judge_set(NULL, 0, RECORD_NOTHING, NULL, "");
    judge_set(&spf, 1, RECORD_NOTHING, NULL, "sts_only_foreign_txt");
    judge_set((struct txt_rr[]){spf, good}, 2, RECORD_VALID, "a", "sts_foreign_txt");
    judge_set((struct txt_rr[]){lower, good}, 2, RECORD_VALID, "a", "sts_foreign_txt");
    judge_set((struct txt_rr[]){good, other}, 2, RECORD_INVALID, "a", "sts_multiple");
    judge_set((struct txt_rr[]){good, good}, 2, RECORD_INVALID, "a", "sts_multiple");
    judge_set((struct txt_rr[]){faulty, good, spf}, 3, RECORD_INVALID, "a-b", "sts_multiple");
    judge_set((struct txt_rr[]){rr(SLICE_LIT("v=STSv1; id=\xff")), good}, 2, RECORD_INVALID,
              "\\xff", "sts_multiple");
    judge_set((struct txt_rr[]){spaced, good}, 2, RECORD_VALID, "a", "sts_foreign_txt");
    judge_set((struct txt_rr[]){spf, spaced}, 2, RECORD_VALID, "c",
              "sts_foreign_txt sts_version_ws");
    judge_set((struct txt_rr[]){spaced, spaced}, 2, RECORD_INVALID, "c", "sts_multiple");
    judge_set((struct txt_rr[]){faulty, spf}, 2, RECORD_INVALID, "a-b", "sts_id_chars");
    judge_set((struct txt_rr[]){faulty, lower}, 2, RECORD_INVALID, "a-b",
              "sts_version_bad sts_id_chars");
    judge_set((struct txt_rr[]){spf, lower}, 2, RECORD_INVALID, NULL, "sts_version_bad");
}

static void test_strings(void **state)
{
    (void)state;
    struct txt_rr split = rr(SLICE_LIT("v=STSv1; id=a"));
    struct txt_rr spf = rr(SLICE_LIT("v=spf1 -all"));
    split.strings = 2;
    spf.strings = 2;
    judge_set(&split, 1, RECORD_VALID, "a", "sts_multi_string");
    split.strings = 1;
    judge_set((struct txt_rr[]){split, spf}, 2, RECORD_VALID, "a", "sts_foreign_txt");
}

static void test_sts_like(void **state)
{
    (void)state;
    assert_true(record_is_sts_like(SLICE_LIT("xV=StS")));
    assert_false(record_is_sts_like(SLICE_LIT("v= sts")));
    assert_false(record_is_sts_like(SLICE_LIT("v=spf1")));
}

/* A record of a thousand strange fields adds a few findings and never fails. */
static void test_flood(void **state)
{
    (void)state;
    struct strbuf text;
    strbuf_init(&text, TXT_RR_MAX_BYTES);
    strbuf_adds(&text, "v=STSv1");
    while (text.len < TXT_RR_MAX_BYTES - 16)
        strbuf_printf(&text, ";%zu=", text.len);
    struct txt_rr one = rr((struct slice){text.p, text.len});

    struct arena arena;
    struct findings f;
    struct sts_record out;
    arena_init(&arena, 1 << 20);
    findings_init(&f, &arena);
    assert_int_equal(record_judge(&one, 1, &f, &out), ST_OK);
    assert_int_equal(out.state, RECORD_INVALID);
    assert_int_equal(f.error, ST_OK);
    assert_true(findings_has(&f, FC_sts_id_missing));
    assert_in_range(f.n, 2, 40);
    arena_free(&arena);
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_bytes_that_do_not_belong),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_sts_like),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
