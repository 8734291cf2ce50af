#include "tests/simnet/crypto.h"

#include "tests/simnet/kdf13.h"
#include "tests/simnet/x25519.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

#define PROPERTIES "provider=simnet"

/* OpenSSL calls the functions of a provider with what its algorithms need, so that nothing of ours
 * can be handed through there: these are had once and never change. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_LIB_CTX *library;
static OSSL_PROVIDER *usual;

static const OSSL_ALGORITHM kdfs[] = {
    {"TLS13-KDF", PROPERTIES, kdf13_functions, NULL},
    {NULL, NULL, NULL, NULL},
};
static OSSL_ALGORITHM keys[] = {
    {"X25519", PROPERTIES, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM exchanges[] = {
    {"X25519", PROPERTIES, x25519_exchange, NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- the provider --------------------------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KDF:
        return kdfs;
    case OSSL_OP_KEYMGMT:
        return keys;
    case OSSL_OP_KEYEXCH:
        return exchanges;
    default:
        return NULL;
    }
}

/* The groups of TLS: OpenSSL takes those from a provider of which it has the keys. */
static int get_capabilities(void *provctx, const char *capability, OSSL_CALLBACK *cb, void *arg)
{
    (void)provctx;
    return OSSL_PROVIDER_get_capabilities(usual, capability, cb, arg);
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **provctx)
{
    typedef void (*any_fn)(void);
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (any_fn)query},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (any_fn)get_capabilities},
        {0, NULL},
    };
    (void)handle;
    (void)in;
    *out = functions;
    *provctx = OSSL_PROVIDER_get0_provider_ctx(usual);
    return 1;
}

/* ---- the context ---------------------------------------------------------------------------- */

/* Of an operation of the usual provider, the functions of the algorithm with that first name. */
static const OSSL_DISPATCH *functions_of(int operation, const char *name)
{
    int no_cache;
    size_t len = strlen(name);
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(usual, operation, &no_cache);
    for (; a != NULL && a->algorithm_names != NULL; a++)
        if (strncmp(a->algorithm_names, name, len) == 0 &&
            (a->algorithm_names[len] == ':' || a->algorithm_names[len] == '\0'))
            return a->implementation;
    return NULL;
}

static bool gather(void)
{
    int no_cache;
    const OSSL_ALGORITHM *digests = OSSL_PROVIDER_query_operation(usual, OSSL_OP_DIGEST, &no_cache);
    const OSSL_DISPATCH *x25519 = functions_of(OSSL_OP_KEYMGMT, "X25519");
    void *provctx = OSSL_PROVIDER_get0_provider_ctx(usual);
    bool ok = kdf13_init(digests, provctx) && x25519 != NULL && x25519_init(x25519, provctx);
    keys[0].implementation = x25519_keys();
    return ok;
}

static void make(void)
{
    OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
    if (ctx != NULL)
        usual = OSSL_PROVIDER_load(ctx, "default");
    if (usual != NULL && gather() && OSSL_PROVIDER_add_builtin(ctx, "simnet", init) == 1 &&
        OSSL_PROVIDER_load(ctx, "simnet") != NULL)
        library = ctx;
    else
        OSSL_LIB_CTX_free(ctx);
}

OSSL_LIB_CTX *sim_crypto(void)
{
    return CRYPTO_THREAD_run_once(&once, make) == 1 ? library : NULL;
}
