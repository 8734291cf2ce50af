/*
 * dns_train: the answers of one batch, sent in few calls and few passes through the kernel.
 *
 * Answers of one length to one peer go out as a train (UDP_SEGMENT, udp(7)): one message that the
 * kernel cuts back into datagrams where they arrive. On loopback that spares the sender, who pays
 * for the delivery too, most of its cost; so it does to a peer that takes trains (UDP_GRO), which a
 * resolver somewhere in the network would not: hence only on demand. The peer sees datagrams as
 * ever. A kernel without trains gets each answer alone.
 *
 * All of it belongs to one thread.
 */
#ifndef SIMNET_DNS_TRAIN_H
#define SIMNET_DNS_TRAIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_trains;

/* For answers sent through `fd`, a UDP socket that stays the caller's; allowed: false sends each by
 * itself. NULL: out of memory. */
struct dns_trains *dns_trains_create(int fd, bool allowed);
void dns_trains_free(struct dns_trains *trains);

/* Where the next answer is to be written, DNS_UDP_MAX_BYTES long; NULL: all places are taken, send
 * first. */
uint8_t *dns_trains_room(struct dns_trains *trains);
/* The answer that was just written there. */
void dns_trains_add(struct dns_trains *trains, const struct sockaddr_in *to, size_t len);
/* Sends all answers and forgets them. Returns how many the kernel did not take. */
size_t dns_trains_send(struct dns_trains *trains);

#endif
