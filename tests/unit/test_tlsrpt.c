/* Each rpt_* row that the TXT bytes decide, and its nearest counter-case. */
#include "lib/tlsrpt.h"

#include "tests/unit/expect_codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

/* Judges texts separated by '|', for the domain example.com. */
static void judge(const char *texts, bool present, bool valid, const char *rua, const char *codes)
{
    struct arena arena;
    struct findings f;
    struct tlsrpt out;
    struct txt_rr rr[8];
    size_t n = 0;
    arena_init(&arena, 1 << 20);
    findings_init(&f, &arena);
    for (const char *p = texts; *p != '\0' && n < N(rr);) {
        size_t len = strcspn(p, "|");
        rr[n++] = (struct txt_rr){.p = p, .len = len, .strings = 1};
        p += len + (p[len] == '|');
    }
    assert_int_equal(tlsrpt_judge(rr, n, "example.com", &f, &out), ST_OK);
    expect_codes(&f, slice_of(texts), codes);
    assert_int_equal(out.present, present);
    assert_int_equal(out.valid, valid);
    const char *joined = "";
    for (size_t i = 0; i < out.n_rua; i++)
        joined = arena_printf(&arena, "%s%s%s", joined, i > 0 ? " " : "", out.rua[i]);
    assert_string_equal(joined, rua);
    arena_free(&arena);
}

static void test_valid(void **state)
{
    (void)state;
    judge("v=TLSRPTv1; rua=mailto:r@example.net", true, true, "mailto:r@example.net", "");
    judge("v=TLSRPTv1;rua=mailto:r@example.net;", true, true, "mailto:r@example.net", "");
    judge("v=TLSRPTv1 ; rua=mailto:r@example.net", true, true, "mailto:r@example.net", "");
    judge("v=TLSRPTv1; rua=mailto:r@example.net , https://example.net/x", true, true,
          "mailto:r@example.net https://example.net/x", "");
    judge("v=TLSRPTv1; rua=MAILTO:%72@example.net?subject=x", true, true,
          "MAILTO:%72@example.net?subject=x", "");
    judge("v=TLSRPTv1; rua=mailto:r@xexample.com", true, true, "mailto:r@xexample.com", "");
}

static void test_sets(void **state)
{
    (void)state;
    judge("", false, false, "", "");
    judge("v=spf1 -all", false, false, "", "rpt_foreign_txt");
    judge("v=TLSRPTv1; rua=mailto:r@example.net|v=spf1 -all", true, true, "mailto:r@example.net",
          "rpt_foreign_txt");
    judge("v=TLSRPTv1; rua=mailto:a@example.net|v=TLSRPTv1; rua=mailto:b@example.net", true, false,
          "", "rpt_multiple");
    judge("v=TLSRPTv1; rua=mailto:a@example.net|v=tlsrptv1; rua=mailto:b@example.net", true, true,
          "mailto:a@example.net", "rpt_foreign_txt");
    judge("v=tlsrptv1; rua=mailto:b@example.net|v=spf1 -all", true, false, "",
          "rpt_version_bad rpt_foreign_txt");
    /* The filter drops what does not begin "v=TLSRPTv1;" to the letter (RFC 8460 3) ... */
    judge("v=TLSRPTv1|v=TLSRPTv1; rua=mailto:b@example.net", true, true, "mailto:b@example.net",
          "rpt_foreign_txt");
    judge("v=TLSRPTv1 ; rua=mailto:a@example.net|v=TLSRPTv1; rua=mailto:b@example.net", true, true,
          "mailto:b@example.net", "rpt_foreign_txt");
    /* ... and two records that only the ABNF allows are two to a sender that goes by it. */
    judge("v=TLSRPTv1 ; rua=mailto:a@example.net|v=TLSRPTv1 ; rua=mailto:b@example.net", true,
          false, "", "rpt_multiple");
}

static void test_version(void **state)
{
    (void)state;
    judge("v=tlsrptv1; rua=mailto:r@example.net", true, false, "", "rpt_version_bad");
    judge("v=TLSRPTv2; rua=mailto:r@example.net", true, false, "", "rpt_version_bad");
    judge("v=TLSRPT1; rua=mailto:r@example.net", true, false, "", "rpt_version_bad");
    judge("v=TLSRPTv10; rua=mailto:r@example.net", true, false, "", "rpt_version_bad");
    judge("v=TLSRPTv1 rua=mailto:r@example.net", true, false, "", "rpt_version_bad");
    judge("rua=mailto:r@example.net; v=TLSRPTv1", true, false, "", "rpt_version_bad");
    judge("\"v=TLSRPTv1; rua=mailto:r@example.net\"", true, false, "", "rpt_version_bad");
}

