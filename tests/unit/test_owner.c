/* Units of scanner/worker/owner.c on a worker's own thread, against servers on loopback: what our
 * own loop delays is not theirs, and who limits us is asked again later. */
#include "lib/record_json.h"
#include "scanner/known_probes.h"
#include "scanner/net/tls_internal.h"
#include "scanner/output/certs.h"
#include "scanner/worker/backoff.h"
#include "scanner/worker/owner.h"
#include "tests/unit/net_world.h"
#include "tests/unit/worker_rig.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A stall must last longer than LAG_STALL_MS, and end after the deadline that it makes us miss. */
enum { DEADLINE_MS = 300, STALL_MS = 600, PATIENT_MS = 60000, SLOW_STALL_MS = HTTP_SLOW_MS + 300 };

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
#define LIMIT_ANSWER "HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n"

struct rig {
    struct net_world *w;
    struct worker_rig on;
    struct net_server server;
    struct net_smtp smtp;
    struct net_https https;
    struct net_h2 h2; /* what the first connection speaks, if it refuses streams */
    int bad;          /* the first so many connections are treated badly: */
    bool bad_silent;  /* nothing is said; else the first answer or banner is bad_text */
    const char *bad_text;
    unsigned stall_ms; /* our loop stalls so long at each bad connection; 0: not */
    sem_t stalling, over;
    struct job *job; /* that came home */
};

/* ---- the worker's side ---------------------------------------------------------------------- */

static void on_done(struct job *job)
{
    struct rig *r = job->asker;
    r->job = job;
    sem_post(&r->over);
}

static void submit(void *arg)
{
    job_submit(arg);
}

/* The fake stall: a call that blocks the loop. */
static void stall(void *arg)
{
    struct rig *r = arg;
    struct timespec left = {.tv_sec = r->stall_ms / 1000, .tv_nsec = r->stall_ms % 1000 * 1000000L};
    sem_post(&r->stalling);
    while (nanosleep(&left, &left) != 0)
        ;
}

/* ---- the server's side ---------------------------------------------------------------------- */

