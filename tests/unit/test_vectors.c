/* Test vectors of other implementations: each agrees with our judgement, or stands in a table here
 * with the reason why its source differs.
 *
 * The vectors are read from $STSCAN_SHARED/vectors (default ../shared); without them the test skips
 * itself. */
#include "lib/match.h"
#include "lib/policy.h"
#include "lib/record.h"
#include "lib/senders.h"
#include "lib/tlsrpt.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof *(a))

enum { RECORDS_MAX = 8, LINE_MAX_BYTES = 65536 };

/* A vector that we judge otherwise: how its source and input begin, and why. */
struct difference {
    const char *source, *kind, *input, *why;
};

static const struct difference differences[] = {
    {"mjl-/mox", "policy", "version:STSv1\nmode:none\nmax_age:0\next:",
     "a field that is not one of the four SHALL be ignored (RFC 8461 3.2), malformed or not"},
    {"mjl-/mox", "policy", "version:STSv1\nmode:none\nmax_age:0\na12345678901234567890123456789012",
     "as above: the over-long name is an unknown key"},
    {"mjl-/mox", "policy", "version:STSv1\nmode:none\nmax_age:0\n_bad:test",
     "as above: the line is ignored, pol_line_malformed"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example; more=",
     "an unknown field, malformed or not, is ignored (rpt_dup_or_ext)"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example; a123456789012345678901234567890",
     "as above"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example; 1%=a", "as above"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example; test==", "as above"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example;;", "as above, an empty field"},
    {"mjl-/mox", "tlsrpt", "v=TLSRPTv1; rua=mailto:x@x.example other",
     "the record stands, its address is malformed (rpt_rua_mail_invalid, effect W)"},
    {"albertito/chasquid", "mx_match", "a.b < a.b.",
     "a pattern is a Domain of RFC 5321, which has no final dot"},
    {"albertito/chasquid", "mx_match",
     "\xc3\x91"
     "aca.com < \xc3\xb1"
     "aca.com",
     "a pattern and an MX name are A-labels (RFC 8461 3.2, 4.1); U-labels are not converted"},
    {"albertito/chasquid", "mx_match",
     "\xc3\xb1"
     "aca.com < \xc3\x91"
     "aca.com",
     "as above"},
    {"albertito/chasquid", "mx_match",
     "x.\xc3\xb1"
     "aca.com < x.xn--aca-6ma.com",
     "as above"},
    {"foxcpp/go-mtasts", "mx_match",
     "\xc3\x91"
     "aca.com < \xc3\xb1"
     "aca.com",
     "as above"},
    {"foxcpp/go-mtasts", "mx_match",
     "\xc3\xb1"
     "aca.com < \xc3\x91"
     "aca.com",
     "as above"},
    {"foxcpp/go-mtasts", "mx_match",
     "x.\xc3\xb1"
     "aca.com < x.xn--aca-6ma.com",
     "as above"},
    {"Snawoot/postfix-mta-sts-resolver", "record", "v=STSv1;        id=20160831085700Z   ",
     "white space belongs to a delimiter only (RFC 8461 3.1): here it is part of the id"},
    {"Snawoot/postfix-mta-sts-resolver", "record", "v=STSv1; id=20160831085700Z;;;",
     "a delimiter is followed by a field, but for the last one (RFC 8461 3.1)"},
};

static bool difference_used[N(differences)];

/* ---- one vector ------------------------------------------------------------------------------ */

static size_t texts_of(json_t *input, struct txt_rr rr[RECORDS_MAX])
{
    size_t n = json_is_array(input) ? json_array_size(input) : 1;
    assert_in_range(n, 0, RECORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        json_t *text = json_is_array(input) ? json_array_get(input, i) : input;
        rr[i] = (struct txt_rr){json_string_value(text), json_string_length(text), 1};
    }
    return n;
}

static bool record_valid(json_t *input, struct findings *f)
{
    struct txt_rr rr[RECORDS_MAX];
    struct sts_record out;
    assert_int_equal(record_judge(rr, texts_of(input, rr), f, &out), ST_OK);
    return out.state == RECORD_VALID;
}

static bool tlsrpt_valid(json_t *input, struct findings *f)
{
    struct txt_rr rr[RECORDS_MAX];
    struct tlsrpt out;
    assert_int_equal(tlsrpt_judge(rr, texts_of(input, rr), NULL, f, &out), ST_OK);
    return out.valid;
}

static bool policy_valid(json_t *input, struct findings *f)
{
    const struct policy_context nowhere = {NULL, NULL};
    struct policy out;
    struct slice body = {json_string_value(input), json_string_length(input)};
    assert_int_equal(policy_judge(body, &nowhere, f, &out), ST_OK);
    return out.valid;
}

static bool mx_matches(json_t *input)
{
    json_t *pattern;
    size_t i;
    struct slice mx = slice_of(json_string_value(json_object_get(input, "mx")));
    json_array_foreach(json_object_get(input, "patterns"), i,
                       pattern) if (mx_match(slice_of(json_string_value(pattern)), mx)) return true;
    return false;
}

/* The source's own reading of a response, under its switches. */
static bool sender_accepts(const char *sender, int status, const char *type, const char *body,
                           struct arena *arena)
{
    const struct txt_rr rr = {"v=STSv1; id=1", 13, 1};
    const struct http_facts response = {
        .status = status, .content_type = type, .body = slice_of(body)};
    const char **names;
    size_t n;
    assert_int_equal(senders_judge(arena, &rr, 1, &response, &names, &n), ST_OK);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], sender) == 0)
            return true;
    return false;
}

