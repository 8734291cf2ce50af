#include "scanner/worker/result.h"

#include <stdlib.h>

static struct result *result_new(void)
{
    struct result *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    atomic_init(&r->refs, 1);
    arena_init_sized(&r->arena, EVIDENCE_MAX_BYTES, 1024);
    fetch_facts_init(&r->fetch);
    probe_facts_init(&r->probe);
    return r;
}

static const char *copy_text(struct arena *arena, const char *text, bool *ok)
{
    if (!text)
        return NULL;
    const char *copy = arena_dup(arena, slice_of(text));
    *ok = *ok && copy;
    return copy;
}

/* Names and chain, of either kind. False: out of memory. */
static bool copy_certs(struct result *r, const struct cert_names *names, struct cert_chain *chain,
                       const char *aia_url)
{
    bool ok = true;
    r->names.cn = copy_text(&r->arena, names->cn, &ok);
    r->names.truncated = names->truncated;
    if (names->n > 0) {
        r->names.dns = arena_array(&r->arena, names->n, sizeof *r->names.dns);
        if (!r->names.dns)
            return false;
        for (size_t i = 0; i < names->n; i++)
            r->names.dns[i] = copy_text(&r->arena, names->dns[i], &ok);
        r->names.n = names->n;
    }
    r->aia_url = copy_text(&r->arena, aia_url, &ok);
    if (ok && chain)
        r->chain = cert_chain_ref(chain);
    return ok;
}

struct result *result_of_fetch(const struct fetch_outcome *out)
{
    struct result *r = result_new();
    if (r && fetch_facts_copy(&r->arena, &out->facts, &r->fetch) == ST_OK &&
        copy_certs(r, &out->names, out->chain, out->aia_url))
        return r;
    result_unref(r);
    return NULL;
}

struct result *result_of_probe(const struct probe_outcome *out, const char *sni)
{
    struct result *r = result_new();
    bool ok = r && probe_facts_copy(&r->arena, &out->facts, &r->probe) == ST_OK &&
              copy_certs(r, &out->names, out->chain, out->aia_url);
    if (ok)
        r->sni = copy_text(&r->arena, sni, &ok);
    if (ok)
        return r;
    result_unref(r);
    return NULL;
}

struct result *result_ref(struct result *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void result_unref(struct result *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    cert_chain_unref(r->chain);
    arena_free(&r->arena);
    free(r);
}

bool probe_is_transient(const struct probe_facts *p)
{
    return p->end == PROBE_TIMEOUT || p->end == PROBE_LIMITED || p->end == PROBE_ABANDONED ||
           p->end == PROBE_PROTOCOL_ERROR;
}

bool probe_depends_on_name(const struct probe_facts *p)
{
    return p->end == PROBE_OK || p->end == PROBE_TLS_FAILED;
}