static void test_rua(void **state)
{
    (void)state;
    judge("v=TLSRPTv1", true, false, "", "rpt_rua_missing");
    judge("v=TLSRPTv1;", true, false, "", "rpt_rua_missing");
    judge("v=TLSRPTv1; rua=", true, false, "", "rpt_rua_missing");
    judge("v=TLSRPTv1; rua=, ,", true, false, "", "rpt_rua_missing");
    judge("v=TLSRPTv1; RUA=mailto:r@example.net", true, false, "",
          "rpt_rua_missing rpt_dup_or_ext");
    judge("v=TLSRPTv1; rua=r@example.net", true, false, "r@example.net", "rpt_rua_scheme");
    judge("v=TLSRPTv1; rua=http://example.net/", true, false, "http://example.net/",
          "rpt_rua_scheme");
    judge("v=TLSRPTv1; rua=https:///x", true, false, "https:///x", "rpt_rua_scheme");
    judge("v=TLSRPTv1; rua=mailto:a,b@example.net", true, true, "mailto:a b@example.net",
          "rpt_rua_unencoded");
    judge("v=TLSRPTv1; rua=mailto:a@example.net,b@example.net", true, true,
          "mailto:a@example.net b@example.net", "rpt_rua_unencoded");
    judge("v=TLSRPTv1; rua=mailto:a@example.net!10m", true, true, "mailto:a@example.net!10m",
          "rpt_rua_unencoded rpt_rua_mail_invalid");
    judge("v=TLSRPTv1; rua=mailto:a%21@example.net", true, true, "mailto:a%21@example.net", "");
    judge("v=TLSRPTv1; rua=https://example.net/a;b", true, true, "https://example.net/a",
          "rpt_rua_unencoded");
    judge("v=TLSRPTv1; rua=r@example.net,mailto:s@example.net", true, true,
          "r@example.net mailto:s@example.net", "rpt_rua_mail_invalid");
    static const char *const malformed[] = {
        "mailto:",
        "mailto:r",
        "mailto:@example.net",
        "mailto:r@",
        "mailto:r@localhost",
        "mailto:r@exa_mple.net",
        "mailto:r s@example.net",
        "mailto:r\"@example.net",
        "mailto:\"r@example.net",
        "mailto:r\"s\"@example.net",
        "mailto:.r@example.net",
        "mailto://r@example.net:x",
    };
    for (size_t i = 0; i < N(malformed); i++) {
        char text[128] = "v=TLSRPTv1; rua=";
        memcpy(text + 16, malformed[i], strlen(malformed[i]) + 1);
        judge(text, true, true, malformed[i], "rpt_rua_mail_invalid");
    }
    judge("v=TLSRPTv1; rua=mailto:r@example.com", true, true, "mailto:r@example.com",
          "rpt_rua_self");
    judge("v=TLSRPTv1; rua=mailto:r@mail.Example.com", true, true, "mailto:r@mail.Example.com",
          "rpt_rua_self");
}

static void test_other_fields(void **state)
{
    (void)state;
    judge("v=TLSRPTv1; rua=mailto:r@example.net; rua=mailto:s@example.net", true, true,
          "mailto:r@example.net", "rpt_dup_or_ext");
    judge("v=TLSRPTv1; x=1; rua=mailto:r@example.net", true, true, "mailto:r@example.net",
          "rpt_dup_or_ext");
    judge("v=TLSRPTv1; rua=mailto:r@example.net;;", true, true, "mailto:r@example.net",
          "rpt_dup_or_ext");
}

static void test_rua_host(void **state)
{
    static const struct {
        const char *uri, *host;
        bool mail;
    } c[] = {
        {"mailto:r@example.net", "example.net", true},
        {"MailTo:r@example.net?cc=s@example.com", "example.net", true},
        {"mailto:\"a@b\"@example.net!10m", "example.net", true},
        {"mailto:r?cc=s@example.com", "", true},
        {"mailto:r@", "", true},
        {"mailto:", "", true},
        {"https://example.net/x?y=a@b.example", "example.net", false},
        {"HTTPS://example.net:8443", "example.net", false},
        {"https://[2001:db8::1]:8443/x", "[2001:db8::1]", false},
        {"https://[2001:db8::1", "[2001", false},
        {"https://", "", false},
        {"r@example.net", "", false},
        {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        bool mail = !c[i].mail;
        struct slice host = tlsrpt_rua_host(slice_of(c[i].uri), &mail);
        assert_true(slice_eq(host, slice_of(c[i].host)));
        assert_int_equal(mail, c[i].mail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_version),      cmocka_unit_test(test_rua),
        cmocka_unit_test(test_other_fields), cmocka_unit_test(test_rua_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
