/* Each pol_* row that body and domain decide: it appears when its condition holds and not in the
 * nearest case where it does not. */
#include "lib/policy.h"

#include "tests/unit/expect_codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

/* A policy without any finding, in parts. */
#define V "version: STSv1\r\n"
#define M "mode: enforce\r\n"
#define X "mx: mx.example.net\r\n"
#define A "max_age: 1209600\r\n"

static name_psl *psl;

static int load_psl(void **state)
{
    (void)state;
    return name_psl_load(NULL, &psl) == ST_OK ? 0 : -1;
}

static int free_psl(void **state)
{
    (void)state;
    name_psl_free(psl);
    return 0;
}

struct result {
    struct arena arena;
    struct findings f;
    struct policy policy;
};

static void run(struct result *r, struct slice body)
{
    const struct policy_context ctx = {.domain = "example.com", .psl = psl};
    arena_init(&r->arena, EVIDENCE_MAX_BYTES);
    findings_init(&r->f, &r->arena);
    assert_int_equal(policy_judge(body, &ctx, &r->f, &r->policy), ST_OK);
    assert_int_equal(r->f.error, ST_OK);
}

static void judge_bytes(struct slice body, bool valid, const char *codes)
{
    struct result r;
    run(&r, body);
    expect_codes(&r.f, body, codes);
    assert_int_equal(r.policy.valid, valid);
    arena_free(&r.arena);
}

static void judge(const char *body, bool valid, const char *codes)
{
    judge_bytes(slice_of(body), valid, codes);
}

static void test_good(void **state)
{
    (void)state;
    judge(V M X A, true, "");
    judge("mx: a.example.net\r\n" V M X "max_age: 31557600", true, "pol_version_not_first");
    judge("version:STSv1\r\nmode:\tenforce \r\nmx:  \t*.example.net \t\r\nmax_age:1209600", true,
          "");

    struct result r;
    run(&r, slice_of(V M "mx: MX.Example.NET\r\nmx: *.b_c.example\r\nmx: 192.0.2.1\r\n"
                         "mx: bad..name\r\n" A));
    assert_false(r.policy.valid);
    assert_int_equal(r.policy.mode, POLICY_ENFORCE);
    assert_int_equal(r.policy.max_age_s, 1209600);
    assert_int_equal(r.policy.n_mx, 3);
    assert_string_equal(r.policy.mx[0], "mx.example.net");
    assert_string_equal(r.policy.mx[1], "*.b_c.example");
    assert_string_equal(r.policy.mx[2], "192.0.2.1");
    assert_int_equal(r.policy.n_mx_raw, 4);
    assert_string_equal(r.policy.mx_raw[0], "MX.Example.NET");
    assert_string_equal(r.policy.mx_raw[3], "bad..name");
    arena_free(&r.arena);
}

static void test_version(void **state)
{
    (void)state;
    judge(M X A, false, "pol_version_missing");
    judge("version: STSv2\r\n" M X A, false, "pol_version_bad");
    judge("version: stsv1\r\n" M X A, false, "pol_version_bad");
    judge("version: STSv1;\r\n" M X A, false, "pol_version_bad");
    judge("version:\r\n" M X A, false, "pol_version_bad");
    judge(M V X A, true, "pol_version_not_first");
    judge("\r\n" V M X A, true, "pol_version_not_first pol_blank_line");
}

static void test_mode(void **state)
{
    (void)state;
    judge(V X A, false, "pol_mode_missing");
    judge(V "mode: live\r\n" X A, false, "pol_mode_bad");
    judge(V "mode: Enforce\r\n" X A, false, "pol_mode_bad");
    judge(V "mode:\r\n" X A, false, "pol_mode_bad");
    judge(V "mode: report\r\n" X A, false, "pol_mode_report");
    judge(V "mode: testing\r\n" X A, true, "pol_mode_testing");
    judge(V "mode: none\r\n" X A, true, "pol_mode_none");
    judge(V "mode: none\r\n" A, true, "pol_mode_none pol_mx_missing_none_ok");
    judge(V M A, false, "pol_mx_missing");
    judge(V "mode: testing\r\n" A, false, "pol_mode_testing pol_mx_missing");
    judge(V "mode: live\r\n" A, false, "pol_mode_bad");
}

