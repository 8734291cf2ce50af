/* The unit's authoritative servers (--deep): what each of the zone's name servers says of
 * _mta-sts.D. A server that lags behind shows some senders another record than the rest. */
#include "scanner/worker/unit.h"

#include "scanner/worker/limits.h"
#include "scanner/worker/zone_cut.h"
#include <stdlib.h>
#include <string.h>

/* The search for the zone. */
struct zone_search {
    const char *asked; /* for NS */
    const char *top;   /* not above this */
    unsigned steps;
};

struct name_server {
    const char *name;
    struct addr_facts addrs;
    struct ns_view *view;
};

/* A server that is not authoritative does not hold the zone: what it says was got elsewhere, and
 * may be old. The same word as for a referral (dns_reply.h). */
static void on_view(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct txt_facts *view = arg;
    enum lookup status = a->facts.status;
    if (a->authoritative || (status != LOOKUP_FOUND && !lookup_is_negative(status))) {
        unit_keep_txt(u, view, a);
        return;
    }
    struct dns_answer lame = {.facts = a->facts};
    lame.facts.status = LOOKUP_REFUSED;
    unit_keep_txt(u, view, &lame);
}

static void ask_server(struct unit *u, const struct name_server *ns, const struct net_addr *ip)
{
    struct endpoint at = {.ip = *ip, .port = u->worker->shared->options->ns_port};
    char text[ADDR_TEXT_MAX_BYTES];
    net_addr_text(ip, text);
    const char *server = arena_printf(&u->e.arena, "%s %s", ns->name, text);
    const char *name = arena_join(&u->e.arena, "_mta-sts.", u->e.domain);
    if (!server || !name)
        return;
    ns->view->server = server;
    unit_ask_at(u, &at, name, DNS_TXT, on_view, &ns->view->txt);
}

/* One address of each server is enough: behind all of them is one copy of the zone. */
static void on_server_addresses(struct unit *u, void *arg)
{
    const struct name_server *ns = arg;
    for (size_t i = 0; i < ns->addrs.n; i++) {
        if (unit_may_contact(u, ns->name, &ns->addrs, &ns->addrs.addr[i]) != CONN_OK)
            continue;
        ask_server(u, ns, &ns->addrs.addr[i]);
        return;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name_server *)a)->name, ((const struct name_server *)b)->name);
}

/* In the order of their names, as resolvers turn the order of an RRset around. One that cannot be
 * asked, for want of an address that may be contacted, is in the evidence by its name alone. */
static void ask_servers(struct unit *u, const struct dns_answer *a)
{
    size_t n = 0;
    struct name_server *ns = arena_array(&u->e.arena, a->n, sizeof *ns);
    for (size_t i = 0; ns && i < a->n; i++) {
        addr_facts_init(&ns[n].addrs);
        ns[n].name = arena_dup(&u->e.arena, slice_of(a->name[i]));
        n += ns[n].name != NULL;
    }
    if (n > 1)
        qsort(ns, n, sizeof *ns, by_name);
    if (n > LIMIT_NS_PER_ZONE)
        n = LIMIT_NS_PER_ZONE;
    u->e.ns = n > 0 ? arena_array(&u->e.arena, n, sizeof *u->e.ns) : NULL;
    for (size_t i = 0; u->e.ns && i < n; i++) {
        ns[i].view = &u->e.ns[u->e.n_ns++];
        ns[i].view->server = ns[i].name;
        txt_facts_init(&ns[i].view->txt);
    }
    for (size_t i = 0; u->e.ns && i < n; i++)
        unit_ask_addresses(u, ns[i].name, true, &ns[i].addrs, on_server_addresses, &ns[i]);
}

static void on_zone(struct unit *u, void *arg, const struct dns_answer *a)
{
    struct zone_search *search = arg;
    if (zone_cut_here(&a->facts)) {
        ask_servers(u, a);
        return;
    }
    search->asked = zone_cut_next(search->asked, &a->facts, search->top);
    if (search->asked && ++search->steps < LIMIT_ZONE_CUTS)
        unit_ask(u, search->asked, DNS_NS, false, on_zone, search);
}

/* From _mta-sts.D itself: a hoster may have been given just that name. */
void unit_deep_start(struct unit *u)
{
    const name_psl *psl = u->worker->shared->judge.psl;
    struct slice top = psl ? name_registrable(psl, u->e.domain) : (struct slice){NULL, 0};
    struct zone_search *search = arena_alloc(&u->e.arena, sizeof *search);
    if (!search)
        return;
    search->steps = 0;
    search->top = top.len > 0 ? top.p : u->e.domain; /* a suffix of the domain */
    search->asked = arena_join(&u->e.arena, "_mta-sts.", u->e.domain);
    if (search->asked)
        unit_ask(u, search->asked, DNS_NS, false, on_zone, search);
}
