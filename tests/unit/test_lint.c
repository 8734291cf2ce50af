/* `stscan lint` end to end: arguments in, one JSON object and an exit code out. */
#include "scanner/lint.h"

#include "lib/bytes.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 8 };

struct output {
    int code;
    char *out, *err;
};

/* Arguments separated by '|' behind "lint"; the bytes of `in` on standard input. */
static struct output run(const char *line, struct slice in)
{
    char *copy = strdup(line);
    char *args[ARGS_MAX];
    size_t n = 0;
    for (char *p = copy; p != NULL && *p != '\0' && n < ARGS_MAX; n++) {
        args[n] = p;
        p = strchr(p, '|');
        if (p != NULL)
            *p++ = '\0';
    }
    struct output o = {0};
    size_t out_len, err_len;
    FILE *input = tmpfile();
    assert_non_null(input);
    assert_int_equal(fwrite(in.p, 1, in.len, input), in.len);
    rewind(input);
    FILE *out = open_memstream(&o.out, &out_len), *err = open_memstream(&o.err, &err_len);
    o.code = lint_run(n, args, input, out, err);
    fclose(out);
    fclose(err);
    fclose(input);
    free(copy);
    return o;
}

static void release(struct output *o)
{
    free(o->out);
    free(o->err);
}

/* The output is one line of JSON of that kind with those codes. */
static void expect(const char *line, struct slice in, const char *kind, int code, const char *codes)
{
    struct output o = run(line, in);
    json_t *root = json_loads(o.out, JSON_REJECT_DUPLICATES, NULL);
    size_t i;
    json_t *f;
    char got[1024] = "";

    assert_non_null(root);
    assert_string_equal(o.err, "");
    assert_non_null(strchr(o.out, '\n'));
    assert_int_equal(strchr(o.out, '\n')[1], '\0');
    assert_string_equal(json_string_value(json_object_get(root, "kind")), kind);
    assert_int_equal(json_is_true(json_object_get(root, "valid")), code == 0);
    assert_int_equal(json_object_size(root), 3);
    size_t at = 0;
    json_array_foreach(json_object_get(root, "findings"), i, f)
    {
        assert_int_equal(json_object_size(f), 5);
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", at > 0 ? " " : "",
                               json_string_value(json_object_get(f, "code")));
    }
    assert_string_equal(got, codes);
    assert_int_equal(o.code, code);
    json_decref(root);
    release(&o);
}

static const struct slice nothing = {"", 0};

static void test_record(void **state)
{
    (void)state;
    expect("record|v=STSv1; id=1", nothing, "record", 0, "");
    expect("record|v=STSv1; id=1|v=spf1 -all", nothing, "record", 0, "sts_foreign_txt");
    expect("record|v=STSv1; id=1|v=STSv1; id=2", nothing, "record", 1, "sts_multiple");
    expect("record|v=STSv1; id=a-b", nothing, "record", 1, "sts_id_chars");
    expect("record|v=spf1 -all", nothing, "record", 1, "sts_only_foreign_txt");
    expect("record|--|v=STSv1; id=1", nothing, "record", 0, "");
    expect("record|v=STSv1; id=\xff\x01\"", nothing, "record", 1,
           "sts_id_chars sts_non_ascii sts_literal_quotes");
}

static void test_tlsrpt(void **state)
{
    (void)state;
    expect("tlsrpt|v=TLSRPTv1; rua=mailto:r@example.com", nothing, "tlsrpt", 0, "");
    expect("tlsrpt|v=TLSRPTv1; rua=mailto:r@", nothing, "tlsrpt", 0, "rpt_rua_mail_invalid");
    expect("tlsrpt|v=TLSRPTv1;", nothing, "tlsrpt", 1, "rpt_rua_missing");
    expect("tlsrpt|v=spf1 -all", nothing, "tlsrpt", 1, "rpt_foreign_txt");
}

#define GOOD "version: STSv1\r\nmode: enforce\r\nmx: mx.example.net\r\nmax_age: 1209600\r\n"

static void test_policy(void **state)
{
    (void)state;
    expect("policy|-", SLICE_LIT(GOOD), "policy", 0, "");
    expect("policy|-", SLICE_LIT(GOOD "mode: x\r\n"), "policy", 0, "pol_key_dup pol_accept_set");
    expect("policy|-", SLICE_LIT("version: STSv1\r\nmode: live\r\nmx: a.b\r\nmax_age: 1209600"),
           "policy", 1, "pol_mode_bad");
    expect("policy|-",
           SLICE_LIT("version: STSv1\r\nmode: enforce\r\nmx: *.google.com\r\n"
                     "max_age: 1209600"),
           "policy", 0, "pol_mx_wildcard_shared");
    expect("policy|-", SLICE_LIT("<!doctype html><p>hello"), "policy", 1, "http_html_200");
    expect("policy|-", nothing, "policy", 1, "http_empty");
    expect("policy|-", SLICE_LIT("\n \n"), "policy", 1, "http_empty");
}

static void test_policy_too_large(void **state)
{
    (void)state;
    struct strbuf body;
    strbuf_init(&body, 70000);
    strbuf_adds(&body, GOOD);
    while (body.len <= 65536)
        strbuf_adds(&body, "mx: mx.example.net\r\n");
    expect("policy|-", (struct slice){body.p, body.len}, "policy", 1, "http_too_large");
    strbuf_free(&body);
}

static void test_policy_file(void **state)
{
    (void)state;
    char path[] = "/tmp/stscan-lint-XXXXXX";
    char line[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, GOOD, sizeof GOOD - 1), sizeof GOOD - 1);
    close(fd);
    snprintf(line, sizeof line, "policy|%s", path);
    expect(line, nothing, "policy", 0, "");
    unlink(path);

    struct output o = run(line, nothing);
    assert_int_equal(o.code, 2);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(o.err, path));
    release(&o);
}

static void test_match(void **state)
{
    (void)state;
    struct output o = run("match|*.example.com|mx.example.com", nothing);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "{\"kind\":\"match\",\"match\":true}\n");
    release(&o);
    o = run("match|*.example.com|a.b.example.com", nothing);
    assert_int_equal(o.code, 1);
    assert_string_equal(o.out, "{\"kind\":\"match\",\"match\":false}\n");
    release(&o);
}

static void test_usage(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        "record", "policy", "policy|a|b", "tlsrpt",
                                        "match|a", "match",  "what|x", "match|a|b|c"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct output o = run(wrong[i], nothing);
        assert_int_equal(o.code, 2);
        assert_string_equal(o.out, "");
        assert_non_null(strstr(o.err, "stscan lint: "));
        assert_non_null(strstr(o.err, "\nTry 'stscan lint --help'.\n"));
        release(&o);
    }
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record),      cmocka_unit_test(test_tlsrpt),
        cmocka_unit_test(test_policy),      cmocka_unit_test(test_policy_too_large),
        cmocka_unit_test(test_policy_file), cmocka_unit_test(test_match),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
