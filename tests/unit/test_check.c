/* Units of scanner/check_*.c: what a person reads, what to publish, the exit code. */
#include "scanner/check_suggest.h"
#include "scanner/check_text.h"
#include "scanner/judge_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POLICY(mode, mx, age) \
    "version: STSv1\r\nmode: " mode "\r\nmx: " mx "\r\nmax_age: " age "\r\n"

/* A domain with one MX host whose probe went well. The texts outlive it. */
struct world {
    struct evidence e;
    struct judgement j;
    struct txt_rr rr[2];
    struct fetch_facts fetch;
    struct mx_host host;
    struct probe_facts probe;
};

static void good_tls(struct tls_facts *t)
{
    tls_facts_init(t);
    t->end = TLS_END_OK;
    t->version = 0x0304;
    t->name = NAME_MATCH_OK;
    t->not_after_s = 4000000000;
}

static void make(struct world *w, const char *txt, const char *body, const char *mx)
{
    memset(w, 0, sizeof *w);
    evidence_init(&w->e);
    judgement_init(&w->j);
    struct evidence *e = &w->e;
    e->domain = "example.com";
    e->ts_ms = 1795305600000; /* 2026-11-22 00:00:00 */
    w->rr[0] = (struct txt_rr){txt, strlen(txt), 1};
    e->sts.dns = (struct dns_facts){.status = LOOKUP_FOUND, .rcode = 0, .ede = -1, .ttl_s = 300};
    e->sts.rr = w->rr;
    e->sts.n = 1;
    e->rpt.dns.status = LOOKUP_NXDOMAIN;
    w->host.name = mx;
    mx_host_init(&w->host);
    w->host.name = mx;
    w->host.preference = 10;
    w->host.addrs.v4.status = LOOKUP_FOUND;
    struct net_addr *ip = arena_alloc(&e->arena, sizeof *ip);
    *ip = (struct net_addr){4, {192, 0, 2, 7}};
    w->host.addrs.addr = ip;
    w->host.addrs.n = 1;
    probe_facts_init(&w->probe);
    w->probe.ip = *ip;
    w->probe.end = PROBE_OK;
    w->probe.conn = CONN_OK;
    w->probe.starttls = true;
    good_tls(&w->probe.tls);
    w->host.probe = &w->probe;
    w->host.n_probe = 1;
    e->mx.dns.status = LOOKUP_FOUND;
    e->mx.host = &w->host;
    e->mx.n = 1;
    fetch_facts_init(&w->fetch);
    w->fetch.ip = *ip;
    w->fetch.conn = CONN_OK;
    good_tls(&w->fetch.tls);
    w->fetch.http.end = HTTP_END_OK;
    w->fetch.http.status = 200;
    w->fetch.http.content_type = "text/plain";
    w->fetch.http.body = slice_of(body);
    w->fetch.http.body_total = strlen(body);
    e->policy.host = "mta-sts.example.com";
    e->policy.addrs.v4.status = LOOKUP_FOUND;
    e->policy.addrs.addr = ip;
    e->policy.addrs.n = 1;
    e->policy.fetch = &w->fetch;
    e->policy.n_fetch = 1;
    e->policy.chosen = 0;
}

static char *show(struct world *w)
{
    char *text = NULL;
    size_t size;
    struct check_style style = {.colour = false, .utf8 = false};
    struct judge_tables tables;
    char error[256];
    assert_int_equal(judge_tables_open(NULL, &tables, error, sizeof error), ST_OK);
    assert_int_equal(classify(&tables.judge, &w->e, &w->j), ST_OK);
    judge_tables_close(&tables);
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    check_print(&w->e, &w->j, &style, f);
    fclose(f);
    return text;
}

static void done(struct world *w, char *text)
{
    free(text);
    evidence_free(&w->e);
    judgement_free(&w->j);
}

static void expect(const char *text, const char *want)
{
    if (!strstr(text, want))
        fail_msg("'%s' is not in:\n%s", want, text);
}

static void test_healthy(void **state)
{
    (void)state;
    struct world w;
    make(&w, "v=STSv1; id=1;", POLICY("enforce", "mx.example.com", "2592000"), "mx.example.com");
    w.rr[1] = (struct txt_rr){"v=TLSRPTv1; rua=mailto:r@example.com", 36, 1};
    w.e.rpt = (struct txt_facts){.dns = {.status = LOOKUP_FOUND}, .rr = &w.rr[1], .n = 1};
    char *text = show(&w);
    expect(text, "  + record  v=STSv1; id=1;\n");
    expect(text, "  + policy  valid, mode enforce, max_age 2592000 (30 days)\n");
    expect(text, "  + MX      10 mx.example.com, listed by mx.example.com\n");
    expect(text, "192.0.2.7: ok, TLSv1.3, certificate valid\n");
    expect(text, "enforce, protected\n");
    assert_null(strstr(text, "To publish"));
    assert_int_equal(check_exit_code(&w.j), 0);
    done(&w, text);
}

