/*
 * providers: the shared infrastructure of the world: who hosts policies, who receives mail.
 *
 * Names follow the patterns of the real providers; they are answered inside simnet only. A pattern
 * holds at most one of
 *   %d  the customer's domain, dots as hyphens     a-com
 *   %u  the customer's domain, dots as underscores a_com
 *   %D  the customer's domain as it is             a.com
 *   %h  eight hex digits drawn from the domain
 * Any name under a provider's suffix resolves, so that nothing must be turned back into a domain.
 */
#ifndef SIMNET_PROVIDERS_H
#define SIMNET_PROVIDERS_H

#include "tests/simnet/world.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SIM_PROVIDER_MX_MAX = 5 };

/* Hosts policies for many domains; _mta-sts.D and mta-sts.D are CNAMEs to it. */
struct sim_hoster {
    const char *name;
    const char *suffix; /* all targets lie under it */
    size_t suffix_len;
    const char *txt;     /* target of _mta-sts.D */
    const char *host;    /* target of mta-sts.D */
    uint32_t weight;     /* share among hosted domains */
    const char *only_mx; /* its customers receive at this MX provider, or NULL: at any */
};

struct sim_mx_provider {
    const char *name;   /* two rows of one name are one company */
    const char *suffix; /* all MX names lie under it */
    size_t suffix_len;
    const char *mx[SIM_PROVIDER_MX_MAX];
    const char *pattern; /* of the policy; NULL: each MX by name */
    const char *cert[4]; /* dNSNames */
    unsigned addresses;  /* of each MX host */
    uint32_t weight;
};

unsigned sim_hoster_count(void);
const struct sim_hoster *sim_hoster(unsigned i);
unsigned sim_mx_provider_count(void);
const struct sim_mx_provider *sim_mx_provider(unsigned i);
int sim_mx_provider_index(const char *name); /* -1 when there is none */

/* The hoster or MX provider that a name lies under, or -1. */
int sim_hoster_of(const char *name);
int sim_mx_provider_of(const char *name);

/* Whether `name` lies under one of the suffixes: infrastructure, never an adopter. */
bool sim_is_infrastructure(const char *name);
/* Whether `name` is `suffix` or ends in "." and `suffix`; the first with the lengths known. The dot
 * is looked at before the bytes are. */
static inline bool sim_name_ends(const char *name, size_t n, const char *suffix, size_t s)
{
    if (n < s || (n > s && name[n - s - 1] != '.'))
        return false;
    return memcmp(name + n - s, suffix, s) == 0;
}

static inline bool sim_name_under(const char *name, const char *suffix)
{
    return sim_name_ends(name, strlen(name), suffix, strlen(suffix));
}

/* Fills in a pattern. False when the result would be no domain name (a label over 63, 253 in all).
 */
bool sim_provider_expand(const char *pattern, const char *domain, uint64_t hash,
                         char out[SIM_NAME_MAX]);

#endif
