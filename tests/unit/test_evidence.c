/* evidence: names of every enum value, defaults, deep copies, addresses. */
#include "lib/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every value has a name of its own, and what lies outside is "unknown". */
static void check_names(const char *(*name)(unsigned), unsigned count, const char *own_unknown)
{
    for (unsigned i = 0; i < count; i++) {
        assert_non_null(name(i));
        if (!own_unknown)
            assert_string_not_equal(name(i), "unknown");
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(name(i), name(k));
    }
    assert_string_equal(name(count), "unknown");
}

#define WRAP(fn, type)                    \
    static const char *fn##_u(unsigned v) \
    {                                     \
        return fn((enum type)v);          \
    }
WRAP(lookup_name, lookup)
WRAP(conn_name, conn)
WRAP(tls_end_name, tls_end)
WRAP(name_match_name, name_match)
WRAP(http_end_name, http_end)
WRAP(probe_end_name, probe_end)

static void test_names(void **state)
{
    (void)state;
    check_names(lookup_name_u, LOOKUP_COUNT, NULL);
    check_names(conn_name_u, CONN_COUNT, NULL);
    check_names(tls_end_name_u, TLS_END_COUNT, NULL);
    check_names(name_match_name_u, NAME_MATCH_COUNT, "unknown");
    check_names(http_end_name_u, HTTP_END_COUNT, NULL);
    check_names(probe_end_name_u, PROBE_END_COUNT, NULL);
}

/* The three kinds of answer never overlap. */
static void test_lookup_kinds(void **state)
{
    (void)state;
    for (enum lookup l = LOOKUP_SKIPPED; l < LOOKUP_COUNT; l++) {
        int kinds = lookup_is_undetermined(l) + lookup_is_negative(l) + (l == LOOKUP_FOUND);
        assert_int_equal(kinds, l == LOOKUP_SKIPPED || l == LOOKUP_CNAME_LOOP ? 0 : 1);
    }
    assert_true(lookup_is_undetermined(LOOKUP_ABANDONED));
    assert_true(lookup_is_negative(LOOKUP_NODATA));
}

static void test_tls_valid(void **state)
{
    (void)state;
    struct tls_facts good = {
        .end = TLS_END_OK, .alert = -1, .version = 0x0303, .name = NAME_MATCH_OK};
    assert_true(tls_facts_valid(&good));
    struct tls_facts t = good;
    t.version = 0x0302;
    assert_false(tls_facts_valid(&t));
    t = good;
    t.name = NAME_MATCH_CN_ONLY;
    assert_false(tls_facts_valid(&t));
    t = good;
    t.end = TLS_END_CLOSED;
    assert_false(tls_facts_valid(&t));
    for (unsigned bit = 0; bit < 9; bit++) {
        t = good;
        t.cert_errors = 1u << bit;
        bool tolerated = t.cert_errors & (CERT_REVOKED | CERT_WEAK_KEY | CERT_WEAK_SIGNATURE);
        assert_int_equal(tls_facts_valid(&t), tolerated);
    }
}

static void check_defaults(const struct evidence *e)
{
    assert_string_equal(e->domain, "");
    assert_int_equal(e->rank, -1);
    assert_int_equal(e->policy.chosen, -1);
    assert_int_equal(e->sts.dns.rcode, -1);
    assert_int_equal(e->mx.apex.v6.ede, -1);
    assert_int_equal(e->sts_sibling.txt.dns.ede, -1);
}

static void test_life(void **state)
{
    (void)state;
    struct evidence e;
    evidence_init(&e);
    check_defaults(&e);
    e.domain = arena_dup(&e.arena, SLICE_LIT("example.com"));
    e.rank = 7;
    e.policy.chosen = 3;
    evidence_reset(&e);
    check_defaults(&e);
    assert_int_equal(e.arena.used_bytes, 0);
    evidence_free(&e);
    evidence_free(&e);
    evidence_free(NULL);
}

