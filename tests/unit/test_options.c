/* Units of scanner/options*.c: the table, arguments, config files, help and man page. */
#include "lib/config_line.h"
#include "scanner/options_table.h"
#include "scanner/resolv_conf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/stscan-options-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Usage messages are not for the log of the tests. */
static int hide_stderr(void)
{
    int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    fflush(stderr);
    dup2(null, STDERR_FILENO);
    close(null);
    return kept;
}

static void show_stderr(int kept)
{
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
}

/* Parses "scan" and the given words, NULL-terminated. */
static enum status parse(struct scan_options *o, ...)
{
    char *argv[32] = {(char *)(uintptr_t) "scan"};
    int argc = 1;
    va_list ap;
    va_start(ap, o);
    while (argc < 31 && (argv[argc] = va_arg(ap, char *)))
        argc++;
    va_end(ap);
    int kept = hide_stderr();
    enum status st = options_parse(argc, argv, o);
    show_stderr(kept);
    return st;
}

static void test_defaults(void **state)
{
    (void)state;
    struct scan_options o;
    assert_int_equal(parse(&o, "--resolver", "127.0.0.1:5353", "list", NULL), ST_OK);
    assert_string_equal(o.input, "list");
    assert_string_equal(o.output, "scan.ndjson.zst");
    assert_int_equal(o.n_resolvers, 1);
    assert_int_equal(o.resolvers[0].port, 5353);
    assert_int_equal(o.dns_rate, 1000);
    assert_int_equal(o.policy_rate, 500);
    assert_int_equal(o.probe_rate, 200);
    assert_int_equal(o.per_ip.https, 4);
    assert_int_equal(o.per_ip.smtp, 1);
    assert_int_equal(o.per_prefix.https, 16);
    assert_int_equal(o.per_prefix.smtp, 2);
    assert_int_equal(o.per_ip_rate.https, 10);
    assert_int_equal(o.per_ip_rate.smtp, 1);
    assert_int_equal(o.timeout_dns_ms, 15000);
    assert_int_equal(o.timeout_policy_ms, 60000);
    assert_int_equal(o.timeout_probe_ms, 60000);
    assert_int_equal(o.timeout_domain_ms, 300000);
    assert_int_equal(o.max_addresses, 4);
    assert_true(o.min_success_pct == 5);
    assert_true(o.sample == 1);
    assert_int_equal(o.shards, 1);
    assert_true(o.retry_undetermined);
    assert_int_equal(o.https_port, 443);
    assert_int_equal(o.smtp_port, 25);
    assert_int_equal(o.http_port, 80);
    assert_null(o.ehlo_name);
    options_free(&o);
}

