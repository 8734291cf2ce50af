/* Units of simnet's cache of leaf certificates. */
#include "tests/simnet/leaf_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <openssl/x509v3.h>

#include <cmocka.h>

static struct sim_ca *ca;

static int make_ca(void **state)
{
    (void)state;
    return sim_ca_new(NULL, &ca) ? 0 : -1;
}

static int free_ca(void **state)
{
    (void)state;
    sim_ca_free(ca);
    return 0;
}

static struct sim_cert cert_for(const char *name)
{
    struct sim_cert cert;
    memset(&cert, 0, sizeof cert);
    snprintf(cert.cn, sizeof cert.cn, "%s", name);
    snprintf(cert.san[0], sizeof cert.san[0], "%s", name);
    cert.san_count = 1;
    cert.not_after_h = 24;
    return cert;
}

static const struct ca_leaf *take(struct leaf_cache *cache, const char *name)
{
    struct sim_cert cert = cert_for(name);
    const struct ca_leaf *leaf = leaf_cache_take(cache, &cert);
    assert_non_null(leaf);
    return leaf;
}

static bool is_for(const struct ca_leaf *leaf, const char *name)
{
    char cn[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf->cert), NID_commonName, cn, sizeof cn);
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf->cert, NID_subject_alt_name, NULL, NULL);
    assert_non_null(names);
    assert_int_equal(sk_GENERAL_NAME_num(names), 1);
    const ASN1_STRING *san = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), NULL);
    bool same = (size_t)ASN1_STRING_length(san) == strlen(name) &&
                memcmp(ASN1_STRING_get0_data(san), name, strlen(name)) == 0 &&
                strcmp(cn, name) == 0;
    GENERAL_NAMES_free(names);
    return same;
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    struct leaf_cache *cache = leaf_cache_create(ca, 2);
    leaf_cache_release(take(cache, "a.example"));
    leaf_cache_release(take(cache, "b.example"));
    leaf_cache_release(take(cache, "a.example"));
    assert_int_equal(leaf_cache_issued(cache), 2);
    leaf_cache_release(take(cache, "c.example")); /* instead of b */
    leaf_cache_release(take(cache, "a.example"));
    assert_int_equal(leaf_cache_issued(cache), 3);
    const struct ca_leaf *again = take(cache, "b.example"); /* instead of c */
    assert_int_equal(leaf_cache_issued(cache), 4);
    assert_true(is_for(again, "b.example"));
    leaf_cache_release(again);
    leaf_cache_free(cache);
}

static void test_held_leaf_stays(void **state)
{
    (void)state;
    struct leaf_cache *cache = leaf_cache_create(ca, 1);
    const struct ca_leaf *a = take(cache, "a.example");
    const struct ca_leaf *b = take(cache, "b.example");
    assert_true(is_for(a, "a.example"));
    assert_true(is_for(b, "b.example"));
    X509 *b_cert = b->cert;
    leaf_cache_release(b);
    const struct ca_leaf *c = take(cache, "c.example"); /* made from b, for a is held */
    assert_ptr_equal(c->cert, b_cert);
    assert_true(is_for(a, "a.example"));
    assert_true(is_for(c, "c.example"));
    leaf_cache_release(a);
    leaf_cache_release(c);
    leaf_cache_free(cache);
}

/* A certificate made from another one is as good as new, whatever it was before. */
static void test_reissued(void **state)
{
    (void)state;
    struct leaf_cache *cache = leaf_cache_create(ca, 1);
    const uint8_t *der;
    size_t len;
    ca_borrow_intermediate(ca, &der, &len);
    X509 *intermediate = d2i_X509(NULL, &der, (long)len);
    struct sim_cert weak = cert_for("weak.example");
    weak.key = SIM_KEY_RSA1024;
    weak.issuer = SIM_ISSUER_SELF_SIGNED;
    weak.sha1_signature = true;
    const struct ca_leaf *leaf = leaf_cache_take(cache, &weak);
    assert_int_equal(X509_self_signed(leaf->cert, 1), 1);
    leaf_cache_release(leaf);

    leaf = take(cache, "good.example");
    assert_true(is_for(leaf, "good.example"));
    assert_int_equal(X509_verify(leaf->cert, X509_get0_pubkey(intermediate)), 1);
    assert_int_equal(X509_get_signature_nid(leaf->cert), NID_ecdsa_with_SHA256);
    assert_ptr_equal(X509_get0_pubkey(leaf->cert), leaf->key);
    /* What a client reads from the wire says the same. */
    unsigned char *wire = NULL;
    int wire_len = i2d_X509(leaf->cert, &wire);
    const unsigned char *p = wire;
    X509 *seen = d2i_X509(NULL, &p, wire_len);
    assert_non_null(seen);
    assert_int_equal(X509_verify(seen, X509_get0_pubkey(intermediate)), 1);
    assert_int_equal(X509_check_host(seen, "good.example", 0, 0, NULL), 1);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(seen), leaf->key), 1);
    X509_free(seen);
    OPENSSL_free(wire);
    X509_free(intermediate);
    leaf_cache_release(leaf);
    leaf_cache_free(cache);
}

static void test_every_flaw_is_another_leaf(void **state)
{
    (void)state;
    struct leaf_cache *cache = leaf_cache_create(ca, 16);
    struct sim_cert cert = cert_for("a.example");
    leaf_cache_release(leaf_cache_take(cache, &cert));
    cert.issuer = SIM_ISSUER_UNKNOWN_ROOT;
    leaf_cache_release(leaf_cache_take(cache, &cert));
    cert.not_after_h = 48;
    leaf_cache_release(leaf_cache_take(cache, &cert));
    cert.san_count = 0;
    leaf_cache_release(leaf_cache_take(cache, &cert));
    cert.sha1_signature = true;
    leaf_cache_release(leaf_cache_take(cache, &cert));
    assert_int_equal(leaf_cache_issued(cache), 5);
    leaf_cache_release(leaf_cache_take(cache, &cert));
    assert_int_equal(leaf_cache_issued(cache), 5);
    leaf_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_recently_used_goes),
        cmocka_unit_test(test_held_leaf_stays),
        cmocka_unit_test(test_reissued),
        cmocka_unit_test(test_every_flaw_is_another_leaf),
    };
    return cmocka_run_group_tests_name("leaf_cache", tests, make_ca, free_ca);
}
