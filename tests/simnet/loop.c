#include "tests/simnet/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOP_BATCH_EVENTS 256
#define LOOP_TIMERS_START 64

struct batch {
    struct epoll_event events[LOOP_BATCH_EVENTS];
    int count;
};

struct loop {
    int epoll_fd;
    int gate_fd;
    int wake_fd;
    bool gate_is_open;
    bool stopped;
    uint64_t now_ms;
    struct batch batch;       /* of the turn: connections, or gated ones after them */
    struct loop_timer **heap; /* binary heap by due_ms, from index 1 */
    size_t heap_count;
    size_t heap_cap;
};

uint64_t loop_clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

static bool watch(int epoll_fd, int op, int fd, uint32_t events, void *ptr)
{
    struct epoll_event event = {.events = events, .data.ptr = ptr};
    return epoll_ctl(epoll_fd, op, fd, &event) == 0;
}

struct loop *loop_create(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->gate_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->heap_cap = LOOP_TIMERS_START;
    loop->heap = calloc(loop->heap_cap, sizeof *loop->heap);
    loop->now_ms = loop_clock_ms();
    if (loop->epoll_fd < 0 || loop->gate_fd < 0 || loop->wake_fd < 0 || !loop->heap ||
        !watch(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, EPOLLIN, &loop->wake_fd)) {
        loop_free(loop);
        return NULL;
    }
    loop_gate_open(loop);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->gate_fd >= 0)
        close(loop->gate_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    free(loop->heap);
    free(loop);
}

void loop_gate_shut(struct loop *loop)
{
    if (loop->gate_is_open && watch(loop->epoll_fd, EPOLL_CTL_DEL, loop->gate_fd, 0, NULL))
        loop->gate_is_open = false;
}

void loop_gate_open(struct loop *loop)
{
    if (!loop->gate_is_open &&
        watch(loop->epoll_fd, EPOLL_CTL_ADD, loop->gate_fd, EPOLLIN, &loop->gate_fd))
        loop->gate_is_open = true;
}

bool loop_io_add(struct loop *loop, struct loop_io *io)
{
    io->gated = false;
    return watch(loop->epoll_fd, EPOLL_CTL_ADD, io->fd, io->events, io);
}

bool loop_io_add_gated(struct loop *loop, struct loop_io *io)
{
    io->gated = true;
    return watch(loop->gate_fd, EPOLL_CTL_ADD, io->fd, io->events, io);
}

void loop_io_want(struct loop *loop, struct loop_io *io, uint32_t events)
{
    if (io->events == events)
        return;
    io->events = events;
    watch(io->gated ? loop->gate_fd : loop->epoll_fd, EPOLL_CTL_MOD, io->fd, events, io);
}

/* What the turn's batch still holds for it must not be delivered: the owner may be freed. */
static void forget_events(struct loop *loop, const struct loop_io *io)
{
    for (int i = 0; i < loop->batch.count; i++)
        if (loop->batch.events[i].data.ptr == io)
            loop->batch.events[i].data.ptr = NULL;
}

void loop_io_remove(struct loop *loop, struct loop_io *io)
{
    watch(io->gated ? loop->gate_fd : loop->epoll_fd, EPOLL_CTL_DEL, io->fd, 0, NULL);
    forget_events(loop, io);
}

void loop_io_close(struct loop *loop, struct loop_io *io)
{
    close(io->fd); /* epoll forgets a descriptor with its last copy (epoll(7)) */
    forget_events(loop, io);
}

/* Fetches one batch from an epoll set and delivers it. *gate_ready: the nested set has something.
 */
static void deliver(struct loop *loop, int epoll_fd, int timeout_ms, bool *gate_ready)
{
    struct batch *batch = &loop->batch;
    batch->count = epoll_wait(epoll_fd, batch->events, LOOP_BATCH_EVENTS, timeout_ms);
    loop->now_ms = loop_clock_ms();
    for (int i = 0; i < batch->count; i++) {
        void *ptr = batch->events[i].data.ptr;
        if (ptr == &loop->gate_fd) {
            *gate_ready = true;
        } else if (ptr == &loop->wake_fd) {
            loop->stopped = true;
        } else if (ptr) {
            struct loop_io *io = ptr;
            io->on_event(io, batch->events[i].events);
        }
    }
    batch->count = 0;
}

/* --- Timers --- */

static void heap_put(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void heap_rise(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    while (slot > 1 && loop->heap[slot / 2]->due_ms > timer->due_ms) {
        heap_put(loop, slot, loop->heap[slot / 2]);
        slot /= 2;
    }
    heap_put(loop, slot, timer);
}

static void heap_sink(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    for (;;) {
        size_t child = slot * 2;
        if (child > loop->heap_count)
            break;
        if (child < loop->heap_count && loop->heap[child + 1]->due_ms < loop->heap[child]->due_ms)
            child++;
        if (loop->heap[child]->due_ms >= timer->due_ms)
            break;
        heap_put(loop, slot, loop->heap[child]);
        slot = child;
    }
    heap_put(loop, slot, timer);
}

bool loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ms)
{
    loop_timer_clear(loop, timer);
    if (loop->heap_count + 1 == loop->heap_cap) {
        struct loop_timer **wider = realloc(loop->heap, loop->heap_cap * 2 * sizeof *loop->heap);
        if (!wider)
            return false;
        loop->heap = wider;
        loop->heap_cap *= 2;
    }
    timer->due_ms = due_ms;
    loop->heap_count++;
    heap_rise(loop, loop->heap_count, timer);
    return true;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    size_t slot = timer->slot;
    if (slot == 0)
        return;
    timer->slot = 0;
    struct loop_timer *last = loop->heap[loop->heap_count--];
    if (last == timer)
        return;
    if (slot > 1 && loop->heap[slot / 2]->due_ms > last->due_ms)
        heap_rise(loop, slot, last);
    else
        heap_sink(loop, slot, last);
}

static void run_timers(struct loop *loop)
{
    while (loop->heap_count > 0 && loop->heap[1]->due_ms <= loop->now_ms) {
        struct loop_timer *timer = loop->heap[1];
        loop_timer_clear(loop, timer);
        timer->on_due(timer);
    }
}

static int timeout_ms(const struct loop *loop)
{
    if (loop->heap_count == 0)
        return -1;
    uint64_t due = loop->heap[1]->due_ms;
    uint64_t now = loop_clock_ms();
    if (due <= now)
        return 0;
    return due - now > 60000 ? 60000 : (int)(due - now);
}

/* --- The turn --- */

void loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        bool gate_ready = false;
        bool ignored = false;
        deliver(loop, loop->epoll_fd, timeout_ms(loop), &gate_ready);
        if (gate_ready && loop->gate_is_open)
            deliver(loop, loop->gate_fd, 0, &ignored);
        run_timers(loop);
    }
}

void loop_stop(struct loop *loop)
{
    uint64_t one = 1;
    int saved = errno;
    ssize_t written = write(loop->wake_fd, &one, sizeof one);
    (void)written; /* a full counter means that the loop has been told already */
    errno = saved;
}
