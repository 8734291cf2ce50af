/* The simulated world: pure, in proportion, and true to its own table of classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/simnet/classes.h"
#include "tests/simnet/dnswire.h"
#include "tests/simnet/names.h"
#include "tests/simnet/normalize.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/truth_rules.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 40000 };

static struct sim_world *world_of(uint64_t seed, double adoption)
{
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {.seed = seed, .adoption_pct = adoption};
    assert_true(sim_world_new(&o, &w, &why));
    return w;
}

static void name_of(unsigned i, char out[SIM_NAME_MAX])
{
    static const char *const tlds[] = {"com", "de", "co.uk", "nl", "ru", "org", "gov"};
    snprintf(out, SIM_NAME_MAX, "name%u.%s", i, tlds[i % (sizeof tlds / sizeof tlds[0])]);
}

static struct sim_domain *build(const struct sim_world *w, const char *name,
                                enum sim_truth_mode mode)
{
    struct sim_domain *d = malloc(sizeof *d);
    assert_non_null(d);
    memset(d, 0xa5, sizeof *d); /* servers build one domain where another was */
    sim_domain_build(w, name, d);
    sim_truth_judge(d, mode);
    return d;
}

static void test_same_name_same_domain(void **state)
{
    (void)state;
    struct sim_world *one = world_of(7, 100), *two = world_of(7, 100), *other = world_of(8, 100);
    unsigned differ = 0;
    for (unsigned i = 0; i < 2000; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *a = build(one, name, SIM_TRUTH_FULL);
        struct sim_domain *b = build(two, name, SIM_TRUTH_FULL);
        struct sim_domain *c = build(other, name, SIM_TRUTH_FULL);
        assert_true(sim_codes_equal(&a->codes, &b->codes));
        assert_int_equal(a->adopter, b->adopter);
        if (a->adopter) {
            assert_int_equal(a->host.http.body_len, b->host.http.body_len);
            assert_memory_equal(a->host.http.body, b->host.http.body, a->host.http.body_len);
            assert_memory_equal(&a->host.tls, &b->host.tls, sizeof a->host.tls);
            assert_int_equal(a->mx[0].addr[0], b->mx[0].addr[0]);
        }
        differ += !sim_codes_equal(&a->codes, &c->codes);
        free(a);
        free(b);
        free(c);
    }
    assert_true(differ > 1000); /* another seed is another world */
    sim_world_free(one);
    sim_world_free(two);
    sim_world_free(other);
}

/* FNV-1a over what the truth says of a name. */
static uint64_t add_truth(uint64_t hash, const struct sim_domain *d)
{
    const char *parts[] = {d->name, sim_adoption_name(d->adoption), sim_verdict_name(d->verdict)};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (const char *p = parts[i]; *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        for (const char *p = sim_code_name(c); sim_codes_has(&d->codes, c) && *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    return hash;
}

/*
 * A world stays as it is, whatever is added to the next: golden results depend on it. When this
 * fails because classes or proportions have changed, they belong to a new version (README.md). When
 * it fails because a rule of the truth was wrong, the new fingerprint goes in here, with the reason
 * in the commit.
 */
static void test_worlds_stay_as_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        uint64_t fingerprint;
    } worlds[] = {
        {"imc2025-v1", UINT64_C(0xbed8522682b702f6)}, {"2026-v1", UINT64_C(0xfd6f39e017b02743)},
        {"imc2025-v2", UINT64_C(0xf625c10d7ea75f65)}, {"imc2025-v3", UINT64_C(0xf625c10d7ea75f65)},
        {"2026-v2", UINT64_C(0x1706a593b05462de)},
    };
    for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        const char *why;
        struct sim_world *w;
        struct sim_world_options o = {.version = worlds[i].version, .seed = 7, .adoption_pct = 50};
        assert_true(sim_world_new(&o, &w, &why));
        for (unsigned k = 0; k < NAMES; k++) {
            char name[SIM_NAME_MAX];
            name_of(k, name);
            struct sim_domain *d = build(w, name, k % 3 ? SIM_TRUTH_FULL : SIM_TRUTH_DEEP);
            hash = add_truth(hash, d);
            free(d);
        }
        if (hash != worlds[i].fingerprint)
            fail_msg("%s is another world: %016llx", worlds[i].version, (unsigned long long)hash);
        sim_world_free(w);
    }
}

static void test_unknown_world_is_refused(void **state)
{
    (void)state;
    const char *why = NULL;
    struct sim_world *w;
    struct sim_world_options o = {.version = "imc1999", .adoption_pct = -1};
    assert_false(sim_world_new(&o, &w, &why));
    assert_non_null(why);
    o = (struct sim_world_options){.adoption_pct = 101};
    assert_false(sim_world_new(&o, &w, &why));
}

