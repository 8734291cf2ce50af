/* Units of scanner/worker/owner_coalesce.c on a worker's own thread, against an HTTP/2 server: who
 * rides with whom, and that everybody has an answer in the end. */
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

#define POLICY "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 604800\n"

enum { JOBS_MAX = 40, DEADLINE_MS = 60000 };

struct rig {
    struct net_world *w;
    struct worker_rig on;
    struct pki_cert leaf;
    struct net_h2 h2;
    struct net_server server;
    sem_t over;
    struct job *jobs[JOBS_MAX];
    size_t n;
};

static void on_done(struct job *job)
{
    struct rig *r = job->asker;
    sem_post(&r->over);
}

static void submit_all(void *arg)
{
    const struct rig *r = arg;
    for (size_t i = 0; i < r->n; i++)
        job_submit(r->jobs[i]);
}

static void host_name(char host[64], size_t i)
{
    snprintf(host, 64, "mta-sts.m%zu.example", i);
}

/* A certificate for the first so many hosts. */
static struct pki_cert leaf_for(const struct net_world *w, size_t names)
{
    char san[JOBS_MAX * 40] = "", host[64];
    size_t len = 0;
    for (size_t i = 0; i < names; i++) {
        host_name(host, i);
        int n = snprintf(san + len, sizeof san - len, "%sDNS:%s", i > 0 ? "," : "", host);
        assert_true(n > 0 && (size_t)n < sizeof san - len);
        len += (size_t)n;
    }
    return pki_make(&(struct pki_spec){.san = san, .issuer = &w->intermediate});
}

static struct rig *rig_new(struct net_world *w, size_t names, const char *per_ip)
{
    struct rig *r = calloc(1, sizeof *r);
    const char *const args[] = {"--resolver",    "127.0.0.1:9", "--ehlo-name",   "scanner.example",
                                "--workers",     "1",           "--per-ip-rate", "0,0",
                                "--policy-rate", "0",           "--per-ip",      per_ip,
                                "--coalesce",    NULL};
    assert_non_null(r);
    r->w = w;
    worker_rig_options(&r->on, args);
    worker_rig_start(&r->on, w->guard, w->trust);
    assert_int_equal(sem_init(&r->over, 0, 0), 0);
    r->leaf = leaf_for(w, names);
    r->h2 = (struct net_h2){
        .tls = net_world_tls(w), .status = "200", .type = "text/plain", .body = POLICY};
    r->h2.tls.leaf = &r->leaf;
    r->h2.tls.h2 = true;
    return r;
}

static void begin(struct rig *r, size_t n)
{
    char host[64];
    net_server_start(&r->server, "127.0.0.1", net_h2_speak, &r->h2);
    r->n = n;
    for (size_t i = 0; i < n; i++) {
        host_name(host, i);
        struct job *job = job_new(r->on.worker, JOB_FETCH, &r->server.at.ip, host);
        assert_non_null(job);
        job->port = r->server.at.port;
        job->path = POLICY_PATH;
        job->body_max_bytes = POLICY_BODY_MAX_BYTES;
        job->deadline_ms = DEADLINE_MS;
        job->asker = r;
        job->done = on_done;
        r->jobs[i] = job;
    }
    assert_int_equal(worker_start(r->on.worker), ST_OK);
    worker_rig_call(&r->on, submit_all, r);
}

static void wait_for(struct rig *r, size_t n)
{
    while (n > 0)
        n -= sem_wait(&r->over) == 0;
}

static void rig_free(struct rig *r)
{
    worker_rig_free(&r->on);
    net_server_stop(&r->server);
    for (size_t i = 0; i < r->n; i++)
        job_free(r->jobs[i]);
    sem_destroy(&r->over);
    pki_free(&r->leaf);
    free(r);
}

static const struct fetch_facts *facts(const struct rig *r, size_t i)
{
    assert_non_null(r->jobs[i]->result);
    return &r->jobs[i]->result->fetch;
}

static size_t coalesced(const struct rig *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += facts(r, i)->http.coalesced;
    return n;
}

/* ---- who rides ------------------------------------------------------------------------------ */

static void test_one_certificate(void **state)
{
    static const char *const at_once[] = {"0,0", "4,1", "2,1"};
    for (size_t k = 0; k < sizeof at_once / sizeof *at_once; k++) {
        struct rig *r = rig_new(*state, JOBS_MAX, at_once[k]);
        begin(r, JOBS_MAX);
        wait_for(r, JOBS_MAX);
        worker_rig_stop(&r->on);
        for (size_t i = 0; i < JOBS_MAX; i++) {
            assert_int_equal(facts(r, i)->http.status, 200);
            assert_true(tls_facts_valid(&facts(r, i)->tls));
            assert_int_equal(facts(r, i)->http.body.len, strlen(POLICY));
        }
        assert_int_equal(coalesced(r), JOBS_MAX - 1);
        assert_int_equal(atomic_load(&r->server.connections), 1);
        assert_int_equal(r->on.worker->stats.coalesced, JOBS_MAX - 1);
        assert_int_equal(r->on.worker->stats.coalesced_in_vain, 0);
        rig_free(r);
    }
}

