/* Builders of policy host faults: DNS, TCP, TLS and HTTP. */
#include "tests/simnet/classes.h"

#include "tests/simnet/providers.h"
#include "tests/simnet/world_data.h"

#include <stdio.h>
#include <string.h>

enum { SLOW_MS = 4500 };              /* a client with a default of 4 s gives up */
enum { TOO_LARGE_BYTES = 80 * 1024 }; /* RFC 8461 3.3 suggests a limit of 64 KiB */

static void no_address(struct sim_policy_host *h, enum sim_lookup status)
{
    h->status = status;
    h->addr_count = 0;
}

static void dangle(struct sim_domain *d)
{
    sim_name_join(SIM_LABEL_GONE, d->name, d->host.cname);
    no_address(&d->host, SIM_LOOKUP_NXDOMAIN);
}

static void redirect(struct sim_domain *d, struct sim_draw *draw)
{
    static const unsigned statuses[] = {301, 302, 307, 308};
    struct sim_http *http = &d->host.http;
    http->status = statuses[sim_draw_below(draw, 4)];
    snprintf(http->location, sizeof http->location, "https://%s%s/.well-known/mta-sts.txt",
             sim_draw_chance(draw, 500) ? "www." : "", d->name);
    d->host.body_fixed = true;
}

static void set_body(struct sim_domain *d, const char *text)
{
    struct sim_http *http = &d->host.http;
    http->body_len = strlen(text);
    memcpy(http->body, text, http->body_len);
    d->host.body_fixed = true;
}

static void break_tls(struct sim_policy_host *h, struct sim_draw *draw, int fault)
{
    static const enum sim_tls_mode alerts[] = {SIM_TLS_ALERT_UNRECOGNIZED_NAME,
                                               SIM_TLS_ALERT_INTERNAL_ERROR,
                                               SIM_TLS_ALERT_HANDSHAKE_FAILURE};
    static const enum sim_tls_mode silences[] = {SIM_TLS_RESET, SIM_TLS_CLOSE};
    if (fault == SIM_HOST_TLS_ALERT)
        h->tls.mode = alerts[sim_draw_below(draw, 3)];
    else if (fault == SIM_HOST_TLS_NOT_SPOKEN)
        h->tls.mode = SIM_TLS_NOT_SPOKEN;
    else if (fault == SIM_HOST_TLS_SILENT)
        h->tls.mode = SIM_TLS_SILENT;
    else if (fault == SIM_HOST_TLS_DRIP)
        h->tls.mode = SIM_TLS_DRIP;
    else if (fault == SIM_HOST_TLS_OLD)
        h->tls.mode = sim_draw_chance(draw, 500) ? SIM_TLS_MAX_1_0 : SIM_TLS_MAX_1_1;
    else
        h->tls.mode = silences[sim_draw_below(draw, 2)];
}

/* A policy may lie at the path of the drafts, or where people put a file by hand. */
static const char *wrong_path(struct sim_draw *draw)
{
    return sim_draw_chance(draw, 700) ? "/mta-sts.txt" : "/.well-known/mta-sts.json";
}

static void challenge(struct sim_domain *d, struct sim_draw *draw)
{
    struct sim_http *http = &d->host.http;
    http->status = sim_draw_chance(draw, 500) ? 403 : 503;
    http->content_type = "text/html";
    http->extra_header = "cf-mitigated: challenge";
    set_body(d, "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head></html>\n");
}

/* Of two addresses, or of two families. */
static void break_addresses(struct sim_policy_host *h, struct sim_draw *draw, int fault)
{
    switch (fault) {
    case SIM_HOST_DISAGREE:
        while (h->addr_count < 2 || h->addr[1] == h->addr[0]) {
            h->addr[1] = sim_addr_policy(sim_draw_next(draw));
            h->addr_count = 2;
        }
        h->addr_differ = true;
        break;
    case SIM_HOST_V6_ONLY:
        h->addr_count = 0;
        h->v6 = true;
        break;
    case SIM_HOST_V6_DEAD:
        h->v6 = true;
        break;
    default:
        h->wildcard = true;
        break;
    }
}

