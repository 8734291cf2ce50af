#include "tests/unit/random_chains.h"

#include "scanner/net/tls_crypto.h"
#include "tests/unit/net_pki.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_S = 86400 };

static bool chance(struct sim_draw *d, uint32_t per_cent)
{
    return sim_draw_below(d, 100) < per_cent;
}

/* ---- keys ----------------------------------------------------------------------------------- */

void chain_keys_make(struct chain_keys *k)
{
    size_t n = 0;
    k->key[n++] = EVP_RSA_gen(2048);
    k->key[n++] = EVP_RSA_gen(2048);
    k->key[n++] = EVP_RSA_gen(1024);
    for (int i = 0; i < 3; i++)
        k->key[n++] = EVP_EC_gen("P-256");
    k->key[n++] = EVP_EC_gen("P-384");
    k->key[n++] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    k->key[n++] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(n, CHAIN_KEYS);
    for (size_t i = 0; i < n; i++)
        assert_non_null(k->key[i]);
}

void chain_keys_free(struct chain_keys *k)
{
    for (size_t i = 0; i < CHAIN_KEYS; i++)
        EVP_PKEY_free(k->key[i]);
}

static EVP_PKEY *any_key(const struct chain_keys *k, struct sim_draw *d)
{
    return k->key[sim_draw_below(d, CHAIN_KEYS)];
}

/* A fault of so many per cent. Three certificates of five, and two ways to serve of five, are
 * without any, or nothing would ever be in order. */
static bool fault(bool plain, struct sim_draw *d, uint32_t per_cent)
{
    return !plain && chance(d, per_cent);
}

/* ---- certificates --------------------------------------------------------------------------- */

struct party {
    char name[16];
    EVP_PKEY *key;
    char key_id[16]; /* hex digits, empty: says none */
};

struct wanted {
    const struct party *subject, *issuer;
    bool authority;
};

static void set_name(X509_NAME *name, const struct party *p)
{
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)p->name, -1, -1, 0);
}

static void add_der(X509 *x, int nid, int critical, const uint8_t *der, size_t len)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)len), 1);
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, nid, critical, value);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
}

static void add_authority_key_id(X509 *x, const char *key_id)
{
    AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
    long len;
    uint8_t *bytes = OPENSSL_hexstr2buf(key_id, &len);
    akid->keyid = ASN1_OCTET_STRING_new();
    ASN1_STRING_set0(akid->keyid, bytes, (int)len);
    assert_int_equal(X509_add1_ext_i2d(x, NID_authority_key_identifier, akid, 0, 0), 1);
    AUTHORITY_KEYID_free(akid);
}

/* Good for a year around CHAIN_TIME, or not; at times to the second. */
static void set_times(X509 *x, bool plain, struct sim_draw *d)
{
    int64_t from = -180 * DAY_S, until = 180 * DAY_S;
    uint32_t roll = plain ? 100 : sim_draw_below(d, 100);
    if (roll < 6)
        until = -DAY_S;
    else if (roll < 11)
        from = DAY_S;
    else if (roll < 13)
        until = sim_draw_below(d, 3) - 1;
    else if (roll < 15)
        from = sim_draw_below(d, 3) - 1;
    ASN1_TIME_set(X509_getm_notBefore(x), CHAIN_TIME + from);
    ASN1_TIME_set(X509_getm_notAfter(x), CHAIN_TIME + until);
    if (roll == 15)
        ASN1_STRING_set(X509_getm_notBefore(x), "9Z", 2);
    else if (roll == 16)
        ASN1_STRING_set(X509_getm_notAfter(x), "9Z", 2);
}

