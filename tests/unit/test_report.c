/* Units of analysis/: the walk over JSON, the reader, the tally and the summary. */
#include "analysis/reader.h"
#include "analysis/summary.h"
#include "lib/json_scan.h"

#include "lib/caps.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

static char path[] = "/tmp/stscan-report-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const void *p, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    fclose(f);
}

/* ---- json_scan ------------------------------------------------------------------------------ */

static void test_scan(void **state)
{
    (void)state;
    struct json_scan s, inner;
    struct slice key, value;
    static const char text[] =
        " { \"a\" : \"x\\\"}y\\\\\" ,\"b\":[1,{\"c\":\"]\"},null ],\"d\":-1.5}";
    assert_true(json_scan_open(SLICE_LIT(text), &s));
    assert_true(json_scan_member(&s, &key, &value));
    assert_true(slice_eq(key, SLICE_LIT("a")));
    assert_true(slice_eq(json_scan_text(value), SLICE_LIT("x\\\"}y\\\\")));
    assert_true(json_scan_member(&s, &key, &value));
    assert_true(json_scan_open(value, &inner));
    assert_true(json_scan_element(&inner, &value) && slice_eq(value, SLICE_LIT("1")));
    assert_true(json_scan_element(&inner, &value) && slice_eq(value, SLICE_LIT("{\"c\":\"]\"}")));
    assert_true(json_scan_element(&inner, &value) && slice_eq(value, SLICE_LIT("null")));
    assert_false(json_scan_element(&inner, &value));
    assert_false(inner.bad);
    assert_true(json_scan_member(&s, &key, &value) && slice_eq(value, SLICE_LIT("-1.5")));
    assert_false(json_scan_member(&s, &key, &value));
    assert_false(s.bad);
}

/* Cut anywhere: it ends, within the text, and says so. The copy makes a read beyond it visible. */
static void test_scan_cut(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"x\\\"y\\\\\",\"b\":[1,{\"c\":\"]\"},null],\"d\":{}}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        char *copy = malloc(len + 1);
        struct json_scan s;
        struct slice key, value;
        memcpy(copy, text, len);
        if (json_scan_open((struct slice){copy, len}, &s))
            while (json_scan_member(&s, &key, &value))
                assert_true(value.p + value.len <= copy + len);
        assert_true(s.bad);
        free(copy);
    }
}

/* ---- reader --------------------------------------------------------------------------------- */

static size_t count_lines(enum status *end)
{
    char error[256];
    reader *r;
    struct slice line;
    size_t n = 0;
    assert_int_equal(reader_open(path, &r, error, sizeof error), ST_OK);
    while ((*end = reader_next(r, &line)) == ST_OK)
        n++;
    assert_int_equal(*end == ST_EOF, reader_error(r)[0] == '\0');
    reader_close(r);
    return n;
}

static void test_reader(void **state)
{
    (void)state;
    enum status end;
    char packed[512];
    put("a\nb\n\nlast", 9);
    assert_int_equal(count_lines(&end), 4);
    assert_int_equal(end, ST_EOF);
    put("", 0);
    assert_int_equal(count_lines(&end), 0);
    assert_int_equal(end, ST_EOF);
    size_t first = ZSTD_compress(packed, sizeof packed, "a\nb\n", 4, 1);
    size_t len = first + ZSTD_compress(packed + first, sizeof packed - first, "c\n", 2, 1);
    put(packed, len);
    assert_int_equal(count_lines(&end), 3);
    assert_int_equal(end, ST_EOF);
    for (size_t cut = first + 1; cut < len; cut++) {
        put(packed, cut);
        assert_in_range(count_lines(&end), 2, 3);
        assert_int_equal(end, ST_TRUNCATED);
    }
    packed[first] = 'x';
    put(packed, len);
    assert_int_equal(count_lines(&end), 2);
    assert_int_equal(end, ST_TRUNCATED);
    reader *r;
    char error[256];
    assert_int_equal(reader_open("/nonexistent", &r, error, sizeof error), ST_IO);
    assert_int_equal(reader_open("/tmp", &r, error, sizeof error), ST_IO);
}

static void test_reader_long(void **state)
{
    (void)state;
    enum status end;
    size_t len = 3 * RECORD_LINE_MAX_BYTES;
    char *text = malloc(len);
    memset(text, 'x', len);
    text[RECORD_LINE_MAX_BYTES] = '\n';
    put(text, RECORD_LINE_MAX_BYTES + 1);
    assert_int_equal(count_lines(&end), 1);
    assert_int_equal(end, ST_EOF);
    put(text, len);
    count_lines(&end);
    assert_int_equal(end, ST_EOF);
    text[RECORD_LINE_MAX_BYTES] = 'x';
    put(text, len);
    count_lines(&end);
    assert_int_equal(end, ST_LIMIT);
    free(text);
}

/* ---- tally and summary ---------------------------------------------------------------------- */

#define HEAD(adoption, verdict, cause)                                                         \
    "{\"schema\":1,\"domain\":\"d.example\",\"ts\":\"2026-11-21T22:00:00.123Z\",\"adoption\":" \
    "\"" adoption "\",\"verdict\":\"" verdict "\",\"cause\":" cause ","

