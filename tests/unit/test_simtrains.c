/* Answers that simnet sends as trains arrive as datagrams, each once and whole, whoever they are
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/simnet/dns_train.h"
#include "tests/simnet/dnswire.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 3, ANSWERS = 120, WAIT_S = 8 };

static int open_socket(struct sockaddr_in *at)
{
    struct timeval wait = {.tv_sec = WAIT_S};
    socklen_t len = sizeof *at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    return fd;
}

/* Lengths of few kinds, as padding makes them, and some that nobody shares. */
static size_t length_of(unsigned i)
{
    return i % 10 == 9 ? 100 + i : 192 + 64 * (i % 3);
}

static void fill(uint8_t *p, unsigned i)
{
    memset(p, (int)(i % 251), length_of(i));
    memcpy(p, &i, sizeof i);
}

static void write_answers(struct dns_trains *trains, const struct sockaddr_in at[PEERS])
{
    for (unsigned i = 0; i < ANSWERS; i++) {
        uint8_t *room = dns_trains_room(trains);
        assert_non_null(room);
        fill(room, i);
        dns_trains_add(trains, &at[i % PEERS], length_of(i));
    }
}

/* Each of a peer's answers came once, in any order. */
static void read_answers(int fd, unsigned peer)
{
    bool seen[ANSWERS] = {false};
    for (unsigned n = peer; n < ANSWERS; n += PEERS) {
        uint8_t got[DNS_UDP_MAX_BYTES + 1], wanted[DNS_UDP_MAX_BYTES];
        unsigned i = ANSWERS;
        ssize_t len = recv(fd, got, sizeof got, 0);
        assert_true(len > (ssize_t)sizeof i);
        memcpy(&i, got, sizeof i);
        assert_true(i < ANSWERS && i % PEERS == peer && !seen[i]);
        seen[i] = true;
        fill(wanted, i);
        assert_int_equal(len, length_of(i));
        assert_memory_equal(got, wanted, length_of(i));
    }
}

static void send_and_read(bool allowed)
{
    struct sockaddr_in at[PEERS], from;
    int fd[PEERS], sender = open_socket(&from);
    struct dns_trains *trains = dns_trains_create(sender, allowed);
    assert_non_null(trains);
    for (unsigned p = 0; p < PEERS; p++)
        fd[p] = open_socket(&at[p]);
    for (int round = 0; round < 3; round++) { /* what was sent is forgotten */
        write_answers(trains, at);
        assert_int_equal(dns_trains_send(trains), 0);
        for (unsigned p = 0; p < PEERS; p++)
            read_answers(fd[p], p);
    }
    for (unsigned p = 0; p < PEERS; p++) {
        assert_int_equal(recv(fd[p], &from, sizeof from, MSG_DONTWAIT), -1);
        close(fd[p]);
    }
    dns_trains_free(trains);
    close(sender);
}

static void test_trains(void **state)
{
    (void)state;
    send_and_read(true);
}

static void test_one_by_one(void **state)
{
    (void)state;
    send_and_read(false);
}

static void test_room_ends(void **state)
{
    (void)state;
    struct sockaddr_in at;
    int fd = open_socket(&at);
    struct dns_trains *trains = dns_trains_create(fd, true);
    size_t large = 0, small = 0;
    for (; dns_trains_room(trains) != NULL; large++)
        dns_trains_add(trains, &at, DNS_UDP_MAX_BYTES);
    dns_trains_send(trains);
    for (; dns_trains_room(trains) != NULL; small++)
        dns_trains_add(trains, &at, 12);
    assert_true(large >= 100 && small > large);
    dns_trains_send(trains);
    assert_non_null(dns_trains_room(trains));
    dns_trains_free(trains);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trains),
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_room_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
