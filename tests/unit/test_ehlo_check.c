/* Units of scanner/net/ehlo_check.c, scan_ehlo.c and route.c, against a resolver that tells what a
 * table says. */
#include "scanner/net/ehlo_check.h"
#include "scanner/net/route.h"
#include "scanner/scan_ehlo.h"
#include "tests/unit/dns_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OURS 0xc6336407u  /* 198.51.100.7 */
#define OTHER 0xc6336408u /* 198.51.100.8 */
static const struct net_addr ours4 = {.family = 4, .b = {198, 51, 100, 7}};

/* One world: what stands at our PTR, and at the names. */
struct world {
    const char *ptr[6];              /* NULL-terminated; "!" first: SERVFAIL, "?": silence */
    uint32_t at_scanner, at_other;   /* address of scanner.example, of other.example; 0: none */
    bool scanner_fails, other_fails; /* SERVFAIL */
    const char *name;                /* in EHLO; NULL: scanner.example */
    const char *words;               /* what is said; "" nothing */
};

static const struct world *g_world;

static void answer_address(struct fake *f, const struct fake_query *q, uint32_t ip, bool fails)
{
    if (fails) {
        fake_rcode(f, q, DNS_SERVFAIL);
        return;
    }
    struct msg *m = fake_begin(f, q, ip != 0 ? 0 : DNS_NXDOMAIN);
    if (ip != 0)
        msg_a(m, NULL, ip);
    else
        msg_soa(m, "example", 60, 60);
    fake_send(f, q);
}

static void answer_ptr(struct fake *f, const struct fake_query *q)
{
    const char *const *ptr = g_world->ptr;
    if (ptr[0] != NULL && ptr[0][0] == '?')
        return;
    if (ptr[0] != NULL && ptr[0][0] == '!') {
        fake_rcode(f, q, DNS_SERVFAIL);
        return;
    }
    struct msg *m = fake_begin(f, q, ptr[0] != NULL ? 0 : DNS_NXDOMAIN);
    for (; *ptr != NULL; ptr++) {
        msg_rr(m, MSG_AN, NULL, DNS_PTR, 60);
        msg_name(m, *ptr);
        msg_rr_end(m);
    }
    fake_send(f, q);
}

static void on_query(struct fake *f, const struct fake_query *q)
{
    if (q->qtype == DNS_PTR && strcmp(q->qname, "7.100.51.198.in-addr.arpa") == 0)
        answer_ptr(f, q);
    else if (q->qtype == DNS_A && strcmp(q->qname, "scanner.example") == 0)
        answer_address(f, q, g_world->at_scanner, g_world->scanner_fails);
    else if (q->qtype == DNS_A && strcmp(q->qname, "other.example") == 0)
        answer_address(f, q, g_world->at_other, g_world->other_fails);
    else if (q->qtype == DNS_A)
        answer_address(f, q, 0, false);
    else
        fail_msg("asked for %s, type %u", q->qname, (unsigned)q->qtype);
}

struct outcome {
    struct event_base *base;
    struct ehlo_facts facts[EHLO_ADDRESSES_MAX];
    size_t n, calls;
};

static void on_done(void *arg, const struct ehlo_facts *facts, size_t n)
{
    struct outcome *o = arg;
    o->calls++;
    o->n = n;
    memcpy(o->facts, facts, n * sizeof *facts);
    event_base_loopbreak(o->base);
}

static void run(const struct world *w, struct outcome *o)
{
    struct fake f = {.fd = -1};
    struct ehlo_check *check;
    g_world = w;
    *o = (struct outcome){.base = event_base_new()};
    fake_start(&f, o->base, on_query);
    struct ehlo_config config = {.servers = &f.at,
                                 .n_servers = 1,
                                 .name = w->name ? w->name : "scanner.example",
                                 .ours = &ours4,
                                 .n_ours = 1};
    assert_int_equal(ehlo_check_new(o->base, &config, on_done, o, &check), ST_OK);
    event_base_dispatch(o->base);
    assert_int_equal(o->calls, 1);
    assert_int_equal(o->n, 1);
    ehlo_check_free(check);
    assert_int_equal(o->calls, 1);
    fake_stop(&f);
    event_base_free(o->base);
}

