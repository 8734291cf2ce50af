/* Units of the watchdog of scanner/worker/unit.c: no unit outlives --timeout-domain, whatever it
 * waits for, but what our own limits and our own lateness cost does not count. The resolver is
 * silent. */
#include "scanner/worker/unit.h"
#include "tests/unit/worker_rig.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_US UINT64_C(1000000)
enum { TIMEOUT_DOMAIN_MS = 500, TIMEOUT_DNS_MS = 3600 * 1000 };

struct rig {
    int resolver; /* takes questions, says nothing */
    struct worker_rig on;
    guard *guard;
    mailbox *scan;
    unsigned named; /* reports of the watchdog */
    char text[OVERDUE_TEXT_MAX_BYTES];
};

static void on_report(struct mail *mail, void *scan)
{
    struct rig *r = scan;
    struct worker_report *report = (struct worker_report *)mail;
    if (report->kind == REPORT_OVERDUE) {
        r->named++;
        memcpy(r->text, report->text, sizeof r->text);
    }
    free(report->stats);
    free(report);
}

static struct rig *rig_new(uint32_t dns_rate)
{
    struct rig *r = calloc(1, sizeof *r);
    static const char *const args[] = {"--resolver", "127.0.0.1:9", "--no-probe",
                                       "--workers",  "1",           NULL};
    struct sockaddr_storage ss;
    socklen_t len;
    assert_non_null(r);
    worker_rig_options(&r->on, args);
    r->on.options.timeout_domain_ms = TIMEOUT_DOMAIN_MS;
    r->on.options.timeout_dns_ms = TIMEOUT_DNS_MS;
    r->on.options.dns_rate = dns_rate;
    struct endpoint any = {.ip = r->on.options.resolvers[0].ip, .port = 0};
    len = endpoint_sockaddr(&any, &ss);
    r->resolver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->resolver, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(getsockname(r->resolver, (struct sockaddr *)&ss, &len), 0);
    struct sockaddr_in at;
    memcpy(&at, &ss, sizeof at);
    any.port = (uint16_t)(ntohs(at.sin_port));
    r->on.options.resolvers[0] = any;

    assert_int_equal(guard_new(&r->guard), ST_OK);
    worker_rig_start(&r->on, r->guard, NULL);
    r->on.shared.on_report = on_report;
    assert_int_equal(mailbox_new(r->on.worker->base, r, &r->scan), ST_OK);
    r->on.shared.scan = r->scan;
    lag_init(&r->on.worker->lag, worker_now_us(r->on.worker) + 3600 * SECOND_US); /* nobody ticks */
    return r;
}

static void rig_free(struct rig *r)
{
    worker_end(r->on.worker);
    mailbox_free(r->scan);
    worker_rig_free(&r->on);
    guard_free(r->guard);
    close(r->resolver);
    free(r);
}

/* An adopter of the second pass: it asks for names, policy host and MX, and is written when it
 * ends. */
static struct unit *begin(struct rig *r, const char *domain)
{
    static const char text[] = "v=STSv1; id=1;";
    struct txt_rr txt = {.p = text, .len = sizeof text - 1};
    struct dns_answer record = {.facts = {.status = LOOKUP_FOUND, .ede = -1}, .txt = &txt, .n = 1};
    struct input_item item = {.domain = domain};
    uint64_t now = worker_now_us(r->on.worker);
    struct unit_start start = {
        .began_us = now, .lag_then = lag_mark(&r->on.worker->lag, now), .second_pass = true};
    assert_int_equal(unit_begin(r->on.worker, &item, &start, &record), ST_OK);
    return r->on.worker->units;
}

/* So much time has passed. */
static void age(struct unit *u, uint64_t us)
{
    u->began_us -= us;
    for (struct job *j = u->jobs; j; j = j->next)
        j->sent_us -= us;
}

static bool written(const struct rig *r, const char *text)
{
    const struct record_batch *b = r->on.worker->batch;
    return b && b->n > 0 &&
           slice_contains_nocase((struct slice){b->lines.p, b->lines.len}, slice_of(text));
}

static void loop(struct rig *r)
{
    event_base_loop(r->on.worker->base, EVLOOP_NONBLOCK);
}

/* The question's own deadline lies beyond the unit's, and nobody answers it. */
static void test_question_without_end(void **state)
{
    struct rig *r = rig_new(0);
    (void)state;
    struct unit *u = begin(r, "silent.example");
    loop(r);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 1); /* it is not late yet */
    age(u, 10 * SECOND_US);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 0);
    assert_int_equal(r->on.worker->stats.watchdog, 1);
    assert_true(written(r, "\"adoption\":\"undetermined\""));
    assert_true(written(r, "\"deadline_hit\":true"));
    mailbox_deliver(r->scan);
    assert_int_equal(r->named, 1);
    assert_non_null(strstr(r->text, "silent.example"));
    assert_non_null(strstr(r->text, "gather: "));
    rig_free(r);
}

