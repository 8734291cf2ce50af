/* Replies, right and hostile, through the walker. */
#include "tests/unit/dns_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { REPLY = MSG_QR | MSG_RD | MSG_RA };

static struct msg g_msg;
static struct arena g_arena;
static struct dns_answer g_answer;

static int setup(void **state)
{
    (void)state;
    arena_init(&g_arena, DNS_ANSWER_MAX_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&g_arena);
    return 0;
}

/* The message has a copy of its exact size, so that ASan sees a read beyond it. */
static const struct dns_answer *parse_len(size_t len, const char *qname, enum dns_type type)
{
    uint8_t *exact = test_malloc(len > 0 ? len : 1);
    memcpy(exact, g_msg.b, len);
    arena_reset(&g_arena);
    assert_int_equal(dns_reply_parse(exact, len, qname, type, &g_arena, &g_answer), ST_OK);
    test_free(exact);
    return &g_answer;
}

static const struct dns_answer *parse(const char *qname, enum dns_type type)
{
    return parse_len(g_msg.len, qname, type);
}

static void begin(enum dns_type type)
{
    msg_begin(&g_msg, 1, REPLY, "q.example", type);
}

static void test_txt(void **state)
{
    (void)state;
    begin(DNS_TXT);
    g_msg.b[3] |= MSG_AD;
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TXT, 600);
    msg_bytes(&g_msg, "\010v=STSv1;\006 id=1;\000", 17);
    msg_rr_end(&g_msg);
    msg_txt(&g_msg, "Q.eXample", 500, "other");
    msg_txt(&g_msg, "else.example", 1, "not at this name");
    msg_opt(&g_msg, 0, -1);
    const struct dns_answer *a = parse("Q.example", DNS_TXT);
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
    begin(DNS_TXT); /* no character-string at all */
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    begin(DNS_TXT); /* a string longer than its RDATA */
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_bytes(&g_msg, "\004abc", 4);
    msg_rr_end(&g_msg);
    msg_bytes(&g_msg, "defgh", 5);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    begin(DNS_TXT); /* NUL and odd bytes are kept */
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TXT, 1);
    msg_bytes(&g_msg, "\004\000\377\\a", 5);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->txt[0].len, 4);
    assert_memory_equal(g_answer.txt[0].p, "\000\377\\a", 5);
}

/* One TXT of len bytes in strings of at most 255. */
static void add_long_txt(size_t len)
{
    char fill[255];
    memset(fill, 'x', sizeof fill);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TXT, 1);
    do {
        size_t part = len < sizeof fill ? len : sizeof fill;
        msg_u8(&g_msg, (unsigned)part);
        msg_bytes(&g_msg, fill, part);
        len -= part;
    } while (len > 0);
    msg_rr_end(&g_msg);
}

static void test_txt_caps(void **state)
{
    (void)state;
    begin(DNS_TXT);
    add_long_txt(TXT_RR_MAX_BYTES);
    assert_int_equal(parse("q.example", DNS_TXT)->txt[0].len, TXT_RR_MAX_BYTES);
    assert_false(g_answer.truncated);
    begin(DNS_TXT);
    add_long_txt(TXT_RR_MAX_BYTES + 1);
    assert_int_equal(parse("q.example", DNS_TXT)->txt[0].len, TXT_RR_MAX_BYTES);
    assert_true(g_answer.truncated);
    begin(DNS_TXT);
    add_long_txt(65000);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_FOUND);
    assert_int_equal(g_answer.txt[0].len, TXT_RR_MAX_BYTES);

    for (size_t n = TXT_RRS_MAX; n <= TXT_RRS_MAX + 1; n++) {
        begin(DNS_TXT);
        for (size_t i = 0; i < n; i++)
            msg_txt(&g_msg, NULL, 1, "x");
        assert_int_equal(parse("q.example", DNS_TXT)->n, TXT_RRS_MAX);
        assert_int_equal(g_answer.truncated, n > TXT_RRS_MAX);
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
            begin(caps[c].type);
            for (size_t i = 0; i < n; i++) {
                if (caps[c].type == DNS_A)
                    msg_a(&g_msg, NULL, (uint32_t)i);
                else
                    msg_mx(&g_msg, NULL, (unsigned)i, "mx.example");
            }
            assert_int_equal(parse("q.example", caps[c].type)->n, caps[c].max);
            assert_int_equal(g_answer.truncated, n > caps[c].max);
        }
    }
    for (size_t n = DNS_ANSWER_RRS_MAX; n <= DNS_ANSWER_RRS_MAX + 1; n++) {
        begin(DNS_A); /* the answer hides behind CNAMEs of other names */
        for (size_t i = 1; i < n; i++)
            msg_cname(&g_msg, "x.example", "y.example");
        msg_a(&g_msg, NULL, 1);
        assert_int_equal(parse("q.example", DNS_A)->n, n == DNS_ANSWER_RRS_MAX ? 1 : 0);
        assert_int_equal(g_answer.truncated, n > DNS_ANSWER_RRS_MAX);
    }
}

