#include "scanner/scan_setup.h"

#include "scanner/net/route.h"
#include "scanner/scan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKLIST_FILE_MAX_BYTES = 256 * 1024 * 1024 };

static enum status fail(const char *what, const char *why)
{
    fprintf(stderr, "stscan: %s: %s\n", what, why);
    return ST_USAGE;
}

/* The whole of a small file; the caller frees out->p. */
static enum status read_file(const char *path, struct strbuf *out)
{
    strbuf_init(out, BLOCKLIST_FILE_MAX_BYTES);
    FILE *f = fopen(path, "rbe");
    if (!f)
        return fail(path, strerror(errno));
    char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        if (strbuf_add(out, block, n) != ST_OK)
            break;
    bool failed = ferror(f) || out->error != ST_OK;
    const char *why = ferror(f) ? strerror(errno) : status_text(out->error);
    fclose(f);
    if (!failed)
        return ST_OK;
    strbuf_free(out);
    return fail(path, why);
}

static enum status load_blocklist(guard *g, const char *path)
{
    struct strbuf text;
    enum status st = read_file(path, &text);
    if (st != ST_OK)
        return st;
    size_t line = 0;
    st = guard_blocklist(g, (struct slice){text.p, text.len}, &line);
    strbuf_free(&text);
    if (st == ST_INVALID)
        fprintf(stderr, "stscan: %s:%zu: neither a name nor an address range\n", path, line);
    return st;
}

static enum status make_guard(const struct scan_options *o, guard **out)
{
    guard *g = NULL;
    enum status st = guard_new(&g);
    if (st == ST_OK)
        st = guard_own_addresses(g);
    for (size_t i = 0; st == ST_OK && i < o->allow.n; i++) {
        st = guard_allow(g, o->allow.v[i]);
        if (st != ST_OK)
            fprintf(stderr, "stscan: --allow %s: not an address range\n", o->allow.v[i]);
    }
    if (st == ST_OK && o->blocklist)
        st = load_blocklist(g, o->blocklist);
    if (st != ST_OK) {
        guard_free(g);
        return st;
    }
    *out = g;
    return ST_OK;
}

static enum status add_guard(struct scan_setup *s, struct worker_shared *shared)
{
    if (s->n_guards == SETUP_GUARDS_MAX)
        return ST_LIMIT;
    guard *g;
    enum status st = make_guard(shared->options, &g);
    if (st != ST_OK)
        return st;
    s->guards[s->n_guards++] = g;
    atomic_store_explicit(&shared->guard, g, memory_order_release);
    return ST_OK;
}

enum status setup_reload_blocklist(struct scan_setup *s, struct worker_shared *shared)
{
    return add_guard(s, shared);
}

static void choose_families(struct worker_shared *shared)
{
    const struct scan_options *o = shared->options;
    /* IPv4 is always tried unless IPv6 alone is asked for: a machine without any route still has
     * its own. */
    shared->use_v4 = o->use_v4 || !o->use_v6;
    shared->use_v6 = o->use_v6 || (!o->use_v4 && route_exists(6));
}

static void choose_scope(struct worker_shared *shared)
{
    const struct scan_options *o = shared->options;
    shared->probe = !o->no_probe && o->ehlo_name;
    shared->ask_tlsrpt_of_all =
        o->tlsrpt == TLSRPT_ALL || (o->tlsrpt == TLSRPT_AUTO && o->no_policy && o->no_probe);
}

/* An address that is not this machine's would fail every connection that it has its turn at. */
static enum status check_sources(const struct scan_options *o)
{
    char text[ADDR_TEXT_MAX_BYTES];
    for (size_t i = 0; i < o->n_sources; i++) {
        if (route_is_ours(&o->sources[i]))
            continue;
        const char *why =
            errno == EADDRNOTAVAIL ? "not an address of this machine" : strerror(errno);
        net_addr_text(&o->sources[i], text);
        fprintf(stderr, "stscan: --source %s: %s\n", text, why);
        return ST_USAGE;
    }
    return ST_OK;
}

enum status setup_open(struct scan_setup *s, struct worker_shared *shared, int *exit_code)
{
    const struct scan_options *o = shared->options;
    *exit_code = EXIT_USAGE;
    snprintf(s->user_agent, sizeof s->user_agent, "stscan/%s%s%s%s", STSCAN_VERSION,
             o->contact ? " (" : "", o->contact ? o->contact : "", o->contact ? ")" : "");
    shared->user_agent = s->user_agent;
    shared->resolvers = o->resolvers;
    shared->n_resolvers = o->n_resolvers;
    choose_families(shared);
    choose_scope(shared);
    char error[512] = "";
    enum status st = judge_tables_open(o->providers, &s->tables, error, sizeof error);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        return st;
    }
    st = tls_trust_new(o->ca_file, &s->trust);
    if (st != ST_OK)
        return fail(o->ca_file ? o->ca_file : "system trust anchors", status_text(st));
    st = add_guard(s, shared);
    if (st == ST_OK)
        st = check_sources(o);
    if (st != ST_OK)
        return st;
    shared->judge = s->tables.judge;
    shared->trust = s->trust;
    *exit_code = EXIT_COMPLETE;
    return ST_OK;
}

void setup_close(struct scan_setup *s)
{
    for (size_t i = 0; i < s->n_guards; i++)
        guard_free(s->guards[i]);
    tls_trust_free(s->trust);
    judge_tables_close(&s->tables);
    *s = (struct scan_setup){.n_guards = 0};
}
