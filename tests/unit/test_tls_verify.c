/* Units of scanner/net/tls_verify.c, tls_cert.c and tls_trust.c: handshakes in memory. */
#include "scanner/net/tls_crypto.h"
#include "scanner/net/tls_verify.h"
#include "tests/unit/net_world.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pkcs7.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static signatures *known; /* NULL in the first run, then one cache for all tests */

/* Shakes hands with a server set up as t says; the caller releases the record. */
static void shake(struct net_world *w, const struct net_tls *t, const char *host,
                  struct tls_record *rec)
{
    SSL_CTX *client_ctx = SSL_CTX_new_ex(tls_crypto(), NULL, TLS_client_method());
    SSL_CTX *server_ctx = net_tls_ctx(t);
    BIO *a, *b;
    assert_int_equal(tls_verify_setup(client_ctx, w->trust), ST_OK);
    SSL *client = SSL_new(client_ctx), *server = SSL_new(server_ctx);
    assert_int_equal(BIO_new_bio_pair(&a, (size_t)1 << 20, &b, (size_t)1 << 20), 1);
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_tlsext_host_name(client, host);
    tls_record_init(rec, &w->arena, w->trust);
    rec->signatures = known;
    assert_int_equal(tls_verify_attach(client, rec), ST_OK);
    for (int i = 0; i < 10; i++) {
        ERR_clear_error();
        SSL_do_handshake(client);
        ERR_clear_error();
        SSL_do_handshake(server);
    }
    tls_record_end(rec, rec->established ? TLS_END_OK : tls_record_failure(rec), host);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    ERR_clear_error();
}

/* What the verifier says of `leaf`, served with the intermediate. */
static struct tls_facts facts_of(struct net_world *w, const struct pki_spec *spec, const char *host)
{
    struct pki_cert leaf = pki_make(spec);
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    shake(w, &t, host, &rec);
    tls_record_release(&rec);
    pki_free(&leaf);
    assert_int_equal(rec.facts.end, TLS_END_OK);
    return rec.facts;
}

static void test_valid(void **state)
{
    struct net_world *w = *state;
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.end, TLS_END_OK);
    assert_int_equal(rec.facts.cert_errors, 0);
    assert_int_equal(rec.facts.verify_code, 0);
    assert_int_equal(rec.facts.name, NAME_MATCH_OK);
    assert_true(tls_facts_valid(&rec.facts));
    assert_null(rec.facts.error);
    assert_string_equal(rec.facts.cipher, "TLS_AES_256_GCM_SHA384");
    int64_t now = (int64_t)time(NULL);
    assert_true(rec.facts.not_before_s > now - 3700 && rec.facts.not_before_s < now - 3500);
    assert_true(rec.facts.not_after_s > now + 89L * 86400);
    assert_int_equal(rec.names.n, 2);
    assert_string_equal(rec.names.dns[0], NET_HOST);
    assert_string_equal(rec.names.dns[1], "*.wild.example");
    assert_string_equal(rec.names.cn, NET_HOST);
    assert_false(rec.names.truncated);

    assert_int_equal(rec.chain->n, 2);
    assert_false(rec.chain->truncated);
    uint8_t *der = NULL, sha256[32];
    int len = i2d_X509(w->leaf.x509, &der);
    assert_int_equal(rec.chain->cert[0].len, len);
    assert_memory_equal(rec.chain->cert[0].der, der, (size_t)len);
    X509_digest(w->leaf.x509, EVP_sha256(), sha256, NULL);
    assert_memory_equal(rec.chain->cert[0].sha256, sha256, 32);
    OPENSSL_free(der);

    struct cert_chain *kept = cert_chain_ref(rec.chain);
    tls_record_release(&rec);
    assert_int_equal(kept->n, 2);
    cert_chain_unref(kept);
    cert_chain_unref(NULL);
}

static void test_times(void **state)
{
    struct net_world *w = *state;
    struct pki_spec spec = {.san = "DNS:" NET_HOST, .issuer = &w->intermediate};
    spec.from_s = -200;
    spec.until_s = -100;
    struct tls_facts f = facts_of(w, &spec, NET_HOST);
    assert_int_equal(f.cert_errors, CERT_EXPIRED);
    assert_int_equal(f.verify_code, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_false(tls_facts_valid(&f));
    spec.from_s = 1000;
    spec.until_s = 2000;
    f = facts_of(w, &spec, NET_HOST);
    assert_int_equal(f.cert_errors, CERT_NOT_YET_VALID);
    spec.from_s = -100;
    spec.until_s = 100;
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, 0);
}

