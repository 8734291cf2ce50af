/* Units of scanner/worker/owner_probe.c and result.c: many jobs wait for one probe, and each comes
 * home, whatever becomes of it. */
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

enum { JOBS_MAX = LIMIT_NAMES_PER_ADDRESS + 2, DEADLINE_MS = 60000 };

/* Stands between owner and gate (Makefile, --wrap). */
static bool gate_is_full;
enum status __real_gate_push(gate *g, struct gate_item *item, uint64_t now_us);
enum status __wrap_gate_push(gate *g, struct gate_item *item, uint64_t now_us);
enum status __wrap_gate_push(gate *g, struct gate_item *item, uint64_t now_us)
{
    return gate_is_full ? ST_NOMEM : __real_gate_push(g, item, now_us);
}

struct rig {
    struct net_world *w;
    struct worker_rig on;
    struct net_smtp smtp;
    struct net_server server;
    sem_t over;
    struct job *jobs[JOBS_MAX];
    size_t n, n_over;
};

static void on_done(struct job *job)
{
    struct rig *r = job->asker;
    r->n_over++;
    sem_post(&r->over);
}

static struct rig *rig_new(struct net_world *w)
{
    static const char *const args[] = {"--resolver", "127.0.0.1:9", "--ehlo-name",   "s.example",
                                       "--workers",  "1",           "--per-ip-rate", "0,0",
                                       "--per-ip",   "0,0",         "--per-prefix",  "0,0",
                                       NULL};
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->w = w;
    worker_rig_options(&r->on, args);
    worker_rig_start(&r->on, w->guard, w->trust);
    assert_int_equal(sem_init(&r->over, 0, 0), 0);
    assert_int_equal(net_addr_parse(SLICE_LIT("127.0.0.1"), &r->server.at.ip), ST_OK);
    gate_is_full = false;
    return r;
}

static void rig_free(struct rig *r)
{
    worker_rig_free(&r->on);
    if (r->server.speak != NULL)
        net_server_stop(&r->server);
    for (size_t i = 0; i < r->n; i++)
        job_free(r->jobs[i]);
    sem_destroy(&r->over);
    free(r);
}

/* A probe of the one address with the name of that number. */
static struct job *add_job(struct rig *r, unsigned name)
{
    char host[64];
    snprintf(host, sizeof host, "mx%u.other.example", name);
    struct job *job = job_new(r->on.worker, JOB_PROBE, &r->server.at.ip, host);
    assert_non_null(job);
    job->port = r->server.at.port;
    job->deadline_ms = DEADLINE_MS;
    job->asker = r;
    job->done = on_done;
    r->jobs[r->n++] = job;
    return job;
}

static void submit_all(void *arg)
{
    const struct rig *r = arg;
    for (size_t i = 0; i < r->n; i++)
        job_submit(r->jobs[i]);
}

/* A handshake with that name, and a certificate for nobody. */
static struct result *handshake(const char *sni)
{
    struct probe_outcome out = {.facts = {.end = PROBE_OK, .conn = CONN_OK}};
    tls_facts_init(&out.facts.tls);
    tls_facts_init(&out.facts.tls_no_sni);
    out.facts.tls.end = TLS_END_OK;
    return result_of_probe(&out, sni);
}

/* So many names of an address are tried as may be; one that is under way may be waited for. */
static void test_names_under_way(void **state)
{
    struct rig *r = rig_new(*state);
    r->smtp = (struct net_smtp){.tls = net_world_tls(r->w),
                                .banner = "220 mx.good.example ESMTP\r\n",
                                .ehlo = "250-mx.good.example\r\n250 STARTTLS\r\n",
                                .starttls = "220 go ahead\r\n",
                                .ehlo_tls = "250 mx.good.example\r\n",
                                .quit = "221 bye\r\n"};
    net_server_start(&r->server, "127.0.0.1", net_smtp_speak, &r->smtp);
    for (unsigned i = 0; i < LIMIT_NAMES_PER_ADDRESS; i++)
        add_job(r, i);
    const struct job *again = add_job(r, LIMIT_NAMES_PER_ADDRESS - 1);
    const struct job *beyond = add_job(r, LIMIT_NAMES_PER_ADDRESS);
    assert_int_equal(worker_start(r->on.worker), ST_OK);
    worker_rig_call(&r->on, submit_all, r);
    for (size_t i = 0; i < r->n; i++)
        while (sem_wait(&r->over) != 0)
            ;
    worker_rig_stop(&r->on);
    for (unsigned i = 0; i < LIMIT_NAMES_PER_ADDRESS; i++)
        assert_non_null(r->jobs[i]->result);
    assert_non_null(again->result);
    assert_string_equal(again->result->sni, again->host);
    assert_null(beyond->result);
    assert_int_equal(atomic_load(&r->server.connections), LIMIT_NAMES_PER_ADDRESS);
    rig_free(r);
}

/* What counts is how many names an address was asked with, not how often: one whose probe failed in
 * passing is tried again in the second pass though no further name may be. */
