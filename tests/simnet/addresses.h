/*
 * addresses: which address a host gets, and what an address says of its host.
 *
 * SMTP speaks before it knows a name, so an MX host's behaviour is written in its address: one
 * block an SMTP kind (the plan stands in world.h). Two hosts that share an address by chance then
 * share all but the name in the certificate.
 */
#ifndef SIMNET_ADDRESSES_H
#define SIMNET_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

enum sim_smtp_kind {
    SIM_MX_GOOD,
    SIM_MX_REFUSED,
    SIM_MX_BLACKHOLE,
    SIM_MX_TARPIT,
    SIM_MX_BANNER_554,
    SIM_MX_BANNER_421,
    SIM_MX_EHLO_550,
    SIM_MX_EHLO_REJECTED, /* 500 to EHLO and HELO */
    SIM_MX_HELO_ONLY,     /* 502 to EHLO, 250 to HELO: no STARTTLS can be had */
    SIM_MX_DROP_AT_CONNECT,
    SIM_MX_DROP_AFTER_BANNER,
    SIM_MX_NO_STARTTLS,
    SIM_MX_STARTTLS_454,
    SIM_MX_STARTTLS_502,
    SIM_MX_STARTTLS_DROP,
    SIM_MX_INJECT,
    SIM_MX_TLS_ALERT,
    SIM_MX_TLS_CLOSE,
    SIM_MX_TLS_SILENT,
    SIM_MX_TLS_OLD,
    SIM_MX_CERT_NAME,
    SIM_MX_CERT_CN_ONLY,
    SIM_MX_CERT_DOMAIN_ONLY,
    SIM_MX_CERT_WILDCARD_BAD,
    SIM_MX_CERT_EXPIRED,
    SIM_MX_CERT_FUTURE,
    SIM_MX_CERT_SELF_SIGNED,
    SIM_MX_CERT_UNTRUSTED,
    SIM_MX_CERT_INCOMPLETE,
    SIM_MX_CERT_EXPIRING,
    SIM_MX_CERT_WEAK,
    SIM_MX_SNI_DEPENDENT, /* without SNI another certificate */
    SIM_MX_SNI_ENFORCED,  /* without SNI a fatal alert */
    SIM_MX_CERT_REVOKED,
    SIM_MX_BANNER_DRIP,    /* a long banner, a byte every SIM_DRIP_MS */
    SIM_MX_BANNER_ENDLESS, /* a banner without end */
    SIM_MX_KIND_COUNT
};

/* The address of an MX host of its own with this behaviour. */
uint32_t sim_addr_mx(enum sim_smtp_kind kind, uint64_t hash);
/* The i-th address of a host of shared MX provider `provider` (index in the table of providers.h).
 */
uint32_t sim_addr_mx_shared(unsigned provider, uint64_t hash, unsigned i);
uint32_t sim_addr_policy(uint64_t hash);
uint32_t sim_addr_policy_shared(unsigned hoster, uint64_t hash, unsigned i);
uint32_t sim_addr_refused(uint64_t hash);
uint32_t sim_addr_blackhole(uint64_t hash);
/* The i-th name server, from 1 (zone.h). */
uint32_t sim_addr_name_server(unsigned i);
/* A web server at a domain's own name: nobody listens. */
uint32_t sim_addr_web(uint64_t hash);
/* RFC 1918 space. Nothing may ever connect there. */
uint32_t sim_addr_private(uint64_t hash);

/* What the address says. False when it is no MX host's. *provider is -1 for hosts of their own. */
bool sim_addr_is_mx(uint32_t addr, enum sim_smtp_kind *kind, int *provider);
/* False when it is no policy host's. *hoster is -1 for hosts of their own. */
bool sim_addr_is_policy(uint32_t addr, int *hoster);

#endif
