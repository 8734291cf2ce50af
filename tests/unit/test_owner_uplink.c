/* Units of scanner/worker/owner_uplink.c on a worker's own thread: hosts on loopback, each in a /24
 * of its own, of which all are cut off at once. */
#include "scanner/worker/owner.h"
#include "tests/unit/net_world.h"
#include "tests/unit/worker_rig.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A deadline before the first repetition of a SYN, which would be answered by hosts that woke up
 * meanwhile. */
enum { HOSTS = UPLINK_MISSED_MILLI / 1000 + 4, DEADLINE_MS = 500, NEWS_MAX = 8 };

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

struct rig {
    struct worker_rig on;
    mailbox *scan;
    struct net_https https;
    struct net_server server[HOSTS];
    struct job *job[HOSTS];
    sem_t over, told, connected;
    atomic_bool deaf; /* who connects now is not answered */
    struct uplink_news news[NEWS_MAX];
    size_t n_news;
};

static void on_done(struct job *job)
{
    struct rig *r = job->asker;
    sem_post(&r->over);
}

static void submit(void *arg)
{
    job_submit(arg);
}

static void on_report(struct mail *mail, void *scan)
{
    struct rig *r = scan;
    const struct worker_report *report = (struct worker_report *)mail;
    if (report->kind == REPORT_UPLINK && r->n_news < NEWS_MAX) {
        r->news[r->n_news++] = report->news;
        sem_post(&r->told);
    }
    free(mail);
}

static void speak(int fd, void *arg)
{
    struct rig *r = arg;
    char first;
    if (atomic_load(&r->deaf)) {
        if (recv(fd, &first, 1, 0) == 1) /* its request: it knows that it is connected */
            sem_post(&r->connected);
        net_drain(fd);
    } else {
        net_https_speak(fd, &r->https);
    }
}

/* ---- a rig ---------------------------------------------------------------------------------- */

static void start_hosts(struct rig *r)
{
    r->https =
        (struct net_https){.plain = true, .answer = OK_ANSWER, .answer_len = strlen(OK_ANSWER)};
    for (int i = 0; i < HOSTS; i++) {
        char ip[ADDR_TEXT_MAX_BYTES];
        snprintf(ip, sizeof ip, "127.0.%d.1", i + 1);
        net_server_start_asleep(&r->server[i], ip, speak, r);
    }
}

/* With these deadlines of the scan, from which the uplink has its own. */
static struct rig *rig_new(struct net_world *w, uint32_t shortest_ms, uint32_t longest_ms)
{
    struct rig *r = calloc(1, sizeof *r);
    const char *const args[] = {"--resolver", "127.0.0.1:9",   "--no-probe", "--workers",
                                "1",          "--policy-rate", "0",          NULL};
    assert_non_null(r);
    worker_rig_options(&r->on, args);
    r->on.options.timeout_policy_ms = shortest_ms;
    r->on.options.timeout_probe_ms = longest_ms;
    worker_rig_start(&r->on, w->guard, NULL);
    r->on.shared.on_report = on_report;
    assert_int_equal(mailbox_new(r->on.worker->base, r, &r->scan), ST_OK);
    r->on.shared.scan = r->scan;
    assert_int_equal(sem_init(&r->over, 0, 0), 0);
    assert_int_equal(sem_init(&r->told, 0, 0), 0);
    assert_int_equal(sem_init(&r->connected, 0, 0), 0);
    start_hosts(r);
    return r;
}

static void rig_free(struct rig *r)
{
    worker_rig_stop(&r->on);
    mailbox_free(r->scan);
    worker_rig_free(&r->on);
    for (int i = 0; i < HOSTS; i++) {
        job_free(r->job[i]);
        net_server_stop(&r->server[i]);
    }
    sem_destroy(&r->over);
    sem_destroy(&r->told);
    sem_destroy(&r->connected);
    free(r);
}

/* A fetch from each of these hosts. */
static void fetch_these(struct rig *r, int from, int to, uint32_t deadline_ms)
{
    for (int i = from; i < to; i++) {
        struct job *job = job_new(r->on.worker, JOB_FETCH, &r->server[i].at.ip, NET_HOST);
        assert_non_null(job);
        job->plain = true;
        job->port = r->server[i].at.port;
        job->path = "/";
        job->body_max_bytes = 65536;
        job->deadline_ms = deadline_ms;
        job->asker = r;
        job->done = on_done;
        r->job[i] = job;
        worker_rig_call(&r->on, submit, job);
    }
}

static void fetch_from(struct rig *r, int n, uint32_t deadline_ms)
{
    assert_int_equal(worker_start(r->on.worker), ST_OK);
    fetch_these(r, 0, n, deadline_ms);
}

