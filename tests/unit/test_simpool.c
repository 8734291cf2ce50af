/* Units of tests/simnet/pool.c: pieces of all sizes keep what is written to them. */
#include "tests/simnet/pool.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PIECES = 512, ROUNDS = 20000, LARGEST = 100000 };

static bool served;

struct piece {
    uint8_t *p;
    size_t len;
    uint8_t fill;
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t some_len(uint32_t *state)
{
    return 1 + next(state) % (LARGEST >> next(state) % 14);
}

static void check(const struct piece *piece, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (piece->p[i] != piece->fill)
            fail_msg("byte %zu of %zu is %u, not %u", i, piece->len, piece->p[i], piece->fill);
}

static void put(struct piece *piece, size_t len, uint8_t fill)
{
    assert_non_null(piece->p);
    assert_int_equal((uintptr_t)piece->p % 16, 0);
    piece->len = len;
    piece->fill = fill;
    memset(piece->p, fill, len);
}

static void test_pieces_keep_their_bytes(void **state)
{
    static struct piece pieces[PIECES];
    uint32_t random = 1;
    (void)state;
    if (!served)
        skip();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct piece *piece = &pieces[next(&random) % PIECES];
        size_t len = some_len(&random);
        if (piece->p == NULL) {
            piece->p = OPENSSL_malloc(len);
        } else if (next(&random) % 3 == 0) {
            check(piece, piece->len);
            OPENSSL_free(piece->p);
            piece->p = NULL;
            continue;
        } else {
            piece->p = OPENSSL_realloc(piece->p, len);
            check(piece, len < piece->len ? len : piece->len);
        }
        put(piece, len, (uint8_t)i);
    }
    for (size_t i = 0; i < PIECES; i++) {
        if (pieces[i].p != NULL)
            check(&pieces[i], pieces[i].len);
        OPENSSL_free(pieces[i].p);
    }
}

static void test_ends_of_the_range(void **state)
{
    (void)state;
    if (!served)
        skip();
    assert_null(OPENSSL_malloc(0));
    assert_null(OPENSSL_malloc(SIZE_MAX - 4));
    assert_null(OPENSSL_realloc(OPENSSL_malloc(10), 0));
    uint8_t *p = OPENSSL_realloc(NULL, 3);
    assert_non_null(p);
    assert_null(OPENSSL_realloc(p, SIZE_MAX - 4));
    OPENSSL_free(p);
    OPENSSL_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_keep_their_bytes),
        cmocka_unit_test(test_ends_of_the_range),
    };
    served = pool_serve_openssl();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
