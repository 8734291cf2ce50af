/* Units around --resume and verify: the set of done indexes, the recount, identity, refusals. */
#include "scanner/output/recount.h"
#include "scanner/resume.h"
#include "scanner/scan.h"
#include "scanner/scan_identity.h"
#include "tests/unit/temp_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int teardown(void **state)
{
    static const char *const names[] = {"list", "s.ndjson", "s.state", "s.meta.json", "link"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in_folder(names[i]));
    return temp_folder_remove(state);
}

/* ---- done_set ------------------------------------------------------------------------------- */

static void test_done_set(void **state)
{
    (void)state;
    enum { N = 3 * DONE_PAGE_INDEXES };
    struct done_set s;
    bool fresh;
    uint64_t first, last;
    done_set_init(&s);
    assert_false(done_set_has(&s, 0));
    assert_true(done_set_next_gap(&s, 0, 10, &first, &last));
    assert_int_equal(first, 0);
    assert_int_equal(last, 9);
    /* In an order that jumps over all pages; 7919 shares no factor with N. */
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(done_set_add(&s, i * 7919 % N, &fresh), ST_OK);
        assert_true(fresh);
    }
    assert_int_equal(s.n, N);
    assert_false(done_set_next_gap(&s, 0, N, &first, &last));
    assert_int_equal(done_set_add(&s, 77, &fresh), ST_OK); /* a page that is full */
    assert_false(fresh);
    assert_true(done_set_has(&s, N - 1));
    assert_false(done_set_has(&s, N));
    assert_true(done_set_next_gap(&s, 5, N + 100000, &first, &last));
    assert_int_equal(first, N);
    assert_int_equal(last, N + 100000 - 1);
    assert_int_equal(done_set_add(&s, DONE_INDEX_MAX - 1, &fresh), ST_OK);
    assert_true(done_set_has(&s, DONE_INDEX_MAX - 1));
    assert_int_equal(done_set_add(&s, DONE_INDEX_MAX, &fresh), ST_LIMIT);
    assert_int_equal(done_set_add(&s, UINT64_MAX, &fresh), ST_LIMIT);
    done_set_free(&s);
}

static void test_gaps(void **state)
{
    (void)state;
    static const uint64_t missing[] = {0, 63, 64, 65, 1000, 65535, 65536, 131071, 200000};
    enum { N = 200001, M = sizeof missing / sizeof missing[0] };
    struct done_set s;
    bool fresh;
    uint64_t from = 0, first, last, found = 0;
    done_set_init(&s);
    for (uint64_t i = 0, m = 0; i < N; i++) {
        if (m < M && i == missing[m])
            m++;
        else
            assert_int_equal(done_set_add(&s, i, &fresh), ST_OK);
    }
    while (done_set_next_gap(&s, from, N, &first, &last)) {
        for (uint64_t i = first; i <= last; i++)
            assert_int_equal(i, missing[found++]);
        from = last + 1;
    }
    assert_int_equal(found, M);
    done_set_free(&s);
}

static void test_marks(void **state)
{
    (void)state;
    struct done_set s;
    bool fresh;
    done_set_init(&s);
    assert_int_equal(done_set_marks(&s, 0), 0);
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t index = i * DONE_PAGE_INDEXES * 20; /* the directory grows */
        assert_int_equal(done_set_add(&s, index, &fresh), ST_OK);
        assert_int_equal(done_set_mark(&s, index, i + 1), ST_OK);
        assert_int_equal(done_set_mark(&s, index, UINT64_MAX), ST_OK); /* sums are modulo 2^64 */
    }
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(done_set_marks(&s, i * 20), i);
    assert_int_equal(done_set_marks(&s, 1000000), 0);
    done_set_free(&s);
}

/* ---- recount -------------------------------------------------------------------------------- */

#define HEAD "{\"schema\":1,\"domain\":\"a.example\",\"rank\":null,\"index\":"

