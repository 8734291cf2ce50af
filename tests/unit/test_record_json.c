/* record_json: what is written is read back, and judged the same. */
#include "lib/record_json.h"
#include "lib/record_words.h"
#include "lib/sha256.h"

#include "tests/unit/evidence_dump.h"
#include "tests/unit/judged_domain.h"
#include "tests/unit/random_evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define SEEDS 3000

struct both {
    struct domain tables; /* for its tables alone */
    struct evidence e, back;
    struct judgement j, again;
    struct strbuf first, second, dump, dump_back;
};

static void both_make(struct both *b)
{
    domain_make(&b->tables);
    evidence_init(&b->e);
    evidence_init(&b->back);
    judgement_init(&b->j);
    judgement_init(&b->again);
    strbuf_init(&b->first, 2 * RECORD_LINE_MAX_BYTES);
    strbuf_init(&b->second, 2 * RECORD_LINE_MAX_BYTES);
    strbuf_init(&b->dump, RECORD_LINE_MAX_BYTES);
    strbuf_init(&b->dump_back, RECORD_LINE_MAX_BYTES);
}

static void both_free(struct both *b)
{
    domain_free(&b->tables);
    evidence_free(&b->e);
    evidence_free(&b->back);
    judgement_free(&b->j);
    judgement_free(&b->again);
    strbuf_free(&b->first);
    strbuf_free(&b->second);
    strbuf_free(&b->dump);
    strbuf_free(&b->dump_back);
}

static struct slice text_of(const struct strbuf *b)
{
    return (struct slice){b->p, b->len};
}

/* Writes e, reads it back, judges and writes again; the two lines must be the same bytes. */
static void check_round_trip(struct both *b, uint64_t seed)
{
    const char *error = NULL;
    strbuf_clear(&b->first);
    strbuf_clear(&b->second);
    assert_int_equal(classify(&b->tables.ctx, &b->e, &b->j), ST_OK);
    assert_int_equal(record_write(&b->e, &b->j, &b->first), ST_OK);
    enum status st = record_read(text_of(&b->first), &b->back, &error);
    if (st != ST_OK)
        fail_msg("seed %llu: %s: %s", (unsigned long long)seed, error ? error : "", b->first.p);
    strbuf_clear(&b->dump);
    strbuf_clear(&b->dump_back);
    evidence_dump(&b->e, &b->dump);
    evidence_dump(&b->back, &b->dump_back);
    if (!slice_eq(text_of(&b->dump), text_of(&b->dump_back)))
        fail_msg("seed %llu: evidence was lost:\n%s\n\n%s", (unsigned long long)seed, b->dump.p,
                 b->dump_back.p);
    assert_int_equal(classify(&b->tables.ctx, &b->back, &b->again), ST_OK);
    assert_int_equal(b->j.adoption, b->again.adoption);
    assert_int_equal(b->j.verdict, b->again.verdict);
    assert_int_equal(b->j.cause, b->again.cause);
    assert_int_equal(record_write(&b->back, &b->again, &b->second), ST_OK);
    if (!slice_eq(text_of(&b->first), text_of(&b->second)))
        fail_msg("seed %llu:\n%s%s", (unsigned long long)seed, b->first.p, b->second.p);
}

static void test_round_trips(void **state)
{
    (void)state;
    struct both b;
    both_make(&b);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        evidence_reset(&b.e);
        random_evidence(&b.e, seed);
        check_round_trip(&b, seed);
        assert_true(b.first.p[b.first.len - 1] == '\n');
        assert_null(memchr(b.first.p, '\n', b.first.len - 1));
    }
    both_free(&b);
}

/* The random lines as a file, for the check against the schema (tests/e2e/test_schema.sh). */
static void test_lines_for_schema(void **state)
{
    (void)state;
    const char *path = getenv("STSCAN_RANDOM_RECORDS");
    struct both b;
    if (!path)
        skip();
    both_make(&b);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        evidence_reset(&b.e);
        random_evidence(&b.e, seed);
        check_round_trip(&b, seed);
        fwrite(b.first.p, 1, b.first.len, out);
    }
    fclose(out);
    both_free(&b);
}

static const char *line_of(struct both *b)
{
    strbuf_clear(&b->first);
    assert_int_equal(classify(&b->tables.ctx, &b->e, &b->j), ST_OK);
    assert_int_equal(record_write(&b->e, &b->j, &b->first), ST_OK);
    return b->first.p;
}

