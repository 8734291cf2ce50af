/* Units of scanner/net/fetch_response.c and fetch_challenge.c. */
#include "scanner/net/fetch_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static const char POLICY[] = "version: STSv1\nmode: none\nmax_age: 86400\n";

struct fixture {
    struct arena arena;
    struct response r;
};

static void begin(struct fixture *f, size_t body_max_bytes)
{
    arena_init(&f->arena, (size_t)4 << 20);
    response_init(&f->r, &f->arena, body_max_bytes);
}

static void end(struct fixture *f)
{
    response_free(&f->r);
    arena_free(&f->arena);
}

static bool header(struct fixture *f, const char *line)
{
    return response_header(&f->r, slice_of(line));
}

/* Deflates in; window bits choose the format. */
static struct slice packed(const char *in, size_t len, int window_bits)
{
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)in, .avail_in = (uInt)len};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t size = deflateBound(&z, len);
    char *out = malloc(size);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    struct slice s = {out, size - z.avail_out};
    deflateEnd(&z);
    return s;
}

static void test_fields(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, 100);
    assert_true(header(&f, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(header(&f, "Server: hint\r\n"));
    assert_true(header(&f, "\r\n"));
    assert_true(header(&f, "HTTP/2 200 \r\n"));
    assert_true(header(&f, "content-TYPE: \ttext/plain \r\n"));
    assert_true(header(&f, "Content-Type: text/html\r\n"));
    assert_true(header(&f, "Location:\r\n"));
    assert_true(header(&f, "no colon\r\n"));
    assert_true(header(&f, "\r\n"));
    assert_true(header(&f, "Server: trailer\r\n"));
    assert_true(header(&f, "\r\n"));
    assert_true(response_body(&f.r, SLICE_LIT("abc")));
    response_end(&f.r, HTTP_END_OK);
    assert_int_equal(f.r.http.status, 200);
    assert_string_equal(f.r.http.version, "2");
    assert_string_equal(f.r.http.content_type, "text/plain");
    assert_string_equal(f.r.http.location, "");
    assert_null(f.r.http.server);
    assert_int_equal(f.r.http.body.len, 3);
    end(&f);
}

static void test_field_caps(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct fixture f;
        struct strbuf line;
        begin(&f, 100);
        strbuf_init(&line, 1 << 20);
        strbuf_adds(&line, "Server: ");
        for (size_t i = 0; i < HTTP_FIELD_MAX_BYTES + extra; i++)
            strbuf_addc(&line, 'x');
        strbuf_adds(&line, "\r\n");
        header(&f, "HTTP/1.1 200 OK\r\n");
        assert_true(header(&f, line.p));
        assert_int_equal(strlen(f.r.http.server), HTTP_FIELD_MAX_BYTES);
        strbuf_free(&line);
        end(&f);
    }
    struct fixture f;
    char block[1024];
    memset(block, 'x', sizeof block);
    begin(&f, 100);
    for (size_t i = 0; i < HTTP_HEADERS_MAX_BYTES / sizeof block; i++)
        assert_true(response_header(&f.r, (struct slice){block, sizeof block}));
    assert_false(response_header(&f.r, (struct slice){block, 1}));
    end(&f);
}

static void test_status_lines(void **state)
{
    static const struct {
        const char *line, *version;
        int status;
    } c[] = {
        {"HTTP/1.0 404 Not Found\r\n", "1.0", 404},
        {"HTTP/1.1 200\r\n", "1.1", 200},
        {"HTTP/9 200 \r\n", NULL, 200},
        {"HTTP/1.1\r\n", NULL, 0},
        {"HTTP/1.1 20x\r\n", "1.1", 20},
        {"HTTP/1.1 99999\r\n", "1.1", 999},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct fixture f;
        begin(&f, 10);
        assert_true(header(&f, c[i].line));
        assert_int_equal(f.r.http.status, c[i].status);
        assert_int_equal(f.r.http.version == NULL, c[i].version == NULL);
        if (c[i].version != NULL)
            assert_string_equal(f.r.http.version, c[i].version);
        end(&f);
    }
}

static void test_body_cap(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct fixture f;
        begin(&f, 10);
        header(&f, "HTTP/1.1 200 OK\r\n");
        assert_true(response_body(&f.r, SLICE_LIT("01234")));
        assert_int_equal(response_body(&f.r, (struct slice){"56789x", 5 + extra}), extra == 0);
        assert_int_equal(f.r.too_large, extra == 1);
        response_end(&f.r, extra == 0 ? HTTP_END_OK : HTTP_END_TOO_LARGE);
        assert_int_equal(f.r.http.body.len, 10);
        assert_memory_equal(f.r.http.body.p, "0123456789", 10);
        assert_int_equal(f.r.http.body_total, 10 + extra);
        end(&f);
    }
}