static void test_other_types(void **state)
{
    (void)state;
    begin(DNS_MX);
    msg_mx(&g_msg, NULL, 10, "MX1.example");
    msg_rr(&g_msg, MSG_AN, NULL, DNS_MX, 5);
    msg_u16(&g_msg, 0);
    msg_name(&g_msg, ".");
    msg_rr_end(&g_msg);
    msg_mx(&g_msg, NULL, 65535, "a\\.b\\000.example");
    assert_int_equal(parse("q.example", DNS_MX)->n, 3);
    assert_int_equal(g_answer.mx[0].preference, 10);
    assert_string_equal(g_answer.mx[0].host, "mx1.example");
    assert_string_equal(g_answer.mx[1].host, ".");
    assert_string_equal(g_answer.mx[2].host, "a\\.b\\000.example");
    assert_int_equal(g_answer.facts.ttl_s, 5);

    begin(DNS_A);
    msg_a(&g_msg, NULL, 0xc0000201);
    assert_int_equal(parse("q.example", DNS_A)->addr[0].family, 4);
    assert_memory_equal(g_answer.addr[0].b, "\300\000\002\001", 4);

    begin(DNS_AAAA);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_AAAA, 0x80000001u);
    msg_bytes(&g_msg, "\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_AAAA)->addr[0].family, 6);
    assert_int_equal(g_answer.facts.ttl_s, 0); /* RFC 2181 8 */

    begin(DNS_TLSA);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TLSA, 1);
    msg_bytes(&g_msg, "\003\001\001\252\273", 5);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TLSA)->tlsa[0].usage, 3);
    assert_int_equal(g_answer.tlsa[0].len, 2);
    assert_memory_equal(g_answer.tlsa[0].data, "\252\273", 2);

    begin(DNS_NS);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_NS, 1);
    msg_name(&g_msg, "NS.example");
    msg_rr_end(&g_msg);
    assert_string_equal(parse("q.example", DNS_NS)->name[0], "ns.example");

    begin(DNS_PTR);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_PTR, 1);
    msg_name(&g_msg, "Host.example");
    msg_rr_end(&g_msg);
    assert_string_equal(parse("q.example", DNS_PTR)->name[0], "host.example");

    begin(DNS_CNAME);
    msg_cname(&g_msg, NULL, "t.example");
    msg_cname(&g_msg, "t.example", "u.example");
    assert_int_equal(parse("q.example", DNS_CNAME)->n, 1);
    assert_string_equal(g_answer.name[0], "t.example");
    assert_int_equal(g_answer.facts.cname.n, 0);

    begin(DNS_SOA);
    msg_soa(&g_msg, NULL, 1, 1);
    msg_set_u16(&g_msg, MSG_AN, 1);
    msg_set_u16(&g_msg, MSG_NS, 0);
    assert_int_equal(parse("q.example", DNS_SOA)->facts.status, LOOKUP_FOUND);
    assert_int_equal(g_answer.n, 1);
}