static void test_absent_line(void **state)
{
    (void)state;
    struct both b;
    both_make(&b);
    b.e.domain = "example.com";
    b.e.rank = 17;
    b.e.index = 16;
    b.e.ts_ms = INT64_C(1795298400123);
    b.e.duration_ms = 4;
    b.e.sts.dns = (struct dns_facts){.status = LOOKUP_NXDOMAIN,
                                     .rcode = 3,
                                     .ede = -1,
                                     .ttl_s = 900,
                                     .soa = "com",
                                     .resolver = "127.0.0.1:53"};
    assert_string_equal(
        line_of(&b),
        "{\"schema\":1,\"domain\":\"example.com\",\"rank\":17,\"index\":16,"
        "\"ts\":\"2026-11-21T22:00:00.123Z\",\"duration_ms\":4,\"adoption\":\"absent\","
        "\"verdict\":\"not_applicable\",\"cause\":null,\"findings\":[],\"tag\":null,"
        "\"record\":{\"status\":\"absent\",\"txt\":[],\"ttl\":900,\"cname\":[],"
        "\"rcode\":\"NXDOMAIN\",\"soa\":\"com\",\"resolver\":\"127.0.0.1:53\"}}\n");
    both_free(&b);
}

static void test_invalid_line(void **state)
{
    (void)state;
    struct both b;
    both_make(&b);
    b.e.input = INPUT_INVALID;
    b.e.input_reason = "bad_character";
    b.e.raw = SLICE_LIT("a\\\xff\n\0\"b");
    const char *line = line_of(&b);
    assert_non_null(strstr(line, "\"adoption\":\"invalid_input\""));
    assert_non_null(strstr(line, "\"raw\":\"a\\\\\\\\\\\\xff\\n\\u0000\\\"b\""));
    assert_non_null(strstr(line, "\"reason\":\"bad_character\""));
    assert_null(strstr(line, "\"record\""));
    both_free(&b);
}

/* The member at a path of keys and digits, from an object or array. */
static const json_t *member_at(const json_t *at, const char *path)
{
    char text[64];
    snprintf(text, sizeof text, "%s", path);
    char *rest = text;
    for (char *part; (part = strsep(&rest, ".")) != NULL && *part != '\0';)
        at = json_is_array(at) ? json_array_get(at, (size_t)(*part - '0'))
                               : json_object_get(at, part);
    return at;
}

static char kind_of(const json_t *value)
{
    return json_is_string(value)    ? 's'
           : json_is_integer(value) ? 'i'
           : json_is_boolean(value) ? 'b'
           : json_is_array(value)   ? 'a'
           : json_is_null(value)    ? 'n'
                                    : '?';
}

/* The members of the contract's example are all there, with the types that it shows. */
static void test_contract_members(void **state)
{
    (void)state;
    static const struct {
        const char *object, *members;
    } want[] = {
        {"", "schema:i domain:s rank:n index:i ts:s duration_ms:i adoption:s verdict:s cause:n "
             "findings:a tag:n mx_status:s drift:n"},
        {"record", "status:s txt:a id:s ttl:i cname:a rcode:s soa:n resolver:s"},
        {"tlsrpt", "status:s txt:a rua:a"},
        {"policy", "status:s stage:n host:s cname:a addresses:a ip:s provider:n body:s sha256:s "
                   "mode:s max_age:i mx:a"},
        {"policy.http", "status:i version:n content_type:s bytes:i last_modified:n location:n"},
        {"policy.tls", "version:s cipher:s valid:b errors:a cert_sha256:s"},
        {"policy.timing_ms", "dns:i connect:i tls:i total:i"},
        {"mx.0", "host:s preference:i implicit:b provider:s matched_by:s addresses:a"},
        {"mx.0.probes.0", "ip:s status:s starttls:b banner:s ts:s"},
        {"mx.0.probes.0.tls", "version:s valid:b"},
        {"senders", "exchange_online:n accepted_by:a"},
    };
    struct domain d;
    struct strbuf line;
    domain_make(&d);
    strbuf_init(&line, RECORD_LINE_MAX_BYTES);
    domain_judge(&d);
    assert_int_equal(record_write(&d.e, &d.j, &line), ST_OK);
    json_t *root = json_loadb(line.p, line.len, 0, NULL);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const json_t *object = member_at(root, want[i].object);
        char members[256];
        snprintf(members, sizeof members, "%s", want[i].members);
        char *rest = members;
        for (char *key; (key = strsep(&rest, " ")) != NULL;) {
            char *kind = strchr(key, ':');
            *kind++ = '\0';
            if (kind_of(json_object_get(object, key)) != *kind)
                fail_msg("%s of '%s' is not %c in %s", key, want[i].object, *kind, line.p);
        }
    }
    json_decref(root);
    strbuf_free(&line);
    domain_free(&d);
}