static void test_max_age(void **state)
{
    (void)state;
    judge(V M X, false, "pol_max_age_missing");
    static const char *const invalid[] = {"",    "-1",  "+1",          "1.0",        "1,209,600",
                                          "14d", "1 0", "00001209600", "1209600 s1", "0x10"};
    for (size_t i = 0; i < N(invalid); i++) {
        char body[128] = V M X "max_age: ";
        size_t at = strlen(body);
        memcpy(body + at, invalid[i], strlen(invalid[i]) + 1);
        judge(body, false, "pol_max_age_invalid");
    }
    judge(V M X "max_age: 31557600\r\n", true, "");
    judge(V M X "max_age: 31557601\r\n", false, "pol_max_age_over");
    judge(V M X "max_age: 9999999999\r\n", false, "pol_max_age_over");
    judge(V M X "max_age: 0\r\n", true, "pol_max_age_zero");
    judge(V M X "max_age: 1\r\n", true, "pol_max_age_short");
    judge(V M X "max_age: 86399\r\n", true, "pol_max_age_short");
    judge(V M X "max_age: 86400\r\n", true, "pol_max_age_weak");
    judge(V M X "max_age: 1209599\r\n", true, "pol_max_age_weak");
    judge(V M X "max_age: 0001209600\r\n", true, "");
    judge(V "mode: testing\r\n" X "max_age: 86400\r\n", true, "pol_mode_testing");
    judge(V "mode: none\r\n" X "max_age: 86399\r\n", true, "pol_mode_none pol_max_age_short");
}

struct mx_case {
    const char *value;
    bool valid;
    const char *codes;
};

static void test_mx(void **state)
{
    (void)state;
    static const struct mx_case cases[] = {
        {"mx.example.net", true, ""},
        {"*.example.net", true, ""},
        {"MX-1.EXAMPLE.net", true, ""},
        {"xn--bcher-kva.example", true, ""},
        {"", false, "pol_mx_empty"},
        {"postmaster@example.net", false, "pol_mx_email"},
        {"https://mx.example.net", false, "pol_mx_url pol_value_colon"},
        {"mx.example.net/", false, "pol_mx_url"},
        {"mx.example.net:25", false, "pol_mx_url pol_value_colon"},
        {"10 mx.example.net", false, "pol_mx_priority"},
        {"10 mx.example.net, 20 mx2.example.net", false, "pol_mx_priority"},
        {"10mx.example.net", true, ""},
        {"a.example.net, b.example.net", false, "pol_mx_list"},
        {"a.example.net b.example.net", false, "pol_mx_list"},
        {"a.example.net;b.example.net", false, "pol_mx_list"},
        {"a.example.net,", false, "pol_mx_syntax"},
        {"a.example.net;", false, "pol_mx_syntax"},
        {"mx.example.net.", false, "pol_mx_trailing_dot"},
        {"*.example.net.", false, "pol_mx_trailing_dot"},
        {"192.0.2.1", true, "pol_mx_ip"},
        {"192.0.2.1.example.net", true, ""},
        {"2001:db8::1", false, "pol_mx_ip6 pol_value_colon"},
        {"IPv6:2001:db8::1", false, "pol_mx_ip6 pol_value_colon"},
        {"[2001:db8::1]", false, "pol_mx_ip6 pol_value_colon"},
        {"[192.0.2.1]", false, "pol_mx_ip6"},
        {".example.net", false, "pol_mx_leading_dot"},
        {".", false, "pol_mx_trailing_dot"},
        {"*", false, "pol_mx_wildcard_bad"},
        {"*.", false, "pol_mx_wildcard_bad"},
        {"*example.net", false, "pol_mx_wildcard_bad"},
        {"mx.*.net", false, "pol_mx_wildcard_bad"},
        {"*.*.net", false, "pol_mx_wildcard_bad"},
        {"m\xc3\xb8x.example.net", false, "pol_mx_ulabel"},
        {"mx_1.example.net", true, "pol_mx_underscore"},
        {"*.a_b.example.net", true, "pol_mx_underscore"},
        {"mx_1..example.net", false, "pol_mx_syntax"},
        {"mx..example.net", false, "pol_mx_syntax"},
        {"-mx.example.net", false, "pol_mx_syntax"},
        {"mx-.example.net", false, "pol_mx_syntax"},
        {"mx.example.net # primary", false, "pol_mx_syntax"},
        {"<mx.example.net>", false, "pol_mx_syntax"},
        {"mx!.example.net", false, "pol_mx_syntax"},
        {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01.example", false,
         "pol_mx_syntax"},
        {"localhost", true, "pol_mx_single_label"},
        {"*.net", true, "pol_mx_public_suffix"},
        {"*.co.uk", true, "pol_mx_public_suffix"},
        {"*.example.co.uk", true, ""},
        {"*.example.com", true, "pol_mx_wildcard_own"},
        {"*.mail.example.com", true, ""},
        {"mta-sts.example.com", true, "pol_mx_policy_host"},
        {"_mta-sts.example.com", true, "pol_mx_underscore pol_mx_policy_host"},
        {"mta-sts.example.net", true, ""},
    };
    for (size_t i = 0; i < N(cases); i++) {
        char body[256] = V M "mx: ";
        size_t at = strlen(body), len = strlen(cases[i].value);
        memcpy(body + at, cases[i].value, len);
        memcpy(body + at + len, "\r\n" A, sizeof("\r\n" A));
        judge(body, cases[i].valid, cases[i].codes);
    }
    judge(V M "mx: a..b\r\nmx: c@d\r\n" X A, false, "pol_mx_email pol_mx_syntax");
}

