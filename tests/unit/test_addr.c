/* Endpoints, canonical addresses, prefix keys. */
#include "scanner/net/addr.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } good[] = {
        {"192.0.2.1", "192.0.2.1:53"},          {"192.0.2.1:5353", "192.0.2.1:5353"},
        {"192.0.2.1:65535", "192.0.2.1:65535"}, {"2001:db8::1", "[2001:db8::1]:53"},
        {"[2001:db8::1]", "[2001:db8::1]:53"},  {"[::1]:8053", "[::1]:8053"},
    };
    static const char *const bad[] = {
        "",
        ":53",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:+1",
        "192.0.2.1:1x",
        "[::1",
        "[::1]53",
        "[::1]:",
        "[]:53",
        "[192.0.2.1]",
        "example.com",
        "::1]:53",
        "192.0.2",
        "[::1]]:53",
        "192.0.2.1 ",
        "[",
        "]",
        "[::1]:123456",
    };
    struct endpoint e;
    char text[ENDPOINT_TEXT_MAX_BYTES];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(endpoint_parse(good[i].in, 53, &e), ST_OK);
        endpoint_text(&e, text);
        assert_string_equal(text, good[i].out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(endpoint_parse(bad[i], 53, &e), ST_INVALID);
}

static void test_sockaddr(void **state)
{
    (void)state;
    struct endpoint e, back;
    struct sockaddr_storage ss;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    assert_int_equal(endpoint_parse("127.0.0.1:53", 0, &e), ST_OK);
    assert_int_equal(endpoint_sockaddr(&e, &ss), sizeof in);
    memcpy(&in, &ss, sizeof in);
    assert_int_equal(in.sin_family, AF_INET);
    assert_int_equal(ntohs(in.sin_port), 53);
    assert_int_equal(ntohl(in.sin_addr.s_addr), INADDR_LOOPBACK);
    assert_true(endpoint_of_sockaddr((struct sockaddr *)&ss, &back));
    assert_int_equal(back.port, 53);
    assert_true(net_addr_eq(&back.ip, &e.ip));

    assert_int_equal(endpoint_parse("[::1]:53", 0, &e), ST_OK);
    assert_int_equal(endpoint_sockaddr(&e, &ss), sizeof in6);
    memcpy(&in6, &ss, sizeof in6);
    assert_int_equal(in6.sin6_family, AF_INET6);
    assert_memory_equal(&in6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback);
    assert_true(endpoint_of_sockaddr((struct sockaddr *)&ss, &back));
    assert_int_equal(back.port, 53);
    assert_true(net_addr_eq(&back.ip, &e.ip));
    ss.ss_family = AF_UNIX;
    assert_false(endpoint_of_sockaddr((struct sockaddr *)&ss, &back));
}

static struct net_addr addr(const char *text)
{
    struct net_addr a;
    assert_int_equal(net_addr_parse(slice_of(text), &a), ST_OK);
    return a;
}

static void assert_canonical(const char *in, const char *out)
{
    struct net_addr a = addr(in), want = addr(out);
    struct net_addr got = addr_canonical(&a);
    assert_true(net_addr_eq(&got, &want));
}

static void test_canonical(void **state)
{
    (void)state;
    assert_canonical("192.0.2.1", "192.0.2.1");
    assert_canonical("::ffff:10.1.2.3", "10.1.2.3");
    assert_canonical("2002:a9fe:a9fe::1", "169.254.169.254");
    assert_canonical("64:ff9b::7f00:1", "127.0.0.1");
    assert_canonical("2001:db8::1", "2001:db8::1");
    assert_canonical("64:ff9b:1::7f00:1", "64:ff9b:1::7f00:1");
    assert_canonical("::1", "::1");
}

static void assert_reverse(const char *text, const char *want)
{
    char name[ADDR_REVERSE_MAX_BYTES];
    struct net_addr a = addr(text);
    addr_reverse_name(&a, name);
    assert_string_equal(name, want);
}

static void test_reverse_names(void **state)
{
    (void)state;
    assert_reverse("192.0.2.10", "10.2.0.192.in-addr.arpa");
    assert_reverse("2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
                                         "1.0.0.2.ip6.arpa"); /* RFC 3596 2.5 */
}

static bool same_prefix(const char *a, const char *b)
{
    struct net_addr x = addr(a), y = addr(b);
    return addr_prefix_key(&x) == addr_prefix_key(&y);
}

static void test_prefixes(void **state)
{
    (void)state;
    assert_true(same_prefix("192.0.2.1", "192.0.2.255"));
    assert_false(same_prefix("192.0.2.1", "192.0.3.1"));
    assert_true(same_prefix("2001:db8:1::1", "2001:db8:1:ffff::1"));
    assert_false(same_prefix("2001:db8:1::1", "2001:db8:2::1"));
    assert_true(same_prefix("::ffff:192.0.2.9", "192.0.2.1"));
    assert_true(same_prefix("2002:c000:0209::1", "192.0.2.1"));
    assert_false(same_prefix("0.0.0.1", "::2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints), cmocka_unit_test(test_sockaddr),
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_reverse_names),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
