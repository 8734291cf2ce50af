/*
 * loop - one epoll loop for one thread
 *
 * A loop owns nothing but its epoll descriptor: descriptors, timers and everything around them
 * belong to the caller, who embeds a struct loop_io or struct loop_timer and finds his object again
 * by its position (LOOP_OWNER). All calls are for the loop's own thread, loop_stop() excepted.
 *
 * Events of connections are delivered before those of gates. A gate is a second, nested set of
 * descriptors (the listeners): it can be shut and opened in one call, whatever number it holds,
 * and because it comes last a connection that has ended is noticed before the next one is accepted.
 *
 * Time is CLOCK_MONOTONIC in milliseconds, read once per turn.
 */
#ifndef SIMNET_LOOP_H
#define SIMNET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop_io {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT; EPOLLHUP and EPOLLERR always come */
    void (*on_event)(struct loop_io *io, uint32_t events);
    bool gated;
};

struct loop_timer {
    uint64_t due_ms;
    size_t slot; /* place in the heap, from 1; 0: not set. Zero-initialise. */
    void (*on_due)(struct loop_timer *timer);
};

#define LOOP_OWNER(member_ptr, type, member) \
    ((type *)(void *)((char *)(member_ptr)-offsetof(type, member)))

/* NULL when the machine has no descriptors or memory left. */
struct loop *loop_create(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop(). Callbacks may add and remove any io and timer, their own included, and
 * may free the object that embeds a removed one. */
void loop_run(struct loop *loop);

/* Ends loop_run() after its current turn. From any thread, also before loop_run(); safe in a signal
 * handler. */
void loop_stop(struct loop *loop);

uint64_t loop_now_ms(const struct loop *loop);

/* The clock itself, for measurements that the turn's time is too coarse for. */
uint64_t loop_clock_ms(void);

/* io->fd, io->events and io->on_event are set by the caller. False: errno says why. */
bool loop_io_add(struct loop *loop, struct loop_io *io);
bool loop_io_add_gated(struct loop *loop, struct loop_io *io);
void loop_io_want(struct loop *loop, struct loop_io *io, uint32_t events);
/* Before the descriptor is closed. No event for io is delivered afterwards. */
void loop_io_remove(struct loop *loop, struct loop_io *io);
/* Closes the descriptor, of which there must be no duplicate: that removes it at no further cost.
 */
void loop_io_close(struct loop *loop, struct loop_io *io);

/* Holds back, or lets through again, the events of all gated descriptors. */
void loop_gate_shut(struct loop *loop);
void loop_gate_open(struct loop *loop);

/* Sets or moves an absolute deadline; timer->on_due is set by the caller. False: out of memory. */
bool loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ms);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

#endif