static void test_recount(void **state)
{
    (void)state;
    struct scan_stats s = {.records = 0};
    struct recount_line r;
    struct slice line = SLICE_LIT(
        HEAD "18446744073709551615,\"adoption\":\"broken\",\"verdict\":\"unprotected\","
             "\"cause\":\"tls_cert_expired\",\"findings\":[{\"code\":\"tls_cert_expired\"},"
             "{\"code\":\"tls_cert_expired\"},{\"code\":\"rpt_absent\"}],"
             "\"policy\":{\"status\":\"failed\",\"stage\":\"tls\"}}");
    enum finding_code expired, absent;
    assert_int_equal(finding_by_name(SLICE_LIT("tls_cert_expired"), &expired), ST_OK);
    assert_int_equal(finding_by_name(SLICE_LIT("rpt_absent"), &absent), ST_OK);
    assert_int_equal(recount_line(line, &s, &r), ST_OK);
    assert_true(r.index == UINT64_MAX);
    assert_true(slice_eq(r.domain, SLICE_LIT("a.example")));
    assert_int_equal(s.finding[expired], 1);
    assert_int_equal(s.finding[absent], 1);
    assert_int_equal(s.cause[expired], 1);
    assert_int_equal(s.policy_failed[FAIL_TLS], 1);
    line = SLICE_LIT(HEAD "2,\"adoption\":\"invalid_input\",\"verdict\":\"not_applicable\","
                          "\"cause\":null,\"findings\":[],\"raw\":\"x\",\"reason\":\"too_long\"}");
    assert_int_equal(recount_line(line, &s, &r), ST_OK);
    assert_true(r.invalid);
    assert_int_equal(s.invalid[1], 1);
    assert_int_equal(s.records, 2);
}

static void test_no_record(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"index\":1}",
        HEAD "-1,\"adoption\":\"absent\",\"verdict\":\"not_applicable\"}",
        HEAD "18446744073709551616,\"adoption\":\"absent\",\"verdict\":\"not_applicable\"}",
        HEAD "1,\"adoption\":\"maybe\",\"verdict\":\"not_applicable\"}",
        HEAD "1,\"adoption\":\"absent\",\"verdict\":\"maybe\"}",
        HEAD "1,\"adoption\":\"absent\",\"verdict\":\"not_appl",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scan_stats s = {.records = 0};
        struct recount_line r;
        assert_int_equal(recount_line(slice_of(bad[i]), &s, &r), ST_INVALID);
        assert_int_equal(s.records, 0);
    }
}

/* ---- what a resume refuses ------------------------------------------------------------------ */

struct
try {
    enum status st;
    int exit_code;
    uint64_t done, cpu_ms;
    struct scan_stats stats;
    char error[512];
};

/* One resume_open with further arguments, NULL-terminated. */
static struct try attempt(const char *list, ...)
{
    struct try t = {.exit_code = -1};
    char *argv[16] = {(char *)(uintptr_t) "scan", (char *)(uintptr_t) "--resolver=127.0.0.1",
                      (char *)(uintptr_t) "-o", (char *)(uintptr_t)in_folder("s.ndjson"),
                      (char *)(uintptr_t)list};
    int argc = 5;
    struct scan_options o;
    struct resume r;
    va_list ap;
    va_start(ap, list);
    while (argc < 15 && (argv[argc] = va_arg(ap, char *)))
        argc++;
    va_end(ap);
    assert_int_equal(options_parse(argc, argv, &o), ST_OK);
    t.st = resume_open(&o, SLICE_LIT(""), 1, &r, &t.exit_code, t.error, sizeof t.error);
    t.done = r.done.n;
    t.stats = r.stats;
    t.cpu_ms = r.journal ? journal_spent_before(r.journal)->cpu_ms : 0;
    resume_close(&r);
    options_free(&o);
    return t;
}

#define RECORD(i)                                                                     \
    HEAD #i ",\"adoption\":\"absent\",\"verdict\":\"not_applicable\",\"cause\":null," \
            "\"findings\":[]}\n"

