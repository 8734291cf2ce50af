/* Units of scanner/worker/unit_ask.c and unit_names.c: what a unit asks the resolvers. */
#include "scanner/worker/unit.h"
#include "tests/unit/dns_fake.h"
#include "tests/unit/worker_rig.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ADDRESS = 0x7f000009 };

#define RECORD "v=STSv1; id=1;"
#define LABEL "012345678901234567890123456789012345678901234567890123456789abc."

struct rig {
    struct event_base *base; /* the resolver's */
    struct fake resolver;
    struct worker_rig on;
    guard *guard;
    struct unit *unit;
    name_psl *psl;
    const char *parent;              /* whose record is there; all other names are not */
    const char *report;              /* the TLSRPT record */
    char asked[NAME_TEXT_MAX_BYTES]; /* the last name that A was asked of */
    unsigned n_asked, n_answers;
    enum lookup status;
};

static void on_query(struct fake *f, const struct fake_query *q)
{
    struct rig *r = f->arg;
    if (q->qtype != DNS_A || strncmp(q->qname, "mta-sts.", 8) == 0)
        return;
    memcpy(r->asked, q->qname, sizeof r->asked);
    r->n_asked++;
    msg_a(fake_begin(f, q, 0), NULL, ADDRESS);
    fake_send(f, q);
}

/* The record of one name, mail hosts everywhere, and nothing else. */
static void on_query_of_parents(struct fake *f, const struct fake_query *q)
{
    static const char prefix[] = "_mta-sts.";
    struct rig *r = f->arg;
    bool sts = strncmp(q->qname, prefix, sizeof prefix - 1) == 0;
    r->n_asked += sts;
    if (q->qtype == DNS_MX)
        msg_mx(fake_begin(f, q, 0), NULL, 10, "mx.example");
    else if (sts && strcmp(q->qname + sizeof prefix - 1, r->parent) == 0)
        msg_txt(fake_begin(f, q, 0), NULL, 60, RECORD);
    else
        fake_begin(f, q, DNS_NXDOMAIN);
    fake_send(f, q);
}

/* A TLSRPT record, and nothing else. */
static void on_query_of_report(struct fake *f, const struct fake_query *q)
{
    const struct rig *r = f->arg;
    enum { PIECE = 200 };
    bool is_report = strncmp(q->qname, "_smtp._tls.", 11) == 0;
    struct msg *m = fake_begin(f, q, is_report ? 0 : DNS_NXDOMAIN);
    if (is_report) {
        msg_rr(m, MSG_AN, NULL, DNS_TXT, 60);
        for (const char *p = r->report; *p != '\0'; p += strnlen(p, PIECE)) {
            msg_u8(m, (unsigned)strnlen(p, PIECE));
            msg_bytes(m, p, strnlen(p, PIECE));
        }
        msg_rr_end(m);
    }
    fake_send(f, q);
}

/* Begins a unit; with the record of an adopter, or as one that has none. */
static struct rig *rig_new(const char *domain, bool adopter, fake_fn answers)
{
    static const char *const args[] = {"--resolver", "127.0.0.1:9", "--no-policy", "--no-probe",
                                       "--all-mx",   "--workers",   "1",           NULL};
    struct txt_rr txt = {.p = RECORD, .len = sizeof RECORD - 1};
    struct dns_answer record = {
        .facts = {.status = LOOKUP_FOUND, .ede = -1}, .txt = &txt, .n = adopter};
    struct input_item item = {.domain = domain};
    struct unit_start start = {.second_pass = true};
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    if (!adopter)
        record.facts.status = LOOKUP_NXDOMAIN;
    r->base = event_base_new();
    fake_start(&r->resolver, r->base, answers);
    r->resolver.arg = r;
    worker_rig_options(&r->on, args);
    r->on.options.resolvers[0] = r->resolver.at;
    assert_int_equal(guard_new(&r->guard), ST_OK);
    worker_rig_start(&r->on, r->guard, NULL);
    assert_int_equal(name_psl_load(NULL, &r->psl), ST_OK);
    r->on.shared.judge.psl = r->psl;
    start.began_us = worker_now_us(r->on.worker);
    start.lag_then = lag_mark(&r->on.worker->lag, start.began_us);
    assert_int_equal(unit_begin(r->on.worker, &item, &start, &record), ST_OK);
    r->unit = r->on.worker->units;
    assert_non_null(r->unit);
    return r;
}