#define IP "198.51.100.7"
static void test_worlds(void **state)
{
    (void)state;
    static const struct world worlds[] = {
        {{"Scanner.Example"}, OURS, 0, .words = ""},
        {{"other.example", "scanner.example"}, OURS, OTHER, .words = ""},
        {{NULL}, OURS, 0, .words = IP " has no PTR record"},
        {{NULL}, 0, 0, .words = IP " has no PTR record; scanner.example has no A record"},
        {{"other.example"},
         OURS,
         OURS,
         .words = "the PTR of " IP " names other.example, not scanner.example"},
        {{"other.example"},
         OTHER,
         0,
         .words =
             "other.example, the PTR of " IP ", does not resolve to it; the PTR of " IP
             " names other.example, not scanner.example; scanner.example does not resolve to " IP},
        {{"other.example"},
         OURS,
         .other_fails = true,
         .words = "the address of other.example, the PTR of " IP ", could not be looked up "
                  "(servfail); the PTR of " IP " names other.example, not scanner.example"},
        {{"scanner.example"},
         .scanner_fails = true,
         .words = "the address of scanner.example, the PTR of " IP ", could not be looked up "
                  "(servfail); the address of scanner.example could not be looked up (servfail)"},
        {{"!"}, OURS, .words = "the PTR record of " IP " could not be looked up (servfail)"},
        /* More names than are looked at: the first four count, any of them may be ours. */
        {{"a.example", "b.example", "c.example", "d.example", "scanner.example"},
         OURS,
         .words = "a.example, the PTR of " IP ", does not resolve to it"},
        {{"other.example"}, 0, OURS, .name = "[" IP "]", .words = ""},
        {{"other.example"},
         0,
         OURS,
         .name = "[IPv6:2001:db8::1]",
         .words = "[IPv6:2001:db8::1] is not the address " IP " that we send from"},
    };
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        struct outcome o;
        struct strbuf words;
        strbuf_init(&words, 4096);
        run(&worlds[i], &o);
        ehlo_words(&o.facts[0], worlds[i].name ? worlds[i].name : "scanner.example", &words);
        assert_string_equal(words.p ? words.p : "", worlds[i].words);
        strbuf_free(&words);
    }
}

/* Who never answers does not hold it up beyond its deadline, and is no flaw of ours. */
static void test_deadline(void **state)
{
    (void)state;
    static const struct world silent = {.ptr = {"?"}, .at_scanner = OURS};
    struct outcome o;
    struct strbuf words;
    strbuf_init(&words, 4096);
    run(&silent, &o);
    assert_true(lookup_is_undetermined(o.facts[0].ptr));
    assert_true(o.facts[0].owned);
    ehlo_words(&o.facts[0], "scanner.example", &words);
    assert_non_null(strstr(words.p, "could not be looked up"));
    strbuf_free(&words);
}

/* Freed in the middle it says nothing. */
static void test_freed(void **state)
{
    (void)state;
    static const struct world silent = {.ptr = {"?"}, .at_scanner = OURS};
    struct outcome o = {.base = event_base_new()};
    struct fake f = {.fd = -1};
    struct ehlo_check *check;
    struct net_addr two[2] = {ours4, {.family = 6, .b = {0x20, 0x01}}};
    g_world = &silent;
    fake_start(&f, o.base, fake_ignore);
    struct ehlo_config config = {
        .servers = &f.at, .n_servers = 1, .name = "x.example", .ours = two, .n_ours = 2};
    assert_int_equal(ehlo_check_new(o.base, &config, on_done, &o, &check), ST_OK);
    while (f.udp < 4)
        event_base_loop(o.base, EVLOOP_ONCE);
    ehlo_check_free(check);
    assert_int_equal(o.calls, 0);
    config.n_ours = 0;
    assert_int_equal(ehlo_check_new(o.base, &config, on_done, &o, &check), ST_INVALID);
    ehlo_check_free(NULL);
    fake_stop(&f);
    event_base_free(o.base);
}

static void test_reverse_name(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"198.51.100.7", "7.100.51.198.in-addr.arpa"},
        {"255.255.255.255", "255.255.255.255.in-addr.arpa"},
        {"2001:db8::567:89ab",
         "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct net_addr a;
        char name[ADDR_REVERSE_MAX_BYTES];
        assert_int_equal(net_addr_parse(slice_of(cases[i][0]), &a), ST_OK);
        addr_reverse_name(&a, name);
        assert_string_equal(name, cases[i][1]);
    }
}

static void test_route(void **state)
{
    (void)state;
    struct net_addr a = {.family = 0};
    for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
        bool known = route_source(family, &a);
        assert_int_equal(known, route_exists(family));
        if (known)
            assert_int_equal(a.family, family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds), cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_freed),  cmocka_unit_test(test_reverse_name),
        cmocka_unit_test(test_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
