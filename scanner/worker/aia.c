#include "scanner/worker/aia.h"

#include "scanner/worker/enquiry.h"
#include "scanner/worker/table.h"
#include "scanner/worker/worker.h"
#include <stdlib.h>
#include <string.h>

/* What a URL gave; len 0: nothing. Shared read-only between threads. */
struct intermediate {
    atomic_uint refs;
    size_t len;
    uint8_t der[];
};

/* One chain that waits to be mended. */
struct want {
    struct mail mail;   /* first */
    struct waiter wait; /* in the cache of the URL's worker */
    struct worker *home, *keeper;
    struct tls_facts *tls;
    struct cert_chain *chain;
    void (*done)(void *arg);
    void *arg;
    struct intermediate *found; /* one reference */
    char url[AIA_URL_MAX_BYTES];
};

/* The one flight to a URL. */
struct flight {
    struct enquiry enquiry; /* first */
    char url[AIA_URL_MAX_BYTES];
    char host[NAME_MAX_BYTES + 1];
    const char *path; /* into url */
};

static void intermediate_unref(void *value)
{
    struct intermediate *i = value;
    if (i && atomic_fetch_sub_explicit(&i->refs, 1, memory_order_acq_rel) == 1)
        free(i);
}

static struct intermediate *intermediate_new(struct slice body)
{
    struct intermediate *i = malloc(sizeof *i + body.len);
    if (!i)
        return NULL;
    atomic_init(&i->refs, 1);
    i->len = body.len;
    if (body.len > 0)
        memcpy(i->der, body.p, body.len);
    return i;
}

enum status aia_cache_new(uint32_t n_workers, waitq **out)
{
    return waitq_new(SIZE_MAX, LIMIT_AIA_CACHE_BYTES / n_workers, intermediate_unref, out);
}

bool aia_can_mend(const struct worker *w, const struct tls_facts *tls, const struct result *r)
{
    return !w->shared->options->no_aia && (tls->cert_errors & CERT_UNTRUSTED) && r->chain &&
           r->aia_url && strlen(r->aia_url) < AIA_URL_MAX_BYTES;
}

/* ---- back at home --------------------------------------------------------------------------- */

static void want_end(struct want *want)
{
    struct worker *w = want->home;
    bool mended = false;
    if (want->found && want->found->len > 0 && !w->stopping)
        tls_verify_with(w->shared->trust, want->chain, want->found->der, want->found->len,
                        worker_wall_ms(w) / 1000, &mended);
    if (mended) {
        want->tls->cert_errors &= ~(uint32_t)CERT_UNTRUSTED;
        want->tls->cert_errors |= CERT_INCOMPLETE_CHAIN;
    }
    want->done(want->arg);
    intermediate_unref(want->found);
    cert_chain_unref(want->chain);
    free(want);
}

static void come_home(struct mail *mail, void *owner)
{
    (void)owner;
    want_end((struct want *)mail);
}

static void send_home(struct want *want, struct intermediate *found)
{
    if (found) {
        atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
        want->found = found;
    }
    want->mail.deliver = come_home;
    if (want->keeper == want->home)
        want_end(want);
    else
        mailbox_send(want->home->box, &want->mail);
}

/* ---- the URL's worker ----------------------------------------------------------------------- */

static struct want *want_of(struct waiter *waiter)
{
    return (struct want *)(void *)((char *)waiter - offsetof(struct want, wait));
}

static void flight_end(struct flight *f, struct slice body)
{
    struct worker *w = f->enquiry.worker;
    struct intermediate *found = intermediate_new(body);
    if (found)
        atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
    struct waiter *next, *waiter = waitq_settle(w->aia, f->url, strlen(f->url), found,
                                                sizeof *found + body.len, UINT64_MAX);
    for (; waiter; waiter = next) {
        next = waiter->next;
        send_home(want_of(waiter), found);
    }
    intermediate_unref(found);
    free(f);
}

static void on_fetched(struct job *job)
{
    struct flight *f = job->asker;
    struct slice body = {NULL, 0};
    if (job->result && job->result->fetch.http.end == HTTP_END_OK &&
        job->result->fetch.http.status == 200)
        body = job->result->fetch.http.body;
    flight_end(f, body);
    job_free(job);
}

static void fetch_from(struct flight *f, const struct net_addr *ip)
{
    struct worker *w = f->enquiry.worker;
    struct job *job = job_new(w, JOB_FETCH, ip, f->host);
    if (!job) {
        flight_end(f, (struct slice){NULL, 0});
        return;
    }
    job->plain = true;
    job->port = w->shared->options->http_port;
    job->path = f->path;
    job->body_max_bytes = AIA_BODY_MAX_BYTES;
    job->deadline_ms = AIA_DEADLINE_MS;
    job->asker = f;
    job->done = on_fetched;
    w->stats.aia_fetches++;
    job_submit(job);
}

