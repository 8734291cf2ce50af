/* Units of scanner/net/dns_rr.c: the records of an answer, within their caps. */
#include "tests/unit/dns_reply_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_txt(void **state)
{
    (void)state;
    reply_begin(DNS_TXT);
    reply_msg.b[3] |= MSG_AD;
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TXT, 600);
    msg_bytes(&reply_msg, "\010v=STSv1;\006 id=1;\000", 17);
    msg_rr_end(&reply_msg);
    msg_txt(&reply_msg, "Q.eXample", 500, "other");
    msg_txt(&reply_msg, "else.example", 1, "not at this name");
    msg_opt(&reply_msg, 0, -1);
    const struct dns_answer *a = reply_parse("Q.example", DNS_TXT);
    assert_int_equal(a->facts.status, LOOKUP_FOUND);
    assert_int_equal(a->facts.rcode, 0);
    assert_int_equal(a->facts.ede, -1);
    assert_int_equal(a->facts.ttl_s, 500);
    assert_true(a->facts.ad);
    assert_int_equal(a->n, 2);
    assert_string_equal(a->txt[0].p, "v=STSv1; id=1;");
    assert_int_equal(a->txt[0].len, 14);
    assert_int_equal(a->txt[0].strings, 3);
    assert_string_equal(a->txt[1].p, "other");
    assert_false(a->truncated);
    assert_null(a->facts.soa);
}

static void test_txt_grammar(void **state)
{
    (void)state;
    reply_begin(DNS_TXT); /* no character-string at all */
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_begin(DNS_TXT); /* a string longer than its RDATA */
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_bytes(&reply_msg, "\004abc", 4);
    msg_rr_end(&reply_msg);
    msg_bytes(&reply_msg, "defgh", 5);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_begin(DNS_TXT); /* NUL and odd bytes are kept */
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_bytes(&reply_msg, "\004\000\377\\a", 5);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->txt[0].len, 4);
    assert_memory_equal(reply_answer.txt[0].p, "\000\377\\a", 5);
}

/* One TXT of len bytes in strings of at most 255. */
static void add_long_txt(size_t len)
{
    char fill[255];
    memset(fill, 'x', sizeof fill);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TXT, 1);
    do {
        size_t part = len < sizeof fill ? len : sizeof fill;
        msg_u8(&reply_msg, (unsigned)part);
        msg_bytes(&reply_msg, fill, part);
        len -= part;
    } while (len > 0);
    msg_rr_end(&reply_msg);
}

static void test_txt_caps(void **state)
{
    (void)state;
    reply_begin(DNS_TXT);
    add_long_txt(TXT_RR_MAX_BYTES);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->txt[0].len, TXT_RR_MAX_BYTES);
    assert_false(reply_answer.truncated);
    reply_begin(DNS_TXT);
    add_long_txt(TXT_RR_MAX_BYTES + 1);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->txt[0].len, TXT_RR_MAX_BYTES);
    assert_true(reply_answer.truncated);
    reply_begin(DNS_TXT);
    add_long_txt(65000);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_FOUND);
    assert_int_equal(reply_answer.txt[0].len, TXT_RR_MAX_BYTES);

    for (size_t n = TXT_RRS_MAX; n <= TXT_RRS_MAX + 1; n++) {
        reply_begin(DNS_TXT);
        for (size_t i = 0; i < n; i++)
            msg_txt(&reply_msg, NULL, 1, "x");
        assert_int_equal(reply_parse("q.example", DNS_TXT)->n, TXT_RRS_MAX);
        assert_int_equal(reply_answer.truncated, n > TXT_RRS_MAX);
    }
}

static void test_record_caps(void **state)
{
    (void)state;
    static const struct {
        enum dns_type type;
        size_t max;
    } caps[] = {{DNS_A, ADDRESSES_MAX}, {DNS_MX, MX_HOSTS_MAX}};
    for (size_t c = 0; c < 2; c++) {
        for (size_t n = caps[c].max; n <= 1000; n += n == caps[c].max ? 1 : 967) {
            reply_begin(caps[c].type);
            for (size_t i = 0; i < n; i++) {
                if (caps[c].type == DNS_A)
                    msg_a(&reply_msg, NULL, (uint32_t)i);
                else
                    msg_mx(&reply_msg, NULL, (unsigned)i, "mx.example");
            }
            assert_int_equal(reply_parse("q.example", caps[c].type)->n, caps[c].max);
            assert_int_equal(reply_answer.truncated, n > caps[c].max);
        }
    }
    for (size_t n = DNS_ANSWER_RRS_MAX; n <= DNS_ANSWER_RRS_MAX + 1; n++) {
        reply_begin(DNS_A); /* the answer hides behind CNAMEs of other names */
        for (size_t i = 1; i < n; i++)
            msg_cname(&reply_msg, "x.example", "y.example");
        msg_a(&reply_msg, NULL, 1);
        assert_int_equal(reply_parse("q.example", DNS_A)->n, n == DNS_ANSWER_RRS_MAX ? 1 : 0);
        assert_int_equal(reply_answer.truncated, n > DNS_ANSWER_RRS_MAX);
    }
}

