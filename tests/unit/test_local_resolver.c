/* Units of scanner/local_resolver_conf.c and _words.c, scanner/child.c and scanner/net/free_port.c.
 */
#include "scanner/child.h"
#include "scanner/local_resolver_conf.h"
#include "scanner/local_resolver_words.h"
#include "scanner/net/free_port.h"
#include "scanner/net/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the configuration ---------------------------------------------------------------------- */

static struct addr_set avoid_of(const char *const *cidr, size_t n)
{
    struct addr_set s = {.v = NULL};
    for (size_t i = 0; i < n; i++) {
        struct addr_range r;
        assert_int_equal(addr_range_parse(slice_of(cidr[i]), &r), ST_OK);
        assert_int_equal(addr_set_add(&s, &r), ST_OK);
    }
    addr_set_seal(&s);
    return s;
}

static void expect_line(const struct strbuf *text, const char *line)
{
    char whole[256];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strstr(text->p, whole) == NULL)
        fail_msg("no line '%s' in\n%s", line, text->p);
}

static void test_conf(void **state)
{
    (void)state;
    static const char *const cidr[] = {"10.0.0.0/8", "10.255.255.255", "192.0.2.1", "192.0.2.2",
                                       "fc00::/7"};
    struct net_addr source = {.family = 4, .b = {198, 51, 100, 7}};
    struct addr_set avoid = avoid_of(cidr, 5);
    struct resolver_plan plan = {.port = 5353,
                                 .threads = 3,
                                 .queries = 1000,
                                 .sockets = 900,
                                 .tcp = 70,
                                 .zone_qps = 4000,
                                 .use_v6 = true,
                                 .serves_limits = true,
                                 .sources = &source,
                                 .n_sources = 1,
                                 .avoid = &avoid,
                                 .trust_anchor = "/usr/share/dns/root.key",
                                 .extra = "/dev/fd/4"};
    struct strbuf text;
    strbuf_init(&text, RESOLVER_CONF_MAX_BYTES);
    assert_int_equal(resolver_conf_write(&plan, &text), ST_OK);
    static const char *const lines[] = {
        "    interface: 127.0.0.1",
        "    port: 5353",
        "    num-threads: 3",
        "    num-queries-per-thread: 1000",
        "    outgoing-range: 900",
        "    incoming-num-tcp: 70",
        "    outgoing-num-tcp: 70",
        "    msg-cache-slabs: 4",
        "    ratelimit: 4000",
        "    ip-ratelimit: 0",
        "    wait-limit: 0",
        "    discard-timeout: 0",
        "    do-ip6: yes",
        "    qname-minimisation: no",
        "    access-control: 198.51.100.7 allow",
        "    outgoing-interface: 198.51.100.7",
        "    do-not-query-localhost: no",
        "    do-not-query-address: 10.0.0.0/8",
        "    do-not-query-address: 192.0.2.1/32",
        "    do-not-query-address: 192.0.2.2/32",
        "    do-not-query-address: fc00::/7",
        "    module-config: \"validator iterator\"",
        "    trust-anchor-file: \"/usr/share/dns/root.key\"",
        "    username: \"\"",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        expect_line(&text, lines[i]);
    /* What the user includes stands last, since the last value counts. */
    static const char last[] = "include: \"/dev/fd/4\"\n";
    assert_string_equal(text.p + text.len - strlen(last), last);
    assert_null(strstr(text.p, "\n    private-address:"));
    strbuf_free(&text);
    addr_set_free(&avoid);
}

/* Without anchor, IPv6, sources, newer statements or a user's file. */
static void test_conf_of_little(void **state)
{
    (void)state;
    struct addr_set avoid = avoid_of(NULL, 0);
    const struct resolver_plan plan = {.port = 1, .threads = 1, .avoid = &avoid};
    struct strbuf text;
    strbuf_init(&text, RESOLVER_CONF_MAX_BYTES);
    assert_int_equal(resolver_conf_write(&plan, &text), ST_OK);
    expect_line(&text, "    module-config: \"iterator\"");
    expect_line(&text, "    do-ip6: no");
    assert_null(strstr(text.p, "wait-limit"));
    assert_null(strstr(text.p, "outgoing-interface"));
    assert_null(strstr(text.p, "include"));
    strbuf_free(&text);
    addr_set_free(&avoid);
}

/* File names that would end the statement. */
static void test_conf_refused(void **state)
{
    (void)state;
    struct addr_set avoid = avoid_of(NULL, 0);
    struct resolver_plan plan = {.port = 1, .threads = 1, .avoid = &avoid};
    struct strbuf text;
    strbuf_init(&text, RESOLVER_CONF_MAX_BYTES);
    static const char *const bad[] = {"/x\"y", "/x\ny"};
    for (size_t i = 0; i < 2; i++) {
        plan.extra = bad[i];
        assert_int_equal(resolver_conf_write(&plan, &text), ST_INVALID);
    }
    strbuf_free(&text);
    addr_set_free(&avoid);
}

static void test_size(void **state)
{
    (void)state;
    static const struct {
        uint32_t in_flight, qps, cores;
        uint64_t descriptors;
        uint32_t threads, queries, sockets, zone_qps, tcp;
    } cases[] = {
        {10000, 1000, 8, 1048576, 1, 16384, 16384, 4000, 100}, /* the defaults */
        {10000, 0, 8, 1048576, 8, 2502, 2502, 0, 100},
        {10000, 2000, 8, 1048576, 2, 10002, 10002, 8000, 100},
        {10000, 2001, 8, 1048576, 3, 6668, 6668, 8004, 100},
        {10000, 1000000, 8, 1048576, 8, 2502, 2502, 4000000, 100},
        {10, 0, 1, 1048576, 1, 512, 512, 0, 100},
        {10000, 0, 2, 1024, 2, 10002, 304, 0, 60}, /* a small ulimit: less at once, none refused */
        {10000, 0, 2, 100, 1, 16384, 32, 0, 10},
        {1000000, 0, 0, 1048576, 1, 16384, 16384, 0, 100},
        {10, 1, 1, 1048576, 1, 512, 512, 4000, 100}, /* priming alone takes more than a few */
        {10000, 0, 64, 1024, 3, 6668, 184, 0, 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolver_plan plan = {.port = 53};
        resolver_plan_size(&plan, cases[i].in_flight, cases[i].qps, cases[i].cores,
                           cases[i].descriptors);
        assert_int_equal(plan.threads, cases[i].threads);
        assert_int_equal(plan.queries, cases[i].queries);
        assert_int_equal(plan.sockets, cases[i].sockets);
        assert_int_equal(plan.zone_qps, cases[i].zone_qps);
        assert_int_equal(plan.tcp, cases[i].tcp);
    }
}

/* docs/resolvers.md explains every statement that we write. */
static void test_documented(void **state)
{
    (void)state;
    struct resolver_plan plan = {.threads = 1, .serves_limits = true, .trust_anchor = "/k"};
    struct net_addr source = {.family = 4, .b = {1}};
    guard *g;
    struct addr_set avoid;
    char *page = NULL;
    size_t size = 0;
    struct strbuf text;
    assert_int_equal(guard_new(&g), ST_OK);
    assert_int_equal(guard_ranges(g, &avoid), ST_OK);
    plan.avoid = &avoid;
    plan.sources = &source;
    plan.n_sources = 1;
    strbuf_init(&text, RESOLVER_CONF_MAX_BYTES);
    assert_int_equal(resolver_conf_write(&plan, &text), ST_OK);
    FILE *f = fopen("docs/resolvers.md", "r");
    assert_non_null(f);
    assert_true(getdelim(&page, &size, '\0', f) > 0);
    fclose(f);
    struct slice rest = {text.p, text.len};
    bool last = false;
    while (!last) {
        struct slice line = slice_trim(slice_take(&rest, '\n', &last));
        size_t len = line.len > 0 && line.p[0] != '#' ? strcspn(line.p, ":") : 0;
        char word[64];
        snprintf(word, sizeof word, "%.*s:", (int)len, line.p);
        if (len > 0 && strstr(page, word) == NULL)
            fail_msg("%s is not in docs/resolvers.md", word);
    }
    free(page);
    strbuf_free(&text);
    addr_set_free(&avoid);
    guard_free(g);
}

/* ---- the process ---------------------------------------------------------------------------- */

static void say(struct resolver_words *w, const char *text)
{
    resolver_words_add(w, text, strlen(text));
}

static void test_words(void **state)
{
    (void)state;
    struct resolver_words w = {.len = 0};
    char version[32], errors[64], much[2 * RESOLVER_WORDS_MAX_BYTES];
    assert_false(resolver_words_ready(&w, version, sizeof version));
    resolver_words_errors(&w, errors, sizeof errors);
    assert_string_equal(errors, "");
    say(&w, "[1700000000] unbound[12:0] notice: init module 0: validator\n"
            "[1700000000] unbound[12:0] info: start of service (unbo");
    assert_false(resolver_words_ready(&w, version, sizeof version));
    say(&w, "und 1.17.1).\n");
    assert_true(resolver_words_ready(&w, version, sizeof version));
    assert_string_equal(version, "unbound 1.17.1");

    w = (struct resolver_words){.len = 0};
    say(&w, "[1] unbound[12:0] warning: so-rcvbuf\n[1] unbound[12:0] error: can't bind\x1b[\n"
            "/dev/fd/3:7: error: syntax error");
    resolver_words_errors(&w, errors, sizeof errors);
    assert_string_equal(errors, "error: can't bind?[; /dev/fd/3:7: error: syntax error");
    resolver_words_errors(&w, errors, 8);
    assert_string_equal(errors, "error: ");

    /* The end is kept, however much was said, in pieces and at once. */
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (char)('a' + i % 26);
    for (size_t piece = 1; piece <= sizeof much; piece = piece * 3 + 5) {
        w = (struct resolver_words){.len = 0};
        for (size_t at = 0; at < sizeof much; at += piece)
            resolver_words_add(&w, much + at, at + piece < sizeof much ? piece : sizeof much - at);
        assert_int_equal(w.len, RESOLVER_WORDS_MAX_BYTES);
        assert_memory_equal(w.text, much + sizeof much - w.len, w.len);
        assert_int_equal(w.text[w.len], '\0');
    }
}

static void test_free_port(void **state)
{
    (void)state;
    uint16_t port = 0;
    assert_int_equal(free_port_find(&port), ST_OK);
    assert_true(port > 0);
}

static void test_find(void **state)
{
    (void)state;
    char path[64], small[8];
    char *old = strdup(getenv("PATH"));
    assert_int_equal(child_find("sh", path, sizeof path), ST_OK);
    assert_int_equal(path[0], '/');
    assert_int_equal(child_find("no-such-program", path, sizeof path), ST_NOT_FOUND);
    assert_int_equal(child_find("sh", small, 3), ST_NOT_FOUND);
    /* What stands in the current folder is not run. */
    setenv("PATH", ".::build:tests", 1);
    assert_int_equal(child_find("run.sh", path, sizeof path), ST_NOT_FOUND);
    setenv("PATH", old, 1);
    free(old);
}

static void start(struct child *c, const char *script, const int *fds, size_t n_fds)
{
    static char sh[] = "sh", dash_c[] = "-c";
    char text[256];
    char *argv[] = {sh, dash_c, text, NULL};
    snprintf(text, sizeof text, "%s", script);
    struct child_spec spec = {.path = "/bin/sh", .argv = argv, .fds = fds, .n_fds = n_fds};
    assert_int_equal(child_start(&spec, c), ST_OK);
}

/* All that it says until it closes its words. */
static void listen_to(struct child *c, char *out, size_t size)
{
    size_t used = 0;
    ssize_t n = 1;
    while (n != 0 && used + 1 < size) {
        struct pollfd p = {.fd = c->words, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 30000), 1);
        n = read(c->words, out + used, size - 1 - used);
        assert_true(n >= 0);
        used += (size_t)n;
    }
    out[used] = '\0';
}

/* It gets the descriptors that it is meant to have, and no other one. */
static void test_child_fds(void **state)
{
    (void)state;
    struct child c;
    char said[512];
    int status, leak = open("/dev/null", O_RDONLY), fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(leak >= 0 && fd >= 0);
    assert_int_equal(write(fd, "a text", 6), 6);
    start(&c,
          "exec >&2; cat /dev/fd/3; for i in 4 5 6 7 8 9; do [ -e /dev/fd/$i ] && echo $i; done;"
          "cat; exit 3",
          &fd, 1);
    listen_to(&c, said, sizeof said);
    assert_string_equal(said, "a text");
    child_stop(&c, 30000, &status, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(c.pid, 0);
    child_stop(&c, 0, NULL, NULL); /* once more is fine */
    close(fd);
    close(leak);
}

/* Stopped by SIGTERM; by SIGKILL when it does not care. */
static void test_child_stop(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        unsigned grace_ms;
        int signal;
    } cases[] = {
        {"echo x >&2; exec sleep 1000", 30000, SIGTERM},
        {"trap '' TERM; echo x >&2; exec sleep 1000", 100, SIGKILL},
    };
    for (size_t i = 0; i < 2; i++) {
        struct child c;
        char ready[8] = "";
        int status;
        start(&c, cases[i].script, NULL, 0);
        struct pollfd p = {.fd = c.words, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 30000), 1);
        assert_int_equal(read(c.words, ready, sizeof ready), 2);
        child_stop(&c, cases[i].grace_ms, &status, NULL);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), cases[i].signal);
    }
}