/* Two records that the journal vouches for. */
static void leave_two_records(void)
{
    char error[256];
    put("list", "a.example\nb.example\nc.example\n");
    put("s.ndjson", RECORD(0) RECORD(2) RECORD(1));
    unlink(in_folder("s.state"));
    struct try t = attempt(in_folder("list"), NULL);
    assert_int_equal(t.st, ST_OK);
    journal *j;
    assert_int_equal(journal_open(in_folder("s.state"), &j, error, sizeof error), ST_OK);
    journal_begin_run(j);
    struct journal_point p = {.records = 2};
    p.data.bytes_out = strlen(RECORD(0) RECORD(2));
    assert_int_equal(journal_append(j, &p), ST_OK);
    journal_close(j);
}

static void expect_refused(struct try t, const char *text)
{
    assert_int_not_equal(t.st, ST_OK);
    assert_int_equal(t.exit_code, EXIT_USAGE);
    if (!strstr(t.error, text))
        fail_msg("'%s' does not say '%s'", t.error, text);
}

static void test_resume(void **state)
{
    (void)state;
    leave_two_records();
    const char *list = in_folder("list");
    struct try t = attempt(list, "--resume", NULL);
    assert_int_equal(t.st, ST_OK);
    assert_int_equal(t.done, 2);
    /* What decides only how it is scanned may differ. */
    t = attempt(list, "--resume", "--dns-rate=1", "--workers=3", "--timeout-dns=3", "--quiet",
                "--blocklist=/dev/null", "--resolver=::1", NULL);
    assert_int_equal(t.st, ST_OK);
    /* Without --resume nothing is overwritten. */
    expect_refused(attempt(list, NULL), "unfinished scan with 2 records");
}

/* Work that no record shows is carried over by the journal. */
static void test_spent(void **state)
{
    (void)state;
    char error[256];
    journal *j;
    struct scan_stats before = {.dns_sent = 5}, now = {.dns_sent = 14, .records = 3};
    leave_two_records();
    assert_int_equal(journal_open(in_folder("s.state"), &j, error, sizeof error), ST_OK);
    journal_begin_run(j);
    struct journal_point p = *journal_last(j);
    now.lookup[LOOKUP_FOUND] = 2;
    now.lookup[LOOKUP_COUNT - 1] = 6;
    now.probe_end[PROBE_END_COUNT - 1] = 7;
    now.watchdog = 1;
    spent_add_since(&p.spent.work, &now, &before);
    assert_int_equal(journal_append(j, &p), ST_OK);
    uint64_t cpu_ms = journal_last(j)->spent.cpu_ms;
    assert_true(journal_last(j)->spent.peak_bytes > 0);
    journal_close(j);

    struct try t = attempt(in_folder("list"), "--resume", NULL);
    assert_int_equal(t.st, ST_OK);
    assert_int_equal(t.stats.dns_sent, 9);
    assert_int_equal(t.stats.lookup[LOOKUP_FOUND], 2);
    assert_int_equal(t.stats.lookup[LOOKUP_COUNT - 1], 6);
    assert_int_equal(t.stats.probe_end[PROBE_END_COUNT - 1], 7);
    assert_int_equal(t.stats.watchdog, 1);
    assert_int_equal(t.stats.records, 2); /* counted from the output alone */
    assert_int_equal(t.cpu_ms, cpu_ms);
}

static void test_refused(void **state)
{
    (void)state;
    leave_two_records();
    const char *list = in_folder("list");
    expect_refused(attempt(list, "--resume", "--seed=7", NULL), "--seed was 0 and is 7");
    expect_refused(attempt(list, "--resume", "--shards=2", NULL), "--shards was 1 and is 2");
    expect_refused(attempt(list, "--resume", "--shards=2", "--shard=1", NULL), "--shard");
    expect_refused(attempt(list, "--resume", "--sample=0.5", NULL), "--sample");
    expect_refused(attempt(list, "--resume", "--registrable", NULL), "--registrable");
    expect_refused(attempt(list, "--resume", "--no-probe", NULL), "--no-probe");
    expect_refused(attempt(list, "--resume", "--ehlo-name=a.example", NULL),
                   "--ehlo-name was not set and is a.example");
    put("list", "a.example\nb.example\nd.example\n");
    expect_refused(attempt(list, "--resume", NULL), "its bytes have changed");
    put("list", "a.example\nb.example\n");
    expect_refused(attempt(list, "--resume", NULL), "it had 30 bytes and has 20");
    expect_refused(attempt(list, "--resume", "-o", "-", NULL), "needs an output that is a file");
}

