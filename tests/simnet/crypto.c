#include "tests/simnet/crypto.h"

#include "tests/simnet/kdf13.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

enum { FUNCTIONS_MAX = 32 }; /* of one algorithm; X25519 has 17 in OpenSSL 3.0 */

#define PROPERTIES "provider=simnet"

/* OpenSSL calls the functions of a provider with what its algorithms need, so that nothing of ours
 * can be handed through there: these are had once and never change. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_LIB_CTX *library;
static OSSL_PROVIDER *usual;
static void *pair; /* X25519 */
static OSSL_FUNC_keymgmt_dup_fn *copy_pair;
static OSSL_DISPATCH x25519_keys[FUNCTIONS_MAX + 1];

static const OSSL_ALGORITHM kdfs[] = {
    {"TLS13-KDF", PROPERTIES, kdf13_functions, NULL},
    {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM keys[] = {
    {"X25519", PROPERTIES, x25519_keys, NULL},
    {NULL, NULL, NULL, NULL},
};
/* Keys are used by algorithms of their own provider alone. */
static OSSL_ALGORITHM exchanges[] = {
    {"X25519", PROPERTIES, NULL, NULL},
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

/* ---- X25519 --------------------------------------------------------------------------------- */

static void *give_pair(void *genctx, OSSL_CALLBACK *cb, void *arg)
{
    (void)genctx;
    (void)cb;
    (void)arg;
    return copy_pair(pair, OSSL_KEYMGMT_SELECT_KEYPAIR);
}

static bool make_pair(OSSL_FUNC_keymgmt_gen_init_fn *begin, OSSL_FUNC_keymgmt_gen_fn *generate,
                      OSSL_FUNC_keymgmt_gen_cleanup_fn *end)
{
    void *ctx = begin(OSSL_PROVIDER_get0_provider_ctx(usual), OSSL_KEYMGMT_SELECT_KEYPAIR, NULL);
    if (ctx == NULL)
        return false;
    pair = generate(ctx, NULL, NULL);
    end(ctx);
    return pair != NULL;
}

/* The usual functions, but that a generated pair is always the one made here. */
static bool take_keys(const OSSL_DISPATCH *functions)
{
    OSSL_FUNC_keymgmt_gen_init_fn *begin = NULL;
    OSSL_FUNC_keymgmt_gen_fn *generate = NULL;
    OSSL_FUNC_keymgmt_gen_cleanup_fn *end = NULL;
    size_t n = 0;
    for (const OSSL_DISPATCH *f = functions; f->function_id != 0; f++) {
        if (n == FUNCTIONS_MAX)
            return false;
        x25519_keys[n] = *f;
        switch (f->function_id) {
        case OSSL_FUNC_KEYMGMT_GEN_INIT:
            begin = OSSL_FUNC_keymgmt_gen_init(f);
            break;
        case OSSL_FUNC_KEYMGMT_GEN:
            generate = OSSL_FUNC_keymgmt_gen(f);
            x25519_keys[n].function = (void (*)(void))give_pair;
            break;
        case OSSL_FUNC_KEYMGMT_GEN_CLEANUP:
            end = OSSL_FUNC_keymgmt_gen_cleanup(f);
            break;
        case OSSL_FUNC_KEYMGMT_DUP:
            copy_pair = OSSL_FUNC_keymgmt_dup(f);
            break;
        default:
            break;
        }
        n++;
    }
    return begin != NULL && generate != NULL && end != NULL && copy_pair != NULL &&
           make_pair(begin, generate, end);
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
    exchanges[0].implementation = functions_of(OSSL_OP_KEYEXCH, "X25519");
    return kdf13_init(digests, OSSL_PROVIDER_get0_provider_ctx(usual)) && x25519 != NULL &&
           exchanges[0].implementation != NULL && take_keys(x25519);
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