/* With one connection to an address at once there would be no place for those who ride. */
static void test_one_at_once(void **state)
{
    struct rig *r = rig_new(*state, 4, "1,1");
    begin(r, 4);
    wait_for(r, 4);
    worker_rig_stop(&r->on);
    assert_int_equal(coalesced(r), 0);
    assert_int_equal(atomic_load(&r->server.connections), 4);
    rig_free(r);
}

/* Who is told that he is wrong here comes again by himself, and what is said then counts. */
static void test_misdirected(void **state)
{
    struct rig *r = rig_new(*state, 6, "0,0");
    r->h2.misdirected = "mta-sts.m3.example";
    begin(r, 6);
    wait_for(r, 6);
    worker_rig_stop(&r->on);
    assert_int_equal(facts(r, 3)->http.status, 421);
    assert_false(facts(r, 3)->http.coalesced);
    assert_int_equal(coalesced(r), 4);
    assert_int_equal(atomic_load(&r->server.connections), 2);
    assert_int_equal(r->on.worker->stats.coalesced_in_vain, 1);
    rig_free(r);
}

/* The first of those who wait came on the user's list meanwhile: they end where they would begin to
 * ride, which says nothing of the connection: the others ride on it all the same. */
static void test_listed_while_waiting(void **state)
{
    struct net_world *w = *state;
    guard *usual = w->guard;
    size_t line;
    assert_int_equal(guard_new(&w->guard), ST_OK);
    assert_int_equal(guard_allow(w->guard, "127.0.0.0/16"), ST_OK);
    assert_int_equal(guard_blocklist(w->guard,
                                     SLICE_LIT("mta-sts.m1.example\nmta-sts.m2.example\n"
                                               "mta-sts.m5.example\n"),
                                     &line),
                     ST_OK);
    struct rig *r = rig_new(w, 8, "0,0");
    begin(r, 8);
    wait_for(r, 8);
    worker_rig_stop(&r->on);
    for (size_t i = 0; i < 8; i++) {
        if (i == 1 || i == 2 || i == 5) {
            assert_null(r->jobs[i]->result);
        } else {
            assert_int_equal(facts(r, i)->http.status, 200);
            assert_int_equal(facts(r, i)->http.coalesced, i > 0);
        }
    }
    assert_int_equal(atomic_load(&r->server.connections), 1);
    rig_free(r);
    guard_free(w->guard);
    w->guard = usual;
}

/* A body that is no policy may be the wrong host's. */
static void test_no_policy(void **state)
{
    static const char *const bodies[] = {"hello", "version: STSv1\nmode: enforce\n"};
    for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
        struct rig *r = rig_new(*state, 3, "0,0");
        r->h2.body = bodies[k];
        begin(r, 3);
        wait_for(r, 3);
        worker_rig_stop(&r->on);
        assert_int_equal(coalesced(r), 0);
        assert_int_equal(facts(r, 2)->http.body.len, strlen(bodies[k]));
        assert_int_equal(atomic_load(&r->server.connections), 3);
        rig_free(r);
    }
    struct rig *r = rig_new(*state, 3, "0,0");
    r->h2.type = "text/html";
    begin(r, 3);
    wait_for(r, 3);
    worker_rig_stop(&r->on);
    assert_int_equal(coalesced(r), 0);
    assert_string_equal(facts(r, 1)->http.content_type, "text/html");
    rig_free(r);
}

/* Certificates for one host each: everybody has a connection of his own, and a verdict of it. */
static void test_other_certificates(void **state)
{
    struct rig *r = rig_new(*state, 1, "4,1");
    begin(r, 12);
    wait_for(r, 12);
    worker_rig_stop(&r->on);
    assert_int_equal(coalesced(r), 0);
    assert_int_equal(atomic_load(&r->server.connections), 12);
    assert_int_equal(facts(r, 0)->tls.name, NAME_MATCH_OK);
    for (size_t i = 1; i < 12; i++)
        assert_int_not_equal(facts(r, i)->tls.name, NAME_MATCH_OK);
    rig_free(r);
}

/* The worker is stopped while some lead, ride and wait: nothing is lost, nobody gets a result. */
static void test_stop(void **state)
{
    struct rig *r = rig_new(*state, JOBS_MAX, "0,0");
    r->h2.leave_after = 5;
    begin(r, JOBS_MAX);
    wait_for(r, 3);
    worker_rig_stop(&r->on);
    wait_for(r, JOBS_MAX - 3);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_certificate),
        cmocka_unit_test(test_one_at_once),
        cmocka_unit_test(test_misdirected),
        cmocka_unit_test(test_listed_while_waiting),
        cmocka_unit_test(test_no_policy),
        cmocka_unit_test(test_other_certificates),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