static void test_values(void **state)
{
    (void)state;
    struct scan_options o;
    assert_int_equal(parse(&o, "-i", "-", "-o", "a/b.ndjson", "--resolver=::1",
                           "--resolver=[::1]:54", "--per-ip", "8,2", "--timeout-dns", "2.5",
                           "--sample", "0.25", "--shards", "20", "--shard", "19", "--seed",
                           "18446744073709551615", "-4", "--source=192.0.2.1",
                           "--no-retry-undetermined", "--tlsrpt", "all", "--format", "zone",
                           "--max-runtime", "0.5", "--allow=10.0.0.0/8", NULL),
                     ST_OK);
    assert_string_equal(o.input, "-");
    assert_int_equal(o.n_resolvers, 2);
    assert_int_equal(o.resolvers[0].port, 53);
    assert_int_equal(o.resolvers[1].port, 54);
    assert_int_equal(o.per_ip.https, 8);
    assert_int_equal(o.per_ip.smtp, 2);
    assert_int_equal(o.timeout_dns_ms, 2500);
    assert_int_equal(o.max_runtime_ms, 500);
    assert_int_equal(o.shard, 19);
    assert_true(o.seed == UINT64_MAX);
    assert_true(o.use_v4);
    assert_int_equal(o.n_sources, 1);
    assert_false(o.retry_undetermined);
    assert_int_equal(o.tlsrpt, TLSRPT_ALL);
    assert_int_equal(o.format, FORMAT_ZONE);
    assert_string_equal(o.allow.v[0], "10.0.0.0/8");
    options_free(&o);
    assert_int_equal(
        parse(&o, "-i", "-", "-o", "a/b.ndjson", "--seed", "0", "--dns-rate", "0", NULL), ST_OK);
    assert_true(o.seed == 0);
    assert_int_equal(o.dns_rate, 0);
    options_free(&o);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"--nonsense", NULL},
        {"--resolver", "not-an-address"},
        {"--resolver", "127.0.0.1:0"},
        {"--in-flight", "0"},
        {"--in-flight", "-1"},
        {"--in-flight", "12x"},
        {"--dns-rate", ""},
        {"--https-port", "65536"},
        {"--per-ip", "4"},
        {"--per-ip", "4,x"},
        {"--timeout-dns", "0"},
        {"--timeout-dns", "nan"},
        {"--sample", "0"},
        {"--sample", "1.1"},
        {"--shard", "1"},
        {"--seed", "-1"},
        {"--min-success", "101"},
        {"--format", "xml"},
        {"-o", "scan.json"},
        {"-o", "dir/.ndjson"},
        {"--ehlo-name", "localhost"},
        {"--ehlo-name", "a b.example"},
        {"--contact", "a\r\nX: y"},
        {"--allow", "10.0.0.0/33"},
        {"--allow", "example.com"},
        {"--source", "eth0"},
        {"--queue", "redis://x/y"},
        {"--config", "/nonexistent/stscan.conf"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scan_options o;
        if (parse(&o, "--resolver", "127.0.0.1", "list", bad[i][0], bad[i][1], NULL) != ST_USAGE)
            fail_msg("%s %s was accepted", bad[i][0], bad[i][1] ? bad[i][1] : "");
    }
    struct scan_options o;
    assert_int_equal(parse(&o, "a", "b", NULL), ST_USAGE);
    assert_int_equal(parse(&o, "-i", "a", "b", NULL), ST_USAGE);
    char endless[CONFIG_LINE_MAX_BYTES] = {0}; /* no line of a file could hold it, quoted */
    memset(endless, '\\', sizeof endless - 1);
    assert_int_equal(parse(&o, "--providers", endless, "list", NULL), ST_USAGE);
    endless[256] = '\0'; /* nor would a User-Agent hold that */
    assert_int_equal(parse(&o, "--contact", endless, "list", NULL), ST_USAGE);
}

static void test_config(void **state)
{
    (void)state;
    struct scan_options o;
    put("# a comment\n\n in-flight = 77 # more\nquiet\ncontact = \"a \\\"b\\\" # c\" # d\n"
        "resolver 127.0.0.2\nresolver=127.0.0.3:99\nno-probe = yes\nretry-undetermined = off\r\n"
        "dns-rate=5\njson = yes\n");
    assert_int_equal(parse(&o, "--dns-rate", "9", "--config", path, "list", NULL), ST_OK);
    assert_int_equal(o.in_flight, 77);
    assert_int_equal(o.dns_rate, 9);
    assert_true(o.quiet);
    assert_true(o.no_probe);
    assert_false(o.retry_undetermined);
    assert_string_equal(o.contact, "a \"b\" # c");
    assert_int_equal(o.n_resolvers, 2);
    assert_int_equal(o.resolvers[1].port, 99);
    options_free(&o);
    assert_int_equal(parse(&o, "--config", path, "--resolver", "127.0.0.9", "list", NULL), ST_OK);
    assert_int_equal(o.n_resolvers, 1);
    assert_int_equal(o.resolvers[0].ip.b[3], 9);
    options_free(&o);
}

static void test_config_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"nonsense = 1\n",      "in-flight = many\n", "in-flight\n",
                                      "contact = \"open\n",  "config = x\n",       "help\n",
                                      "contact = \"a\" b\n", "quiet = perhaps\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scan_options o;
        char error[512];
        options_defaults(OPTIONS_SCAN, &o);
        put(bad[i]);
        assert_int_equal(options_read_config(path, OPTIONS_SCAN, &o, error, sizeof error),
                         ST_USAGE);
        assert_non_null(strstr(error, ":1: "));
        options_free(&o);
    }
}

static char *dump(const struct scan_options *o)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    assert_int_equal(options_dump(OPTIONS_SCAN, o, f), ST_OK);
    fclose(f);
    return text;
}

