/* Units of scanner/classify_cmd.c: old records are judged again. */
#include "scanner/classify_cmd.h"

#include "lib/record_json.h"
#include "scanner/judge_tables.h"
#include "scanner/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/stscan-classify-XXXXXX";
static char from[64], to[64], packed[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(from, sizeof from, "%s/old.ndjson", folder);
    snprintf(to, sizeof to, "%s/new.ndjson", folder);
    snprintf(packed, sizeof packed, "%s/packed.ndjson.zst", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(from);
    unlink(to);
    unlink(packed);
    return rmdir(folder);
}

static void put(const char *text)
{
    FILE *f = fopen(from, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char *get(const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    if (getdelim(&text, &size, '\0', f) < 0)
        text[0] = '\0';
    fclose(f);
    return text;
}

/* Three records: absent, broken (two STS records), a bad input line. */
static void make_records(struct strbuf *out)
{
    struct judge_tables t;
    struct evidence e;
    struct judgement j;
    char error[256];
    struct txt_rr rr[2] = {{"v=STSv1; id=1;", 14, 1}, {"v=STSv1; id=2;", 14, 1}};
    assert_int_equal(judge_tables_open(NULL, &t, error, sizeof error), ST_OK);
    evidence_init(&e);
    judgement_init(&j);
    for (int i = 0; i < 3; i++) {
        evidence_reset(&e);
        e.index = (uint64_t)i;
        e.ts_ms = 1700000000000;
        e.domain = i < 2 ? "example.com" : "";
        e.sts.dns.status = i == 0 ? LOOKUP_NXDOMAIN : LOOKUP_FOUND;
        e.sts.dns.rcode = i == 0 ? 3 : 0;
        if (i == 1) {
            e.sts.rr = rr;
            e.sts.n = 2;
        } else if (i == 2) {
            e.sts.dns.status = LOOKUP_SKIPPED;
            e.input = INPUT_INVALID;
            e.input_reason = "bad_character";
            e.raw = SLICE_LIT("not \\ a name\xff");
        }
        assert_int_equal(classify(&t.judge, &e, &j), ST_OK);
        assert_int_equal(record_write(&e, &j, out), ST_OK);
    }
    evidence_free(&e);
    judgement_free(&j);
    judge_tables_close(&t);
}

/* The same rules give the same bytes, through a compressed file and back. */
static void test_round_trip(void **state)
{
    (void)state;
    struct strbuf records;
    struct classify_counts counts;
    char error[256];
    strbuf_init(&records, 1 << 20);
    make_records(&records);
    assert_non_null(strstr(records.p, "\"sts_multiple\""));
    put(records.p);
    assert_int_equal(classify_file(from, packed, NULL, &counts, error, sizeof error), 0);
    assert_int_equal(counts.records, 3);
    assert_int_equal(classify_file(packed, to, NULL, &counts, error, sizeof error), 0);
    char *again = get(to);
    assert_string_equal(again, records.p);
    free(again);
    strbuf_free(&records);
}

/* What an older version judged otherwise is judged anew. */
static void test_judged_anew(void **state)
{
    (void)state;
    struct strbuf records;
    struct classify_counts counts;
    char error[256];
    strbuf_init(&records, 1 << 20);
    make_records(&records);
    char *old = strdup(records.p);
    char *word = strstr(old, "\"broken\"");
    assert_non_null(word);
    memcpy(word, "\"absent\"", 8);
    put(old);
    assert_int_equal(classify_file(from, to, NULL, &counts, error, sizeof error), 0);
    char *again = get(to);
    assert_string_equal(again, records.p);
    free(again);
    free(old);
    strbuf_free(&records);
}

static void test_failures(void **state)
{
    (void)state;
    struct strbuf records;
    struct classify_counts counts;
    char error[256];
    strbuf_init(&records, 1 << 20);
    make_records(&records);
    strbuf_adds(&records, "{\"nonsense\":1}\n\n{\"schema\":1,\"dom");
    put(records.p);
    assert_int_equal(classify_file(from, to, NULL, &counts, error, sizeof error), EXIT_INPUT);
    assert_int_equal(counts.records, 3);
    assert_int_equal(counts.bad_lines, 2);
    assert_non_null(strstr(error, "line 4"));
    assert_int_equal(classify_file(from, from, NULL, &counts, error, sizeof error), EXIT_USAGE);
    assert_int_equal(classify_file(from, "x.json", NULL, &counts, error, sizeof error), EXIT_USAGE);
    assert_int_equal(classify_file("/nonexistent", to, NULL, &counts, error, sizeof error),
                     EXIT_INPUT);
    assert_int_equal(
        classify_file(from, "/nonexistent/a.ndjson", NULL, &counts, error, sizeof error),
        EXIT_OUTPUT);
    assert_int_equal(classify_file(from, to, "/nonexistent", &counts, error, sizeof error),
                     EXIT_USAGE);
    strbuf_free(&records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_judged_anew),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