/* The lines of a pipe are compared with the records. */
static enum status compare(const char *const *domains, size_t n, const char *reason)
{
    struct resume r = {.journal = NULL};
    char *argv[] = {
        (char *)(uintptr_t) "scan",     (char *)(uintptr_t) "--resolver=127.0.0.1",
        (char *)(uintptr_t) "-o",       (char *)(uintptr_t)in_folder("s.ndjson"),
        (char *)(uintptr_t) "--resume", (char *)(uintptr_t) "/dev/null"}; /* no regular file */
    struct scan_options o;
    char error[256];
    int exit_code;
    enum status st = ST_OK;
    assert_int_equal(options_parse(6, argv, &o), ST_OK);
    assert_int_equal(
        resume_open(&o, (struct slice){NULL, 0}, 1, &r, &exit_code, error, sizeof error), ST_OK);
    assert_int_equal(r.done.n, 3);
    assert_int_equal(r.last, 3);
    struct input_skip skip = resume_skip(&r);
    assert_int_equal(skip.check_first, 3);
    for (size_t i = 0; st == ST_OK && i <= n; i++) {
        bool done;
        struct input_item item = {.index = i, .domain = i < n ? domains[i] : ""};
        if (i < n && domains[i][0] == '\0')
            item.reason = reason;
        st = skip.check(skip.arg, i < n ? &item : NULL, &done);
        if (st == ST_OK)
            assert_int_equal(done, i < n && (i == 0 || i == 2 || i == 3));
    }
    resume_close(&r);
    options_free(&o);
    return st;
}

static void test_compared(void **state)
{
    (void)state;
    char error[256];
    put("s.ndjson", "{\"schema\":1,\"domain\":\"a.example\",\"rank\":null,\"index\":0,"
                    "\"adoption\":\"absent\",\"verdict\":\"not_applicable\",\"findings\":[]}\n"
                    "{\"schema\":1,\"domain\":\"d.example\",\"rank\":null,\"index\":3,"
                    "\"adoption\":\"absent\",\"verdict\":\"not_applicable\",\"findings\":[]}\n"
                    "{\"schema\":1,\"domain\":\"\",\"rank\":null,\"index\":2,"
                    "\"adoption\":\"invalid_input\",\"verdict\":\"not_applicable\","
                    "\"findings\":[],\"raw\":\"-\",\"reason\":\"idna\"}\n");
    unlink(in_folder("s.state"));
    assert_int_equal(attempt("/dev/null", NULL).st, ST_OK);
    journal *j;
    assert_int_equal(journal_open(in_folder("s.state"), &j, error, sizeof error), ST_OK);
    struct journal_point p = {.records = 3};
    assert_int_equal(journal_append(j, &p), ST_OK);
    journal_close(j);

    const char *good[] = {"a.example", "b.example", "", "d.example", "e.example"};
    const char *undone[] = {"a.example", "other.example", "", "d.example"};
    const char *other[] = {"a.example", "b.example", "", "x.example", "e.example"};
    const char *moved[] = {"b.example", "a.example", "", "d.example", "e.example"};
    const char *inserted[] = {"new.example", "a.example", "b.example", "", "d.example"};
    assert_int_equal(compare(good, 5, "idna"), ST_OK);
    assert_int_equal(compare(undone, 4, "idna"), ST_OK);
    assert_int_equal(compare(good, 5, "empty"), ST_USAGE);
    assert_int_equal(compare(other, 5, "idna"), ST_USAGE);
    assert_int_equal(compare(moved, 5, "idna"), ST_USAGE);
    assert_int_equal(compare(inserted, 5, "idna"), ST_USAGE);
    assert_int_equal(compare(good, 2, "idna"), ST_USAGE); /* shorter than what is done */
}