static void break_http(struct sim_domain *d, struct sim_draw *draw, int fault)
{
    struct sim_http *http = &d->host.http;
    switch (fault) {
    case SIM_HOST_REDIRECT:
        redirect(d, draw);
        break;
    case SIM_HOST_STALL:
        http->delivery = sim_draw_chance(draw, 500) ? SIM_HTTP_STALL_HEADERS : SIM_HTTP_STALL_BODY;
        break;
    case SIM_HOST_BODY_DRIP:
        http->delivery = SIM_HTTP_DRIP;
        break;
    case SIM_HOST_TRUNCATED:
        http->delivery = SIM_HTTP_TRUNCATE;
        break;
    case SIM_HOST_CHALLENGE:
        challenge(d, draw);
        break;
    case SIM_HOST_WRONG_PATH:
        d->host.alt_path = wrong_path(draw);
        break;
    case SIM_HOST_TOO_LARGE:
        http->body_pad = TOO_LARGE_BYTES;
        break;
    case SIM_HOST_EMPTY:
        set_body(d, sim_draw_chance(draw, 500) ? "" : "\r\n");
        break;
    default:
        set_body(d, "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n"
                    "<body><h1>It works</h1></body></html>\n");
        break;
    }
}

void sim_break_host(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    struct sim_policy_host *h = &d->host;
    int fault = cls->param;
    h->policy_seen = fault == SIM_HOST_TLS_OLD || fault == SIM_HOST_CNAME_FOREIGN_CERT ||
                     fault == SIM_HOST_HALF_DELEGATED || fault == SIM_HOST_GZIP ||
                     fault == SIM_HOST_SLOW || fault == SIM_HOST_WILDCARD ||
                     fault == SIM_HOST_DISAGREE || fault == SIM_HOST_V6_DEAD;
    switch ((enum sim_host_fault)fault) {
    case SIM_HOST_ABSENT:
        no_address(h, sim_draw_chance(draw, 800) ? SIM_LOOKUP_NXDOMAIN : SIM_LOOKUP_NODATA);
        break;
    case SIM_HOST_DNS_ERROR:
        no_address(h, SIM_LOOKUP_SERVFAIL);
        break;
    case SIM_HOST_CNAME_DANGLING:
        dangle(d);
        break;
    case SIM_HOST_TAKEOVER:
        snprintf(h->cname, sizeof h->cname, SIM_LABEL_GONE ".site-%08x.github.io",
                 (unsigned)(d->hash & 0xffffffffu));
        no_address(h, SIM_LOOKUP_NXDOMAIN);
        break;
    case SIM_HOST_GZIP:
        h->http.content_encoding = "gzip";
        break;
    case SIM_HOST_SLOW:
        h->http.delay_ms = SLOW_MS;
        break;
    case SIM_HOST_PRIVATE:
        h->addr[0] = sim_addr_private(d->hash);
        break;
    case SIM_HOST_REFUSED:
        h->addr[0] = sim_addr_refused(d->hash);
        break;
    case SIM_HOST_BLACKHOLE:
        h->addr[0] = sim_addr_blackhole(d->hash);
        break;
    case SIM_HOST_TLS_ALERT:
    case SIM_HOST_TLS_NOT_SPOKEN:
    case SIM_HOST_TLS_FAILED:
    case SIM_HOST_TLS_OLD:
    case SIM_HOST_TLS_SILENT:
    case SIM_HOST_TLS_DRIP:
        break_tls(h, draw, fault);
        break;
    case SIM_HOST_CNAME_FOREIGN_CERT:
        snprintf(h->cname, sizeof h->cname, "site-%08x." SIM_SUFFIX_HOSTING,
                 (unsigned)(d->hash & 0xffffffffu));
        h->addr[0] = sim_addr_policy(sim_hash(0, SIM_SUFFIX_HOSTING, h->cname, strlen(h->cname)));
        sim_cert_make(SIM_CERT_GOOD, h->cname, d->hash, &h->tls.cert);
        break;
    case SIM_HOST_HALF_DELEGATED:
        d->sts.cname[0] = '\0';
        break;
    case SIM_HOST_DISAGREE:
    case SIM_HOST_V6_ONLY:
    case SIM_HOST_V6_DEAD:
    case SIM_HOST_WILDCARD:
        break_addresses(h, draw, fault);
        break;
    default:
        break_http(d, draw, fault);
        break;
    }
}

void sim_break_host_cert(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    char name[SIM_NAME_MAX];
    sim_name_join("mta-sts", d->name, name);
    sim_cert_make((enum sim_cert_fault)cls->param, name, sim_draw_next(draw), &d->host.tls.cert);
}

void sim_break_http(struct sim_domain *d, struct sim_draw *draw, const struct sim_class *cls)
{
    (void)draw;
    struct sim_http *http = &d->host.http;
    if (cls->text != NULL)
        http->content_type = cls->text[0] == '\0' ? NULL : cls->text;
    if (cls->param == 0)
        return;
    http->status = (unsigned)cls->param;
    d->host.policy_seen = false;
    set_body(d, "Sorry.\r\n");
}
