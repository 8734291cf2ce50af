/* Units of scanner/net/dial.c. What a whole connection shows is in test_probe.c. */
#include "scanner/net/dial.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct net_addr LOOPBACK = {.family = 4, .b = {127, 0, 0, 1}};

static void test_deadline(void **state)
{
    struct deadline d = {.at_ms = 1000};
    (void)state;
    assert_false(deadline_is_up(&d, 999));
    assert_int_equal(d.at_ms, 1000);
    assert_true(deadline_is_up(&d, 1000));
    assert_true(deadline_is_up(&d, 1000 + DEADLINE_LATE_MS - 1));
    /* Our own lateness is given back, once. */
    assert_false(deadline_is_up(&d, 1000 + DEADLINE_LATE_MS));
    assert_int_equal(d.at_ms, 1000 + 2 * DEADLINE_LATE_MS);
    assert_true(deadline_is_up(&d, 100000));
    d = (struct deadline){.at_ms = 0};
    assert_false(deadline_is_up(&d, 60000));
    assert_int_equal(d.at_ms, 60000 + DEADLINE_EXTENSION_MAX_MS);
}

static void test_guarded(void **state)
{
    guard *g;
    size_t line;
    int fd;
    (void)state;
    assert_int_equal(guard_new(&g), ST_OK);
    struct dialer d = {.guard = g};
    assert_int_equal(dial_socket(&d, &LOOPBACK, &fd), CONN_BLOCKED);
    assert_int_equal(fd, -1);
    assert_int_equal(guard_allow(g, "127.0.0.0/8"), ST_OK);
    assert_int_equal(dial_socket(&d, &LOOPBACK, &fd), CONN_OK);
    close(fd);
    assert_int_equal(guard_blocklist(g, SLICE_LIT("127.0.0.0/8"), &line), ST_OK);
    assert_int_equal(dial_socket(&d, &LOOPBACK, &fd), CONN_BLOCKLISTED);
    guard_free(g);
}

/* Sources take turns; a family without one has no route; an address that is not ours is no route
 * of the peer's. */
static void test_sources(void **state)
{
    const struct net_addr sources[] = {{.family = 4, .b = {127, 0, 0, 5}},
                                       {.family = 4, .b = {127, 0, 0, 6}}};
    const struct net_addr v6 = {.family = 6, .b = {[15] = 1}},
                          foreign = {.family = 4, .b = {192, 0, 2, 77}};
    guard *g;
    int fd;
    (void)state;
    assert_int_equal(guard_new(&g), ST_OK);
    assert_int_equal(guard_allow(g, "127.0.0.0/8"), ST_OK);
    assert_int_equal(guard_allow(g, "::1"), ST_OK);
    struct dialer d = {.guard = g, .sources = sources, .n_sources = 2};
    for (uint8_t i = 0; i < 4; i++) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        assert_int_equal(dial_socket(&d, &LOOPBACK, &fd), CONN_OK);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
        assert_int_equal(((const uint8_t *)&ss)[7], i % 2 == 0 ? 5 : 6);
        close(fd);
    }
    assert_int_equal(dial_socket(&d, &v6, &fd), CONN_NO_ROUTE);
    d.sources = &foreign;
    d.n_sources = 1;
    assert_int_equal(dial_socket(&d, &LOOPBACK, &fd), CONN_ABANDONED);
    assert_int_equal(fd, -1);
    guard_free(g);
}

