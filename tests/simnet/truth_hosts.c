#include "tests/simnet/truth_hosts.h"

#include "tests/simnet/classes.h"

const struct sim_kind_truth *sim_kind_truth(enum sim_smtp_kind kind)
{
#define ASIDE(code)                            \
    {                                          \
        code, true, false, false, false, false \
    }
#define UNKNOWN(code)                          \
    {                                          \
        code, false, true, false, false, false \
    }
#define FAILS(code)                            \
    {                                          \
        code, false, false, true, false, false \
    }
#define PASSES(code)                           \
    {                                          \
        code, false, false, false, true, false \
    }
#define CERT_BAD(code)                       \
    {                                        \
        code, false, false, true, true, true \
    }
    static const struct sim_kind_truth truths[SIM_MX_KIND_COUNT] = {
        [SIM_MX_GOOD] = PASSES(SIM_CODE_NONE),
        [SIM_MX_REFUSED] = ASIDE(FC_smtp_refused),
        [SIM_MX_BLACKHOLE] = ASIDE(FC_smtp_timeout),
        [SIM_MX_TARPIT] = ASIDE(FC_smtp_timeout),
        [SIM_MX_BANNER_554] = UNKNOWN(FC_smtp_blocked_vantage),
        [SIM_MX_BANNER_421] = UNKNOWN(FC_smtp_blocked_vantage),
        [SIM_MX_EHLO_550] = UNKNOWN(FC_smtp_blocked_vantage),
        [SIM_MX_EHLO_REJECTED] = UNKNOWN(FC_smtp_ehlo_failed),
        [SIM_MX_HELO_ONLY] = FAILS(FC_starttls_missing),
        [SIM_MX_DROP_AT_CONNECT] = UNKNOWN(FC_smtp_ehlo_failed),
        [SIM_MX_DROP_AFTER_BANNER] = UNKNOWN(FC_smtp_ehlo_failed),
        [SIM_MX_NO_STARTTLS] = FAILS(FC_starttls_missing),
        [SIM_MX_STARTTLS_454] = FAILS(FC_starttls_refused),
        [SIM_MX_STARTTLS_502] = FAILS(FC_starttls_refused),
        [SIM_MX_STARTTLS_DROP] = UNKNOWN(FC_smtp_ehlo_failed),
        [SIM_MX_INJECT] = PASSES(SIM_CODE_NONE),
        [SIM_MX_TLS_ALERT] = FAILS(FC_starttls_handshake),
        [SIM_MX_TLS_CLOSE] = FAILS(FC_starttls_handshake),
        [SIM_MX_TLS_SILENT] = FAILS(FC_starttls_handshake),
        [SIM_MX_TLS_OLD] = {FC_mx_tls_version_low, false, false, true, true, false},
        [SIM_MX_CERT_NAME] = CERT_BAD(FC_mx_cert_name),
        [SIM_MX_CERT_CN_ONLY] = CERT_BAD(FC_mx_cert_cn_only),
        [SIM_MX_CERT_DOMAIN_ONLY] = CERT_BAD(FC_mx_cert_domain_only),
        [SIM_MX_CERT_WILDCARD_BAD] = CERT_BAD(FC_mx_cert_wildcard_bad),
        [SIM_MX_CERT_EXPIRED] = CERT_BAD(FC_mx_cert_expired),
        [SIM_MX_CERT_FUTURE] = CERT_BAD(FC_mx_cert_future),
        [SIM_MX_CERT_SELF_SIGNED] = CERT_BAD(FC_mx_cert_self_signed),
        [SIM_MX_CERT_UNTRUSTED] = CERT_BAD(FC_mx_cert_untrusted),
        [SIM_MX_CERT_INCOMPLETE] = CERT_BAD(FC_mx_chain_incomplete),
        [SIM_MX_CERT_EXPIRING] = PASSES(FC_mx_cert_expiring),
        [SIM_MX_CERT_WEAK] = PASSES(FC_mx_cert_weak),
        [SIM_MX_SNI_DEPENDENT] = PASSES(FC_mx_sni_dependent),
        [SIM_MX_SNI_ENFORCED] = PASSES(FC_mx_sni_enforced),
        [SIM_MX_CERT_REVOKED] = PASSES(FC_mx_cert_revoked),
        [SIM_MX_BANNER_DRIP] = ASIDE(FC_smtp_timeout),
        [SIM_MX_BANNER_ENDLESS] = UNKNOWN(FC_smtp_ehlo_failed),
    };
    return &truths[kind];
}

