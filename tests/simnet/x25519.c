#include "tests/simnet/x25519.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_BYTES = 32,
    FUNCTIONS_MAX = 32, /* of the keys; OpenSSL 3.0 has 17 */
};

static uint8_t base_point[KEY_BYTES] = {9}; /* RFC 7748 section 4.1 */
static uint8_t one[KEY_BYTES] = {1};

/* OpenSSL calls the functions of a provider with what its algorithms need, so that nothing of ours
 * can be handed through there: these are had once and never change. */
static OSSL_DISPATCH keys[FUNCTIONS_MAX + 1];
static void *pair;
static OSSL_FUNC_keymgmt_dup_fn *copy_key;
static OSSL_FUNC_keymgmt_get_params_fn *get_params;

/* ---- keys ----------------------------------------------------------------------------------- */

static void *give_pair(void *genctx, OSSL_CALLBACK *cb, void *arg)
{
    (void)genctx;
    (void)cb;
    (void)arg;
    return copy_key(pair, OSSL_KEYMGMT_SELECT_KEYPAIR);
}

static bool make_pair(OSSL_FUNC_keymgmt_new_fn *create, OSSL_FUNC_keymgmt_import_fn *import,
                      void *provctx)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, base_point, sizeof base_point),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, one, sizeof one),
        OSSL_PARAM_END,
    };
    pair = create(provctx);
    return pair != NULL && import(pair, OSSL_KEYMGMT_SELECT_KEYPAIR, params);
}

bool x25519_init(const OSSL_DISPATCH *functions, void *provctx)
{
    OSSL_FUNC_keymgmt_new_fn *create = NULL;
    OSSL_FUNC_keymgmt_import_fn *import = NULL;
    bool generates = false;
    size_t n = 0;
    for (const OSSL_DISPATCH *f = functions; f->function_id != 0; f++) {
        if (n == FUNCTIONS_MAX)
            return false;
        keys[n] = *f;
        switch (f->function_id) {
        case OSSL_FUNC_KEYMGMT_NEW:
            create = OSSL_FUNC_keymgmt_new(f);
            break;
        case OSSL_FUNC_KEYMGMT_IMPORT:
            import = OSSL_FUNC_keymgmt_import(f);
            break;
        case OSSL_FUNC_KEYMGMT_GEN:
            keys[n].function = (void (*)(void))give_pair;
            generates = true;
            break;
        case OSSL_FUNC_KEYMGMT_GET_PARAMS:
            get_params = OSSL_FUNC_keymgmt_get_params(f);
            break;
        case OSSL_FUNC_KEYMGMT_DUP:
            copy_key = OSSL_FUNC_keymgmt_dup(f);
            break;
        default:
            break;
        }
        n++;
    }
    return create && import && generates && get_params && copy_key &&
           make_pair(create, import, provctx);
}

const OSSL_DISPATCH *x25519_keys(void)
{
    return pair != NULL ? keys : NULL;
}

/* ---- exchange ------------------------------------------------------------------------------- */

struct exchange {
    uint8_t peer[KEY_BYTES];
    bool has_peer;
};

static OSSL_FUNC_keyexch_newctx_fn create;
static OSSL_FUNC_keyexch_freectx_fn destroy;
static OSSL_FUNC_keyexch_init_fn init;
static OSSL_FUNC_keyexch_set_peer_fn set_peer;
static OSSL_FUNC_keyexch_derive_fn derive;

static bool read_public(void *key, uint8_t out[KEY_BYTES])
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out, KEY_BYTES),
        OSSL_PARAM_END,
    };
    return get_params(key, params) && params[0].return_size == KEY_BYTES;
}

static void *create(void *provctx)
{
    (void)provctx;
    return calloc(1, sizeof(struct exchange));
}

static void destroy(void *ctx)
{
    free(ctx);
}

static int init(void *ctx, void *key, const OSSL_PARAM params[])
{
    uint8_t point[KEY_BYTES];
    (void)ctx;
    (void)params;
    return read_public(key, point) && memcmp(point, base_point, sizeof point) == 0;
}

static int set_peer(void *ctx, void *key)
{
    struct exchange *exchange = ctx;
    exchange->has_peer = read_public(key, exchange->peer);
    return exchange->has_peer;
}

static int derive(void *ctx, unsigned char *secret, size_t *len, size_t room)
{
    const struct exchange *exchange = ctx;
    if (!exchange->has_peer || (secret != NULL && room < KEY_BYTES))
        return 0;
    *len = KEY_BYTES;
    if (secret != NULL)
        memcpy(secret, exchange->peer, KEY_BYTES);
    return 1;
}

typedef void (*any_fn)(void);
const OSSL_DISPATCH x25519_exchange[] = {
    {OSSL_FUNC_KEYEXCH_NEWCTX, (any_fn)create}, {OSSL_FUNC_KEYEXCH_FREECTX, (any_fn)destroy},
    {OSSL_FUNC_KEYEXCH_INIT, (any_fn)init},     {OSSL_FUNC_KEYEXCH_SET_PEER, (any_fn)set_peer},
    {OSSL_FUNC_KEYEXCH_DERIVE, (any_fn)derive}, {0, NULL},
};
