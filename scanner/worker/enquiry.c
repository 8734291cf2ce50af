#include "scanner/worker/enquiry.h"

#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

/* A cached answer. One thread, counted because a waiter's callback may evict it. */
struct kept_answer {
    unsigned refs;
    uint32_t pass;
    struct arena arena;
    struct dns_answer answer;
};

static void kept_unref(void *value)
{
    struct kept_answer *k = value;
    if (--k->refs > 0)
        return;
    arena_free(&k->arena);
    free(k);
}

enum status enquiry_cache_new(uint32_t n_workers, waitq **out)
{
    return waitq_new(SIZE_MAX, LIMIT_NAME_CACHE_BYTES / n_workers, kept_unref, out);
}

/* The types that are shared: MX, A, AAAA and the TXT of a parent domain. */
static enum status copy_records(struct arena *arena, enum dns_type type,
                                const struct dns_answer *in, struct dns_answer *out)
{
    out->n = 0;
    if (in->n == 0)
        return ST_OK;
    if (type == DNS_A || type == DNS_AAAA) {
        struct net_addr *addr = arena_array(arena, in->n, sizeof *addr);
        if (!addr)
            return ST_NOMEM;
        memcpy(addr, in->addr, in->n * sizeof *addr);
        out->addr = addr;
    } else if (type == DNS_MX) {
        struct dns_mx_rr *mx = arena_array(arena, in->n, sizeof *mx);
        if (!mx)
            return ST_NOMEM;
        for (size_t i = 0; i < in->n; i++) {
            mx[i] = in->mx[i];
            mx[i].host = arena_dup(arena, slice_of(in->mx[i].host));
            if (!mx[i].host)
                return ST_NOMEM;
        }
        out->mx = mx;
    } else if (type == DNS_TXT) {
        struct txt_facts from = {.rr = (struct txt_rr *)(uintptr_t)in->txt, .n = in->n}, to;
        enum status st = txt_facts_copy(arena, &from, &to);
        if (st != ST_OK)
            return st;
        out->txt = to.rr;
    } else {
        return ST_UNSUPPORTED;
    }
    out->n = in->n;
    return ST_OK;
}

static enum status copy_answer(struct arena *arena, enum dns_type type, const struct dns_answer *in,
                               struct dns_answer *out)
{
    out->truncated = in->truncated;
    enum status st = dns_facts_copy(arena, &in->facts, &out->facts);
    return st == ST_OK ? copy_records(arena, type, in, out) : st;
}

/* Copied once to learn what memory it takes, and once into just that: there are many. */
static struct kept_answer *keep(enum dns_type type, const struct dns_answer *in, uint32_t pass)
{
    struct arena draft;
    struct dns_answer tried = {.n = 0};
    arena_init(&draft, EVIDENCE_MAX_BYTES);
    enum status st = copy_answer(&draft, type, in, &tried);
    size_t bytes = draft.used_bytes;
    arena_free(&draft);
    struct kept_answer *k = st == ST_OK ? calloc(1, sizeof *k) : NULL;
    if (!k)
        return NULL;
    k->refs = 1;
    k->pass = pass;
    arena_init_sized(&k->arena, EVIDENCE_MAX_BYTES, bytes);
    if (copy_answer(&k->arena, type, in, &k->answer) == ST_OK)
        return k;
    kept_unref(k);
    return NULL;
}

static uint64_t expiry_ms(const struct dns_answer *a, uint64_t now_ms)
{
    uint64_t ttl_s = a->facts.ttl_s;
    if (lookup_is_undetermined(a->facts.status))
        ttl_s = ENQUIRY_FAILURE_TTL_S;
    if (ttl_s > ENQUIRY_TTL_MAX_S)
        ttl_s = ENQUIRY_TTL_MAX_S;
    return now_ms + ttl_s * 1000;
}

struct cache_key {
    size_t len;
    char bytes[1 + NAME_TEXT_MAX_BYTES];
};

