#include "tests/simnet/kdf13.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum {
    HASH_MAX_BYTES = 48,
    BLOCK_MAX_BYTES = 128,
    LABEL_MAX_BYTES = 255,   /* RFC 8446 section 7.1: HkdfLabel.label, prefix included */
    CONTEXT_MAX_BYTES = 255, /* HkdfLabel.context */
    INFO_MAX_BYTES = 2 + 1 + LABEL_MAX_BYTES + 1 + CONTEXT_MAX_BYTES,
};

struct hash {
    const char *name;
    size_t bytes, block_bytes;
    OSSL_FUNC_digest_newctx_fn *create;
    OSSL_FUNC_digest_freectx_fn *destroy;
    OSSL_FUNC_digest_init_fn *init;
    OSSL_FUNC_digest_update_fn *update;
    OSSL_FUNC_digest_final_fn *final;
};

/* OpenSSL calls a KDF with nothing of ours but what newctx() returns, and newctx() with what
 * belongs to the provider of the digests: these are filled once and never change. */
static struct hash hashes[] = {
    {.name = "SHA256", .bytes = 32, .block_bytes = 64},
    {.name = "SHA384", .bytes = 48, .block_bytes = 128},
};
static void *hash_provider;

struct bytes {
    const uint8_t *p;
    size_t len;
};

/* ---- what is computed ------------------------------------------------------------------------ */

/* A hash and the context that it works in. */
struct work {
    const struct hash *hash;
    void *ctx;
};

static bool digest_two(const struct work *w, const uint8_t *block, struct bytes text, uint8_t *out)
{
    size_t len;
    return w->hash->init(w->ctx, NULL) && w->hash->update(w->ctx, block, w->hash->block_bytes) &&
           w->hash->update(w->ctx, text.p, text.len) &&
           w->hash->final(w->ctx, out, &len, w->hash->bytes);
}

/* RFC 2104. No key of TLS 1.3 is longer than a block. */
static bool hmac(const struct work *w, struct bytes key, struct bytes text, uint8_t *out)
{
    uint8_t inner[BLOCK_MAX_BYTES], outer[BLOCK_MAX_BYTES], digest[HASH_MAX_BYTES];
    if (key.len > w->hash->block_bytes)
        return false;
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < key.len; i++) {
        inner[i] ^= key.p[i];
        outer[i] ^= key.p[i];
    }
    return digest_two(w, inner, text, digest) &&
           digest_two(w, outer, (struct bytes){digest, w->hash->bytes}, out);
}

/* HKDF-Expand (RFC 5869 section 2.3). */
static bool expand(const struct work *w, struct bytes secret, struct bytes info, uint8_t *out,
                   size_t len)
{
    uint8_t text[HASH_MAX_BYTES + INFO_MAX_BYTES + 1], block[HASH_MAX_BYTES];
    size_t before = 0;
    if (len > 255 * w->hash->bytes)
        return false;
    for (uint8_t i = 1; len > 0; i++) {
        size_t n = len < w->hash->bytes ? len : w->hash->bytes;
        memcpy(text, block, before);
        memcpy(text + before, info.p, info.len);
        text[before + info.len] = i;
        if (!hmac(w, secret, (struct bytes){text, before + info.len + 1}, block))
            return false;
        memcpy(out, block, n);
        out += n;
        len -= n;
        before = w->hash->bytes;
    }
    return true;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static struct bytes octets(const OSSL_PARAM params[], const char *name)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
    const void *value;
    size_t len;
    if (p == NULL || !OSSL_PARAM_get_octet_string_ptr(p, &value, &len))
        return (struct bytes){0};
    return (struct bytes){value, len};
}