static void test_adoption_share(void **state)
{
    (void)state;
    struct sim_world *w = world_of(1, -1);
    unsigned adopters = 0, ru = 0, ru_adopters = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        bool adopts = sim_domain_adopts(w, name);
        adopters += adopts;
        ru += i % 7 == 4;
        ru_adopters += i % 7 == 4 && adopts;
    }
    /* 0.07 to 1.2 % by top-level domain, about 0.7 % in all (IMC 2025). */
    assert_in_range(adopters, 1000, 2000);
    assert_true(ru_adopters * 500 < ru);
    sim_world_free(w);
}

/* 29.6 % of adopters are misconfigured; every class of the table occurs, and what a class names is
 * in the truth unless a stage before it hides it. */
static void test_classes_occur_with_their_codes(void **state)
{
    (void)state;
    const char *why;
    struct sim_world *w;
    struct sim_world_options o = {.version = "imc2025-v2", .seed = 1, .adoption_pct = 100};
    assert_true(sim_world_new(&o, &w, &why));
    unsigned *seen = calloc(sim_class_count(), sizeof *seen);
    unsigned adopters = 0, faults = 0;
    assert_non_null(seen);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        struct sim_domain *deep = build(w, name, SIM_TRUTH_DEEP);
        adopters += d->adopter;
        for (unsigned c = 0; d->cls != NULL && c < sim_class_count(); c++)
            seen[c] += d->cls == sim_class(c);
        faults += d->cls != NULL && d->cls->kind == SIM_CLASS_FAULT;
        for (size_t k = 0; d->cls != NULL && k < SIM_CLASS_CODES_MAX && d->cls->codes[k]; k++)
            assert_true(sim_codes_has(&d->codes, d->cls->codes[k]) ||
                        sim_codes_has(&deep->codes, d->cls->codes[k]));
        free(deep);
        free(d);
    }
    for (unsigned c = 0; c < sim_class_count(); c++)
        if (seen[c] == 0 && sim_class(c)->kind != SIM_CLASS_STUCK)
            fail_msg("class %s never occurs", sim_class(c)->name);
    assert_in_range(faults * 1000 / adopters, 280, 312);
    free(seen);
    sim_world_free(w);
}

/* Members of a group share address and certificate, and nobody else has them. */
static void test_groups(void **state)
{
    (void)state;
    enum { SIZE = 10, MEMBERS = 80 };
    const char *why;
    struct sim_world *w, *without;
    struct sim_world_options o = {.seed = 5, .group_size = SIZE};
    assert_true(sim_world_new(&o, &w, &why));
    o.group_size = 0;
    assert_true(sim_world_new(&o, &without, &why));
    unsigned own = 0, h1 = 0, wrong = 0;
    uint32_t addr = 0;
    for (unsigned i = 0; i < MEMBERS; i++) {
        char name[SIM_NAME_MAX], first[SIM_NAME_MAX], host[SIM_NAME_MAX], listed[SIM_NAME_MAX];
        snprintf(name, sizeof name, "m%u.mixed.example", i);
        snprintf(first, sizeof first, "mta-sts.m%u.mixed.example", i / SIZE * SIZE);
        sim_name_join("mta-sts", name, host);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        const struct sim_cert *cert = &d->host.tls.cert;
        assert_true(d->adopter);
        assert_string_equal(cert->san[0], first);
        assert_int_equal(cert->series, SIZE);
        assert_true(sim_cert_series_name(cert, i % SIZE, listed));
        assert_string_equal(listed, host);
        assert_true(i % SIZE == 0 ? d->host.addr[0] != addr : d->host.addr[0] == addr);
        addr = d->host.addr[0];
        own += d->host.http.own_connection;
        h1 += !d->host.http.h2;
        wrong += d->cls != NULL;
        free(d);
        d = build(without, name, SIM_TRUTH_FULL);
        assert_false(d->adopter);
        free(d);
    }
    assert_int_equal(own, MEMBERS / 10);
    assert_int_equal(wrong, MEMBERS / 10);
    assert_int_equal(h1, MEMBERS / 4);
    static const char *const others[] = {"m1x.mixed.example", "m01.mixed.example",
                                         "m.mixed.example", "n1.mixed.example",
                                         "m123456789.mixed.example"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct sim_domain *d = build(w, others[i], SIM_TRUTH_FULL);
        assert_true(!d->adopter || d->host.tls.cert.series == 0);
        free(d);
    }
    sim_world_free(w);
    sim_world_free(without);
}

static bool blames(const struct sim_codes *codes)
{
    for (enum stage stage = STAGE_DNS; stage < STAGE_TLSRPT; stage++)
        if (sim_codes_has_rule(codes, stage, RULE_VOID) ||
            sim_codes_has_rule(codes, stage, RULE_MX))
            return true;
    return false;
}

