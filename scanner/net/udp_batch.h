/* udp_batch - many small datagrams over one connected UDP socket in few system calls.
 *
 * Most of what a datagram costs is its own way through the kernel, not the call. So datagrams of
 * one length leave as a train: one buffer that the kernel (or the network card) cuts up again
 * (UDP_SEGMENT, Linux 4.18); and a socket that agrees gets what arrived back to back in one piece
 * (UDP_GRO, Linux 5.0). On the wire nothing differs. Where the kernel refuses a train (a tunnel
 * without checksums, an old kernel) datagrams go one by one.
 *
 * Order within a batch is not kept: trains leave by length. One batch serves all sockets of a
 * thread, one after another; it does not block and keeps no state of a socket. */
#ifndef SCANNER_NET_UDP_BATCH_H
#define SCANNER_NET_UDP_BATCH_H

#include "lib/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UDP_BATCH_OUT = 512,           /* datagrams a batch sends at most */
    UDP_BATCH_OUT_MAX_BYTES = 320, /* longest of them */
    UDP_BATCH_IN = 64,             /* buffers a call of udp_batch_receive fills at most */
    UDP_BATCH_IN_BYTES = 65536,    /* of each: no datagram and no train is longer */
};

struct udp_batch;

enum status udp_batch_new(struct udp_batch **out);
void udp_batch_free(struct udp_batch *b);

/* Empties the batch, takes one datagram more. `bytes` must stay until the batch is sent; `tag`
 * comes back from udp_batch_sent. At most UDP_BATCH_OUT and UDP_BATCH_OUT_MAX_BYTES. */
void udp_batch_clear(struct udp_batch *b);
void udp_batch_add(struct udp_batch *b, const uint8_t *bytes, size_t len, void *tag);

/* Sends the batch. Returns how many datagrams left, which is less than were added when the send
 * buffer is full or an ICMP error ended it; or -1 and errno when not one did. *trains: whether this
 * socket's path takes trains; cleared once the kernel refuses one. */
int udp_batch_send(struct udp_batch *b, int fd, bool *trains);
/* The tag of the i-th datagram that left, 0 <= i < what udp_batch_send returned. */
void *udp_batch_sent(const struct udp_batch *b, int i);

/* Agrees to be given trains. Without effect on an older kernel. */
void udp_batch_accept_trains(int fd);

/* cut: the datagram was longer than its buffer. */
typedef void udp_batch_fn(void *arg, const uint8_t *bytes, size_t len, bool cut);

/* Hands over what can be read now, up to UDP_BATCH_IN buffers. Returns how many buffers were
 * filled (fewer than UDP_BATCH_IN: nothing is left), or -1 and errno. fn may add to the batch that
 * is going out, not read. */
int udp_batch_receive(struct udp_batch *b, int fd, udp_batch_fn *fn, void *arg);

#endif