/* One question a second: the second unit's wait for our own rate. */
static void test_held_by_our_rate(void **state)
{
    struct rig *r = rig_new(1);
    (void)state;
    begin(r, "first.example");
    struct unit *second = begin(r, "second.example");
    for (int sent = 0; sent < 2;) {
        char datagram[512];
        struct pollfd p = {.fd = r->resolver, .events = POLLIN};
        event_base_loop(r->on.worker->base, EVLOOP_ONCE);
        if (poll(&p, 1, 0) == 1)
            sent += recv(r->resolver, datagram, sizeof datagram, 0) > 0;
    }
    assert_true(worker_now_us(r->on.worker) - second->began_us >= TIMEOUT_DOMAIN_MS * 1000);
    unit_check_deadline(second);
    assert_int_equal(r->on.worker->n_units, 2);
    /* Time that it does not wait for the rate counts. */
    age(second, SECOND_US);
    unit_check_deadline(second);
    assert_int_equal(r->on.worker->n_units, 1);
    assert_true(written(r, "\"domain\":\"second.example\""));
    rig_free(r);
}

/* A connection that waits at a gate stops the clock while somebody gets through, and no longer. */
static void test_gate_that_stands_still(void **state)
{
    struct rig *r = rig_new(0);
    struct net_addr ip = {.family = 4, .b = {192, 0, 2, 1}};
    (void)state;
    struct unit *u = begin(r, "waiting.example");
    struct job *job = job_new(r->on.worker, JOB_FETCH, &ip, "mta-sts.waiting.example");
    assert_non_null(job);
    job->owner = r->on.worker;
    job->asker = u;
    job->sent_us = worker_now_us(r->on.worker);
    assert_null(u->jobs);
    u->jobs = job;
    unit_hold(u);
    uint64_t standstill_us =
        (LIMIT_STANDSTILL_MS + r->on.options.timeout_policy_ms) * UINT64_C(1000);
    age(u, 2 * standstill_us);
    owner_moves(&r->on.worker->owner, worker_now_us(r->on.worker));
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 1);
    owner_moves(&r->on.worker->owner, worker_now_us(r->on.worker) - standstill_us + SECOND_US / 10);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 1);
    owner_moves(&r->on.worker->owner, worker_now_us(r->on.worker) - standstill_us - SECOND_US);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 0);
    assert_null(job->asker);
    job_free(job);
    assert_true(written(r, "\"adoption\":\"undetermined\""));
    rig_free(r);
}

/* What a connection waited before it began stays ours while it is under way. */
static void test_waited_before_it_began(void **state)
{
    struct rig *r = rig_new(0);
    struct net_addr ip = {.family = 4, .b = {192, 0, 2, 1}};
    (void)state;
    struct unit *u = begin(r, "begun.example");
    struct job *job = job_new(r->on.worker, JOB_FETCH, &ip, "mta-sts.begun.example");
    assert_non_null(job);
    job->owner = r->on.worker;
    job->asker = u;
    job->sent_us = worker_now_us(r->on.worker);
    u->jobs = job;
    unit_hold(u);
    age(u, 10 * SECOND_US);
    atomic_store(&job->started_us, worker_now_us(r->on.worker));
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 1);
    age(u, SECOND_US);
    atomic_fetch_sub(&job->started_us, SECOND_US);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 0);
    job_free(job);
    rig_free(r);
}

/* The machine was suspended for an hour: that is nobody's time. */
static void test_our_own_lateness(void **state)
{
    struct rig *r = rig_new(0);
    (void)state;
    struct unit *u = begin(r, "suspended.example");
    loop(r);
    age(u, 3600 * SECOND_US);
    r->on.worker->lag.late_us += 3600 * SECOND_US;
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 1);
    age(u, SECOND_US);
    unit_check_deadline(u);
    assert_int_equal(r->on.worker->n_units, 0);
    rig_free(r);
}

/* The first ones are named, all are counted. */
static void test_names_few(void **state)
{
    struct rig *r = rig_new(0);
    (void)state;
    for (int i = 0; i < 50; i++) {
        age(begin(r, "many.example"), 10 * SECOND_US);
        unit_check_deadline(r->on.worker->units);
    }
    mailbox_deliver(r->scan);
    assert_int_equal(r->on.worker->stats.watchdog, 50);
    assert_int_equal(r->named, 20);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question_without_end),
        cmocka_unit_test(test_held_by_our_rate),
        cmocka_unit_test(test_gate_that_stands_still),
        cmocka_unit_test(test_waited_before_it_began),
        cmocka_unit_test(test_our_own_lateness),
        cmocka_unit_test(test_names_few),
    };
    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
