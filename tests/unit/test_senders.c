/* Units of lib/senders*.c: who accepts what. A letter stands for each sender, in the order of
 * sender_name(): R rfc8461, M mox, C chasquid, P postfix-mta-sts-resolver, T postfix-tlspol,
 * F go-mtasts, D checkdmarc, N ncsc-mailcheck, I mimecast. */
#include "lib/senders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

#define V "version: STSv1\n"
#define M "mode: enforce\n"
#define X "mx: mx.example.net\n"
#define A "max_age: 1209600\n"
#define ALL "RMCPTFDNI"

/* The letters of those that accept; records separated by '|'. */
static void expect(const char *records, int status, const char *type, struct slice body,
                   const char *want)
{
    static const char letters[] = ALL;
    struct txt_rr rr[4];
    size_t n = 0;
    for (const char *p = records; *p != '\0' && n < N(rr);) {
        size_t len = strcspn(p, "|");
        rr[n++] = (struct txt_rr){.p = p, .len = len, .strings = 1};
        p += len + (p[len] == '|');
    }
    const struct http_facts response = {.status = status, .content_type = type, .body = body};
    struct arena arena;
    const char **names;
    size_t n_names;
    char got[SENDERS_COUNT + 1] = "";
    arena_init(&arena, EVIDENCE_MAX_BYTES);
    assert_int_equal(senders_judge(&arena, rr, n, &response, &names, &n_names), ST_OK);
    assert_in_range(n_names, 0, SENDERS_COUNT);
    for (size_t i = 0, at = 0; i < n_names; i++)
        for (size_t k = 0; k < SENDERS_COUNT; k++)
            if (strcmp(names[i], sender_name(k)) == 0)
                got[at++] = letters[k];
    if (strcmp(got, want) != 0)
        print_error("records: %s\nbody: %.*s\n", records, (int)body.len, body.p);
    assert_string_equal(got, want);
    arena_free(&arena);
}

static void record(const char *records, const char *want)
{
    expect(records, 200, "text/plain", SLICE_LIT(V M X A), want);
}

static void policy(const char *body, const char *want)
{
    expect("v=STSv1; id=1", 200, "text/plain", slice_of(body), want);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(sender_name(0), "rfc8461");
    assert_string_equal(sender_name(3), "postfix-mta-sts-resolver");
    assert_string_equal(sender_name(8), "mimecast");
    assert_null(sender_name(SENDERS_COUNT));
}

static void test_good(void **state)
{
    (void)state;
    record("v=STSv1; id=1", ALL);
    record("v=STSv1; id=1;", ALL);
    policy("version: STSv1\r\nmode: testing\r\nmx: *.example.net\r\nmax_age: 86400", ALL);
}

static void test_records(void **state)
{
    (void)state;
    record("", "");
    record("v=spf1 -all", "");
    record("v=STSv1; id=1|v=STSv1; id=2", "CT");
    record("v=STSv1; id=1|v=spf1 -all", "RMCPTNI");
    record("v=STSv1; id=a-b", "CPTFI");
    record("v=STSv1; id=", "CPT");
    record("v=STSv1; x=1", "CTN");
    record("v=STSv1;", "CTN");
    record("v=STSv1 ; id=1", "RMPTFDNI");
    record("v=STSv1 id=1", "TI");
    record("v=STSv1; id=a b", "CPTI");
    record("v=STSv10; id=1", "TN");
    record("v=stsv1; id=1", "I");
    record("id=1; v=STSv1", "FI");
    record("v=STSv1; id=1; x=2", "RMCPTFNI");
    record("v=STSv1; id=1; x", "CPTI");
    record("v=STSv1; id=1; x=", "CPTFNI");
    record("v=STSv1; id=1;;", "CPTFDNI");
    record("v=STSv1; id=1 ", "CPTFDNI");
    record("v=STSv1; id=1; id=2", "RCPTFI");
    record("v=STSv1; id=1\xc2\xa0", "CTFI");
}