/* policy.cname is the chain of the A lookup, or that of AAAA where A has none. */
static void test_policy_cname(void **state)
{
    static const struct {
        const char *v4, *v6, *want;
    } cases[] = {
        {"a.example.net", NULL, "\"cname\":[\"a.example.net\"],\"addresses\""},
        {NULL, "b.example.net", "\"cname\":[\"b.example.net\"],\"addresses\""},
        {"a.example.net", "b.example.net", "\"cname\":[\"a.example.net\"],\"addresses\""},
        {NULL, NULL, "\"cname\":[],\"addresses\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct domain d;
        struct strbuf line;
        domain_make(&d);
        strbuf_init(&line, RECORD_LINE_MAX_BYTES);
        if (cases[i].v4)
            domain_chain(&d, &d.e.policy.addrs.v4, cases[i].v4);
        if (cases[i].v6)
            domain_chain(&d, &d.e.policy.addrs.v6, cases[i].v6);
        domain_judge(&d);
        assert_int_equal(record_write(&d.e, &d.j, &line), ST_OK);
        if (!strstr(line.p, cases[i].want))
            fail_msg("%s is not in %s", cases[i].want, line.p);
        strbuf_free(&line);
        domain_free(&d);
    }
}

/* A hostile domain's record is cut to the bound, and still a record. */
static void test_cut(void **state)
{
    (void)state;
    struct both b;
    const char *error;
    both_make(&b);
    b.e.domain = "example.com";
    b.e.sts.dns = (struct dns_facts){.status = LOOKUP_FOUND, .ede = -1};
    b.e.sts.rr = arena_array(&b.e.arena, TXT_RRS_MAX, sizeof *b.e.sts.rr);
    b.e.sts.n = TXT_RRS_MAX;
    char *controls = arena_alloc(&b.e.arena, TXT_RR_MAX_BYTES);
    memset(controls, 1, TXT_RR_MAX_BYTES);
    for (size_t i = 0; i < TXT_RRS_MAX; i++)
        b.e.sts.rr[i] = (struct txt_rr){controls, TXT_RR_MAX_BYTES, 1};
    line_of(&b);
    assert_true(b.first.len <= RECORD_LINE_MAX_BYTES);
    assert_non_null(strstr(b.first.p, "\"cut\":true"));
    assert_int_equal(record_read(text_of(&b.first), &b.back, &error), ST_OK);
    assert_true(b.back.cut);
    assert_true(b.back.sts.n > 0 && b.back.sts.n < TXT_RRS_MAX);

    /* A buffer without room gives ST_LIMIT and stays as it was. */
    struct strbuf small;
    strbuf_init(&small, 100);
    strbuf_adds(&small, "before");
    assert_int_equal(record_write(&b.e, &b.j, &small), ST_LIMIT);
    assert_int_equal(small.len, 6);
    assert_int_equal(small.error, ST_OK);
    strbuf_free(&small);
    both_free(&b);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"schema\":2,\"domain\":\"a.b\",\"adoption\":\"absent\"}",
        "{\"schema\":1,\"domain\":7,\"adoption\":\"absent\"}",
        "{\"schema\":1,\"domain\":\"a.b\"}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"record\":[]}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"ts\":\"yesterday\"}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"index\":-1}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"record\":{\"txt\":[1]}}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"none\",\"record\":{\"txt\":[\"\\\\q\"]}}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"record\":{\"rcode\":\"X\"}}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"record\":{\"lookup\":\"X\"}}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\",\"mx_dns\":{},\"mx\":[{}]}",
        "{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\"} x"};
    struct evidence e;
    evidence_init(&e);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *error = NULL;
        if (record_read(slice_of(lines[i]), &e, &error) != ST_INVALID || !error)
            fail_msg("taken: %s", lines[i]);
    }
    const char *error;
    struct slice good = SLICE_LIT("{\"schema\":1,\"domain\":\"a.b\",\"adoption\":\"absent\","
                                  "\"unknown\":{\"member\":[1]}}\n");
    assert_int_equal(record_read(good, &e, &error), ST_OK);
    assert_null(error);
    evidence_free(&e);
}

