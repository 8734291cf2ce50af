#include "scanner/worker/mailbox.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    _Atomic(struct mail *) stack;
    int wake_fd;
    struct event *wake;
    void *owner;
};

bool mailbox_deliver(mailbox *m)
{
    struct mail *stack = atomic_exchange_explicit(&m->stack, NULL, memory_order_acquire);
    struct mail *in_order = NULL;
    bool any = stack != NULL;
    while (stack) {
        struct mail *next = stack->next;
        stack->next = in_order;
        in_order = stack;
        stack = next;
    }
    while (in_order) {
        struct mail *mail = in_order;
        in_order = mail->next;
        mail->deliver(mail, m->owner);
    }
    return any;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    uint64_t count;
    /* The counter goes to 0 before the stack is taken: a push in between wakes us again. */
    if (read(fd, &count, sizeof count) < 0)
        return;
    mailbox_deliver(arg);
}

enum status mailbox_new(struct event_base *base, void *owner, mailbox **out)
{
    mailbox *m = calloc(1, sizeof *m);
    if (!m)
        return ST_NOMEM;
    m->owner = owner;
    m->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->wake_fd < 0) {
        free(m);
        return ST_IO;
    }
    m->wake = event_new(base, m->wake_fd, EV_READ | EV_PERSIST, on_wake, m);
    if (!m->wake || event_add(m->wake, NULL) != 0) {
        mailbox_free(m);
        return ST_NOMEM;
    }
    *out = m;
    return ST_OK;
}

void mailbox_free(mailbox *m)
{
    if (!m)
        return;
    while (mailbox_deliver(m)) {
    }
    if (m->wake)
        event_free(m->wake);
    close(m->wake_fd);
    free(m);
}

void mailbox_send(mailbox *m, struct mail *mail)
{
    struct mail *top = atomic_load_explicit(&m->stack, memory_order_relaxed);
    do {
        mail->next = top;
    } while (!atomic_compare_exchange_weak_explicit(&m->stack, &top, mail, memory_order_release,
                                                    memory_order_relaxed));
    if (top)
        return;
    uint64_t one = 1;
    /* Only a full counter (2^64 - 2 wake-ups unread) could refuse it. */
    ssize_t n = write(m->wake_fd, &one, sizeof one);
    (void)n;
}
