/* Units of lib/name.c and lib/text.c. */
#include "lib/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* 63 bytes. */
#define LABEL63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static void expect_name(const char *in, const char *want)
{
    char out[NAME_MAX_BYTES + 1];
    const char *reason;
    assert_int_equal(name_normalize(slice_of(in), out, &reason), ST_OK);
    assert_string_equal(out, want);
    assert_null(reason);
}

static void expect_reason(struct slice in, const char *want)
{
    char out[NAME_MAX_BYTES + 1];
    const char *reason;
    assert_int_equal(name_normalize(in, out, &reason), ST_INVALID);
    assert_string_equal(reason, want);
}

static void test_normalize_ascii(void **state)
{
    (void)state;
    expect_name("example.com", "example.com");
    expect_name(" \tExample.COM.\r\n", "example.com");
    expect_name("_dmarc.foo_bar.example", "_dmarc.foo_bar.example");
    expect_name("r3---sn-x.example", "r3---sn-x.example");
    expect_name("xn--ls8h.la", "xn--ls8h.la");
}

/* Which texts of the characters of names are names, told by other means; not all of digits. */
static bool is_name(const char *text)
{
    size_t dots = 0;
    const char *label = text;
    for (;;) {
        size_t n = strcspn(label, ".");
        if (n == 0 || n > 63)
            return false;
        label += n;
        if (*label == '\0' || (label[1] == '\0' && *label == '.'))
            return dots > 0;
        dots++;
        label++;
    }
}

static void test_normalize_plain(void **state)
{
    (void)state;
    static const char chars[] = "aZ09-_..bYm";
    char text[32], out[NAME_MAX_BYTES + 1];
    const char *reason;
    uint32_t seed = 1;
    for (int round = 0; round < 200000; round++) {
        size_t len = (size_t)(seed >> 28);
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = chars[(seed >> 16) % (sizeof chars - 1)];
        }
        text[len] = '\0';
        seed = seed * 1664525u + 1013904223u;
        enum status st = name_normalize(slice_of(text), out, &reason);
        if ((st == ST_OK) != is_name(text) && strspn(text, "0123456789.") < len)
            fail_msg("%s: %d", text, (int)st);
        if (st != ST_OK)
            continue;
        for (size_t i = 0; out[i] != '\0'; i++) {
            char want = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
            assert_int_equal(out[i], want);
        }
        assert_true(strlen(out) + 1 >= len);
    }
    expect_reason(SLICE_LIT("192.0.2.1"), "ip_address");
    expect_name("192.0.2.com", "192.0.2.com");
    expect_name("192.0.2", "192.0.2");
    expect_name("1.2.3.4.5", "1.2.3.4.5");
    expect_name("a.b.", "a.b");
    expect_reason(SLICE_LIT("a."), "single_label");
}

static void test_normalize_lengths(void **state)
{
    (void)state;
    expect_name(LABEL63 ".example", LABEL63 ".example");
    expect_reason(SLICE_LIT(LABEL63 "x.example"), "label_too_long");
    /* 3 * 64 + 61 = 253 */
    static const char longest[] =
        LABEL63 "." LABEL63 "." LABEL63 "."
                "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy";
    assert_int_equal(sizeof longest - 1, NAME_MAX_BYTES);
    expect_name(longest, longest);
    expect_reason(SLICE_LIT(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63), "too_long");
}

static void test_normalize_unicode(void **state)
{
    (void)state;
    expect_name("B\xc3\xbc"
                "cher.de",
                "xn--bcher-kva.de");
    expect_name("fa\xc3\x9f.de", "xn--fa-hia.de");
    expect_name("a_b.b\xc3\xbc"
                "cher.de",
                "a_b.xn--bcher-kva.de");
    expect_name("r3---x.b\xc3\xbc"
                "cher.de",
                "r3---x.xn--bcher-kva.de");
    expect_name("example\xe3\x80\x82"
                "com",
                "example.com");
    expect_reason(SLICE_LIT("\xe2\x98\x83\xcc\x81.\xd7\x90"
                            "a"),
                  "idna");
    expect_reason(SLICE_LIT("b\xfc"
                            "cher.de"),
                  "not_utf8");
}

