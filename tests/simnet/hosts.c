/* How the hosts of the world behave, as the servers ask (world.h). */
#include "tests/simnet/addresses.h"
#include "tests/simnet/classes.h"
#include "tests/simnet/domain.h"
#include "tests/simnet/providers.h"
#include "tests/simnet/world.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_HOST "default.simnet-hosting.example"
#define POLICY_LABEL "mta-sts."
#define LONG_NOTICE                                                                         \
    "this server takes mail for its own domains alone, logs what it is asked, and answers " \
    "as slowly as it sees fit whoever asks for more than that; use of it means consent"
#define POLICY_PATH "/.well-known/mta-sts.txt" /* RFC 8461 3.3 */

/* Whether `host` serves a policy, or tries to; then *d is built. */
static bool policy_host(const struct sim_world *world, const char *host, struct sim_domain *d)
{
    size_t n = sizeof POLICY_LABEL - 1;
    if (host == NULL || strncmp(host, POLICY_LABEL, n) != 0 || strlen(host) >= SIM_NAME_MAX)
        return false;
    sim_domain_build(world, host + n, d);
    return d->adopter || d->orphan;
}

void sim_world_https_tls(const struct sim_world *world, uint32_t addr, const char *sni,
                         struct sim_tls *out, bool *h2)
{
    struct sim_domain d;
    int hoster = -1;
    *h2 = true;
    if (policy_host(world, sni, &d)) {
        *out = d.host.tls;
        if (d.host.alt_path == NULL || strcmp(d.host.alt_path, POLICY_PATH) == 0)
            *h2 = d.host.http.h2;
        return;
    }
    memset(out, 0, sizeof *out);
    const char *name = DEFAULT_HOST;
    if (sim_addr_is_policy(addr, &hoster) && hoster >= 0)
        name = sim_hoster((unsigned)hoster)->suffix;
    sim_cert_make(SIM_CERT_GOOD, name, 0, &out->cert);
}

/* The second of two addresses that disagree has a line more to its policy. */
static void disagree(struct sim_http *http)
{
    static const char more[] = "note: second\n";
    memcpy(http->body + http->body_len, more, sizeof more - 1);
    http->body_len += sizeof more - 1;
}

void sim_world_https(const struct sim_world *world, uint32_t addr, const char *host,
                     const char *path, struct sim_http *out)
{
    static const char missing[] = "Not found.\r\n";
    struct sim_domain d;
    if (policy_host(world, host, &d) &&
        strcmp(path, d.host.alt_path != NULL ? d.host.alt_path : POLICY_PATH) == 0) {
        *out = d.host.http;
        if (d.host.addr_differ && addr == d.host.addr[1])
            disagree(out);
        return;
    }
    memset(out, 0, sizeof *out);
    out->status = 404;
    out->content_type = "text/plain";
    out->h2 = true;
    out->body_len = sizeof missing - 1;
    memcpy(out->body, missing, out->body_len);
}

void sim_world_smtp(const struct sim_world *world, uint32_t addr, struct sim_smtp *out)
{
    enum sim_smtp_kind kind = SIM_MX_GOOD;
    int provider = -1;
    (void)world;
    sim_addr_is_mx(addr, &kind, &provider);
    *out = (struct sim_smtp){.banner_code = 220,
                             .ehlo_code = 250,
                             .helo_code = 250,
                             .starttls = true,
                             .starttls_code = 220};
    const char *text = "ESMTP ready";
    switch (kind) {
    case SIM_MX_TARPIT:
        out->mode = SIM_SMTP_SILENT;
        break;
    case SIM_MX_BANNER_DRIP: /* minutes long */
        out->mode = SIM_SMTP_BANNER_DRIP;
        text = "ESMTP ready; " LONG_NOTICE;
        break;
    case SIM_MX_BANNER_ENDLESS:
        out->mode = SIM_SMTP_BANNER_ENDLESS;
        break;
    case SIM_MX_BANNER_554:
        out->banner_code = 554;
        text = "5.7.1 Service unavailable; client host is on a block list";
        break;
    case SIM_MX_BANNER_421:
        out->banner_code = 421;
        text = "4.7.0 Too many connections from your address, try again later";
        break;
    case SIM_MX_EHLO_550:
        out->ehlo_code = out->helo_code = 550;
        break;
    case SIM_MX_EHLO_REJECTED:
        out->ehlo_code = out->helo_code = 500;
        break;
    case SIM_MX_HELO_ONLY:
        out->ehlo_code = 502;
        break;
    case SIM_MX_DROP_AT_CONNECT:
        out->mode = SIM_SMTP_DROP_AT_CONNECT;
        break;
    case SIM_MX_DROP_AFTER_BANNER:
        out->mode = SIM_SMTP_DROP_AFTER_BANNER;
        break;
    case SIM_MX_STARTTLS_DROP:
        out->mode = SIM_SMTP_DROP_AT_STARTTLS;
        break;
    case SIM_MX_INJECT:
        out->mode = SIM_SMTP_INJECT;
        break;
    case SIM_MX_NO_STARTTLS:
        out->starttls = false;
        break;
    case SIM_MX_STARTTLS_454:
        out->starttls_code = 454;
        break;
    case SIM_MX_STARTTLS_502:
        out->starttls_code = 502;
        break;
    default:
        break;
    }
    snprintf(out->banner_text, sizeof out->banner_text, "mx-%u-%u-%u.simnet %s", addr >> 16 & 255,
             addr >> 8 & 255, addr & 255, text);
}

