/* Units of scanner/net/tls_verify.c and tls_trust.c: handshakes in memory, without known signatures
 * and with one cache of them for all tests. */
#include "tests/unit/tls_rig.h"

#include <openssl/ocsp.h>
#include <openssl/pkcs7.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_valid(void **state)
{
    struct net_world *w = *state;
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    tls_shake(w, &t, NET_HOST, &rec);
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
    struct tls_facts f = tls_facts_of(w, &spec, NET_HOST);
    assert_int_equal(f.cert_errors, CERT_EXPIRED);
    assert_int_equal(f.verify_code, X509_V_ERR_CERT_HAS_EXPIRED);
    assert_false(tls_facts_valid(&f));
    spec.from_s = 1000;
    spec.until_s = 2000;
    f = tls_facts_of(w, &spec, NET_HOST);
    assert_int_equal(f.cert_errors, CERT_NOT_YET_VALID);
    spec.from_s = -100;
    spec.until_s = 100;
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, 0);
}

static void test_issuers(void **state)
{
    struct net_world *w = *state;
    struct pki_spec spec = {.cn = "self", .san = "DNS:" NET_HOST};
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED);
    spec.from_s = -200;
    spec.until_s = -100;
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED | CERT_EXPIRED);
    spec = (struct pki_spec){.cn = "leaf", .san = "DNS:" NET_HOST, .issuer = &w->other_root};
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_UNTRUSTED);

    /* The unknown root comes along. */
    struct pki_cert leaf = pki_make(&spec);
    struct net_tls t = {.leaf = &leaf, .extra = {&w->other_root}, .n_extra = 1};
    struct tls_record rec;
    tls_shake(w, &t, NET_HOST, &rec);
    assert_int_equal(rec.facts.cert_errors, CERT_UNTRUSTED);
    assert_int_equal(rec.facts.verify_code, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    assert_int_equal(rec.chain->n, 2);
    tls_record_release(&rec);
    pki_free(&leaf);

    /* Issued by what is no authority. */
    spec.issuer = &w->leaf;
    leaf = pki_make(&spec);
    t = (struct net_tls){.leaf = &leaf, .extra = {&w->leaf, &w->intermediate}, .n_extra = 2};
    tls_shake(w, &t, NET_HOST, &rec);
    assert_true((rec.facts.cert_errors & CERT_INVALID_OTHER) != 0);
    assert_false(tls_facts_valid(&rec.facts));
    tls_record_release(&rec);
    pki_free(&leaf);
}

static void test_weak(void **state)
{
    struct net_world *w = *state;
    struct pki_spec spec = {.san = "DNS:" NET_HOST, .issuer = &w->intermediate, .rsa_bits = 1024};
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_WEAK_KEY);
    spec.rsa_bits = 2048;
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, 0);
    spec.digest = "SHA1";
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_WEAK_SIGNATURE);
    /* Nobody relies on a root's signature on itself, nor on a self-signed leaf's. */
    spec.issuer = NULL;
    spec.cn = "self";
    assert_int_equal(tls_facts_of(w, &spec, NET_HOST).cert_errors, CERT_SELF_SIGNED);
}

static void test_mending(void **state)
{
    struct net_world *w = *state;
    struct tls_record rec = tls_incomplete(w, NULL, 1000), old = tls_incomplete(w, NULL, -500);
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
            tls_shake(w, &t, NET_HOST, &rec);
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
    tls_shake(w, &t, NET_HOST, &rec);
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
        tls_shake(w, &t, NET_HOST, &rec);
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

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),        cmocka_unit_test(test_times),
        cmocka_unit_test(test_issuers),      cmocka_unit_test(test_weak),
        cmocka_unit_test(test_mending),      cmocka_unit_test(test_stapled),
        cmocka_unit_test(test_weak_ciphers), cmocka_unit_test(test_trust),
    };
    return cmocka_run_group_tests(tests, net_world_setup, net_world_teardown);
}

int main(void)
{
    return tls_run_twice(run);
}
