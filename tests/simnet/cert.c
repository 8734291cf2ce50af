/* Certificates of the world: what stands in them, not how they are signed. */
#include "tests/simnet/classes.h"

#include <stdio.h>
#include <string.h>

enum { DAY_H = 24 };

static void add_san(struct sim_cert *cert, const char *prefix, const char *name)
{
    if (cert->san_count < SIM_CERT_NAMES_MAX)
        snprintf(cert->san[cert->san_count++], SIM_NAME_MAX, "%s%.*s", prefix,
                 SIM_NAME_MAX - 1 - (int)strlen(prefix), name);
}

static const char *parent_of(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

/* Sets the names. The CN repeats the first SAN, as certificate authorities do. */
static void set_names(enum sim_cert_fault fault, const char *host, struct sim_cert *out)
{
    switch (fault) {
    case SIM_CERT_NAME:
        add_san(out, "", "shared.simnet-hosting.example");
        add_san(out, "*.", "simnet-hosting.example");
        break;
    case SIM_CERT_CN_ONLY:
        snprintf(out->cn, sizeof out->cn, "%s", host);
        return;
    case SIM_CERT_APEX_ONLY:
        add_san(out, "", parent_of(host));
        add_san(out, "www.", parent_of(host));
        break;
    case SIM_CERT_PARENT:
        add_san(out, "", parent_of(host));
        break;
    case SIM_CERT_WILDCARD_BAD: { /* a partial wildcard: "m*." (RFC 6125 6.4.3 lets clients refuse
                                     it) */
        char first[4] = {host[0], '*', '.', '\0'};
        add_san(out, first, parent_of(host));
        break;
    }
    default:
        add_san(out, "", host);
    }
    snprintf(out->cn, sizeof out->cn, "%s", out->san[0]);
}

void sim_cert_make(enum sim_cert_fault fault, const char *host, uint64_t hash, struct sim_cert *out)
{
    memset(out, 0, sizeof *out);
    /* RSA is commoner than this, but a signature of it costs the server what ten of the other do,
     * and then simnet would be what a benchmark measures. */
    out->key = hash % 10 < 9 ? SIM_KEY_P256 : SIM_KEY_RSA2048;
    out->issuer = SIM_ISSUER_GOOD;
    out->not_before_h = -30 * DAY_H;
    out->not_after_h = 60 * DAY_H;
    set_names(fault, host, out);
    switch (fault) {
    case SIM_CERT_EXPIRED:
        out->not_before_h = -120 * DAY_H;
        out->not_after_h = -(int32_t)(1 + hash % 30) * DAY_H;
        break;
    case SIM_CERT_FUTURE:
        out->not_before_h = 10 * DAY_H;
        break;
    case SIM_CERT_EXPIRING:
        out->not_after_h = 5 * DAY_H;
        break;
    case SIM_CERT_SELF_SIGNED:
        out->issuer = SIM_ISSUER_SELF_SIGNED;
        break;
    case SIM_CERT_UNTRUSTED:
        /* An intermediate that is not served and that no AIA names looks the same to a client. */
        out->issuer = hash % 4 == 0 ? SIM_ISSUER_MISSING : SIM_ISSUER_UNKNOWN_ROOT;
        break;
    case SIM_CERT_INCOMPLETE:
        out->issuer = SIM_ISSUER_MISSING_AIA;
        break;
    case SIM_CERT_WEAK:
        out->key = SIM_KEY_RSA1024;
        break;
    case SIM_CERT_REVOKED:
        out->revoked = true;
        break;
    default:
        break;
    }
}