static void set_extensions(X509 *x, const struct wanted *w, bool plain, struct sim_draw *d)
{
    /* Of any language (RFC 3820), one deep; policy 1.2.3.4. */
    static const uint8_t proxy[] = {0x30, 0x0f, 2, 1, 1, 0x30, 0x0a, 6, 8,
                                    0x2b, 6,    1, 5, 5, 7,    0x15, 0};
    static const uint8_t policies[] = {0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 4};
    uint32_t roll = plain ? 50 : sim_draw_below(d, 100);
    if (w->authority && roll >= 4)
        pki_add_extension(x, NID_basic_constraints,
                          roll < 8 ? "critical,CA:TRUE,pathlen:0" : "critical,CA:TRUE");
    else if (roll % 2 == 0)
        pki_add_extension(x, NID_basic_constraints, "CA:FALSE");
    roll = plain ? 50 : sim_draw_below(d, 100);
    if (w->authority && roll < 85)
        pki_add_extension(x, NID_key_usage,
                          roll < 5 ? "critical,digitalSignature" : "critical,keyCertSign");
    else if (roll < 93)
        pki_add_extension(x, NID_key_usage, "digitalSignature");
    if (!w->authority)
        pki_add_extension(x, NID_subject_alt_name, "DNS:a.example,DNS:b.example");
    if (!w->authority && fault(plain, d, 15))
        pki_add_extension(x, NID_ext_key_usage, chance(d, 50) ? "serverAuth" : "clientAuth");
    if (w->authority && fault(plain, d, 3))
        pki_add_extension(x, NID_name_constraints, "critical,permitted;DNS:c.example");
    if (fault(plain, d, 2))
        add_der(x, NID_proxyCertInfo, 1, proxy, sizeof proxy);
    if (fault(plain, d, 2))
        pki_add_extension(x, NID_netscape_comment, "critical,not supported");
    if (fault(plain, d, 3))
        add_der(x, NID_certificate_policies, 0, policies, sizeof policies);
    if (w->subject->key_id[0] != '\0')
        pki_add_extension(x, NID_subject_key_identifier, w->subject->key_id);
    if (w->issuer->key_id[0] != '\0' && chance(d, 60))
        add_authority_key_id(x, fault(plain, d, 5) ? "EE" : w->issuer->key_id);
}

static void set_key(X509 *x, EVP_PKEY *key, bool plain, struct sim_draw *d)
{
    static const char garbage[] = "\x04 no point of the curve";
    X509_set_pubkey(x, key);
    if (fault(plain, d, 3))
        X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x), OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
                               V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1),
                               OPENSSL_memdup(garbage, sizeof garbage), sizeof garbage);
}

static void sign(X509 *x, EVP_PKEY *key, struct sim_draw *d)
{
    static const char *const digests[] = {"SHA256", "SHA256", "SHA256", "SHA384", "SHA1", "MD5"};
    const char *name = digests[sim_draw_below(d, 6)];
    if (strcmp(name, "MD5") == 0 && !EVP_PKEY_is_a(key, "RSA"))
        name = "SHA256";
    const EVP_MD *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_get_digestbyname(name);
    assert_true(X509_sign(x, key, digest) > 0);
}

/* Another signature under the same text: a bit of it, its algorithm, its length in bits. */
static void change_signature(X509 *x, struct sim_draw *d)
{
    const ASN1_BIT_STRING *bits;
    const X509_ALGOR *algorithm;
    X509_get0_signature(&bits, &algorithm, x);
    ASN1_BIT_STRING *own = (ASN1_BIT_STRING *)(uintptr_t)bits;
    switch (sim_draw_below(d, 4)) {
    case 0:
        X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)algorithm,
                        OBJ_nid2obj(NID_sha512WithRSAEncryption), V_ASN1_NULL, NULL);
        break;
    case 1:
        own->flags = (own->flags & ~7L) | ASN1_STRING_FLAG_BITS_LEFT | 4;
        own->data[own->length - 1] &= 0xf0;
        break;
    default:
        own->data[sim_draw_below(d, (uint32_t)own->length)] ^=
            (uint8_t)(1U << sim_draw_below(d, 8));
        break;
    }
}

static struct chain_cert encode(X509 *x)
{
    struct chain_cert out = {.der = NULL};
    out.len = i2d_X509(x, &out.der);
    assert_true(out.len > 0);
    return out;
}

static struct chain_cert make_cert(const struct wanted *w, const struct chain_keys *k,
                                   struct sim_draw *d)
{
    bool plain = chance(d, 60);
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + (long)sim_draw_below(d, 1000));
    set_name(X509_get_subject_name(x), w->subject);
    set_name(X509_get_issuer_name(x), w->issuer);
    set_times(x, plain, d);
    set_key(x, w->subject->key, plain, d);
    set_extensions(x, w, plain, d);
    sign(x, fault(plain, d, 6) ? any_key(k, d) : w->issuer->key, d);
    if (fault(plain, d, 6))
        change_signature(x, d);
    struct chain_cert out = encode(x);
    X509_free(x);
    return out;
}

