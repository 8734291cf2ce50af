/* Trains of datagrams between two sockets on loopback. */
#include "scanner/net/udp_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LENGTHS = UDP_BATCH_OUT_MAX_BYTES + 1 };

struct pair {
    int from, to;
    struct udp_batch *batch;
    bool trains;
    unsigned char bytes[UDP_BATCH_OUT][UDP_BATCH_OUT_MAX_BYTES];
    /* what arrived */
    unsigned count, of_length[LENGTHS];
    unsigned wrong;
    bool seen[UDP_BATCH_OUT];
};

static struct pair g; /* half a megabyte: not on the stack */

static void start(bool accept)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int room = 1 << 20;
    memset(&g, 0, sizeof g);
    g.to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g.from = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(g.to, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(g.to, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(g.from, (struct sockaddr *)&at, len), 0);
    assert_int_equal(setsockopt(g.to, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(udp_batch_new(&g.batch), ST_OK);
    udp_batch_clear(g.batch);
    g.trains = true;
    if (accept)
        udp_batch_accept_trains(g.to);
}

static void end(void)
{
    udp_batch_free(g.batch);
    close(g.from);
    close(g.to);
}

/* Datagram i of this length: its number, then a pattern. */
static void add(unsigned i, size_t len)
{
    memset(g.bytes[i], (int)(i % 251), sizeof g.bytes[i]);
    memcpy(g.bytes[i], &i, sizeof i);
    udp_batch_add(g.batch, g.bytes[i], len, g.bytes[i]);
}

static void on_datagram(void *arg, const uint8_t *bytes, size_t len, bool cut)
{
    (void)arg;
    unsigned i = UDP_BATCH_OUT;
    g.count++;
    if (len >= sizeof i)
        memcpy(&i, bytes, sizeof i);
    if (cut || len >= LENGTHS || i >= UDP_BATCH_OUT || g.seen[i] ||
        memcmp(bytes, g.bytes[i], len) != 0) {
        g.wrong++;
        return;
    }
    g.of_length[len]++;
    g.seen[i] = true;
}

static void receive_all(unsigned want)
{
    int calls = 0;
    while (g.count < want && calls++ < 1000)
        if (udp_batch_receive(g.batch, g.to, on_datagram, NULL) < 0)
            assert_int_equal(errno, EAGAIN);
    assert_int_equal(g.count, want);
    assert_int_equal(g.wrong, 0);
}

static void mixed_lengths_arrive(bool accept)
{
    start(accept);
    for (unsigned i = 0; i < UDP_BATCH_OUT; i++)
        add(i, i < 200 ? 40 : 41 + i % 30);
    assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), UDP_BATCH_OUT);
    assert_true(g.trains);
    bool tagged[UDP_BATCH_OUT] = {false};
    for (int i = 0; i < UDP_BATCH_OUT; i++) {
        unsigned n;
        memcpy(&n, udp_batch_sent(g.batch, i), sizeof n);
        assert_false(tagged[n]);
        tagged[n] = true;
    }
    receive_all(UDP_BATCH_OUT);
    assert_int_equal(g.of_length[40], 200);
    for (unsigned len = 41; len < 71; len++)
        assert_in_range(g.of_length[len], 10, 11);
    end();
}

static void test_mixed_lengths(void **state)
{
    (void)state;
    mixed_lengths_arrive(false);
}

static void test_mixed_lengths_in_trains(void **state)
{
    (void)state;
    mixed_lengths_arrive(true);
}

/* As many of one length as two trains hold, and one more: shortest and longest lengths. */
static void test_train_at_its_cap(void **state)
{
    (void)state;
    for (unsigned n = 64; n <= 129; n += n == 64 ? 1 : 64) {
        start(true);
        for (unsigned i = 0; i < n; i++)
            add(i, i % 2 == 0 ? sizeof i : UDP_BATCH_OUT_MAX_BYTES);
        assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), n);
        receive_all(n);
        assert_int_equal(g.of_length[sizeof n], (n + 1) / 2);
        assert_int_equal(g.of_length[UDP_BATCH_OUT_MAX_BYTES], n / 2);
        end();
    }
}

/* The kernel cuts no train up for a socket that leaves out checksums. */
static void test_refused_trains_go_one_by_one(void **state)
{
    (void)state;
    int on = 1;
    start(true);
    assert_int_equal(setsockopt(g.from, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    for (unsigned i = 0; i < 100; i++)
        add(i, 50);
    assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), 100);
    assert_false(g.trains);
    receive_all(100);
    udp_batch_clear(g.batch);
    add(100, 50);
    assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), 1);
    receive_all(101);
    end();
}

/* Nobody listens: the error comes back with the next batch, and is not taken for a refusal. */
static void test_port_unreachable(void **state)
{
    (void)state;
    start(false);
    close(g.to);
    for (unsigned i = 0; i < 3; i++)
        add(i, 50);
    assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), 3);
    assert_int_equal(udp_batch_send(g.batch, g.from, &g.trains), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_true(g.trains);
    g.to = -1;
    end();
}

static void take_length(void *arg, const uint8_t *bytes, size_t len, bool cut)
{
    (void)bytes;
    size_t *out = arg;
    *out = cut ? SIZE_MAX : len;
}

static void test_empty_and_longest_datagrams(void **state)
{
    (void)state;
    static uint8_t longest[65507];
    size_t len = 1;
    start(true);
    assert_int_equal(send(g.from, "", 0, 0), 0);
    assert_int_equal(udp_batch_receive(g.batch, g.to, take_length, &len), 1);
    assert_int_equal(len, 0);
    assert_int_equal(send(g.from, longest, sizeof longest, 0), sizeof longest);
    assert_int_equal(udp_batch_receive(g.batch, g.to, take_length, &len), 1);
    assert_int_equal(len, sizeof longest);
    assert_int_equal(udp_batch_receive(g.batch, g.to, take_length, &len), -1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixed_lengths),
        cmocka_unit_test(test_mixed_lengths_in_trains),
        cmocka_unit_test(test_train_at_its_cap),
        cmocka_unit_test(test_refused_trains_go_one_by_one),
        cmocka_unit_test(test_port_unreachable),
        cmocka_unit_test(test_empty_and_longest_datagrams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
