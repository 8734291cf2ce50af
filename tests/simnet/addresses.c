#include "tests/simnet/addresses.h"

#include "tests/simnet/providers.h"
#include "tests/simnet/world.h"

/* Second octets of the plan in world.h. */
enum {
    OCTET_WEB = 2,
    OCTET_NAME_SERVER = 3,
    OCTET_REFUSED = 4,
    OCTET_BLACKHOLE = 5,
    OCTET_POLICY_SHARED = 8,
    OCTET_POLICY_OWN = 16,
    OCTET_MX_SHARED = 24,
    OCTET_MX_FAULT = 64,
    OCTET_MX_OWN = 128,
};

/* A run of /16 that hosts are spread over. */
struct block {
    unsigned octet, octets; /* second octet, how many */
    unsigned net, nets;     /* first third octet, how many */
    unsigned hosts;         /* fourth octet 1..hosts */
};

static const struct block policy_own = {OCTET_POLICY_OWN, 4, 0, 256, 2};
static const struct block mx_own = {OCTET_MX_OWN, 128, 0, 256, 254};
static const struct block web = {OCTET_WEB, 1, 0, 256, 200};
static const struct block refused = {OCTET_REFUSED, 1, 0, 256, 200};
static const struct block blackhole = {OCTET_BLACKHOLE, 1, 0, 256, 20};

_Static_assert(OCTET_MX_FAULT + SIM_MX_KIND_COUNT <= OCTET_MX_OWN, "blocks are apart");

enum { SHARED_POLICY_NETS = 4, SHARED_POLICY_HOSTS = 4, SHARED_MX_NETS = 20, SHARED_MX_HOSTS = 20 };

static uint32_t in_block(const struct block *b, uint64_t hash)
{
    uint32_t octet = b->octet + (uint32_t)(hash % b->octets);
    hash /= b->octets;
    uint32_t net = b->net + (uint32_t)(hash % b->nets);
    hash /= b->nets;
    uint32_t host = 1 + (uint32_t)(hash % b->hosts);
    return UINT32_C(127) << 24 | octet << 16 | net << 8 | host;
}

static bool holds(const struct block *b, uint32_t addr)
{
    uint32_t octet = addr >> 16 & 255, net = addr >> 8 & 255, host = addr & 255;
    return addr >> 24 == 127 && octet - b->octet < b->octets && net - b->net < b->nets &&
           host - 1 < b->hosts;
}

/* Kinds that hold a client: a scan probes an address once, so that each host needs its own. */
static bool holds_clients(unsigned kind)
{
    return kind == SIM_MX_TARPIT || kind == SIM_MX_TLS_SILENT || kind == SIM_MX_BANNER_DRIP;
}

static struct block fault_block(unsigned kind)
{
    bool many = holds_clients(kind);
    return (struct block){OCTET_MX_FAULT + kind, 1, 0, many ? 256 : 64, many ? 20 : 2};
}

static struct block shared_mx_block(unsigned provider)
{
    return (struct block){OCTET_MX_SHARED, 1, provider * SHARED_MX_NETS, SHARED_MX_NETS,
                          SHARED_MX_HOSTS};
}

static struct block shared_policy_block(unsigned hoster)
{
    return (struct block){OCTET_POLICY_SHARED, 1, hoster * SHARED_POLICY_NETS, SHARED_POLICY_NETS,
                          SHARED_POLICY_HOSTS};
}

uint32_t sim_addr_refused(uint64_t hash)
{
    return in_block(&refused, hash);
}

uint32_t sim_addr_blackhole(uint64_t hash)
{
    return in_block(&blackhole, hash);
}

uint32_t sim_addr_name_server(unsigned i)
{
    return UINT32_C(127) << 24 | (uint32_t)OCTET_NAME_SERVER << 16 | i;
}

uint32_t sim_addr_web(uint64_t hash)
{
    return in_block(&web, hash);
}

uint32_t sim_addr_private(uint64_t hash)
{
    return UINT32_C(10) << 24 | (uint32_t)(hash & 0x3fffff) << 2 | 1;
}

uint32_t sim_addr_policy(uint64_t hash)
{
    return in_block(&policy_own, hash);
}

uint32_t sim_addr_mx(enum sim_smtp_kind kind, uint64_t hash)
{
    if (kind == SIM_MX_GOOD)
        return in_block(&mx_own, hash);
    if (kind == SIM_MX_REFUSED)
        return sim_addr_refused(hash);
    if (kind == SIM_MX_BLACKHOLE)
        return sim_addr_blackhole(hash);
    struct block b = fault_block(kind);
    return in_block(&b, hash);
}

/* Further addresses lie in other /24 of the slice: the net is the fastest-moving part. */
uint32_t sim_addr_mx_shared(unsigned provider, uint64_t hash, unsigned i)
{
    struct block b = shared_mx_block(provider);
    return in_block(&b, hash % (SHARED_MX_NETS * SHARED_MX_HOSTS) + i);
}

uint32_t sim_addr_policy_shared(unsigned hoster, uint64_t hash, unsigned i)
{
    struct block b = shared_policy_block(hoster);
    return in_block(&b, hash % (SHARED_POLICY_NETS * SHARED_POLICY_HOSTS) + i);
}

bool sim_addr_is_mx(uint32_t addr, enum sim_smtp_kind *kind, int *provider)
{
    *kind = SIM_MX_GOOD;
    *provider = -1;
    if (holds(&mx_own, addr))
        return true;
    for (unsigned p = 0; p < sim_mx_provider_count(); p++) {
        struct block b = shared_mx_block(p);
        if (holds(&b, addr)) {
            *provider = (int)p;
            return true;
        }
    }
    uint32_t octet = addr >> 16 & 255;
    if (octet < OCTET_MX_FAULT || octet >= OCTET_MX_FAULT + SIM_MX_KIND_COUNT)
        return false;
    struct block b = fault_block(octet - OCTET_MX_FAULT);
    *kind = (enum sim_smtp_kind)(octet - OCTET_MX_FAULT);
    return holds(&b, addr) && *kind > SIM_MX_BLACKHOLE;
}

bool sim_addr_is_policy(uint32_t addr, int *hoster)
{
    *hoster = -1;
    if (holds(&policy_own, addr))
        return true;
    for (unsigned h = 0; h < sim_hoster_count(); h++) {
        struct block b = shared_policy_block(h);
        if (holds(&b, addr)) {
            *hoster = (int)h;
            return true;
        }
    }
    return false;
}

bool sim_address_plan(uint32_t addr, enum sim_service service, enum sim_reach *reach)
{
    enum sim_smtp_kind kind;
    int slice;
    if (holds(&refused, addr) || holds(&web, addr)) {
        *reach = SIM_REACH_REFUSED;
        return true;
    }
    if (holds(&blackhole, addr)) {
        *reach = SIM_REACH_BLACKHOLE;
        return true;
    }
    *reach = SIM_REACH_LISTEN;
    return service == SIM_SERVICE_HTTPS ? sim_addr_is_policy(addr, &slice)
                                        : sim_addr_is_mx(addr, &kind, &slice);
}
