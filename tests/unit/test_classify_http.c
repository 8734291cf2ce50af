/* classify_http and classify_policy: each code appears when its condition holds, and not in the
 * nearest case where it does not. */
#include "tests/unit/judged_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void alt(struct domain *d, bool looks_like_policy)
{
    struct alt_path *a = arena_array(&d->e.arena, 1, sizeof *a);
    *a = (struct alt_path){"https://mta-sts.example.com/mta-sts.txt", 200, looks_like_policy};
    d->e.policy.alt = a;
    d->e.policy.n_alt = 1;
    d->f->http.status = 404;
}

static void unannounced(struct domain *d)
{
    d->e.sts.n = 0;
    d->e.sts.dns.status = LOOKUP_NXDOMAIN;
}

HOLDS(http_404)
{
    d->f->http.status = 404;
}

NEAR(http_404)
{
    d->f->http.status = 410;
}

HOLDS(http_status)
{
    d->f->http.status = 403;
}

NEAR(http_status)
{
    d->f->http.status = 404;
}

HOLDS(http_limited)
{
    d->f->http.status = 429;
}

NEAR(http_limited)
{
    d->f->http.status = 503;
}

HOLDS(http_challenge)
{
    d->f->http.status = 403;
    d->f->http.challenge = "cf-mitigated";
}

NEAR(http_challenge)
{
    d->f->http.status = 410;
    d->f->http.challenge = "cf-mitigated";
}

HOLDS(http_redirect)
{
    d->f->http.status = 301;
    d->f->http.location = "https://www.example.com/";
}

NEAR(http_redirect)
{
    d->f->http.location = "https://www.example.com/";
}

HOLDS(http_timeout)
{
    d->f->http.end = HTTP_END_TIMEOUT;
}

NEAR(http_timeout)
{
    d->f->http.end = HTTP_END_TRUNCATED;
}

HOLDS(http_slow)
{
    d->f->total_ms = 4101;
    d->f->own_ms = 100;
}

NEAR(http_slow)
{
    d->f->total_ms = 4100;
    d->f->own_ms = 100;
}

HOLDS(http_truncated)
{
    d->f->http.end = HTTP_END_TRUNCATED;
}

NEAR(http_truncated)
{
    d->f->http.end = HTTP_END_TIMEOUT;
}

HOLDS(http_too_large)
{
    d->f->http.end = HTTP_END_TOO_LARGE;
}

NEAR(http_too_large)
{
    d->f->http.body_total = POLICY_BODY_MAX_BYTES;
}

HOLDS(http_empty)
{
    domain_body(d, " \r\n");
}

NEAR(http_empty)
{
    domain_body(d, "version");
}

HOLDS(http_type_missing)
{
    d->f->http.content_type = NULL;
}

NEAR(http_type_missing)
{
    d->f->http.content_type = "text/html";
}

HOLDS(http_type_wrong)
{
    d->f->http.content_type = "application/octet-stream";
}

NEAR(http_type_wrong)
{
    d->f->http.content_type = "Text/Plain; charset=UTF-8; x=y";
}

HOLDS(http_charset)
{
    d->f->http.content_type = "text/plain; charset=iso-8859-1";
}

NEAR(http_charset)
{
    d->f->http.content_type = "text/plain; charset=\"us-ascii\"";
}

HOLDS(http_encoding)
{
    d->f->http.content_encoding = "gzip";
}

NEAR(http_encoding)
{
    d->f->http.content_encoding = "identity";
}

HOLDS(http_html_200)
{
    domain_body(d, "<!DOCTYPE html><html><body>parked</body></html>");
}

NEAR(http_html_200)
{
    d->f->http.content_type = "text/html";
}

HOLDS(policy_wrong_path)
{
    alt(d, true);
}

NEAR(policy_wrong_path)
{
    alt(d, false);
}

HOLDS(policy_orphan)
{
    unannounced(d);
}

NEAR(policy_orphan)
{
    unannounced(d);
    domain_body(d, "mode: enforce\r\n");
}

HOLDS(pol_mx_wildcard_shared)
{
    domain_policy_mx(d, "*.tenants.example", NULL);
}

NEAR(pol_mx_wildcard_shared)
{
    domain_policy_mx(d, "*.mail.protection.outlook.com", NULL);
}

HOLDS(pol_accept_set)
{
    domain_txt(d, &d->e.sts, "v=STSv1; id=a-b;", NULL);
}

NEAR(pol_accept_set)
{
    (void)d;
}

