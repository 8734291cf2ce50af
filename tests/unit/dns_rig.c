#include "tests/unit/dns_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GIVE_UP_S = 120 };

struct rig *rig_new(size_t n_fakes, fake_fn on_query)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->base = event_base_new();
    assert_non_null(r->base);
    r->n_fakes = n_fakes;
    for (size_t i = 0; i < n_fakes; i++) {
        fake_start(&r->fakes[i], r->base, on_query);
        r->fakes[i].arg = r;
    }
    r->config = (struct dns_config){.deadline_ms = 3000, .retry_ms = 60, .in_flight_max = 20000};
    return r;
}

void rig_engine(struct rig *r)
{
    struct endpoint servers[RIG_FAKES_MAX];
    for (size_t i = 0; i < r->n_fakes; i++)
        servers[i] = r->fakes[i].at;
    r->config.servers = servers;
    r->config.n_servers = r->n_fakes;
    assert_int_equal(dns_new(r->base, &r->config, &r->engine), ST_OK);
}

static void on_done(void *arg, const struct dns_answer *answer)
{
    struct rig_result *result = arg;
    struct rig *r = result->rig;
    assert_false(r->in_query);
    assert_false(result->done);
    result->done = true;
    result->status = answer->facts.status;
    result->rcode = answer->facts.rcode;
    result->ede = answer->facts.ede;
    result->n = answer->n;
    result->txt_len = answer->n > 0 && answer->txt != NULL ? answer->txt[0].len : 0;
    result->waited_ms = answer->waited_ms;
    if (answer->facts.resolver != NULL)
        snprintf(result->resolver, sizeof result->resolver, "%s", answer->facts.resolver);
    r->ended++;
    if (r->on_result != NULL)
        r->on_result(result);
    if (r->ended == r->asked)
        event_base_loopbreak(r->base);
}

typedef enum status (*query_fn)(dns_engine *engine, const char *name, enum dns_type type,
                                dns_done_fn done, void *arg, dns_query_handle **handle);

static void ask(struct rig *r, struct rig_result *result, const char *name, query_fn query)
{
    *result = (struct rig_result){.rig = r};
    r->in_query = true;
    assert_int_equal(query(r->engine, name, DNS_TXT, on_done, result, &result->handle), ST_OK);
    r->in_query = false;
}

static struct rig_result *ask_anew(struct rig *r, const char *name, query_fn query)
{
    assert_true(r->asked < RIG_RESULTS_MAX);
    struct rig_result *result = &r->results[r->asked++];
    ask(r, result, name, query);
    return result;
}

struct rig_result *rig_ask(struct rig *r, const char *name)
{
    return ask_anew(r, name, dns_query);
}

struct rig_result *rig_ask_later(struct rig *r, const char *name)
{
    return ask_anew(r, name, dns_query_later);
}

void rig_ask_again(struct rig_result *result, const char *name)
{
    result->rig->ended--;
    ask(result->rig, result, name, dns_query);
}

void rig_ask_many(struct rig *r, size_t n)
{
    char name[32];
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "n%zu.example", i);
        rig_ask(r, name);
    }
}

static void on_give_up(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    bool *gave_up = arg;
    *gave_up = true;
}

static void run(struct rig *r)
{
    bool gave_up = false;
    struct timeval tv = {.tv_sec = GIVE_UP_S};
    struct event *ev = evtimer_new(r->base, on_give_up, &gave_up);
    evtimer_add(ev, &tv);
    do
        event_base_loop(r->base, EVLOOP_ONCE);
    while (!gave_up && !event_base_got_break(r->base));
    event_free(ev);
    assert_false(gave_up);
}

void rig_run(struct rig *r)
{
    while (r->ended < r->asked)
        run(r);
}

void rig_run_until_stopped(struct rig *r)
{
    run(r);
}

void rig_stop(struct rig *r)
{
    event_base_loopbreak(r->base);
}

size_t rig_count(const struct rig *r, enum lookup status)
{
    size_t n = 0;
    for (size_t i = 0; i < r->asked; i++)
        n += r->results[i].done && r->results[i].status == status;
    return n;
}

struct dns_stats rig_stats(const struct rig *r)
{
    struct dns_stats stats;
    dns_stats(r->engine, &stats);
    return stats;
}

/* Kept until rig_free, whether it has run or not. */
struct rig_later {
    struct rig_later *next;
    struct rig *rig;
    struct event *ev;
    void (*fn)(struct rig *);
};

static void on_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct rig_later *later = arg;
    later->fn(later->rig);
}

void rig_after(struct rig *r, unsigned ms, void (*fn)(struct rig *))
{
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct rig_later *later = malloc(sizeof *later);
    assert_non_null(later);
    *later = (struct rig_later){.next = r->laters, .rig = r, .fn = fn};
    later->ev = evtimer_new(r->base, on_later, later);
    assert_non_null(later->ev);
    assert_int_equal(evtimer_add(later->ev, &tv), 0);
    r->laters = later;
}

void rig_keep(struct rig *r, const struct fake_query *q)
{
    assert_true(r->n_kept < RIG_RESULTS_MAX);
    r->kept[r->n_kept++] = *q;
    if (r->n_kept > r->most_kept)
        r->most_kept = r->n_kept;
}

void rig_answer_kept(struct rig *r, size_t most)
{
    size_t n = r->n_kept < most ? r->n_kept : most;
    for (size_t i = 0; i < n; i++)
        fake_answer(&r->fakes[0], &r->kept[i]);
    r->n_kept -= n;
    memmove(r->kept, r->kept + n, r->n_kept * sizeof *r->kept);
}

static void answer_all(struct rig *r)
{
    rig_answer_kept(r, SIZE_MAX);
}

void rig_hold(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (r->n_kept == 0)
        rig_after(r, 50, answer_all);
    rig_keep(r, q);
}

const char *rig_resolver(const struct rig *r, size_t fake)
{
    static char text[ENDPOINT_TEXT_MAX_BYTES];
    endpoint_text(&r->fakes[fake].at, text);
    return text;
}

void rig_free(struct rig *r)
{
    dns_free(r->engine);
    while (r->laters != NULL) {
        struct rig_later *later = r->laters;
        r->laters = later->next;
        event_free(later->ev);
        free(later);
    }
    for (size_t i = 0; i < r->n_fakes; i++)
        fake_stop(&r->fakes[i]);
    /* Lets connections see their end, so that the fakes free them. */
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    event_base_free(r->base);
    free(r);
}
