#include "scanner/net/tls_crypto.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

enum { ALGORITHMS_MAX = 256 }; /* kept of a kind; OpenSSL 3.0 has 12 decoders that fit */

/* One kind of algorithm, thinned out: what has any of the words in its names is left out, and what
 * lacks any of the properties. */
struct thinned {
    int operation;
    const char *without[12], *only[2];
    OSSL_ALGORITHM kept[ALGORITHMS_MAX + 1]; /* ends with one without a name */
};

/* OpenSSL calls the functions of a provider with what its algorithms need, so that nothing of ours
 * can be handed through there: these are had once and never change. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_PROVIDER *full; /* all that the default provider has, in a context of its own */
static OSSL_LIB_CTX *library;
static struct thinned thinned[] = {
    {.operation = OSSL_OP_DECODER, .only = {"input=der", "structure=SubjectPublicKeyInfo"}},
    /* No cipher suite of TLS is in these modes of operation. */
    {.operation = OSSL_OP_CIPHER,
     .without = {"-ECB", "-CFB", "-OFB", "-CTR", "-CTS", "-XTS", "-OCB", "-SIV", "WRAP"}},
    /* Keys of what is no public key; HMAC stays, which TLS 1.2 holds as one. */
    {.operation = OSSL_OP_KEYMGMT,
     .without = {"SIPHASH", "POLY1305", "CMAC", "TLS1-PRF", "HKDF", "SCRYPT"}},
};

/* ---- the provider --------------------------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(full, operation, no_cache);
    (void)provctx;
    for (size_t i = 0; i < sizeof thinned / sizeof *thinned; i++)
        if (thinned[i].operation == operation)
            return thinned[i].kept;
    return all;
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    (void)provctx;
    return OSSL_PROVIDER_gettable_params(full);
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    (void)provctx;
    return OSSL_PROVIDER_get_params(full, params);
}

/* The groups that OpenSSL 3.0 offers unless it is told to offer others (IANA, TLS Supported
 * Groups). Each context for connections holds a description of every group that there is, in 200
 * pieces, and asks it for nothing but these. */
static bool is_offered(unsigned group)
{
    static const unsigned offered[] = {
        23,  24,  25,           /* secp256r1, secp384r1, secp521r1 */
        29,  30,                /* x25519, x448 */
        256, 257, 258, 259, 260 /* ffdhe2048 to ffdhe8192 */
    };
    for (size_t i = 0; i < sizeof offered / sizeof *offered; i++)
        if (offered[i] == group)
            return true;
    return false;
}

struct receiver {
    OSSL_CALLBACK *cb;
    void *arg;
};

static int pass_group(const OSSL_PARAM params[], void *arg)
{
    const struct receiver *r = arg;
    const OSSL_PARAM *id = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ID);
    unsigned group = 0;
    if (id != NULL && OSSL_PARAM_get_uint(id, &group) == 1 && !is_offered(group))
        return 1;
    return r->cb(params, r->arg);
}

static int get_capabilities(void *provctx, const char *capability, OSSL_CALLBACK *cb, void *arg)
{
    struct receiver r = {cb, arg};
    (void)provctx;
    if (strcmp(capability, "TLS-GROUP") != 0)
        return OSSL_PROVIDER_get_capabilities(full, capability, cb, arg);
    return OSSL_PROVIDER_get_capabilities(full, capability, pass_group, &r);
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provctx)
{
    typedef void (*any_fn)(void);
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (any_fn)gettable_params},
        {OSSL_FUNC_PROVIDER_GET_PARAMS, (any_fn)get_params},
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (any_fn)query},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (any_fn)get_capabilities},
        {0, NULL},
    };
    (void)handle;
    (void)in;
    *out = functions;
    *provctx = OSSL_PROVIDER_get0_provider_ctx(full);
    return 1;
}

/* ---- the context ---------------------------------------------------------------------------- */

static bool is_needed(const struct thinned *t, const OSSL_ALGORITHM *a)
{
    for (const char *const *word = t->without; *word != NULL; word++)
        if (strstr(a->algorithm_names, *word) != NULL)
            return false;
    for (size_t i = 0; i < sizeof t->only / sizeof *t->only; i++)
        if (t->only[i] != NULL && strstr(a->property_definition, t->only[i]) == NULL)
            return false;
    return true;
}

/* False: the provider has more, or nothing, of that kind; it is another one than is known here. */
static bool thin_out(struct thinned *t)
{
    int no_cache;
    size_t n = 0;
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(full, t->operation, &no_cache);
    for (; a != NULL && a->algorithm_names != NULL; a++) {
        if (!is_needed(t, a))
            continue;
        if (n == ALGORITHMS_MAX)
            return false;
        t->kept[n++] = *a;
    }
    return n > 0;
}

static void make(void)
{
    OSSL_LIB_CTX *inner = OSSL_LIB_CTX_new(), *outer = OSSL_LIB_CTX_new();
    if (inner != NULL)
        full = OSSL_PROVIDER_load(inner, "default");
    bool ok = outer != NULL && full != NULL;
    for (size_t i = 0; ok && i < sizeof thinned / sizeof *thinned; i++)
        ok = thin_out(&thinned[i]);
    if (ok && OSSL_PROVIDER_add_builtin(outer, "certificates", init) == 1 &&
        OSSL_PROVIDER_load(outer, "certificates") != NULL)
        library = outer;
    else
        OSSL_LIB_CTX_free(outer);
}

OSSL_LIB_CTX *tls_crypto(void)
{
    return CRYPTO_THREAD_run_once(&once, make) == 1 ? library : NULL;
}

X509 *tls_crypto_certificate(const uint8_t *der, size_t len)
{
    X509 *cert = X509_new_ex(tls_crypto(), NULL);
    return cert != NULL ? d2i_X509(&cert, &der, (long)len) : NULL; /* frees it when it fails */
}

OSSL_LIB_CTX *tls_crypto_enter(void)
{
    return OSSL_LIB_CTX_set0_default(library);
}

void tls_crypto_leave(OSSL_LIB_CTX *entered)
{
    OSSL_LIB_CTX_set0_default(entered);
}