static const char *const golden[] = {
    HEAD("absent", "not_applicable", "null") "\"findings\":[]}",
    HEAD("absent", "not_applicable",
         "null") "\"findings\":[{\"code\":\"rpt_absent\",\"detail\":\"\\\"code\\\":\"}]}",
    HEAD("undetermined", "undetermined",
         "\"sts_dns_timeout\"") "\"findings\":[{\"code\":\"sts_dns_timeout\"}]}",
    HEAD("broken", "unprotected", "\"http_404\"") "\"findings\":[{\"code\":\"http_404\"},{\"code\":"
                                                  "\"pol_mx_ip\",\"target\":\"a\"},"
                                                  "{\"code\":\"pol_mx_ip\",\"target\":\"b\"}],"
                                                  "\"policy\":{\"status\":\"failed\","
                                                  "\"stage\":\"http\"}}",
    HEAD("enforce", "protected", "null") "\"findings\":[],\"policy\":{\"status\":\"valid\","
                                         "\"stage\":null},\"mx\":[{\"host\":"
                                         "\"a\",\"probes\":[{\"status\":\"ok\"},{\"status\":"
                                         "\"timeout\"}]},{\"host\":\"b\"}]}",
    HEAD("enforce", "undetermined", "\"smtp_timeout\"") "\"findings\":[{\"code\":\"smtp_timeout\"},"
                                                        "{\"code\":\"from_the_future\"}],"
                                                        "\"policy\":{\"status\":\"valid\"}}",
    "{\"schema\":1,\"ts\":\"2026-11-22T01:00:00.000Z\",\"adoption\":\"invalid_input\",\"verdict\":"
    "\"not_"
    "applicable\",\"raw\":\"x\"}",
};

static void make_tally(struct tally *t)
{
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++)
        assert_true(tally_line(t, slice_of(golden[i])));
}

static void test_tally(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "{\"schema\":1,\"adoption\":\"x\"}",
        "{\"schema\":1,\"adoption\":\"absent\",\"verdict\":\"none\"}"};
    struct tally t;
    make_tally(&t);
    assert_int_equal(t.records, 7);
    assert_int_equal(tally_adopters(&t), 3);
    assert_int_equal(tally_determined(&t), 5);
    assert_int_equal(t.finding[FC_pol_mx_ip], 1); /* once a domain */
    assert_int_equal(t.others[FC_rpt_absent], 1);
    assert_int_equal(t.finding[FC_rpt_absent], 0);
    assert_int_equal(t.cause[FC_sts_dns_timeout], 0); /* no adopter */
    assert_int_equal(t.cause[FC_http_404], 1);
    assert_int_equal(t.unknown_codes, 1);
    assert_int_equal(t.policy_valid, 2);
    assert_int_equal(t.policy_failed[3], 1);
    assert_int_equal(t.probe[PROBE_OK], 1);
    assert_int_equal(t.probe[PROBE_TIMEOUT], 1);
    assert_string_equal(t.last, "2026-11-22T01:00:00.000Z");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(tally_line(&t, slice_of(bad[i])));
    assert_int_equal(t.bad_lines, sizeof bad / sizeof bad[0]);
    assert_int_equal(t.records, 7);
}

static void expect_line(const char *text, const char *want)
{
    if (!strstr(text, want))
        fail_msg("'%s' is not in:\n%s", want, text);
}

static void test_summary(void **state)
{
    (void)state;
    struct tally t;
    char *text = NULL, *files[] = {(char *)(uintptr_t) "a.ndjson"};
    size_t size;
    FILE *f = open_memstream(&text, &size);
    make_tally(&t);
    assert_int_equal(summary_text(&t, files, 1, f), ST_OK);
    fclose(f);
    expect_line(text, "7 records, 2026-11-21 22:00:00 to 2026-11-22 01:00:00 UTC\n");
    expect_line(text, "\n  enforce                                 2       40.0 %  ##########\n");
    expect_line(text, "\n  undetermined                            1            -\n");
    expect_line(text, "\n  protected                               1       50.0 %");
    expect_line(text, "\n  http_404                        F         1     33.3 %  status 404\n");
    expect_line(text, "\n  smtp_timeout                    U         1          -  ");
    expect_line(text, "\n  failed at http                          1       33.3 %");
    expect_line(text, "\n1 findings have codes");
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        assert_true((size_t)(end - line) <= 100);
    free(text);
}

static void test_summary_json(void **state)
{
    (void)state;
    struct tally t;
    char *text = NULL, *files[] = {(char *)(uintptr_t) "a.ndjson"};
    size_t size;
    FILE *f = open_memstream(&text, &size);
    make_tally(&t);
    assert_int_equal(summary_json(&t, files, 1, f), ST_OK);
    fclose(f);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(json_object_get(root, "adopters")), 3);
    json_t *found = json_object_get(root, "findings_of_adopters");
    assert_int_equal(json_array_size(found), 3);
    json_t *last = json_array_get(found, 2);
    assert_string_equal(json_string_value(json_object_get(last, "code")), "smtp_timeout");
    assert_true(json_is_null(json_object_get(last, "percent")));
    json_decref(root);
    free(text);
    f = fopen("/dev/full", "w");
    assert_non_null(f);
    assert_int_equal(summary_text(&t, files, 1, f), ST_IO);
    assert_int_equal(summary_json(&t, files, 1, f), ST_IO);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),         cmocka_unit_test(test_scan_cut),
        cmocka_unit_test(test_reader),       cmocka_unit_test(test_reader_long),
        cmocka_unit_test(test_tally),        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_summary_json),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