static const struct code_case cases[] = {
    CODE_CASE(http_404),          CODE_CASE(http_status),       CODE_CASE(http_limited),
    CODE_CASE(http_challenge),    CODE_CASE(http_redirect),     CODE_CASE(http_timeout),
    CODE_CASE(http_slow),         CODE_CASE(http_truncated),    CODE_CASE(http_too_large),
    CODE_CASE(http_empty),        CODE_CASE(http_type_missing), CODE_CASE(http_type_wrong),
    CODE_CASE(http_charset),      CODE_CASE(http_encoding),     CODE_CASE(http_html_200),
    CODE_CASE(policy_wrong_path), CODE_CASE(policy_orphan),     CODE_CASE(pol_mx_wildcard_shared),
    CODE_CASE(pol_accept_set),
};

static void test_codes(void **state)
{
    (void)state;
    domain_check_cases(cases, sizeof cases / sizeof *cases);
}

/* A 200 that its host calls HTML is a page when nothing in it is meant for a sender. */
static void test_typed_page(void **state)
{
    static const struct {
        const char *type, *body;
        bool page;
    } c[] = {
        {"text/html; charset=utf-8", "404 page not found\n", true},
        {"Text/HTML", "Domain parked: see above\n", true},
        {"text/plain", "404 page not found\n", false},
        {"text/html", "mode: enforce\n", false},
        {"text/html", "v=STSv1; id=1\n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct domain d;
        domain_make(&d);
        domain_body(&d, c[i].body);
        d.f->http.content_type = c[i].type;
        domain_judge(&d);
        assert_int_equal(findings_has(&d.j.findings, FC_http_html_200), c[i].page);
        assert_int_equal(findings_has(&d.j.findings, FC_pol_version_missing), !c[i].page);
        assert_int_equal(d.j.adoption, ADOPTION_BROKEN);
        domain_free(&d);
    }
}

/* The platform's page tells it, with a CNAME to it or without one. */
static void test_no_such_site(void **state)
{
    static const struct {
        const char *target, *body;
        bool risk;
    } c[] = {
        {NULL, "<p>There isn't a GitHub Pages site here.</p>", true},
        {NULL, "<p>Not found</p>", false},
        {"gone.pages.example", "<p>There isn't a GitHub Pages site here.</p>", true},
        {"gone.pages.example", "<p>Not found</p>", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct domain d;
        domain_make(&d);
        if (c[i].target)
            domain_chain(&d, &d.e.policy.addrs.v4, c[i].target);
        domain_body(&d, c[i].body);
        d.f->http.status = 404;
        domain_judge(&d);
        assert_int_equal(findings_has(&d.j.findings, FC_host_takeover_risk), c[i].risk);
        domain_free(&d);
    }
}

/* ---- a fetch by itself ----------------------------------------------------------------------- */

static void not_connected(struct domain *d)
{
    d->f->conn = CONN_ABANDONED;
}

static void misdirected(struct domain *d)
{
    d->f->http.status = 421;
}

static void cut(struct domain *d)
{
    d->f->http.end = HTTP_END_TRUNCATED;
}

static void untyped(struct domain *d)
{
    d->f->http.content_type = NULL;
}

static void page(struct domain *d)
{
    d->f->http.content_type = "text/html";
}

static void latin(struct domain *d)
{
    d->f->http.content_type = "text/plain; charset=iso-8859-1";
}

static void packed(struct domain *d)
{
    d->f->http.content_encoding = "br";
}

static void blank(struct domain *d)
{
    domain_body(d, " \r\n");
}

static void html(struct domain *d)
{
    domain_body(d, "<html></html>");
}

static void no_mode(struct domain *d)
{
    domain_body(d, "version: STSv1\nmx: mx1.example.com\nmax_age: 604800\n");
}

static void weak(struct domain *d)
{
    d->f->http.content_type = "text/plain; charset=\"UTF-8\"; x=y";
    domain_body(d, "version: STSv1\nmode: none\nmax_age: 1\n\nmore: 1\n");
}

static void test_fetch_holds(void **state)
{
    void (*const faults[])(struct domain *) = {not_connected, misdirected, cut,   untyped, page,
                                               latin,         packed,      blank, html,    no_mode};
    (void)state;
    struct arena scratch;
    arena_init(&scratch, 1 << 20);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct domain d;
        domain_make(&d);
        assert_true(judge_fetch_holds(&scratch, d.f));
        weak(&d);
        assert_true(judge_fetch_holds(&scratch, d.f));
        faults[i](&d);
        assert_false(judge_fetch_holds(&scratch, d.f));
        domain_free(&d);
    }
    arena_free(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes), cmocka_unit_test(test_typed_page),
        cmocka_unit_test(test_no_such_site), cmocka_unit_test(test_fetch_holds)};
    return cmocka_run_group_tests_name("classify_http", tests, NULL, NULL);
}