static void test_keys(void **state)
{
    (void)state;
    judge(V M X A "modes: enforce\r\n", true, "pol_key_typo");
    judge(V "mdoe: enforce\r\n" X A, false, "pol_mode_missing pol_key_typo");
    judge("verson: STSv1\r\n" M X A, false, "pol_version_missing pol_key_typo");
    judge("vrson: STSv1\r\n" M X A, false, "pol_version_missing pol_key_typo");
    judge("vrsn: STSv1\r\n" M X A, false, "pol_version_missing pol_key_unknown");
    judge(V M X "max_aeg: 1209600\r\n", false, "pol_max_age_missing pol_key_typo");
    judge(V M X "maxage: 1209600\r\n", false, "pol_max_age_missing pol_key_typo");
    judge(V M X "max-age: 1209600\r\n", false, "pol_max_age_missing pol_key_typo");
    judge(V M "mxs: mx.example.net\r\n" A, false, "pol_mx_missing pol_key_typo");
    judge(V M X A "my: x\r\n", true, "pol_key_unknown"); /* distance 1 of mx means nothing */
    judge(V M X A "node_: x\r\n", true, "pol_key_unknown");
    judge(V "Mode: enforce\r\n" X A, false, "pol_mode_missing pol_key_case");
    judge(V M "MX: mx.example.net\r\n" A, false, "pol_mx_missing pol_key_case");
    judge(V M X A "comment: hello\r\n", true, "pol_key_unknown");
    judge(V M X A "comment: h\xc3\xa9llo\r\n", true, "pol_key_unknown");
    judge(V M X A "comment: hello\r\ncomment: there\r\n", true, "pol_key_unknown pol_key_dup");
    judge(V M X A X, true, "");
    judge(V M X A M, true, "pol_key_dup");
    judge(V M X A "mode: bogus\r\n", true, "pol_key_dup");
    judge(V "mode: bogus\r\n" M X A, false, "pol_mode_bad pol_key_dup");
    judge(V M X A "max_age: x\r\nversion: 2\r\n", true, "pol_key_dup pol_key_dup");
}

static void test_lines(void **state)
{
    (void)state;
    judge(V M X A "hello\r\n", true, "pol_line_malformed");
    judge(V "mode enforce\r\n" X A, false, "pol_mode_missing pol_line_malformed");
    judge(V " mode: enforce\r\n" X A, true, "pol_line_malformed");
    judge(V "mode : enforce\r\n" X A, true, "pol_line_malformed");
    judge(V M X A "_x: 1\r\n", true, "pol_line_malformed");
    judge(V M X A ": 1\r\n", true, "pol_line_malformed");
    judge(V M X A "url: https://x\r\n", true, "pol_key_unknown pol_value_colon");
    judge(V M "\r\n" X A, true, "pol_blank_line");
    judge(V M X A "\r\n", true, "pol_blank_line");
    judge(V M X A " \t\r\n", true, "pol_blank_line");
    judge(V M X A "# comment\r\n", true, "pol_comment");
    judge(V M X A "  // see: x\r\n", true, "pol_comment");
    judge(V M X A "/ x\r\n", true, "pol_line_malformed");
}