static struct chain_cert changed(const struct chain_cert *c, struct sim_draw *d)
{
    const uint8_t *p = c->der;
    X509 *x = d2i_X509(NULL, &p, c->len);
    assert_non_null(x);
    change_signature(x, d);
    struct chain_cert out = encode(x);
    X509_free(x);
    return out;
}

/* ---- worlds --------------------------------------------------------------------------------- */

/* Mostly a name of its own; else one that another may have, too. */
static struct party draw_party(const struct chain_keys *k, size_t level, struct sim_draw *d)
{
    struct party p = {.key = any_key(k, d)};
    size_t number = chance(d, 90) ? level : sim_draw_below(d, 4);
    snprintf(p.name, sizeof p.name, "CA %zu", number);
    if (chance(d, 40))
        snprintf(p.key_id, sizeof p.key_id, "%04zX", number);
    return p;
}

static size_t draw_length(struct sim_draw *d)
{
    if (chance(d, 4))
        return 10 + sim_draw_below(d, CHAIN_AUTHORITIES_MAX - 9);
    return sim_draw_below(d, 5);
}

static void make_near(struct chain_world *w, const struct party *party, const struct chain_keys *k,
                      struct sim_draw *d)
{
    while (w->n_near < sizeof w->near / sizeof *w->near && chance(d, 60)) {
        struct chain_cert *out = &w->near[w->n_near++];
        size_t i = w->n_authorities == 0 ? 0 : sim_draw_below(d, (uint32_t)w->n_authorities);
        struct party twin = party[i], other = draw_party(k, 30, d);
        switch (sim_draw_below(d, 4)) {
        case 0: /* another key under this name */
            twin.key = any_key(k, d);
            *out = make_cert(&(struct wanted){&twin, i > 0 ? &party[i - 1] : &twin, true}, k, d);
            break;
        case 1: /* the same key, certified by somebody else */
            *out = make_cert(&(struct wanted){&twin, &other, true}, k, d);
            break;
        case 2:
            *out = changed(w->n_authorities == 0 ? &w->leaf[0] : &w->authority[i], d);
            break;
        default:
            *out = changed(&w->leaf[sim_draw_below(d, CHAIN_LEAVES)], d);
            break;
        }
    }
}

void chain_world_make(struct chain_world *w, const struct chain_keys *k, struct sim_draw *d)
{
    struct party party[CHAIN_AUTHORITIES_MAX + 1];
    *w = (struct chain_world){.n_authorities = draw_length(d)};
    for (size_t i = 0; i <= w->n_authorities; i++)
        party[i] = draw_party(k, i, d);
    for (size_t i = 0; i < w->n_authorities; i++)
        w->authority[i] =
            make_cert(&(struct wanted){&party[i], &party[i > 0 ? i - 1 : 0], true}, k, d);
    for (size_t i = 0; i < CHAIN_LEAVES; i++) {
        struct party leaf = {.name = "leaf", .key = any_key(k, d)};
        const struct party *issuer = w->n_authorities > 0 ? &party[w->n_authorities - 1] : &leaf;
        w->leaf[i] = make_cert(&(struct wanted){&leaf, issuer, false}, k, d);
    }
    make_near(w, party, k, d);
}

void chain_world_free(struct chain_world *w)
{
    for (size_t i = 0; i < CHAIN_LEAVES; i++)
        OPENSSL_free(w->leaf[i].der);
    for (size_t i = 0; i < w->n_authorities; i++)
        OPENSSL_free(w->authority[i].der);
    for (size_t i = 0; i < w->n_near; i++)
        OPENSSL_free(w->near[i].der);
}

/* ---- cases ---------------------------------------------------------------------------------- */

static void draw_served(struct chain_case *c, const struct chain_world *w, bool plain,
                        struct sim_draw *d)
{
    c->served[c->n_served++] = &w->leaf[sim_draw_below(d, CHAIN_LEAVES)];
    for (size_t i = w->n_authorities; i-- > 0;)
        if (i > 0 ? !fault(plain, d, 5) : chance(d, 25))
            c->served[c->n_served++] = &w->authority[i];
    for (size_t i = 0; i < w->n_near; i++) {
        if (!fault(plain, d, 30))
            continue;
        size_t at = sim_draw_below(d, (uint32_t)c->n_served); /* whose place it takes */
        c->served[c->n_served++] = c->served[at];
        c->served[at] = &w->near[i];
    }
}

