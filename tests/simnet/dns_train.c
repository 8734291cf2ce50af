#include "tests/simnet/dns_train.h"

#include "tests/simnet/dnswire.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ANSWERS_MAX = 512,
    OUT_BYTES = 256 * 1024, /* of an absent name 192 bytes are needed, of any other up to 1232 */
    SEGMENTS_MAX = 64,      /* of a train: UDP_MAX_SEGMENTS of kernels before 6.9 */
    TRAIN_BYTES = 65000,    /* of a train, less than a datagram may have (RFC 768) */
    TABLE_SLOTS = 1024,     /* a power of two, at least 2 * ANSWERS_MAX */
    NO_TRAIN = UINT16_MAX,
};

struct train {
    struct sockaddr_in to;
    uint16_t len; /* of each answer */
    uint16_t count;
    uint16_t first; /* of its answers, in iov */
};

struct answer {
    const uint8_t *at;
    uint16_t train;
};

union control {
    size_t align; /* cmsghdr begins with one */
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
};

struct dns_trains {
    int fd;
    uint16_t segments_max; /* 1: the kernel knows no trains */
    size_t used, count, train_count;
    struct answer answers[ANSWERS_MAX];
    struct train trains[ANSWERS_MAX];
    uint16_t table[TABLE_SLOTS]; /* the train of a peer and a length that has room yet */
    struct iovec iov[ANSWERS_MAX];
    struct mmsghdr msgs[ANSWERS_MAX];
    union control control[ANSWERS_MAX];
    uint8_t out[OUT_BYTES];
};

static void forget(struct dns_trains *t)
{
    t->used = t->count = t->train_count = 0;
    if (t->segments_max > 1)
        memset(t->table, 0xff, sizeof t->table);
}

/* Where each answer goes by itself, the first message is the first answer's, and so on. */
static void prepare_messages(struct dns_trains *t)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        t->msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &t->trains[i].to,
                                                  .msg_namelen = sizeof t->trains[i].to,
                                                  .msg_iov = &t->iov[i],
                                                  .msg_iovlen = 1}};
}

struct dns_trains *dns_trains_create(int fd, bool allowed)
{
    struct dns_trains *t = calloc(1, sizeof *t);
    int none = 0;
    if (t == NULL)
        return NULL;
    t->fd = fd;
    bool known = allowed && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
    t->segments_max = known ? SEGMENTS_MAX : 1;
    prepare_messages(t);
    forget(t);
    return t;
}

void dns_trains_free(struct dns_trains *trains)
{
    free(trains);
}

uint8_t *dns_trains_room(struct dns_trains *t)
{
    bool full = t->count == ANSWERS_MAX || OUT_BYTES - t->used < DNS_UDP_MAX_BYTES;
    return full ? NULL : t->out + t->used;
}

static bool fits(const struct dns_trains *t, const struct train *train,
                 const struct sockaddr_in *to, size_t len)
{
    return train->len == len && train->count < t->segments_max &&
           (train->count + 1u) * len <= TRAIN_BYTES && train->to.sin_port == to->sin_port &&
           train->to.sin_addr.s_addr == to->sin_addr.s_addr;
}

static uint16_t fresh_train(struct dns_trains *t, const struct sockaddr_in *to, size_t len)
{
    t->trains[t->train_count] = (struct train){.to = *to, .len = (uint16_t)len};
    return (uint16_t)t->train_count++;
}

/* The train that the answer joins, a new one where none has room. A full one stays in the table, so
 * that those behind it are still found. */
static uint16_t train_for(struct dns_trains *t, const struct sockaddr_in *to, size_t len)
{
    uint32_t hash =
        (to->sin_addr.s_addr ^ (uint32_t)to->sin_port << 8 ^ (uint32_t)len) * 0x9e3779b1u;
    size_t at = hash >> 22;
    for (; t->table[at] != NO_TRAIN; at = (at + 1) & (TABLE_SLOTS - 1))
        if (fits(t, &t->trains[t->table[at]], to, len))
            return t->table[at];
    return t->table[at] = fresh_train(t, to, len);
}

static void add_alone(struct dns_trains *t, const struct sockaddr_in *to, size_t len)
{
    t->trains[t->train_count] = (struct train){.to = *to, .count = 1};
    t->iov[t->train_count++] = (struct iovec){t->out + t->used, len};
}

static void add_to_train(struct dns_trains *t, const struct sockaddr_in *to, size_t len)
{
    uint16_t train = train_for(t, to, len);
    t->trains[train].count++;
    t->answers[t->count] = (struct answer){.at = t->out + t->used, .train = train};
}

void dns_trains_add(struct dns_trains *t, const struct sockaddr_in *to, size_t len)
{
    if (t->segments_max == 1)
        add_alone(t, to, len);
    else
        add_to_train(t, to, len);
    t->count++;
    t->used += len;
}

/* Lays the answers out train by train. */
static void line_up(struct dns_trains *t)
{
    uint16_t first = 0;
    for (size_t i = 0; i < t->train_count; i++) {
        t->trains[i].first = first;
        first = (uint16_t)(first + t->trains[i].count);
        t->trains[i].count = 0;
    }
    for (size_t i = 0; i < t->count; i++) {
        struct train *train = &t->trains[t->answers[i].train];
        t->iov[train->first + train->count++] =
            (struct iovec){(void *)(uintptr_t)t->answers[i].at, train->len};
    }
}

static void write_message(struct dns_trains *t, size_t i)
{
    struct train *train = &t->trains[i];
    t->msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &train->to,
                                              .msg_namelen = sizeof train->to,
                                              .msg_iov = &t->iov[train->first],
                                              .msg_iovlen = train->count}};
    if (train->count == 1)
        return;
    struct msghdr *msg = &t->msgs[i].msg_hdr;
    msg->msg_control = t->control[i].bytes;
    msg->msg_controllen = sizeof t->control[i].bytes;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    cmsg->cmsg_level = IPPROTO_UDP;
    cmsg->cmsg_type = UDP_SEGMENT;
    cmsg->cmsg_len = CMSG_LEN(sizeof train->len);
    memcpy(CMSG_DATA(cmsg), &train->len, sizeof train->len);
}

static void make_messages(struct dns_trains *t)
{
    line_up(t);
    for (size_t i = 0; i < t->train_count; i++)
        write_message(t, i);
}

/* The kernel's buffer may be full for a moment: it drains by itself, as the receiver is local. */
size_t dns_trains_send(struct dns_trains *t)
{
    size_t lost = 0, at = 0;
    if (t->segments_max > 1)
        make_messages(t);
    while (at < t->train_count) {
        int sent = sendmmsg(t->fd, t->msgs + at, (unsigned)(t->train_count - at), 0);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) { /* e.g. the receiver's address is gone: skip this one */
            lost += t->trains[at].count;
            sent = 1;
        }
        at += (size_t)sent;
    }
    forget(t);
    return lost;
}
