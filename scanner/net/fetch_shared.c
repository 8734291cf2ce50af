/* fetch_shared - one HTTP/2 connection for the policies of several hosts (RFC 9113 9.1.1).
 *
 * libcurl never uses a connection for another host than it was made for. So a rider asks for the
 * URL of the connection's maker, with the host it wants in the Host field, which becomes the
 * :authority. A cache of connections that holds this one alone keeps riders from any other, and
 * ends with it. */
#include "scanner/net/fetch_internal.h"

#include "lib/name.h"
#include "scanner/net/tls_crypto.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fetch_shared_connection_free(CURLSH *cache, SSL_CTX *ctx)
{
    if (ctx != NULL)
        tls_verify_attach_ctx(ctx, NULL);
    if (cache != NULL) {
        OSSL_LIB_CTX *before = tls_crypto_enter();
        curl_share_cleanup(cache);
        tls_crypto_leave(before);
        ERR_clear_error();
    }
    SSL_CTX_free(ctx);
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool may_be_shared(const fetch_handle *h)
{
    const struct http_facts *http = &h->response.http;
    return h->cache != NULL && h->ctx != NULL && h->facts.conn == CONN_OK &&
           tls_facts_valid(&h->rec.facts) && h->rec.facts.alert < 0 && http->end == HTTP_END_OK &&
           http->status == 200 && http->version != NULL && strcmp(http->version, "2") == 0;
}

fetch_shared *fetch_shared_of(fetch_handle *h)
{
    fetch_shared *s = may_be_shared(h) ? calloc(1, sizeof *s) : NULL;
    if (s == NULL)
        return NULL;
    s->arena = h->arena;
    arena_init(&h->arena, s->arena.cap_bytes);
    s->host = arena_dup(&s->arena, slice_of(h->host));
    s->rec = h->rec;
    s->rec.arena = &s->arena;
    s->rec.chain = cert_chain_ref(h->rec.chain);
    s->to = h->to;
    s->cache = h->cache;
    s->ctx = h->ctx;
    s->users = 2; /* the fetch that ends, and whoever is given it */
    h->cache = NULL;
    h->ctx = NULL;
    if (s->host == NULL || tls_verify_attach_ctx(s->ctx, &s->rec) != ST_OK)
        s->host = ""; /* nobody gets on */
    return s;
}

void fetch_shared_leave(fetch_shared *s)
{
    if (s == NULL || --s->users > 0)
        return;
    fetch_shared_connection_free(s->cache, s->ctx);
    tls_record_release(&s->rec);
    arena_free(&s->arena);
    free(s);
}

void fetch_shared_close(fetch_shared *s)
{
    fetch_shared_leave(s);
}

bool fetch_shared_covers(const fetch_shared *s, const char *host)
{
    return s->host[0] != '\0' && cert_names_match(&s->rec.names, slice_of(host)) == NAME_MATCH_OK;
}

/* ---- transfers ------------------------------------------------------------------------------ */

static enum status set_lead(fetch_handle *h)
{
    h->cache = curl_share_init();
    if (h->cache == NULL ||
        curl_share_setopt(h->cache, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK)
        return ST_NOMEM;
    curl_easy_setopt(h->easy, CURLOPT_SHARE, h->cache);
    curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, 0L);
    return ST_OK;
}

static enum status set_ride(fetch_handle *h)
{
    char field[NAME_TEXT_MAX_BYTES + 16];
    int len = snprintf(field, sizeof field, "Host: %s", h->host);
    if (len < 0 || (size_t)len >= sizeof field)
        return ST_INVALID;
    h->header = curl_slist_append(NULL, field);
    if (h->header == NULL)
        return ST_NOMEM;
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->header);
    curl_easy_setopt(h->easy, CURLOPT_SHARE, h->ride->cache);
    curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 0L);
    curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, 0L);
    return ST_OK;
}

enum status fetch_shared_set(fetch_handle *h)
{
    return h->ride != NULL ? set_ride(h) : set_lead(h);
}

void fetch_shared_unset(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

void fetch_shared_tell(fetch_handle *h)
{
    const struct tls_record *rec = &h->ride->rec;
    h->rec.facts = rec->facts;
    h->rec.facts.name = cert_names_match(&rec->names, slice_of(h->host));
    h->rec.names = rec->names;
    h->rec.chain = cert_chain_ref(rec->chain);
    h->facts.conn = CONN_OK;
    h->response.http.coalesced = true;
}
