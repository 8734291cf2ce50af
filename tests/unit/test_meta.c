/* Units of scanner/output: metadata, the statistics that it shows, names of files. */
#include "scanner/output/meta.h"

#include "scanner/output/names.h"
#include "tests/unit/temp_folder.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void count_one(struct scan_stats *stats, enum adoption adoption, enum input_state is,
                      const char *reason)
{
    struct evidence e;
    struct judgement j;
    evidence_init(&e);
    judgement_init(&j);
    e.input = is;
    e.input_reason = reason;
    j.adoption = adoption;
    j.verdict = VERDICT_NOT_APPLICABLE;
    if (adoption == ADOPTION_BROKEN) {
        j.verdict = VERDICT_UNPROTECTED;
        j.cause = FC_http_404;
        j.policy_stage = "http";
        findings_add(&j.findings, FC_http_404, NULL, SLICE_LIT("404"));
        findings_add(&j.findings, FC_mx_host_cname, "a.example", SLICE_LIT("x"));
        findings_add(&j.findings, FC_mx_host_cname, "b.example", SLICE_LIT("y"));
        findings_add(&j.findings, FC_mx_none, NULL, SLICE_LIT(""));
        findings_sort(&j.findings);
    }
    stats_count_record(stats, &e, &j);
    evidence_free(&e);
    judgement_free(&j);
}

static void test_stats(void **state)
{
    (void)state;
    struct scan_stats a = {0}, b = {0};
    count_one(&a, ADOPTION_ABSENT, INPUT_OK, NULL);
    count_one(&a, ADOPTION_BROKEN, INPUT_OK, NULL);
    count_one(&b, ADOPTION_INVALID_INPUT, INPUT_INVALID, "idna");
    count_one(&b, ADOPTION_INVALID_INPUT, INPUT_INVALID, "no such word");
    b.watchdog = 7;
    stats_add(&a, &b);
    assert_int_equal(a.records, 4);
    assert_int_equal(a.adoption[ADOPTION_INVALID_INPUT], 2);
    assert_int_equal(a.invalid[6], 1);
    assert_int_equal(a.invalid[INVALID_REASONS - 1], 1);
    assert_int_equal(a.finding[FC_mx_host_cname], 1);
    assert_int_equal(a.finding[FC_mx_none], 0); /* a state, not a finding */
    assert_int_equal(a.cause[FC_http_404], 1);
    assert_int_equal(a.policy_failed[FAIL_HTTP], 1);
    assert_int_equal(a.watchdog, 7);
}

static json_t *load_meta(const char *name)
{
    json_t *root = json_load_file(name, 0, NULL);
    assert_non_null(root);
    return root;
}

static json_int_t number_at(json_t *root, const char *a, const char *b, const char *c)
{
    json_t *o = json_object_get(root, a);
    if (b)
        o = json_object_get(o, b);
    if (c)
        o = json_object_get(o, c);
    assert_true(json_is_integer(o));
    return json_integer_value(o);
}

static void test_meta(void **state)
{
    (void)state;
    char output[128], error[256],
        *argv[] = {(char *)(uintptr_t) "scan", (char *)(uintptr_t) "\xff.csv"};
    snprintf(output, sizeof output, "%s", in_folder("m.ndjson.zst"));
    struct scan_options o = {.output = output,
                             .seed = UINT64_MAX,
                             .shards = 4,
                             .shard = 3,
                             .sample = 1,
                             .argc = 2,
                             .argv = argv};
    struct scan_stats stats = {0};
    struct input_counts counts = {.format = FORMAT_CSV, .lines = 9, .items = 2, .invalid = 1};
    struct writer_totals totals = {.records = 2, .frames = 1};
    count_one(&stats, ADOPTION_BROKEN, INPUT_OK, NULL);
    count_one(&stats, ADOPTION_INVALID_INPUT, INPUT_INVALID, "idna");
    stats.lookup[LOOKUP_TIMEOUT] = 5;
    struct scan_meta m = {.options = &o,
                          .stats = &stats,
                          .input = &counts,
                          .written = &totals,
                          .start_ms = 1700000000000,
                          .end_ms = 1700000002000,
                          .complete = false,
                          .exit_code = 5,
                          .exit_reason = "stopped by a signal"};
    assert_int_equal(meta_write(&m, error, sizeof error), ST_OK);
    m.complete = true;
    assert_int_equal(meta_write(&m, error, sizeof error), ST_OK); /* replaces */
    json_t *root = load_meta(in_folder("m.meta.json"));
    assert_true(json_is_true(json_object_get(root, "complete")));
    assert_string_equal(json_string_value(json_object_get(root, "seed")), "18446744073709551615");
    assert_string_equal(json_string_value(json_object_get(root, "start")),
                        "2023-11-14T22:13:20.000Z");
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "arguments"), 1)),
                        "\\xff.csv");
    assert_int_equal(number_at(root, "exit_code", NULL, NULL), 5);
    assert_int_equal(number_at(root, "input", "lines", NULL), 9);
    assert_int_equal(number_at(root, "output", "records", NULL), 2);
    assert_int_equal(number_at(root, "counts", "adoption", "broken"), 1);
    assert_int_equal(number_at(root, "counts", "adoption", "enforce"), 0);
    assert_int_equal(number_at(root, "counts", "findings", "http_404"), 1);
    assert_int_equal(number_at(root, "counts", "invalid", "idna"), 1);
    assert_int_equal(number_at(root, "failures", "policy", "http"), 1);
    assert_int_equal(number_at(root, "failures", "dns", "timeout"), 5);
    assert_true(number_at(root, "cost", "peak_memory_bytes", NULL) > 0);
    json_decref(root);
    unlink(in_folder("m.meta.json"));
    /* Nobody's file is written through a link, and the link is not left half replaced. */
    snprintf(output, sizeof output, "/nonexistent/m.ndjson");
    assert_int_equal(meta_write(&m, error, sizeof error), ST_IO);
    assert_non_null(strstr(error, "No such file"));
}

static void test_names(void **state)
{
    (void)state;
    struct output_names n;
    assert_int_equal(output_names_make("dir.x/a.ndjson", &n), ST_OK);
    assert_string_equal(n.meta, "dir.x/a.meta.json");
    assert_string_equal(n.certs, "dir.x/a.certs.ndjson.zst");
    assert_string_equal(n.state, "dir.x/a.state");
    assert_false(n.compressed);
    output_names_free(&n);
    assert_int_equal(output_names_make("-", &n), ST_OK);
    assert_null(n.meta);
    output_names_free(&n);
    assert_int_equal(output_names_make("a.json", &n), ST_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_meta),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("meta", tests, temp_folder_make, temp_folder_remove);
}