bool sim_mx_has_address(const struct sim_mx *mx)
{
    return mx->addr_count > 0 || mx->v6;
}

/* What a sender meets at one address. IPv6 is in use in a deep scan alone, and nobody listens at
 * the one address that there is. */
static const struct sim_kind_truth *address_truth(const struct sim_mx *mx, size_t at,
                                                  enum sim_truth_mode mode)
{
    static const struct sim_kind_truth unroutable = {
        FC_smtp_unroutable, false, true, false, false, false};
    if (at < mx->addr_count)
        return sim_kind_truth(sim_mx_kind(mx, at));
    return mode == SIM_TRUTH_DEEP ? sim_kind_truth(SIM_MX_REFUSED) : &unroutable;
}

/* Addresses that the scan asks for: IPv6 beside IPv4 in a deep scan alone. */
static size_t addresses_of(const struct sim_mx *mx, enum sim_truth_mode mode)
{
    bool v6 = mx->v6 && (mode == SIM_TRUTH_DEEP || mx->addr_count == 0);
    return mx->is_private ? 0 : mx->addr_count + v6;
}

static bool set_aside(const struct sim_mx *mx, enum sim_truth_mode mode)
{
    for (size_t i = 0; i < addresses_of(mx, mode); i++)
        if (!address_truth(mx, i, mode)->set_aside)
            return false;
    return true;
}

/* Of a listed host each address counts; one that is not listed fails, unless it cannot be tried. */
static void count_host(const struct sim_mx *mx, enum sim_truth_mode mode, struct sim_tally *t)
{
    size_t certs = 0, bad_certs = 0;
    bool aside = set_aside(mx, mode);
    for (size_t i = 0; !aside && i < addresses_of(mx, mode); i++) {
        const struct sim_kind_truth *k = address_truth(mx, i, mode);
        certs += k->cert_seen;
        bad_certs += k->cert_bad;
        if (!mx->listed || k->fails)
            t->fail++;
        else if (k->unknown)
            t->unknown++;
        else if (!k->set_aside)
            t->pass++;
    }
    t->certs += certs > 0;
    t->bad_certs += certs > 0 && bad_certs == certs;
    t->some_bad += bad_certs > 0;
}

struct sim_tally sim_count_hosts(const struct sim_domain *d, enum sim_truth_mode mode)
{
    struct sim_tally t = {0};
    for (size_t i = 0; i < d->mx_count; i++)
        count_host(&d->mx[i], mode, &t);
    return t;
}

static bool all_refused(const struct sim_mx *mx, enum sim_truth_mode mode)
{
    size_t n = addresses_of(mx, mode), refused = 0;
    for (size_t i = 0; i < n; i++)
        refused += address_truth(mx, i, mode)->code == FC_smtp_refused;
    return n > 0 && refused == n;
}

/* Rows of the hosts, whatever becomes of the policy. */
static void add_host_codes(struct sim_domain *d, enum sim_truth_mode mode)
{
    bool open = false;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct sim_mx *mx = &d->mx[i];
        for (size_t k = 0; k < addresses_of(mx, mode); k++) {
            int code = address_truth(mx, k, mode)->code;
            if (code != SIM_CODE_NONE && (code != FC_smtp_refused || all_refused(mx, mode)))
                sim_codes_add(&d->codes, code);
        }
        open = open || (i > 0 && !set_aside(mx, mode));
    }
    if (open && all_refused(&d->mx[0], mode))
        sim_codes_add(&d->codes, FC_smtp_nolisting);
}

void sim_add_mx_codes(struct sim_domain *d, enum sim_truth_mode mode, struct sim_tally t)
{
    if (d->mx_state == SIM_MX_NULL)
        sim_codes_add(&d->codes, FC_mx_null);
    if (d->mx_state == SIM_MX_NULL && d->adopter)
        sim_codes_add(&d->codes, FC_sts_on_null_mx);
    if (d->mx_state == SIM_MX_IMPLICIT)
        sim_codes_add(&d->codes, FC_mx_implicit);
    add_host_codes(d, mode);
    if (t.bad_certs > 0 && t.bad_certs == t.certs)
        sim_codes_add(&d->codes, FC_mx_all_invalid);
    else if (t.some_bad > 0)
        sim_codes_add(&d->codes, FC_mx_some_invalid);
}
