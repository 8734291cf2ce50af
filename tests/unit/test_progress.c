/* Units of scanner/output/progress.c. */
#include "scanner/output/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000 };

static void test_line(void **state)
{
    (void)state;
    char line[PROGRESS_LINE_MAX_BYTES];
    struct progress_view v = {412345, 1049312, 2881, 10000, 312};
    progress_line(line, &v, 12345, 200);
    assert_string_equal(line, "412,345/1,049,312  39.3%  12,345/s  ETA 0:00:52  adopters 2,881  "
                              "in flight 10,000  failed 312");
    for (size_t columns = 1; columns < 120; columns++) {
        progress_line(line, &v, 12345, columns);
        assert_true(strlen(line) < columns);
    }
    v.total = 0;
    progress_line(line, &v, 0, 40);
    assert_string_equal(line, "412,345 domains  0/s  adopters 2,881");
    struct progress_view most = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    progress_line(line, &most, 1e18, PROGRESS_LINE_MAX_BYTES);
    assert_true(strlen(line) < PROGRESS_LINE_MAX_BYTES);
}

/* Reads what is there without waiting. */
static size_t drain(int fd, char *out, size_t size)
{
    ssize_t n = read(fd, out, size - 1);
    size_t len = n > 0 ? (size_t)n : 0;
    out[len] = '\0';
    return len;
}

static void test_plain(void **state)
{
    (void)state;
    int fds[2];
    char text[1024];
    progress *p;
    struct progress_view v = {.total = 1000};
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    assert_int_equal(progress_new(fds[1], false, 0, 5000, &p), ST_OK);
    v.done = 100;
    progress_tick(p, &v, 5000 + PROGRESS_PLAIN_MS - 1);
    assert_int_equal(drain(fds[0], text, sizeof text), 0);
    progress_tick(p, &v, 5000 + PROGRESS_PLAIN_MS);
    assert_true(drain(fds[0], text, sizeof text) > 0);
    assert_string_equal(text, "stscan: 100/1,000  10.0%  10/s  ETA 0:01:30  adopters 0  "
                              "in flight 0  failed 0\n");
    progress_end(p, &v, 5000 + PROGRESS_PLAIN_MS + 1);
    assert_true(drain(fds[0], text, sizeof text) > 0);

    assert_int_equal(progress_new(fds[1], true, 0, 0, &p), ST_OK);
    progress_tick(p, &v, 1000000);
    progress_end(p, &v, 1000001);
    assert_int_equal(drain(fds[0], text, sizeof text), 0);
    close(fds[0]);
    close(fds[1]);
}

/* What a terminal shows next; the kernel hands it over in pieces, at a time of its own. */
static void expect_shown(int master, const char *want)
{
    char text[1024];
    size_t len = 0, wanted = strlen(want);
    assert_true(wanted < sizeof text);
    while (len < wanted) {
        struct pollfd p = {.fd = master, .events = POLLIN};
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        ssize_t n = read(master, text + len, wanted - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    text[len] = '\0';
    assert_string_equal(text, want);
}

static void open_terminal(int *master, int *slave)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0)
        skip();
    *slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    if (*slave < 0)
        skip();
}

static void test_terminal(void **state)
{
    (void)state;
    int master, slave;
    open_terminal(&master, &slave);
    progress *p;
    struct progress_view v = {.done = 5, .total = 10};
    setenv("TERM", "xterm", 1);
    assert_int_equal(progress_new(slave, false, 0, 0, &p), ST_OK);
    progress_tick(p, &v, 1000);
    progress_tick(p, &v, 1001); /* too early: shows nothing */
    expect_shown(master, "\r5/10  50.0%  5/s  ETA 0:00:01  adopters 0  in flight 0  failed 0"
                         "\033[K");
    progress_clear(p);
    expect_shown(master, "\r\033[K");
    progress_end(p, &v, 2000);
    expect_shown(master, "\r5/10  50.0%  4/s  ETA 0:00:01  adopters 0  in flight 0  failed 0"
                         "\033[K\r\n");
    close(slave);
    close(master);
}

/* A terminal that cannot draw gets whole lines, and no escape sequence. */
static void test_dumb_terminal(void **state)
{
    (void)state;
    int master, slave;
    open_terminal(&master, &slave);
    progress *p;
    struct progress_view v = {.done = 5, .total = 10};
    setenv("TERM", "dumb", 1);
    assert_int_equal(progress_new(slave, false, 0, 0, &p), ST_OK);
    progress_tick(p, &v, 1000);
    progress_clear(p);
    progress_end(p, &v, 2000);
    expect_shown(master, "stscan: 5/10  50.0%  3/s  ETA 0:00:02  adopters 0  in flight 0  "
                         "failed 0\r\n");
    close(slave);
    close(master);
}

/* What earlier runs did took none of this one's time. */
static void test_resumed(void **state)
{
    (void)state;
    int fds[2];
    char text[1024];
    progress *p;
    struct progress_view v = {.done = 900, .total = 1000};
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    assert_int_equal(progress_new(fds[1], false, 890, 0, &p), ST_OK);
    progress_tick(p, &v, PROGRESS_PLAIN_MS);
    drain(fds[0], text, sizeof text);
    assert_string_equal(text, "stscan: 900/1,000  90.0%  1/s  ETA 0:01:40  adopters 0  in flight 0"
                              "  failed 0\n");
    progress_end(p, &v, PROGRESS_PLAIN_MS);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),     cmocka_unit_test(test_plain),
        cmocka_unit_test(test_terminal), cmocka_unit_test(test_dumb_terminal),
        cmocka_unit_test(test_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
