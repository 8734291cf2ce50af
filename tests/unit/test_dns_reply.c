/* Replies, right and hostile, through the walker. */
#include "tests/unit/dns_reply_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_authority(void **state)
{
    (void)state;
    reply_begin(DNS_TXT);
    msg_txt(&reply_msg, NULL, 1, "from a cache");
    assert_false(reply_parse("q.example", DNS_TXT)->authoritative);
    msg_begin(&reply_msg, 1, REPLY | MSG_AA, "q.example", DNS_TXT);
    msg_txt(&reply_msg, NULL, 1, "of the zone");
    assert_true(reply_parse("q.example", DNS_TXT)->authoritative);
    msg_begin(&reply_msg, 1, REPLY | MSG_AA, "q.example", DNS_TXT);
    assert_true(reply_parse("q.example", DNS_TXT)->authoritative); /* nor must it hold records */
    msg_begin(&reply_msg, 1, REPLY | MSG_AA, "other.example", DNS_TXT);
    assert_false(reply_parse("q.example", DNS_TXT)->authoritative);
}

static void test_negative(void **state)
{
    (void)state;
    reply_begin(DNS_TXT);
    msg_soa(&reply_msg, "Example", 900, 300);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    assert_string_equal(reply_answer.facts.soa, "example");
    assert_int_equal(reply_answer.facts.ttl_s, 300); /* RFC 2308 5 */

    reply_begin(DNS_TXT);
    reply_msg.b[3] |= DNS_NXDOMAIN;
    msg_soa(&reply_msg, ".", 60, 300);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NXDOMAIN);
    assert_string_equal(reply_answer.facts.soa, ".");
    assert_int_equal(reply_answer.facts.ttl_s, 60);
    assert_int_equal(reply_answer.facts.rcode, 3);

    reply_begin(DNS_TXT); /* neither SOA nor NS: NODATA of type 3 (RFC 2308 2.2) */
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    assert_null(reply_answer.facts.soa);

    reply_begin(DNS_TXT); /* a referral is no NODATA */
    msg_rr(&reply_msg, MSG_NS, "example", DNS_NS, 1);
    msg_name(&reply_msg, "ns.example");
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_REFUSED);
    reply_msg.b[2] |= MSG_AA >> 8;
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);

    reply_begin(DNS_TXT); /* an SOA that is none */
    msg_rr(&reply_msg, MSG_NS, "example", DNS_SOA, 1);
    msg_bytes(&reply_msg, "\0\0123456789", 10);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);

    reply_begin(DNS_TXT); /* NXDOMAIN with the very records */
    reply_msg.b[3] |= DNS_NXDOMAIN;
    msg_txt(&reply_msg, NULL, 1, "x");
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(reply_answer.n, 0);
    assert_null(reply_answer.txt);
}

static void test_rcodes(void **state)
{
    (void)state;
    static const struct {
        unsigned rcode, high;
        int ede;
        enum lookup status;
    } cases[] = {
        {DNS_SERVFAIL, 0, -1, LOOKUP_SERVFAIL},  {DNS_SERVFAIL, 0, 9, LOOKUP_SERVFAIL},
        {DNS_REFUSED, 0, 18, LOOKUP_REFUSED},    {DNS_FORMERR, 0, -1, LOOKUP_MALFORMED},
        {DNS_NOTIMP, 0, -1, LOOKUP_MALFORMED},   {0, 1, -1, LOOKUP_MALFORMED},
        {DNS_SERVFAIL, 1, -1, LOOKUP_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reply_begin(DNS_TXT);
        reply_msg.b[3] |= (uint8_t)cases[i].rcode;
        msg_txt(&reply_msg, NULL, 1, "never taken from a failure");
        msg_opt(&reply_msg, cases[i].high, cases[i].ede);
        const struct dns_answer *a = reply_parse("q.example", DNS_TXT);
        assert_int_equal(a->facts.status, cases[i].status);
        assert_int_equal(a->facts.rcode, cases[i].rcode | cases[i].high << 4);
        assert_int_equal(a->n, 0);
        if (a->facts.status != LOOKUP_MALFORMED)
            assert_int_equal(a->facts.ede, cases[i].ede);
    }
}

static void test_opt(void **state)
{
    (void)state;
    reply_begin(DNS_TXT); /* of several codes the one about DNSSEC */
    msg_rr(&reply_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&reply_msg, "\0\12\0\3abc\0\17\0\2\0\26\0\17\0\4\0\6hi\0\17\0\2\0\3", 27);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.ede, 6);

    reply_begin(DNS_TXT); /* two OPT (RFC 6891 6.1.1) */
    msg_opt(&reply_msg, 0, -1);
    msg_opt(&reply_msg, 0, -1);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_begin(DNS_TXT); /* not at the root */
    msg_rr(&reply_msg, MSG_AR, "a", 41, 0);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_begin(DNS_TXT); /* an option that is longer than the record, and an EDE too short */
    msg_rr(&reply_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&reply_msg, "\0\12\0\4abc", 7);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_begin(DNS_TXT);
    msg_rr(&reply_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&reply_msg, "\0\17\0\1\0", 5);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
}

