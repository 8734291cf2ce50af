/* What the simulated world publishes in the DNS, and how it stands on the wire. */
#include "tests/simnet/classes.h"
#include "tests/simnet/dnswire.h"
#include "tests/simnet/world_data.h"
#include "tests/unit/simworld_rig.h"

enum { NAMES = 40000 };

static struct sim_answer *ask(const struct sim_world *w, const char *qname, unsigned qtype)
{
    struct sim_answer *a = malloc(sizeof *a);
    assert_non_null(a);
    memset(a, 0xa5, sizeof *a);
    sim_zone_answer(w, qname, qtype, a);
    return a;
}

/* Every name that the truth speaks of resolves to what was built, directly and through chains. */
static void test_hosts_can_be_found_back(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 100);
    for (unsigned i = 0; i < 4000; i++) {
        char name[SIM_NAME_MAX], host[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        for (size_t k = 0; k < d->mx_count && d->mx_state == SIM_MX_FOUND; k++) {
            const struct sim_mx *mx = &d->mx[k];
            enum sim_reach reach;
            if (mx->name[0] == '.' || mx->addr_count == 0)
                continue;
            struct sim_answer *a = ask(w, mx->name, SIM_TYPE_A);
            assert_true(a->count > 0);
            assert_int_equal(a->rr[a->count - 1].addr, mx->addr[mx->addr_count - 1]);
            assert_true(mx->is_private || sim_address_plan(mx->addr[0], SIM_SERVICE_SMTP, &reach));
            free(a);
        }
        sim_name_join("mta-sts", name, host);
        struct sim_answer *a = ask(w, host, SIM_TYPE_A);
        if (d->adopter && d->host.addr_count > 0) {
            assert_int_equal(a->rr[a->count - 1].addr, d->host.addr[d->host.addr_count - 1]);
            if (d->host.cname[0] != '\0') { /* the target alone gives the same */
                struct sim_answer *target = ask(w, d->host.cname, SIM_TYPE_A);
                assert_int_equal(target->rr[0].addr, d->host.addr[0]);
                free(target);
            }
        }
        free(a);
        free(d);
    }
    sim_world_free(w);
}

static void test_hosted_record_is_the_same_at_its_target(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 100);
    unsigned compared = 0;
    for (unsigned i = 0; i < 2000; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        if (d->sts.cname[0] != '\0' && d->sts.status == SIM_LOOKUP_FOUND) {
            struct sim_answer *a = ask(w, d->sts.cname, SIM_TYPE_TXT);
            assert_int_equal(a->count, 1);
            assert_string_equal(a->rr[0].txt->text, d->sts.rr[0].text);
            compared++;
            free(a);
        }
        free(d);
    }
    assert_true(compared > 100);
    sim_world_free(w);
}

/* What names of shared infrastructure answer is what the truth says of them: nothing. */
static void test_shared_names_publish_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {
        "google.com",          "tutanota.de",         "easydmarc.pro",     "mta-sts.tech",
        "sdmarc.net",          "mail.tutanota.de",    "smart.ondmarc.com", "uriports.com",
        "mta-sts.example.org", "_mta-sts.example.org"};
    struct sim_world *w = world_of(1, 100);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        static const char *const labels[] = {"_mta-sts", "_smtp._tls"};
        struct sim_domain *d = build(w, names[i], SIM_TRUTH_FULL);
        assert_int_equal(d->adoption, SIM_ABSENT);
        for (size_t k = 0; k < 2; k++) {
            char record[SIM_NAME_MAX];
            sim_name_join(labels[k], names[i], record);
            struct sim_answer *a = ask(w, record, SIM_TYPE_TXT);
            assert_int_equal(a->status, SIM_LOOKUP_NXDOMAIN);
            assert_int_equal(a->count, 0);
            free(a);
        }
        free(d);
    }
    sim_world_free(w);
}

/* A wildcard answers for a sibling label as it does for _mta-sts, a record of its own does not. */
static void test_siblings_show_wildcards(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 0);
    unsigned txt = 0, web = 0;
    for (unsigned i = 0; i < NAMES && (txt < 5 || web < 5); i++) {
        char name[SIM_NAME_MAX], sibling[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        const char *label = i % 2 ? "_k3v9x0" : "k3v9x0";
        sim_name_join(label, name, sibling);
        struct sim_answer *a = ask(w, sibling, SIM_TYPE_TXT);
        if (d->wildcard_txt) {
            assert_string_equal(a->rr[0].txt->text, d->sts.rr[0].text);
            txt++;
        } else if (d->wildcard_web) {
            assert_string_equal(a->rr[0].target, d->sts.cname);
            web++;
        }
        free(a);
        free(d);
    }
    assert_true(txt >= 5 && web >= 5);
    sim_world_free(w);
}

/* The owner of the SOA tells a missing label from a missing domain. */
static void test_soa_of_negative_answers(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 0);
    unsigned missing = 0, there = 0;
    for (unsigned i = 0; i < 2000; i++) {
        char name[SIM_NAME_MAX], record[SIM_NAME_MAX];
        name_of(i, name);
        sim_name_join("_mta-sts", name, record);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        struct sim_answer *a = ask(w, record, SIM_TYPE_TXT);
        if (a->status == SIM_LOOKUP_NXDOMAIN && d->missing) {
            assert_string_equal(a->soa, strchr(name, '.') + 1);
            missing++;
        } else if (a->status == SIM_LOOKUP_NXDOMAIN) {
            assert_string_equal(a->soa, name);
            there++;
        }
        free(a);
        free(d);
    }
    assert_true(missing > 50 && there > 1000);
    sim_world_free(w);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* A query for `name` TXT, with EDNS of 4096 bytes when asked for. */