static void speak(int fd, void *arg)
{
    struct rig *r = arg;
    bool bad = atomic_load(&r->server.connections) <= r->bad;
    if (bad && r->stall_ms > 0) {
        worker_rig_call(&r->on, stall, r);
        sem_wait(&r->stalling);
    }
    if (bad && r->bad_silent) {
        net_drain(fd);
        return;
    }
    if (r->h2.refuse != 0 && atomic_load(&r->server.connections) == 1) {
        net_h2_speak(fd, &r->h2);
        return;
    }
    struct net_smtp smtp = r->smtp;
    struct net_https https = r->https;
    if (bad && r->bad_text != NULL) {
        smtp.banner = https.answer = r->bad_text;
        https.answer_len = strlen(r->bad_text);
    }
    if (r->smtp.banner != NULL)
        net_smtp_speak(fd, &smtp);
    else
        net_https_speak(fd, &https);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static struct rig *rig_new(struct net_world *w)
{
    struct rig *r = calloc(1, sizeof *r);
    static const char *const args[] = {"--resolver",      "127.0.0.1:9", "--ehlo-name",
                                       "scanner.example", "--workers",   "1",
                                       "--per-ip-rate",   "0,0",         NULL};
    assert_non_null(r);
    r->w = w;
    worker_rig_options(&r->on, args);
    worker_rig_start(&r->on, w->guard, w->trust);
    assert_int_equal(sem_init(&r->stalling, 0, 0), 0);
    assert_int_equal(sem_init(&r->over, 0, 0), 0);
    return r;
}

static void rig_free(struct rig *r)
{
    worker_rig_free(&r->on);
    if (r->server.speak != NULL)
        net_server_stop(&r->server);
    job_free(r->job);
    sem_destroy(&r->stalling);
    sem_destroy(&r->over);
    free(r);
}

/* One job from submission to its end; r->job has the result. */
static void run(struct rig *r, enum job_kind kind, uint32_t deadline_ms)
{
    r->https.tls = r->smtp.tls = net_world_tls(r->w);
    if (r->https.answer == NULL) {
        r->https.answer = OK_ANSWER;
        r->https.answer_len = strlen(OK_ANSWER);
    }
    if (kind == JOB_PROBE) {
        r->smtp.banner = "220 mx.good.example ESMTP\r\n";
        r->smtp.ehlo = "250-mx.good.example\r\n250 STARTTLS\r\n";
        r->smtp.starttls = "220 go ahead\r\n";
        r->smtp.ehlo_tls = "250 mx.good.example\r\n";
        r->smtp.quit = "221 bye\r\n";
    }
    net_server_start(&r->server, "127.0.0.1", speak, r);
    struct job *job = job_new(r->on.worker, kind, &r->server.at.ip, NET_HOST);
    assert_non_null(job);
    job->port = r->server.at.port;
    job->path = "/.well-known/mta-sts.txt";
    job->body_max_bytes = 65536;
    job->deadline_ms = deadline_ms;
    job->asker = r;
    job->done = on_done;
    assert_int_equal(worker_start(r->on.worker), ST_OK);
    worker_rig_call(&r->on, submit, job);
    while (sem_wait(&r->over) != 0)
        ;
    worker_rig_stop(&r->on);
}

static bool is_slow(const struct fetch_facts *f)
{
    return f->total_ms > HTTP_SLOW_MS && f->total_ms - HTTP_SLOW_MS > f->own_ms;
}

/* ---- our own lag ---------------------------------------------------------------------------- */

/* Silent, while our own loop stalls past the deadline: tried again, and answered. */
static void test_no_false_timeout(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 1;
    r->bad_silent = true;
    r->stall_ms = STALL_MS;
    run(r, JOB_FETCH, DEADLINE_MS);
    assert_true(atomic_load(&r->server.connections) >= 2);
    /* A machine under load may spoil every try: then it is nobody's, never a timeout of theirs. */
    if (r->job->result)
        assert_int_equal(r->job->result->fetch.http.status, 200);
    rig_free(r);
}

/* Silent without any stall: theirs, and asked once. */
static void test_true_timeout(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 10;
    r->bad_silent = true;
    run(r, JOB_FETCH, DEADLINE_MS);
    if (r->job->tried_again == 0) { /* else this machine stalls of itself */
        assert_non_null(r->job->result);
        assert_int_equal(r->job->result->fetch.tls.end, TLS_END_TIMEOUT);
        assert_int_equal(atomic_load(&r->server.connections), 1);
    }
    rig_free(r);
}

/* Every try is stalled: given up as ours, never reported as a timeout. */
static void test_given_up_as_ours(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 100;
    r->bad_silent = true;
    r->stall_ms = STALL_MS;
    run(r, JOB_PROBE, DEADLINE_MS);
    assert_null(r->job->result);
    assert_int_equal(r->job->tried_again, 3);
    assert_int_equal(atomic_load(&r->server.connections), 4);
    rig_free(r);
}

static void test_no_false_probe_timeout(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 1;
    r->bad_silent = true;
    r->stall_ms = STALL_MS;
    run(r, JOB_PROBE, DEADLINE_MS);
    assert_true(atomic_load(&r->server.connections) >= 2);
    if (r->job->result)
        assert_int_equal(r->job->result->probe.end, PROBE_OK);
    rig_free(r);
}

/* The answer is there at once, and our loop comes to it late: not slow. */
static void test_no_false_slowness(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 1;
    r->stall_ms = SLOW_STALL_MS;
    run(r, JOB_FETCH, PATIENT_MS);
    assert_true(atomic_load(&r->server.connections) >= 2);
    assert_non_null(r->job->result);
    assert_int_equal(r->job->result->fetch.http.status, 200);
    assert_false(is_slow(&r->job->result->fetch));
    rig_free(r);
}

/* ---- what an earlier run knows -------------------------------------------------------------- */

/* The record of a domain whose MX `name` was probed with that result, and its certificate. */
static void leave_record(const struct net_world *w, const struct result *r, const char *name,
                         struct strbuf *record, const char *certs_path)
{
    struct evidence e;
    struct judgement j;
    struct strbuf cert;
    struct mx_host host;
    struct probe_facts probe = r->probe;
    evidence_init(&e);
    judgement_init(&j);
    mx_host_init(&host);
    host.name = name;
    host.probe = &probe;
    host.n_probe = 1;
    e.domain = "good.example";
    e.mx.dns.status = LOOKUP_FOUND;
    e.mx.host = &host;
    e.mx.n = 1;
    strbuf_init(record, RECORD_LINE_MAX_BYTES);
    assert_int_equal(record_write(&e, &j, record), ST_OK);
    strbuf_init(&cert, RECORD_LINE_MAX_BYTES);
    assert_null(r->chain); /* the writer has it */
    STACK_OF(X509) *served = sk_X509_new_null();
    assert_true(sk_X509_push(served, w->leaf.x509) > 0);
    struct cert_chain *chain = cert_chain_new(EVP_sha256(), served);
    assert_int_equal(cert_line(chain, &cert), ST_OK);
    cert_chain_unref(chain);
    sk_X509_free(served);
    FILE *f = fopen(certs_path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(cert.p, 1, cert.len, f), cert.len);
    assert_int_equal(fclose(f), 0);
    strbuf_free(&cert);
    judgement_free(&j);
    evidence_free(&e);
}

static void know(void *arg, const struct net_addr *ip, struct result *result)
{
    struct rig *r = arg;
    owner_know_probe(&r->on.worker->owner, ip, result);
}

/* Another run, which knows the record, and the certificates when there is a path to them. */
static struct rig *run_knowing(struct net_world *w, struct slice record, const char *certs_path)
{
    struct rig *r = rig_new(w);
    known_probes *k;
    assert_int_equal(known_probes_new(&k), ST_OK);
    assert_int_equal(known_probes_take(k, record), ST_OK);
    assert_int_equal(known_probes_take(k, record), ST_OK); /* the same once more is nothing new */
    if (certs_path)
        assert_int_equal(known_probes_name(k, certs_path), ST_OK);
    known_probes_hand_out(k, know, r);
    known_probes_free(k);
    run(r, JOB_PROBE, PATIENT_MS);
    assert_int_equal(r->job->result->probe.end, PROBE_OK);
    assert_int_equal(r->job->name, NAME_MATCH_OK);
    return r;
}

/* An address that an earlier run probed is not probed again, for another of its names either; the
 * names of its certificate are needed for that. */
static void test_known_probe(void **state)
{
    char path[] = "/tmp/stscan-owner-XXXXXX";
    struct strbuf record;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct rig *first = rig_new(*state);
    run(first, JOB_PROBE, PATIENT_MS);
    const struct probe_facts *seen = &first->job->result->probe;
    assert_int_equal(seen->end, PROBE_OK);
    leave_record(*state, first->job->result, "mx.other.example", &record, path);

    struct rig *second = run_knowing(*state, (struct slice){record.p, record.len}, path);
    assert_int_equal(atomic_load(&second->server.connections), 0);
    const struct probe_facts *back = &second->job->result->probe;
    assert_int_equal(back->ts_ms, seen->ts_ms);
    assert_string_equal(back->tls.cert_sha256, seen->tls.cert_sha256);
    assert_string_equal(back->banner, seen->banner);
    assert_int_equal(back->tls.version, seen->tls.version);
    assert_int_equal(back->tls.cert_errors, seen->tls.cert_errors);
    rig_free(second);

    second = run_knowing(*state, (struct slice){record.p, record.len}, NULL);
    assert_int_equal(atomic_load(&second->server.connections), 1);
    rig_free(second);
    rig_free(first);
    strbuf_free(&record);
    unlink(path);
}

/* ---- who limits us -------------------------------------------------------------------------- */

/* 421 once, then welcome: the domains that hang on this address are judged, not left unknown. */
static void test_421_then_welcome(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 1;
    r->bad_text = "421 4.7.0 too many connections\r\n";
    run(r, JOB_PROBE, PATIENT_MS);
    assert_int_equal(r->job->result->probe.end, PROBE_OK);
    assert_int_equal(atomic_load(&r->server.connections), 2);
    assert_true(r->job->waited_ms >= BACKOFF_FIRST_MS);
    rig_free(r);
}

static void test_421_for_good(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 100;
    r->bad_text = "450 4.7.1 greylisted\r\n";
    run(r, JOB_PROBE, PATIENT_MS);
    assert_int_equal(r->job->result->probe.end, PROBE_LIMITED);
    assert_int_equal(atomic_load(&r->server.connections), 1 + LIMIT_LIMITED_AGAIN);
    rig_free(r);
}

/* A refusal for good is not asked again. */
static void test_554_is_taken_at_its_word(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 100;
    r->bad_text = "554 5.7.1 go away\r\n";
    run(r, JOB_PROBE, PATIENT_MS);
    assert_int_equal(r->job->result->probe.end, PROBE_LIMITED);
    assert_int_equal(atomic_load(&r->server.connections), 1);
    rig_free(r);
}

/* A policy host that says 429 is asked again in the second pass, not in this one. */
static void test_429(void **state)
{
    struct rig *r = rig_new(*state);
    r->bad = 100;
    r->bad_text = LIMIT_ANSWER;
    run(r, JOB_FETCH, PATIENT_MS);
    assert_int_equal(r->job->result->fetch.http.status, 429);
    assert_int_equal(atomic_load(&r->server.connections), 1);
    rig_free(r);
}

/* ---- who begins ----------------------------------------------------------------------------- */

static void on_unheard(struct job *job)
{
    job_free(job);
}

static void submit_one(struct rig *r, enum job_kind kind, const char *ip)
{
    struct net_addr at;
    assert_int_equal(net_addr_parse(slice_of(ip), &at), ST_OK);
    struct job *job = job_new(r->on.worker, kind, &at, NET_HOST);
    assert_non_null(job);
    job->port = 9;
    job->path = "/.well-known/mta-sts.txt";
    job->body_max_bytes = 65536;
    job->deadline_ms = PATIENT_MS;
    job->done = on_unheard;
    job_submit(job);
}

/* A server that takes the stream back is asked once more, by HTTP/1.1, where there are no streams;
 * and as any connection that one comes from the gate. */
static void test_taken_back(void **state)
{
    static const uint32_t codes[] = {7 /* REFUSED_STREAM */, 13 /* HTTP_1_1_REQUIRED */};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        for (int bad = 1; bad <= 2; bad++) {
            struct rig *r = rig_new(*state);
            r->h2 = (struct net_h2){.tls = net_world_tls(r->w), .refuse = codes[i]};
            r->h2.tls.h2 = true;
            r->bad = bad;
            r->bad_text = "";
            run(r, JOB_FETCH, PATIENT_MS);
            assert_int_equal(atomic_load(&r->server.connections), 2);
            assert_int_equal(r->on.worker->stats.fetches, 2);
            assert_non_null(r->job->result);
            const struct http_facts *http = &r->job->result->fetch.http;
            assert_int_equal(http->status, bad == 1 ? 200 : 0);
            if (bad == 1)
                assert_string_equal(http->version, "1.1");
            rig_free(r);
        }
    }
}

