/* Units of scanner/input: formats, damage, names. */
#include "scanner/input/reader.h"
#include "tests/unit/input_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- lists ---------------------------------------------------------------------------------- */

static void test_list(void **state)
{
    (void)state;
    struct read_back r = input_file_read_text("\xef\xbb\xbf"
                                              "Example.COM.\r\n\n# comment\n  \nb\xc3\xbc"
                                              "cher.de\n"
                                              "foo_bar.example\nlast.example");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 4);
    assert_int_equal(r.total, 4);
    input_file_expect(0, "example.com", -1, NULL);
    input_file_expect(1, "xn--bcher-kva.de", -1, NULL);
    input_file_expect(2, "foo_bar.example", -1, NULL);
    input_file_expect(3, "last.example", -1, NULL);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char text[] = "good.example\nnot a name\n\xff\xfe"
                               "x\0y\n.\nlocalhost\n192.0.2.1\n"
                               "again.example\ngood.example\n";
    struct read_back r = input_file_read_bytes(text, sizeof text - 1);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 8);
    assert_int_equal(r.counts.invalid, 5);
    input_file_expect_bad(1, "bad_character", "not a name");
    input_file_expect_bad(2, "not_utf8", "\xff\xfex");
    input_file_expect_bad(3, "empty", ".");
    input_file_expect_bad(4, "single_label", "localhost");
    input_file_expect_bad(5, "ip_address", "192.0.2.1");
    input_file_expect(6, "again.example", -1, NULL);
    input_file_expect(7, "good.example", -1, NULL);
}

/* A line at the bound, one byte over it, and one that spans many windows. */
static void test_long_lines(void **state)
{
    (void)state;
    const size_t lengths[] = {LINE_MAX_BYTES, LINE_MAX_BYTES + 1, 3 * 64 * 1024 + 7};
    size_t size = 0, cap = 400 * 1024;
    char *text = malloc(cap);
    assert_non_null(text);
    for (size_t i = 0; i < 3; i++) {
        memset(text + size, 'a', lengths[i]);
        size += lengths[i];
        size += (size_t)snprintf(text + size, cap - size, "\nafter%zu.example\n", i);
    }
    struct read_back r = input_file_read_bytes(text, size);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 6);
    assert_string_equal(input_file_rows[0].reason, "too_long");
    assert_string_equal(input_file_rows[2].reason, REASON_LINE_TOO_LONG);
    assert_string_equal(input_file_rows[4].reason, REASON_LINE_TOO_LONG);
    assert_int_equal(strlen(input_file_rows[4].raw), RAW_INPUT_MAX_BYTES);
    input_file_expect(1, "after0.example", -1, NULL);
    input_file_expect(3, "after1.example", -1, NULL);
    input_file_expect(5, "after2.example", -1, NULL);
    free(text);
}

static void test_empty(void **state)
{
    (void)state;
    struct read_back r = input_file_read_text("");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 0);
    r = input_file_read_text("\n\n# only a comment");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 0);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void test_csv(void **state)
{
    (void)state;
    struct read_back r = input_file_read_text(
        "1,google.com\r\n\"2\",\"microsoft.com\"\n3 , example.com ,x,\"a,\"\"b\"\n"
        "n/a,no-rank.example\n5\n6,\n7,seven.example,\n");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_CSV);
    assert_int_equal(r.n, 7);
    input_file_expect(0, "google.com", 1, NULL);
    input_file_expect(1, "microsoft.com", 2, NULL);
    input_file_expect(2, "example.com", 3, "x,\"a,\"\"b\"");
    input_file_expect(3, "no-rank.example", -1, NULL);
    input_file_expect_bad(4, "csv_no_domain", "5");
    input_file_expect_bad(5, "empty", "6,");
    input_file_expect(6, "seven.example", 7, "");
}

static void test_csv_header(void **state)
{
    (void)state;
    struct read_back r =
        input_file_read_text("GlobalRank,TldRank,Domain,TLD,RefSubNets\n"
                             "1,1,google.com,com,497093\n2,2,facebook.com,com,471398\n");
    assert_int_equal(r.n, 2);
    input_file_expect(0, "google.com", 1, "1,com,497093");
    input_file_expect(1, "facebook.com", 2, "2,com,471398");
    input_file_read_text("\xef\xbb\xbf\"domain\"\nexample.com\n");
    input_file_expect(0, "example.com", -1, NULL);
    input_file_read_text("domain,rank\nexample.com,9\n");
    input_file_expect(0, "example.com", 9, NULL);
    input_file_read_text("a.example,x\nb.example,y\n");
    input_file_expect(1, "b.example", -1, "y");
}

static void test_csv_quotes(void **state)
{
    (void)state;
    struct read_back r =
        input_file_read_text("1,one.example,\"two\nlines\"\n2,\"stray.example\n3,three.example\n"
                             "4,\"four\"x.example\n5,five.example");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 5);
    input_file_expect(0, "one.example", 1, "\"two\nlines\"");
    input_file_expect_bad(1, "csv_quotes", "2,\"stray.example");
    input_file_expect(2, "three.example", 3, NULL);
    input_file_expect_bad(3, "csv_quotes", "4,\"four\"x.example");
    input_file_expect(4, "five.example", 5, NULL);
}

