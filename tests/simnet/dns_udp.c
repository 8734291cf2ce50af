/* Datagrams in batches: one recvmmsg, the answers, one sendmmsg. */
#include "tests/simnet/dns_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, BATCHES_A_TURN = 8, DELAYED_MAX = 200000 };

/* An answer that waits. The delay is the same for all, so a queue keeps them in order. */
struct waiting {
    struct waiting *next;
    int64_t due_ms;
    struct sockaddr_in to;
    size_t len;
    uint8_t bytes[];
};

struct dns_delayed {
    struct waiting *first, **last;
    size_t count;
};

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool dns_udp_init(struct dns_thread *t)
{
    t->delayed = calloc(1, sizeof *t->delayed);
    if (t->delayed == NULL)
        return false;
    t->delayed->last = &t->delayed->first;
    return true;
}

void dns_udp_free(struct dns_thread *t)
{
    while (t->delayed != NULL && t->delayed->first != NULL) {
        struct waiting *w = t->delayed->first;
        t->delayed->first = w->next;
        free(w);
    }
    free(t->delayed);
    t->delayed = NULL;
}

/* What does not fit in the queue is lost, as in a router. */
static void delay(struct dns_thread *t, const struct sockaddr_in *to, const uint8_t *bytes,
                  size_t len)
{
    struct dns_delayed *q = t->delayed;
    struct waiting *w = q->count < DELAYED_MAX ? malloc(sizeof *w + len) : NULL;
    if (w == NULL) {
        dns_thread_count(t, DNS_STAT_LOST, 1);
        return;
    }
    w->next = NULL;
    w->due_ms = now_ms() + t->options->delay_ms;
    w->to = *to;
    w->len = len;
    memcpy(w->bytes, bytes, len);
    *q->last = w;
    q->last = &w->next;
    q->count++;
}

int dns_udp_due(struct dns_thread *t)
{
    struct dns_delayed *q = t->delayed;
    int64_t now = now_ms();
    while (q->first != NULL) {
        struct waiting *w = q->first;
        if (w->due_ms > now)
            return (int)(w->due_ms - now);
        if (sendto(t->udp, w->bytes, w->len, 0, (struct sockaddr *)&w->to, sizeof w->to) < 0)
            dns_thread_count(t, DNS_STAT_LOST, 1);
        q->first = w->next;
        if (q->first == NULL)
            q->last = &q->first;
        q->count--;
        free(w);
    }
    return -1;
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

/* The kernel's buffer may be full for a moment: it drains by itself, as the receiver is local. */
static void send_all(struct dns_thread *t, struct mmsghdr *msgs, unsigned n)
{
    unsigned at = 0;
    while (at < n) {
        int sent = sendmmsg(t->udp, msgs + at, n - at, 0);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) { /* e.g. ECONNREFUSED of an earlier client: skip this one */
            dns_thread_count(t, DNS_STAT_LOST, 1);
            sent = 1;
        }
        at += (unsigned)sent;
    }
}

/* One batch; returns how many datagrams were read. */
static int turn(struct dns_thread *t)
{
    uint8_t in[BATCH][DNS_QUERY_MAX_BYTES], out[BATCH][DNS_UDP_MAX_BYTES];
    struct sockaddr_in from[BATCH];
    struct iovec iov[BATCH], oiov[BATCH];
    struct mmsghdr msgs[BATCH], replies[BATCH];
    unsigned n = 0;
    for (size_t i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){in[i], sizeof in[i]};
        msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                               .msg_namelen = sizeof from[i],
                                               .msg_iov = &iov[i],
                                               .msg_iovlen = 1}};
    }
    int got = recvmmsg(t->udp, msgs, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        if (is_lost(t)) {
            dns_thread_count(t, DNS_STAT_LOST, 1);
            continue;
        }
        size_t len = dns_thread_answer(t, in[i], msgs[i].msg_len, out[n], sizeof out[n], true);
        if (len == 0)
            continue;
        if (t->options->delay_ms > 0) {
            delay(t, &from[i], out[n], len);
            continue;
        }
        oiov[n] = (struct iovec){out[n], len};
        replies[n] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                                  .msg_namelen = sizeof from[i],
                                                  .msg_iov = &oiov[n],
                                                  .msg_iovlen = 1}};
        n++;
    }
    send_all(t, replies, n);
    return got;
}

void dns_udp_ready(struct dns_thread *t)
{
    for (int i = 0; i < BATCHES_A_TURN; i++)
        if (turn(t) < BATCH)
            return;
}
