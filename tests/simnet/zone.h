/*
 * zone: the answer to any question, as a recursive resolver would give it.
 *
 * Names of ours can be turned back into the domain that they belong to: they begin with labels that
 * no real list holds (world_data.h), or with mta-sts, _mta-sts, _smtp._tls. Names of shared
 * providers answer for themselves. Every other name is a domain of its own.
 */
#ifndef SIMNET_ZONE_H
#define SIMNET_ZONE_H

#include "tests/simnet/domain.h"

/* RFC 1035 3.2.2, RFC 3596, RFC 6891. */
enum sim_type {
    SIM_TYPE_A = 1,
    SIM_TYPE_NS = 2,
    SIM_TYPE_CNAME = 5,
    SIM_TYPE_SOA = 6,
    SIM_TYPE_MX = 15,
    SIM_TYPE_TXT = 16,
    SIM_TYPE_AAAA = 28,
    SIM_TYPE_OPT = 41,
};

enum { SIM_ANSWER_RRS_MAX = 16 };

/* Who answers: a recursive resolver, or one of the name servers of all zones. The second has
 * another record where the domain's class says so, and follows aliases out of the zone; the third
 * is lame: a zone in eight names it, and it knows of nothing, without authority. */
enum sim_server { SIM_RESOLVER, SIM_NS_FIRST, SIM_NS_SECOND, SIM_NS_LAME, SIM_SERVER_COUNT };

/* One RR; pointers into the answer or to static text. */
struct sim_rr {
    const char *owner;
    enum sim_type type;
    uint32_t ttl;
    uint32_t addr;                /* A; an AAAA is always ::1 */
    uint16_t preference;          /* MX */
    const char *target;           /* CNAME, MX, NS; "." for the root */
    const struct sim_txt_rr *txt; /* TXT */
};

/* Big; holds the domain that it was made from. Do not copy. */
struct sim_answer {
    enum sim_lookup status; /* FOUND also for a CNAME chain that leads to nothing but exists */
    struct sim_rr rr[SIM_ANSWER_RRS_MAX];
    size_t count;
    char qname[SIM_NAME_MAX];
    char soa[SIM_NAME_MAX]; /* owner of the SOA of a negative answer; "" for none */
    bool authoritative;
    struct sim_txt_rr text;
    char text_bytes[64];
    struct sim_domain domain;
};

/* `qname` is lower case without final dot, "" for the root. */
void sim_zone_answer(const struct sim_world *world, const char *qname, unsigned qtype,
                     struct sim_answer *out);
/* The same as another than the resolver says it. */
void sim_zone_answer_of(const struct sim_world *world, enum sim_server server, const char *qname,
                        unsigned qtype, struct sim_answer *out);

#endif