static void check_truth(const struct sim_domain *d)
{
    bool bad = blames(&d->codes);
    switch (d->verdict) {
    case SIM_PROTECTED:
    case SIM_READY:
        assert_false(bad);
        break;
    case SIM_UNPROTECTED:
    case SIM_DEGRADED:
    case SIM_UNDELIVERABLE:
    case SIM_WOULD_BLOCK:
        assert_true(bad);
        assert_true(d->cause != SIM_CODE_NONE);
        break;
    case SIM_NOT_APPLICABLE:
    case SIM_OFF:
        assert_int_equal(d->cause, SIM_CODE_NONE);
        break;
    default:
        break;
    }
    for (int c = 0; c < FINDING_CODE_COUNT; c++)
        if (sim_codes_has(&d->codes, c))
            assert_true(sim_code_effect(c) != EFFECT_STATE);
    if (d->cause != SIM_CODE_NONE)
        assert_true(sim_codes_has(&d->codes, d->cause));
}

static void test_truth_is_coherent(void **state)
{
    (void)state;
    struct sim_world *dense = world_of(3, 100), *sparse = world_of(3, -1);
    for (unsigned i = 0; i < NAMES / 2; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        enum sim_truth_mode mode = i % 2 ? SIM_TRUTH_DNS_ONLY : SIM_TRUTH_FULL;
        struct sim_domain *d = build(i % 3 ? dense : sparse, name, mode);
        check_truth(d);
        if (mode == SIM_TRUTH_DNS_ONLY)
            for (int c = 0; c < FINDING_CODE_COUNT; c++)
                if (sim_codes_has(&d->codes, c))
                    assert_true(sim_code_stage(c) == STAGE_DNS ||
                                sim_code_stage(c) == STAGE_TLSRPT);
        free(d);
    }
    sim_world_free(dense);
    sim_world_free(sparse);
}

/* No alarm on what is in order. */
static void test_healthy_domains_have_no_alarm(void **state)
{
    (void)state;
    struct sim_world *w = world_of(5, 100);
    for (unsigned i = 0; i < NAMES / 2; i++) {
        char name[SIM_NAME_MAX];
        name_of(i, name);
        struct sim_domain *d = build(w, name, SIM_TRUTH_FULL);
        for (int c = 0; d->adopter && d->cls == NULL && c < FINDING_CODE_COUNT; c++) {
            if (!sim_codes_has(&d->codes, c))
                continue;
            enum effect effect = sim_code_effect(c);
            assert_true(effect == EFFECT_WEAK || effect == EFFECT_INFO);
        }
        free(d);
    }
    sim_world_free(w);
}

/* ---- the zone -------------------------------------------------------------------------------- */

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

/* ---- input names ----------------------------------------------------------------------------- */

static void test_normalize(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: invalid */
    } cases[] = {
        {"Example.COM.", "example.com"},
        {"  a.b\r", "a.b"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"stra\xc3\x9f"
         "e.de",
         "xn--strae-oqa.de"}, /* nontransitional keeps the sharp s */
        {"foo_bar.com", "foo_bar.com"},
        {"r3---sn-x.example", "r3---sn-x.example"},
        {"", NULL},
        {".", NULL},
        {"com", NULL},
        {"a..b", NULL},
        {"192.0.2.1", NULL},
        {"a b.com", NULL},
        {"a\xff.com", NULL},
        {"http://a.com", NULL},
        {"1234567890123456789012345678901234567890123456789012345678901234.com", NULL},
    };
    char out[SIM_NAME_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool ok = sim_normalize(cases[i].in, strlen(cases[i].in), out);
        assert_int_equal(ok, cases[i].out != NULL);
        if (ok)
            assert_string_equal(out, cases[i].out);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_printed_names_are_valid_and_unique(void **state)
{
    (void)state;
    char *text = NULL, *names[5000], line[SIM_NAME_MAX];
    size_t size = 0, n = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(sim_names_print(42, 5000, out));
    fclose(out);
    for (char *save = NULL, *p = strtok_r(text, "\n", &save); p != NULL;
         p = strtok_r(NULL, "\n", &save)) {
        names[n] = strchr(p, ',') + 1;
        assert_true(sim_normalize(names[n], strlen(names[n]), line));
        n++;
    }
    assert_int_equal(n, 5000);
    qsort(names, n, sizeof names[0], compare);
    for (size_t i = 1; i < n; i++)
        assert_string_not_equal(names[i - 1], names[i]);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_name_same_domain),
        cmocka_unit_test(test_worlds_stay_as_they_are),
        cmocka_unit_test(test_unknown_world_is_refused),
        cmocka_unit_test(test_adoption_share),
        cmocka_unit_test(test_classes_occur_with_their_codes),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_truth_is_coherent),
        cmocka_unit_test(test_healthy_domains_have_no_alarm),
        cmocka_unit_test(test_hosts_can_be_found_back),
        cmocka_unit_test(test_hosted_record_is_the_same_at_its_target),
        cmocka_unit_test(test_shared_names_publish_nothing),
        cmocka_unit_test(test_siblings_show_wildcards),
        cmocka_unit_test(test_soa_of_negative_answers),
        cmocka_unit_test(test_large_answers_are_truncated),
        cmocka_unit_test(test_padding_fills_blocks),
        cmocka_unit_test(test_bad_queries_are_not_answered),
        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_printed_names_are_valid_and_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