static void test_unlisted(void **state)
{
    (void)state;
    struct world w;
    make(&w, "v=STSv1; id=1;", POLICY("enforce", "mail.example.net", "604800"), "mx.example.com");
    char *text = show(&w);
    expect(text, "  x MX      10 mx.example.com, not listed by the policy\n");
    expect(text, "enforce, undeliverable because of mx_mismatch_domain\n");
    expect(text, "\n  B mx_mismatch_domain  mx.example.com\n");
    expect(text, "To publish instead (the policy first, then the record)\n"
                 "    https://mta-sts.example.com/.well-known/mta-sts.txt\n"
                 "        version: STSv1\n        mode: enforce\n        mx: mx.example.com\n"
                 "        max_age: 2592000\n"
                 "    _mta-sts.example.com. IN TXT \"v=STSv1; id=20261122T000000;\"\n"
                 "    _smtp._tls.example.com. IN TXT \"v=TLSRPTv1; "
                 "rua=mailto:tls-reports@example.com\"\n");
    assert_int_equal(check_exit_code(&w.j), 1);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        assert_true((size_t)(end - line) <= CHECK_COLUMNS + 10);
    done(&w, text);
}

/* As long as an MX host fails its TLS, enforcing would lose mail. */
static void test_testing_first(void **state)
{
    (void)state;
    struct world w;
    make(&w, "v=STSv1; id=1;", POLICY("enforce", "*.example.net", "604800"), "mx.example.com");
    w.probe.end = PROBE_NO_STARTTLS;
    w.probe.starttls = false;
    tls_facts_init(&w.probe.tls);
    char *text = show(&w);
    expect(text, "        mode: testing\n        mx: mx.example.com\n        max_age: 604800\n");
    done(&w, text);
}

/* A good policy in mode testing is no reason to publish another one. */
static void test_ready(void **state)
{
    (void)state;
    struct world w;
    make(&w, "v=STSv1; id=1;", POLICY("testing", "mx.example.com", "604800"), "mx.example.com");
    char *text = show(&w);
    expect(text, "testing, ready\n");
    assert_null(strstr(text, "mta-sts.txt\n        version"));
    assert_null(strstr(text, "_mta-sts.example.com. IN TXT"));
    done(&w, text);
}

static void test_record_faulty(void **state)
{
    (void)state;
    struct world w;
    make(&w, "v=STSv1; id=a-b;", POLICY("enforce", "mx.example.com", "2592000"), "mx.example.com");
    char *text = show(&w);
    expect(text, "  x record  v=STSv1; id=a-b;\n");
    expect(text, "broken, unprotected because of sts_id_chars\n");
    expect(text, "To publish instead\n    _mta-sts.example.com. IN TXT \"v=STSv1; id=2026");
    assert_int_equal(check_exit_code(&w.j), 1);
    done(&w, text);
}

static void test_undetermined(void **state)
{
    (void)state;
    struct world w;
    make(&w, "", "", "mx.example.com");
    w.e.sts = (struct txt_facts){.dns = {.status = LOOKUP_TIMEOUT, .rcode = -1}};
    w.e.policy.skipped = true;
    w.e.policy.n_fetch = 0;
    w.e.policy.chosen = -1;
    char *text = show(&w);
    expect(text, "  ? record  undetermined (timeout)\n");
    assert_int_equal(check_exit_code(&w.j), 4);
    done(&w, text);
}

/* Nothing from the wire drives the terminal: escape sequences, C1, turned text, bad UTF-8. */
static void test_harmless(void **state)
{
    (void)state;
    static const char evil[] = "v=STSv1; id=\x1b]0;x\x07\x9b"
                               "31m\xc2\x9b\xe2\x80\xae\r\b\xff;";
    struct world w;
    make(&w, evil, "version: STSv1\r\n\x1b[2Jmode: \x1b[31m\r\r\n", "m\x1b[Hx.example");
    w.probe.end = PROBE_LIMITED;
    w.probe.reply = "\x1b[5mno";
    char *text = show(&w);
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' && *p != '\n')
            fail_msg("byte %02x in the output", (unsigned char)*p);
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(text, '\xff'));
    assert_null(strchr(text, '\x9b'));
    expect(text, "\\x1b]0;x\\x07\\x9b31m\\xc2\\x9b\\xe2\\x80\\xae\\x0d\\x08\\xff;");
    done(&w, text);
}

static void test_excluded(void **state)
{
    (void)state;
    struct world w;
    make(&w, "", "", "mx.example.com");
    w.e.input = INPUT_EXCLUDED;
    char *text = show(&w);
    expect(text, "excluded, not_applicable\n");
    assert_int_equal(check_exit_code(&w.j), 0);
    done(&w, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy),       cmocka_unit_test(test_unlisted),
        cmocka_unit_test(test_testing_first), cmocka_unit_test(test_record_faulty),
        cmocka_unit_test(test_undetermined),  cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_excluded),      cmocka_unit_test(test_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
