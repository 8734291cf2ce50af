#include "scanner/worker/result.h"

#include <stdlib.h>

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

static bool fill_fetch(struct result *r, const void *from, const char *sni)
{
    const struct fetch_outcome *out = from;
    (void)sni;
    return fetch_facts_copy(&r->arena, &out->facts, &r->fetch) == ST_OK &&
           copy_certs(r, &out->names, out->chain, out->aia_url);
}

static bool fill_probe(struct result *r, const void *from, const char *sni)
{
    const struct probe_outcome *out = from;
    bool ok = probe_facts_copy(&r->arena, &out->facts, &r->probe) == ST_OK &&
              copy_certs(r, &out->names, out->chain, out->aia_url);
    r->sni = copy_text(&r->arena, sni, &ok);
    return ok;
}

/* Filled once to learn what memory it takes, and once in just that. */
static struct result *result_of(bool (*fill)(struct result *r, const void *from, const char *sni),
                                const void *from, const char *sni)
{
    struct result draft = {.refs = 1};
    struct result *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    atomic_init(&r->refs, 1);
    arena_init(&draft.arena, EVIDENCE_MAX_BYTES);
    bool ok = fill(&draft, from, sni);
    if (ok) {
        arena_init_sized(&r->arena, EVIDENCE_MAX_BYTES, draft.arena.used_bytes);
        ok = fill(r, from, sni);
    }
    cert_chain_unref(draft.chain);
    arena_free(&draft.arena);
    if (ok)
        return r;
    result_unref(r);
    return NULL;
}

struct result *result_of_fetch(const struct fetch_outcome *out)
{
    return result_of(fill_fetch, out, NULL);
}

struct result *result_of_probe(const struct probe_outcome *out, const char *sni)
{
    return result_of(fill_probe, out, sni);
}

size_t result_bytes(const struct result *r)
{
    return r ? sizeof *r + r->arena.used_bytes : 0;
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

bool probe_is_broken_off(const struct probe_facts *p)
{
    return p->end == PROBE_TLS_FAILED &&
           (p->tls.end == TLS_END_TIMEOUT || p->tls.end == TLS_END_CLOSED);
}

bool probe_is_transient(const struct probe_facts *p)
{
    return probe_is_broken_off(p) || p->end == PROBE_TIMEOUT || p->end == PROBE_LIMITED ||
           p->end == PROBE_ABANDONED || p->end == PROBE_PROTOCOL_ERROR ||
           p->end == PROBE_NO_STARTTLS;
}

bool probe_depends_on_name(const struct probe_facts *p)
{
    return p->end == PROBE_OK || p->end == PROBE_TLS_FAILED;
}