static void make_key(const struct enquiry *q, struct cache_key *key)
{
    size_t len = strnlen(q->name, NAME_TEXT_MAX_BYTES);
    key->bytes[0] = (char)q->type;
    memcpy(key->bytes + 1, q->name, len);
    key->len = len + 1;
}

/* Gives a shared lookup's answer to all who wait for it, the asker among them. */
static void settle(struct enquiry *q, const struct dns_answer *a)
{
    struct worker *w = q->worker;
    struct cache_key key;
    make_key(q, &key);
    struct kept_answer *k = keep(q->type, a, w->pass);
    size_t bytes = 0;
    if (k) {
        k->refs++;
        bytes = sizeof *k + k->arena.used_bytes;
    }
    struct waiter *next, *waiter = waitq_settle(w->names, key.bytes, key.len, k, bytes,
                                                expiry_ms(a, worker_now_us(w) / 1000));
    for (; waiter; waiter = next) {
        next = waiter->next;
        struct enquiry *waiting = (struct enquiry *)waiter;
        waiting->done(waiting, a);
    }
    if (k)
        kept_unref(k);
}

static void ask(struct enquiry *q, uint64_t now_us);

static void on_answer(void *arg, const struct dns_answer *a)
{
    struct enquiry *q = arg;
    struct worker *w = q->worker;
    q->handle = NULL;
    if (a->facts.status == LOOKUP_TIMEOUT && q->asked_again < ENQUIRY_AGAIN_MAX && !w->stopping) {
        uint64_t now_us = worker_now_us(w);
        if (lag_spoils(&w->lag, q->lag_then, w->shared->options->timeout_dns_ms, now_us)) {
            q->asked_again++;
            ask(q, now_us);
            return;
        }
    }
    w->stats.lookup[a->facts.status]++;
    if (q->shared)
        settle(q, a);
    else
        q->done(q, a);
}

/* An answer of our own: what cannot be a question cannot exist; what we cannot ask says nothing. */
static void answer_without_asking(struct enquiry *q, enum lookup status)
{
    struct dns_answer a = {.n = 0};
    dns_facts_init(&a.facts);
    a.facts.status = status;
    on_answer(q, &a);
}

static void ask(struct enquiry *q, uint64_t now_us)
{
    q->lag_then = lag_mark(&q->worker->lag, now_us);
    dns_engine *dns = q->worker->dns;
    enum status st;
    if (q->server.port != 0)
        st = dns_query_at(dns, &q->server, q->name, q->type, on_answer, q, &q->handle);
    else if (q->begins)
        st = dns_query_later(dns, q->name, q->type, on_answer, q, &q->handle);
    else
        st = dns_query(dns, q->name, q->type, on_answer, q, &q->handle);
    if (st != ST_OK)
        answer_without_asking(q, st == ST_INVALID ? LOOKUP_NXDOMAIN : LOOKUP_ABANDONED);
}

void enquiry_start(struct enquiry *q, uint64_t now_us)
{
    struct worker *w = q->worker;
    if (!q->shared) {
        ask(q, now_us);
        return;
    }
    struct cache_key key;
    make_key(q, &key);
    uint64_t now_ms = now_us / 1000;
    void *value;
    enum waitq_joined joined = waitq_join(w->names, key.bytes, key.len, now_ms, &q->wait, &value);
    if (joined == WAITQ_HIT) {
        struct kept_answer *k = value;
        if (k->pass == w->pass || !lookup_is_undetermined(k->answer.facts.status)) {
            w->stats.name_cache_hits++;
            k->refs++;
            q->done(q, &k->answer);
            kept_unref(k);
            return;
        }
        /* The second pass asks again what the first could not find out. */
        waitq_forget(w->names, key.bytes, key.len);
        joined = waitq_join(w->names, key.bytes, key.len, now_ms, &q->wait, &value);
    }
    if (joined == WAITQ_NOMEM)
        q->shared = false;
    if (joined != WAITQ_WAIT)
        ask(q, now_us);
}
