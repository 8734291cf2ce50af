#include "scanner/net/ehlo_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct ehlo_one {
    struct ehlo_check *check;
    struct ehlo_facts facts;
};

struct ehlo_check {
    dns_engine *dns;
    struct event *deadline;
    char name[EHLO_NAME_MAX_BYTES];
    struct ehlo_one one[EHLO_ADDRESSES_MAX];
    size_t n, pending;
    ehlo_done_fn done; /* NULL: was called */
    void *arg;
};

static void finish(ehlo_check *c)
{
    struct ehlo_facts facts[EHLO_ADDRESSES_MAX];
    ehlo_done_fn done = c->done;
    if (!done)
        return;
    c->done = NULL;
    for (size_t i = 0; i < c->n; i++)
        facts[i] = c->one[i].facts;
    done(c->arg, facts, c->n);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    finish(arg);
}

static void answered(ehlo_check *c)
{
    if (--c->pending == 0)
        finish(c);
}

/* False when it cannot be asked, which is as good as not answered. */
static bool ask(struct ehlo_one *one, const char *name, enum dns_type type, dns_done_fn on_answer)
{
    if (dns_query(one->check->dns, name, type, on_answer, one, NULL) != ST_OK)
        return false;
    one->check->pending++;
    return true;
}

static enum dns_type address_type(const struct net_addr *a)
{
    return a->family == 4 ? DNS_A : DNS_AAAA;
}

static bool has_address(const struct dns_answer *answer, const struct net_addr *a)
{
    for (size_t i = 0; i < answer->n; i++)
        if (net_addr_eq(&answer->addr[i], a))
            return true;
    return false;
}

static void on_forward(void *arg, const struct dns_answer *answer)
{
    struct ehlo_one *one = arg;
    one->facts.forward = answer->facts.status;
    one->facts.owned = has_address(answer, &one->facts.ours);
    answered(one->check);
}

/* Of several names the best answer counts: found, then a clean no, then a failure. */
static void on_back(void *arg, const struct dns_answer *answer)
{
    struct ehlo_one *one = arg;
    enum lookup now = answer->facts.status, *kept = &one->facts.back;
    if (now == LOOKUP_FOUND || lookup_is_undetermined(*kept))
        *kept = now;
    one->facts.confirmed |= has_address(answer, &one->facts.ours);
    answered(one->check);
}

static void on_ptr(void *arg, const struct dns_answer *answer)
{
    struct ehlo_one *one = arg;
    struct ehlo_facts *f = &one->facts;
    f->ptr = answer->facts.status;
    size_t n = answer->n < EHLO_PTR_NAMES_MAX ? answer->n : EHLO_PTR_NAMES_MAX;
    for (size_t i = 0; i < answer->n; i++)
        f->ptr_is_name |= strcasecmp(answer->name[i], one->check->name) == 0;
    if (n > 0) {
        snprintf(f->ptr_name, sizeof f->ptr_name, "%s", answer->name[0]);
        f->back = LOOKUP_ABANDONED;
    }
    for (size_t i = 0; i < n; i++)
        ask(one, answer->name[i], address_type(&f->ours), on_back);
    answered(one->check);
}

/* RFC 5321 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static bool literal_address(const char *name, struct net_addr *out)
{
    struct slice s = slice_of(name);
    if (s.len < 3 || s.p[0] != '[' || s.p[s.len - 1] != ']')
        return false;
    s = (struct slice){s.p + 1, s.len - 2};
    if (slice_starts(s, SLICE_LIT("IPv6:")))
        s = (struct slice){s.p + 5, s.len - 5};
    return net_addr_parse(s, out) == ST_OK;
}

static void begin(struct ehlo_one *one, const char *name)
{
    struct ehlo_facts *f = &one->facts;
    char reverse[ADDR_REVERSE_MAX_BYTES];
    struct net_addr literal = {.family = 0};
    f->ptr = f->forward = LOOKUP_ABANDONED;
    addr_reverse_name(&f->ours, reverse);
    ask(one, reverse, DNS_PTR, on_ptr);
    f->literal = literal_address(name, &literal);
    if (f->literal) {
        f->forward = LOOKUP_SKIPPED;
        f->owned = net_addr_eq(&literal, &f->ours);
    } else {
        ask(one, name, address_type(&f->ours), on_forward);
    }
}

enum status ehlo_check_new(struct event_base *base, const struct ehlo_config *config,
                           ehlo_done_fn done, void *arg, ehlo_check **out)
{
    struct dns_config dns = {.servers = config->servers,
                             .n_servers = config->n_servers,
                             .sources = config->sources,
                             .n_sources = config->n_sources,
                             .deadline_ms = EHLO_CHECK_MS,
                             .retry_ms = EHLO_RETRY_MS,
                             .in_flight_max = EHLO_ADDRESSES_MAX * (EHLO_PTR_NAMES_MAX + 2)};
    struct timeval limit = {EHLO_CHECK_MS / 1000, EHLO_CHECK_MS % 1000 * 1000};
    if (config->n_ours == 0 || config->n_ours > EHLO_ADDRESSES_MAX ||
        strlen(config->name) >= EHLO_NAME_MAX_BYTES)
        return ST_INVALID;
    ehlo_check *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    c->done = done;
    c->arg = arg;
    c->n = config->n_ours;
    snprintf(c->name, sizeof c->name, "%s", config->name);
    c->deadline = evtimer_new(base, on_deadline, c);
    enum status st = c->deadline ? dns_new(base, &dns, &c->dns) : ST_NOMEM;
    if (st != ST_OK) {
        ehlo_check_free(c);
        return st;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->one[i] = (struct ehlo_one){.check = c, .facts = {.ours = config->ours[i]}};
        begin(&c->one[i], c->name);
    }
    event_add(c->deadline, &limit);
    *out = c;
    return ST_OK;
}

void ehlo_check_free(ehlo_check *c)
{
    if (!c)
        return;
    c->done = NULL; /* what is abandoned here says nothing */
    dns_free(c->dns);
    if (c->deadline)
        event_free(c->deadline);
    free(c);
}