/* Whether the guard lets us; what it stops is counted. */
static bool may_contact(struct worker *w, enum guard_verdict verdict)
{
    w->stats.guard_special += verdict == GUARD_SPECIAL;
    w->stats.guard_blocklisted += verdict == GUARD_BLOCKLISTED;
    return verdict == GUARD_OK;
}

/* The first address that may be contacted, NULL when none may: the list also knows the names on the
 * way to it. */
static const struct net_addr *pick_address(struct worker *w, const struct dns_answer *a)
{
    const guard *g = worker_guard(w);
    for (size_t i = 0; i < a->facts.cname.n; i++)
        if (!may_contact(w, guard_name(g, a->facts.cname.v[i])))
            return NULL;
    for (size_t i = 0; i < a->n; i++)
        if (may_contact(w, guard_address(g, &a->addr[i])))
            return &a->addr[i];
    return NULL;
}

static void on_address(struct enquiry *q, const struct dns_answer *a)
{
    struct flight *f = (struct flight *)q;
    const struct net_addr *ip = pick_address(q->worker, a);
    if (ip) {
        fetch_from(f, ip);
        return;
    }
    if (q->type == DNS_A && a->n == 0 && q->worker->shared->use_v6 && !q->worker->stopping) {
        q->type = DNS_AAAA;
        q->asked_again = 0;
        enquiry_start(q, worker_now_us(q->worker));
        return;
    }
    flight_end(f, (struct slice){NULL, 0});
}

/* Splits "http://host[:port]/path"; false for anything else or another port than ours. */
static bool split_url(struct flight *f, uint16_t http_port)
{
    static const char scheme[] = "http://";
    if (strncmp(f->url, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *host = f->url + sizeof scheme - 1;
    size_t authority = strcspn(host, "/?#"), len = strcspn(host, ":/?#");
    if (len == 0 || len > NAME_MAX_BYTES || host[authority] != '/')
        return false;
    unsigned long port = 80;
    if (len < authority) {
        char *end;
        port = strtoul(host + len + 1, &end, 10);
        if (end != host + authority)
            return false;
    }
    memcpy(f->host, host, len);
    f->host[len] = '\0';
    name_lower(f->host);
    f->path = host + authority;
    return port == http_port;
}

static void fly(struct worker *w, const char *url)
{
    struct flight *f = calloc(1, sizeof *f);
    if (!f) {
        struct waiter *next, *waiter = waitq_settle(w->aia, url, strlen(url), NULL, 0, 0);
        for (; waiter; waiter = next) {
            next = waiter->next;
            send_home(want_of(waiter), NULL);
        }
        return;
    }
    memcpy(f->url, url, strlen(url) + 1);
    f->enquiry = (struct enquiry){
        .worker = w, .done = on_address, .name = f->host, .type = DNS_A, .shared = true};
    if (!split_url(f, w->shared->options->http_port) ||
        !may_contact(w, guard_name(worker_guard(w), f->host)))
        flight_end(f, (struct slice){NULL, 0});
    else
        enquiry_start(&f->enquiry, worker_now_us(f->enquiry.worker));
}

static void accept_want(struct want *want)
{
    struct worker *w = want->keeper;
    if (w->stopping) {
        send_home(want, NULL);
        return;
    }
    void *value;
    switch (waitq_join(w->aia, want->url, strlen(want->url), worker_now_us(w) / 1000, &want->wait,
                       &value)) {
    case WAITQ_HIT:
        send_home(want, value);
        break;
    case WAITQ_LEAD:
        fly(w, want->url);
        break;
    case WAITQ_NOMEM:
        send_home(want, NULL);
        break;
    case WAITQ_WAIT:
        break;
    }
}

static void arrive(struct mail *mail, void *owner)
{
    (void)owner;
    accept_want((struct want *)mail);
}

void aia_mend(struct worker *w, struct tls_facts *tls, const struct result *r,
              void (*done)(void *arg), void *arg)
{
    struct want *want = calloc(1, sizeof *want);
    if (!want) {
        done(arg);
        return;
    }
    size_t len = strlen(r->aia_url);
    want->home = w;
    want->tls = tls;
    want->chain = cert_chain_ref(r->chain);
    want->done = done;
    want->arg = arg;
    memcpy(want->url, r->aia_url, len + 1);
    want->keeper = w->shared->worker[table_hash(0, want->url, len) % w->shared->n_workers];
    want->mail.deliver = arrive;
    if (want->keeper == w)
        accept_want(want);
    else
        mailbox_send(want->keeper->box, &want->mail);
}
