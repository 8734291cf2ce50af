/* The scan's own resolver (--local-resolver): as large as the scan needs it, as careful as the
 * scan is. */
#include "scanner/scan_course.h"

#include "scanner/descriptors.h"
#include "scanner/net/route.h"
#include <stdio.h>
#include <unistd.h>

static void say_what_it_is(const struct scan *s)
{
    struct resolver_report r = local_resolver_report(s->resolver);
    char text[ENDPOINT_TEXT_MAX_BYTES];
    endpoint_text(s->shared.resolvers, text);
    if (!s->options->quiet)
        fprintf(stderr, "stscan: %s of our own at %s\n", r.version, text);
    if (!r.validates)
        fputs("stscan: the root's DNSSEC key was not found (on Debian: apt install dns-root-data): "
              "no answer is validated, and DANE is judged as if unsigned\n",
              stderr);
}

enum status scan_start_resolver(struct scan *s)
{
    const struct scan_options *o = s->options;
    char error[RESOLVER_ERROR_MAX_BYTES];
    struct addr_set avoid;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct resolver_plan plan = {
        .use_v6 = route_exists(6) && !(o->use_v4 && !o->use_v6),
        .sources = o->sources,
        .n_sources = o->n_sources,
        .avoid = &avoid,
    };
    if (!o->local_resolver)
        return ST_OK;
    s->exit_code = EXIT_USAGE;
    resolver_plan_size(&plan, o->in_flight, o->dns_rate, cores > 0 ? (uint32_t)cores : 1,
                       descriptors_raise());
    enum status st = guard_ranges(atomic_load(&s->shared.guard), &avoid);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", status_text(st));
        return st;
    }
    st = local_resolver_start(&plan, o->local_resolver_conf, &s->resolver, error);
    addr_set_free(&avoid);
    if (st != ST_OK) {
        fprintf(stderr, "stscan: %s\n", error);
        return st;
    }
    s->exit_code = EXIT_COMPLETE;
    s->shared.resolvers = local_resolver_endpoint(s->resolver);
    s->shared.n_resolvers = 1;
    say_what_it_is(s);
    return ST_OK;
}

static void on_ended(void *arg, const char *how, bool again)
{
    struct scan *s = arg;
    scan_say(s, "the local resolver ended %s; %s", how,
             again ? "it is started again" : "once too often");
    if (!again)
        scan_stop_at_once(s, EXIT_BRAKE, "stopped: the local resolver ended again and again");
}

enum status scan_watch_resolver(struct scan *s)
{
    if (!s->resolver)
        return ST_OK;
    return local_resolver_watch(s->resolver, s->base, on_ended, s);
}