/* RDATA one byte too short and one too long for its type is malformed. */
static void test_authority(void **state)
{
    (void)state;
    begin(DNS_TXT);
    msg_txt(&g_msg, NULL, 1, "from a cache");
    assert_false(parse("q.example", DNS_TXT)->authoritative);
    msg_begin(&g_msg, 1, REPLY | MSG_AA, "q.example", DNS_TXT);
    msg_txt(&g_msg, NULL, 1, "of the zone");
    assert_true(parse("q.example", DNS_TXT)->authoritative);
    msg_begin(&g_msg, 1, REPLY | MSG_AA, "q.example", DNS_TXT);
    assert_true(parse("q.example", DNS_TXT)->authoritative); /* nor must it hold records */
    msg_begin(&g_msg, 1, REPLY | MSG_AA, "other.example", DNS_TXT);
    assert_false(parse("q.example", DNS_TXT)->authoritative);
}

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
            begin(good[i].type);
            msg_rr(&g_msg, MSG_AN, NULL, good[i].type, 1);
            msg_bytes(&g_msg, good[i].bytes, len < good[i].len ? len : good[i].len);
            if (off > 0)
                msg_u8(&g_msg, 'x');
            msg_rr_end(&g_msg);
            assert_int_equal(parse("q.example", good[i].type)->facts.status,
                             off == 0 ? LOOKUP_FOUND : LOOKUP_MALFORMED);
        }
    }
    begin(DNS_TLSA);
    msg_rr(&g_msg, MSG_AN, NULL, DNS_TLSA, 1);
    msg_u16(&g_msg, 3);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TLSA)->facts.status, LOOKUP_MALFORMED);
}

static void test_negative(void **state)
{
    (void)state;
    begin(DNS_TXT);
    msg_soa(&g_msg, "Example", 900, 300);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    assert_string_equal(g_answer.facts.soa, "example");
    assert_int_equal(g_answer.facts.ttl_s, 300); /* RFC 2308 5 */

    begin(DNS_TXT);
    g_msg.b[3] |= DNS_NXDOMAIN;
    msg_soa(&g_msg, ".", 60, 300);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NXDOMAIN);
    assert_string_equal(g_answer.facts.soa, ".");
    assert_int_equal(g_answer.facts.ttl_s, 60);
    assert_int_equal(g_answer.facts.rcode, 3);

    begin(DNS_TXT); /* neither SOA nor NS: NODATA of type 3 (RFC 2308 2.2) */
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    assert_null(g_answer.facts.soa);

    begin(DNS_TXT); /* a referral is no NODATA */
    msg_rr(&g_msg, MSG_NS, "example", DNS_NS, 1);
    msg_name(&g_msg, "ns.example");
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_REFUSED);
    g_msg.b[2] |= MSG_AA >> 8;
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);

    begin(DNS_TXT); /* an SOA that is none */
    msg_rr(&g_msg, MSG_NS, "example", DNS_SOA, 1);
    msg_bytes(&g_msg, "\0\0123456789", 10);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);

    begin(DNS_TXT); /* NXDOMAIN with the very records */
    g_msg.b[3] |= DNS_NXDOMAIN;
    msg_txt(&g_msg, NULL, 1, "x");
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(g_answer.n, 0);
    assert_null(g_answer.txt);
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
        begin(DNS_TXT);
        g_msg.b[3] |= (uint8_t)cases[i].rcode;
        msg_txt(&g_msg, NULL, 1, "never taken from a failure");
        msg_opt(&g_msg, cases[i].high, cases[i].ede);
        const struct dns_answer *a = parse("q.example", DNS_TXT);
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
    begin(DNS_TXT); /* of several codes the one about DNSSEC */
    msg_rr(&g_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&g_msg, "\0\12\0\3abc\0\17\0\2\0\26\0\17\0\4\0\6hi\0\17\0\2\0\3", 27);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.ede, 6);

    begin(DNS_TXT); /* two OPT (RFC 6891 6.1.1) */
    msg_opt(&g_msg, 0, -1);
    msg_opt(&g_msg, 0, -1);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    begin(DNS_TXT); /* not at the root */
    msg_rr(&g_msg, MSG_AR, "a", 41, 0);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    begin(DNS_TXT); /* an option that is longer than the record, and an EDE too short */
    msg_rr(&g_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&g_msg, "\0\12\0\4abc", 7);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    begin(DNS_TXT);
    msg_rr(&g_msg, MSG_AR, ".", 41, 0);
    msg_bytes(&g_msg, "\0\17\0\1\0", 5);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
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
        msg_cname(&g_msg, from, to);
    }
}