/* One pass gives what escaping and then quoting gives. */
static void test_strings(void **state)
{
    (void)state;
    struct strbuf one, escaped, two;
    char raw[300];
    strbuf_init(&one, 1 << 16);
    strbuf_init(&escaped, 1 << 16);
    strbuf_init(&two, 1 << 16);
    for (unsigned round = 0; round < 2000; round++) {
        size_t len = round % sizeof raw;
        for (size_t i = 0; i < len; i++)
            raw[i] = (char)((round * 7919u + i * i * 104729u + i) >> 3);
        strbuf_clear(&one);
        strbuf_clear(&escaped);
        strbuf_clear(&two);
        assert_int_equal(json_add_bytes(&one, (struct slice){raw, len}), ST_OK);
        assert_int_equal(text_escape(&escaped, (struct slice){raw, len}), ST_OK);
        assert_int_equal(json_add_string(&two, text_of(&escaped)), ST_OK);
        assert_true(slice_eq(text_of(&one), text_of(&two)));
        json_t *value = json_loadb(one.p, one.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_true(slice_eq((struct slice){json_string_value(value), json_string_length(value)},
                             text_of(&escaped)));
        json_decref(value);
    }
    strbuf_clear(&one);
    assert_int_equal(json_add_string(&one, SLICE_LIT("\xc3\xa9 \xed\xa0\x80 \\x \x7f")), ST_OK);
    assert_string_equal(one.p, "\"\xc3\xa9 \\\\xed\\\\xa0\\\\x80 \\\\x \x7f\"");
    strbuf_free(&one);
    strbuf_free(&escaped);
    strbuf_free(&two);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } known[] = {{0, "1970-01-01T00:00:00.000Z"},
                 {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
                 {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
                 {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
                 {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"}};
    char text[TIME_TEXT_BYTES + 1];
    int64_t back;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        time_text(known[i].ms, text);
        assert_string_equal(text, known[i].text);
        assert_int_equal(time_parse(slice_of(text), &back), ST_OK);
        assert_int_equal(back, known[i].ms);
    }
    time_text(-5, text);
    assert_string_equal(text, known[0].text);
    assert_int_equal(time_parse(SLICE_LIT("2026-13-01T00:00:00.000Z"), &back), ST_INVALID);
    assert_int_equal(time_parse(SLICE_LIT("2026-11-21T22:00:00.123"), &back), ST_INVALID);
}

/* Strings of every short length, plain and with an odd byte at every place: the plain way and the
 * general one give the same. */
static void test_plain_strings(void **state)
{
    (void)state;
    static const struct {
        char byte;
        const char *escaped;
    } odd[] = {{'"', "\\\""}, {'\n', "\\n"}, {'\x1f', "\\u001f"}, {'\xff', "\\\\xff"}};
    static const char plain[] = "abc~ !#[]0123456789xyz.example-com:/_";
    struct strbuf out, want;
    strbuf_init(&out, 256);
    strbuf_init(&want, 256);
    for (size_t len = 0; len < sizeof plain; len++) {
        strbuf_clear(&out);
        strbuf_clear(&want);
        strbuf_printf(&want, "\"%.*s\"", (int)len, plain);
        assert_int_equal(json_add_string(&out, (struct slice){plain, len}), ST_OK);
        assert_string_equal(out.p, want.p);
        for (size_t at = 0; at < len; at++) {
            char text[sizeof plain];
            size_t i = at % (sizeof odd / sizeof *odd);
            memcpy(text, plain, sizeof plain);
            text[at] = odd[i].byte;
            strbuf_clear(&out);
            strbuf_clear(&want);
            strbuf_printf(&want, "\"%.*s%s%.*s\"", (int)at, plain, odd[i].escaped,
                          (int)(len - at - 1), plain + at + 1);
            assert_int_equal(json_add_string(&out, (struct slice){text, len}), ST_OK);
            assert_string_equal(out.p, want.p);
        }
    }
    strbuf_free(&out);
    strbuf_free(&want);
}

/* FIPS 180-4's examples, and the lengths around a block. */
static void test_sha256(void **state)
{
    (void)state;
    char hex[SHA256_HEX_BYTES + 1];
    sha256_hex(SLICE_LIT("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex((struct slice){NULL, 0}, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(SLICE_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_lines_for_schema),
        cmocka_unit_test(test_absent_line),
        cmocka_unit_test(test_invalid_line),
        cmocka_unit_test(test_contract_members),
        cmocka_unit_test(test_policy_cname),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_plain_strings),
        cmocka_unit_test(test_sha256),
    };
    return cmocka_run_group_tests_name("record_json", tests, NULL, NULL);
}
