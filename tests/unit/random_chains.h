/* random_chains - certificate chains drawn from a seed, good ones and such as are wrong in every
 * way that a verification looks at, and how they are served and judged. The same seed gives the
 * same faults; keys are new in each run. Failures end the test (cmocka). */
#ifndef TESTS_UNIT_RANDOM_CHAINS_H
#define TESTS_UNIT_RANDOM_CHAINS_H

#include "tests/simnet/draw.h"
#include <openssl/x509_vfy.h>
#include <stdint.h>
#include <time.h>

enum {
    CHAIN_KEYS = 9,
    CHAIN_LEAVES = 3,
    CHAIN_AUTHORITIES_MAX = 20,
    CHAIN_CERTS_MAX = CHAIN_AUTHORITIES_MAX + CHAIN_LEAVES + 8,
};
#define CHAIN_TIME ((time_t)1800000000) /* within the validity of good certificates */

/* RSA, P-256, P-384, Ed25519; made once, for all chains of a test. */
struct chain_keys {
    EVP_PKEY *key[CHAIN_KEYS];
};
void chain_keys_make(struct chain_keys *k);
void chain_keys_free(struct chain_keys *k);

struct chain_cert {
    uint8_t *der;
    int len;
};

/* A root, authorities below it, leaves, and certificates that are nearly the same as some of them.
 */
struct chain_world {
    struct chain_cert leaf[CHAIN_LEAVES];
    struct chain_cert authority[CHAIN_AUTHORITIES_MAX]; /* the root first */
    size_t n_authorities;
    struct chain_cert near[8]; /* same name and another key, cross-signed, a changed signature */
    size_t n_near;
};
void chain_world_make(struct chain_world *w, const struct chain_keys *k, struct sim_draw *d);
void chain_world_free(struct chain_world *w);

/* One way to serve and to judge it; the certificates are those of the world. */
struct chain_case {
    const struct chain_cert *served[CHAIN_CERTS_MAX], *anchor[4];
    size_t n_served, n_anchors; /* the leaf is served[0] */
    unsigned long flags;
    time_t at; /* 0: no time is set */
    int depth; /* -1: as it is */
    int auth_level;
    const char *purpose, *host; /* NULL: none */
    /* The verify callback: goes on whatever is wrong, but for its call number `stop_at` (-1). */
    int stop_at;
};
void chain_case_draw(struct chain_case *c, const struct chain_world *w, struct sim_draw *d);

/* A context for the case, with certificates of its own; chain_ctx_free. */
struct chain_ctx {
    X509_STORE_CTX *ctx;
    X509_STORE *store;
    STACK_OF(X509) * served;
};
struct chain_ctx chain_ctx_new(const struct chain_case *c);
void chain_ctx_free(struct chain_ctx *x);

#endif