static void rig_free(struct rig *r)
{
    worker_end(r->on.worker);
    worker_rig_free(&r->on);
    guard_free(r->guard);
    name_psl_free(r->psl);
    fake_stop(&r->resolver);
    event_base_free(r->base);
    free(r);
}

/* Until the unit has ended; returns its record. */
static const char *run(struct rig *r)
{
    while (r->on.worker->n_units > 0) {
        event_base_loop(r->on.worker->base, EVLOOP_ONCE);
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
    const struct record_batch *b = r->on.worker->batch;
    assert_int_equal(b->n, 1);
    return b->lines.p;
}

static void on_answer(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct rig *r = arg;
    (void)u;
    r->status = a->facts.status;
    r->n_answers++;
}

/* Asks, and waits for the answer. */
static void ask(struct rig *r, const char *name)
{
    unsigned before = r->n_answers;
    unit_ask(r->unit, name, DNS_A, true, on_answer, r);
    while (r->n_answers == before) {
        event_base_loop(r->on.worker->base, EVLOOP_ONCE);
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
}

/* "\010...\010.mx.example": so many bytes that need four characters each, in labels of 50. */
static void make_name(char *out, size_t size, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 1; i <= bytes; i++)
        n += (size_t)snprintf(out + n, size - n, "\\010%s", i % 50 == 0 || i == bytes ? "." : "");
    snprintf(out + n, size - n, "mx.example");
}

/* RFC 1035 2.3.4: 255 octets on the wire. */
static void test_length_is_that_on_the_wire(void **state)
{
    static const size_t bytes[] = {10, 58, 59, 61, 100, 237, 238, 239};
    char name[2 * NAME_TEXT_MAX_BYTES];
    (void)state;
    struct rig *r = rig_new("asks.example", true, on_query);
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        make_name(name, sizeof name, bytes[i]);
        size_t on_wire = bytes[i] + (bytes[i] + 49) / 50 + sizeof "\2mx\7example";
        unsigned before = r->n_asked;
        ask(r, name);
        if (on_wire <= 255) {
            assert_int_equal(r->status, LOOKUP_FOUND);
            assert_int_equal(r->n_asked, before + 1);
            assert_string_equal(r->asked, name);
        } else {
            assert_int_equal(r->status, LOOKUP_NXDOMAIN);
            assert_int_equal(r->n_asked, before);
        }
    }
    assert_int_equal(r->n_asked, 7);
    rig_free(r);
}

/* RFC 8461 3.4: nothing is inherited, from whichever of the domains above. The nearest that has a
 * record is found, and no public suffix is asked. */
static void test_parents(void **state)
{
    static const struct {
        const char *domain, *parent;
        unsigned asked;
        bool found;
    } c[] = {
        {"a.example.com", "example.com", 1, true},
        {"a.b.c.example.com", "b.c.example.com", 1, true},
        {"a.b.c.example.com", "c.example.com", 2, true},
        {"a.b.c.example.com", "example.com", 3, true},
        {"a.b.c.example.com", "com", 3, false},
        {"a.example.co.uk", "example.co.uk", 1, true},
        {"example.com", "com", 0, false},
        {"z.1.2.3.4.5.6.7.8.9.example.com", "example.com", LIMIT_PARENTS, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
        struct rig *r = rig_new(c[i].domain, false, on_query_of_parents);
        r->parent = c[i].parent;
        assert_int_equal(strstr(run(r), "\"sts_parent_only\"") != NULL, c[i].found);
        assert_int_equal(r->n_asked, c[i].asked);
        rig_free(r);
    }
}

/* rpt_rua_dead: an https host that is invalid is dead as one that does not resolve; an address
 * needs no resolving. */
static void test_rua_hosts(void **state)
{
    static const struct {
        const char *rua;
        bool dead;
    } c[] = {
        {"https://gone.example/r", true},
        {"https://a..b/", true},
        {"https://192.0.2.1/r", false},
        {"https://192.0.2.1:8443/r", false},
        {"https://[2001:db8::1]/r", false},
        {"https://[2001:db8::1]:8443/r", false},
        {"https://[2001:db8::zz]/r", true},
        {"mailto:r@gone.example", true},
        {"https://" LABEL LABEL LABEL LABEL "example/", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "v=TLSRPTv1; rua=%s", c[i].rua);
        struct rig *r = rig_new("asks.example", true, on_query_of_report);
        r->report = text;
        const char *line = run(r);
        if ((strstr(line, "\"rpt_rua_dead\"") != NULL) != c[i].dead)
            fail_msg("%s: %s", c[i].rua, line);
        rig_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_is_that_on_the_wire),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_rua_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