static void test_normalize_rejects(void **state)
{
    (void)state;
    expect_reason(SLICE_LIT(""), "empty");
    expect_reason(SLICE_LIT(" \n"), "empty");
    expect_reason(SLICE_LIT("."), "empty");
    expect_reason(SLICE_LIT("localhost"), "single_label");
    expect_reason(SLICE_LIT("com."), "single_label");
    expect_reason(SLICE_LIT("a..b"), "empty_label");
    expect_reason(SLICE_LIT(".example.com"), "empty_label");
    expect_reason(SLICE_LIT("example.com.."), "empty_label");
    expect_reason(SLICE_LIT("exa mple.com"), "bad_character");
    expect_reason(SLICE_LIT("user@example.com"), "bad_character");
    expect_reason(SLICE_LIT("https://example.com/"), "bad_character");
    expect_reason(SLICE_LIT("a\0b.com"), "bad_character");
    expect_reason(SLICE_LIT("192.0.2.1"), "ip_address");
    expect_reason(SLICE_LIT("2001:db8::1"), "ip_address");
    expect_reason(SLICE_LIT("[2001:db8::1]"), "ip_address");
    expect_reason(SLICE_LIT("192.0.2\xef\xbd\xa1"
                            "1"),
                  "ip_address"); /* by a full stop of IDNA */
}

static void test_ldh(void **state)
{
    (void)state;
    assert_true(name_is_ldh(SLICE_LIT("mx-1.Example.com")));
    assert_true(name_is_ldh(SLICE_LIT("localhost")));
    assert_true(name_is_ldh(SLICE_LIT("1.2.3.4")));
    assert_false(name_is_ldh(SLICE_LIT("")));
    assert_false(name_is_ldh(SLICE_LIT("a_b.com")));
    assert_false(name_is_ldh(SLICE_LIT("-a.com")));
    assert_false(name_is_ldh(SLICE_LIT("a-.com")));
    assert_false(name_is_ldh(SLICE_LIT("a.com.")));
    assert_false(name_is_ldh(SLICE_LIT("a..com")));
    assert_false(name_is_ldh(SLICE_LIT(LABEL63 "x.com")));
}

static void test_parts(void **state)
{
    (void)state;
    assert_int_equal(name_labels(SLICE_LIT("")), 0);
    assert_int_equal(name_labels(SLICE_LIT("a.b.c")), 3);
    assert_true(slice_eq(name_parent(SLICE_LIT("a.b.c")), SLICE_LIT("b.c")));
    assert_int_equal(name_parent(SLICE_LIT("c")).len, 0);
    assert_true(name_under(SLICE_LIT("MX.Outlook.com"), SLICE_LIT("outlook.COM")));
    assert_true(name_under(SLICE_LIT("outlook.com"), SLICE_LIT("outlook.com")));
    assert_false(name_under(SLICE_LIT("notoutlook.com"), SLICE_LIT("outlook.com")));
    assert_false(name_under(SLICE_LIT("com"), SLICE_LIT("outlook.com")));
    assert_false(name_under(SLICE_LIT("com"), SLICE_LIT("")));
}

static void test_public_suffix(void **state)
{
    (void)state;
    name_psl *psl;
    assert_int_equal(name_psl_load(NULL, &psl), ST_OK);
    assert_true(slice_eq(name_registrable(psl, "a.b.example.co.uk"), SLICE_LIT("example.co.uk")));
    assert_int_equal(name_registrable(psl, "co.uk").len, 0);
    assert_true(name_is_public_suffix(psl, "co.uk"));
    assert_true(name_is_public_suffix(psl, "com"));
    assert_false(name_is_public_suffix(psl, "example.com"));
    assert_false(name_is_public_suffix(NULL, "com"));
    name_psl_free(psl);
    name_psl_free(NULL);
    assert_int_equal(name_psl_load("/nonexistent/list", &psl), ST_IO);
}