static void wait_for(sem_t *sem, int times)
{
    for (int i = 0; i < times; i++)
        while (sem_wait(sem) != 0)
            ;
}

static void wake(struct rig *r, int from)
{
    for (int i = from; i < HOSTS; i++)
        net_server_wake(&r->server[i]);
}

/* All answered in the end; or, on a machine whose load spoilt every try, nobody's. */
static void expect_answers(const struct rig *r)
{
    for (int i = 0; i < HOSTS; i++)
        if (r->job[i]->result)
            assert_int_equal(r->job[i]->result->fetch.http.status, 200);
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Cut off for longer than a deadline: nobody is called silent, and once a canary was answered all
 * are asked again. */
static void test_an_outage(void **state)
{
    struct rig *r = rig_new(*state, DEADLINE_MS, 60000);
    fetch_from(r, HOSTS, DEADLINE_MS);
    wait_for(&r->told, 1);
    assert_int_equal(r->news[0].state, UPLINK_SUSPECTED);
    assert_int_equal(r->news[0].family, 4);
    assert_false(r->news[0].ever);
    wake(r, 0);
    wait_for(&r->told, 1);
    assert_int_equal(r->news[1].state, UPLINK_UP);
    wait_for(&r->over, HOSTS);
    expect_answers(r);
    rig_free(r);
}

/* So is who had been connected already when the others fell silent. */
static void test_a_connection_that_falls_silent(void **state)
{
    struct rig *r = rig_new(*state, DEADLINE_MS, 60000);
    atomic_store(&r->deaf, true);
    net_server_wake(&r->server[0]);
    fetch_from(r, 1, DEADLINE_MS);
    wait_for(&r->connected, 1);
    fetch_these(r, 1, HOSTS, DEADLINE_MS);
    wait_for(&r->told, 1);
    assert_true(r->news[0].ever);
    atomic_store(&r->deaf, false);
    wake(r, 1);
    wait_for(&r->over, HOSTS);
    expect_answers(r);
    rig_free(r);
}

/* The same hosts, one too few to tell: they are silent, as they always were. */
static void test_too_few(void **state)
{
    struct rig *r = rig_new(*state, DEADLINE_MS, 60000);
    fetch_from(r, UPLINK_MISSED_MILLI / 1000 - 1, DEADLINE_MS);
    wait_for(&r->over, UPLINK_MISSED_MILLI / 1000 - 1);
    for (int i = 0; i < UPLINK_MISSED_MILLI / 1000 - 1; i++)
        if (r->job[i]->tried_again == 0) { /* else this machine stalls of itself */
            assert_non_null(r->job[i]->result);
            assert_int_equal(r->job[i]->result->fetch.conn, CONN_TIMEOUT);
        }
    assert_int_equal(r->n_news, 0);
    rig_free(r);
}

/* Hosts that never answer are called dead in the end, though for a while nobody could know. */
static void test_nothing_but_dead_hosts(void **state)
{
    struct rig *r = rig_new(*state, 400, 400);
    fetch_from(r, HOSTS, 400);
    wait_for(&r->told, 2);
    assert_int_equal(r->news[0].state, UPLINK_SUSPECTED);
    assert_int_equal(r->news[1].state, UPLINK_BELIEVED);
    wait_for(&r->over, HOSTS);
    for (int i = 0; i < HOSTS; i++)
        if (r->job[i]->result)
            assert_int_equal(r->job[i]->result->fetch.conn, CONN_TIMEOUT);
        else
            assert_true(r->on.worker->stats.lag_retries > 0);
    rig_free(r);
}

/* Networks that an earlier run was answered by are missed: then nobody is called dead, ever. */
static void test_given_up(void **state)
{
    struct rig *r = rig_new(*state, 100, 20);
    for (int i = 0; i < UPLINK_LOST; i++)
        uplink_knew(r->on.worker->owner.link[0].uplink, &r->server[i].at.ip, UPLINK_HTTPS);
    fetch_from(r, HOSTS, 200);
    wait_for(&r->told, 2);
    assert_int_equal(r->news[0].state, UPLINK_SUSPECTED);
    assert_int_equal(r->news[1].state, UPLINK_GIVEN_UP);
    wait_for(&r->over, HOSTS);
    for (int i = 0; i < HOSTS; i++) {
        assert_null(r->job[i]->result);
        /* Nor is it tried as often as may be. */
        assert_true(r->job[i]->tried_again < 3 || r->on.worker->stats.lag_retries > 0);
    }
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_outage), cmocka_unit_test(test_a_connection_that_falls_silent),
        cmocka_unit_test(test_too_few),   cmocka_unit_test(test_nothing_but_dead_hosts),
        cmocka_unit_test(test_given_up),
    };
    return cmocka_run_group_tests_name("owner_uplink", tests, net_world_setup, net_world_teardown);
}