static bool response_valid(const char *source, const char *kind, json_t *input, struct arena *arena)
{
    static const char good[] = "version: STSv1\nmode: enforce\nmx: mail.loc\nmax_age: 86400";
    const char *sender =
        strstr(source, "chasquid") != NULL ? "chasquid" : "postfix-mta-sts-resolver";
    if (strcmp(kind, "content_type") == 0)
        return sender_accepts(sender, 200, json_string_value(input), good, arena);
    int status = (int)json_integer_value(json_object_get(input, "status"));
    const char *body = json_string_value(json_object_get(input, "body"));
    return sender_accepts(sender, status, "text/plain", body, arena) ||
           sender_accepts("rfc8461", status, "text/plain", body, arena);
}

static bool our_verdict(const char *source, const char *kind, json_t *input)
{
    struct arena arena;
    struct findings f;
    bool valid = false;
    arena_init(&arena, EVIDENCE_MAX_BYTES);
    findings_init(&f, &arena);
    if (strcmp(kind, "record") == 0 || strcmp(kind, "record_set") == 0)
        valid = record_valid(input, &f);
    else if (strcmp(kind, "tlsrpt") == 0 || strcmp(kind, "tlsrpt_set") == 0)
        valid = tlsrpt_valid(input, &f);
    else if (strcmp(kind, "policy") == 0)
        valid = policy_valid(input, &f);
    else if (strcmp(kind, "mx_match") == 0)
        valid = mx_matches(input);
    else if (strcmp(kind, "content_type") == 0 || strcmp(kind, "http") == 0)
        valid = response_valid(source, kind, input, &arena);
    else
        fail_msg("unknown kind of vector: %s", kind);
    arena_free(&arena);
    return valid;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* The input as the table above writes it: a match as "MX < PATTERN". */
static const char *input_text(json_t *input, char *buf, size_t size)
{
    if (!json_is_object(input))
        return json_string_value(input);
    snprintf(buf, size, "%s < %s", json_string_value(json_object_get(input, "mx")),
             json_string_value(json_array_get(json_object_get(input, "patterns"), 0)));
    return buf;
}

static bool starts(const char *text, const char *prefix)
{
    return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0;
}

static const struct difference *find_difference(const char *source, const char *kind, json_t *input)
{
    char buf[1024];
    const char *text = input_text(input, buf, sizeof buf);
    for (size_t i = 0; i < N(differences); i++)
        if (starts(source, differences[i].source) && strcmp(kind, differences[i].kind) == 0 &&
            starts(text, differences[i].input)) {
            difference_used[i] = true;
            return &differences[i];
        }
    return NULL;
}

static bool check_vector(const char *line)
{
    json_t *v = json_loads(line, JSON_ALLOW_NUL, NULL);
    assert_non_null(v);
    const char *source = json_string_value(json_object_get(v, "source"));
    const char *kind = json_string_value(json_object_get(v, "kind"));
    const char *expected = json_string_value(json_object_get(v, "expected"));
    json_t *input = json_object_get(v, "input");

    bool theirs = strcmp(expected, "valid") == 0 || strcmp(expected, "match") == 0;
    bool differs = our_verdict(source, kind, input) != theirs;
    bool listed = find_difference(source, kind, input) != NULL;
    if (differs != listed)
        print_error("%s: %s", differs ? "differs and is not listed" : "listed but agrees", line);
    json_decref(v);
    return differs == listed;
}

static void test_vectors(void **state)
{
    (void)state;
    static char line[LINE_MAX_BYTES];
    const char *shared = getenv("STSCAN_SHARED");
    char path[1024];
    size_t n = 0, wrong = 0;

    snprintf(path, sizeof path, "%s/vectors/vectors.jsonl", shared != NULL ? shared : "../shared");
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        print_message("%s is missing: skipped\n", path);
        skip();
    }
    for (; fgets(line, sizeof line, f) != NULL; n++)
        wrong += !check_vector(line);
    fclose(f);
    print_message("%zu vectors, %zu listed as different\n", n, N(differences));
    assert_int_equal(wrong, 0);
    assert_true(n > 0);
    for (size_t i = 0; i < N(differences); i++)
        if (!difference_used[i])
            fail_msg("no vector for the listed difference %s", differences[i].input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
