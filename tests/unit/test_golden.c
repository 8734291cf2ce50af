/* Real policies and records, judged as tests/golden/policies.tsv says.
 *
 * The data is read from $STSCAN_SHARED/data (default ../shared); the golden file holds names and
 * judgements only: path below data (a policy), or path:line (a TXT string), then valid or invalid,
 * then the codes in table order. Each line was compared with RFC 8461 and RFC 8460 by hand. A file
 * that is missing is passed over; when all are, the test skips itself. */
#include "lib/policy.h"
#include "lib/record.h"
#include "lib/tlsrpt.h"
#include "tests/unit/expect_codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_MAX_BYTES = 4096 };

static name_psl *psl;
static size_t judged, missing, wrong;

/* The whole file; false when it is not there. */
static bool read_file(const char *name, struct strbuf *out)
{
    const char *shared = getenv("STSCAN_SHARED");
    char path[LINE_MAX_BYTES + 1024], chunk[4096];
    size_t got;
    snprintf(path, sizeof path, "%.900s/data/%s", shared != NULL ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    while ((got = fread(chunk, 1, sizeof chunk, f)) > 0)
        strbuf_add(out, chunk, got);
    fclose(f);
    assert_int_equal(out->error, ST_OK);
    return true;
}

/* Line `wanted`, counted from 1, without its end. */
static struct slice line_of(const struct strbuf *text, long wanted)
{
    const char *p = text->p, *end = text->p + text->len;
    for (long at = 1; p < end; at++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((stop != NULL ? stop : end) - p);
        if (at == wanted)
            return (struct slice){p, len};
        p += len + 1;
    }
    fail_msg("no line %ld", wanted);
    return (struct slice){"", 0};
}

static const char *judge(const char *name, struct slice text, struct findings *f)
{
    const struct policy_context ctx = {.domain = NULL, .psl = psl};
    const struct txt_rr rr = {text.p, text.len, 1};
    struct policy policy;
    struct sts_record record;
    struct tlsrpt tlsrpt;
    bool valid;
    if (strncmp(name, "policies/", 9) == 0) {
        assert_int_equal(policy_judge(text, &ctx, f, &policy), ST_OK);
        valid = policy.valid;
    } else if (strstr(name, "tlsrpt") != NULL) {
        assert_int_equal(tlsrpt_judge(&rr, 1, NULL, f, &tlsrpt), ST_OK);
        valid = tlsrpt.valid;
    } else {
        assert_int_equal(record_judge(&rr, 1, f, &record), ST_OK);
        valid = record.state == RECORD_VALID;
    }
    return arena_printf(f->arena, "%s\t%s", valid ? "valid" : "invalid", codes_text(f));
}

/* One line of the golden file: "NAME\tvalid|invalid\tcodes". */
static void check(char *line)
{
    struct arena arena;
    struct findings f;
    struct strbuf file;
    line[strcspn(line, "\n")] = '\0';
    char *want = strchr(line, '\t');
    assert_non_null(want);
    *want++ = '\0';
    char *colon = strrchr(line, ':');
    if (colon != NULL)
        *colon++ = '\0';

    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&f, &arena);
    strbuf_init(&file, 1 << 20);
    if (!read_file(line, &file)) {
        missing++;
    } else {
        struct slice text = {file.p, file.len};
        if (colon != NULL)
            text = line_of(&file, strtol(colon, NULL, 10));
        const char *got = judge(line, text, &f);
        judged++;
        if (strcmp(got, want) != 0) {
            wrong++;
            print_error("%s%s%s\n  want %s\n  got  %s\n", line, colon != NULL ? ":" : "",
                        colon != NULL ? colon : "", want, got);
        }
    }
    strbuf_free(&file);
    arena_free(&arena);
}

static void test_golden(void **state)
{
    (void)state;
    char line[LINE_MAX_BYTES];
    assert_int_equal(name_psl_load(NULL, &psl), ST_OK);
    FILE *f = fopen("tests/golden/policies.tsv", "r");
    assert_non_null(f); /* tests run from the top of the tree */
    while (fgets(line, sizeof line, f) != NULL)
        if (line[0] != '#' && line[0] != '\n')
            check(line);
    fclose(f);
    name_psl_free(psl);
    print_message("%zu judged, %zu missing\n", judged, missing);
    if (judged == 0)
        skip();
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
