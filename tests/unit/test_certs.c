/* Units of scanner/output/certs.c and cert_line.c. */
#include "scanner/output/certs.h"

#include "scanner/net/tls_internal.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/writer_rig.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A chain of one self-signed certificate with the given names; serial tells them apart. */
static struct cert_chain *make_chain(EVP_PKEY *key, long serial, const char *san)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    ASN1_TIME_set(X509_getm_notBefore(x), 1700000000);
    ASN1_TIME_set(X509_getm_notAfter(x), 1800000000);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)"b\xc3\xbc\x07.example", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    assert_non_null(ext);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    STACK_OF(X509) *served = sk_X509_new_null();
    assert_true(sk_X509_push(served, x) > 0);
    struct cert_chain *c = cert_chain_new(EVP_sha256(), served);
    assert_non_null(c);
    sk_X509_pop_free(served, X509_free);
    return c;
}

static void test_certs_once(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("c.ndjson.zst"));
    writer *w = writer_of(name, &s);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    for (long i = 0; i < 3; i++) {
        struct cert_chain *c = make_chain(key, i, "DNS:mx.example,DNS:*.example,IP:192.0.2.1");
        writer_submit_chain(w, cert_chain_ref(c));
        writer_submit_chain(w, cert_chain_ref(c));
        writer_submit_chain(w, c);
    }
    EVP_PKEY_free(key);
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.certs, 3);
    struct bytes file = read_file(in_folder("c.certs.ndjson.zst")), text = unpack(file, file.len);
    assert_int_equal(count_lines(text), 3);
    json_t *cert = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(cert);
    assert_int_equal(strlen(json_string_value(json_object_get(cert, "sha256"))), 64);
    assert_string_equal(json_string_value(json_object_get(cert, "subject")),
                        "CN=b\xc3\xbc\\\\07.example");
    assert_int_equal(json_array_size(json_object_get(cert, "names")), 2);
    assert_string_equal(json_string_value(json_object_get(cert, "not_before")),
                        "2023-11-14T22:13:20.000Z");
    json_t *facts = json_object_get(cert, "key");
    assert_string_equal(json_string_value(json_object_get(facts, "type")), "EC");
    assert_int_equal(json_integer_value(json_object_get(facts, "bits")), 256);
    assert_string_equal(json_string_value(json_object_get(cert, "signature")), "ecdsa-with-SHA256");
    const char *pem = json_string_value(json_object_get(cert, "chain"));
    assert_int_equal(strncmp(pem, "-----BEGIN CERTIFICATE-----\n", 28), 0);
    json_decref(cert);
    free(text.p);
    free(file.p);
    drop_file("c.ndjson.zst");
    drop_file("c.certs.ndjson.zst");
}

/* Cut anywhere, whole lines: no frame is more than one block, however the lines come together. */
static void test_certs_cut(void **state)
{
    enum { NAMES = 700, CERTS = 60 };
    static const size_t names[] = {10, NAMES, 300};
    static char san[NAMES * 40];
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("cut.ndjson.zst"));
    writer *w = writer_of(name, &s);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    for (long i = 0; i < CERTS; i++) {
        size_t len = 0;
        for (size_t k = 0; k < names[i % 3]; k++)
            len += (size_t)snprintf(san + len, sizeof san - len, "%sDNS:mta-sts.m%zu.c%ld.example",
                                    k > 0 ? "," : "", k, i);
        writer_submit_chain(w, make_chain(key, i, san));
    }
    EVP_PKEY_free(key);
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.certs, CERTS);
    struct bytes file = read_file(in_folder("cut.certs.ndjson.zst")), all = unpack(file, file.len);
    assert_int_equal(count_lines(all), CERTS);
    assert_true(all.len > 2 * FRAME_BYTES_MAX);
    for (size_t cut = 0; cut < file.len; cut += 997) {
        struct bytes part = unpack(file, cut);
        assert_true(part.len == 0 || part.p[part.len - 1] == '\n');
        free(part.p);
    }
    free(all.p);
    free(file.p);
    drop_file("cut.ndjson.zst");
    drop_file("cut.certs.ndjson.zst");
}

/* A chain that is no line leaves the line of its leaf, with all that is known of that. */
static void test_certs_leaf_alone(void **state)
{
    (void)state;
    char error[256];
    certs *c;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct cert_chain *chain = make_chain(key, 1, "DNS:mx.example");
    uint8_t *large = calloc(1, CERT_LINE_MAX_BYTES);
    assert_non_null(large);
    struct cert_der two[] = {chain->cert[0], {.der = large, .len = CERT_LINE_MAX_BYTES}};
    struct cert_chain wide = {.n = 2, .leaf = chain->leaf, .cert = two};
    assert_int_equal(certs_open(in_folder("l.certs.ndjson.zst"), &c, error, sizeof error), ST_OK);
    assert_int_equal(certs_add(c, &wide), ST_OK);
    assert_int_equal(certs_written(c), 1);
    assert_int_equal(certs_sync(c), ST_OK);
    assert_int_equal(certs_close(c), ST_OK);
    struct bytes file = read_file(in_folder("l.certs.ndjson.zst")), text = unpack(file, file.len);
    json_t *line = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, NULL);
    assert_int_equal(json_array_size(json_object_get(line, "names")), 1);
    assert_non_null(json_string_value(json_object_get(line, "not_after")));
    json_decref(line);
    free(text.p);
    free(file.p);
    free(large);
    cert_chain_unref(chain);
    EVP_PKEY_free(key);
    drop_file("l.certs.ndjson.zst");
}

/* DER that nobody could read still has its hash and bytes. */
static void test_cert_broken(void **state)
{
    (void)state;
    uint8_t der[] = {0x30, 0x82, 0xff, 0xff, 0x00};
    struct cert_der one = {.der = der, .len = sizeof der};
    struct cert_chain c = {.n = 1, .cert = &one};
    struct strbuf out;
    strbuf_init(&out, 4096);
    assert_int_equal(cert_line(&c, &out), ST_OK);
    assert_non_null(strstr(out.p, "\"sha256\":\"00"));
    assert_non_null(strstr(out.p, "\"chain\":\"-----BEGIN"));
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certs_once),
        cmocka_unit_test(test_certs_cut),
        cmocka_unit_test(test_certs_leaf_alone),
        cmocka_unit_test(test_cert_broken),
    };
    return cmocka_run_group_tests(tests, writer_setup, temp_folder_remove);
}