/* An odd line does not turn a list into something else. */
static void test_detection(void **state)
{
    (void)state;
    struct read_back r = input_file_read_text("not,a,name\nb.example\nc.example\n");
    assert_int_equal(r.counts.format, FORMAT_LIST);
    input_file_expect_bad(0, "bad_character", "not,a,name");
    r = input_file_read_text(";; zone\n$ORIGIN example.\n");
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    /* The lines within the parentheses of an entry have no vote of their own. */
    r = input_file_read_text(
        "$TTL 3600\n@ IN SOA ns1.example. host.example. (\n"
        "  2024010101 ; serial (of today\n  7200\n  3600\n  1209600\n  3600\n  )\n"
        "  ; delegated\n  ; (one)\nsub.example. NS ns.example.\n");
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    assert_int_equal(r.n, 1);
    input_file_expect(0, "sub.example", -1, NULL);
    struct scan_options o = input_file_options();
    o.format = FORMAT_LIST;
    input_file_put("1,a.example\n", 12);
    input_file_read(&o);
    input_file_expect_bad(0, "bad_character", "1,a.example");
}

/* ---- zone files ----------------------------------------------------------------------------- */

static void test_zone(void **state)
{
    (void)state;
    struct read_back r =
        input_file_read_text("; a zone\n$ORIGIN Example.\n$TTL 1h30m\n"
                             "@ IN SOA ns1.example. admin.example. ( 1 ; serial\n  2 3 4 5 )\n"
                             "\tNS ns1.example.\n"
                             "one 3600 IN NS ns1.one\n\tIN 3600 NS ns2.one\n"
                             "ONE NS ns3.one\n"
                             "two.example. NS ns.\n"
                             "txt TXT \"a ; ( quoted\" \"NS\"\n"
                             "www A 192.0.2.1\n"
                             "under\\095score NS ns.\nesc\\.aped NS ns.\n"
                             "$ORIGIN sub.example.\nthree NS (\n ns1\n )\n"
                             "one.example. NS ns9.\n"
                             "broken\n$INCLUDE other.zone\nother.test. NS ns.\nlast NS ns.");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    assert_int_equal(r.n, 8);
    input_file_expect(0, "one.example", -1, NULL);
    input_file_expect(1, "two.example", -1, NULL);
    input_file_expect(2, "under_score.example", -1, NULL);
    input_file_expect_bad(3, "bad_character", "esc\\.aped NS ns.");
    input_file_expect(4, "three.sub.example", -1, NULL);
    input_file_expect_bad(5, "zone_syntax", "broken");
    input_file_expect_bad(6, "zone_directive", "$INCLUDE other.zone");
    input_file_expect(7, "last.sub.example", -1, NULL);
}

static void test_zone_unclosed(void **state)
{
    (void)state;
    struct read_back r = input_file_read_text("$ORIGIN example.\n@ SOA a b 1 2 3 4 5\na NS ns\n"
                                              "t TXT \"open\nb NS ns\nc NS ( ns\n");
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 4);
    input_file_expect(0, "a.example", -1, NULL);
    input_file_expect_bad(1, "zone_syntax", "t TXT \"open");
    input_file_expect(2, "b.example", -1, NULL);
    input_file_expect_bad(3, "zone_syntax", "c NS ( ns");
}

/* The real .gov zone: its own count of delegations. */
static void test_zone_real(void **state)
{
    (void)state;
    const char *shared = getenv("STSCAN_SHARED");
    char file[512];
    snprintf(file, sizeof file, "%s/data/domains/gov-zone.txt", shared ? shared : "../shared");
    if (access(file, R_OK) != 0) {
        print_message("skipped: %s is not there\n", file);
        skip();
    }
    struct scan_options o = input_file_options();
    o.input = file;
    struct read_back r = input_file_read(&o);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.counts.format, FORMAT_ZONE);
    assert_int_equal(r.counts.invalid, 0);
    assert_int_equal(r.n, r.total);
    assert_in_range(r.n, 15000, 16536);
}

/* ---- files that are none -------------------------------------------------------------------- */

static void test_unreadable(void **state)
{
    (void)state;
    struct scan_options o = input_file_options();
    o.input = (char *)(uintptr_t) "/tmp";
    struct read_back r = input_file_read(&o);
    assert_int_equal(r.end, ST_IO);
    assert_string_equal(r.error, "/tmp: is a directory");
    o.input = (char *)(uintptr_t) "/nonexistent/list";
    r = input_file_read(&o);
    assert_int_equal(r.end, ST_IO);
    assert_non_null(strstr(r.error, "No such file"));
    r = input_file_read_bytes("PK\003\004 zip", 8);
    assert_int_equal(r.end, ST_UNSUPPORTED);
    assert_non_null(strstr(r.error, "unzip"));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void test_registrable(void **state)
{
    (void)state;
    struct scan_options o = input_file_options();
    o.registrable = true;
    static const char text[] = "a.b.example.co.uk\nwww.example.com\nco.uk\n";
    input_file_put(text, sizeof text - 1);
    struct read_back r = input_file_read(&o);
    assert_int_equal(r.n, 3);
    input_file_expect(0, "example.co.uk", -1, NULL);
    input_file_expect(1, "example.com", -1, NULL);
    input_file_expect(2, "co.uk", -1, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_long_lines),  cmocka_unit_test(test_empty),
        cmocka_unit_test(test_csv),         cmocka_unit_test(test_csv_header),
        cmocka_unit_test(test_csv_quotes),  cmocka_unit_test(test_detection),
        cmocka_unit_test(test_zone),        cmocka_unit_test(test_zone_unclosed),
        cmocka_unit_test(test_zone_real),   cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_registrable),
    };
    return cmocka_run_group_tests_name("input", tests, input_file_make, input_file_remove);
}
