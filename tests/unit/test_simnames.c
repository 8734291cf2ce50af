/* The names of the simulated world: as they are read, and as they are printed. */
#include "tests/simnet/names.h"
#include "tests/simnet/normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_normalize(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: invalid */
    } cases[] = {
        {"Example.COM.", "example.com"},
        {"  a.b\r", "a.b"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"stra\xc3\x9f"
         "e.de",
         "xn--strae-oqa.de"}, /* nontransitional keeps the sharp s */
        {"foo_bar.com", "foo_bar.com"},
        {"r3---sn-x.example", "r3---sn-x.example"},
        {"", NULL},
        {".", NULL},
        {"com", NULL},
        {"a..b", NULL},
        {"192.0.2.1", NULL},
        {"a b.com", NULL},
        {"a\xff.com", NULL},
        {"http://a.com", NULL},
        {"1234567890123456789012345678901234567890123456789012345678901234.com", NULL},
    };
    char out[SIM_NAME_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool ok = sim_normalize(cases[i].in, strlen(cases[i].in), out);
        assert_int_equal(ok, cases[i].out != NULL);
        if (ok)
            assert_string_equal(out, cases[i].out);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_printed_names_are_valid_and_unique(void **state)
{
    (void)state;
    char *text = NULL, *names[5000], line[SIM_NAME_MAX];
    size_t size = 0, n = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(sim_names_print(42, 5000, out));
    fclose(out);
    for (char *save = NULL, *p = strtok_r(text, "\n", &save); p != NULL;
         p = strtok_r(NULL, "\n", &save)) {
        names[n] = strchr(p, ',') + 1;
        assert_true(sim_normalize(names[n], strlen(names[n]), line));
        n++;
    }
    assert_int_equal(n, 5000);
    qsort(names, n, sizeof names[0], compare);
    for (size_t i = 1; i < n; i++)
        assert_string_not_equal(names[i - 1], names[i]);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_printed_names_are_valid_and_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