/* q.example -> c1.example -> ... -> c<links>.example; in reverse order when asked. */
static void add_chain(size_t links, bool reverse)
{
    for (size_t i = 0; i < links; i++) {
        size_t k = reverse ? links - 1 - i : i;
        char from[32] = "q.example", to[32];
        if (k > 0)
            snprintf(from, sizeof from, "c%zu.example", k);
        snprintf(to, sizeof to, "C%zu.Example", k + 1);
        msg_cname(&reply_msg, from, to);
    }
}

static void test_chain(void **state)
{
    (void)state;
    for (int reverse = 0; reverse <= 1; reverse++) {
        reply_begin(DNS_TXT);
        if (reverse)
            msg_txt(&reply_msg, "c3.example", 7, "end");
        add_chain(3, reverse);
        if (!reverse)
            msg_txt(&reply_msg, "c3.example", 7, "end");
        const struct dns_answer *a = reply_parse("q.example", DNS_TXT);
        assert_int_equal(a->facts.status, LOOKUP_FOUND);
        assert_int_equal(a->facts.cname.n, 3);
        assert_string_equal(a->facts.cname.v[0], "c1.example");
        assert_string_equal(a->facts.cname.v[2], "c3.example");
        assert_string_equal(a->txt[0].p, "end");
        assert_int_equal(a->facts.ttl_s, 7);
    }
    reply_begin(DNS_TXT); /* dangling */
    reply_msg.b[3] |= DNS_NXDOMAIN;
    add_chain(2, false);
    msg_soa(&reply_msg, "example", 1, 1);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NXDOMAIN);
    assert_int_equal(reply_answer.facts.cname.n, 2);
    assert_string_equal(reply_answer.facts.soa, "example");
    reply_begin(DNS_TXT);
    add_chain(2, false);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    reply_begin(DNS_TXT);
    reply_msg.b[3] |= DNS_SERVFAIL;
    add_chain(2, false);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_SERVFAIL);
    assert_int_equal(reply_answer.facts.cname.n, 2);
    reply_begin(DNS_TXT); /* bytes behind the target */
    msg_rr(&reply_msg, MSG_AN, NULL, DNS_CNAME, 1);
    msg_bytes(&reply_msg, "\1a\0x", 4);
    msg_rr_end(&reply_msg);
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
}

static void test_chain_loops_and_cap(void **state)
{
    (void)state;
    reply_begin(DNS_TXT);
    msg_cname(&reply_msg, NULL, "q.example");
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_CNAME_LOOP);
    assert_int_equal(reply_answer.facts.cname.n, 1);
    reply_begin(DNS_TXT);
    add_chain(3, false);
    msg_cname(&reply_msg, "c3.example", "c1.example");
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_CNAME_LOOP);
    assert_int_equal(reply_answer.facts.cname.n, 4);

    for (size_t n = CNAME_CHAIN_MAX; n <= CNAME_CHAIN_MAX + 1; n++) {
        char end[32];
        reply_begin(DNS_TXT);
        add_chain(n, true);
        snprintf(end, sizeof end, "c%zu.example", n);
        msg_txt(&reply_msg, end, 1, "end");
        assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status,
                         n == CNAME_CHAIN_MAX ? LOOKUP_FOUND : LOOKUP_CNAME_LOOP);
        assert_int_equal(reply_answer.facts.cname.n, CNAME_CHAIN_MAX);
    }
}