static void test_names_again(void **state)
{
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    for (unsigned i = 0; i < LIMIT_NAMES_PER_ADDRESS; i++) {
        char host[64];
        snprintf(host, sizeof host, "mx%u.other.example", i);
        struct result *known = handshake(host);
        assert_non_null(known);
        if (i > 0)
            known->probe.end = PROBE_TIMEOUT;
        owner_know_probe(o, &r->server.at.ip, known);
    }
    struct job *further = add_job(r, LIMIT_NAMES_PER_ADDRESS), *again = add_job(r, 1);
    further->pass = again->pass = 1;
    job_submit(further);
    assert_int_equal(r->n_over, 1);
    assert_null(further->result);
    job_submit(again);
    assert_int_equal(r->n_over, 1);
    assert_int_equal(gate_waiting(o->smtp), 1);
    worker_rig_stop(&r->on);
    rig_free(r);
}

/* A handshake that ended without a word is tried again in the second pass; an alert is an answer.
 */
static void test_handshakes_again(void **state)
{
    static const struct {
        enum tls_end end;
        bool again;
    } cases[] = {{TLS_END_TIMEOUT, true}, {TLS_END_CLOSED, true}, {TLS_END_ALERT, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig *r = rig_new(*state);
        struct owner *o = &r->on.worker->owner;
        struct result *known = handshake("mx0.other.example");
        assert_non_null(known);
        known->probe.end = PROBE_TLS_FAILED;
        known->probe.tls.end = cases[i].end;
        owner_know_probe(o, &r->server.at.ip, known);
        job_submit(add_job(r, 0));
        assert_int_equal(r->n_over, 1);
        struct job *later = add_job(r, 0);
        later->pass = 1;
        job_submit(later);
        assert_int_equal(gate_waiting(o->smtp), cases[i].again);
        assert_int_equal(r->n_over, cases[i].again ? 1 : 2);
        worker_rig_stop(&r->on);
        rig_free(r);
    }
}

/* A name that is not connected to after all leaves its place to another. */
static void test_names_that_never_went(void **state)
{
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    owner_know_probe(o, &r->server.at.ip, handshake("mx0.other.example"));
    for (unsigned i = 1; i <= LIMIT_NAMES_PER_ADDRESS; i++) {
        struct job *job = add_job(r, i);
        job_submit(job);
        assert_ptr_equal(gate_take_any(o->smtp), &job->gate);
        owner_finish(o, job);
        assert_int_equal(r->n_over, i);
    }
    worker_rig_stop(&r->on);
    rig_free(r);
}

/* No memory for a place at the gate: whoever waits for the job that got none learns of it, and the
 * next one leads anew. */
static void test_no_place_at_the_gate(void **state)
{
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    gate_is_full = true;
    job_submit(add_job(r, 0));
    assert_int_equal(r->n_over, 1);
    assert_null(r->jobs[0]->result);
    gate_is_full = false;
    job_submit(add_job(r, 0));
    assert_int_equal(r->n_over, 1);
    assert_int_equal(gate_waiting(o->smtp), 1);
    worker_rig_stop(&r->on);
    assert_int_equal(r->n_over, 2);
    rig_free(r);
}

/* A result that comes when the worker has ended is nobody's reason for another probe. */
static void test_late_result(void **state)
{
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    add_job(r, 0);
    add_job(r, 1);
    submit_all(r);
    struct gate_item *item = gate_take_any(o->smtp);
    assert_ptr_equal(item, &r->jobs[0]->gate);
    worker_rig_stop(&r->on);
    assert_int_equal(r->n_over, 0);
    r->jobs[0]->result = handshake(r->jobs[0]->host);
    assert_non_null(r->jobs[0]->result);
    owner_finish(o, r->jobs[0]);
    assert_int_equal(r->n_over, 2);
    assert_int_equal(gate_waiting(o->smtp), 0);
    assert_non_null(r->jobs[0]->result);
    assert_null(r->jobs[1]->result);
    rig_free(r);
}

/* An earlier run's record may say anything. */
static void test_known_with_no_name(void **state)
{
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    char name[8 * NAME_TEXT_MAX_BYTES];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    owner_know_probe(o, &r->server.at.ip, handshake(name));
    assert_int_equal(waitq_entries(o->probes), 0);
    owner_know_probe(o, &r->server.at.ip, handshake("mx.other.example"));
    assert_int_equal(waitq_entries(o->probes), 1);
    worker_rig_stop(&r->on);
    rig_free(r);
}

/* What does not fit into a result's memory leaves none behind. */
static void test_too_large(void **state)
{
    (void)state;
    struct fetch_outcome out = {.silent_ms = 0};
    char *body = calloc(1, EVIDENCE_MAX_BYTES + 1);
    assert_non_null(body);
    fetch_facts_init(&out.facts);
    out.facts.http.body = (struct slice){body, EVIDENCE_MAX_BYTES + 1};
    assert_null(result_of_fetch(&out));
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_under_way),      cmocka_unit_test(test_names_again),
        cmocka_unit_test(test_handshakes_again),     cmocka_unit_test(test_names_that_never_went),
        cmocka_unit_test(test_no_place_at_the_gate), cmocka_unit_test(test_late_result),
        cmocka_unit_test(test_known_with_no_name),   cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
