#include "tests/simnet/polite.h"
#include "tests/simnet/loop.h"
#include "tests/simnet/window.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Above this many open connections they are counted as we see them, the closing ones included:
 * asking the kernel about each would cost too much, and no limit is as high. */
#define RECOUNT_MAX 256
#define BUCKETS_START 1024
#define CLOCK_TRIES_MAX 5
#define TALLY_MAX 262144

/* What is kept of an address alone. */
struct visitor {
    uint64_t hellos, handshakes;
    uint64_t first_ms;
    uint32_t arrival_ms[POLITE_ARRIVALS]; /* after the first */
    uint32_t name_count;
    uint32_t name_hash[POLITE_NAMES_MAX];
};

struct polite_tally {
    struct polite_tally *bucket_next;
    struct visitor *visitor; /* of an address; NULL of a prefix */
    uint32_t key;            /* the address, or the /24 with its last byte 0 */
    bool is_prefix;
    uint64_t connections;
    uint64_t last_ms;
    uint64_t min_gap_ms; /* UINT64_MAX: no two connections yet */
    uint32_t open;       /* but for those whose client is known to have left */
    uint32_t max_open;
    uint32_t max_per_second;
    struct window window;      /* of the last second */
    struct polite_conn *conns; /* of a prefix */
};

struct polite {
    struct polite_tally whole; /* of this thread: arrivals alone */
    uint32_t sources[POLITE_SOURCES_MAX];
    size_t source_count;
    struct polite_tally **buckets;
    size_t bucket_count;
    size_t tally_count;
};

struct polite *polite_create(void)
{
    struct polite *polite = calloc(1, sizeof *polite);
    if (!polite)
        return NULL;
    polite->bucket_count = BUCKETS_START;
    polite->whole.min_gap_ms = UINT64_MAX;
    polite->buckets = calloc(polite->bucket_count, sizeof(struct polite_tally *));
    if (!polite->buckets) {
        free(polite);
        return NULL;
    }
    return polite;
}

void polite_free(struct polite *polite)
{
    if (!polite)
        return;
    for (size_t i = 0; i < polite->bucket_count; i++) {
        while (polite->buckets[i]) {
            struct polite_tally *tally = polite->buckets[i];
            polite->buckets[i] = tally->bucket_next;
            window_free(&tally->window);
            free(tally->visitor);
            free(tally);
        }
    }
    window_free(&polite->whole.window);
    free(polite->buckets);
    free(polite);
}

static struct polite_tally **bucket_of(struct polite_tally **buckets, size_t count, uint32_t key,
                                       bool is_prefix)
{
    uint32_t hash = (key ^ (is_prefix ? 0x5bd1e995u : 0)) * 0x9e3779b1u;
    return &buckets[(hash >> 7) & (count - 1)];
}

static void widen(struct polite *polite)
{
    size_t count = polite->bucket_count * 2;
    struct polite_tally **wider = calloc(count, sizeof(struct polite_tally *));
    if (!wider)
        return; /* longer chains, nothing worse */
    for (size_t i = 0; i < polite->bucket_count; i++) {
        while (polite->buckets[i]) {
            struct polite_tally *tally = polite->buckets[i];
            polite->buckets[i] = tally->bucket_next;
            struct polite_tally **at = bucket_of(wider, count, tally->key, tally->is_prefix);
            tally->bucket_next = *at;
            *at = tally;
        }
    }
    free(polite->buckets);
    polite->buckets = wider;
    polite->bucket_count = count;
}

static struct polite_tally *tally_of(struct polite *polite, uint32_t key, bool is_prefix)
{
    struct polite_tally **at = bucket_of(polite->buckets, polite->bucket_count, key, is_prefix);
    for (struct polite_tally *tally = *at; tally; tally = tally->bucket_next)
        if (tally->key == key && tally->is_prefix == is_prefix)
            return tally;
    struct polite_tally *tally = polite->tally_count < TALLY_MAX ? calloc(1, sizeof *tally) : NULL;
    if (!tally)
        return NULL;
    tally->visitor = is_prefix ? NULL : calloc(1, sizeof *tally->visitor);
    if (!is_prefix && !tally->visitor) {
        free(tally);
        return NULL;
    }
    tally->key = key;
    tally->is_prefix = is_prefix;
    tally->min_gap_ms = UINT64_MAX;
    tally->bucket_next = *at;
    *at = tally;
    if (++polite->tally_count > polite->bucket_count)
        widen(polite);
    return tally;
}

