/* Units of scanner/input/source.c: lists that are compressed, and those that are damaged. */
#include "tests/unit/input_file.h"

#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define PART1 "one.example\ntwo.example\n"
#define PART2 "three.example\nfour.example\n"

static size_t gzip(const char *text, unsigned char *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = cap - z.avail_out;
    deflateEnd(&z);
    return len;
}

static size_t zstd(const char *text, unsigned char *out, size_t cap)
{
    size_t len = ZSTD_compress(out, cap, text, strlen(text), 3);
    assert_false(ZSTD_isError(len));
    return len;
}

static size_t xz(const char *text, unsigned char *out, size_t cap)
{
    size_t len = 0;
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                             strlen(text), out, &len, cap),
                     LZMA_OK);
    return len;
}

typedef size_t (*pack_fn)(const char *text, unsigned char *out, size_t cap);
static const pack_fn packers[] = {gzip, zstd, xz};
enum { PACKERS = 3 };

static void test_compressed(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t len = packers[i](PART1, out, sizeof out);
        struct read_back r = input_file_read_bytes(out, len);
        assert_int_equal(r.end, ST_EOF);
        assert_int_equal(r.n, 2);
        assert_int_equal(r.total, 2);
        /* Several members, frames or streams are one input. */
        len += packers[i](PART2, out + len, sizeof out - len);
        r = input_file_read_bytes(out, len);
        assert_int_equal(r.end, ST_EOF);
        assert_int_equal(r.n, 4);
        input_file_expect(3, "four.example", -1, NULL);
    }
}

static void test_gzip_padding(void **state)
{
    (void)state;
    unsigned char out[4096] = {0};
    size_t len = gzip(PART1, out, sizeof out);
    struct read_back r = input_file_read_bytes(out, len + 512);
    assert_int_equal(r.end, ST_EOF);
    assert_int_equal(r.n, 2);
}

/* Cut anywhere: no crash, an honest end, only whole names. */
static void test_truncated(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t first = packers[i](PART1, out, sizeof out);
        size_t len = first + packers[i](PART2, out + first, sizeof out - first);
        for (size_t cut = 6; cut < len; cut++) {
            struct read_back r = input_file_read_bytes(out, cut);
            assert_int_equal(r.end, cut == first ? ST_EOF : ST_TRUNCATED);
            assert_true(r.n <= 4);
            for (size_t k = 0; k < r.n; k++)
                assert_non_null(strstr(PART1 PART2, input_file_rows[k].domain));
            if (cut > first)
                assert_true(r.n >= 2);
            if (r.end == ST_TRUNCATED)
                assert_non_null(strstr(r.error, "truncated"));
        }
    }
}

static void test_damaged(void **state)
{
    (void)state;
    unsigned char out[4096];
    for (size_t i = 0; i < PACKERS; i++) {
        size_t first = packers[i](PART1, out, sizeof out);
        memcpy(out + first, "trailing garbage", 16);
        struct read_back r = input_file_read_bytes(out, first + 16);
        assert_int_equal(r.end, ST_TRUNCATED);
        assert_int_equal(r.n, 2);
        assert_non_null(strstr(r.error, "damaged"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_gzip_padding),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("input_packed", tests, input_file_make, input_file_remove);
}