static void test_mx(void **state)
{
    (void)state;
    reply_begin(DNS_MX);
    msg_mx(&reply_msg, NULL, 10, "MX1.example");
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_MX, 5);
    msg_u16(&reply_msg, 0);
    msg_name(&reply_msg, ".");
    msg_rr_end(&reply_msg);
    msg_mx(&reply_msg, NULL, 65535, "a\\.b\\000.example");
    assert_int_equal(reply_parse("q.example", DNS_MX)->n, 3);
    assert_int_equal(reply_answer.mx[0].preference, 10);
    assert_string_equal(reply_answer.mx[0].host, "mx1.example");
    assert_string_equal(reply_answer.mx[1].host, ".");
    assert_string_equal(reply_answer.mx[2].host, "a\\.b\\000.example");
    assert_int_equal(reply_answer.facts.ttl_s, 5);
}

static void test_addresses(void **state)
{
    (void)state;
    reply_begin(DNS_A);
    msg_a(&reply_msg, NULL, 0xc0000201);
    assert_int_equal(reply_parse("q.example", DNS_A)->addr[0].family, 4);
    assert_memory_equal(reply_answer.addr[0].b, "\300\000\002\001", 4);

    reply_begin(DNS_AAAA);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_AAAA, 0x80000001u);
    msg_bytes(&reply_msg, "\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_AAAA)->addr[0].family, 6);
    assert_int_equal(reply_answer.facts.ttl_s, 0); /* RFC 2181 8 */
}

static void test_tlsa(void **state)
{
    (void)state;
    reply_begin(DNS_TLSA);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TLSA, 1);
    msg_bytes(&reply_msg, "\003\001\001\252\273", 5);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TLSA)->tlsa[0].usage, 3);
    assert_int_equal(reply_answer.tlsa[0].len, 2);
    assert_memory_equal(reply_answer.tlsa[0].data, "\252\273", 2);
}

static void test_names(void **state)
{
    (void)state;
    reply_begin(DNS_NS);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_NS, 1);
    msg_name(&reply_msg, "NS.example");
    msg_rr_end(&reply_msg);
    assert_string_equal(reply_parse("q.example", DNS_NS)->name[0], "ns.example");

    reply_begin(DNS_PTR);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_PTR, 1);
    msg_name(&reply_msg, "Host.example");
    msg_rr_end(&reply_msg);
    assert_string_equal(reply_parse("q.example", DNS_PTR)->name[0], "host.example");

    reply_begin(DNS_CNAME);
    msg_cname(&reply_msg, NULL, "t.example");
    msg_cname(&reply_msg, "t.example", "u.example");
    assert_int_equal(reply_parse("q.example", DNS_CNAME)->n, 1);
    assert_string_equal(reply_answer.name[0], "t.example");
    assert_int_equal(reply_answer.facts.cname.n, 0);
}

static void test_soa(void **state)
{
    (void)state;
    reply_begin(DNS_SOA);
    msg_soa(&reply_msg, NULL, 1, 1);
    msg_set_u16(&reply_msg, MSG_AN, 1);
    msg_set_u16(&reply_msg, MSG_NS, 0);
    assert_int_equal(reply_parse("q.example", DNS_SOA)->facts.status, LOOKUP_FOUND);
    assert_int_equal(reply_answer.n, 1);
}

/* RDATA one byte too short and one too long for its type is malformed. */
static void test_rdata_lengths(void **state)
{
    (void)state;
    static const struct {
        enum dns_type type;
        const char *bytes;
        size_t len;
    } good[] = {
        {DNS_A, "\1\2\3\4", 4},   {DNS_AAAA, "0123456789abcdef", 16},
        {DNS_MX, "\0\1\1a\0", 5}, {DNS_NS, "\1a\0", 3},
        {DNS_PTR, "\1a\0", 3},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for (int off = -1; off <= 1; off++) {
            size_t len = (size_t)((int)good[i].len + off);
            reply_begin(good[i].type);
            msg_rr(&reply_msg, MSG_AN, NULL, good[i].type, 1);
            msg_bytes(&reply_msg, good[i].bytes, len < good[i].len ? len : good[i].len);
            if (off > 0)
                msg_u8(&reply_msg, 'x');
            msg_rr_end(&reply_msg);
            assert_int_equal(reply_parse("q.example", good[i].type)->facts.status,
                             off == 0 ? LOOKUP_FOUND : LOOKUP_MALFORMED);
        }
    }
    reply_begin(DNS_TLSA);
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_TLSA, 1);
    msg_u16(&reply_msg, 3);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TLSA)->facts.status, LOOKUP_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_txt, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_txt_grammar, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_txt_caps, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_record_caps, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_addresses, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_names, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_mx, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_tlsa, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_soa, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_rdata_lengths, reply_setup, reply_teardown),
    };
    return cmocka_run_group_tests_name("dns_rr", tests, NULL, NULL);
}
