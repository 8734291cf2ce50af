/*
 * world_data: the constants of a world's versions, and the names that it keeps for itself.
 */
#ifndef SIMNET_WORLD_DATA_H
#define SIMNET_WORLD_DATA_H

#include "tests/simnet/world.h"

/* First labels that no list of real names holds. */
#define SIM_LABEL_MX "simnet-mx"       /* simnet-mx1.D, simnet-mx2.D: MX hosts of their own */
#define SIM_LABEL_RELAY "simnet-relay" /* a backup MX of another kind of name */
#define SIM_LABEL_GONE "simnet-gone"   /* below it nothing exists: targets of dangling CNAMEs */
#define SIM_LABEL_LOOP "simnet-loop"   /* points back where it came from */

#define SIM_SUFFIX_HOSTING "simnet-hosting.example"     /* web platforms and other bystanders */
#define SIM_SUFFIX_COLLECTOR "simnet-collector.example" /* receives TLS reports */

#define SIM_WILDCARD_TXT "v=spf1 -all"
#define SIM_WILDCARD_WEB "web.simnet-hosting.example"

/* Parts of a thousand. */
struct sim_shares {
    uint32_t fault;   /* of adopters: misconfigured */
    uint32_t trouble; /* of adopters: cannot be judged */
    uint32_t oddity;  /* of adopters: in order, with a weakness */
    uint32_t hosted;  /* of adopters: the policy is hosted by one of the providers */
    uint32_t missing; /* of registrable domains: do not exist any more */
    uint32_t own_mx;  /* of domains with mail: their MX hosts are their own, no provider's */
};

uint32_t sim_world_group_size(const struct sim_world *world);
const struct sim_shares *sim_world_shares(const struct sim_world *world);
/* Worlds are numbered from 0 in the order in which they came. */
unsigned sim_world_number(const struct sim_world *world);

/* Whether the name begins with a label that names a service of its parent (mta-sts, _mta-sts, _tls,
 * simnet-*): it never adopts. */
bool sim_is_service_name(const char *name);

/* label "." name. Adopters are short enough (SIM_ADOPTER_NAME_MAX) for every label of ours. */
enum { SIM_ADOPTER_NAME_MAX = 200 };
void sim_name_join(const char *label, const char *name, char out[SIM_NAME_MAX]);

/* The id that a hoster publishes under this CNAME target. */
enum { SIM_HOSTED_ID_BYTES = 24 };
void sim_hosted_id(const char *target, char out[SIM_HOSTED_ID_BYTES]);

#endif