#define LS "\xe2\x80\xa8" /* U+2028 */

static void test_line_ends(void **state)
{
    (void)state;
    judge("version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 1209600", true,
          "pol_eol_lf");
    judge("version: STSv1\nmode: enforce\n" X A, true, "pol_eol_cr");
    judge("version: STSv1\rmode: enforce\rmx: mx.example.net\rmax_age: 1209600\r", false,
          "pol_version_bad pol_mode_missing pol_max_age_missing pol_value_colon pol_eol_cr");
    judge(V M X "max_age: 1209600\r", false, "pol_max_age_invalid pol_eol_cr");
    judge(V M X A "x: a\rb\r\n", true, "pol_key_unknown pol_eol_cr");
    judge(V M X A "x: a\xe2\x80\xa8 b\r\n", true, "pol_key_unknown pol_eol_cr");
    judge(V M X A "x: a\xe2\x80\xa9 b\r\n", true, "pol_key_unknown");
    judge("version: STSv1" LS "mode: enforce" LS "mx: mx.example.net" LS "max_age: 1209600", false,
          "pol_version_bad pol_mode_missing pol_max_age_missing pol_value_colon pol_eol_cr");
}

static void test_bytes(void **state)
{
    (void)state;
    judge("version: STSv1\\nmode: enforce\\nmx: mx.example.net\\nmax_age: 1209600", false,
          "pol_literal_escape");
    judge("version: STSv1\\r\\n\r\n" M X A, false, "pol_literal_escape");
    judge(V M X A "path: C:\\new\r\n", true, "pol_key_unknown pol_value_colon");
    judge("version: STSv1 mode: enforce mx: mx.example.net max_age: 1209600\r\n", false,
          "pol_literal_escape");
    judge("version: STSv1mode: enforcemx: mx.example.netmax_age: 1209600", false,
          "pol_literal_escape");
    judge(V "mode: enforce mx: mx.example.net\r\n" A, false, "pol_mode_bad pol_value_colon");
    /* What a comment or an extension says is ignored, the four keys too. */
    judge(V M X A "# version: mode: mx: max_age:\r\n", true, "pol_comment");
    judge(V M X A " // version: mode: mx: max_age:\r\n", true, "pol_comment");
    judge(V M X A "note: version: mode: mx: max_age:\r\n", true, "pol_key_unknown pol_value_colon");
    judge("\xef\xbb\xbf" V M X A, false, "pol_bom");
    judge_bytes(SLICE_LIT("\xff\xfev\0e\0r\0"), false, "pol_bom");
    judge(V "mode: enforce\xc2\xa0\r\n" X A, false, "pol_mode_bad pol_non_ascii");
    judge(V "\xc2\xa0mode: enforce\r\n" X A, false,
          "pol_mode_missing pol_line_malformed pol_non_ascii");
    judge(V M X A "# \xc3\xa9\r\n", true, "pol_non_ascii pol_comment");
    judge("version: \"STSv1\"\r\n" M X A, false, "pol_quoted");
    judge(V "mode: 'enforce'\r\n" X A, false, "pol_quoted");
    judge(V M "mx: \"mx.example.net\"\r\n" A, false, "pol_quoted");
    judge(V M "\"max_age: 1209600\"\r\n" X, false, "pol_quoted");
    judge("{\n\"version\": \"STSv1\",\n\"mode\": \"live\",\n\"mx\": \"mx.example.net\",\n"
          "\"max_age\": 1209600\n}\n",
          false,
          "pol_version_not_first pol_mode_bad pol_line_malformed pol_eol_lf pol_quoted pol_quoted "
          "pol_quoted pol_quoted");
    judge(V M X A "note: \"quoted\"\r\n", true, "pol_key_unknown");
}