/* What was copied does not share memory with its source. */
static void test_copies(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char soa[] = "com";
    char target[] = "t.example";
    char bytes[] = "v=S\0TSv1";
    const char *chain[] = {target};
    struct txt_rr rr = {.p = bytes, .len = 8, .strings = 2};
    struct txt_facts in = {.rr = &rr, .n = 1, .truncated = true};
    dns_facts_init(&in.dns);
    in.dns.soa = soa;
    in.dns.cname = (struct strlist){chain, 1};
    struct txt_facts out;
    assert_int_equal(txt_facts_copy(&arena, &in, &out), ST_OK);
    memset(soa, 'x', 3);
    memset(target, 'x', 3);
    memset(bytes, 'x', 8);
    assert_string_equal(out.dns.soa, "com");
    assert_string_equal(out.dns.cname.v[0], "t.example");
    assert_memory_equal(out.rr[0].p, "v=S\0TSv1", 8);
    assert_int_equal(out.rr[0].strings, 2);
    assert_true(out.truncated);

    struct net_addr addr = {.family = 4, .b = {192, 0, 2, 1}};
    struct addr_facts addrs, addrs_out;
    addr_facts_init(&addrs);
    addrs.addr = &addr;
    addrs.n = 1;
    char v4_soa[] = "net", v6_soa[] = "org";
    addrs.v4.soa = v4_soa;
    addrs.v6.soa = v6_soa;
    assert_int_equal(addr_facts_copy(&arena, &addrs, &addrs_out), ST_OK);
    addr.b[3] = 9;
    memset(v4_soa, 'x', 3);
    memset(v6_soa, 'x', 3);
    assert_int_equal(addrs_out.addr[0].b[3], 1);
    assert_string_equal(addrs_out.v4.soa, "net");
    assert_string_equal(addrs_out.v6.soa, "org");

    struct probe_facts probe, probe_out;
    probe_facts_init(&probe);
    char banner[] = "220 mx";
    probe.banner = banner;
    probe.tls_no_sni.error = soa;
    assert_int_equal(probe_facts_copy(&arena, &probe, &probe_out), ST_OK);
    banner[0] = 'x';
    assert_string_equal(probe_out.banner, "220 mx");
    assert_ptr_not_equal(probe_out.tls_no_sni.error, soa);
    assert_null(probe_out.tls.error);

    struct fetch_facts fetch, fetch_out;
    fetch_facts_init(&fetch);
    char body[] = "version: STSv1";
    fetch.http.body = slice_of(body);
    assert_int_equal(fetch_facts_copy(&arena, &fetch, &fetch_out), ST_OK);
    body[0] = 'x';
    assert_true(slice_eq(fetch_out.http.body, SLICE_LIT("version: STSv1")));

    struct mx_host host;
    mx_host_init(&host);
    host.name = target;
    host.preference = 10;
    host.probe = &probe;
    host.n_probe = 1;
    struct mx_facts mx = {.host = &host, .n = 1}, mx_out;
    dns_facts_init(&mx.dns);
    assert_int_equal(mx_facts_copy_names(&arena, &mx, &mx_out), ST_OK);
    assert_int_equal(mx_out.host[0].preference, 10);
    assert_string_equal(mx_out.host[0].name, target);
    assert_ptr_not_equal(mx_out.host[0].name, target);
    assert_int_equal(mx_out.host[0].n_probe, 0);
    arena_free(&arena);
}

static void test_copy_over_cap(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4);
    struct dns_facts in, out;
    dns_facts_init(&in);
    in.soa = "a.long.zone.example";
    assert_int_equal(dns_facts_copy(&arena, &in, &out), ST_NOMEM);
    arena_free(&arena);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"192.0.2.1", "2001:db8::1", "::", "::ffff:192.0.2.1"};
    struct net_addr a, b;
    char text[ADDR_TEXT_MAX_BYTES];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(net_addr_parse(slice_of(good[i]), &a), ST_OK);
        net_addr_text(&a, text);
        assert_string_equal(text, good[i]);
        assert_int_equal(net_addr_parse(slice_of(text), &b), ST_OK);
        assert_true(net_addr_eq(&a, &b));
    }
    assert_int_equal(net_addr_parse(SLICE_LIT("192.0.2.256"), &a), ST_INVALID);
    assert_int_equal(net_addr_parse(SLICE_LIT("192.0.2.1\0x"), &a), ST_INVALID);
    assert_int_equal(net_addr_parse(SLICE_LIT(""), &a), ST_INVALID);
    assert_int_equal(a.family, 0);
    net_addr_text(&a, text);
    assert_string_equal(text, "");
    assert_int_equal(net_addr_parse(SLICE_LIT("192.0.2.1"), &a), ST_OK);
    assert_int_equal(net_addr_parse(SLICE_LIT("192.0.2.2"), &b), ST_OK);
    assert_false(net_addr_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),     cmocka_unit_test(test_lookup_kinds),
        cmocka_unit_test(test_tls_valid), cmocka_unit_test(test_life),
        cmocka_unit_test(test_copies),    cmocka_unit_test(test_copy_over_cap),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