static void test_issuers(void **state)
{
    struct net_world *w = *state;
    struct pki_spec spec = {.cn = "self", .san = "DNS:" NET_HOST};
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED);
    spec.from_s = -200;
    spec.until_s = -100;
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED | CERT_EXPIRED);
    spec = (struct pki_spec){.cn = "leaf", .san = "DNS:" NET_HOST, .issuer = &w->other_root};
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_UNTRUSTED);

    /* The unknown root comes along. */
    struct pki_cert leaf = pki_make(&spec);
    struct net_tls t = {.leaf = &leaf, .extra = {&w->other_root}, .n_extra = 1};
    struct tls_record rec;
    shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.cert_errors, CERT_UNTRUSTED);
    assert_int_equal(rec.facts.verify_code, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    assert_int_equal(rec.chain->n, 2);
    tls_record_release(&rec);
    pki_free(&leaf);

    /* Issued by what is no authority. */
    spec.issuer = &w->leaf;
    leaf = pki_make(&spec);
    t = (struct net_tls){.leaf = &leaf, .extra = {&w->leaf, &w->intermediate}, .n_extra = 2};
    shake(w, &t, NET_HOST, &rec);
    assert_true((rec.facts.cert_errors & CERT_INVALID_OTHER) != 0);
    assert_false(tls_facts_valid(&rec.facts));
    tls_record_release(&rec);
    pki_free(&leaf);
}

static void test_weak(void **state)
{
    struct net_world *w = *state;
    struct pki_spec spec = {.san = "DNS:" NET_HOST, .issuer = &w->intermediate, .rsa_bits = 1024};
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_WEAK_KEY);
    spec.rsa_bits = 2048;
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, 0);
    spec.digest = "SHA1";
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_WEAK_SIGNATURE);
    /* Nobody relies on a root's signature on itself, nor on a self-signed leaf's. */
    spec.issuer = NULL;
    spec.cn = "self";
    assert_int_equal(facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED);
}

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
        struct tls_facts f = facts_of(w, &spec, c[i].host);
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
    shake(w, &t, NET_HOST, &rec);
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
        shake(w, &t, "h999.many.example", &rec);
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
        shake(w, &t, NET_HOST, &rec);
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
    shake(w, &t, NET_HOST, &rec);
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
    shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.end, TLS_END_FAILED);
    assert_non_null(rec.facts.error);
    assert_null(rec.chain);
    tls_record_release(&rec);
    pki_free(&leaf);
}

/* ---- AIA ------------------------------------------------------------------------------------ */

#define AIA_URL "http://ca.example/intermediate.crt"

/* A record of a server that leaves its intermediate out. */
static struct tls_record incomplete(struct net_world *w, const char *aia, long until_s)
{
    struct pki_cert leaf = pki_make(&(struct pki_spec){.san = "DNS:" NET_HOST,
                                                       .issuer = &w->intermediate,
                                                       .aia = aia,
                                                       .from_s = -1000,
                                                       .until_s = until_s});
    struct net_tls t = {.leaf = &leaf};
    struct tls_record rec;
    shake(w, &t, NET_HOST, &rec);
    pki_free(&leaf);
    return rec;
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
        struct tls_record rec = incomplete(w, c[i].aia, 1000);
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
    shake(w, &t, NET_HOST, &rec);
    assert_null(rec.aia_url);
    tls_record_release(&rec);
    pki_free(&leaf);
}

static void test_mending(void **state)
{
    struct net_world *w = *state;
    struct tls_record rec = incomplete(w, NULL, 1000), old = incomplete(w, NULL, -500);
    int64_t now = (int64_t)time(NULL);
    uint8_t *der = NULL, *other = NULL, *bundle = NULL;
    bool mended;
    int der_len = i2d_X509(w->intermediate.x509, &der);
    int other_len = i2d_X509(w->other_root.x509, &other);
    PKCS7 *p7 = PKCS7_new();
    PKCS7_set_type(p7, NID_pkcs7_signed);
    PKCS7_content_new(p7, NID_pkcs7_data);
    PKCS7_add_certificate(p7, w->other_root.x509);
    PKCS7_add_certificate(p7, w->intermediate.x509);
    int bundle_len = i2d_PKCS7(p7, &bundle);
    assert_int_equal(rec.facts.cert_errors, CERT_UNTRUSTED);
    assert_int_equal(old.facts.cert_errors, CERT_UNTRUSTED | CERT_EXPIRED);

    assert_int_equal(tls_verify_with(w->trust, rec.chain, der, (size_t)der_len, now, &mended),
                     ST_OK);
    assert_true(mended);
    assert_int_equal(tls_verify_with(w->trust, rec.chain, bundle, (size_t)bundle_len, now, &mended),
                     ST_OK);
    assert_true(mended);
    assert_int_equal(tls_verify_with(w->trust, rec.chain, other, (size_t)other_len, now, &mended),
                     ST_OK);
    assert_false(mended);
    /* Expired as well: that has a fault of its own. */
    assert_int_equal(tls_verify_with(w->trust, old.chain, der, (size_t)der_len, now, &mended),
                     ST_OK);
    assert_true(mended);
    for (size_t cut = 0; cut < 3; cut++) {
        assert_int_equal(
            tls_verify_with(w->trust, rec.chain, der, (size_t)der_len / 3 * cut, now, &mended),
            ST_INVALID);
        assert_false(mended);
    }
    PKCS7_free(p7);
    OPENSSL_free(der);
    OPENSSL_free(other);
    OPENSSL_free(bundle);
    tls_record_release(&rec);
    tls_record_release(&old);
}

