/* Units of lib/hash.h. */
#include "lib/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The first numbers of splitmix64 from 1234567. */
static void test_splitmix64(void **state)
{
    (void)state;
    const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                 UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                 UINT64_C(16408922859458223821)};
    uint64_t at = 1234567;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(hash_u64(at) == expected[i]);
        assert_true(hash_mix(at += HASH_STEP) == expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_splitmix64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