static const struct hash *hash_of(const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_DIGEST);
    const char *name;
    if (p == NULL || !OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return NULL;
    if (strncmp(name, "SHA2-", 5) == 0) /* its other name */
        name += 5;
    else if (strncmp(name, "SHA", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (strcmp(hashes[i].name + 3, name) == 0)
            return &hashes[i];
    return NULL;
}

/* HkdfLabel (RFC 8446 section 7.1); 0: too long. */
static size_t write_info(const OSSL_PARAM params[], struct bytes context, size_t len,
                         uint8_t info[INFO_MAX_BYTES])
{
    struct bytes prefix = octets(params, OSSL_KDF_PARAM_PREFIX);
    struct bytes label = octets(params, OSSL_KDF_PARAM_LABEL);
    uint8_t *at = info;
    if (prefix.len > LABEL_MAX_BYTES || label.len > LABEL_MAX_BYTES - prefix.len ||
        context.len > CONTEXT_MAX_BYTES || len > UINT16_MAX || prefix.p == NULL || label.p == NULL)
        return 0;
    *at++ = (uint8_t)(len >> 8);
    *at++ = (uint8_t)len;
    *at++ = (uint8_t)(prefix.len + label.len);
    memcpy(at, prefix.p, prefix.len);
    memcpy(at + prefix.len, label.p, label.len);
    at += prefix.len + label.len;
    *at++ = (uint8_t)context.len;
    if (context.len > 0)
        memcpy(at, context.p, context.len);
    return (size_t)(at - info) + context.len;
}

static bool expand_label(const struct work *w, const OSSL_PARAM params[], struct bytes secret,
                         struct bytes context, uint8_t *out, size_t len)
{
    uint8_t info[INFO_MAX_BYTES];
    size_t n = write_info(params, context, len, info);
    return n > 0 && expand(w, secret, (struct bytes){info, n}, out, len);
}

/* The next secret of the schedule: HKDF-Extract of the new one, salted with what is derived from
 * the one before (RFC 8446 section 7.1). An absent one is of zeros. */
static bool extract(const struct work *w, const OSSL_PARAM params[], uint8_t *out, size_t len)
{
    static const uint8_t zeros[HASH_MAX_BYTES];
    struct bytes before = octets(params, OSSL_KDF_PARAM_SALT);
    struct bytes secret = octets(params, OSSL_KDF_PARAM_KEY);
    uint8_t nothing[HASH_MAX_BYTES], salt[HASH_MAX_BYTES];
    size_t n, bytes = w->hash->bytes;
    if (len != bytes)
        return false;
    if (secret.p == NULL)
        secret = (struct bytes){zeros, bytes};
    if (before.p == NULL)
        return hmac(w, (struct bytes){0}, secret, out);
    return w->hash->init(w->ctx, NULL) && w->hash->final(w->ctx, nothing, &n, bytes) &&
           expand_label(w, params, before, (struct bytes){nothing, bytes}, salt, bytes) &&
           hmac(w, (struct bytes){salt, bytes}, secret, out);
}

/* ---- the algorithm --------------------------------------------------------------------------- */

static OSSL_FUNC_kdf_newctx_fn create;
static OSSL_FUNC_kdf_freectx_fn destroy;
static OSSL_FUNC_kdf_derive_fn derive;

static void *create(void *provctx)
{
    (void)provctx;
    return hashes; /* no context is needed, but it must not be NULL */
}

static void destroy(void *ctx)
{
    (void)ctx;
}

static int derive(void *ctx, unsigned char *key, size_t len, const OSSL_PARAM params[])
{
    const OSSL_PARAM *mode = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_MODE);
    struct work w = {.hash = hash_of(params)};
    int kind;
    bool ok = false;
    (void)ctx;
    if (w.hash == NULL || mode == NULL || !OSSL_PARAM_get_int(mode, &kind))
        return 0;
    w.ctx = w.hash->create(hash_provider);
    if (w.ctx == NULL)
        return 0;
    if (kind == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
        ok = extract(&w, params, key, len);
    else if (kind == EVP_KDF_HKDF_MODE_EXPAND_ONLY)
        ok = expand_label(&w, params, octets(params, OSSL_KDF_PARAM_KEY),
                          octets(params, OSSL_KDF_PARAM_DATA), key, len);
    w.hash->destroy(w.ctx);
    return ok;
}

typedef void (*any_fn)(void);
const OSSL_DISPATCH kdf13_functions[] = {
    {OSSL_FUNC_KDF_NEWCTX, (any_fn)create},
    {OSSL_FUNC_KDF_FREECTX, (any_fn)destroy},
    {OSSL_FUNC_KDF_DERIVE, (any_fn)derive},
    {0, NULL},
};

/* ---- digests --------------------------------------------------------------------------------- */

static bool hash_init(struct hash *hash, const OSSL_DISPATCH *functions)
{
    for (const OSSL_DISPATCH *f = functions; f->function_id != 0; f++) {
        switch (f->function_id) {
        case OSSL_FUNC_DIGEST_NEWCTX:
            hash->create = OSSL_FUNC_digest_newctx(f);
            break;
        case OSSL_FUNC_DIGEST_FREECTX:
            hash->destroy = OSSL_FUNC_digest_freectx(f);
            break;
        case OSSL_FUNC_DIGEST_INIT:
            hash->init = OSSL_FUNC_digest_init(f);
            break;
        case OSSL_FUNC_DIGEST_UPDATE:
            hash->update = OSSL_FUNC_digest_update(f);
            break;
        case OSSL_FUNC_DIGEST_FINAL:
            hash->final = OSSL_FUNC_digest_final(f);
            break;
        default:
            break;
        }
    }
    return hash->create && hash->destroy && hash->init && hash->update && hash->final;
}

bool kdf13_init(const OSSL_ALGORITHM *digests, void *provctx)
{
    hash_provider = provctx;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        const OSSL_ALGORITHM *a = digests;
        while (a != NULL && a->algorithm_names != NULL &&
               strstr(a->algorithm_names, hashes[i].name) == NULL)
            a++;
        if (a == NULL || a->algorithm_names == NULL || !hash_init(&hashes[i], a->implementation))
            return false;
    }
    return true;
}
