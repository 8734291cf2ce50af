/* udp_batch: trains of datagrams of one length, made by a bucket sort. */
#include "scanner/net/udp_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TRAIN_MAX = 64, /* datagrams; UDP_MAX_SEGMENTS of kernels before 6.9 */
    LENGTH_WORDS = UDP_BATCH_OUT_MAX_BYTES / 64 + 1,
    NONE = UINT16_MAX,
};

union control {
    size_t align;                                  /* of a struct cmsghdr */
    uint8_t segment[CMSG_SPACE(sizeof(uint16_t))]; /* out */
    uint8_t gro[CMSG_SPACE(sizeof(int))];          /* in */
};

struct udp_batch {
    /* what was added: chains of one length, newest first */
    unsigned n;
    uint64_t lengths[LENGTH_WORDS]; /* bit set: there is a chain of this length */
    uint16_t head[UDP_BATCH_OUT_MAX_BYTES + 1], next[UDP_BATCH_OUT];
    const uint8_t *bytes[UDP_BATCH_OUT];
    void *tag[UDP_BATCH_OUT];
    /* what is sent, in that order */
    struct iovec iov[UDP_BATCH_OUT];
    uint16_t order[UDP_BATCH_OUT];
    struct mmsghdr train[UDP_BATCH_OUT];
    union control segment[UDP_BATCH_OUT];
    /* what is received */
    struct mmsghdr in[UDP_BATCH_IN];
    struct iovec in_iov[UDP_BATCH_IN];
    union control gro[UDP_BATCH_IN];
    uint8_t (*buffer)[UDP_BATCH_IN_BYTES]; /* touched as far as it is filled */
};

enum status udp_batch_new(struct udp_batch **out)
{
    struct udp_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return ST_NOMEM;
    b->buffer = malloc(UDP_BATCH_IN * sizeof *b->buffer);
    if (b->buffer == NULL) {
        free(b);
        return ST_NOMEM;
    }
    for (size_t i = 0; i < UDP_BATCH_IN; i++) {
        b->in_iov[i] = (struct iovec){b->buffer[i], UDP_BATCH_IN_BYTES};
        b->in[i].msg_hdr =
            (struct msghdr){.msg_iov = &b->in_iov[i], .msg_iovlen = 1, .msg_control = &b->gro[i]};
    }
    *out = b;
    return ST_OK;
}

void udp_batch_free(struct udp_batch *b)
{
    if (b == NULL)
        return;
    free(b->buffer);
    free(b);
}

/* ---- out ------------------------------------------------------------------------------------ */

void udp_batch_clear(struct udp_batch *b)
{
    b->n = 0;
    memset(b->lengths, 0, sizeof b->lengths);
}

void udp_batch_add(struct udp_batch *b, const uint8_t *bytes, size_t len, void *tag)
{
    uint64_t bit = UINT64_C(1) << len % 64;
    bool first = (b->lengths[len / 64] & bit) == 0;
    b->lengths[len / 64] |= bit;
    b->next[b->n] = first ? (uint16_t)NONE : b->head[len];
    b->head[len] = (uint16_t)b->n;
    b->bytes[b->n] = bytes;
    b->tag[b->n] = tag;
    b->n++;
}

/* A train of iov[from..to), all `len` bytes long. */
static void couple(struct udp_batch *b, unsigned i, unsigned from, unsigned to, uint16_t len)
{
    struct msghdr *m = &b->train[i].msg_hdr;
    *m = (struct msghdr){.msg_iov = &b->iov[from], .msg_iovlen = to - from};
    if (to - from == 1)
        return;
    m->msg_control = &b->segment[i];
    m->msg_controllen = sizeof b->segment[i].segment;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof len);
    memcpy(CMSG_DATA(c), &len, sizeof len);
}

/* Orders the batch by length and couples what is alike. Returns the number of trains. */
static unsigned marshal(struct udp_batch *b, unsigned train_max)
{
    unsigned n = 0, trains = 0;
    for (unsigned word = 0; word < LENGTH_WORDS; word++) {
        for (uint64_t bits = b->lengths[word]; bits != 0; bits &= bits - 1) {
            uint16_t len = (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
            unsigned from = n;
            for (uint16_t at = b->head[len]; at != NONE; at = b->next[at]) {
                if (n - from == train_max) {
                    couple(b, trains++, from, n, len);
                    from = n;
                }
                b->iov[n] = (struct iovec){(void *)(uintptr_t)b->bytes[at], len};
                b->order[n++] = at;
            }
            couple(b, trains++, from, n, len);
        }
    }
    return trains;
}

/* What the kernel says of a train that it, or the path, does not take. */
static bool is_refusal(int error)
{
    return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

int udp_batch_send(struct udp_batch *b, int fd, bool *trains)
{
    unsigned n = marshal(b, *trains ? TRAIN_MAX : 1);
    int sent;
    do
        sent = sendmmsg(fd, b->train, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && *trains && is_refusal(errno)) {
        *trains = false;
        return udp_batch_send(b, fd, trains);
    }
    if (sent <= 0)
        return sent;
    unsigned datagrams = 0;
    for (int i = 0; i < sent; i++)
        datagrams += (unsigned)b->train[i].msg_hdr.msg_iovlen;
    return (int)datagrams;
}

void *udp_batch_sent(const struct udp_batch *b, int i)
{
    return b->tag[b->order[i]];
}

/* ---- in ------------------------------------------------------------------------------------- */

void udp_batch_accept_trains(int fd)
{
    int on = 1;
    (void)setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

/* Bytes of each datagram of what came in one buffer; the last one may be shorter. */
static size_t datagram_bytes(struct msghdr *m, size_t len)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        int bytes;
        if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO ||
            c->cmsg_len < CMSG_LEN(sizeof bytes))
            continue;
        memcpy(&bytes, CMSG_DATA(c), sizeof bytes);
        if (bytes > 0)
            return (size_t)bytes;
    }
    return len;
}

static void hand_over(const uint8_t *bytes, struct mmsghdr *in, udp_batch_fn *fn, void *arg)
{
    bool cut = (in->msg_hdr.msg_flags & MSG_TRUNC) != 0;
    size_t len = in->msg_len, each = datagram_bytes(&in->msg_hdr, len), at = 0;
    do {
        size_t part = len - at < each ? len - at : each;
        fn(arg, bytes + at, part, cut);
        at += part;
    } while (at < len);
}

int udp_batch_receive(struct udp_batch *b, int fd, udp_batch_fn *fn, void *arg)
{
    for (size_t i = 0; i < UDP_BATCH_IN; i++)
        b->in[i].msg_hdr.msg_controllen = sizeof b->gro[i].gro;
    int n;
    do
        n = recvmmsg(fd, b->in, UDP_BATCH_IN, 0, NULL);
    while (n < 0 && errno == EINTR);
    for (int i = 0; i < n; i++)
        hand_over(b->buffer[i], &b->in[i], fn, arg);
    return n;
}
