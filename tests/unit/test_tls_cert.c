/* Units of scanner/net/tls_cert.c, by handshakes in memory: names, chains, the issuer's URL. */
#include "tests/unit/tls_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *cn, *san, *host;
        enum name_match want;
    } c[] = {
        {NULL, "DNS:" NET_HOST, "MTA-STS.Good.example", NAME_MATCH_OK},
        {NULL, "DNS:*.good.example", NET_HOST, NAME_MATCH_OK},
        {NULL, "DNS:*.good.example", "good.example", NAME_MATCH_NONE},
        {NULL, "DNS:*.example", "a.good.example", NAME_MATCH_WILDCARD_BAD},
        {NULL, "DNS:m*.good.example", NET_HOST, NAME_MATCH_WILDCARD_BAD},
        {NET_HOST, NULL, NET_HOST, NAME_MATCH_CN_ONLY},
        {NET_HOST, "DNS:other.example", NET_HOST, NAME_MATCH_CN_ONLY},
        {"*.good.example", "IP:192.0.2.1", NET_HOST, NAME_MATCH_CN_ONLY},
        {"Good Example Ltd", "DNS:other.example", NET_HOST, NAME_MATCH_NONE},
        {"other.example", "email:" NET_HOST "@x.example", NET_HOST, NAME_MATCH_NONE},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct pki_spec spec = {.cn = c[i].cn, .san = c[i].san, .issuer = &w->intermediate};
        struct tls_facts f = tls_facts_of(w, &spec, c[i].host);
        if (f.name != c[i].want)
            fail_msg("%zu: %s", i, name_match_name(f.name));
        assert_int_equal(tls_facts_valid(&f), c[i].want == NAME_MATCH_OK);
    }
}

static void expect_raw_name(struct net_world *w, const char *raw, int len, bool kept)
{
    struct pki_spec spec = {.raw_dns_name = raw, .raw_dns_len = len, .issuer = &w->intermediate};
    struct pki_cert leaf = pki_make(&spec);
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    tls_shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.names.n, kept ? 1 : 0);
    assert_int_equal(rec.facts.name, kept ? NAME_MATCH_OK : NAME_MATCH_NONE);
    tls_record_release(&rec);
    pki_free(&leaf);
}

/* A NUL, a control byte, a high byte: such names can match nothing. */
static void test_hostile_names(void **state)
{
    static const char nul[] = NET_HOST "\0.evil.example", high[] = NET_HOST "\xff",
                      space[] = NET_HOST " ", good[] = NET_HOST;
    expect_raw_name(*state, nul, sizeof nul - 1, false);
    expect_raw_name(*state, high, sizeof high - 1, false);
    expect_raw_name(*state, space, sizeof space - 1, false);
    expect_raw_name(*state, "", 0, false);
    expect_raw_name(*state, good, sizeof good - 1, true);
}

static void test_many_names(void **state)
{
    struct net_world *w = *state;
    for (size_t extra = 0; extra < 2; extra++) {
        struct pki_spec spec = {.many_names = CERT_NAMES_MAX + extra, .issuer = &w->intermediate};
        struct pki_cert leaf = pki_make(&spec);
        struct net_tls t = net_world_tls(w);
        struct tls_record rec;
        t.leaf = &leaf;
        tls_shake(w, &t, "h999.many.example", &rec);
        assert_int_equal(rec.names.n, CERT_NAMES_MAX);
        assert_int_equal(rec.names.truncated, extra == 1);
        assert_int_equal(rec.facts.name, NAME_MATCH_OK);
        tls_record_release(&rec);
        pki_free(&leaf);
    }
}

static void test_chain_caps(void **state)
{
    struct net_world *w = *state;
    static const size_t served[] = {TLS_CHAIN_MAX_CERTS, TLS_CHAIN_MAX_CERTS + 1, 100};
    for (size_t k = 0; k < sizeof served / sizeof *served; k++) {
        struct net_tls t = net_world_tls(w);
        struct tls_record rec;
        t.n_extra = served[k] - 1;
        for (size_t i = 1; i < t.n_extra; i++)
            t.extra[i] = &w->other_root;
        tls_shake(w, &t, NET_HOST, &rec);
        assert_int_equal(rec.facts.cert_errors, 0);
        assert_int_equal(rec.chain->n, TLS_CHAIN_MAX_CERTS);
        assert_int_equal(rec.chain->truncated, served[k] > TLS_CHAIN_MAX_CERTS);
        tls_record_release(&rec);
    }
    /* By bytes: the leaf is kept whatever its size, what follows only while there is room. */
    struct pki_cert leaf =
        pki_make(&(struct pki_spec){.many_names = 3500, .issuer = &w->intermediate});
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    assert_true(i2d_X509(leaf.x509, NULL) > TLS_CHAIN_MAX_BYTES);
    tls_shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.end, TLS_END_OK);
    assert_int_equal(rec.chain->n, 1);
    assert_true(rec.chain->truncated);
    tls_record_release(&rec);
    pki_free(&leaf);
}

/* A Certificate message over the bound ends the handshake, as in any sender built on OpenSSL. */
static void test_huge_certificate(void **state)
{
    struct net_world *w = *state;
    struct pki_cert leaf =
        pki_make(&(struct pki_spec){.many_names = 10000, .issuer = &w->intermediate});
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    assert_true(i2d_X509(leaf.x509, NULL) > TLS_CERT_LIST_MAX_BYTES);
    tls_shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.end, TLS_END_FAILED);
    assert_non_null(rec.facts.error);
    assert_null(rec.chain);
    tls_record_release(&rec);
    pki_free(&leaf);
}

static void test_aia_url(void **state)
{
    struct net_world *w = *state;
    static const struct {
        const char *aia, *url;
    } c[] = {
        {NULL, NULL},
        {"caIssuers;URI:" AIA_URL, AIA_URL},
        {"caIssuers;URI:https://ca.example/x", NULL},
        {"caIssuers;URI:ldap://ca.example/x", NULL},
        {"OCSP;URI:http://ocsp.example/", NULL},
        {"OCSP;URI:http://ocsp.example/,caIssuers;URI:ldap://x,caIssuers;URI:" AIA_URL, AIA_URL},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct tls_record rec = tls_incomplete(w, c[i].aia, 1000);
        assert_int_equal(rec.facts.cert_errors, CERT_UNTRUSTED);
        assert_int_equal(rec.aia_url == NULL, c[i].url == NULL);
        if (c[i].url != NULL)
            assert_string_equal(rec.aia_url, c[i].url);
        tls_record_release(&rec);
    }
    /* Nothing is missing: no URL. */
    struct pki_cert leaf = pki_make(&(struct pki_spec){
        .san = "DNS:" NET_HOST, .issuer = &w->intermediate, .aia = "caIssuers;URI:" AIA_URL});
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    tls_shake(w, &t, NET_HOST, &rec);
    assert_null(rec.aia_url);
    tls_record_release(&rec);
    pki_free(&leaf);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_chain_caps),
        cmocka_unit_test(test_huge_certificate),
        cmocka_unit_test(test_aia_url),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}

int main(void)
{
    return tls_run_twice(run);
}
