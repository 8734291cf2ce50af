/* Units of lib/bytes.c and lib/status.c. */
#include "lib/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_status_text(void **state)
{
    (void)state;
    for (int st = 0; st < STATUS_COUNT; st++) {
        assert_non_null(status_text((enum status)st));
        assert_string_not_equal(status_text((enum status)st), "unknown status");
    }
    assert_string_equal(status_text((enum status)(-1)), "unknown status");
    assert_string_equal(status_text(STATUS_COUNT), "unknown status");
}

static void test_slices(void **state)
{
    (void)state;
    assert_int_equal(slice_of(NULL).len, 0);
    assert_true(slice_eq(SLICE_LIT("ab"), slice_of("ab")));
    assert_false(slice_eq(SLICE_LIT("ab"), SLICE_LIT("aB")));
    assert_true(slice_eq_nocase(SLICE_LIT("ab-1"), SLICE_LIT("aB-1")));
    assert_false(slice_eq_nocase(SLICE_LIT("@"), SLICE_LIT("`")));
    assert_true(slice_starts(SLICE_LIT("v=STSv1;"), SLICE_LIT("v=STS")));
    assert_false(slice_starts(SLICE_LIT("v=ST"), SLICE_LIT("v=STS")));
    assert_true(slice_contains_nocase(SLICE_LIT("x V=sts"), SLICE_LIT("v=STS")));
    assert_false(slice_contains_nocase(SLICE_LIT("v=st"), SLICE_LIT("v=sts")));
    assert_true(slice_contains_nocase(SLICE_LIT(""), SLICE_LIT("")));
}

static void test_arena_aligns_zeroes_and_caps(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    size_t used = a.used_bytes;
    assert_null(arena_alloc(&a, 100000 - used + 1));
    assert_int_equal(a.used_bytes, used);
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    assert_null(arena_alloc(&a, SIZE_MAX));

    arena_reset(&a);
    assert_int_equal(a.used_bytes, 0);
    unsigned char *p = arena_alloc(&a, 64);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 64), p); /* the first chunk begins anew */
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(p[i], 0); /* reused memory is zeroed again */
    arena_free(&a);
    arena_free(&a);
}

static void test_arena_strings(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_string_equal(arena_dup(&a, SLICE_LIT("abc")), "abc");
    assert_string_equal(arena_dup(&a, (struct slice){NULL, 0}), "");
    assert_memory_equal(arena_dup(&a, SLICE_LIT("a\0b")), "a\0b", 4);
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
    assert_string_equal(arena_join(&a, "_mta-sts.", "example.com"), "_mta-sts.example.com");
    assert_string_equal(arena_join(&a, "", ""), "");
    char *big = arena_alloc(&a, 300000); /* larger than any chunk */
    assert_non_null(big);
    memset(big, 'x', 300000);
    arena_reset(&a);
    assert_string_equal(arena_printf(&a, "%05d", 42), "00042");
    arena_free(&a);
}

/* Decimal, at both sides of each power of ten. */
static void test_decimal(void **state)
{
    (void)state;
    struct strbuf b;
    char text[32];
    uint64_t power = 1;
    strbuf_init(&b, 20);
    for (int i = 0; i < 20; i++, power *= 10) {
        for (uint64_t value = power - 1; value - power + 1 < 3; value++) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)value);
            strbuf_clear(&b);
            assert_int_equal(strbuf_addu(&b, value), ST_OK);
            assert_string_equal(b.p, text);
        }
    }
    strbuf_free(&b);
}

static void test_strbuf(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 40);
    assert_int_equal(strbuf_adds(&b, "n="), ST_OK);
    assert_int_equal(strbuf_addu(&b, UINT64_MAX), ST_OK);
    assert_int_equal(strbuf_addc(&b, ';'), ST_OK);
    assert_int_equal(strbuf_addu(&b, 0), ST_OK);
    assert_int_equal(strbuf_printf(&b, "%s", "!"), ST_OK);
    assert_string_equal(b.p, "n=18446744073709551615;0!");
    assert_int_equal(b.len, strlen(b.p));

    assert_int_equal(strbuf_add(&b, "0123456789abcdef", 16), ST_LIMIT);
    assert_int_equal(b.len, 25);
    assert_int_equal(strbuf_addc(&b, 'x'), ST_LIMIT); /* sticky */
    strbuf_clear(&b);
    assert_int_equal(strbuf_printf(&b, "%040d", 1), ST_OK); /* exactly the cap */
    assert_int_equal(b.len, 40);
    assert_int_equal(strbuf_addc(&b, 'x'), ST_LIMIT);
    strbuf_free(&b);
    strbuf_free(NULL);
}

static void test_hex(void **state)
{
    (void)state;
    char out[9] = "--------";
    hex_put(out, "\x00\x9f\xa0\xff", 0);
    assert_string_equal(out, "--------");
    hex_put(out, "\x00\x9f\xa0\xff", 3);
    assert_string_equal(out, "009fa0--");
    hex_put(out, "\x00\x9f\xa0\xff", 4);
    assert_string_equal(out, "009fa0ff");
}

static void test_grouped(void **state)
{
    char out[GROUPED_MAX_BYTES];
    (void)state;
    assert_string_equal(grouped(0, out), "0");
    assert_string_equal(grouped(999, out), "999");
    assert_string_equal(grouped(1000, out), "1,000");
    assert_string_equal(grouped(1234567, out), "1,234,567");
    assert_string_equal(grouped(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_text),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_arena_aligns_zeroes_and_caps),
        cmocka_unit_test(test_arena_strings),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_strbuf),
        cmocka_unit_test(test_grouped),
        cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