static void draw_anchors(struct chain_case *c, const struct chain_world *w, bool plain,
                         struct sim_draw *d)
{
    if (w->n_authorities > 0 && !fault(plain, d, 15))
        c->anchor[c->n_anchors++] = &w->authority[0];
    if (w->n_authorities > 1 && fault(plain, d, 10))
        c->anchor[c->n_anchors++] = &w->authority[sim_draw_below(d, (uint32_t)w->n_authorities)];
    if (w->n_near > 0 && fault(plain, d, 10))
        c->anchor[c->n_anchors++] = &w->near[sim_draw_below(d, (uint32_t)w->n_near)];
    if (fault(plain, d, 4))
        c->anchor[c->n_anchors++] = &w->leaf[0];
}

void chain_case_draw(struct chain_case *c, const struct chain_world *w, struct sim_draw *d)
{
    static const struct {
        unsigned long flag;
        uint32_t per_cent;
    } flags[] = {
        {X509_V_FLAG_PARTIAL_CHAIN, 15}, {X509_V_FLAG_CHECK_SS_SIGNATURE, 10},
        {X509_V_FLAG_X509_STRICT, 10},   {X509_V_FLAG_NO_ALT_CHAINS, 5},
        {X509_V_FLAG_NO_CHECK_TIME, 5},  {X509_V_FLAG_ALLOW_PROXY_CERTS, 10},
        {X509_V_FLAG_POLICY_CHECK, 5},   {X509_V_FLAG_IGNORE_CRITICAL, 10},
        {X509_V_FLAG_SUITEB_128_LOS, 1},
    };
    static const time_t times[] = {0, CHAIN_TIME - 400 * (time_t)DAY_S,
                                   CHAIN_TIME + 400 * (time_t)DAY_S};
    *c = (struct chain_case){.at = CHAIN_TIME, .depth = -1, .stop_at = -1, .purpose = "ssl_server"};
    bool plain = chance(d, 40);
    draw_served(c, w, plain, d);
    draw_anchors(c, w, plain, d);
    if (plain)
        return;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (chance(d, flags[i].per_cent))
            c->flags |= flags[i].flag;
    if (chance(d, 12))
        c->at = times[sim_draw_below(d, 3)];
    if (chance(d, 8))
        c->depth = (int)sim_draw_below(d, 3);
    c->auth_level = chance(d, 20) ? 1 + (int)sim_draw_below(d, 2) : 0;
    if (chance(d, 15))
        c->purpose = NULL;
    c->host = chance(d, 10) ? (chance(d, 50) ? "a.example" : "z.example") : NULL;
    if (chance(d, 15))
        c->stop_at = (int)sim_draw_below(d, 8);
}

/* ---- contexts ------------------------------------------------------------------------------- */

static X509 *parse(const struct chain_cert *c)
{
    X509 *x = tls_crypto_certificate(c->der, (size_t)c->len);
    assert_non_null(x);
    return x;
}

struct chain_ctx chain_ctx_new(const struct chain_case *c)
{
    struct chain_ctx x = {X509_STORE_CTX_new_ex(tls_crypto(), NULL), X509_STORE_new(),
                          sk_X509_new_null()};
    for (size_t i = 0; i < c->n_anchors; i++) {
        X509 *cert = parse(c->anchor[i]);
        assert_int_equal(X509_STORE_add_cert(x.store, cert), 1);
        X509_free(cert);
    }
    for (size_t i = 0; i < c->n_served; i++)
        assert_true(sk_X509_push(x.served, parse(c->served[i])) > 0);
    assert_int_equal(X509_STORE_CTX_init(x.ctx, x.store, sk_X509_value(x.served, 0), x.served), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(x.ctx);
    if (c->purpose != NULL)
        X509_STORE_CTX_set_default(x.ctx, c->purpose);
    X509_VERIFY_PARAM_set_flags(param, c->flags);
    X509_VERIFY_PARAM_set_auth_level(param, c->auth_level);
    if (c->at != 0)
        X509_STORE_CTX_set_time(x.ctx, 0, c->at);
    if (c->depth >= 0)
        X509_STORE_CTX_set_depth(x.ctx, c->depth);
    if (c->host != NULL)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(param, c->host, 0), 1);
    return x;
}

void chain_ctx_free(struct chain_ctx *x)
{
    X509_STORE_CTX_free(x->ctx);
    X509_STORE_free(x->store);
    sk_X509_pop_free(x->served, X509_free);
}