static enum sim_cert_fault cert_fault_of(enum sim_smtp_kind kind)
{
    static const enum sim_cert_fault faults[SIM_MX_KIND_COUNT] = {
        [SIM_MX_CERT_NAME] = SIM_CERT_NAME,
        [SIM_MX_CERT_CN_ONLY] = SIM_CERT_CN_ONLY,
        [SIM_MX_CERT_DOMAIN_ONLY] = SIM_CERT_PARENT,
        [SIM_MX_CERT_WILDCARD_BAD] = SIM_CERT_WILDCARD_BAD,
        [SIM_MX_CERT_EXPIRED] = SIM_CERT_EXPIRED,
        [SIM_MX_CERT_FUTURE] = SIM_CERT_FUTURE,
        [SIM_MX_CERT_SELF_SIGNED] = SIM_CERT_SELF_SIGNED,
        [SIM_MX_CERT_UNTRUSTED] = SIM_CERT_UNTRUSTED,
        [SIM_MX_CERT_INCOMPLETE] = SIM_CERT_INCOMPLETE,
        [SIM_MX_CERT_EXPIRING] = SIM_CERT_EXPIRING,
        [SIM_MX_CERT_WEAK] = SIM_CERT_WEAK,
        [SIM_MX_CERT_REVOKED] = SIM_CERT_REVOKED,
    };
    return faults[kind];
}

static void provider_cert(int provider, struct sim_cert *cert)
{
    const struct sim_mx_provider *p = sim_mx_provider((unsigned)provider);
    sim_cert_make(SIM_CERT_GOOD, p->cert[0], (uint64_t)provider, cert);
    for (size_t i = 1; i < sizeof p->cert / sizeof p->cert[0] && p->cert[i] != NULL; i++)
        snprintf(cert->san[cert->san_count++], SIM_NAME_MAX, "%s", p->cert[i]);
    cert->shared = true;
}

void sim_world_smtp_tls(const struct sim_world *world, uint32_t addr, const char *name,
                        bool has_sni, struct sim_tls *out)
{
    enum sim_smtp_kind kind = SIM_MX_GOOD;
    int provider = -1;
    memset(out, 0, sizeof *out);
    sim_addr_is_mx(addr, &kind, &provider);
    if (provider >= 0) {
        provider_cert(provider, &out->cert);
        return;
    }
    if (kind == SIM_MX_TLS_ALERT || (kind == SIM_MX_SNI_ENFORCED && !has_sni))
        out->mode = SIM_TLS_ALERT_HANDSHAKE_FAILURE;
    else if (kind == SIM_MX_TLS_CLOSE)
        out->mode = SIM_TLS_CLOSE;
    else if (kind == SIM_MX_TLS_SILENT)
        out->mode = SIM_TLS_SILENT;
    else if (kind == SIM_MX_TLS_OLD)
        out->mode = SIM_TLS_MAX_1_1;
    if (name == NULL || (kind == SIM_MX_SNI_DEPENDENT && !has_sni))
        name = DEFAULT_HOST;
    uint64_t hash = sim_hash(sim_world_seed(world), "mx-cert", name, strlen(name));
    sim_cert_make(cert_fault_of(kind), name, hash, &out->cert);
}
