/* ehlo_check - what DNS says of the address that we send from and of the name that we say in EHLO.
 *
 * Mail servers look up the PTR record of a client, whether that name has the client's address again
 * (forward-confirmed reverse DNS), and whether the name in EHLO belongs to it (RFC 5321 4.1.4 lets
 * them; RFC 1912 2.1 asks for matching PTR and A). Gathers facts; the words are the caller's.
 *
 * Thread: that of the event base. */
#ifndef SCANNER_NET_EHLO_CHECK_H
#define SCANNER_NET_EHLO_CHECK_H

#include "scanner/net/dns.h"

enum {
    EHLO_ADDRESSES_MAX = 8, /* of ours that are looked at */
    EHLO_PTR_NAMES_MAX = 4, /* of one address whose addresses are looked up */
    EHLO_CHECK_MS = 5000,   /* for all of it */
    EHLO_RETRY_MS = 1000,
    EHLO_NAME_MAX_BYTES = 256,
};

struct ehlo_facts {
    struct net_addr ours;
    enum lookup ptr;                    /* of our address; ABANDONED: not in time */
    char ptr_name[EHLO_NAME_MAX_BYTES]; /* the first, "" for none */
    bool ptr_is_name;                   /* one of them is the EHLO name */
    enum lookup back;    /* addresses of the PTR's names; SKIPPED without such names */
    bool confirmed;      /* our address is among them */
    bool literal;        /* the EHLO "name" is an address literal: forward is SKIPPED */
    enum lookup forward; /* addresses of the EHLO name, of our address's family */
    bool owned;          /* our address is among them, or is the literal */
};

typedef struct ehlo_check ehlo_check;
/* Called once, from the loop, after EHLO_CHECK_MS at the latest. Must not free the check. */
typedef void (*ehlo_done_fn)(void *arg, const struct ehlo_facts *facts, size_t n);

struct ehlo_config {
    const struct endpoint *servers; /* resolvers, sources: as in dns_config */
    size_t n_servers;
    const struct net_addr *sources;
    size_t n_sources;
    const char *name;            /* as in EHLO: a host name or an address literal */
    const struct net_addr *ours; /* 1 to EHLO_ADDRESSES_MAX addresses */
    size_t n_ours;
};

/* Copies the configuration and begins to ask. ST_INVALID for none of ours or too many; ST_NOMEM. */
enum status ehlo_check_new(struct event_base *base, const struct ehlo_config *config,
                           ehlo_done_fn done, void *arg, ehlo_check **out);
/* The callback will not come any more. NULL is fine. */
void ehlo_check_free(ehlo_check *c);

#endif
