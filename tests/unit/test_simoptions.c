/* Units of simnet's options: --config and --dump-config, and the man page beside them. */
#include "tests/simnet/options.h"

#include "lib/config_line.h"
#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 8 };

/* Parses the arguments up to NULL; what is printed goes to the file "out". */
static enum sim_options_result parse(struct sim_options *o, const char *const *args)
{
    char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "simnet"};
    int argc = 1;
    while (args[argc - 1] != NULL) {
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
        argc++;
    }
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_non_null(freopen(in_folder("out"), "w", stdout));
    enum sim_options_result r = sim_options_parse(argc, argv, o);
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    return r;
}

#define PARSE(o, ...) parse(o, (const char *const[]){__VA_ARGS__, NULL})

static char *content(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(getdelim(&text, &size, '\0', f) > 0);
    fclose(f);
    return text;
}

static const char *file(const char *text)
{
    const char *path = in_folder("config");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static void test_config(void **state)
{
    (void)state;
    struct sim_options o;
    const char *path = file("seed = 7 # of the world\nlimit-first 3,4\ncalm\ntrains = no\n"
                            "dir = \"/tmp/a b#c\"\nthreads = 2\n");
    assert_int_equal(PARSE(&o, "--threads", "3", "--config", path), SIM_OPTIONS_RUN);
    assert_int_equal(o.world.seed, 7);
    assert_int_equal(o.limit_smtp, 4);
    assert_true(o.world.stuck_calm);
    assert_false(o.trains);
    assert_int_equal(o.threads, 3);
    assert_string_equal(o.dir, "/tmp/a b#c");
    sim_options_free(&o);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct sim_options o;
    assert_int_equal(PARSE(&o, "--dump-config", "--dir", "a \"b\" #", "--loss", "2.5", "--calm"),
                     SIM_OPTIONS_DONE);
    sim_options_free(&o);
    char *first = content(in_folder("out"));
    assert_non_null(strstr(first, "\nseed = 1\n"));
    assert_non_null(strstr(first, "\n# ready-fd is not set\n"));
    assert_int_equal(PARSE(&o, "--config", file(first), "--dump-config"), SIM_OPTIONS_DONE);
    sim_options_free(&o);
    char *second = content(in_folder("out"));
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"nonsense = 1\n", "seed = x\n", "seed\n",          "help\n",
                                      "config = x\n",   "dir = \"\n", "calm = perhaps\n"};
    struct sim_options o;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(PARSE(&o, "--config", file(bad[i])), SIM_OPTIONS_USAGE);
        sim_options_free(&o);
    }
    assert_int_equal(PARSE(&o, "--config", "/nonexistent/simnet.conf"), SIM_OPTIONS_USAGE);
    sim_options_free(&o);
}

/* Every option of the help stands in the man page, with the value that it has when not given. */
static void test_documented(void **state)
{
    (void)state;
    struct sim_options o;
    char *man = content("docs/man/simnet.1");
    assert_int_equal(PARSE(&o, "--dump-config"), SIM_OPTIONS_DONE);
    sim_options_free(&o);
    char *text = content(in_folder("out")), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line != '\0';) {
        struct config_line l;
        char heading[128], want[128];
        bool set = line[0] != '#';
        assert_null(config_line_split(line + (set ? 0 : 2), &l));
        size_t n = (size_t)snprintf(heading, sizeof heading, "\\-\\-");
        for (const char *p = l.name; *p != '\0'; p++)
            n += (size_t)snprintf(heading + n, sizeof heading - n, *p == '-' ? "\\-" : "%c", *p);
        char *at = strstr(man, "\n.SH OPTIONS");
        while (at && (at = strstr(at, heading)) && strchr(" \n\"", at[n]) == NULL)
            at++;
        if (!at)
            fail_msg("--%s is not in the man page", l.name);
        snprintf(want, sizeof want, "(%s", set ? l.value : "");
        char *next = strstr(at, "\n.TP"), *found = strstr(at, want);
        if (set && strcmp(l.value, "no") != 0 && (!found || (next && found > next)))
            fail_msg("default %s of --%s is not in the man page", l.value, l.name);
    }
    free(text);
    free(man);
}

static int tidy(void **state)
{
    unlink(in_folder("out"));
    unlink(in_folder("config"));
    return temp_folder_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_documented),
    };
    return cmocka_run_group_tests(tests, temp_folder_make, tidy);
}