static void test_damaged(void **state)
{
    (void)state;
    leave_two_records();
    const char *list = in_folder("list");
    put("s.ndjson", RECORD(0));
    expect_refused(attempt(list, "--resume", NULL), "does not hold the 2 records");
    put("s.ndjson", RECORD(0) RECORD(0));
    expect_refused(attempt(list, "--resume", NULL), "does not hold the 2 records");
    put("s.state", "not a state file\n");
    expect_refused(attempt(list, "--resume", NULL), "is no state file");
    /* Cut off in its first line: nothing was ever written under it. */
    put("s.state", "{\"stscan_sta");
    assert_int_equal(attempt(list, "--resume", NULL).st, ST_OK);
    put("s.state", "");
    assert_int_equal(attempt(list, "--resume", NULL).st, ST_OK);
}

/* A torn last line counts as not written; so does all that follows damage. */
static void test_torn_journal(void **state)
{
    (void)state;
    char error[256];
    journal *j;
    leave_two_records();
    FILE *f = fopen(in_folder("s.state"), "a");
    assert_non_null(f);
    fputs("{\"data\":999999,\"frames\":1,\"text\":1,\"records\":9", f);
    fclose(f);
    assert_int_equal(journal_open(in_folder("s.state"), &j, error, sizeof error), ST_OK);
    assert_int_equal(journal_last(j)->records, 2);
    assert_int_equal(journal_last(j)->runs, 1);
    /* While it is open, nobody else can have it. */
    expect_refused(attempt(in_folder("list"), "--resume", NULL), "another scan is writing");
    journal_close(j);
    assert_int_equal(attempt(in_folder("list"), "--resume", NULL).done, 2);
    /* A first line whose bytes never reached the disk: its place may hold zeros. */
    static const char zeros[512];
    f = fopen(in_folder("s.state"), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, f), sizeof zeros);
    fclose(f);
    assert_int_equal(journal_open(in_folder("s.state"), &j, error, sizeof error), ST_TRUNCATED);
}

static void test_complete_and_link(void **state)
{
    (void)state;
    const char *list = in_folder("list");
    put("list", "a.example\n");
    put("s.ndjson", RECORD(0));
    unlink(in_folder("s.state"));
    put("s.meta.json", "{\"complete\":true}");
    assert_int_equal(attempt(list, "--resume", NULL).st, ST_EOF);
    put("s.meta.json", "{\"complete\":true,\"input\":{\"bytes\":9,\"sha256\":\"00\"}}");
    struct try other = attempt(list, "--resume", NULL);
    assert_int_equal(other.exit_code, EXIT_USAGE);
    assert_non_null(strstr(other.error, "of another input"));
    assert_int_equal(access(in_folder("s.state"), F_OK), -1);
    put("s.meta.json", "{\"complete\":false}");
    assert_int_equal(attempt(list, "--resume", NULL).st, ST_OK); /* begins anew */
    assert_int_equal(access(in_folder("s.meta.json"), F_OK), -1);
    unlink(in_folder("s.state"));
    put("link", "mine");
    assert_int_equal(symlink(in_folder("link"), in_folder("s.state")), 0);
    struct try t = attempt(list, NULL);
    assert_int_equal(t.exit_code, EXIT_OUTPUT);
    assert_non_null(strstr(t.error, "symbolic link"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done_set),     cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_marks),        cmocka_unit_test(test_recount),
        cmocka_unit_test(test_no_record),    cmocka_unit_test(test_resume),
        cmocka_unit_test(test_spent),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_compared),     cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_torn_journal), cmocka_unit_test(test_complete_and_link),
    };
    return cmocka_run_group_tests(tests, temp_folder_make, teardown);
}