static void test_nothing(void **state)
{
    (void)state;
    judge("", false, "pol_version_missing pol_mode_missing pol_max_age_missing");
    judge("garbage", false,
          "pol_version_missing pol_mode_missing pol_max_age_missing pol_line_malformed");
}

static void test_kinds_of_body(void **state)
{
    (void)state;
    assert_true(policy_body_is_html(SLICE_LIT("<!DOCTYPE html>")));
    assert_true(policy_body_is_html(SLICE_LIT("\xef\xbb\xbf\r\n <html>")));
    assert_true(policy_body_is_html(SLICE_LIT("<?xml version=\"1.0\"?>")));
    assert_true(policy_body_is_html(SLICE_LIT("<!-- x -->")));
    assert_false(policy_body_is_html(SLICE_LIT("version: STSv1\n<html>")));
    assert_false(policy_body_is_html(SLICE_LIT("<")));
    assert_false(policy_body_is_html(SLICE_LIT("< version")));
    assert_true(policy_body_resembles(SLICE_LIT("version: STSv1\nmode: none\n")));
    assert_true(policy_body_resembles(SLICE_LIT("{\"version\": \"STSv1\", \"mode\": \"report\"}")));
    assert_false(policy_body_resembles(SLICE_LIT("<p>version: STSv1</p>")));
    assert_false(policy_body_resembles(SLICE_LIT("{\"version\": 1, \"error\": \"no such list\"}")));
    assert_true(policy_body_has_field(SLICE_LIT("x\n\"Mode\": x")));
    assert_true(policy_body_has_field(SLICE_LIT(" mx :")));
    assert_false(policy_body_has_field(SLICE_LIT("mode\nnot mode: x\n")));
    assert_true(policy_body_is_blank(SLICE_LIT("")));
    assert_true(policy_body_is_blank(SLICE_LIT(" \t\r\n\v\f")));
    assert_false(policy_body_is_blank(SLICE_LIT(" \r\nx")));
}

static void test_next_line(void **state)
{
    (void)state;
    struct slice body = SLICE_LIT("a : b:c \r\nno\n\n x");
    struct policy_line line;
    size_t pos = 0;
    assert_true(policy_next_line(body, &pos, &line));
    assert_true(slice_eq(line.raw, SLICE_LIT("a : b:c ")));
    assert_true(slice_eq(line.key, SLICE_LIT("a")) && slice_eq(line.value, SLICE_LIT("b:c")));
    assert_true(line.has_colon && line.crlf && !line.lf);
    assert_true(policy_next_line(body, &pos, &line));
    assert_true(!line.has_colon && line.lf && !line.crlf && line.key.len == 0);
    assert_true(policy_next_line(body, &pos, &line));
    assert_int_equal(line.raw.len, 0);
    assert_true(policy_next_line(body, &pos, &line));
    assert_true(!line.lf && !line.crlf);
    assert_false(policy_next_line(body, &pos, &line));
}

static void flood(const char *head, const char *tail, bool patterns)
{
    struct strbuf body;
    struct result r;
    size_t lines = 0;
    strbuf_init(&body, POLICY_BODY_MAX_BYTES);
    for (; body.len < POLICY_BODY_MAX_BYTES - 64; lines++)
        strbuf_printf(&body, "%s%zu%s", head, lines, tail);
    run(&r, (struct slice){body.p, body.len});
    assert_false(r.policy.valid);
    assert_true(findings_has(&r.f, FC_pol_version_missing));
    assert_in_range(r.f.n, 4, 60);
    assert_int_equal(r.policy.n_mx, patterns ? lines : 0);
    arena_free(&r.arena);
    strbuf_free(&body);
}

/* 64 KiB of whatever: a bounded number of findings, all patterns kept, no error. */
static void test_floods(void **state)
{
    (void)state;
    flood("x", ": 1\n", false);
    flood("mode", ": 1\n", false);
    flood("mx: a..", "\n", false);
    flood("mx: m", ".example.net\n", true);
    flood("mx:", "\n", true);
    flood("", "\n", false);
    flood("\r", "\r\n", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_max_age),
        cmocka_unit_test(test_mx),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_kinds_of_body),
        cmocka_unit_test(test_next_line),
        cmocka_unit_test(test_floods),
    };
    return cmocka_run_group_tests(tests, load_psl, free_psl);
}