static void test_responses(void **state)
{
    (void)state;
    const struct slice body = SLICE_LIT(V M X A);
    const char *txt = "v=STSv1; id=1";
    expect(txt, 404, "text/plain", body, "");
    expect(txt, 301, "text/plain", body, "DN");
    expect(txt, 204, "text/plain", body, "DN");
    expect(txt, 200, NULL, body, "RMTDNI");
    expect(txt, 200, "text/html", body, "RMTDNI");
    expect(txt, 200, "TEXT/plain ; charset=us-ascii", body, ALL);
    expect(txt, 200, "text/plain+x", body, "RMTDNI");

    const struct slice high = SLICE_LIT(V M X A "note: \xc3\xa9\n");
    expect(txt, 200, "text/plain", high, "RMCTFI");
    expect(txt, 200, "text/plain; charset=utf-8", high, "RMCPTFI");
}

static void test_sizes(void **state)
{
    (void)state;
    struct strbuf body;
    strbuf_init(&body, POLICY_BODY_MAX_BYTES);
    strbuf_adds(&body, V M X A);
    while (body.len + 8 < 11 * 1024)
        strbuf_adds(&body, "mx: a.b\n");
    expect("v=STSv1; id=1", 200, "text/plain", (struct slice){body.p, body.len}, ALL);
    strbuf_clear(&body);
    while (body.len + 8 < 11 * 1024)
        strbuf_adds(&body, "mx: a.b\n");
    strbuf_adds(&body, V M A); /* behind what chasquid reads */
    expect("v=STSv1; id=1", 200, "text/plain", (struct slice){body.p, body.len}, "RMPTFDNI");
    strbuf_clear(&body);
    while (body.len + 8 < 64500)
        strbuf_adds(&body, "mx: a.b\n");
    strbuf_adds(&body, V M A); /* and behind what mimecast reads: version, mode */
    expect("v=STSv1; id=1", 200, "text/plain", (struct slice){body.p, body.len}, "RMPTFDN");
    strbuf_free(&body);
}

static void test_policies(void **state)
{
    (void)state;
    policy(V M "\n" X A, "RCPTDI");
    policy(V M X "\n" A, "RCPTDNI");
    policy("\n" V M X A, "RCPTDI");
    policy(V M X A "mode: none\n", "RMCPTFI");
    policy(V M X A "mode: live\n", "RTI");
    policy(V M X A "max_age: x\n", "RT");
    policy(V "mode: live\n" X A M, "CP");
    policy(V "mode: none\n" X A M, "RMCPTFI");
    policy(V "mode: none\n" X A, ALL);
    policy(V M X A "x: 1\n", "RMCPTFI");
    policy(V M X A "x:\n", "RCPFI");
    policy(V M X A "x: a:b\n", "RMCPTI");
    policy(V M X A "comment\n", "RCPI");
    policy(V " mode: enforce\n" X A, "RCDI");
    policy("mode: enforce\n" X A, "DNI");
    policy(V X A, "DN");
    policy(V "mode: live\n" X A, "");
    policy(V "mode: Enforce\n" X A, "I");
    policy(V M X, "DNI");
    policy(V M X "max_age: 99999999\n", "MTFI");
    policy(V M X "max_age: 0\n", "RMPTFDI");
    policy(V M X "max_age: -1\n", "FI");
    policy(V M X "max_age: +1209600\n", "CPFDNI");
    policy(V M X "max_age: x\n", "");
    policy(V "mode: none\n" A, "RMPTFD");
    policy(V M A, "");
    policy(V M "mx:\n" A, "CPF");
    policy(V M "mx: a@b.example\n" A, "CPFDI");
    policy(V M "mx: mx.example.net.\n" A, "CPTFDI");
    policy(V M "mx: 192.0.2.1\n" A, "RCPFDNI");
    policy(V M "mx: mx_1.example.net\n" A, "RCPFDNI");
    policy(V M "mx: a.*.net\n" A, "CPFD");
    policy("version: STSv1\rmode: enforce\rmx: mx.example.net\rmax_age: 1209600\r", "PNI");
    policy("version: STSv1\r\nmode: enforce\n" X A, "RMCPTFNI");
    policy("\xef\xbb\xbf" V M X A, "I");
    policy("<html>", "");
    policy("", "D"); /* its table of fields is filled before it looks: mode none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_good),
        cmocka_unit_test(test_records), cmocka_unit_test(test_responses),
        cmocka_unit_test(test_sizes),   cmocka_unit_test(test_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