static void test_chain(void **state)
{
    (void)state;
    for (int reverse = 0; reverse <= 1; reverse++) {
        begin(DNS_TXT);
        if (reverse)
            msg_txt(&g_msg, "c3.example", 7, "end");
        add_chain(3, reverse);
        if (!reverse)
            msg_txt(&g_msg, "c3.example", 7, "end");
        const struct dns_answer *a = parse("q.example", DNS_TXT);
        assert_int_equal(a->facts.status, LOOKUP_FOUND);
        assert_int_equal(a->facts.cname.n, 3);
        assert_string_equal(a->facts.cname.v[0], "c1.example");
        assert_string_equal(a->facts.cname.v[2], "c3.example");
        assert_string_equal(a->txt[0].p, "end");
        assert_int_equal(a->facts.ttl_s, 7);
    }
    begin(DNS_TXT); /* dangling */
    g_msg.b[3] |= DNS_NXDOMAIN;
    add_chain(2, false);
    msg_soa(&g_msg, "example", 1, 1);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NXDOMAIN);
    assert_int_equal(g_answer.facts.cname.n, 2);
    assert_string_equal(g_answer.facts.soa, "example");
    begin(DNS_TXT);
    add_chain(2, false);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_NODATA);
    begin(DNS_TXT);
    g_msg.b[3] |= DNS_SERVFAIL;
    add_chain(2, false);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_SERVFAIL);
    assert_int_equal(g_answer.facts.cname.n, 2);
    begin(DNS_TXT); /* bytes behind the target */
    msg_rr(&g_msg, MSG_AN, NULL, DNS_CNAME, 1);
    msg_bytes(&g_msg, "\1a\0x", 4);
    msg_rr_end(&g_msg);
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
}

static void test_chain_loops_and_cap(void **state)
{
    (void)state;
    begin(DNS_TXT);
    msg_cname(&g_msg, NULL, "q.example");
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_CNAME_LOOP);
    assert_int_equal(g_answer.facts.cname.n, 1);
    begin(DNS_TXT);
    add_chain(3, false);
    msg_cname(&g_msg, "c3.example", "c1.example");
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_CNAME_LOOP);
    assert_int_equal(g_answer.facts.cname.n, 4);

    for (size_t n = CNAME_CHAIN_MAX; n <= CNAME_CHAIN_MAX + 1; n++) {
        char end[32];
        begin(DNS_TXT);
        add_chain(n, true);
        snprintf(end, sizeof end, "c%zu.example", n);
        msg_txt(&g_msg, end, 1, "end");
        assert_int_equal(parse("q.example", DNS_TXT)->facts.status,
                         n == CNAME_CHAIN_MAX ? LOOKUP_FOUND : LOOKUP_CNAME_LOOP);
        assert_int_equal(g_answer.facts.cname.n, CNAME_CHAIN_MAX);
    }
}