static void test_question(void **state)
{
    (void)state;
    struct dns_header h;
    char qname[NAME_TEXT_MAX_BYTES];
    uint16_t qtype;
    msg_begin(&reply_msg, 0xabcd, MSG_QR | MSG_TC | MSG_RD | MSG_AD | MSG_CD | 5, "Q.example",
              DNS_MX);
    assert_int_equal(dns_reply_question(reply_msg.b, reply_msg.len, &h, qname, &qtype), ST_OK);
    assert_int_equal(h.id, 0xabcd);
    assert_true(h.qr && h.tc && h.rd && h.ad && h.cd && !h.ra && !h.aa);
    assert_int_equal(h.rcode, 5);
    assert_int_equal(h.opcode, 0);
    assert_string_equal(qname, "q.example");
    assert_int_equal(qtype, DNS_MX);
    for (unsigned n = 0; n <= 2; n += 2) {
        msg_set_u16(&reply_msg, 4, n);
        assert_int_equal(dns_reply_question(reply_msg.b, reply_msg.len, &h, qname, &qtype),
                         ST_INVALID);
    }
    assert_int_equal(dns_reply_question(reply_msg.b, 0, &h, qname, &qtype), ST_INVALID);

    reply_begin(DNS_TXT); /* not a reply, another opcode, another question */
    assert_int_equal(reply_parse("other.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(reply_parse("q.example", DNS_A)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(reply_parse("q..example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_msg.b[2] ^= MSG_QR >> 8;
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    reply_msg.b[2] ^= MSG_QR >> 8 | 0x08;
    assert_int_equal(reply_parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
}

/* A message with everything in it. */
static void everything(void)
{
    reply_begin(DNS_MX);
    add_chain(3, true);
    for (unsigned i = 0; i < 5; i++)
        msg_mx(&reply_msg, "c3.example", i, "mx.\\255\\000.example");
    msg_rr(&reply_msg, MSG_AN, NULL, 65280, 1);
    msg_bytes(&reply_msg, "unknown", 7);
    msg_rr_end(&reply_msg);
    msg_soa(&reply_msg, "example", 5, 5);
    msg_a(&reply_msg, "mx.example", 1);
    msg_set_u16(&reply_msg, MSG_AN, 9);
    msg_set_u16(&reply_msg, MSG_AR, 1);
    msg_opt(&reply_msg, 0, 3);
}

static void test_truncations(void **state)
{
    (void)state;
    everything();
    assert_int_equal(reply_parse("q.example", DNS_MX)->facts.status, LOOKUP_FOUND);
    assert_int_equal(reply_answer.n, 5);
    for (size_t len = 0; len < reply_msg.len; len++) {
        assert_int_equal(reply_parse_len(len, "q.example", DNS_MX)->facts.status, LOOKUP_MALFORMED);
        assert_int_equal(reply_answer.n, 0);
        assert_int_equal(reply_answer.facts.cname.n, 0);
    }
    msg_bytes(&reply_msg, "behind the last record", 22);
    assert_int_equal(reply_parse("q.example", DNS_MX)->facts.status, LOOKUP_FOUND);
}

/* Any one byte changed to a few hostile values: no crash, and a status that exists. */
static void test_byte_changes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xff};
    everything();
    for (size_t at = 0; at < reply_msg.len; at++) {
        uint8_t was = reply_msg.b[at];
        for (size_t i = 0; i < sizeof values; i++) {
            reply_msg.b[at] = values[i];
            enum lookup status = reply_parse("q.example", DNS_MX)->facts.status;
            assert_true(status > LOOKUP_SKIPPED && status < LOOKUP_COUNT);
        }
        reply_msg.b[at] = was;
    }
}

static void test_arena_full(void **state)
{
    (void)state;
    struct arena small;
    everything();
    for (size_t cap = 0;; cap += 16) {
        arena_init(&small, cap);
        enum status st =
            dns_reply_parse(reply_msg.b, reply_msg.len, "q.example", DNS_MX, &small, &reply_answer);
        arena_free(&small);
        if (st == ST_OK)
            break;
        assert_int_equal(st, ST_NOMEM);
        assert_int_equal(reply_answer.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_authority, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_negative, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_rcodes, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_opt, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_chain, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_chain_loops_and_cap, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_question, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_truncations, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_byte_changes, reply_setup, reply_teardown),
        cmocka_unit_test_setup_teardown(test_arena_full, reply_setup, reply_teardown),
    };
    return cmocka_run_group_tests_name("dns_reply", tests, NULL, NULL);
}
