/* Units of scanner/net/guard.c and addr_set.c. */
#include "scanner/net/addr_set.h"
#include "scanner/net/guard.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static guard *make(void)
{
    guard *g;
    assert_int_equal(guard_new(&g), ST_OK);
    return g;
}

static enum guard_verdict ask(const guard *g, const char *text)
{
    struct net_addr a;
    assert_int_equal(net_addr_parse(slice_of(text), &a), ST_OK);
    return guard_address(g, &a);
}

static void expect(const guard *g, const char *text, enum guard_verdict want)
{
    if (ask(g, text) != want)
        fail_msg("%s", text);
}

/* First and last address of each range, and the neighbours outside. */
static void test_builtin_edges(void **state)
{
    static const struct {
        const char *before, *first, *last, *after; /* NULL: no such neighbour, or special too */
    } range[] = {
        {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
        {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
        {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
        {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
        {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
        {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
        {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
        {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
        {"223.255.255.255", "224.0.0.0", "255.255.255.255", NULL},
        {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
        {NULL, "::", "::ffff:ffff", NULL},
        {NULL, "::ffff:0:0", "::ffff:255.255.255.255", NULL},
        {"64:ff9b:0:ffff::", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::"},
        {"2000:ffff::", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
        {"2001:db7:ffff::", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
        {"3ffe:ffff::", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
        {NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
        {"fe7f:ffff::", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
        {NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
    };
    guard *g = make();
    (void)state;
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        expect(g, range[i].first, GUARD_SPECIAL);
        expect(g, range[i].last, GUARD_SPECIAL);
        if (range[i].before != NULL)
            expect(g, range[i].before, GUARD_OK);
        if (range[i].after != NULL)
            expect(g, range[i].after, GUARD_OK);
    }
    static const char *const metadata[] = {"169.254.169.254", "168.63.129.16", "100.100.100.200",
                                           "192.0.0.192",     "fd00:ec2::254", "fd20:ce::254"};
    for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
        expect(g, metadata[i], GUARD_SPECIAL);
    expect(g, "8.8.8.8", GUARD_OK);
    expect(g, "2a00:1450::1", GUARD_OK);
    assert_int_equal(guard_address(g, &(struct net_addr){.family = 0}), GUARD_SPECIAL);
    guard_free(g);
}

/* Addresses that carry an IPv4 address are judged by it. */
static void test_embedded(void **state)
{
    guard *g = make();
    (void)state;
    expect(g, "2002:7f00:1::1", GUARD_SPECIAL);
    expect(g, "2002:a9fe:a9fe::", GUARD_SPECIAL);
    expect(g, "2002:808:808::", GUARD_OK);
    expect(g, "64:ff9b::10.0.0.1", GUARD_SPECIAL);
    expect(g, "64:ff9b::8.8.8.8", GUARD_OK);
    expect(g, "::ffff:8.8.8.8", GUARD_SPECIAL);
    guard_free(g);
}

static void test_allow(void **state)
{
    size_t line;
    guard *g = make();
    (void)state;
    assert_int_equal(guard_allow(g, "127.0.0.0/24"), ST_OK);
    assert_int_equal(guard_allow(g, " ::1 "), ST_OK);
    assert_int_equal(guard_allow(g, "10.1.2.3"), ST_OK);
    expect(g, "127.0.0.0", GUARD_OK);
    expect(g, "127.0.0.255", GUARD_OK);
    expect(g, "127.0.1.0", GUARD_SPECIAL);
    expect(g, "::1", GUARD_OK);
    expect(g, "10.1.2.3", GUARD_OK);
    expect(g, "10.1.2.4", GUARD_SPECIAL);
    expect(g, "2002:7f00:1::", GUARD_OK); /* what is inside is allowed */
    assert_int_equal(guard_allow(g, "example.com"), ST_INVALID);
    assert_int_equal(guard_allow(g, "10.0.0.0/33"), ST_INVALID);
    assert_int_equal(guard_allow(g, ""), ST_INVALID);
    /* Never to the user's own list. */
    assert_int_equal(guard_blocklist(g, SLICE_LIT("127.0.0.1\n"), &line), ST_OK);
    expect(g, "127.0.0.1", GUARD_BLOCKLISTED);
    expect(g, "2002:7f00:1::", GUARD_BLOCKLISTED);
    expect(g, "127.0.0.2", GUARD_OK);
    guard_free(g);
}

static void test_own_addresses(void **state)
{
    struct ifaddrs *list;
    guard *g = make();
    (void)state;
    assert_int_equal(guard_own_addresses(g), ST_OK);
    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
            continue;
        struct net_addr a = {.family = 4};
        struct sockaddr_in in;
        memcpy(&in, i->ifa_addr, sizeof in);
        memcpy(a.b, &in.sin_addr, 4);
        assert_int_equal(guard_address(g, &a), GUARD_SPECIAL);
    }
    freeifaddrs(list);
    guard_free(g);
}

static void test_names(void **state)
{
    static const char text[] = "# mine\n"
                               "Example.COM   # that name\r\n"
                               "\t.example.net\n"
                               "\n"
                               "b\xc3\xbc"
                               "cher.example\n"
                               ".test\n"
                               "8.8.8.0/24\n"
                               "2a00:1450::/32";
    size_t line;
    guard *g = make();
    (void)state;
    assert_int_equal(guard_name(g, "example.com"), GUARD_OK);
    assert_int_equal(guard_blocklist(g, SLICE_LIT(text), &line), ST_OK);
    assert_int_equal(guard_name(g, "example.com"), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, "EXAMPLE.com."), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, "www.example.com"), GUARD_OK);
    assert_int_equal(guard_name(g, "example.net"), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, "a.b.example.net"), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, "badexample.net"), GUARD_OK);
    assert_int_equal(guard_name(g, "net"), GUARD_OK);
    assert_int_equal(guard_name(g, "xn--bcher-kva.example"), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, "x.test"), GUARD_BLOCKLISTED);
    assert_int_equal(guard_name(g, ""), GUARD_OK);
    expect(g, "8.8.8.8", GUARD_BLOCKLISTED);
    expect(g, "8.8.9.0", GUARD_OK);
    expect(g, "2a00:1450:ffff::1", GUARD_BLOCKLISTED);
    guard_free(g);
}

/* Names of odd bytes are longer than any host name once these are escaped, up to what the root and
 * three labels more leave room for; they are below the entry all the same. */
static void test_escaped_names(void **state)
{
    char text[NAME_TEXT_MAX_BYTES];
    size_t line, len = 0;
    guard *g = make();
    (void)state;
    assert_int_equal(guard_blocklist(g, SLICE_LIT(".example.net\n"), &line), ST_OK);
    for (size_t i = 0; i < 237; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, i % 60 == 59 ? "." : "\\001");
    snprintf(text + len, sizeof text - len, ".example.net");
    assert_true(len > NAME_MAX_BYTES);
    assert_int_equal(guard_name(g, text), GUARD_BLOCKLISTED);
    text[len + 1] = 'x'; /* xxample.net */
    assert_int_equal(guard_name(g, text), GUARD_OK);
    guard_free(g);
}

static void test_bad_lines(void **state)
{
    static const char *const bad[] = {"a.example\nnot a name\n",  "a.example\n10.0.0.0/\n",
                                      "a.example\n10.0.0.0/33\n", "a.example\n::/129\n",
                                      "a.example\n10.0.0.0/8x\n", "a.example\n.\n",
                                      "a.example\n..x.example"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t line = 0;
        guard *g = make();
        assert_int_equal(guard_blocklist(g, slice_of(bad[i]), &line), ST_INVALID);
        assert_int_equal(line, 2);
        guard_free(g);
    }
}

/* 100,000 lines, each found again and its neighbour not. */
static void test_long_list(void **state)
{
    enum { LINES = 50000 };
    struct strbuf text;
    size_t line;
    char name[64];
    guard *g = make();
    (void)state;
    strbuf_init(&text, 16 * 1024 * 1024);
    for (unsigned i = 0; i < LINES; i++) {
        strbuf_printf(&text, "d%u.example\n", i * 7919 % 1000003);
        strbuf_printf(&text, "%u.%u.%u.0/25\n", 20 + i % 40, i / 40 % 256, i / 10240);
    }
    assert_int_equal(guard_blocklist(g, (struct slice){text.p, text.len}, &line), ST_OK);
    assert_int_equal(line, 2 * LINES);
    for (unsigned i = 0; i < LINES; i += 97) {
        snprintf(name, sizeof name, "d%u.example", i * 7919 % 1000003);
        assert_int_equal(guard_name(g, name), GUARD_BLOCKLISTED);
        snprintf(name, sizeof name, "e%u.example", i * 7919 % 1000003);
        assert_int_equal(guard_name(g, name), GUARD_OK);
        snprintf(name, sizeof name, "%u.%u.%u.127", 20 + i % 40, i / 40 % 256, i / 10240);
        expect(g, name, GUARD_BLOCKLISTED);
        snprintf(name, sizeof name, "%u.%u.%u.128", 20 + i % 40, i / 40 % 256, i / 10240);
        expect(g, name, GUARD_OK);
    }
    strbuf_free(&text);
    guard_free(g);
}

static void test_set_merges(void **state)
{
    static const char *const cidr[] = {"10.0.0.0/8", "10.1.0.0/16", "9.0.0.0/8", "0.0.0.0/0",
                                       "::/0"};
    struct addr_set s = {.v = NULL};
    struct addr_range r;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(addr_range_parse(slice_of(cidr[i]), &r), ST_OK);
        assert_int_equal(addr_set_add(&s, &r), ST_OK);
    }
    addr_set_seal(&s);
    assert_int_equal(s.n, 2);
    assert_true(addr_set_has(&s, &(struct net_addr){.family = 4, .b = {10, 255, 255, 255}}));
    assert_false(addr_set_has(&s, &(struct net_addr){.family = 4, .b = {11, 0, 0, 0}}));
    assert_false(addr_set_has(&s, &(struct net_addr){.family = 6, .b = {10, 0, 0, 0}}));
    for (size_t i = 3; i < 5; i++) {
        assert_int_equal(addr_range_parse(slice_of(cidr[i]), &r), ST_OK);
        assert_int_equal(addr_set_add(&s, &r), ST_OK);
    }
    addr_set_seal(&s);
    assert_int_equal(s.n, 2);
    assert_true(addr_set_has(&s, &(struct net_addr){.family = 4, .b = {255, 255, 255, 255}}));
    addr_set_free(&s);
    assert_false(addr_set_has(&s, &(struct net_addr){.family = 4}));
}

static void add_cidr(struct addr_set *s, const char *cidr)
{
    struct addr_range r;
    assert_int_equal(addr_range_parse(slice_of(cidr), &r), ST_OK);
    assert_int_equal(addr_set_add(s, &r), ST_OK);
}

/* The set as its networks, in order. */
static void networks_text(const struct addr_set *s, struct strbuf *out)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    for (size_t i = 0; i < s->n; i++) {
        struct addr_range rest = s->v[i];
        bool more = true;
        while (more) {
            struct net_addr network;
            unsigned bits;
            more = addr_range_take_network(&rest, &network, &bits);
            net_addr_text(&network, ip);
            strbuf_printf(out, "%s/%u ", ip, bits);
        }
    }
}

static void test_difference(void **state)
{
    (void)state;
    static const struct {
        const char *from[3], *without[4], *left;
    } cases[] = {
        {{"10.0.0.0/8"}, {NULL}, "10.0.0.0/8 "},
        {{"10.0.0.0/8"}, {"10.0.0.0/8"}, ""},
        {{"10.0.0.0/8"}, {"0.0.0.0/0"}, ""},
        {{"10.0.0.0/8"}, {"11.0.0.0/8", "::/0"}, "10.0.0.0/8 "},
        {{"10.0.0.0/30"}, {"10.0.0.1"}, "10.0.0.0/32 10.0.0.2/31 "},
        {{"10.0.0.0/30"}, {"10.0.0.0", "10.0.0.3"}, "10.0.0.1/32 10.0.0.2/32 "},
        {{"10.0.0.0/31", "10.0.0.4/31"},
         {"10.0.0.1", "10.0.0.2/31", "10.0.0.4"},
         "10.0.0.0/32 10.0.0.5/32 "},
        {{"255.255.255.254/31", "::/127"},
         {"255.255.255.255", "::"},
         "255.255.255.254/32 ::1/128 "},
        {{"0.0.0.0/0"}, {"128.0.0.0/1"}, "0.0.0.0/1 "},
        {{"::/0"}, {"8000::/1", "4000::/2"}, "::/2 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr_set from = {.v = NULL}, without = {.v = NULL}, left = {.v = NULL};
        struct strbuf text;
        strbuf_init(&text, 4096);
        for (size_t k = 0; k < 3 && cases[i].from[k] != NULL; k++)
            add_cidr(&from, cases[i].from[k]);
        for (size_t k = 0; k < 4 && cases[i].without[k] != NULL; k++)
            add_cidr(&without, cases[i].without[k]);
        addr_set_seal(&from);
        addr_set_seal(&without);
        assert_int_equal(addr_set_add_difference(&left, &from, &without), ST_OK);
        addr_set_seal(&left);
        networks_text(&left, &text);
        assert_string_equal(text.p != NULL ? text.p : "", cases[i].left);
        strbuf_free(&text);
        addr_set_free(&from);
        addr_set_free(&without);
        addr_set_free(&left);
    }
}

/* An entry is the whole network of its address, wherever in it that stands. */
static void test_host_bits(void **state)
{
    static const struct {
        const char *cidr, *lo, *hi;
    } cases[] = {
        {"192.0.2.77/24", "192.0.2.0", "192.0.2.255"},
        {"192.0.2.77/28", "192.0.2.64", "192.0.2.79"},
        {"192.0.2.77/0", "0.0.0.0", "255.255.255.255"},
        {"192.0.2.77", "192.0.2.77", "192.0.2.77"},
        {"2001:db8:ffff::1/33", "2001:db8:8000::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addr_range r;
        struct net_addr lo, hi;
        assert_int_equal(addr_range_parse(slice_of(cases[i].cidr), &r), ST_OK);
        assert_int_equal(net_addr_parse(slice_of(cases[i].lo), &lo), ST_OK);
        assert_int_equal(net_addr_parse(slice_of(cases[i].hi), &hi), ST_OK);
        assert_true(net_addr_eq(&r.lo, &lo));
        assert_true(net_addr_eq(&r.hi, &hi));
    }
}

/* What is told to a resolver is what guard_address refuses: at both ends of every range, one
 * beyond, and where exceptions and the user's list meet it. */
static void test_ranges(void **state)
{
    (void)state;
    size_t line;
    struct addr_set ranges;
    guard *g = make();
    assert_int_equal(guard_allow(g, "10.1.0.0/16"), ST_OK);
    assert_int_equal(guard_allow(g, "fc00::/8"), ST_OK);
    assert_int_equal(guard_blocklist(g, SLICE_LIT("10.1.2.0/24\n8.8.8.8\n2a00::/32\n"), &line),
                     ST_OK);
    assert_int_equal(guard_ranges(g, &ranges), ST_OK);
    assert_true(ranges.n > 30);
    static const char *const others[] = {
        "10.1.1.255",
        "10.1.2.0",
        "10.1.3.0",
        "8.8.8.8",
        "8.8.8.9",
        "2002:808:808::1",
        "2002:808:809::1",
        "64:ff9b::808:808",
        "64:ff9b::808:809",
        "2002:a01:100::",
        "2002:a01:200::",
        "2002:7f00:1::",
        "64:ff9b::127.0.0.1",
        "2a00::1",
        "fc00::1",
        "fd00::1",
        "193.0.14.129",
    };
    struct net_addr a;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(net_addr_parse(slice_of(others[i]), &a), ST_OK);
        if (addr_set_has(&ranges, &a) != (guard_address(g, &a) != GUARD_OK))
            fail_msg("%s", others[i]);
    }
    for (size_t i = 0; i < ranges.n; i++) {
        struct addr_range *r = &ranges.v[i];
        assert_int_not_equal(guard_address(g, &r->lo), GUARD_OK);
        assert_int_not_equal(guard_address(g, &r->hi), GUARD_OK);
        for (int side = 0; side < 2; side++) {
            a = side == 0 ? r->lo : r->hi;
            unsigned last = a.family == 4 ? 3 : 15, by = side == 0 ? 0xff : 1;
            for (unsigned k = last + 1, carry = 1; carry && k-- > 0;) {
                unsigned was = a.b[k];
                a.b[k] = (uint8_t)(was + by);
                carry = side == 0 ? was == 0 : was == 0xff;
            }
            if (addr_set_has(&ranges, &a) != (guard_address(g, &a) != GUARD_OK))
                fail_msg("beside range %zu", i);
        }
    }
    addr_set_free(&ranges);
    guard_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin_edges), cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_allow),         cmocka_unit_test(test_own_addresses),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_escaped_names),
        cmocka_unit_test(test_bad_lines),     cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_set_merges),    cmocka_unit_test(test_difference),
        cmocka_unit_test(test_host_bits),     cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