static void test_question(void **state)
{
    (void)state;
    struct dns_header h;
    char qname[NAME_TEXT_MAX_BYTES];
    uint16_t qtype;
    msg_begin(&g_msg, 0xabcd, MSG_QR | MSG_TC | MSG_RD | MSG_AD | MSG_CD | 5, "Q.example", DNS_MX);
    assert_int_equal(dns_reply_question(g_msg.b, g_msg.len, &h, qname, &qtype), ST_OK);
    assert_int_equal(h.id, 0xabcd);
    assert_true(h.qr && h.tc && h.rd && h.ad && h.cd && !h.ra && !h.aa);
    assert_int_equal(h.rcode, 5);
    assert_int_equal(h.opcode, 0);
    assert_string_equal(qname, "q.example");
    assert_int_equal(qtype, DNS_MX);
    for (unsigned n = 0; n <= 2; n += 2) {
        msg_set_u16(&g_msg, 4, n);
        assert_int_equal(dns_reply_question(g_msg.b, g_msg.len, &h, qname, &qtype), ST_INVALID);
    }
    assert_int_equal(dns_reply_question(g_msg.b, 0, &h, qname, &qtype), ST_INVALID);

    begin(DNS_TXT); /* not a reply, another opcode, another question */
    assert_int_equal(parse("other.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(parse("q.example", DNS_A)->facts.status, LOOKUP_MALFORMED);
    assert_int_equal(parse("q..example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    g_msg.b[2] ^= MSG_QR >> 8;
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
    g_msg.b[2] ^= MSG_QR >> 8 | 0x08;
    assert_int_equal(parse("q.example", DNS_TXT)->facts.status, LOOKUP_MALFORMED);
}

/* A message with everything in it. */
static void everything(void)
{
    begin(DNS_MX);
    add_chain(3, true);
    for (unsigned i = 0; i < 5; i++)
        msg_mx(&g_msg, "c3.example", i, "mx.\\255\\000.example");
    msg_rr(&g_msg, MSG_AN, NULL, 65280, 1);
    msg_bytes(&g_msg, "unknown", 7);
    msg_rr_end(&g_msg);
    msg_soa(&g_msg, "example", 5, 5);
    msg_a(&g_msg, "mx.example", 1);
    msg_set_u16(&g_msg, MSG_AN, 9);
    msg_set_u16(&g_msg, MSG_AR, 1);
    msg_opt(&g_msg, 0, 3);
}

static void test_truncations(void **state)
{
    (void)state;
    everything();
    assert_int_equal(parse("q.example", DNS_MX)->facts.status, LOOKUP_FOUND);
    assert_int_equal(g_answer.n, 5);
    for (size_t len = 0; len < g_msg.len; len++) {
        assert_int_equal(parse_len(len, "q.example", DNS_MX)->facts.status, LOOKUP_MALFORMED);
        assert_int_equal(g_answer.n, 0);
        assert_int_equal(g_answer.facts.cname.n, 0);
    }
    msg_bytes(&g_msg, "behind the last record", 22);
    assert_int_equal(parse("q.example", DNS_MX)->facts.status, LOOKUP_FOUND);
}

/* Any one byte changed to a few hostile values: no crash, and a status that exists. */
static void test_byte_changes(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x3f, 0x40, 0x80, 0xc0, 0xff};
    everything();
    for (size_t at = 0; at < g_msg.len; at++) {
        uint8_t was = g_msg.b[at];
        for (size_t i = 0; i < sizeof values; i++) {
            g_msg.b[at] = values[i];
            enum lookup status = parse("q.example", DNS_MX)->facts.status;
            assert_true(status > LOOKUP_SKIPPED && status < LOOKUP_COUNT);
        }
        g_msg.b[at] = was;
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
            dns_reply_parse(g_msg.b, g_msg.len, "q.example", DNS_MX, &small, &g_answer);
        arena_free(&small);
        if (st == ST_OK)
            break;
        assert_int_equal(st, ST_NOMEM);
        assert_int_equal(g_answer.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_txt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_txt_grammar, setup, teardown),
        cmocka_unit_test_setup_teardown(test_txt_caps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record_caps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_authority, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rdata_lengths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_negative, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rcodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chain_loops_and_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_question, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_byte_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_full, setup, teardown),
    };
    return cmocka_run_group_tests_name("dns_reply", tests, NULL, NULL);
}