/* --- How many at once --- */

static bool ask_tcp(int fd, struct tcp_info *info)
{
    socklen_t len = sizeof *info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

/* Counted no more, whether we have noticed the end ourselves or not. */
static void note_left(struct polite_conn *conn)
{
    if (conn->left)
        return;
    conn->left = true;
    conn->address->open--;
    conn->prefix->open--;
}

/* A connection that its client has closed waits in CLOSE_WAIT for us. */
static bool is_live(const struct tcp_info *info)
{
    return info->tcpi_state == TCP_ESTABLISHED;
}

/* Of the whole prefix, or of one of its addresses. The newest was asked when it came. */
static void find_those_that_left(const struct polite_tally *prefix,
                                 const struct polite_tally *address,
                                 const struct polite_conn *newest)
{
    for (struct polite_conn *conn = prefix->conns; conn; conn = conn->next) {
        struct tcp_info info;
        if (conn != newest && !conn->left && (!address || conn->address == address) &&
            !(ask_tcp(conn->fd, &info) && is_live(&info)))
            note_left(conn);
    }
}

static void note_open(struct polite_tally *tally)
{
    uint32_t open = tally->open;
    if (open == 0)
        open = 1; /* the newest: its client has left before we came to accept it */
    if (open > tally->max_open)
        tally->max_open = open;
}

/* --- How fast --- */

static void note_arrival(struct polite_tally *tally, uint64_t at_ms)
{
    struct visitor *v = tally->visitor;
    if (v && tally->connections == 0)
        v->first_ms = at_ms;
    if (v && tally->connections < POLITE_ARRIVALS)
        v->arrival_ms[tally->connections] = (uint32_t)(at_ms - v->first_ms);
    if (tally->connections++ > 0) {
        uint64_t gap = at_ms > tally->last_ms ? at_ms - tally->last_ms : 0;
        if (gap < tally->min_gap_ms)
            tally->min_gap_ms = gap;
    }
    tally->last_ms = at_ms;
    uint32_t in_second = window_add(&tally->window, at_ms);
    if (in_second > tally->max_per_second)
        tally->max_per_second = in_second;
}

/* We have sent nothing yet, and the kernel starts the clock of "last data sent" when the handshake
 * of TCP is complete. */
static uint64_t arrived_ms(int fd, struct tcp_info *info)
{
    uint64_t now;
    int tries = 0;
    /* Both clocks are read at the same time, or on a busy machine again. */
    do {
        now = loop_clock_ms();
        if (!ask_tcp(fd, info))
            return now;
    } while (loop_clock_ms() > now + 1 && ++tries < CLOCK_TRIES_MAX);
    return now - info->tcpi_last_data_sent;
}

static void note_source(struct polite *polite, uint32_t addr)
{
    for (size_t i = 0; i < polite->source_count; i++)
        if (polite->sources[i] == addr)
            return;
    if (polite->source_count < POLITE_SOURCES_MAX)
        polite->sources[polite->source_count++] = addr;
}

void polite_opened(struct polite *polite, struct polite_conn *conn, int fd, uint32_t local,
                   uint32_t peer)
{
    memset(conn, 0, sizeof *conn);
    conn->fd = fd;
    struct tcp_info info = {.tcpi_state = 0};
    uint64_t at_ms = arrived_ms(fd, &info);
    note_arrival(&polite->whole, at_ms);
    note_source(polite, peer);
    struct polite_tally *address = tally_of(polite, local, false);
    struct polite_tally *prefix = tally_of(polite, local & 0xffffff00u, true);
    if (!address || !prefix)
        return;
    conn->address = address;
    conn->prefix = prefix;
    conn->next = prefix->conns;
    if (conn->next)
        conn->next->prev = conn;
    prefix->conns = conn;

    note_arrival(address, at_ms);
    note_arrival(prefix, at_ms);
    conn->ordinal = address->connections;
    address->open++;
    prefix->open++;
    if (!is_live(&info))
        note_left(conn);
    bool most_of_prefix = prefix->open > prefix->max_open;
    if ((most_of_prefix || address->open > address->max_open) && prefix->open <= RECOUNT_MAX)
        find_those_that_left(prefix, most_of_prefix ? NULL : address, conn);
    note_open(address);
    note_open(prefix);
}

void polite_hello(struct polite_conn *conn, const char *sni)
{
    if (!conn->address)
        return;
    struct visitor *v = conn->address->visitor;
    v->hellos++;
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = sni ? sni : ""; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (uint32_t i = 0; i < v->name_count; i++)
        if (v->name_hash[i] == hash)
            return;
    if (v->name_count < POLITE_NAMES_MAX)
        v->name_hash[v->name_count++] = hash;
}

void polite_secured(struct polite_conn *conn)
{
    if (conn->address)
        conn->address->visitor->handshakes++;
}

void polite_closed(struct polite *polite, struct polite_conn *conn)
{
    (void)polite;
    if (!conn->address)
        return;
    note_left(conn);
    *(conn->prev ? &conn->prev->next : &conn->prefix->conns) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    conn->address = NULL;
}

/* --- The record --- */

static bool write_whole(const struct polite *polite, const char *server, FILE *out)
{
    const struct polite_tally *whole = &polite->whole;
    fprintf(out,
            "{\"server\":\"%s\",\"scope\":\"thread\",\"connections\":%llu,"
            "\"max_per_second\":%u,\"sources\":[",
            server, (unsigned long long)whole->connections, whole->max_per_second);
    for (size_t i = 0; i < polite->source_count; i++) {
        uint32_t addr = polite->sources[i];
        fprintf(out, "%s\"%u.%u.%u.%u\"", i > 0 ? "," : "", addr >> 24, addr >> 16 & 255,
                addr >> 8 & 255, addr & 255);
    }
    return fprintf(out, "]}\n") > 0;
}

static void write_visitor(const struct polite_tally *tally, FILE *out)
{
    const struct visitor *v = tally->visitor;
    fprintf(out, "\"hellos\":%llu,\"handshakes\":%llu,\"names\":%u,\"arrivals_ms\":[",
            (unsigned long long)v->hellos, (unsigned long long)v->handshakes, v->name_count);
    for (uint64_t i = 0; i < tally->connections && i < POLITE_ARRIVALS; i++)
        fprintf(out, "%s%u", i > 0 ? "," : "", v->arrival_ms[i]);
    fprintf(out, "],");
}

static bool write_tally(const struct polite_tally *tally, const char *server, FILE *out)
{
    uint32_t key = tally->key;
    fprintf(out,
            "{\"server\":\"%s\",\"scope\":\"%s\",\"key\":\"%u.%u.%u.%u\",\"connections\":%llu,"
            "\"max_concurrent\":%u,",
            server, tally->is_prefix ? "prefix" : "address", key >> 24, key >> 16 & 255,
            key >> 8 & 255, key & 255, (unsigned long long)tally->connections, tally->max_open);
    if (tally->min_gap_ms == UINT64_MAX)
        fprintf(out, "\"min_gap_ms\":null,");
    else
        fprintf(out, "\"min_gap_ms\":%llu,", (unsigned long long)tally->min_gap_ms);
    if (tally->visitor)
        write_visitor(tally, out);
    return fprintf(out, "\"max_per_second\":%u}\n", tally->max_per_second) > 0;
}

bool polite_write(const struct polite *polite, const char *server, FILE *out)
{
    if (!write_whole(polite, server, out))
        return false;
    for (size_t i = 0; i < polite->bucket_count; i++)
        for (const struct polite_tally *t = polite->buckets[i]; t; t = t->bucket_next)
            if (!write_tally(t, server, out))
                return false;
    return true;
}
