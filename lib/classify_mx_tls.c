/* classify_mx_tls: STARTTLS and certificates of each MX host (RFC 8461 4.2). */
#include "lib/classify.h"

#include <string.h>

/* One address of one host under judgement; findings name the host, the address is the detail. */
struct probe_case {
    const struct evidence *e;
    const struct mx_host *h;
    const struct probe_facts *p;
    struct judgement *j;
    char ip[ADDR_TEXT_MAX_BYTES];
};

static void fail(struct probe_case *c, enum finding_code code)
{
    classify_add(c->j, code, c->h->name, c->ip);
}

/* ---- one address ----------------------------------------------------------------------------- */

/* Exactly one row. */
static void judge_name(struct probe_case *c, const struct tls_facts *t)
{
    if (t->name == NAME_MATCH_OK || t->name == NAME_MATCH_UNKNOWN)
        return;
    if (t->name == NAME_MATCH_CN_ONLY)
        fail(c, FC_mx_cert_cn_only);
    else if (t->name == NAME_MATCH_WILDCARD_BAD)
        fail(c, FC_mx_cert_wildcard_bad);
    else if (t->covers & (uint32_t)(COVERS_POLICY_DOMAIN | COVERS_POLICY_PATTERN))
        fail(c, FC_mx_cert_domain_only);
    else
        fail(c, FC_mx_cert_name);
}

static void judge_chain(struct probe_case *c, const struct tls_facts *t)
{
    const uint32_t specific = CERT_EXPIRED | CERT_NOT_YET_VALID | CERT_SELF_SIGNED |
                              CERT_UNTRUSTED | CERT_INCOMPLETE_CHAIN;
    bool other = (t->cert_errors & CERT_INVALID_OTHER) && (t->cert_errors & specific) == 0;
    if (t->cert_errors & CERT_EXPIRED)
        fail(c, FC_mx_cert_expired);
    if (t->cert_errors & CERT_NOT_YET_VALID)
        fail(c, FC_mx_cert_future);
    if (t->cert_errors & CERT_SELF_SIGNED)
        fail(c, FC_mx_cert_self_signed);
    else if ((t->cert_errors & CERT_UNTRUSTED) || other)
        fail(c, FC_mx_cert_untrusted);
    if (t->cert_errors & CERT_INCOMPLETE_CHAIN)
        fail(c, FC_mx_chain_incomplete);
    if (t->cert_errors & CERT_REVOKED)
        fail(c, FC_mx_cert_revoked);
    if (t->cert_errors & (uint32_t)(CERT_WEAK_KEY | CERT_WEAK_SIGNATURE))
        fail(c, FC_mx_cert_weak);
    if (classify_cert_expiring(t, c->e->ts_ms))
        fail(c, FC_mx_cert_expiring);
}

static bool texts_differ(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

static void judge_sni(struct probe_case *c)
{
    const struct tls_facts *with = &c->p->tls, *without = &c->p->tls_no_sni;
    if (!c->p->no_sni_tried)
        return;
    if (without->end == TLS_END_OK) {
        if (tls_facts_valid(with) && !tls_facts_valid(without) &&
            texts_differ(with->cert_sha256, without->cert_sha256))
            fail(c, FC_mx_sni_dependent);
    } else if (without->end == TLS_END_ALERT || without->end == TLS_END_CLOSED) {
        fail(c, FC_mx_sni_enforced); /* aborted; silence is none, nor is what we could not read */
    }
}

static void judge_tls(struct probe_case *c)
{
    const struct tls_facts *t = &c->p->tls;
    if (tls_facts_version_low(t))
        fail(c, FC_mx_tls_version_low);
    judge_name(c, t);
    judge_chain(c, t);
    judge_sni(c);
}

static void judge_probe(struct probe_case *c)
{
    switch (c->p->end) {
    case PROBE_OK:
        judge_tls(c);
        break;
    case PROBE_NO_STARTTLS:
        fail(c, FC_starttls_missing);
        break;
    case PROBE_STARTTLS_REFUSED:
        fail(c, FC_starttls_refused);
        break;
    case PROBE_TLS_FAILED:
        if (tls_facts_version_low(&c->p->tls))
            fail(c, FC_mx_tls_version_low);
        else
            fail(c, FC_starttls_handshake);
        break;
    case PROBE_TIMEOUT:
        fail(c, FC_smtp_timeout);
        break;
    case PROBE_LIMITED:
        fail(c, FC_smtp_blocked_vantage);
        break;
    case PROBE_PROTOCOL_ERROR:
        fail(c, FC_smtp_ehlo_failed);
        break;
    default:
        break; /* judged for the host as a whole, or our own limits */
    }
}

/* ---- one host -------------------------------------------------------------------------------- */

static size_t count_ends(const struct mx_host *h, enum probe_end end)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_probe; i++)
        n += h->probe[i].end == end;
    return n;
}

static bool all_refused(const struct mx_host *h)
{
    return h->n_probe > 0 && count_ends(h, PROBE_REFUSED) == h->n_probe;
}

/* Only addresses that this scan may not or cannot use. */
static bool all_unroutable(const struct mx_host *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_probe; i++)
        n += h->probe[i].end == PROBE_NO_ROUTE ||
             (h->probe[i].end == PROBE_BLOCKED && h->probe[i].conn == CONN_BLOCKLISTED);
    return n > 0 && n == h->n_probe;
}

/* The probe got as far as an answer to EHLO. */
static bool answered_ehlo(const struct probe_facts *p)
{
    return p->end == PROBE_OK || p->end == PROBE_NO_STARTTLS || p->end == PROBE_STARTTLS_REFUSED ||
           p->end == PROBE_TLS_FAILED;
}

