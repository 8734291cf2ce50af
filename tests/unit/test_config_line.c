/* Units of lib/config_line: lines of a configuration file, read and written. */
#include "lib/config_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *split(const char *text, struct config_line *out)
{
    static char line[CONFIG_LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s", text);
    return config_line_split(line, out);
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name, *value;
    } good[] = {
        {"", NULL, NULL},
        {" \t\r\n", NULL, NULL},
        {"  # a = b\n", NULL, NULL},
        {"a = b\n", "a", "b"},
        {" a=b\r\n", "a", "b"},
        {"a b c # d\n", "a", "b c"},
        {"a = b#c\n", "a", "b#c"},
        {"a\n", "a", NULL},
        {"a # b\n", "a", NULL},
        {"a =\n", "a", ""},
        {"a = = b\n", "a", "= b"},
        {"a = \"\"\n", "a", ""},
        {"a = \" b \\\"c\\\\ # \\d\"  # e\n", "a", " b \"c\\ # \\d"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct config_line l;
        assert_null(split(good[i].line, &l));
        assert_int_equal(l.name == NULL, good[i].name == NULL);
        assert_int_equal(l.value == NULL, good[i].value == NULL);
        if (l.name)
            assert_string_equal(l.name, good[i].name);
        if (l.value)
            assert_string_equal(l.value, good[i].value);
    }
    struct config_line l;
    assert_non_null(split("a = \"b\n", &l));
    assert_non_null(split("a = \"b\\\"\n", &l));
    assert_non_null(split("a = \"b\" c\n", &l));
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const value[] = {"a",    "",   " a",    "a ", "a b", "\"", "a\"b",       "#",
                                        "a #b", "\\", "\\\\ ", "=",  "= a", "\t", "\"a\" # b\\"};
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
        struct strbuf out;
        struct config_line l;
        strbuf_init(&out, CONFIG_LINE_MAX_BYTES);
        config_line_add(&out, "name", value[i]);
        strbuf_addc(&out, '\0');
        assert_null(split(out.p, &l));
        assert_string_equal(l.name, "name");
        assert_non_null(l.value);
        assert_string_equal(l.value, value[i]);
        strbuf_clear(&out);
        config_line_add(&out, "name", NULL);
        strbuf_addc(&out, '\0');
        assert_null(split(out.p, &l));
        assert_null(l.name);
        strbuf_free(&out);
    }
}

static void test_flag(void **state)
{
    (void)state;
    bool on = false;
    assert_true(config_flag(NULL, &on) && on);
    assert_true(config_flag("No", &on) && !on);
    assert_true(config_flag("TRUE", &on) && on);
    assert_true(config_flag("0", &on) && !on);
    assert_false(config_flag("perhaps", &on));
    assert_false(config_flag("", &on));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