/* ---- stapled OCSP --------------------------------------------------------------------------- */

/* A response for the world's leaf, signed by `signer`. */
static size_t make_ocsp(const struct net_world *w, int status, const struct pki_cert *signer,
                        uint8_t **der)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), w->leaf.x509, w->intermediate.x509);
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, 3600);
    assert_non_null(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                           status == V_OCSP_CERTSTATUS_REVOKED ? now : NULL, now,
                                           next));
    assert_int_equal(OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    *der = NULL;
    int len = i2d_OCSP_RESPONSE(response, der);
    assert_true(len > 0);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    return (size_t)len;
}

static void test_stapled(void **state)
{
    struct net_world *w = *state;
    const struct {
        int status;
        const struct pki_cert *signer;
        uint32_t want;
    } c[] = {
        {V_OCSP_CERTSTATUS_GOOD, &w->intermediate, 0},
        {V_OCSP_CERTSTATUS_REVOKED, &w->intermediate, CERT_REVOKED},
        {V_OCSP_CERTSTATUS_UNKNOWN, &w->intermediate, 0},
        {V_OCSP_CERTSTATUS_REVOKED, &w->other_root, 0}, /* anybody could say that */
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            uint8_t *der;
            struct net_tls t = net_world_tls(w);
            struct tls_record rec;
            t.ocsp_len = make_ocsp(w, c[i].status, c[i].signer, &der);
            t.ocsp = der;
            t.max_version = version;
            shake(w, &t, NET_HOST, &rec);
            assert_int_equal(rec.facts.end, TLS_END_OK);
            assert_int_equal(rec.facts.cert_errors, c[i].want);
            tls_record_release(&rec);
            OPENSSL_free(der);
        }
    }
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.ocsp = (const uint8_t *)"garbage";
    t.ocsp_len = 7;
    shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.end, TLS_END_OK);
    assert_int_equal(rec.facts.cert_errors, 0);
    tls_record_release(&rec);
}

/* ---- what is negotiated --------------------------------------------------------------------- */

static void test_weak_ciphers(void **state)
{
    struct net_world *w = *state;
    struct pki_cert leaf = pki_make(
        &(struct pki_spec){.san = "DNS:" NET_HOST, .issuer = &w->intermediate, .rsa_bits = 2048});
    static const char *const ciphers[] = {"AES128-SHA", "DHE-RSA-AES128-SHA", "AES256-SHA256"};
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        struct net_tls t = net_world_tls(w);
        struct tls_record rec;
        t.leaf = &leaf;
        t.max_version = TLS1_2_VERSION;
        t.ciphers = ciphers[i];
        shake(w, &t, NET_HOST, &rec);
        assert_int_equal(rec.facts.end, TLS_END_OK);
        assert_int_equal(rec.facts.cert_errors, 0);
        tls_record_release(&rec);
    }
    pki_free(&leaf);
}

static void test_trust(void **state)
{
    tls_trust *t;
    (void)state;
    assert_int_equal(tls_trust_new("/nonexistent", &t), ST_NOT_FOUND);
    assert_null(t);
    assert_int_equal(tls_trust_new("/dev/null", &t), ST_NOT_FOUND);
    assert_null(t);
    tls_trust_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_issuers),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_chain_caps),
        cmocka_unit_test(test_huge_certificate),
        cmocka_unit_test(test_aia_url),
        cmocka_unit_test(test_mending),
        cmocka_unit_test(test_stapled),
        cmocka_unit_test(test_weak_ciphers),
        cmocka_unit_test(test_trust),
    };
    int failed = cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
    if (signatures_new(64, &known) != ST_OK)
        return 1;
    failed +=
        cmocka_run_group_tests_name("known signatures", tests, net_world_setup, net_world_teardown);
    struct signatures_counts counts = signatures_counts(known);
    failed += counts.hits == 0 || counts.misses == 0;
    signatures_free(known);
    return failed;
}