static void expect_escape(struct slice raw, const char *want)
{
    struct strbuf text, back;
    strbuf_init(&text, 4096);
    strbuf_init(&back, 4096);
    assert_int_equal(text_escape(&text, raw), ST_OK);
    assert_string_equal(text.p, want);
    assert_int_equal(text_unescape(&back, (struct slice){text.p, text.len}), ST_OK);
    assert_int_equal(back.len, raw.len);
    assert_memory_equal(back.p, raw.p, raw.len);
    strbuf_free(&text);
    strbuf_free(&back);
}

static void test_escape(void **state)
{
    (void)state;
    expect_escape(SLICE_LIT("plain\r\n"), "plain\r\n");
    expect_escape(SLICE_LIT("a\\b"), "a\\\\b");
    expect_escape(SLICE_LIT("\\x41"), "\\\\x41");
    expect_escape(SLICE_LIT("\xff\x80z"), "\\xff\\x80z");
    expect_escape(SLICE_LIT("b\xc3\xbc"), "b\xc3\xbc");
    expect_escape(SLICE_LIT("\xc2\x80\xdf\xbf"), "\xc2\x80\xdf\xbf"); /* the first, the last of 2 */
    expect_escape(SLICE_LIT("\xef\xbf\xbf"), "\xef\xbf\xbf");         /* the last of 3 */
    expect_escape(SLICE_LIT("b\xc3"), "b\\xc3");                      /* cut */
    expect_escape(SLICE_LIT("\xc0\xaf"), "\\xc0\\xaf");               /* overlong */
    expect_escape(SLICE_LIT("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");      /* overlong */
    expect_escape(SLICE_LIT("\xed\xa0\x80"), "\\xed\\xa0\\x80");      /* surrogate */
    expect_escape(SLICE_LIT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* over U+10FFFF */
    expect_escape(SLICE_LIT("\xf0\x9f\x93\xa7"), "\xf0\x9f\x93\xa7");
}

static void test_escape_every_pair_of_bytes(void **state)
{
    (void)state;
    struct strbuf text, back;
    strbuf_init(&text, 64);
    strbuf_init(&back, 64);
    for (unsigned i = 0; i < 65536; i++) {
        char raw[2] = {(char)(i >> 8), (char)(i & 0xff)};
        strbuf_clear(&text);
        strbuf_clear(&back);
        assert_int_equal(text_escape(&text, (struct slice){raw, 2}), ST_OK);
        struct slice rest = {text.p, text.len};
        while (rest.len > 0) {
            size_t len = utf8_sequence(rest);
            assert_true(len > 0);
            rest = (struct slice){rest.p + len, rest.len - len};
        }
        assert_int_equal(text_unescape(&back, (struct slice){text.p, text.len}), ST_OK);
        assert_int_equal(back.len, 2);
        assert_memory_equal(back.p, raw, 2);
    }
    strbuf_free(&text);
    strbuf_free(&back);
}

static void test_unescape_rejects(void **state)
{
    (void)state;
    static const char *const bad[] = {"\\", "\\x", "\\x4", "\\n", "\\xFF", "\\xg0", "a\\"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct strbuf b;
        strbuf_init(&b, 64);
        assert_int_equal(text_unescape(&b, slice_of(bad[i])), ST_INVALID);
        strbuf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalize_ascii),
        cmocka_unit_test(test_normalize_plain),
        cmocka_unit_test(test_normalize_lengths),
        cmocka_unit_test(test_normalize_unicode),
        cmocka_unit_test(test_normalize_rejects),
        cmocka_unit_test(test_ldh),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_public_suffix),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_every_pair_of_bytes),
        cmocka_unit_test(test_unescape_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
