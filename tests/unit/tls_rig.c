#include "tests/unit/tls_rig.h"

#include "scanner/net/tls_crypto.h"

#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static signatures *known; /* in a handshake; NULL: none are kept */

void tls_shake(struct net_world *w, const struct net_tls *t, const char *host,
               struct tls_record *rec)
{
    SSL_CTX *client_ctx = SSL_CTX_new_ex(tls_crypto(), NULL, TLS_client_method());
    SSL_CTX *server_ctx = net_tls_ctx(t);
    BIO *a, *b;
    assert_int_equal(tls_verify_setup(client_ctx, w->trust), ST_OK);
    SSL *client = SSL_new(client_ctx), *server = SSL_new(server_ctx);
    assert_int_equal(BIO_new_bio_pair(&a, (size_t)1 << 20, &b, (size_t)1 << 20), 1);
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_tlsext_host_name(client, host);
    tls_record_init(rec, &w->arena, w->trust);
    rec->signatures = known;
    assert_int_equal(tls_verify_attach(client, rec), ST_OK);
    for (int i = 0; i < 10; i++) {
        ERR_clear_error();
        SSL_do_handshake(client);
        ERR_clear_error();
        SSL_do_handshake(server);
    }
    tls_record_end(rec, rec->established ? TLS_END_OK : tls_record_failure(rec), host);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    ERR_clear_error();
}

struct tls_facts tls_facts_of(struct net_world *w, const struct pki_spec *spec, const char *host)
{
    struct pki_cert leaf = pki_make(spec);
    struct net_tls t = net_world_tls(w);
    struct tls_record rec;
    t.leaf = &leaf;
    tls_shake(w, &t, host, &rec);
    tls_record_release(&rec);
    pki_free(&leaf);
    assert_int_equal(rec.facts.end, TLS_END_OK);
    return rec.facts;
}

struct tls_record tls_incomplete(struct net_world *w, const char *aia, long until_s)
{
    struct pki_cert leaf = pki_make(&(struct pki_spec){.san = "DNS:" NET_HOST,
                                                       .issuer = &w->intermediate,
                                                       .aia = aia,
                                                       .from_s = -1000,
                                                       .until_s = until_s});
    struct net_tls t = {.leaf = &leaf};
    struct tls_record rec;
    tls_shake(w, &t, NET_HOST, &rec);
    pki_free(&leaf);
    return rec;
}

int tls_run_twice(int (*run)(void))
{
    int failed = run();
    if (signatures_new(64, &known) != ST_OK)
        return 1;
    failed += run();
    struct signatures_counts counts = signatures_counts(known);
    failed += counts.hits == 0 || counts.misses == 0;
    signatures_free(known);
    return failed;
}
