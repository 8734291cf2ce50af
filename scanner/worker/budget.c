#include "scanner/worker/budget.h"

#include "scanner/worker/table.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two megabytes. A million addresses of a few connections each leave some thirty in a slot. */
enum { BUDGET_ROWS = 2, BUDGET_SLOTS = 1 << 17 };

struct slot {
    uint32_t connections, misdirected;
};

/* The file is this and the rows behind it, in the machine's byte order. */
struct head {
    char magic[8];
    uint64_t key;
    uint32_t rows, slots;
};
static const char magic[8] = "stsbudg1";

struct budget {
    struct budget_limits limits;
    pthread_mutex_t lock; /* guards what follows */
    int fd;               /* -1: no file is kept */
    bool broken;
    void (*failed)(void *arg, int err);
    void *failed_arg;
    struct head head;
    struct slot row[BUDGET_ROWS][BUDGET_SLOTS];
};

enum status budget_new(const struct budget_limits *limits, uint64_t key, budget **out)
{
    budget *b = calloc(1, sizeof *b);
    *out = b;
    if (!b)
        return ST_NOMEM;
    b->limits = *limits;
    b->fd = -1;
    b->head = (struct head){.key = key, .rows = BUDGET_ROWS, .slots = BUDGET_SLOTS};
    memcpy(b->head.magic, magic, sizeof magic);
    pthread_mutex_init(&b->lock, NULL);
    return ST_OK;
}

void budget_free(budget *b)
{
    if (!b)
        return;
    if (b->fd >= 0) {
        fdatasync(b->fd);
        close(b->fd);
    }
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void budget_on_failure(budget *b, void (*failed)(void *arg, int err), void *arg)
{
    b->failed = failed;
    b->failed_arg = arg;
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool read_at(int fd, void *p, size_t len, off_t at, size_t *got)
{
    for (*got = 0; *got < len;) {
        ssize_t n = pread(fd, (char *)p + *got, len - *got, at + (off_t)*got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        *got += (size_t)n;
    }
    return true;
}

/* Eight bytes that are not torn by anything but a power failure. */
static enum status write_at(int fd, const void *p, size_t len, off_t at)
{
    ssize_t n;
    do {
        n = pwrite(fd, p, len, at);
    } while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n < len)
        errno = ENOSPC;
    return n == (ssize_t)len ? ST_OK : ST_IO;
}

/* What stands in the file; slots behind its end were never written. ST_NOT_FOUND: it is not ours.
 */
static enum status load(budget *b)
{
    struct head head;
    size_t got;
    if (!read_at(b->fd, &head, sizeof head, 0, &got))
        return ST_IO;
    if (got < sizeof head || memcmp(head.magic, magic, sizeof magic) != 0 ||
        head.rows != BUDGET_ROWS || head.slots != BUDGET_SLOTS)
        return ST_NOT_FOUND;
    if (!read_at(b->fd, b->row, sizeof b->row, sizeof head, &got))
        return ST_IO;
    b->head.key = head.key;
    return ST_OK;
}

enum status budget_keep(budget *b, const char *path, bool go_on)
{
    b->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
    if (b->fd < 0)
        return ST_IO;
    enum status st = go_on ? load(b) : ST_NOT_FOUND;
    if (st != ST_NOT_FOUND)
        return st;
    if (ftruncate(b->fd, 0) != 0 || write_at(b->fd, &b->head, sizeof b->head, 0) != ST_OK)
        return ST_IO;
    return go_on ? ST_NOT_FOUND : ST_OK;
}

static bool keep(budget *b, const struct slot *slot)
{
    off_t at = (off_t)sizeof b->head + ((const char *)slot - (const char *)b->row);
    if (b->fd < 0 || write_at(b->fd, slot, sizeof *slot, at) == ST_OK)
        return true;
    if (!b->broken && b->failed)
        b->failed(b->failed_arg, errno);
    b->broken = true;
    return false;
}

/* ---- counting ------------------------------------------------------------------------------- */

static void find(budget *b, const struct net_addr *ip, struct slot *slot[BUDGET_ROWS])
{
    struct net_addr real = addr_canonical(ip);
    for (uint64_t i = 0; i < BUDGET_ROWS; i++) {
        uint64_t hash = table_hash(b->head.key + i, real.b, real.family == 4 ? 4 : 16);
        slot[i] = &b->row[i][hash % BUDGET_SLOTS];
    }
}

/* An address has spent its budget when all its counts say so: any of them may be too high. */
static bool is_spent(const budget *b, struct slot *const slot[BUDGET_ROWS])
{
    bool spent = true, misdirected = true;
    for (size_t i = 0; i < BUDGET_ROWS; i++) {
        spent &= slot[i]->connections >= b->limits.connections;
        misdirected &= slot[i]->misdirected >= b->limits.misdirected;
    }
    return spent || misdirected;
}

bool budget_spend(budget *b, const struct net_addr *ip)
{
    struct slot *slot[BUDGET_ROWS];
    find(b, ip, slot);
    pthread_mutex_lock(&b->lock);
    bool may = !b->broken && !is_spent(b, slot);
    for (size_t i = 0; may && i < BUDGET_ROWS; i++) {
        slot[i]->connections++;
        slot[i]->misdirected++;
        may = keep(b, slot[i]);
    }
    pthread_mutex_unlock(&b->lock);
    return may;
}

/* What is not taken back in the file after a failure counts too high there, and harms nobody. */
void budget_welcome(budget *b, const struct net_addr *ip)
{
    struct slot *slot[BUDGET_ROWS];
    find(b, ip, slot);
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < BUDGET_ROWS; i++) {
        slot[i]->misdirected--;
        if (!b->broken)
            keep(b, slot[i]);
    }
    pthread_mutex_unlock(&b->lock);
}
