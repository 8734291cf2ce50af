#include "tests/unit/net_world.h"

#include "scanner/net/fetch_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

int net_world_setup(void **state)
{
    struct net_world *w = calloc(1, sizeof *w);
    char path[64];
    assert_int_equal(fetch_memory_start(), ST_OK);
    w->root = pki_make(&(struct pki_spec){.cn = "Test Root", .ca = true});
    w->other_root = pki_make(&(struct pki_spec){.cn = "Other Root", .ca = true});
    w->intermediate =
        pki_make(&(struct pki_spec){.cn = "Test Intermediate", .ca = true, .issuer = &w->root});
    w->leaf = pki_make(&(struct pki_spec){
        .cn = NET_HOST, .san = "DNS:" NET_HOST ",DNS:*.Wild.example", .issuer = &w->intermediate});
    const struct pki_cert *roots[] = {&w->root};
    pki_write_pem(path, roots, 1);
    assert_int_equal(tls_trust_new(path, &w->trust), ST_OK);
    unlink(path);
    assert_int_equal(guard_new(&w->guard), ST_OK);
    assert_int_equal(guard_allow(w->guard, "127.0.0.0/16"), ST_OK);
    assert_int_equal(guard_allow(w->guard, "::1"), ST_OK);
    w->base = event_base_new();
    assert_non_null(w->base);
    arena_init(&w->arena, (size_t)64 << 20);
    *state = w;
    return 0;
}

int net_world_teardown(void **state)
{
    struct net_world *w = *state;
    arena_free(&w->arena);
    event_base_free(w->base);
    guard_free(w->guard);
    tls_trust_free(w->trust);
    pki_free(&w->root);
    pki_free(&w->other_root);
    pki_free(&w->intermediate);
    pki_free(&w->leaf);
    free(w);
    fetch_memory_end();
    return 0;
}

struct net_tls net_world_tls(const struct net_world *w)
{
    return (struct net_tls){.leaf = &w->leaf, .extra = {&w->intermediate}, .n_extra = 1};
}