static void test_out_of_descriptors(void **state)
{
    struct rlimit old, none;
    guard *g;
    int fd;
    (void)state;
    assert_int_equal(guard_new(&g), ST_OK);
    assert_int_equal(guard_allow(g, "127.0.0.0/8"), ST_OK);
    struct dialer d = {.guard = g};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum conn result = dial_socket(&d, &LOOPBACK, &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(result, CONN_ABANDONED);
    guard_free(g);
}

static void count_heard(void *arg, const struct net_addr *host)
{
    assert_true(net_addr_eq(host, &LOOPBACK));
    ++*(int *)arg;
}

/* A host is heard by what itself says, a refusal too; not by silence, nor by another's word. */
static void test_who_is_heard(void **state)
{
    int heard = 0;
    const struct dial_listener l = {count_heard, &heard}, nobody = {NULL, NULL};
    (void)state;
    for (int c = CONN_NONE; c < CONN_COUNT; c++) {
        int before = heard;
        dial_tell(&l, (enum conn)c, &LOOPBACK);
        dial_tell(&nobody, (enum conn)c, &LOOPBACK);
        assert_int_equal(heard - before, c == CONN_OK || c == CONN_REFUSED);
    }
}

/* ---- in a network of its own ---------------------------------------------------------------- */

enum { CANNOT = 77 };

static bool loopback_up(void)
{
    struct ifreq lo = {.ifr_name = "lo"};
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    bool up = ioctl(s, SIOCGIFFLAGS, &lo) == 0;
    lo.ifr_flags |= IFF_UP;
    up = up && ioctl(s, SIOCSIFFLAGS, &lo) == 0;
    close(s);
    return up;
}

static bool one_local_port(void)
{
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    bool set = fd >= 0 && write(fd, "40000 40000", 11) == 11;
    if (fd >= 0)
        close(fd);
    return set;
}

/* Which step is wrong, 0 none. */
static int lonely_network(void)
{
    struct endpoint public = {.ip = {.family = 4, .b = {8, 8, 8, 8}}, .port = 443};
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    guard *g;
    int fd, listener, first;
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return CANNOT;
    if (guard_new(&g) != ST_OK || guard_allow(g, "127.0.0.0/8") != ST_OK)
        return 1;
    struct dialer d = {.guard = g};
    /* ENETUNREACH is this machine's word, not the peer's. */
    if (dial_open(&d, &public, &fd) != CONN_NO_ROUTE || fd != -1)
        return 2;
    if (!loopback_up() || !one_local_port())
        return CANNOT;
    struct endpoint local = {.ip = LOOPBACK, .port = 443};
    listener = socket(AF_INET, SOCK_STREAM, 0);
    len = endpoint_sockaddr(&local, &ss);
    if (bind(listener, (struct sockaddr *)&ss, len) != 0 || listen(listener, 1) != 0)
        return CANNOT;
    if (dial_open(&d, &local, &first) != CONN_OK)
        return 3;
    /* EADDRNOTAVAIL: no port is left, and nothing can be said of the peer. */
    if (dial_open(&d, &local, &fd) != CONN_ABANDONED || fd != -1)
        return 4;
    close(first);
    close(listener);
    guard_free(g);
    return 0;
}

/* A link whose other end is gone: the kernel calls the host unreachable, and it alone. */
static int dead_link(void)
{
    static const char setup[] =
        "export PATH=$PATH:/usr/sbin; exec 2>/dev/null; ip link set lo up && "
        "ip link add gone type veth peer name deaf && ip link set deaf up arp off && "
        "ip address add 192.0.2.1/24 dev gone && ip link set gone up && "
        "cd /proc/sys/net/ipv4/neigh/gone && echo 1 >mcast_solicit && echo 20 >retrans_time_ms";
    struct endpoint host = {.ip = {.family = 4, .b = {192, 0, 2, 9}}, .port = 443};
    guard *g;
    int fd;
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return CANNOT;
    if (system(setup) != 0)
        return CANNOT;
    if (guard_new(&g) != ST_OK || guard_allow(g, "192.0.2.0/24") != ST_OK)
        return 1;
    struct dialer d = {.guard = g};
    if (dial_open(&d, &host, &fd) != CONN_OK)
        return 2;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (poll(&p, 1, 30000) != 1)
        return 3;
    if (dial_result(fd) != CONN_ABANDONED)
        return 4;
    close(fd);
    guard_free(g);
    return 0;
}

static void in_child(int (*check)(void))
{
    int how;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(check());
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    if (WEXITSTATUS(how) == CANNOT)
        skip();
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void test_lonely_network(void **state)
{
    (void)state;
    in_child(lonely_network);
}

static void test_dead_link(void **state)
{
    (void)state;
    in_child(dead_link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline),     cmocka_unit_test(test_guarded),
        cmocka_unit_test(test_sources),      cmocka_unit_test(test_out_of_descriptors),
        cmocka_unit_test(test_who_is_heard), cmocka_unit_test(test_lonely_network),
        cmocka_unit_test(test_dead_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
