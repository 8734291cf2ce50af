/* classify_mx_dns: the MX record set and the names in it. */
#include "lib/classify.h"

#include <string.h>

bool mx_host_is_null(const struct mx_host *h)
{
    return strcmp(h->name, ".") == 0 || h->name[0] == '\0';
}

static bool is_single_label(const char *name)
{
    return strchr(name, '.') == NULL;
}

/* An IP literal, "localhost", "~" or another single label: nothing that mail can go to. */
static bool is_invalid_host(const char *name)
{
    struct net_addr ignored;
    return name[0] == '[' || is_single_label(name) ||
           net_addr_parse(slice_of(name), &ignored) == ST_OK;
}

/* Every address is one that the guard never contacts, so none is a public host. */
static bool is_private(const struct mx_host *h)
{
    for (size_t i = 0; i < h->n_probe; i++) {
        if (h->probe[i].end != PROBE_BLOCKED || h->probe[i].conn != CONN_BLOCKED)
            return false;
    }
    return h->n_probe > 0;
}

static bool is_duplicate(const struct mx_facts *mx, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (slice_eq_nocase(slice_of(mx->host[i].name), slice_of(mx->host[at].name)))
            return true;
    }
    return false;
}

static void judge_mx_host(const struct mx_facts *mx, size_t at, struct judgement *j)
{
    const struct mx_host *h = &mx->host[at];
    const struct strlist *chain = addr_facts_chain(&h->addrs);
    if (h->implicit)
        return;
    if (addr_facts_absent(&h->addrs))
        classify_add(j, FC_mx_host_no_address, h->name, NULL);
    if (chain->n > 0)
        classify_add(j, FC_mx_host_cname, h->name, chain->v[chain->n - 1]);
    if (is_invalid_host(h->name))
        classify_add(j, FC_mx_host_invalid, h->name, NULL);
    if (is_private(h))
        classify_add(j, FC_mx_host_private, h->name, NULL);
    if (is_duplicate(mx, at))
        classify_add(j, FC_mx_duplicate, h->name, NULL);
    if (name_under(slice_of(h->name), SLICE_LIT("msv1.invalid")))
        classify_add(j, FC_mx_ms_verification, h->name, NULL);
}

static void judge_mx_found(const struct evidence *e, struct judgement *j)
{
    const struct mx_facts *mx = &e->mx;
    size_t nulls = 0;
    for (size_t i = 0; i < mx->n; i++)
        nulls += mx_host_is_null(&mx->host[i]);
    if (mx->n > 0 && nulls == mx->n) {
        j->mx_status = COMPONENT_NULL_MX;
        classify_add(j, FC_mx_null, NULL, NULL);
        return;
    }
    j->mx_status = COMPONENT_FOUND;
    if (nulls > 0)
        classify_add(j, FC_mx_null_mixed, ".", NULL);
    for (size_t i = 0; i < mx->n; i++) {
        if (!mx_host_is_null(&mx->host[i]))
            judge_mx_host(mx, i, j);
    }
}

/* RFC 5321 5.1: without MX the domain itself is the host, when it has an address. */
static void judge_mx_missing(const struct mx_facts *mx, struct judgement *j)
{
    const struct addr_facts *apex = &mx->apex;
    if (apex->n > 0 || (mx->n > 0 && mx->host[0].implicit && mx->host[0].addrs.n > 0)) {
        j->mx_status = COMPONENT_IMPLICIT;
        classify_add(j, FC_mx_implicit, NULL, NULL);
    } else if (mx->dns.status == LOOKUP_NXDOMAIN || addr_facts_absent(apex)) {
        j->mx_status = COMPONENT_ABSENT;
        classify_add(j, FC_mx_none, NULL, NULL);
    } else {
        j->mx_status = COMPONENT_UNDETERMINED;
        if (addr_facts_failure(apex))
            classify_add(j, FC_mx_lookup_failed, NULL, addr_facts_failure(apex));
    }
}

void classify_mx_dns(const struct evidence *e, struct judgement *j)
{
    enum lookup status = e->mx.dns.status;
    if (status == LOOKUP_SKIPPED) {
        j->mx_status = COMPONENT_SKIPPED;
    } else if (status == LOOKUP_FOUND) {
        judge_mx_found(e, j);
    } else if (lookup_is_negative(status)) {
        judge_mx_missing(&e->mx, j);
    } else {
        j->mx_status = COMPONENT_UNDETERMINED;
        if (status != LOOKUP_ABANDONED)
            classify_add(j, FC_mx_lookup_failed, NULL, lookup_name(status));
    }
}
