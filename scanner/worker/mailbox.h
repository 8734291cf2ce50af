/* mailbox - messages to one thread from any number of others, without a lock.
 *
 * Senders push onto an atomic stack; the owner takes the whole stack at once, turns it round and
 * delivers in the order of sending. A push onto an empty stack wakes the owner's event loop through
 * an eventfd, so that a burst costs one wake-up.
 *
 * A message is embedded in what it carries; it belongs to the mailbox from mailbox_send until its
 * deliver function is called, and to that function from then on. */
#ifndef SCANNER_WORKER_MAILBOX_H
#define SCANNER_WORKER_MAILBOX_H

#include "lib/status.h"
#include <event2/event.h>
#include <stdbool.h>

struct mail {
    struct mail *next;
    /* On the owner's thread, from its loop. `owner` is that of mailbox_new. */
    void (*deliver)(struct mail *mail, void *owner);
};

typedef struct mailbox mailbox;

enum status mailbox_new(struct event_base *base, void *owner, mailbox **out);
/* Delivers what is there now; false when there was nothing. Owner's thread, or any other one when
 * the owner's loop has ended. */
bool mailbox_deliver(mailbox *m);
/* Delivers what is left first. Owner's thread, after every sender has stopped. */
void mailbox_free(mailbox *m);
/* From any thread; never blocks, never fails. */
void mailbox_send(mailbox *m, struct mail *mail);

#endif