/* It goes when the one that started it goes, however that was. */
static void test_child_dies_with_us(void **state)
{
    (void)state;
    int up[2];
    assert_int_equal(pipe(up), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct child c;
        char ready;
        start(&c, "echo >&2; exec sleep 1000", up + 1, 1);
        struct pollfd said = {.fd = c.words, .events = POLLIN};
        if (poll(&said, 1, 30000) == 1 && read(c.words, &ready, 1) == 1)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    close(up[1]);
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFSIGNALED(status));
    /* The other end of the pipe is open for as long as the grandchild lives. */
    struct pollfd p = {.fd = up[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, 30000), 1);
    assert_true(p.revents & POLLHUP);
    close(up[0]);
}

static void test_child_not_there(void **state)
{
    (void)state;
    static char name[] = "x";
    char *argv[] = {name, NULL};
    struct child_spec spec = {.path = "/nonexistent/x", .argv = argv};
    struct child c;
    char said[128];
    int status;
    assert_int_equal(child_start(&spec, &c), ST_OK);
    listen_to(&c, said, sizeof said);
    assert_string_equal(said, "cannot be executed\n");
    child_stop(&c, 30000, &status, NULL);
    assert_int_equal(WEXITSTATUS(status), 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conf),
        cmocka_unit_test(test_conf_of_little),
        cmocka_unit_test(test_conf_refused),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_free_port),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_child_fds),
        cmocka_unit_test(test_child_stop),
        cmocka_unit_test(test_child_dies_with_us),
        cmocka_unit_test(test_child_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
