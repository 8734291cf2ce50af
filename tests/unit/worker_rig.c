#include "tests/unit/worker_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ARGS_MAX = 32 };

void worker_rig_options(struct worker_rig *r, const char *const *args)
{
    char *argv[ARGS_MAX] = {"stscan"};
    int argc = 1;
    for (; args[argc - 1] != NULL; argc++) {
        assert_true(argc < ARGS_MAX - 1);
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
    }
    assert_int_equal(options_parse(argc, argv, &r->options), ST_OK);
}

static void on_report(struct mail *report, void *scan)
{
    (void)scan;
    free(report);
}

static void take_lines(void *arg, struct slice lines)
{
    (void)arg;
    (void)lines;
}

void worker_rig_start(struct worker_rig *r, guard *g, const tls_trust *trust)
{
    const struct writer_events events = {.lines = take_lines};
    const struct budget_limits plenty = {.connections = 1000, .misdirected = 1000};
    char error[256];
    budget *fetches;
    assert_int_equal(writer_open(&r->options, NULL, &events, &r->writer, error, sizeof error),
                     ST_OK);
    assert_int_equal(budget_new(&plenty, 1, &fetches), ST_OK);
    r->shared = (struct worker_shared){.options = &r->options,
                                       .resolvers = r->options.resolvers,
                                       .n_resolvers = r->options.n_resolvers,
                                       .trust = trust,
                                       .user_agent = "test",
                                       .use_v4 = true,
                                       .probe = trust != NULL,
                                       .writer = r->writer,
                                       .fetches = fetches,
                                       .worker = &r->worker,
                                       .n_workers = 1,
                                       .in_flight = 10,
                                       .connections_per_worker = 100,
                                       .on_report = on_report};
    atomic_init(&r->shared.guard, g);
    assert_int_equal(worker_new(&r->shared, 0, &r->worker), ST_OK);
    r->worker->input_over = r->worker->idle_reported = true;
}

struct call {
    struct mail mail; /* first */
    void (*fn)(void *arg);
    void *arg;
};

static void on_call(struct mail *mail, void *owner)
{
    struct call *c = (struct call *)mail;
    (void)owner;
    c->fn(c->arg);
    free(c);
}

void worker_rig_call(struct worker_rig *r, void (*fn)(void *arg), void *arg)
{
    struct call *c = calloc(1, sizeof *c);
    assert_non_null(c);
    *c = (struct call){.mail = {.deliver = on_call}, .fn = fn, .arg = arg};
    mailbox_send(r->worker->box, &c->mail);
}

void worker_rig_stop(struct worker_rig *r)
{
    worker_send_order(r->worker, ORDER_STOP);
    worker_join(r->worker);
    worker_end(r->worker);
    while (worker_deliver(r->worker))
        continue;
}

void worker_rig_free(struct worker_rig *r)
{
    worker_free(r->worker);
    assert_int_equal(writer_close(r->writer, &(struct writer_totals){.records = 0}), ST_OK);
    budget_free(r->shared.fetches);
    options_free(&r->options);
}