/* What --dump-config prints is read back to the same configuration. */
static void test_round_trip(void **state)
{
    (void)state;
    struct scan_options o, again;
    char error[512];
    assert_int_equal(parse(&o, "in put#1.csv", "--resolver", "[2001:db8::1]:5300", "--resolver",
                           "127.0.0.1", "--sample", "0.123", "--timeout-probe", "1.25", "--contact",
                           " \"Dr\\ X\" # y", "--seed", "7", "--allow", "10.0.0.0/8", "--allow",
                           "::1", "-6", "--per-prefix", "3,0", "--tlsrpt", "adopters", "--quiet",
                           "--source", "2001:db8::2", "--no-retry-undetermined", NULL),
                     ST_OK);
    char *first = dump(&o);
    put(first);
    options_defaults(OPTIONS_SCAN, &again);
    assert_int_equal(options_read_config(path, OPTIONS_SCAN, &again, error, sizeof error), ST_OK);
    char *second = dump(&again);
    assert_string_equal(first, second);
    assert_string_equal(again.contact, " \"Dr\\ X\" # y");
    assert_string_equal(again.input, "in put#1.csv");
    free(first);
    free(second);
    options_free(&o);
    options_free(&again);
}

/* The heading of an option in the man page: hyphens escaped, and nothing follows the name. */
static void man_heading(const struct option_row *row, char out[192])
{
    char name[64];
    snprintf(name, sizeof name, "--%s", row->name);
    size_t n = 0;
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '-')
            out[n++] = '\\';
        out[n++] = *p;
    }
    snprintf(out + n, 4, row->arg ? " \"" : "\n");
}

/* Every option that is there stands in the help and in the man page, with its argument and its
 * default; one that is not yet there stands in neither. */
static void test_documented(void **state)
{
    (void)state;
    char *help = NULL, *man = NULL;
    size_t help_size, man_size = 0;
    FILE *f = open_memstream(&help, &help_size);
    options_help(OPTIONS_SCAN, f);
    options_help(OPTIONS_CHECK, f);
    fclose(f);
    f = fopen("docs/man/stscan.1", "r");
    assert_non_null(f);
    assert_true(getdelim(&man, &man_size, '\0', f) > 0);
    fclose(f);

    struct scan_options defaults;
    options_defaults(OPTIONS_SCAN, &defaults);
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *row = &option_rows[i];
        char in_help[128], in_man[192];
        struct strbuf value;
        strbuf_init(&value, 256);
        snprintf(in_help, sizeof in_help, "--%s%s%s", row->name, row->arg ? " " : "",
                 row->arg ? row->arg : "");
        man_heading(row, in_man);
        if ((strstr(help, in_help) == NULL) != row->later)
            fail_msg("%s in the help", in_help);
        char *at = strstr(man, in_man);
        if ((at == NULL) != row->later)
            fail_msg("--%s in the man page", row->name);
        if (at && row->arg && option_count(row, &defaults) > 0) {
            char want[192];
            assert_int_equal(option_format(row, &defaults, 0, &value), ST_OK);
            snprintf(want, sizeof want, "(%s)", value.p);
            char *next = strstr(at, "\n.TP"), *found = strstr(at, want);
            if (!found || (next && found > next))
                fail_msg("default %s of --%s is not in the man page", want, row->name);
        }
        strbuf_free(&value);
    }
    options_free(&defaults);
    free(help);
    free(man);
}

static void test_resolv_conf(void **state)
{
    (void)state;
    struct endpoint *list;
    size_t n;
    put("# c\nsearch example.com\nnameserver 192.0.2.53\n\tnameserver ::1 # x\nnameserver bad\n");
    assert_int_equal(resolv_conf_read(path, &list, &n), ST_OK);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].port, 53);
    assert_int_equal(list[1].ip.family, 6);
    free(list);
    put("search example.com\n");
    assert_int_equal(resolv_conf_read(path, &list, &n), ST_NOT_FOUND);
    assert_int_equal(resolv_conf_read("/nonexistent", &list, &n), ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_config),
        cmocka_unit_test(test_config_refused), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_documented),     cmocka_unit_test(test_resolv_conf),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