/* While there is room for few at once policies do not keep mail hosts waiting, nor these them. */
static void test_both_kinds_begin_in_turn(void **state)
{
    enum { EACH = 6, ROOM = 5 };
    struct rig *r = rig_new(*state);
    struct owner *o = &r->on.worker->owner;
    static const char *const ip[EACH] = {"127.0.1.1", "127.0.2.1", "127.0.3.1",
                                         "127.0.4.1", "127.0.5.1", "127.0.6.1"};
    o->crowd.usual_us = CROWD_UNCROWDED_US;
    o->crowd.young_max = ROOM;
    for (int i = 0; i < EACH; i++) {
        submit_one(r, JOB_FETCH, ip[i]);
        submit_one(r, JOB_PROBE, ip[i]);
    }
    owner_pump(o);
    assert_int_equal(gate_active(o->https), ROOM - ROOM / 2);
    assert_int_equal(gate_active(o->smtp), ROOM / 2);
    worker_rig_stop(&r->on);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_false_timeout),
        cmocka_unit_test(test_true_timeout),
        cmocka_unit_test(test_given_up_as_ours),
        cmocka_unit_test(test_no_false_probe_timeout),
        cmocka_unit_test(test_no_false_slowness),
        cmocka_unit_test(test_known_probe),
        cmocka_unit_test(test_421_then_welcome),
        cmocka_unit_test(test_421_for_good),
        cmocka_unit_test(test_554_is_taken_at_its_word),
        cmocka_unit_test(test_429),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_both_kinds_begin_in_turn),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}
