/* Units of simnet's event loop. */
#include "tests/simnet/loop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMERS 200

static struct loop *loop;
static int seen; /* callbacks so far */

static int make_loop(void **state)
{
    (void)state;
    seen = 0;
    loop = loop_create();
    return loop ? 0 : -1;
}

static int free_loop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

/* --- Timers --- */

static struct loop_timer timers[TIMERS];
static uint64_t last_due_ms;

static void on_due_in_order(struct loop_timer *timer)
{
    assert_true(timer->due_ms >= last_due_ms);
    last_due_ms = timer->due_ms;
    seen++;
}

static void on_due_stop(struct loop_timer *timer)
{
    (void)timer;
    loop_stop(loop);
}

static void test_timers_come_in_order(void **state)
{
    uint64_t now_ms = loop_now_ms(loop);
    struct loop_timer last = {.on_due = on_due_stop};
    (void)state;
    last_due_ms = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        timers[i] = (struct loop_timer){.on_due = on_due_in_order};
        assert_true(loop_timer_set(loop, &timers[i], now_ms + i * 37 % 20));
    }
    for (size_t i = 0; i < TIMERS; i += 4)
        loop_timer_clear(loop, &timers[i]);
    for (size_t i = 1; i < TIMERS; i += 4) /* moved, not set twice */
        assert_true(loop_timer_set(loop, &timers[i], now_ms + i * 11 % 20));
    assert_true(loop_timer_set(loop, &last, now_ms + 20));
    loop_run(loop);
    assert_int_equal(seen, TIMERS - TIMERS / 4);
    assert_int_equal(timers[1].slot, 0);
}

/* --- Descriptors --- */

static struct loop_io ios[2];

static void open_io(struct loop_io *io, void (*on_event)(struct loop_io *, uint32_t))
{
    io->fd = eventfd(1, EFD_NONBLOCK); /* can be read from the start */
    io->events = EPOLLIN;
    io->on_event = on_event;
    assert_true(io->fd >= 0);
}

/* Whichever comes first removes both: the other's event, fetched already, must not be delivered. */
static void on_event_remove_both(struct loop_io *io, uint32_t events)
{
    (void)io;
    assert_true(events & EPOLLIN);
    seen++;
    loop_io_remove(loop, &ios[0]);
    loop_io_remove(loop, &ios[1]);
    loop_stop(loop);
}

static void test_removed_io_is_silent(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_io(&ios[i], on_event_remove_both);
        assert_true(loop_io_add(loop, &ios[i]));
    }
    loop_run(loop);
    assert_int_equal(seen, 1);
    close(ios[0].fd);
    close(ios[1].fd);
}

static char order[4];

static void on_connection(struct loop_io *io, uint32_t events)
{
    (void)events;
    order[seen++] = 'c';
    loop_io_remove(loop, io);
}

static void on_gated(struct loop_io *io, uint32_t events)
{
    (void)events;
    order[seen++] = 'g';
    loop_io_remove(loop, io);
    loop_stop(loop);
}

static void test_gated_come_after_connections(void **state)
{
    (void)state;
    open_io(&ios[0], on_gated);
    open_io(&ios[1], on_connection);
    assert_true(loop_io_add_gated(loop, &ios[0]));
    assert_true(loop_io_add(loop, &ios[1]));
    loop_run(loop);
    assert_int_equal(seen, 2);
    assert_memory_equal(order, "cg", 2);
    close(ios[0].fd);
    close(ios[1].fd);
}

static void on_due_open_gate(struct loop_timer *timer)
{
    (void)timer;
    assert_int_equal(seen, 0); /* nothing came while it was shut */
    loop_gate_open(loop);
}

static void test_shut_gate(void **state)
{
    struct loop_timer timer = {.on_due = on_due_open_gate};
    (void)state;
    open_io(&ios[0], on_gated);
    assert_true(loop_io_add_gated(loop, &ios[0]));
    loop_gate_shut(loop);
    assert_true(loop_timer_set(loop, &timer, loop_now_ms(loop) + 5));
    loop_run(loop);
    assert_int_equal(seen, 1);
    close(ios[0].fd);
}

static void *stop_it(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void test_stop_from_elsewhere(void **state)
{
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_it, loop), 0);
    loop_run(loop); /* returns: the loop has nothing else to wait for */
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timers_come_in_order, make_loop, free_loop),
        cmocka_unit_test_setup_teardown(test_removed_io_is_silent, make_loop, free_loop),
        cmocka_unit_test_setup_teardown(test_gated_come_after_connections, make_loop, free_loop),
        cmocka_unit_test_setup_teardown(test_shut_gate, make_loop, free_loop),
        cmocka_unit_test_setup_teardown(test_stop_from_elsewhere, make_loop, free_loop),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
