/* The library when memory runs out: each allocation in turn fails, once alone and once with all
 * that follow. Whatever runs says ST_NOMEM, leaks nothing and goes on to be used.
 *
 * The linker leads allocations of the library through the functions here (Makefile, --wrap): those
 * of arenas and buffers one by one, for behind them is one malloc for many. */
#include "lib/judge.h"
#include "lib/name.h"
#include "lib/record_json.h"
#include "lib/tlsrpt.h"
#include "tests/unit/judged_domain.h"
#include "tests/unit/random_evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- allocations that fail ------------------------------------------------------------------ */

static struct {
    bool armed, all_after; /* only the library's calls inside run_failing count */
    size_t calls, fail_at; /* the first is 1 */
    size_t failed, runs;   /* in this run; runs in which one did */
} fault;

static bool fails(void)
{
    if (!fault.armed)
        return false;
    fault.calls++;
    bool now = fault.calls == fault.fail_at || (fault.all_after && fault.calls > fault.fail_at);
    fault.failed += now;
    return now;
}

#define WRAPPED(type, name, parameters, arguments, failure)   \
    type __real_##name parameters;                            \
    type __wrap_##name parameters;                            \
    type __wrap_##name parameters                             \
    {                                                         \
        return fails() ? (failure) : __real_##name arguments; \
    }

WRAPPED(void *, malloc, (size_t size), (size), NULL)
WRAPPED(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAPPED(void *, realloc, (void *p, size_t size), (p, size), NULL)
WRAPPED(void *, arena_alloc, (struct arena * a, size_t size), (a, size), NULL)
WRAPPED(void *, arena_array, (struct arena * a, size_t n, size_t size), (a, n, size), NULL)
WRAPPED(char *, arena_dup, (struct arena * a, struct slice s), (a, s), NULL)
WRAPPED(char *, arena_join, (struct arena * a, const char *x, const char *y), (a, x, y), NULL)
WRAPPED(enum status, strbuf_reserve, (struct strbuf * b, size_t more), (b, more),
        (b->error = ST_NOMEM))

char *__wrap_arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *__wrap_arena_printf(struct arena *a, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    assert_in_range(len, 0, sizeof text - 1);
    return fails() ? NULL : __real_arena_dup(a, (struct slice){text, (size_t)len});
}

typedef enum status (*operation)(void *arg);

/* Runs it with its n-th allocation failing, for every n there is. */
static void run_failing(const char *what, operation run, void *arg)
{
    for (int all_after = 0; all_after < 2; all_after++) {
        for (size_t n = 1;; n++) {
            fault.armed = true;
            fault.all_after = all_after == 1;
            fault.calls = fault.failed = 0;
            fault.fail_at = n;
            enum status st = run(arg);
            fault.armed = false;
            fault.runs += fault.failed > 0;
            if (fault.failed == 0) {
                assert_int_equal(st, ST_OK);
                break;
            }
            if (st != ST_NOMEM)
                fail_msg("%s: allocation %zu failed%s: %s", what, n,
                         all_after ? ", and all after it" : "", status_text(st));
        }
    }
}

/* ---- what the library does ------------------------------------------------------------------ */

struct subject {
    struct judge ctx;
    struct evidence *e;
    struct judgement j;
    struct slice line;
};

static enum status do_classify(void *arg)
{
    struct subject *s = arg;
    judgement_free(&s->j);
    judgement_init(&s->j);
    return classify(&s->ctx, s->e, &s->j);
}

static enum status do_write(void *arg)
{
    struct subject *s = arg;
    struct strbuf out;
    strbuf_init(&out, RECORD_LINE_MAX_BYTES);
    enum status st = record_write(s->e, &s->j, &out);
    strbuf_free(&out);
    return st;
}

static enum status do_read(void *arg)
{
    struct subject *s = arg;
    struct evidence e;
    const char *error;
    evidence_init(&e);
    enum status st = record_read(s->line, &e, &error);
    evidence_free(&e);
    return st;
}

static void judge_write_read(struct evidence *e, const struct judge *ctx)
{
    struct subject s = {.ctx = *ctx, .e = e};
    struct strbuf out;
    judgement_init(&s.j);
    run_failing("classify", do_classify, &s);
    run_failing("record_write", do_write, &s);
    strbuf_init(&out, RECORD_LINE_MAX_BYTES);
    assert_int_equal(record_write(e, &s.j, &out), ST_OK);
    s.line = (struct slice){out.p, out.len};
    run_failing("record_read", do_read, &s);
    strbuf_free(&out);
    judgement_free(&s.j);
}

static void test_domain(void **state)
{
    struct domain d;
    (void)state;
    domain_make(&d);
    judge_write_read(&d.e, &d.ctx);
    domain_body(&d, "version: STSv1\nmode: enforce\nmx: *.example.com\nmx: a b\nMX: x\n\n"
                    "max_age: 99999999999\nmode: none\n#\n");
    domain_txt(&d, &d.e.sts, "v=STSv1; id=1; x=y; id=2", "v=STSv1 ;id=1", "spf", NULL);
    domain_txt(&d, &d.e.rpt, "v=TLSRPTv1; rua=mailto:a@example.com,https://x/;", "other", NULL);
    domain_chain(&d, &d.e.policy.addrs.v4, "x.mta-sts.hoster.example");
    judge_write_read(&d.e, &d.ctx);
    domain_free(&d);
}

static void test_random(void **state)
{
    struct judge ctx = {.psl = NULL};
    struct evidence e;
    (void)state;
    evidence_init(&e);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        evidence_reset(&e);
        random_evidence(&e, seed);
        judge_write_read(&e, &ctx);
    }
    assert_true(fault.runs > 1000); /* else the library no longer allocates through here */
    evidence_free(&e);
}

static enum status do_providers(void *arg)
{
    struct providers *p = NULL;
    (void)arg;
    enum status st = providers_builtin(&p);
    providers_free(p);
    return st;
}

static enum status do_psl(void *arg)
{
    name_psl *psl = NULL;
    (void)arg;
    enum status st = name_psl_load(NULL, &psl);
    name_psl_free(psl);
    return st;
}

static enum status do_escape(void *arg)
{
    struct strbuf raw, text;
    (void)arg;
    strbuf_init(&raw, 4096);
    strbuf_init(&text, 4096);
    enum status st = text_escape(&text, SLICE_LIT("a\\b\xff\x01\xc3\xa9"));
    if (st == ST_OK)
        st = text_unescape(&raw, (struct slice){text.p, text.len});
    strbuf_free(&raw);
    strbuf_free(&text);
    return st;
}

static void test_tables(void **state)
{
    (void)state;
    run_failing("providers", do_providers, NULL);
    run_failing("psl", do_psl, NULL);
    run_failing("escape", do_escape, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_domain),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
