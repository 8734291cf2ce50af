/* Datagrams in batches: one recvmmsg, the answers, one sendmmsg. Questions may come as trains, as
 * answers go (dns_train.h). */
#include "tests/simnet/dns_thread.h"

#include "tests/simnet/dns_train.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BATCH = 128,
    BATCHES_A_TURN = 8,
    /* What one read can give, a train of questions; the 320 keep the slots of a batch, of which the
     * first bytes alone are touched mostly, apart in the processor's caches. */
    SLOT_BYTES = 65536 + 320,
    DELAYED_MAX = 200000,
};

/* An answer that waits. The delay is the same for all, so a queue keeps them in order. */
struct waiting {
    struct waiting *next;
    int64_t due_ms;
    struct sockaddr_in to;
    size_t len;
    uint8_t bytes[];
};

union control {
    size_t align; /* cmsghdr begins with one */
    char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct timespec))];
};

struct dns_udp {
    struct dns_trains *trains;
    struct waiting *first, **last; /* delayed */
    size_t waiting;
    struct mmsghdr msgs[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_in from[BATCH];
    union control control[BATCH];
    uint8_t in[BATCH][SLOT_BYTES];
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool dns_udp_init(struct dns_thread *t)
{
    int one = 1;
    t->datagrams = calloc(1, sizeof *t->datagrams);
    if (t->datagrams == NULL)
        return false;
    t->datagrams->last = &t->datagrams->first;
    if (t->seen != NULL)
        setsockopt(t->udp, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    t->datagrams->trains = dns_trains_create(t->udp, t->options->trains);
    setsockopt(t->udp, IPPROTO_UDP, UDP_GRO, &one, sizeof one); /* or questions come one by one */
    return t->datagrams->trains != NULL;
}

void dns_udp_free(struct dns_thread *t)
{
    struct dns_udp *u = t->datagrams;
    if (u == NULL)
        return;
    while (u->first != NULL) {
        struct waiting *w = u->first;
        u->first = w->next;
        free(w);
    }
    dns_trains_free(u->trains);
    free(u);
    t->datagrams = NULL;
}

static void send_answers(struct dns_thread *t)
{
    dns_thread_count(t, DNS_STAT_LOST, dns_trains_send(t->datagrams->trains));
}

/* A place for the next answer; when there is none left, those before it go out. */
static uint8_t *room_for_answer(struct dns_thread *t)
{
    uint8_t *room = dns_trains_room(t->datagrams->trains);
    if (room != NULL)
        return room;
    send_answers(t);
    return dns_trains_room(t->datagrams->trains);
}

/* What does not fit in the queue is lost, as in a router. */
static void delay(struct dns_thread *t, const struct sockaddr_in *to, const uint8_t *bytes,
                  size_t len)
{
    struct dns_udp *u = t->datagrams;
    struct waiting *w = u->waiting < DELAYED_MAX ? malloc(sizeof *w + len) : NULL;
    if (w == NULL) {
        dns_thread_count(t, DNS_STAT_LOST, 1);
        return;
    }
    w->next = NULL;
    w->due_ms = now_ms() + t->options->delay_ms;
    w->to = *to;
    w->len = len;
    memcpy(w->bytes, bytes, len);
    *u->last = w;
    u->last = &w->next;
    u->waiting++;
}

int dns_udp_due(struct dns_thread *t)
{
    struct dns_udp *u = t->datagrams;
    if (u->first == NULL)
        return -1;
    int64_t now = now_ms();
    while (u->first != NULL && u->first->due_ms <= now) {
        struct waiting *w = u->first;
        memcpy(room_for_answer(t), w->bytes, w->len);
        dns_trains_add(u->trains, &w->to, w->len);
        u->first = w->next;
        if (u->first == NULL)
            u->last = &u->first;
        u->waiting--;
        free(w);
    }
    send_answers(t);
    return u->first == NULL ? -1 : (int)(u->first->due_ms - now);
}

static bool is_lost(struct dns_thread *t)
{
    if (t->options->loss_pct <= 0)
        return false;
    struct sim_draw draw = {.state = t->draws};
    bool lost = sim_draw_below(&draw, 100000) < t->options->loss_pct * 1000;
    t->draws = draw.state;
    return lost;
}

static void answer(struct dns_thread *t, const struct sockaddr_in *from, const uint8_t *bytes,
                   size_t len)
{
    if (is_lost(t)) {
        dns_thread_count(t, DNS_STAT_LOST, 1);
        return;
    }
    uint8_t *out = room_for_answer(t);
    size_t n = dns_thread_answer(t, bytes, len, out, DNS_UDP_MAX_BYTES, true);
    if (n == 0)
        return;
    if (t->options->delay_ms > 0)
        delay(t, from, out, n);
    else
        dns_trains_add(t->datagrams->trains, from, n);
}

/* The length of each question of a train but the last, which may be shorter; 0: there is one. */
static size_t segment_bytes(struct msghdr *msg)
{
    int size = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&size, CMSG_DATA(c), sizeof size);
    return size > 0 ? (size_t)size : 0;
}

/* When the kernel took it in. */
static void note_arrival(struct dns_thread *t, struct msghdr *msg, size_t questions)
{
    struct timespec ts = {0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&ts, CMSG_DATA(c), sizeof ts);
    dns_seen_add(t->seen, (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, (uint32_t)questions);
}

static void answer_all(struct dns_thread *t, size_t slot)
{
    struct dns_udp *u = t->datagrams;
    size_t len = u->msgs[slot].msg_len, each = segment_bytes(&u->msgs[slot].msg_hdr);
    if (each == 0)
        each = len;
    if (t->seen != NULL && each > 0)
        note_arrival(t, &u->msgs[slot].msg_hdr, (len + each - 1) / each);
    for (size_t at = 0; at < len; at += each)
        answer(t, &u->from[slot], u->in[slot] + at, len - at < each ? len - at : each);
}

/* One batch; returns how many messages were read. */
static int turn(struct dns_thread *t)
{
    struct dns_udp *u = t->datagrams;
    for (size_t i = 0; i < BATCH; i++) {
        u->iov[i] = (struct iovec){u->in[i], SLOT_BYTES};
        u->msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &u->from[i],
                                                  .msg_namelen = sizeof u->from[i],
                                                  .msg_iov = &u->iov[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = u->control[i].bytes,
                                                  .msg_controllen = sizeof u->control[i].bytes}};
    }
    int got = recvmmsg(t->udp, u->msgs, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++)
        answer_all(t, (size_t)i);
    send_answers(t);
    return got;
}

void dns_udp_ready(struct dns_thread *t)
{
    for (int i = 0; i < BATCHES_A_TURN; i++)
        if (turn(t) < BATCH)
            return;
}