static size_t write_query(const char *name, bool edns, uint8_t out[512])
{
    static const uint8_t opt[] = {0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0};
    uint8_t header[12] = {0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns};
    size_t at = sizeof header;
    memcpy(out, header, sizeof header);
    while (*name != '\0') {
        size_t n = strcspn(name, ".");
        out[at++] = (uint8_t)n;
        memcpy(out + at, name, n);
        at += n;
        name += n + (name[n] == '.');
    }
    memcpy(out + at, "\0\0\x10\0\x01", 5);
    at += 5;
    if (edns)
        memcpy(out + at, opt, sizeof opt);
    return at + (edns ? sizeof opt : 0);
}

static void test_large_answers_are_truncated(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 100);
    uint8_t in[512], small[DNS_UDP_MAX_BYTES], big[DNS_TCP_MAX_BYTES];
    unsigned large = 0;
    for (unsigned i = 0; i < NAMES && large < 3; i++) {
        char name[SIM_NAME_MAX], record[SIM_NAME_MAX];
        struct dns_query q;
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        if (d->cls != NULL && strcmp(d->cls->name, "sts_large") == 0) {
            sim_name_join("_Mta-STS", name, record);
            size_t len = write_query(record, true, in);
            assert_int_equal(dns_parse_query(in, len, &q), DNS_PARSE_OK);
            assert_int_equal(q.udp_size, 4096);
            struct sim_answer *a = ask(w, q.qname, q.qtype);
            size_t n = dns_write_answer(&q, a, small, sizeof small, 1);
            assert_true(small[2] & 2 && small[7] == 0 && n < 300);
            assert_memory_equal(small + 12, in + 12, 9); /* the question's case is kept */
            n = dns_write_answer(&q, a, big, sizeof big, 1);
            assert_true(!(big[2] & 2) && big[7] == 9 && n > DNS_UDP_MAX_BYTES);
            large++;
            free(a);
        }
        free(d);
    }
    assert_int_equal(large, 3);
    sim_world_free(w);
}

/* With EDNS, answers of many lengths become few (RFC 7830), without a byte changed before the OPT,
 * and none where the room would not do. */
static void test_padding_fills_blocks(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, 0);
    uint8_t in[512], plain[DNS_UDP_MAX_BYTES], padded[DNS_UDP_MAX_BYTES];
    for (unsigned i = 0; i < 500; i++) {
        char name[SIM_NAME_MAX], record[SIM_NAME_MAX];
        struct dns_query q;
        name_of(i * i, name);
        sim_name_join("_mta-sts", name, record);
        size_t len = write_query(record, i % 4 != 0, in);
        assert_int_equal(dns_parse_query(in, len, &q), DNS_PARSE_OK);
        struct sim_answer *a = ask(w, q.qname, q.qtype);
        size_t n = dns_write_answer(&q, a, plain, sizeof plain, 1);
        size_t room = i % 3 ? sizeof padded : n + 3;
        size_t m = dns_write_answer(&q, a, padded, room, DNS_UDP_BLOCK_BYTES);
        if (!q.edns || n == 0 || room < sizeof padded) {
            assert_int_equal(m, n);
        } else {
            size_t rdlen = a->status == SIM_LOOKUP_BOGUS ? 6 : 0;
            assert_int_equal(m % DNS_UDP_BLOCK_BYTES, 0);
            assert_true(m - n < DNS_UDP_BLOCK_BYTES + 4);
            assert_memory_equal(padded, plain, n - rdlen - 2);
            assert_int_equal(padded[n - rdlen - 2] << 8 | padded[n - rdlen - 1], m - n + rdlen);
            assert_memory_equal(padded + n - rdlen, plain + n - rdlen, rdlen);
            if (m > n) {
                assert_int_equal(padded[n] << 8 | padded[n + 1], 12);
                assert_int_equal(padded[n + 2] << 8 | padded[n + 3], m - n - 4);
            }
        }
        free(a);
    }
    sim_world_free(w);
}

static void test_bad_queries_are_not_answered(void **state)
{
    (void)state;
    uint8_t in[512], out[12];
    struct dns_query q;
    size_t len = write_query("example.com", true, in);
    assert_int_equal(dns_parse_query(in, 11, &q), DNS_PARSE_IGNORE);
    for (size_t cut = 12; cut + 11 < len; cut++) /* the OPT alone may be missing */
        assert_int_equal(dns_parse_query(in, cut, &q), DNS_PARSE_REFUSE);
    in[12] = 0xc0; /* a pointer has no place in a question */
    assert_int_equal(dns_parse_query(in, len, &q), DNS_PARSE_REFUSE);
    assert_int_equal(dns_write_error(in, 1, out), 12);
    assert_int_equal(out[3], 0x81);
    in[2] |= 0x80;
    assert_int_equal(dns_parse_query(in, len, &q), DNS_PARSE_IGNORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_can_be_found_back),
        cmocka_unit_test(test_hosted_record_is_the_same_at_its_target),
        cmocka_unit_test(test_shared_names_publish_nothing),
        cmocka_unit_test(test_siblings_show_wildcards),
        cmocka_unit_test(test_soa_of_negative_answers),
        cmocka_unit_test(test_large_answers_are_truncated),
        cmocka_unit_test(test_padding_fills_blocks),
        cmocka_unit_test(test_bad_queries_are_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