static void test_decoding(void **state)
{
    static const struct {
        const char *field;
        int window_bits;
        bool decoded;
    } c[] = {
        {"Content-Encoding: gzip\r\n", 15 + 16, true},
        {"Content-Encoding: X-GZIP\r\n", 15 + 16, true},
        {"Content-Encoding: deflate\r\n", 15, true},
        {"Content-Encoding: deflate\r\n", -15, true},
        {"Content-Encoding: br\r\n", 15, false},
        {"Content-Encoding: gzip, gzip\r\n", 15 + 16, false},
        {"X-Other: gzip\r\n", 15 + 16, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct fixture f;
        struct slice body = packed(POLICY, sizeof POLICY - 1, c[i].window_bits);
        begin(&f, 1000);
        header(&f, "HTTP/1.1 200 OK\r\n");
        header(&f, c[i].field);
        assert_true(response_body(&f.r, body));
        response_end(&f.r, HTTP_END_OK);
        assert_int_equal(f.r.http.end, HTTP_END_OK);
        struct slice want = c[i].decoded ? SLICE_LIT(POLICY) : body;
        assert_true(slice_eq(f.r.http.body, want));
        assert_int_equal(f.r.http.body_total, want.len);
        free((void *)(uintptr_t)body.p);
        end(&f);
    }
}

/* A bomb stops at the cap; at the cap itself nothing is wrong; a broken stream is truncated. */
static void test_decoding_bounds(void **state)
{
    enum { CAP = 65536 };
    static char zeros[16 * CAP];
    static const size_t sizes[] = {CAP, CAP + 1, sizeof zeros};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        struct slice body = packed(zeros, sizes[i], 15 + 16);
        begin(&f, CAP);
        header(&f, "HTTP/1.1 200 OK\r\n");
        header(&f, "Content-Encoding: gzip\r\n");
        assert_true(response_body(&f.r, body));
        response_end(&f.r, HTTP_END_OK);
        assert_int_equal(f.r.http.end, i == 0 ? HTTP_END_OK : HTTP_END_TOO_LARGE);
        assert_int_equal(f.r.http.body.len, CAP);
        assert_int_equal(f.r.http.body_total, i == 0 ? CAP : CAP + 1);
        free((void *)(uintptr_t)body.p);
        end(&f);
    }
    struct slice body = packed(POLICY, sizeof POLICY - 1, 15 + 16);
    for (size_t len = 1; len < body.len; len++) {
        struct fixture f;
        begin(&f, CAP);
        header(&f, "HTTP/1.1 200 OK\r\n");
        header(&f, "Content-Encoding: gzip\r\n");
        assert_true(response_body(&f.r, (struct slice){body.p, len}));
        response_end(&f.r, HTTP_END_OK);
        assert_int_equal(f.r.http.end, HTTP_END_TRUNCATED);
        end(&f);
    }
    free((void *)(uintptr_t)body.p);
}

static void test_challenges(void **state)
{
    (void)state;
    assert_string_equal(challenge_of_field(SLICE_LIT("CF-Mitigated"), SLICE_LIT("Challenge")),
                        "cloudflare");
    assert_null(challenge_of_field(SLICE_LIT("cf-ray"), SLICE_LIT("x")));
    assert_string_equal(
        challenge_of_field(SLICE_LIT("Set-Cookie"), SLICE_LIT("visid_incap_1=x; path=/")),
        "imperva");
    assert_string_equal(challenge_of_body(403, SLICE_LIT("AkamaiGHost"), SLICE_LIT("")), "akamai");
    assert_null(challenge_of_body(404, SLICE_LIT("AkamaiGHost"), SLICE_LIT("")));
    assert_null(challenge_of_body(403, SLICE_LIT("nginx"), SLICE_LIT("<h1>403 Forbidden</h1>")));
    assert_string_equal(
        challenge_of_body(503, SLICE_LIT(""), SLICE_LIT("x <TITLE>Just a moment...</title> y")),
        "cloudflare");
}

static void test_retry_after(void **state)
{
    (void)state;
    const int64_t now_ms = INT64_C(1795298400) * 1000; /* Sat, 21 Nov 2026 22:00:00 GMT */
    const struct {
        const char *value;
        uint64_t ms;
    } c[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"7", 7000},
        {"0120", 120000},
        {"86400", RETRY_AFTER_MAX_MS},
        {"86401", RETRY_AFTER_MAX_MS},
        {"99999999999999999999999999999999", RETRY_AFTER_MAX_MS},
        {"-5", 0},
        {"soon", 0},
        {"Sat, 21 Nov 2026 22:00:30 GMT", 30000},
        {"Sat, 21 Nov 2026 21:59:30 GMT", 0},
        {"Sat, 21 Nov 2099 22:00:30 GMT", RETRY_AFTER_MAX_MS},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        assert_int_equal(retry_after_ms(c[i].value, now_ms), c[i].ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after),     cmocka_unit_test(test_fields),
        cmocka_unit_test(test_field_caps),      cmocka_unit_test(test_status_lines),
        cmocka_unit_test(test_body_cap),        cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_decoding_bounds), cmocka_unit_test(test_challenges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
