#include "scanner/scan_ehlo.h"

#include "scanner/net/route.h"
#include "scanner/scan_course.h"
#include <stdarg.h>
#include <stdio.h>

enum { NOTES_MAX_BYTES = 8192 };

__attribute__((format(printf, 3, 4))) static void add(struct strbuf *out, size_t begin,
                                                      const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (out->len > begin)
        strbuf_adds(out, "; ");
    strbuf_adds(out, text);
}

void ehlo_words(const struct ehlo_facts *f, const char *name, struct strbuf *out)
{
    char ip[ADDR_TEXT_MAX_BYTES];
    size_t begin = out->len;
    net_addr_text(&f->ours, ip);
    if (lookup_is_undetermined(f->ptr))
        add(out, begin, "the PTR record of %s could not be looked up (%s)", ip,
            lookup_name(f->ptr));
    else if (f->ptr_name[0] == '\0')
        add(out, begin, "%s has no PTR record", ip);
    else if (lookup_is_undetermined(f->back) && !f->confirmed)
        add(out, begin, "the address of %s, the PTR of %s, could not be looked up (%s)",
            f->ptr_name, ip, lookup_name(f->back));
    else if (!f->confirmed)
        add(out, begin, "%s, the PTR of %s, does not resolve to it", f->ptr_name, ip);
    if (f->ptr_name[0] != '\0' && !f->ptr_is_name && !f->literal)
        add(out, begin, "the PTR of %s names %s, not %s", ip, f->ptr_name, name);
    if (f->owned)
        return;
    if (f->literal)
        add(out, begin, "%s is not the address %s that we send from", name, ip);
    else if (lookup_is_undetermined(f->forward))
        add(out, begin, "the address of %s could not be looked up (%s)", name,
            lookup_name(f->forward));
    else if (f->forward == LOOKUP_FOUND)
        add(out, begin, "%s does not resolve to %s", name, ip);
    else
        add(out, begin, "%s has no %s record", name, f->ours.family == 4 ? "A" : "AAAA");
}

/* ---- in a scan ------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void note(struct scan *s, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!s->options->quiet)
        scan_say(s, "EHLO name %s: %s", s->options->ehlo_name, text);
    if (s->ehlo_notes.len > 0)
        strbuf_addc(&s->ehlo_notes, '\n');
    strbuf_adds(&s->ehlo_notes, text);
}

static void on_checked(void *arg, const struct ehlo_facts *facts, size_t n)
{
    struct scan *s = arg;
    struct strbuf words;
    strbuf_init(&words, NOTES_MAX_BYTES);
    s->ehlo_pending = false;
    for (size_t i = 0; i < n; i++) {
        strbuf_clear(&words);
        ehlo_words(&facts[i], s->options->ehlo_name, &words);
        if (words.len > 0)
            note(s, "%s. Mail servers may refuse such a client", words.p);
    }
    strbuf_free(&words);
}

/* The addresses that others see, as far as this machine knows them. */
static size_t own_addresses(const struct scan *s, struct net_addr *out)
{
    const struct scan_options *o = s->options;
    size_t n = 0;
    for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
        bool given = false;
        if (!(family == 4 ? s->shared.use_v4 : s->shared.use_v6))
            continue;
        for (size_t i = 0; i < o->n_sources; i++) {
            if (o->sources[i].family != family)
                continue;
            given = true;
            if (n < EHLO_ADDRESSES_MAX)
                out[n++] = o->sources[i];
        }
        if (!given && o->n_sources == 0 && n < EHLO_ADDRESSES_MAX && route_source(family, &out[n]))
            n++;
    }
    return n;
}

/* A private address is not what others see: it says nothing, neither good nor bad. */
static size_t drop_private(struct scan *s, struct net_addr *addr, size_t n)
{
    guard *table; /* one that does not know our own addresses */
    size_t kept = 0;
    if (guard_new(&table) != ST_OK)
        return 0;
    for (size_t i = 0; i < n; i++) {
        char ip[ADDR_TEXT_MAX_BYTES];
        if (guard_address(table, &addr[i]) == GUARD_OK) {
            addr[kept++] = addr[i];
            continue;
        }
        net_addr_text(&addr[i], ip);
        note(s,
             "not checked: we send from %s, which others do not see (NAT). The PTR record of the "
             "address that they see should name it, and it should resolve to that address",
             ip);
    }
    guard_free(table);
    return kept;
}

void scan_check_ehlo(struct scan *s)
{
    struct net_addr ours[EHLO_ADDRESSES_MAX];
    strbuf_init(&s->ehlo_notes, NOTES_MAX_BYTES);
    if (!s->shared.probe || s->caller)
        return;
    size_t n = drop_private(s, ours, own_addresses(s, ours));
    if (n == 0)
        return;
    struct ehlo_config config = {.servers = s->shared.resolvers,
                                 .n_servers = s->shared.n_resolvers,
                                 .sources = s->options->sources,
                                 .n_sources = s->options->n_sources,
                                 .name = s->options->ehlo_name,
                                 .ours = ours,
                                 .n_ours = n};
    enum status st = ehlo_check_new(s->base, &config, on_checked, s, &s->ehlo);
    s->ehlo_pending = st == ST_OK;
    if (st != ST_OK)
        note(s, "not checked: %s", status_text(st));
}

void scan_await_ehlo(struct scan *s)
{
    while (s->ehlo_pending && s->exit_code == EXIT_COMPLETE &&
           event_base_loop(s->base, EVLOOP_ONCE) == 0)
        ;
}