static bool probe_passes(const struct probe_facts *p)
{
    return p->end == PROBE_OK && tls_facts_valid(&p->tls);
}

/* Fails for a sender: what limits us, or was not contacted, says nothing. */
static bool probe_fails(const struct probe_facts *p)
{
    return (answered_ehlo(p) && !probe_passes(p)) || p->end == PROBE_REFUSED ||
           p->end == PROBE_TIMEOUT;
}

/* Servers may choose the certificate by SNI: only what was asked alike is compared. */
static bool asked_alike(const struct probe_facts *a, const struct probe_facts *b)
{
    return a->sni == b->sni || (a->sni && b->sni && strcmp(a->sni, b->sni) == 0);
}

/* Another certificate than an address before it showed when it was asked alike. */
static bool shows_other_cert(const struct mx_host *h, size_t at)
{
    const struct probe_facts *p = &h->probe[at];
    for (size_t i = 0; i < at; i++) {
        if (asked_alike(&h->probe[i], p) &&
            texts_differ(h->probe[i].tls.cert_sha256, p->tls.cert_sha256))
            return true;
    }
    return false;
}

static void judge_addresses(const struct mx_host *h, struct judgement *j)
{
    const struct probe_facts *first = NULL;
    size_t pass4 = 0, pass6 = 0, fail6 = 0;
    for (size_t i = 0; i < h->n_probe; i++) {
        const struct probe_facts *p = &h->probe[i];
        pass4 += p->ip.family == 4 && probe_passes(p);
        pass6 += p->ip.family == 6 && probe_passes(p);
        fail6 += p->ip.family == 6 && probe_fails(p);
        if (!answered_ehlo(p))
            continue;
        if (first && first->starttls != p->starttls)
            classify_add(j, FC_mx_ip_disagree, h->name, "STARTTLS");
        if (shows_other_cert(h, i))
            classify_add(j, FC_mx_ip_disagree, h->name, "certificate");
        if (!first)
            first = p;
    }
    if (pass4 > 0 && pass6 == 0 && fail6 > 0)
        classify_add(j, FC_mx_v6_disagree, h->name, NULL);
}

static void judge_host(const struct evidence *e, const struct mx_host *h, struct judgement *j)
{
    if (all_refused(h))
        classify_add(j, FC_smtp_refused, h->name, NULL);
    if (all_unroutable(h))
        classify_add(j, FC_smtp_unroutable, h->name, NULL);
    for (size_t i = 0; i < h->n_probe; i++) {
        struct probe_case c = {.e = e, .h = h, .p = &h->probe[i], .j = j};
        net_addr_text(&c.p->ip, c.ip);
        judge_probe(&c);
    }
    judge_addresses(h, j);
}

/* ---- all hosts ------------------------------------------------------------------------------- */

static bool is_open(const struct mx_host *h)
{
    for (size_t i = 0; i < h->n_probe; i++) {
        if (h->probe[i].conn == CONN_OK)
            return true;
    }
    return false;
}

/* Nolisting: hosts of the lowest preference closed, one behind them open. */
static void judge_nolisting(const struct mx_facts *mx, struct judgement *j)
{
    unsigned lowest = UINT16_MAX;
    const struct mx_host *primary = NULL;
    bool closed = true, open_behind = false;
    for (size_t i = 0; i < mx->n; i++) {
        if (!mx_host_is_null(&mx->host[i]) && mx->host[i].preference <= lowest) {
            lowest = mx->host[i].preference;
            primary = primary && primary->preference == lowest ? primary : &mx->host[i];
        }
    }
    for (size_t i = 0; i < mx->n; i++) {
        const struct mx_host *h = &mx->host[i];
        if (mx_host_is_null(h))
            continue;
        if (h->preference == lowest)
            closed = closed && all_refused(h);
        else
            open_behind = open_behind || is_open(h);
    }
    if (primary && closed && open_behind)
        classify_add(j, FC_smtp_nolisting, primary->name, NULL);
}

/* The certificate of a completed handshake is not valid for the MX name. */
static bool is_pkix_invalid(const struct tls_facts *t)
{
    struct tls_facts certificate = *t;
    certificate.version = TLS_VERSION_MIN;
    return !tls_facts_valid(&certificate);
}

/* Hosts of which no certificate was seen count neither way. */
static void judge_invalid_share(const struct mx_facts *mx, struct judgement *j)
{
    size_t hosts = 0, invalid = 0, partly = 0;
    for (size_t i = 0; i < mx->n; i++) {
        size_t seen = 0, bad = 0;
        for (size_t k = 0; k < mx->host[i].n_probe; k++) {
            const struct probe_facts *p = &mx->host[i].probe[k];
            if (p->end != PROBE_OK)
                continue;
            seen++;
            bad += is_pkix_invalid(&p->tls);
        }
        hosts += seen > 0;
        invalid += seen > 0 && bad == seen;
        partly += bad > 0;
    }
    if (hosts > 0 && invalid == hosts)
        classify_add(j, FC_mx_all_invalid, NULL, NULL);
    else if (partly > 0)
        classify_add(j, FC_mx_some_invalid, NULL, NULL);
}

enum status classify_mx_tls(const struct judge *ctx, const struct evidence *e, struct judgement *j)
{
    (void)ctx;
    for (size_t i = 0; i < e->mx.n; i++) {
        if (!mx_host_is_null(&e->mx.host[i]))
            judge_host(e, &e->mx.host[i], j);
    }
    judge_nolisting(&e->mx, j);
    judge_invalid_share(&e->mx, j);
    return classify_status(j);
}
