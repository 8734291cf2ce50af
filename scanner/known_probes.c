#include "scanner/known_probes.h"

#include "lib/json_scan.h"
#include "lib/record_json.h"
#include "scanner/input/lines.h"
#include "scanner/net/tls_verify.h"
#include "scanner/worker/table.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Stands in both tables: of probes by address and name, and by certificate. */
struct known {
    struct table_node by_place, by_cert;
    struct known *next;
    struct net_addr ip;
    struct result *result; /* its sni is NULL where no name mattered */
    bool complete;
};

struct known_probes {
    struct table places, certs;
    struct known *first, **last;
    size_t n, incomplete;
    struct evidence evidence; /* of the record at hand */
};

enum status known_probes_new(known_probes **out)
{
    known_probes *k = calloc(1, sizeof *k);
    *out = k;
    if (!k)
        return ST_NOMEM;
    evidence_init(&k->evidence);
    k->last = &k->first;
    if (table_init(&k->places, 1024) == ST_OK && table_init(&k->certs, 1024) == ST_OK)
        return ST_OK;
    known_probes_free(k);
    *out = NULL;
    return ST_NOMEM;
}

void known_probes_free(known_probes *k)
{
    if (!k)
        return;
    for (struct known *p, *next = k->first; (p = next);) {
        next = p->next;
        result_unref(p->result);
        free(p);
    }
    table_free(&k->places);
    table_free(&k->certs);
    evidence_free(&k->evidence);
    free(k);
}

/* ---- from records --------------------------------------------------------------------------- */

static uint64_t place_hash(const struct net_addr *ip, const char *sni)
{
    return table_hash(table_hash(ip->family, ip->b, sizeof ip->b), sni, strlen(sni));
}

static bool is_known(const known_probes *k, const struct net_addr *ip, const char *sni,
                     uint64_t hash)
{
    for (struct table_node *n = table_chain(&k->places, hash); n; n = n->next) {
        const struct known *p = (const struct known *)(const void *)n;
        if (n->hash == hash && net_addr_eq(&p->ip, ip) &&
            strcmp(p->result->sni ? p->result->sni : "", sni) == 0)
            return true;
    }
    return false;
}

static uint64_t cert_hash(struct slice sha256)
{
    return table_hash(0, sha256.p, sha256.len);
}

static enum status add(known_probes *k, const struct probe_facts *seen, const char *sni,
                       uint64_t hash)
{
    struct probe_outcome out = {.facts = *seen};
    out.facts.sni = NULL;
    out.facts.tls.covers = 0;
    out.facts.no_sni_tried = false;
    tls_facts_init(&out.facts.tls_no_sni);
    struct known *p = calloc(1, sizeof *p);
    if (!p || !(p->result = result_of_probe(&out, sni[0] != '\0' ? sni : NULL))) {
        free(p);
        return ST_NOMEM;
    }
    p->ip = seen->ip;
    p->by_place.hash = hash;
    table_put(&k->places, &p->by_place);
    const char *cert = seen->tls.cert_sha256;
    p->complete = seen->end != PROBE_OK; /* names matter only then */
    if (!p->complete && cert) {
        p->by_cert.hash = cert_hash(slice_of(cert));
        table_put(&k->certs, &p->by_cert);
        k->incomplete++;
    }
    *k->last = p;
    k->last = &p->next;
    k->n++;
    return ST_OK;
}

static enum status take_probe(known_probes *k, const struct mx_host *host,
                              const struct probe_facts *seen)
{
    bool probed = seen->end != PROBE_NONE && seen->end != PROBE_BLOCKED &&
                  seen->end != PROBE_NO_ROUTE && !probe_is_transient(seen);
    if (!probed || k->n >= KNOWN_PROBES_MAX)
        return ST_OK;
    const char *sni = !probe_depends_on_name(seen) ? "" : seen->sni ? seen->sni : host->name;
    uint64_t hash = place_hash(&seen->ip, sni);
    return is_known(k, &seen->ip, sni, hash) ? ST_OK : add(k, seen, sni, hash);
}

enum status known_probes_take(known_probes *k, struct slice line)
{
    static const char mark[] = "\"probes\":[{";
    const char *error;
    if (!memmem(line.p, line.len, mark, sizeof mark - 1) ||
        record_read(line, &k->evidence, &error) != ST_OK)
        return ST_OK;
    const struct mx_facts *mx = &k->evidence.mx;
    enum status st = ST_OK;
    for (size_t i = 0; i < mx->n; i++)
        for (size_t j = 0; st == ST_OK && j < mx->host[i].n_probe; j++)
            st = take_probe(k, &mx->host[i], &mx->host[i].probe[j]);
    return st;
}

/* ---- from certificates ---------------------------------------------------------------------- */

/* The verdict was one for the name of the record's host; it is now one for the name asked with. */
static void complete(known_probes *k, struct known *p, const char *pem)
{
    struct result *r = p->result;
    if (tls_pem_names(pem, &r->arena, &r->names) != ST_OK)
        return;
    if (r->sni)
        r->probe.tls.name = cert_names_match(&r->names, slice_of(r->sni));
    p->complete = true;
    k->incomplete--;
}

static void take_cert(known_probes *k, struct slice line)
{
    struct {
        struct slice sha256;
    } part;
    static const struct json_wanted wanted[] = {{"sha256", 0}};
    if (!json_scan_members(line, wanted, 1, &part, sizeof part))
        return;
    struct slice sha = json_scan_text(part.sha256);
    uint64_t hash = cert_hash(sha);
    json_t *cert = NULL;
    for (struct table_node *n = table_chain(&k->certs, hash); n; n = n->next) {
        struct known *p = (struct known *)(void *)((char *)n - offsetof(struct known, by_cert));
        if (n->hash != hash || p->complete ||
            !slice_eq(slice_of(p->result->probe.tls.cert_sha256), sha))
            continue;
        if (!cert && !(cert = json_loadb(line.p, line.len, 0, NULL)))
            return;
        const char *pem = json_string_value(json_object_get(cert, "chain"));
        if (pem)
            complete(k, p, pem);
    }
    json_decref(cert);
}

enum status known_probes_name(known_probes *k, const char *certs_path)
{
    char why[256];
    source *src;
    lines *in = NULL;
    struct line line;
    if (k->incomplete == 0 || source_open(certs_path, &src, why, sizeof why) != ST_OK)
        return ST_OK;
    enum status st = lines_new(src, RECORD_LINE_MAX_BYTES, &in);
    while (st == ST_OK && k->incomplete > 0 && lines_next(in, &line) == ST_OK)
        if (!line.too_long)
            take_cert(k, line.text);
    lines_free(in);
    source_close(src);
    return st;
}

void known_probes_hand_out(known_probes *k,
                           void (*take)(void *arg, const struct net_addr *ip, struct result *r),
                           void *arg)
{
    for (struct known *p = k->first; p; p = p->next) {
        if (p->complete)
            take(arg, &p->ip, result_ref(p->result));
    }
}
